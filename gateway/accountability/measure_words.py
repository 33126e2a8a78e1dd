"""What protects people whatever a pack says, and what is kept beside its purposes, in each language."""

# ruff: noqa: RUF001 - Ukrainian is written in Cyrillic

from __future__ import annotations

from typing import Final

from gateway.accountability.record_words import by_language

MEASURES: Final = by_language(
    {
        "sealing": (
            ("direct identifiers are kept apart, encrypted under a key for each person (AES-256-GCM), and never "
            "enter the store"),
            ("suorat tunnisteet pidetään erillään, salattuina kunkin henkilön omalla avaimella (AES-256-GCM), "
            "eivätkä ne päädy varastoon"),
            ("a közvetlen azonosítókat elkülönítve, személyenkénti kulccsal titkosítva (AES-256-GCM) őrizzük; a "
            "tárolóba nem kerülnek"),
            ("прямі ідентифікатори зберігаються окремо, зашифровані ключем кожної особи (AES-256-GCM), і не "
            "потрапляють до сховища"),
        ),
        "generalising": (
            "indirect identifiers are stored in coarser form only (age band, postcode prefix, month)",
            "epäsuorat tunnisteet tallennetaan vain karkeammassa muodossa (ikäluokka, postinumeron alku, kuukausi)",
            "a közvetett azonosítók csak durvított alakban tárolódnak (korsáv, irányítószám eleje, hónap)",
            "непрямі ідентифікатори зберігаються лише в узагальненому вигляді (вікова група, початок індексу, місяць)",
        ),
        "pseudonyms": (
            "each recipient and purpose has pseudonyms of its own; no two recipients hold one that joins",
            ("jokaisella vastaanottajalla ja käyttötarkoituksella on omat pseudonyyminsä; kahden vastaanottajan "
            "pseudonyymit eivät yhdisty"),
            "minden címzettnek és célnak saját álnevei vannak; két címzett álnevei nem kapcsolhatók össze",
            "кожен одержувач і кожна мета мають власні псевдоніми; псевдоніми двох одержувачів не поєднуються",
        ),
        "default_deny": (
            "processing is refused unless a policy permits it for the purpose at that moment",
            "käsittely estetään, ellei käytäntö salli sitä tähän käyttötarkoitukseen sillä hetkellä",
            "az adatkezelést elutasítjuk, ha a szabályzat az adott célra abban a pillanatban nem engedélyezi",
            "обробку відхилено, якщо політика не дозволяє її для цієї мети в цей момент",
        ),
        "audit": (
            "a tamper-evident audit entry is durable before data leave",
            "peukaloinnin paljastava lokimerkintä on tallessa ennen kuin tietoja luovutetaan",
            "a hamisítást felfedő naplóbejegyzés tartósan rögzül, mielőtt adat távozna",
            "запис у журналі, що виявляє підробку, збережено до того, як дані вийдуть",
        ),
        "shredding": (
            "erasure destroys the person's key and is certified by a signed note",
            "poistaminen tuhoaa henkilön avaimen, ja siitä annetaan allekirjoitettu todistus",
            "a törlés megsemmisíti az érintett kulcsát, és aláírt igazolás készül róla",
            "стирання знищує ключ особи й засвідчується підписаним свідоцтвом",
        ),
        "minimum_size": (
            "segments under a minimum size are not released",
            "vähimmäiskokoa pienempiä segmenttejä ei luovuteta",
            "a minimális méretnél kisebb szegmensek nem adhatók ki",
            "сегменти, менші за мінімальний розмір, не надаються",
        ),
        "minimum_age": (
            "a consent given under the minimum age, or at an unknown age, counts only where a guardian gave it",
            "alle vähimmäisiän tai tuntemattomassa iässä annettu suostumus pätee vain huoltajan antamana",
            "a korhatár alatt vagy ismeretlen korban adott hozzájárulás csak a gyám szavára érvényes",
            "згода, надана до мінімального віку чи в невідомому віці, чинна лише від законного представника",
        ),
        "redaction": (
            "free texts are searched for personal data and stored with these replaced",
            "vapaista teksteistä etsitään henkilötiedot, ja ne tallennetaan korvattuina",
            "a szabad szövegekben megkeressük a személyes adatokat, és helyettesítve tároljuk őket",
            "у вільних текстах шукають персональні дані та зберігають тексти із замінами",
        ),
        "objection": (
            "an objection, a withdrawal or a restriction changes the very next query",
            "vastustaminen, peruutus tai rajoitus vaikuttaa jo seuraavaan hakuun",
            "a tiltakozás, a visszavonás vagy a korlátozás már a következő lekérdezésben érvényesül",
            "заперечення, відкликання чи обмеження діє вже в наступному запиті",
        ),
        "retention": (
            "values older than their retention period are not opened",
            "säilytysaikaansa vanhempia arvoja ei avata",
            "a megőrzési idejüknél régebbi értékek nem nyílnak meg",
            "значення, старші за строк зберігання, не відкриваються",
        ),
    }
)  # fmt: skip

# What, why; for how long stands in KEPT_UNTIL, or is a number of days that a setting or a contract says.
KEPT: Final = by_language(
    {
        "known_names": (
            "names and streets of data subjects, each once, sealed, with the number of people who bear it",
            "rekisteröityjen etu- ja sukunimet ja kadut, kukin kerran, sinetöityinä, ja kantajien määrä",
            "az érintettek utó- és családnevei és utcái, mindegyik egyszer, lezárva, viselőik számával",
            "імена, прізвища та вулиці суб’єктів даних, кожне один раз, запечатані, з кількістю носіїв",
        ),
        "consents": (
            "choices of data subjects: purpose, status, notice, channel and instant",
            "rekisteröityjen valinnat: käyttötarkoitus, tila, informointi, kanava ja ajankohta",
            "az érintettek választásai: cél, állapot, tájékoztató, csatorna és időpont",
            "вибір суб’єктів даних: мета, стан, повідомлення, канал і момент",
        ),
        "audit_log": (
            "entries of the audit log: who did what and why, with subject tags and no values",
            "lokimerkinnät: kuka teki mitä ja miksi, henkilötunnistein mutta ilman arvoja",
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
            "ключові геші ідентифікаторів стертих осіб",
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
            "suostumuksen osoittamiseksi sekä vastustamisen ja rajoituksen noudattamiseksi (7(1), 18 ja 21 artikla)",
            "a hozzájárulás igazolására, a tiltakozás és a korlátozás betartására (7. cikk (1), 18., 21. cikk)",
            "щоб довести згоду та враховувати заперечення й обмеження (ст. 7(1), 18, 21)",
        ),
        "audit_log": (
            "to show who looked and what was disclosed (Art. 5(2), 15(1)(c), 32)",
            "sen osoittamiseksi, kuka katsoi ja mitä luovutettiin (5(2), 15(1)(c) ja 32 artikla)",
            "annak igazolására, ki tekintett be és mi került kiadásra (5. cikk (2), 15. cikk (1) c), 32. cikk)",
            "щоб показати, хто переглядав і що було розкрито (ст. 5(2), 15(1)(c), 32)",
        ),
        "quarantine": (
            "to correct what was sent, or to decide on a column (Art. 5(1)(d))",
            "lähetetyn korjaamiseksi tai sarakkeesta päättämiseksi (5(1)(d) artikla)",
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
        "suppression": (
            "without end: it is what keeps the person out", "toistaiseksi: juuri se pitää henkilön poissa",
            "határidő nélkül: ez tartja távol a személyt", "безстроково: саме це не допускає повернення особи",
        ),
    }
)  # fmt: skip
