"""Header evidence: a header cut into words and looked up, whole first, then by its parts."""

# ruff: noqa: RUF001 -- Ukrainian capitals

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from gateway.detection.folding import compact, fold
from gateway.detection.lexicon import AMBIGUOUS, ENTRIES

_CAMEL = re.compile(r"(?<=[^\W\d_A-ZА-ЯЄІЇҐ])(?=[A-ZА-ЯЄІЇҐ])")
_SPLIT = re.compile(r"[\W_]+")
_INSIDE = 6  # entries this long are looked for inside compounds (asiakkaanpuhelinnumero)


@dataclass(frozen=True, slots=True)
class HeaderHit:
    """What a header says, and how surely: 1 for the whole header, less for a part of it."""

    category: str
    score: float
    ambiguous: bool = False


def words(header: str) -> list[str]:
    """Cut a header at case changes and separators, folded."""
    return [word for word in _SPLIT.split(fold(_CAMEL.sub("_", header)).replace("'", "")) if word]


@lru_cache(maxsize=4096)
def read_header(header: str) -> HeaderHit | None:
    """Return what the header says in any of the languages, or None."""
    whole = compact(header)
    if whole in ENTRIES:
        return HeaderHit(ENTRIES[whole], 1.0, whole in AMBIGUOUS)
    found = _by_words(words(header)) or _inside(whole)
    if found is None:
        return None
    entry, score = found
    return HeaderHit(ENTRIES[entry], score, entry in AMBIGUOUS)


def _by_words(parts: Sequence[str]) -> tuple[str, float] | None:
    """Return the longest run of words that is an entry; the last of equals, for heads stand last in compounds."""
    best = ""
    for start in range(len(parts)):
        for end in range(start + 1, len(parts) + 1):
            entry = "".join(parts[start:end])
            if entry in ENTRIES and len(entry) >= max(len(best), 2):
                best = entry
    return (best, 0.8) if best else None


def _inside(whole: str) -> tuple[str, float] | None:
    hits = [entry for entry in ENTRIES if len(entry) >= _INSIDE and entry in whole]
    return (max(hits, key=len), 0.6) if hits else None
