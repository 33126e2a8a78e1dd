"""What each code of a reason says, in each language of the house. Order: English, Finnish, Hungarian, Ukrainian."""

# ruff: noqa: RUF001 - Ukrainian is written in Cyrillic

from __future__ import annotations

import re

from gateway.vocabulary.languages import by_language

_REQUEST = {
    "permitted": ("Permitted", "Sallittu", "Engedélyezett", "Дозволено"),
    "instant_without_zone": (
        "The instant of the request has no time zone",
        "Pyynnön ajankohdalla ei ole aikavyöhykettä",
        "A kérés időpontjának nincs időzónája",
        "Момент запиту не має часового поясу",
    ),
    "instant_too_late": (
        "The instant of the request lies too far in the future",
        "Pyynnön ajankohta on liian kaukana tulevaisuudessa",
        "A kérés időpontja túl távoli jövőben van",
        "Момент запиту лежить у надто далекому майбутньому",
    ),
    "pack_not_effective": (
        "The policy is not in force yet",
        "Käytäntö ei ole vielä voimassa",
        "A szabályzat még nem hatályos",
        "Політика ще не чинна",
    ),
    "unknown_purpose": (
        "The policy knows no such purpose",
        "Käytäntö ei tunne tätä käyttötarkoitusta",
        "A szabályzat nem ismer ilyen célt",
        "Політика не знає такої мети",
    ),
    "unknown_source": (
        "The policy knows no such source",
        "Käytäntö ei tunne tätä lähdettä",
        "A szabályzat nem ismer ilyen forrást",
        "Політика не знає такого джерела",
    ),
    "unknown_recipient": (
        "The policy knows no such recipient",
        "Käytäntö ei tunne tätä vastaanottajaa",
        "A szabályzat nem ismer ilyen címzettet",
        "Політика не знає такого одержувача",
    ),
    "unknown_field": (
        "The policy knows no such field",
        "Käytäntö ei tunne tätä kenttää",
        "A szabályzat nem ismer ilyen mezőt",
        "Політика не знає такого поля",
    ),
    "source_missing": (
        "The request does not say which source the data come from",
        "Pyynnössä ei kerrota, mistä lähteestä tiedot ovat",
        "A kérés nem mondja meg, melyik forrásból származnak az adatok",
        "Запит не вказує, з якого джерела надходять дані",
    ),
    "recipient_missing": (
        "The request does not say which recipient the data go to",
        "Pyynnössä ei kerrota, mille vastaanottajalle tiedot menevät",
        "A kérés nem mondja meg, melyik címzetthez kerülnek az adatok",
        "Запит не вказує, якому одержувачу передаються дані",
    ),
    "purpose_not_in_source": (
        "The source's contract does not name the purpose",
        "Lähteen sopimus ei mainitse käyttötarkoitusta",
        "A forrás szerződése nem nevezi meg a célt",
        "Договір із джерелом не називає цієї мети",
    ),
    "purpose_not_in_contract": (
        "The recipient's contract does not name the purpose",
        "Vastaanottajan sopimus ei mainitse käyttötarkoitusta",
        "A címzett szerződése nem nevezi meg a célt",
        "Договір з одержувачем не називає цієї мети",
    ),
    "contract_expired": (
        "The recipient's contract has ended",
        "Vastaanottajan sopimus on päättynyt",
        "A címzett szerződése lejárt",
        "Строк дії договору з одержувачем закінчився",
    ),
    "nothing_remains": (
        "Nothing of what was asked for may be opened",
        "Mitään pyydetystä ei voida avata",
        "A kértekből semmi sem nyitható meg",
        "Нічого із запитаного не можна відкрити",
    ),
    "no_subject_identifier": (
        "No permitted identifier says whose data they are",
        "Mikään sallittu tunniste ei kerro, kenen tiedoista on kyse",
        "Egyetlen engedélyezett azonosító sem mondja meg, kinek az adatairól van szó",
        "Жоден дозволений ідентифікатор не вказує, чиї це дані",
    ),
}
_FIELD = {
    "field_not_in_source": (
        "No column of the source holds the field",
        "Missään lähteen sarakkeessa ei ole tätä kenttää",
        "A forrás egyik oszlopa sem tartalmazza a mezőt",
        "Жоден стовпець джерела не містить цього поля",
    ),
    "field_not_in_contract": (
        "The recipient's contract does not name the field",
        "Vastaanottajan sopimus ei mainitse kenttää",
        "A címzett szerződése nem nevezi meg a mezőt",
        "Договір з одержувачем не називає цього поля",
    ),
    "vault_only": (
        "A direct identifier never leaves the vault",
        "Suora tunniste ei koskaan poistu holvista",
        "Közvetlen azonosító soha nem hagyja el a széfet",
        "Прямий ідентифікатор ніколи не залишає сховища",
    ),
    "free_text": (
        "A free text is not used for segments or releases",
        "Vapaata tekstiä ei käytetä segmentteihin eikä luovutuksiin",
        "Szabad szöveg nem használható szegmenshez vagy átadáshoz",
        "Вільний текст не використовується для сегментів і передавання",
    ),
    "not_stored": (
        "The field is dropped on the way in and not stored",
        "Kenttä pudotetaan vastaanotossa pois eikä sitä tallenneta",
        "A mező a beérkezéskor elmarad, nem tároljuk",
        "Поле відкидається під час приймання й не зберігається",
    ),
    "special_category": (
        "The field is or reveals a special category, and no explicit consent for this purpose names it",
        "Kenttä kuuluu erityiseen tietoryhmään tai paljastaa sellaisen, eikä nimenomainen suostumus kata sitä",
        "A mező különleges adat vagy arra utal, és e célra nincs rá kifejezett hozzájárulás",
        "Поле належить до особливої категорії або розкриває її, а явної згоди для цієї мети немає",
    ),
    "no_retention": (
        "The field has no retention period for the purpose",
        "Kentällä ei ole säilytysaikaa tähän käyttötarkoitukseen",
        "A mezőnek e célra nincs megőrzési ideje",
        "Для поля не визначено строку зберігання з цією метою",
    ),
}
_RULE = {
    "prohibited": ("A rule prohibits it", "Sääntö kieltää sen", "Egy szabály tiltja", "Правило це забороняє"),
    "indeterminate": (
        "A prohibition cannot be measured on this request, so it counts",
        "Kieltoa ei voida arvioida tämän pyynnön osalta, joten se pätee",
        "Egy tilalom e kérésen nem mérhető fel, ezért érvényesül",
        "Заборону неможливо перевірити для цього запиту, тому вона діє",
    ),
    "never_together": (
        "These fields must not come together",
        "Näitä kenttiä ei saa yhdistää",
        "Ezek a mezők nem szerepelhetnek együtt",
        "Ці поля не можна поєднувати",
    ),
    "combination_reached": (
        "With what the recipient has received before, fields would come together that must not",
        "Vastaanottajan aiemmin saamien tietojen kanssa yhdistyisivät kentät, joita ei saa yhdistää",
        "A címzett által korábban kapottakkal együtt olyan mezők kerülnének össze, amelyek nem szerepelhetnek együtt",
        "Разом із тим, що одержувач отримав раніше, поєдналися б поля, які не можна поєднувати",
    ),
    "unknown_received_field": (
        "The recipient has received a field that the policy no longer knows: combinations cannot be measured",
        "Vastaanottaja on saanut kentän, jota käytäntö ei enää tunne: yhdistelmiä ei voida arvioida",
        "A címzett kapott olyan mezőt, amelyet a szabályzat már nem ismer: az együttes előfordulás nem mérhető fel",
        "Одержувач отримав поле, якого політика вже не знає: поєднання неможливо перевірити",
    ),
    "no_rule_permits": (
        "No rule permits it",
        "Mikään sääntö ei salli sitä",
        "Egyetlen szabály sem engedélyezi",
        "Жодне правило цього не дозволяє",
    ),
}
_PARTS = {
    "field": ("field", "kenttä", "mező", "поле"),
    "fields": ("fields", "kentät", "mezők", "поля"),
    "rule": ("rule", "sääntö", "szabály", "правило"),
    "remedy": ("Remedy", "Ratkaisu", "Megoldás", "Вихід"),
    "withheld": ("Left out", "Jätetty pois", "Kihagyva", "Не включено"),
}

SENTENCES = by_language(_REQUEST | _FIELD | _RULE)
PARTS = by_language(_PARTS)

_ARTICLE = re.compile(r"([0-9]+)(?:\(([0-9]+)\))?(?:\(([a-z])\))?")


def article_in(article: str, language: str) -> str:
    """Return an article such as ``9(2)(a)`` as the language's own Regulation cites it."""
    found = _ARTICLE.fullmatch(article)
    number, paragraph, point = found.groups() if found else (article, None, None)
    match language:
        case "fi":
            cited = [number, "artiklan" if paragraph or point else "artikla"]
            cited += [paragraph, "kohdan" if point else "kohta"] if paragraph else []
            return " ".join([*cited, *([point, "alakohta"] if point else [])])
        case "hu":
            cited = [f"{number}. cikk", *([f"({paragraph}) bekezdés"] if paragraph else [])]
            return " ".join([*cited, *([f"{point}) pont"] if point else [])])
        case _:
            return f"{'ст.' if language == 'uk' else 'Art.'} {article}"
