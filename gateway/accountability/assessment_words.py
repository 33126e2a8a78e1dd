"""Criteria, risks and open questions of an impact assessment, in each language; no answer stands here."""

# ruff: noqa: RUF001 - Ukrainian is written in Cyrillic

from __future__ import annotations

from typing import Final

from gateway.vocabulary.languages import by_language

# Article 29 Working Party, WP 248 rev.01, III.B.a: two of nine usually ask for an assessment.
CRITERIA: Final = by_language(
    {
        "evaluation_or_scoring": (
            "evaluation or scoring, profiling", "arviointi tai pisteytys, profilointi",
            "értékelés vagy pontozás, profilalkotás", "оцінювання чи скоринг, профілювання",
        ),
        "automated_decisions": (
            "automated decisions with legal or similar effect",
            "automaattiset päätökset, joilla on oikeudellisia tai vastaavia vaikutuksia",
            "joghatással vagy hasonló hatással járó automatizált döntés",
            "автоматизовані рішення з правовими чи подібними наслідками",
        ),
        "systematic_monitoring": (
            "systematic monitoring", "järjestelmällinen seuranta", "módszeres megfigyelés", "систематичний моніторинг",
        ),
        "sensitive_data": (
            "sensitive data or data of a highly personal nature",
            "arkaluonteiset tai erittäin henkilökohtaiset tiedot",
            "különleges vagy rendkívül személyes jellegű adatok", "чутливі або дуже особисті дані",
        ),
        "large_scale": (
            "data processed on a large scale", "laajamittainen käsittely", "nagy számban kezelt adatok",
            "обробка у великих масштабах",
        ),
        "matching": (
            "matching or combining of datasets", "tietoaineistojen yhteensovittaminen tai yhdistäminen",
            "adatállományok egyeztetése vagy összevonása", "зіставлення або поєднання наборів даних",
        ),
        "vulnerable_subjects": (
            "vulnerable data subjects, such as children", "heikossa asemassa olevat rekisteröidyt, kuten lapset",
            "kiszolgáltatott helyzetű érintettek, például gyermekek", "вразливі суб’єкти даних, наприклад діти",
        ),
        "innovative_use": (
            "innovative use, new technological or organisational solutions",
            "uusien teknisten tai organisatoristen ratkaisujen innovatiivinen käyttö",
            "új technológiai vagy szervezési megoldások innovatív használata",
            "інноваційне використання, нові технічні чи організаційні рішення",
        ),
        "prevents_rights": (
            "prevents people from exercising a right or using a service or a contract",
            "estää rekisteröityjä käyttämästä oikeutta, palvelua tai sopimusta",
            "megakadályozza, hogy az érintett jogot gyakoroljon, szolgáltatást vagy szerződést vegyen igénybe",
            "перешкоджає здійсненню права чи користуванню послугою або договором",
        ),
    }
)  # fmt: skip
RISKS: Final = by_language(
    {
        "small_segments": (
            "few people in a segment can be singled out", "pienestä segmentistä voidaan erottaa yksittäisiä ihmisiä",
            "kis szegmensből egyének kiválaszthatók", "у малому сегменті можна виокремити осіб",
        ),
        "combination": (
            "fields together say more than each alone", "kentät yhdessä kertovat enemmän kuin yksinään",
            "a mezők együtt többet árulnak el, mint külön", "поля разом говорять більше, ніж окремо",
        ),
        "special_categories": (
            "special categories, or what reveals them, are used",
            "käytetään erityisiä henkilötietoryhmiä tai ne paljastavia tietoja",
            "különleges adatok vagy azokat felfedő adatok használata",
            "використовуються особливі категорії даних або те, що їх розкриває",
        ),
        "children": (
            "children are among the people", "ihmisten joukossa on lapsia", "az érintettek között gyermekek vannak",
            "серед осіб є діти",
        ),
        "profiling": (
            "people are judged by what was worked out about them", "ihmisiä arvioidaan päätellyn perusteella",
            "az érintetteket a levont következtetések alapján ítélik meg",
            "про людей судять за тим, що про них виведено",
        ),
        "matching": (
            "lists or sources are joined to know more about a person",
            "luetteloita tai lähteitä yhdistetään, jotta henkilöstä tiedettäisiin enemmän",
            "listák vagy források összekapcsolása, hogy többet tudjanak az érintettről",
            "списки чи джерела поєднують, щоб знати про особу більше",
        ),
        "large_scale": (
            "a breach concerns many people", "tietoturvaloukkaus koskee monia ihmisiä",
            "egy incidens sok érintettre terjed ki", "порушення стосується багатьох осіб",
        ),
        "transfer": (
            "data go outside the EEA", "tietoja siirretään ETA:n ulkopuolelle", "adatok kerülnek az EGT-n kívülre",
            "дані потрапляють за межі ЄЕЗ",
        ),
        "free_text": (
            "free texts hold what nobody asked for", "vapaissa teksteissä on tietoja, joita ei pyydetty",
            "a szabad szövegekben kéretlen adatok vannak", "вільні тексти містять те, чого не питали",
        ),
        "kept_too_long": (
            "data outlive what they are needed for", "tiedot säilyvät tarvetta pidempään",
            "az adatok tovább élnek a szükségesnél", "дані живуть довше, ніж потрібні",
        ),
    }
)  # fmt: skip
QUESTIONS: Final = by_language(
    {
        "necessity": (
            "Why is the processing necessary, and why would less not do?",
            "Miksi käsittely on tarpeen ja miksi vähempi ei riittäisi?",
            "Miért szükséges az adatkezelés, és miért nem elég kevesebb?",
            "Чому обробка необхідна і чому не досить меншого?",
        ),
        "balancing": (
            "Whose legitimate interest is it, and how was it weighed against people's interests (Art. 6(1)(f))?",
            ("Kenen oikeutettu etu on kyseessä ja miten se punnittiin ihmisten etuja vastaan (6 artiklan 1 "
            "kohdan f alakohta)?"),
            "Kinek a jogos érdeke ez, és hogyan mérlegelték az érintettek érdekeivel szemben (6. cikk (1) f))?",
            "Чий це законний інтерес і як його зважено щодо інтересів осіб (ст. 6(1)(f))?",
        ),
        "consultation": (
            "What did data subjects or their representatives say (Art. 35(9))?",
            "Mitä rekisteröidyt tai heidän edustajansa sanoivat (35 artiklan 9 kohta)?",
            "Mit mondtak az érintettek vagy képviselőik (35. cikk (9))?",
            "Що сказали суб’єкти даних або їхні представники (ст. 35(9))?",
        ),
        "officer_advice": (
            "What did the data protection officer advise (Art. 35(2))?",
            "Mitä tietosuojavastaava neuvoi (35 artiklan 2 kohta)?",
            "Mit tanácsolt az adatvédelmi tisztviselő (35. cikk (2))?",
            "Що порадив відповідальний за захист даних (ст. 35(2))?",
        ),
        "residual_risk": (
            "Which risks remain high, and is prior consultation needed (Art. 36)?",
            "Mitkä riskit jäävät korkeiksi ja tarvitaanko ennakkokuulemista (36 artikla)?",
            "Mely kockázatok maradnak magasak, és kell-e előzetes konzultáció (36. cikk)?",
            "Які ризики лишаються високими і чи потрібна попередня консультація (ст. 36)?",
        ),
        "decision": (
            "Who decided, when, and when is it reviewed (Art. 35(11))?",
            "Kuka päätti, milloin, ja milloin asia tarkistetaan (35 artiklan 11 kohta)?",
            "Ki döntött, mikor, és mikor vizsgálják felül (35. cikk (11))?",
            "Хто вирішив, коли і коли це переглянуть (ст. 35(11))?",
        ),
    }
)  # fmt: skip
