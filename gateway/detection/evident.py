"""Values that speak by their words: names from lists, faiths, parties, diagnoses, diets, medicines, occupations."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

from gateway.detection.folding import fold
from gateway.detection.lexicon import sections

_SPLIT = re.compile(r"[^\w.*-]+")
_MOST_WORDS = 6  # a longer value is a text
_STEM = range(3, 13)  # letters of a stem
_LETTERS = re.compile(r"[^\W\d_]{2}|[a-z]\d\d\.")
_CODE = re.compile(r"[a-tv-z]\d\d\.\d{1,2}")  # ICD-10; without its point it could be any code
_GENE = re.compile(r"rs\d{3,10} ?\([acgtdi-];[acgtdi-]\)")  # dbSNP
# Ends of family names: Finnish, Swedish, English, German, Hungarian, Ukrainian.
_FAMILY = re.compile(
    r".{2,}(?:nen|sson|son|berg|strom|kvist|qvist|lund|gren|mann|meier|enko|енко|чук|щук|ський|ська|цький|цька|ович|евич|"
    r"юк|ів|iv|skyi|ska)"
)


@cache
def _names() -> tuple[frozenset[str], frozenset[str]]:
    """Return given and family names, folded."""
    lists = {key: frozenset(lines) for key, lines in sections("names.txt")}
    return lists["given"], lists["family"]


@cache
def _terms() -> tuple[dict[str, str], dict[str, str]]:
    """Return whole terms and stems, folded, with the kind that they speak of."""
    whole: dict[str, str] = {}
    stems: dict[str, str] = {}
    for kind, lines in sections("evident.txt"):
        for term in " ".join(lines).split():
            text = fold(term.replace("_", " "))
            if text.endswith("*"):
                stems[text[:-1]] = kind
            else:
                whole[text] = kind
    return whole, stems


def spoken_of(folded: Sequence[str]) -> Counter[str]:
    """Count the values that speak of each kind; ``filler`` are those that say "none"."""
    return Counter(kind for value in folded if (kind := _kind(value)) is not None)


def _kind(value: str) -> str | None:
    whole, _ = _terms()
    if value in whole:
        return whole[value]
    if not _LETTERS.search(value):
        return None
    if _CODE.fullmatch(value):
        return "health"
    if _GENE.fullmatch(value):
        return "genetic"
    words = _SPLIT.split(value)
    if len(words) > _MOST_WORDS:
        return None
    pairs = (" ".join(words[start : start + 2]) for start in range(len(words)))
    return next((kind for text in (*pairs, *words) if (kind := _term(text)) is not None), None)


def _term(text: str) -> str | None:
    whole, stems = _terms()
    kind = whole.get(text)
    for size in range(_STEM.start, min(len(text), _STEM.stop) + 1):
        kind = kind or stems.get(text[:size])
    return kind if kind != "filler" else None


def names_among(folded: Iterable[str]) -> dict[str, int]:
    """Count the values that are given names, family names, and both together."""
    given, family = _names()
    counts = {"given_listed": 0, "family_listed": 0, "full_listed": 0}
    for value in folded:
        words = value.replace(",", " ").split()
        if len(words) == 1:
            counts["given_listed"] += value in given
            counts["family_listed"] += value in family or _FAMILY.fullmatch(value) is not None
        elif len(words) <= 4 and any(word in given for word in words):  # noqa: PLR2004 -- names have no more parts
            counts["full_listed"] += 1
    return counts
