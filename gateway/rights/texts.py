# ruff: noqa: E501, RUF001 - a sentence stays on one line, and Ukrainian is written in Cyrillic
"""The fixed texts of Art. 12 and 15 in four languages; plain words, no promise that the gateway does not keep."""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES = ("en", "fi", "hu", "uk")

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "confirmed": {
        "en": "We process personal data about you. This package is a copy of all of it, as at the time stated.",
        "fi": "Käsittelemme sinua koskevia henkilötietoja. Tämä paketti on jäljennös niistä kaikista ilmoitettuna ajankohtana.",
        "hu": "Kezelünk Önre vonatkozó személyes adatokat. Ez a csomag mindezek másolata a megadott időpontban.",
        "uk": "Ми обробляємо ваші персональні дані. Цей пакет є копією всіх цих даних станом на зазначений час.",
    },
    "nothing_held": {
        "en": "We found no personal data about you under the details that you gave us.",
        "fi": "Emme löytäneet sinua koskevia henkilötietoja antamillasi tiedoilla.",
        "hu": "Az Ön által megadott adatok alapján nem találtunk Önre vonatkozó személyes adatot.",
        "uk": "За наданими вами відомостями ми не знайшли ваших персональних даних.",
    },
    "generalised": {
        "en": "For segments we keep coarser values: an age band instead of your date of birth, the start of your postcode, "
        "the month instead of the day. Your identifiers are sealed apart from them.",
        "fi": "Segmenttejä varten säilytämme karkeampia arvoja: syntymäajan sijasta ikäryhmän, postinumeron alun ja päivän "
        "sijasta kuukauden. Tunnisteesi ovat niistä erillään salattuina.",
        "hu": "A szegmensekhez durvább értékeket tárolunk: születési dátum helyett korcsoportot, az irányítószám elejét, "
        "nap helyett hónapot. Azonosítóit ezektől elkülönítve, titkosítva őrizzük.",
        "uk": "Для сегментів ми зберігаємо узагальнені значення: вікову групу замість дати народження, початок поштового "
        "індексу, місяць замість дня. Ваші ідентифікатори зберігаються окремо в зашифрованому вигляді.",
    },
    "profiling": {
        "en": "You are put into a segment when the stored values match its written rule, shown beside each segment. A segment "
        "decides which messages you may get; it makes no decision with legal or similarly significant effect (Art. 22).",
        "fi": "Kuulut segmenttiin, kun tallennetut arvot täyttävät sen kirjallisen säännön, joka näkyy segmentin kohdalla. "
        "Segmentti vaikuttaa siihen, mitä viestejä voit saada; sillä ei tehdä päätöksiä, joilla on oikeusvaikutuksia tai "
        "vastaavia merkittäviä vaikutuksia (22 artikla).",
        "hu": "Akkor kerül egy szegmensbe, ha a tárolt értékek megfelelnek az írott szabályának, amely a szegmens mellett "
        "olvasható. A szegmens azt befolyásolja, milyen üzeneteket kaphat; nem hoz joghatással vagy hasonlóan jelentős "
        "hatással járó döntést (22. cikk).",
        "uk": "Ви потрапляєте до сегмента, коли збережені значення відповідають його записаному правилу, наведеному поруч. "
        "Сегмент впливає на те, які повідомлення ви можете отримувати; він не ухвалює рішень із правовими чи подібними "
        "значними наслідками (стаття 22).",
    },
    "recipients": {
        "en": "Recipients are named. Each knows you only by a pseudonym of its own, shown with each release.",
        "fi": "Vastaanottajat on nimetty. Kukin tuntee sinut vain omalla pseudonyymillään, joka näkyy luovutuksen kohdalla.",
        "hu": "A címzetteket megnevezzük. Mindegyik csak a saját álnevén ismeri Önt, amely az átadásnál olvasható.",
        "uk": "Одержувачів названо. Кожен знає вас лише за власним псевдонімом, указаним біля кожної передачі.",
    },
    "consultations": {
        "en": "Every access to your data is logged: when, why, for whom and which fields. Employees are not named.",
        "fi": "Jokainen tietojesi käyttö kirjataan: milloin, miksi, kenelle ja mitkä kentät. Työntekijöitä ei nimetä.",
        "hu": "Adataihoz minden hozzáférést naplózunk: mikor, miért, kinek és mely mezők. Munkatársat nem nevezünk meg.",
        "uk": "Кожен доступ до ваших даних записується: коли, чому, для кого і які поля. Працівників не названо.",
    },
    "undecided": {
        "en": "Columns that nobody has decided on yet wait encrypted, are used for nothing and are deleted when they expire.",
        "fi": "Sarakkeet, joista ei ole vielä päätetty, odottavat salattuina, niitä ei käytetä ja ne poistetaan määräajassa.",
        "hu": "A még el nem döntött oszlopok titkosítva várnak, semmire sem használjuk őket, és lejáratkor töröljük.",
        "uk": "Стовпці, щодо яких ще немає рішення, чекають зашифрованими, ні для чого не використовуються й видаляються "
        "після закінчення строку.",
    },
    "deadline": {
        "en": "This copy is free. We answer within one month of receipt; if we need up to two months more, we tell you why "
        "within the first month.",
        "fi": "Jäljennös on maksuton. Vastaamme kuukauden kuluessa vastaanottamisesta; jos tarvitsemme enintään kaksi "
        "kuukautta lisää, kerromme syyn ensimmäisen kuukauden aikana.",
        "hu": "A másolat ingyenes. A beérkezéstől számított egy hónapon belül válaszolunk; ha legfeljebb további két hónapra "
        "van szükségünk, az első hónapon belül megírjuk, miért.",
        "uk": "Ця копія безоплатна. Ми відповідаємо протягом місяця від отримання; якщо потрібно ще до двох місяців, "
        "повідомляємо причину протягом першого місяця.",
    },
}

_RIGHTS: Mapping[str, Mapping[str, str]] = {
    "16": {
        "en": "You may have wrong data corrected.",
        "fi": "Voit vaatia virheellisten tietojen oikaisemista.",
        "hu": "Kérheti a pontatlan adatok helyesbítését.",
        "uk": "Ви можете вимагати виправлення неточних даних.",
    },
    "17": {
        "en": "You may ask to be erased; you then get a certificate that you can check.",
        "fi": "Voit pyytää tietojesi poistamista; saat siitä todistuksen, jonka voit tarkistaa.",
        "hu": "Kérheti adatai törlését; erről ellenőrizhető tanúsítványt kap.",
        "uk": "Ви можете вимагати стирання даних; ви отримаєте свідоцтво, яке можна перевірити.",
    },
    "18": {
        "en": "You may have processing restricted: your data are then stored and used for nothing else.",
        "fi": "Voit vaatia käsittelyn rajoittamista: silloin tietojasi vain säilytetään.",
        "hu": "Kérheti az adatkezelés korlátozását: ekkor adatait csak tároljuk.",
        "uk": "Ви можете вимагати обмеження обробки: тоді ваші дані лише зберігаються.",
    },
    "20": {
        "en": "You may receive the data that you provided in a machine-readable form.",
        "fi": "Voit saada toimittamasi tiedot koneellisesti luettavassa muodossa.",
        "hu": "Az Ön által megadott adatokat géppel olvasható formában megkaphatja.",
        "uk": "Ви можете отримати надані вами дані у машиночитаному форматі.",
    },
    "21": {
        "en": "You may object; to direct marketing and its profiling at any time, without giving a reason.",
        "fi": "Voit vastustaa käsittelyä; suoramarkkinointia ja siihen liittyvää profilointia milloin tahansa ilman perustelua.",
        "hu": "Tiltakozhat; a közvetlen üzletszerzés és az ahhoz kapcsolódó profilalkotás ellen bármikor, indokolás nélkül.",
        "uk": "Ви можете заперечити; проти прямого маркетингу та пов'язаного профілювання будь-коли без пояснення причин.",
    },
    "7(3)": {
        "en": "You may withdraw a consent at any time; it takes effect with the next query.",
        "fi": "Voit perua suostumuksesi milloin tahansa; peruutus vaikuttaa seuraavasta hausta alkaen.",
        "hu": "Hozzájárulását bármikor visszavonhatja; a következő lekérdezéstől hatályos.",
        "uk": "Ви можете будь-коли відкликати згоду; це діє вже з наступного запиту.",
    },
    "77": {
        "en": "You may complain to the supervisory authority named here, and go to court (Art. 79).",
        "fi": "Voit tehdä valituksen tässä mainitulle valvontaviranomaiselle ja viedä asian tuomioistuimeen (79 artikla).",
        "hu": "Panaszt tehet az itt megnevezett felügyeleti hatóságnál, és bírósághoz fordulhat (79. cikk).",
        "uk": "Ви можете подати скаргу до зазначеного тут наглядового органу та звернутися до суду (стаття 79).",
    },
}

RIGHTS: Mapping[str, Mapping[str, str]] = {
    language: {article: words[language] for article, words in _RIGHTS.items()} for language in LANGUAGES
}


def texts_in(language: str) -> dict[str, str]:
    """Return the explanations of one language; ``confirmed`` and ``nothing_held`` exclude each other."""
    return {name: words[language] for name, words in _TEXTS.items()}
