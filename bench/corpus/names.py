"""Names with every form that the notes use: listed where the language is irregular, joined by rule where it is not.

Finnish: nominative, genitive and partitive are listed; elative, adessive, ablative and allative join their endings to
the genitive's stem. Hungarian: nominative, accusative and instrumental are listed; the others join theirs by vowel
harmony. Ukrainian: all are listed. English: the possessive is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from bench.corpus.folding import romanised
from bench.corpus.resources import lines
from bench.corpus.shapes import Split

_FI = {"ela": ("sta", "stä"), "ade": ("lla", "llä"), "abl": ("lta", "ltä"), "all": ("lle", "lle")}
_HU = {
    "dat": ("nak", "nek", "nek"), "abl": ("tól", "től", "től"), "del": ("ról", "ről", "ről"),
    "all": ("hoz", "hez", "höz"), "ade": ("nál", "nél", "nél"), "kau": ("ért", "ért", "ért"), "poss": ("é", "é", "é"),
    "ek": ("ék", "ék", "ék"), "ne": ("né", "né", "né"),
}  # fmt: skip
_UK = ("nom", "gen", "dat", "acc", "ins", "voc")


@dataclass(frozen=True, slots=True)
class Name:
    """One word of a name: its forms by case (``nom`` always), the bearer's gender (``-``: any), what friends say."""

    gender: str
    forms: Mapping[str, str]
    nickname: str

    @property
    def nom(self) -> str:
        """The name as it stands in a register."""
        return self.forms["nom"]


def _finnish(nom: str, gen: str, part: str) -> dict[str, str]:
    stem = gen.removesuffix("n")
    last = next((letter for letter in reversed(stem.lower()) if letter in "aouäöyå"), "ä")
    front = last in "äöy"
    return {"nom": nom, "gen": gen, "part": part} | {case: stem + endings[front] for case, endings in _FI.items()}


def _hungarian(nom: str, acc: str, ins: str, harmony: str) -> dict[str, str]:
    stem = nom[:-1] + {"a": "á", "e": "é"}.get(nom[-1], nom[-1])
    place = "bfr".index(harmony)
    return {"nom": nom, "acc": acc, "ins": ins} | {case: stem + endings[place] for case, endings in _HU.items()}


def _ukrainian(*forms: str) -> dict[str, str]:
    listed = dict(zip(_UK, forms if len(forms) > 1 else forms * len(_UK), strict=True))
    return listed | {"roman": romanised(listed["nom"])}


def _plain(nom: str, *_: str) -> dict[str, str]:
    return {"nom": nom, "poss": nom}


_MAKERS: Mapping[str, Callable[..., dict[str, str]]] = {"fi": _finnish, "hu": _hungarian, "uk": _ukrainian}


@cache
def names(language: str, split: Split, part: str) -> tuple[Name, ...]:
    """Return the ``part`` (``given``, ``family``, ``patronymic``) of a split's list."""
    found = []
    for line in lines(f"names_{language}", split):
        listed, gender, *forms = line.split(" ")
        if listed == part:
            nickname = forms[-1] if language == "en" else forms[0]
            found.append(Name(gender, _MAKERS.get(language, _plain)(*forms), nickname))
    return tuple(found)
