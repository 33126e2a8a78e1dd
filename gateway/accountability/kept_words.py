"""What is kept beside the purposes of a pack, why and for how long, in each language."""

# ruff: noqa: RUF001 - Ukrainian is written in Cyrillic

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.vocabulary.languages import by_language

# A word for each column of the ledger, and of a request: what is kept cannot be more than what is told.
CONSENT_WORDS: Final = {
    "subject": ("the subject reference", "rekisteröidyn viite", "az érintett hivatkozása", "посилання на суб’єкта"),
    "purpose": ("purpose", "käyttötarkoitus", "cél", "мета"),
    "at": ("instant of the choice", "valinnan ajankohta", "a választás időpontja", "момент вибору"),
    "status": ("status", "tila", "állapot", "стан"),
    "shortening": ("end of a consent", "suostumuksen päättyminen", "a hozzájárulás vége", "кінець згоди"),
    "by": (
        "who expressed it (person, guardian or controller)",
        "kuka sen ilmaisi (henkilö, huoltaja vai rekisterinpitäjä)",
        "ki fejezte ki (a személy, a szülői felügyelet gyakorlója vagy az adatkezelő)",
        "хто висловив (особа, законний представник чи контролер)",
    ),
    "notice": ("version of the notice", "informoinnin versio", "a tájékoztató változata", "версія повідомлення"),
    "channel": ("channel", "kanava", "csatorna", "канал"),
    "language": ("language of the notice", "informoinnin kieli", "a tájékoztató nyelve", "мова повідомлення"),
    "evidence": ("reference to evidence", "viite näyttöön", "hivatkozás a bizonyítékra", "посилання на доказ"),
    "position": ("order of recording", "kirjaamisjärjestys", "a rögzítés sorrendje", "порядок запису"),
    "recorded_at": ("instant of recording", "kirjaamisen ajankohta", "a rögzítés időpontja", "момент запису"),
}  # fmt: skip
REQUEST_WORDS: Final = {
    "id": ("number", "numero", "szám", "номер"),
    "kind": ("right", "oikeus", "jog", "право"),
    "state": ("state", "tila", "állapot", "стан"),
    "country": ("country", "maa", "ország", "країна"),
    "subject": ("the subject reference", "rekisteröidyn viite", "az érintett hivatkozása", "посилання на суб’єкта"),
    "received_at": ("instant of receipt", "vastaanottamisen ajankohta", "a beérkezés időpontja", "момент отримання"),
    "due": ("time limit", "määräaika", "határidő", "строк"),
    "extended": ("extension", "pidennys", "meghosszabbítás", "продовження"),
    "completed_at": ("instant of completion", "valmistumisen ajankohta", "a lezárás időpontja", "момент завершення"),
    "reason": ("code of a refusal or extension", "epäämisen tai pidennyksen koodi",
               "az elutasítás vagy meghosszabbítás kódja", "код відмови чи продовження"),
}  # fmt: skip
_OF = {
    "consents": (
        "choices of data subjects", "rekisteröityjen valinnat", "az érintettek választásai", "вибір суб’єктів даних",
    ),
    "requests": (
        "requests of data subjects", "rekisteröityjen pyynnöt", "az érintettek kérelmei", "запити суб’єктів даних",
    ),
}  # fmt: skip


def _listed(of: str, columns: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    words = [", ".join(each) for each in zip(*columns.values(), strict=True)]
    return tuple(f"{head}: {rest}" for head, rest in zip(_OF[of], words, strict=True))


# What, why; for how long stands in KEPT_UNTIL, or is a number of days that a setting or a contract says.
KEPT: Final = by_language(
    {
        "known_names": (
            "names and streets of data subjects, each once, sealed, with the number of people who bear it",
            "rekisteröityjen etu- ja sukunimet ja kadut, kukin kerran, sinetöityinä, ja kantajien määrä",
            "az érintettek utó- és családnevei és utcái, mindegyik egyszer, lezárva, viselőik számával",
            "імена, прізвища та вулиці суб’єктів даних, кожне один раз, запечатані, з кількістю носіїв",
        ),
        "consents": _listed("consents", CONSENT_WORDS),
        "requests": _listed("requests", REQUEST_WORDS),
        "memberships": (
            ("who was in which version of a segment and in which release, and pseudonyms of erased members of whom "
            "a recipient is still to be told"),
            ("kuka kuului mihinkin segmentin versioon ja luovutukseen, sekä poistettujen jäsenten pseudonyymit, "
            "joista on vielä ilmoitettava"),
            ("ki tartozott az egyes szegmensváltozatokba és adatátadásokba, továbbá azon törölt tagok álnevei, "
            "akikről a címzettet még értesíteni kell"),
            ("хто входив до якої версії сегмента та якого надання, а також псевдоніми стертих учасників, про яких "
            "ще треба повідомити"),
        ),
        "audit_log": (
            "entries of the audit log: who did what and why, with subject tags and no values",
            ("lokimerkinnät: kuka teki mitä ja miksi, rekisteröityä vastaavin tunnistein, joista henkilöä ei voi "
            "päätellä, ja ilman arvoja"),
            "naplóbejegyzések: ki mit és miért tett, érintetti címkékkel, értékek nélkül",
            "записи журналу: хто, що й навіщо зробив, із мітками осіб і без значень",
        ),
        "quarantine": (
            "rows that could not be read and columns that nobody has decided on, encrypted",
            "rivit, joita ei voitu lukea, ja sarakkeet, joista ei ole päätetty, salattuina",
            "olvashatatlan sorok és olyan oszlopok, amelyekről még nem döntöttek, titkosítva",
            "рядки, які не вдалося прочитати, і стовпці, щодо яких не вирішено, зашифровані",
        ),
        "suppression": (
            "keyed hashes of the identifiers of erased people",
            "poistettujen henkilöiden tunnisteiden avaimelliset tiivisteet",
            "törölt személyek azonosítóinak kulcsolt lenyomatai",
            "геші ідентифікаторів стертих осіб із ключем",
        ),
    }
)  # fmt: skip
KEPT_WHY: Final = by_language(
    {
        "known_names": (
            "to find people's names in free texts before these are stored (Art. 25, 32)",
            "nimien löytämiseksi vapaista teksteistä ennen tallennusta (25 ja 32 artikla)",
            "hogy a neveket a szabad szövegekben tárolás előtt megtaláljuk (25., 32. cikk)",
            "щоб знаходити імена у вільних текстах до їх зберігання (ст. 25, 32)",
        ),
        "consents": (
            "to prove consent, and to heed objections and restrictions (Art. 7(1), 18, 21)",
            ("suostumuksen osoittamiseksi sekä vastustamisen ja rajoituksen noudattamiseksi (7 artiklan 1 kohta, 18 ja "
            "21 artikla)"),
            "a hozzájárulás igazolására, a tiltakozás és a korlátozás betartására (7. cikk (1), 18., 21. cikk)",
            "щоб довести згоду та враховувати заперечення й обмеження (ст. 7(1), 18, 21)",
        ),
        "requests": (
            "to answer in time, and to show that it was done (Art. 5(2), 12(3))",
            ("jotta pyyntöön vastataan ajoissa ja se voidaan osoittaa (5 artiklan 2 kohta ja 12 artiklan 3 kohta)"),
            "hogy határidőben válaszoljunk, és ezt igazolni tudjuk (5. cikk (2), 12. cikk (3))",
            "щоб вчасно відповісти й могти це довести (ст. 5(2), 12(3))",
        ),
        "memberships": (
            "to tell recipients who has left, and people who received their data (Art. 15(1)(c), 17(2), 19)",
            ("jotta vastaanottajille voidaan kertoa, kuka on poistunut, ja ihmisille, kuka on saanut heidän tietonsa "
            "(15 artiklan 1 kohdan c alakohta, 17 artiklan 2 kohta ja 19 artikla)"),
            ("hogy a címzettek megtudják, ki került ki, az érintettek pedig azt, ki kapta meg az adataikat (15. cikk "
            "(1) c), 17. cikk (2), 19. cikk)"),
            ("щоб повідомляти одержувачів про тих, хто вибув, а людей — про те, хто отримав їхні дані (ст. 15(1)(c), "
            "17(2), 19)"),
        ),
        "audit_log": (
            "to show who looked and what was disclosed (Art. 5(2), 15(1)(c), 32)",
            ("sen osoittamiseksi, kuka katsoi ja mitä luovutettiin (5 artiklan 2 kohta, 15 artiklan 1 kohdan c "
            "alakohta ja 32 artikla)"),
            "annak igazolására, ki tekintett be és mit adtak át (5. cikk (2), 15. cikk (1) c), 32. cikk)",
            "щоб показати, хто переглядав і що було розкрито (ст. 5(2), 15(1)(c), 32)",
        ),
        "quarantine": (
            "to correct what was sent, or to decide on a column (Art. 5(1)(d))",
            "lähetetyn korjaamiseksi tai sarakkeesta päättämiseksi (5 artiklan 1 kohdan d alakohta)",
            "a beküldött adatok javítására, illetve az oszlopról szóló döntéshez (5. cikk (1) d))",
            "щоб виправити надіслане або вирішити щодо стовпця (ст. 5(1)(d))",
        ),
        "suppression": (
            "so that a later import cannot bring an erased person back (Art. 17)",
            "jottei myöhempi tuonti palauta poistettua henkilöä (17 artikla)",
            "hogy egy későbbi betöltés ne hozhassa vissza a törölt személyt (17. cikk)",
            "щоб пізніше завантаження не повернуло стерту особу (ст. 17)",
        ),
    }
)  # fmt: skip
KEPT_UNTIL: Final = by_language(
    {
        "known_names": (
            "until the last person who bears the name is erased", "kunnes nimen viimeinen kantaja on poistettu",
            "amíg a név utolsó viselőjét nem törlik", "доки не стерто останнього носія імені",
        ),
        "consents": (
            "until the person is erased", "kunnes henkilö poistetaan", "az érintett törléséig", "до стирання особи",
        ),
        "requests": (
            "the link to the person until erasure; the rest without end, as evidence",
            "yhteys henkilöön tietojen poistamiseen saakka; muu pysyvästi näyttönä",
            "a személyhez fűződő kapcsolat a törlésig; a többi határidő nélkül, bizonyítékként",
            "зв’язок з особою до стирання; решта безстроково, як доказ",
        ),
        "memberships": (
            "until the person is erased; a pseudonym to tell until the recipient has heard, or the scope ends",
            ("kunnes henkilö poistetaan; ilmoitettava pseudonyymi, kunnes vastaanottaja on saanut tiedon tai "
            "pseudonyymien kausi päättyy"),
            ("az érintett törléséig; a bejelentendő álnév addig, amíg a címzett értesül róla, vagy az álnevek "
            "időszaka véget ér"),
            "до стирання особи; псевдонім — доки про нього не повідомлено одержувача або не скінчився його строк",
        ),
        "suppression": (
            "without end: it is what keeps the person out", "pysyvästi: juuri se pitää henkilön poissa",
            "határidő nélkül: ez tartja távol a személyt", "безстроково: саме це не допускає повернення особи",
        ),
    }
)  # fmt: skip
