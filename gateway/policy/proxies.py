"""Words in the name of a field that hint at a special category (Art. 9(1), Art. 10) which its values may reveal.

A lexicon, not a judgement: it asks the officer to decide (CJEU C-184/20: what reveals a special category by inference
is one), and it never opens or closes anything.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from gateway.vocabulary.fields import Field

# What a word begins with, and the categories, any one of which the field would have to name.
_BEGINNINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "health": ("health",), "medic": ("health",), "pharma": ("health",), "prescription": ("health",),
        "diagnos": ("health",), "disab": ("health",), "pregnan": ("health",), "fertil": ("health",),
        "allerg": ("health",), "insulin": ("health",), "smok": ("health",), "alcohol": ("health",),
        "fitness": ("health",), "therap": ("health",), "hospital": ("health",), "illness": ("health",),
        "diet": ("health", "religion"), "halal": ("religion",), "kosher": ("religion",), "relig": ("religion",),
        "church": ("religion",), "parish": ("religion",), "faith": ("religion",), "mosque": ("religion",),
        "synagogue": ("religion",), "prayer": ("religion",), "donat": ("politics", "religion"),
        "charit": ("politics", "religion"), "politic": ("politics",), "voter": ("politics",),
        "petition": ("politics",), "ethnic": ("ethnicity",), "racial": ("ethnicity",), "nationalit": ("ethnicity",),
        "citizenship": ("ethnicity",), "birthplace": ("ethnicity",), "orientation": ("sex_life",),
        "sexual": ("sex_life",), "dating": ("sex_life",), "biometr": ("biometric",), "fingerprint": ("biometric",),
        "voiceprint": ("biometric",), "genetic": ("genetic",), "genom": ("genetic",), "criminal": ("criminal",),
        "offence": ("criminal",), "conviction": ("criminal",), "prison": ("criminal",),
    }
)  # fmt: skip
# Words and pairs of words that are meant whole: as a beginning they would catch too much.
_WHOLE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "union": ("union",), "unions": ("union",), "union dues": ("union",), "race": ("ethnicity",),
        "dna": ("genetic",), "bmi": ("health",), "vote": ("politics",), "mother tongue": ("ethnicity",),
        "country birth": ("ethnicity",), "place birth": ("ethnicity",), "birth place": ("ethnicity",),
        "heart rate": ("health",), "body weight": ("health",),
    }
)  # fmt: skip
# The same in Finnish, Hungarian and Ukrainian, where words are put together: wherever in a word it stands.
_STEMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "tervey": ("health",), "sairau": ("health",), "lääke": ("health",), "lääkity": ("health",),
        "resepti": ("health",), "apteek": ("health",), "allergi": ("health",), "raskau": ("health",),
        "vammai": ("health",), "diagnoos": ("health",), "potila": ("health",), "ruokavalio": ("health", "religion"),
        "uskonto": ("religion",), "uskonno": ("religion",), "seurakun": ("religion",), "kirkko": ("religion",),
        "kirkon": ("religion",), "puolue": ("politics",), "poliit": ("politics",), "ammattiliit": ("union",),
        "etni": ("ethnicity",), "kansalaisuu": ("ethnicity",), "äidinkiel": ("ethnicity",),
        "syntymämaa": ("ethnicity",), "seksuaali": ("sex_life",), "biometr": ("biometric",),
        "sormenjäl": ("biometric",), "geneett": ("genetic",), "perimä": ("genetic",), "rikos": ("criminal",),
        "rikok": ("criminal",),
        "egészség": ("health",), "betegség": ("health",), "gyógyszer": ("health",), "patika": ("health",),
        "allergia": ("health",), "terhes": ("health",), "fogyatékos": ("health",), "diéta": ("health", "religion"),
        "étrend": ("health", "religion"), "vallás": ("religion",), "egyház": ("religion",), "templom": ("religion",),
        "politik": ("politics",), "pártt": ("politics",), "szakszervezet": ("union",), "nemzetiség": ("ethnicity",),
        "állampolgár": ("ethnicity",), "anyanyelv": ("ethnicity",), "etnik": ("ethnicity",),
        "szexuál": ("sex_life",), "ujjlenyomat": ("biometric",), "genetik": ("genetic",),
        "bűncselekmény": ("criminal",), "büntetett": ("criminal",),
        "здоров": ("health",), "хвороб": ("health",), "медич": ("health",), "ліки": ("health",),
        "лікар": ("health",), "аптек": ("health",), "алергі": ("health",), "вагітн": ("health",),
        "інвалідн": ("health",), "дієт": ("health", "religion"), "харчуван": ("health", "religion"),
        "реліг": ("religion",), "віросповід": ("religion",), "церкв": ("religion",), "парафі": ("religion",),
        "політ": ("politics",), "профспіл": ("union",), "етніч": ("ethnicity",),
        "національніст": ("ethnicity",), "громадянств": ("ethnicity",), "рідна мова": ("ethnicity",),
        "сексуал": ("sex_life",), "біометр": ("biometric",), "відбит": ("biometric",), "генети": ("genetic",),
        "судиміст": ("criminal",), "злочин": ("criminal",),
    }
)  # fmt: skip
_NO_MATTER = frozenset({"of", "the", "a", "an", "s"})
_HARMLESS = frozenset({"european union", "credit union", "union jack"})
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def hinted(field: Field, columns: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the special categories that a field hints at, in order.

    By its id, category, DPV term, titles, or the names that it has in sources (``columns``).
    """
    texts = (field.id, field.category, field.dpv.partition(":")[2], *field.title.values(), *columns)
    return tuple(sorted({category for text in texts for category in _hints(text)}))


def _hints(text: str) -> Iterable[str]:
    lowered = text.lower().replace("_", " ")
    yield from (category for stem, found in _STEMS.items() if stem in lowered for category in found)
    words = [word.lower() for word in _WORDS.findall(text) if word.lower() not in _NO_MATTER]
    pairs = [f"{first} {second}" for first, second in itertools.pairwise(words)]
    harmless = {word for pair in pairs if pair in _HARMLESS for word in pair.split()}
    for word in (*words, *pairs):
        if word in harmless:
            continue
        yield from _WHOLE.get(word, ())
        yield from (c for start, found in _BEGINNINGS.items() if word.startswith(start) for c in found)
