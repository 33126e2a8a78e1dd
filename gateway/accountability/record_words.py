"""The words of the record and of the data sheet, in each language. Order: English, Finnish, Hungarian, Ukrainian."""

# ruff: noqa: RUF001 - Ukrainian is written in Cyrillic

from __future__ import annotations

from typing import Final

from gateway.vocabulary.languages import by_language, in_language

_HEADS = {
    "record": (
        "Record of processing activities (Art. 30(1) GDPR)",
        "Seloste käsittelytoimista (tietosuoja-asetuksen 30 artiklan 1 kohta)",
        "Adatkezelési tevékenységek nyilvántartása (GDPR 30. cikk (1))",
        "Реєстр операцій обробки (ст. 30(1) GDPR)",
    ),
    "sheet": (
        "Data sheet for the impact assessment (Art. 35(7) GDPR)",
        "Tietolehti vaikutustenarviointia varten (tietosuoja-asetuksen 35 artiklan 7 kohta)",
        "Adatlap a hatásvizsgálathoz (GDPR 35. cikk (7))",
        "Аркуш даних для оцінки впливу (ст. 35(7) GDPR)",
    ),
    "general": ("General", "Yleistä", "Általános adatok", "Загальні відомості"),
    "versions": ("Versions of the policy", "Käytännön versiot", "A szabályzat változatai", "Версії політики"),
    "data": ("Categories of data", "Tietoryhmät", "Adatkategóriák", "Категорії даних"),
    "recipients": ("Recipients", "Vastaanottajat", "Címzettek", "Одержувачі"),
    "sources": ("Sources", "Lähteet", "Források", "Джерела"),
    "measures": (
        "Technical and organisational measures (Art. 32)",
        "Tekniset ja organisatoriset toimet (32 artikla)",
        "Technikai és szervezési intézkedések (32. cikk)",
        "Технічні та організаційні заходи (ст. 32)",
    ),
    "kept": (
        "Kept beside the purposes",
        "Käyttötarkoitusten ohella säilytettävä",
        "A célok mellett megőrzött adatok",
        "Зберігається поза цілями",
    ),
    "missing": ("Missing", "Puuttuu", "Hiányzik", "Відсутнє"),
    "description": (
        "Description (Art. 35(7)(a))", "Kuvaus (35 artiklan 7 kohdan a alakohta)",
        "Leírás (35. cikk (7) a))", "Опис (ст. 35(7)(a))",
    ),
    "necessity": (
        "Necessity and proportionality (Art. 35(7)(b))",
        "Tarpeellisuus ja oikeasuhteisuus (35 artiklan 7 kohdan b alakohta)",
        "Szükségesség és arányosság (35. cikk (7) b))",
        "Необхідність і пропорційність (ст. 35(7)(b))",
    ),
    "segments": ("Segments", "Segmentit", "Szegmensek", "Сегменти"),
    "criteria": (
        "Criteria of WP 248 rev.01", "WP 248 rev.01:n kriteerit", "A WP 248 rev.01 szempontjai",
        "Критерії WP 248 rev.01",
    ),
    "risks": (
        "Risks, and measures in force (Art. 35(7)(c), (d))",
        "Riskit ja voimassa olevat toimet (35 artiklan 7 kohdan c ja d alakohta)",
        "Kockázatok és hatályos intézkedések (35. cikk (7) c), d))",
        "Ризики та чинні заходи (ст. 35(7)(c), (d))",
    ),
    "blanks": (
        "For a person to fill in", "Ihmisen täytettävä", "Embernek kell kitöltenie", "Має заповнити людина",
    ),
}  # fmt: skip
_NAMES = {
    "pack": ("Policy", "Käytäntö", "Szabályzat", "Політика"),
    "made_at": ("Made at", "Laadittu", "Készült", "Складено"),
    "controller": ("Controller", "Rekisterinpitäjä", "Adatkezelő", "Контролер"),
    "contact": ("Contact", "Yhteystiedot", "Elérhetőség", "Контакт"),
    "country": ("Country", "Maa", "Ország", "Країна"),
    "data_protection_officer": (
        "Data protection officer", "Tietosuojavastaava", "Adatvédelmi tisztviselő",
        "Відповідальний за захист даних",
    ),
    "supervisory_authority": (
        "Supervisory authority", "Valvontaviranomainen", "Felügyeleti hatóság", "Наглядовий орган",
    ),
    "joint_controllers": (
        "Joint controllers", "Yhteisrekisterinpitäjät", "Közös adatkezelők", "Спільні контролери",
    ),
    "purpose": ("Purpose", "Käyttötarkoitus", "Cél", "Мета"),
    "legal_basis": ("Legal basis", "Oikeusperuste", "Jogalap", "Правова підстава"),
    "profiling": ("Profiling", "Profilointi", "Profilalkotás", "Профілювання"),
    "special_categories": (
        "Special categories", "Erityiset henkilötietoryhmät", "Különleges adatkategóriák",
        "Особливі категорії даних",
    ),
    "notices": ("Notices", "Informoinnit", "Tájékoztatók", "Повідомлення"),
    "consent_days": (
        "A consent is valid for", "Suostumus on voimassa", "A hozzájárulás érvényessége", "Згода чинна протягом",
    ),
    "minimum_age": ("Minimum age", "Vähimmäisikä", "Alsó korhatár", "Мінімальний вік"),
    "data_subjects": ("Data subjects", "Rekisteröidyt", "Érintettek", "Суб’єкти даних"),
    "people": ("People now", "Henkilöitä nyt", "Jelenleg ennyi érintett", "Осіб зараз"),
    "title": ("Title", "Nimi", "Megnevezés", "Назва"),
    "category": ("Category", "Ryhmä", "Kategória", "Категорія"),
    "field": ("Field", "Kenttä", "Mező", "Поле"),
    "kind": ("Kind", "Laji", "Fajta", "Вид"),
    "kept_as": ("Kept as", "Säilytysmuoto", "Megőrzött alak", "Зберігається як"),
    "retention": ("Retention", "Säilytysaika", "Megőrzési idő", "Строк зберігання"),
    "uses": ("Used for", "Käyttö", "Felhasználás", "Використання"),
    "recipient": ("Recipient", "Vastaanottaja", "Címzett", "Одержувач"),
    "receives": ("Receives", "Saa", "Megkapja", "Отримує"),
    "transfer": (
        "Transfer outside the EEA",
        "Siirto ETA:n ulkopuolelle",
        "EGT-n kívüli továbbítás",
        "Передача за межі ЄЕЗ",
    ),
    "expires": ("Contract ends", "Sopimus päättyy", "A szerződés lejár", "Договір діє до"),
    "last_release": ("Last release", "Viimeisin luovutus", "Utolsó adatátadás", "Останнє надання"),
    "source": ("Source", "Lähde", "Forrás", "Джерело"),
    "last_batch": ("Last batch", "Viimeisin erä", "Utolsó köteg", "Останній пакет"),
    "since": ("In force from", "Voimassa alkaen", "Hatályos ettől", "Чинна з"),
    "version": ("Version", "Versio", "Változat", "Версія"),
    "measure": ("Measure", "Toimi", "Intézkedés", "Захід"),
    "why": ("Why", "Miksi", "Miért", "Навіщо"),
    "place": ("Place", "Kohta", "Hely", "Місце"),
    "what": ("What", "Mitä", "Mi", "Що"),
    "stored": ("Stored", "Tallennetaan", "Tárolva", "Зберігається"),
    "permitted": ("Permitted", "Sallittu", "Engedélyezett", "Дозволено"),
    "used": ("Used by segments", "Segmenttien käytössä", "Szegmensek használják", "Використовують сегменти"),
    "released": ("Released to", "Luovutetaan", "Átadva", "Надається"),
    "segment": ("Segment", "Segmentti", "Szegmens", "Сегмент"),
    "size_class": ("Size", "Koko", "Méret", "Розмір"),
    "taken_at": ("Built at", "Muodostettu", "Felépítve", "Побудовано"),
    "fields": ("Fields", "Kentät", "Mezők", "Поля"),
    "criterion": ("Criterion", "Kriteeri", "Szempont", "Критерій"),
    "finding": ("Finding", "Havainto", "Megállapítás", "Висновок"),
    "because": ("Because of", "Peruste", "Alapja", "На підставі"),
    "risk": ("Risk", "Riski", "Kockázat", "Ризик"),
    "likelihood": ("Likelihood", "Todennäköisyys", "Valószínűség", "Імовірність"),
    "severity": ("Severity", "Vakavuus", "Súlyosság", "Тяжкість"),
    "answer": ("Answer", "Vastaus", "Válasz", "Відповідь"),
    "question": ("Question", "Kysymys", "Kérdés", "Питання"),
    "surplus": (
        "Permitted and used by no segment", "Sallittu mutta minkään segmentin käyttämättä",
        "Engedélyezett, de egy szegmens sem használja", "Дозволено, але не використовує жоден сегмент",
    ),
    "closed": (
        "Stored and closed for this purpose", "Tallennettu mutta tältä käyttötarkoitukselta suljettu",
        "Tárolva, de e célra zárva", "Зберігається, але закрито для цієї мети",
    ),
    "minimum_size": ("Minimum size", "Vähimmäiskoko", "Minimális méret", "Мінімальний розмір"),
}  # fmt: skip
_VALUES = {
    "yes": ("yes", "kyllä", "igen", "так"),
    "no": ("no", "ei", "nem", "ні"),
    "none": ("none", "ei ole", "nincs", "немає"),
    "days_one": ("{} day", "{} päivä", "{} nap", "{} день"),
    "days_few": ("{} days", "{} päivää", "{} nap", "{} дні"),
    "days_many": ("{} days", "{} päivää", "{} nap", "{} днів"),
    "as_record": (
        "as long as the person's record", "niin kauan kuin henkilön tietue", "amíg az érintett rekordja él",
        "доки існує запис особи",
    ),
    "unknown": ("not known", "ei tiedossa", "nem ismert", "невідомо"),
    "under_minimum": ("under the minimum", "alle vähimmäiskoon", "a minimum alatt", "менше мінімуму"),
    "not_built": ("not built yet", "ei vielä muodostettu", "még nincs felépítve", "ще не побудовано"),
    "about": ("about {}", "noin {}", "körülbelül {}", "близько {}"),
    "sealed": (
        "sealed identifier, apart from the store", "sinetöity tunniste, erillään varastosta",
        "lezárt azonosító, a tárolótól külön", "запечатаний ідентифікатор, окремо від сховища",
    ),
    "nothing": ("nothing is kept", "mitään ei säilytetä", "semmi sem marad meg", "нічого не зберігається"),
    "pseudonym": ("pseudonym", "pseudonyymi", "álnév", "псевдонім"),
    "closed_now": (
        "nothing now ({})", "nyt ei mitään ({})", "most semmit ({})", "зараз нічого ({})",
    ),
    "store": ("stored", "tallennus", "tárolás", "зберігання"),
    "segment_use": ("segments", "segmentit", "szegmensek", "сегменти"),
    "safeguard_missing": ("safeguard missing", "suojatoimi puuttuu", "hiányzó garancia", "гарантія відсутня"),
    "inside": ("no: inside the EEA", "ei: ETA:n sisällä", "nem: az EGT-n belül", "ні: у межах ЄЕЗ"),
    "indicated": ("indicated", "viitteitä on", "fennáll", "є ознаки"),
    "not_indicated": ("not indicated", "ei viitteitä", "nem áll fenn", "немає ознак"),
    "open": ("open: a person decides", "avoin: ihminen arvioi", "nyitott: ember dönt", "відкрито: вирішує людина"),
    "adequacy_decision": (
        "adequacy decision (Art. 45)", "tietosuojan riittävyyttä koskeva päätös (45 artikla)",
        "megfelelőségi határozat (45. cikk)", "рішення про адекватність (ст. 45)",
    ),
    "binding_corporate_rules": (
        "binding corporate rules (Art. 46(2)(b))", ("yritystä koskevat sitovat säännöt (46 artiklan 2 kohdan "
        "b alakohta)"),
        "kötelező erejű vállalati szabályok (46. cikk (2) b))", "обов’язкові корпоративні правила (ст. 46(2)(b))",
    ),
    "standard_clauses": (
        "standard data protection clauses (Art. 46(2)(c), (d))",
        "tietosuojaa koskevat vakiolausekkeet (46 artiklan 2 kohdan c ja d alakohta)",
        "általános adatvédelmi kikötések (46. cikk (2) c), d))",
        "стандартні положення про захист даних (ст. 46(2)(c), (d))",
    ),
    "code_of_conduct": (
        "code of conduct (Art. 46(2)(e))", "käytännesäännöt (46 artiklan 2 kohdan e alakohta)",
        "magatartási kódex (46. cikk (2) e))", "кодекс поведінки (ст. 46(2)(e))",
    ),
    "certification": (
        "certification (Art. 46(2)(f))", "sertifiointi (46 artiklan 2 kohdan f alakohta)",
        "tanúsítás (46. cikk (2) f))", "сертифікація (ст. 46(2)(f))",
    ),
    "derogation": (
        "derogation (Art. 49)", "poikkeus (49 artikla)", "eltérés (49. cikk)", "відступ (ст. 49)",
    ),
}  # fmt: skip


WORDS: Final = by_language(_HEADS | _NAMES | _VALUES)


def say(key: str, language: str) -> str:
    """Return a word; English where the language is not one of the house."""
    return in_language(WORDS[key], language)
