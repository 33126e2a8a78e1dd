"""What protects people whatever a pack says, in each language."""

# ruff: noqa: RUF001 - Ukrainian is written in Cyrillic

from __future__ import annotations

from typing import Final

from gateway.vocabulary.languages import by_language

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
            "запис у журналі, що виявляє підробку, збережено до передання даних",
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
            ("a korhatár alatt vagy ismeretlen korban adott hozzájárulás csak akkor érvényes, ha a szülői "
            "felügyelet gyakorlója adta"),
            ("згода, надана до мінімального віку чи в невідомому віці, чинна, лише якщо її надав "
            "законний представник"),
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
            "values older than their retention period are not opened, and the nightly sweep deletes them",
            "säilytysaikaansa vanhempia arvoja ei avata, ja ne poistetaan öisin",
            "a megőrzési idejüknél régebbi értékek nem nyílnak meg, és éjszakánként törlődnek",
            "значення, старші за строк зберігання, не відкриваються, і щоночі їх видаляють",
        ),
    }
)  # fmt: skip
