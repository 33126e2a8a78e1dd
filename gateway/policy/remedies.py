"""What to do about each code of a denial, where the rule says nothing of its own.

Order: English, Finnish, Hungarian, Ukrainian. Names of files and keys stay as they are written in a pack.
"""

# ruff: noqa: RUF001 - Ukrainian is written in Cyrillic

from __future__ import annotations

from gateway.vocabulary.languages import by_language

_REQUEST = {
    "instant_without_zone": (
        "ask with an instant that has its offset",
        "ilmoita ajankohta aikavyöhykkeineen",
        "az időpontot időzónával együtt adja meg",
        "вкажіть момент разом із часовим поясом",
    ),
    "instant_too_late": (
        "ask with an instant before the year 9000",
        "ilmoita ajankohta ennen vuotta 9000",
        "a 9000. év előtti időpontot adjon meg",
        "вкажіть момент до 9000 року",
    ),
    "pack_not_effective": (
        "wait for the pack's effective_from, or publish one that is in force",
        "odota käytännön voimaantuloa (effective_from) tai julkaise voimassa oleva",
        "várja meg a szabályzat hatálybalépését (effective_from), vagy tegyen közzé hatályosat",
        "дочекайтеся набрання політикою чинності (effective_from) або опублікуйте чинну",
    ),
    "unknown_purpose": (
        "name a purpose of purposes.yaml",
        "nimeä jokin tiedoston purposes.yaml käyttötarkoituksista",
        "nevezzen meg egy célt a purposes.yaml fájlból",
        "назвіть мету з файлу purposes.yaml",
    ),
    "unknown_source": (
        "name a source of sources.yaml",
        "nimeä jokin tiedoston sources.yaml lähteistä",
        "nevezzen meg egy forrást a sources.yaml fájlból",
        "назвіть джерело з файлу sources.yaml",
    ),
    "unknown_recipient": (
        "name a recipient of recipients.yaml",
        "nimeä jokin tiedoston recipients.yaml vastaanottajista",
        "nevezzen meg egy címzettet a recipients.yaml fájlból",
        "назвіть одержувача з файлу recipients.yaml",
    ),
    "unknown_field": (
        "name a field of fields.yaml",
        "nimeä jokin tiedoston fields.yaml kentistä",
        "nevezzen meg egy mezőt a fields.yaml fájlból",
        "назвіть поле з файлу fields.yaml",
    ),
    "source_missing": (
        "say which source the data come from",
        "kerro, mistä lähteestä tiedot ovat",
        "mondja meg, melyik forrásból származnak az adatok",
        "вкажіть, з якого джерела надходять дані",
    ),
    "recipient_missing": (
        "say which recipient the data go to",
        "kerro, mille vastaanottajalle tiedot menevät",
        "mondja meg, melyik címzetthez kerülnek az adatok",
        "вкажіть, якому одержувачу передаються дані",
    ),
    "purpose_not_in_source": (
        "the officer adds the purpose to the source's contract",
        "vaatimustenmukaisuusvastaava lisää käyttötarkoituksen lähteen sopimukseen",
        "a megfelelési tisztviselő felveszi a célt a forrás szerződésébe",
        "фахівець з комплаєнсу додає мету до договору з джерелом",
    ),
    "purpose_not_in_contract": (
        "the officer adds the purpose to the recipient's contract",
        "vaatimustenmukaisuusvastaava lisää käyttötarkoituksen vastaanottajan sopimukseen",
        "a megfelelési tisztviselő felveszi a célt a címzett szerződésébe",
        "фахівець з комплаєнсу додає мету до договору з одержувачем",
    ),
    "contract_expired": (
        "renew the recipient's contract",
        "uusi vastaanottajan sopimus",
        "újítsa meg a címzett szerződését",
        "поновіть договір з одержувачем",
    ),
    "nothing_remains": (
        "see the other reasons",
        "katso muut perusteet",
        "lásd a többi indokot",
        "дивіться інші причини",
    ),
    "no_subject_identifier": (
        "the officer permits an identifier of the source's subject",
        "vaatimustenmukaisuusvastaava sallii tunnisteen, joka kertoo lähteen rekisteröidyn",
        "a megfelelési tisztviselő engedélyezi a forrás érintettjének egy azonosítóját",
        "фахівець з комплаєнсу дозволяє ідентифікатор суб’єкта даних цього джерела",
    ),
}
_FIELD = {
    "field_not_in_source": (
        "the officer maps a column of the source to the field",
        "vaatimustenmukaisuusvastaava liittää lähteen sarakkeen kenttään",
        "a megfelelési tisztviselő a mezőhöz rendeli a forrás egyik oszlopát",
        "фахівець з комплаєнсу зіставляє стовпець джерела з полем",
    ),
    "field_not_in_contract": (
        "the officer adds the field to the recipient's contract",
        "vaatimustenmukaisuusvastaava lisää kentän vastaanottajan sopimukseen",
        "a megfelelési tisztviselő felveszi a mezőt a címzett szerződésébe",
        "фахівець з комплаєнсу додає поле до договору з одержувачем",
    ),
    "vault_only": (
        "a direct identifier never leaves the vault",
        "suora tunniste ei koskaan poistu holvista",
        "közvetlen azonosító soha nem hagyja el a széfet",
        "прямий ідентифікатор ніколи не залишає сховища",
    ),
    "free_text": (
        "a free text is not a segment column",
        "vapaa teksti ei ole segmentin sarake",
        "szabad szöveg nem lehet szegmens oszlopa",
        "вільний текст не може бути стовпцем сегмента",
    ),
    "not_stored": (
        "the field is dropped on the way in: give it another transform",
        "kenttä pudotetaan pois vastaanotossa: anna sille toinen muunnos",
        "a mező a beérkezéskor elmarad: adjon neki másik átalakítást",
        "поле відкидається під час приймання: задайте інше перетворення",
    ),
    "special_category": (
        "a purpose on explicit consent that names the category, Art. 9(2)(a)",
        "nimenomaiseen suostumukseen perustuva käyttötarkoitus, joka nimeää ryhmän (9 artiklan 2 kohdan a alakohta)",
        "kifejezett hozzájáruláson alapuló cél, amely megnevezi a kategóriát (9. cikk (2) a))",
        "мета на підставі явної згоди, що називає цю категорію (ст. 9(2)(a))",
    ),
    "no_retention": (
        "the officer adds a period for the field and the purpose to retention.yaml",
        "vaatimustenmukaisuusvastaava lisää kentälle ja käyttötarkoitukselle säilytysajan tiedostoon retention.yaml",
        "a megfelelési tisztviselő megőrzési időt ad a mezőnek és a célnak a retention.yaml fájlban",
        "фахівець з комплаєнсу додає строк для поля й мети у файлі retention.yaml",
    ),
}
_RULE = {
    "prohibited": ("leave it out", "jätä se pois", "hagyja ki", "вилучіть це"),
    "indeterminate": (
        "limit the rule to requests that it can be measured on",
        "rajaa sääntö pyyntöihin, joista sitä voidaan arvioida",
        "szűkítse a szabályt olyan kérésekre, amelyeken felmérhető",
        "обмежте правило запитами, для яких його можна перевірити",
    ),
    "never_together": (
        "leave at least one of these fields out",
        "jätä ainakin yksi näistä kentistä pois",
        "hagyjon ki legalább egyet e mezők közül",
        "вилучіть принаймні одне з цих полів",
    ),
    "combination_reached": (
        "leave out what completes the combination: the recipient has the rest already",
        "jätä pois se, mikä täydentää yhdistelmän: vastaanottajalla on jo muut",
        "hagyja ki azt, ami teljessé teszi az együttest: a többi már a címzettnél van",
        "вилучіть те, що завершує поєднання: решту одержувач уже має",
    ),
    "unknown_received_field": (
        "keep in fields.yaml what a recipient has received, or remove the combination",
        "säilytä tiedostossa fields.yaml se, minkä vastaanottaja on saanut, tai poista yhdistelmä",
        "tartsa meg a fields.yaml fájlban, amit a címzett kapott, vagy törölje az együttest",
        "залиште у fields.yaml те, що отримав одержувач, або видаліть поєднання",
    ),
    "no_rule_permits": (
        "the officer adds a permission",
        "vaatimustenmukaisuusvastaava lisää luvan",
        "a megfelelési tisztviselő engedélyező szabályt vesz fel",
        "фахівець з комплаєнсу додає дозвіл",
    ),
}

REMEDIES = by_language(_REQUEST | _FIELD | _RULE)
