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
_NO_MATTER = frozenset({"of", "the", "a", "an", "s"})
_HARMLESS = frozenset({"european union", "credit union", "union jack"})
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def hinted(field: Field) -> tuple[str, ...]:
    """Return the special categories that the field's id, category, DPV term or English title hints at, in order."""
    texts = (field.id, field.category, field.dpv.partition(":")[2], field.title.get("en", ""))
    return tuple(sorted({category for text in texts for category in _hints(text)}))


def _hints(text: str) -> Iterable[str]:
    words = [word.lower() for word in _WORDS.findall(text) if word.lower() not in _NO_MATTER]
    pairs = [f"{first} {second}" for first, second in itertools.pairwise(words)]
    harmless = {word for pair in pairs if pair in _HARMLESS for word in pair.split()}
    for word in (*words, *pairs):
        if word in harmless:
            continue
        yield from _WHOLE.get(word, ())
        yield from (c for start, found in _BEGINNINGS.items() if word.startswith(start) for c in found)
