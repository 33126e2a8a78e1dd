"""Names with one slip of the fingers in them: two letters that changed places, one too many, too few or another."""

from __future__ import annotations

import re
from functools import lru_cache

from gateway.detection.inflection import Forms, forms_of

SHORTEST = 5  # letters; shorter words are a slip away from too many others
_LONGEST = 40  # letters of a name with its ending; the ways to slip grow with them
_LONG = 7  # letters from which one may be another, as that is how other words differ, too
_LETTERS = re.compile(r"[^\W\d_]+")


def is_near(word: str, name: str, *, beside: bool) -> bool:
    """Tell whether a folded word is a form of ``name`` but for one slip.

    ``beside``: it has a capital or stands beside another part of the name. Without, only a transposition counts.
    """
    return any(_near(word, part, beside) for part in _parts(name) if part[0] in word[:2])


def could_be_near(word: str, heads: frozenset[str]) -> bool:
    """Tell at little cost whether :func:`is_near` is worth the asking: the first letters agree, in some order."""
    return (word[0] in heads or word[1::-1] in heads) and len(word) <= _LONGEST


@lru_cache(maxsize=65_536)
def heads_of(name: str) -> frozenset[str]:
    """Return the first letter of each part of a name that is long enough, and the first two."""
    return frozenset(part[:size] for part in _parts(name) for size in (1, 2))


@lru_cache(maxsize=65_536)
def _parts(name: str) -> tuple[str, ...]:
    return tuple(part for part in _LETTERS.findall(name) if len(part) >= SHORTEST)


@lru_cache(maxsize=65_536)
def _near(word: str, part: str, beside: bool) -> bool:  # noqa: FBT001 -- part of the cache's key
    every = forms_of(part)
    if any(_holds(every, swapped) for swapped in _swaps(word)):
        return True
    if not beside or word[0] != part[0]:
        return False
    too_many = (word[:at] + word[at + 1 :] for at in range(1, len(word)))
    if any(_holds(every, shorter) for shorter in too_many if len(shorter) >= SHORTEST):
        return True
    return any(_differs(word, form) for form in every)


def _swaps(word: str) -> list[str]:
    return [
        word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(len(word) - 1) if word[at] != word[at + 1]
    ]


def _holds(every: tuple[Forms, ...], word: str) -> bool:
    """A form with a listed ending: a name under any ending at all would be near too much."""
    return any(word.startswith(stem) and word[len(stem) :] in endings for form in every for stem, endings in form.stems)


def _differs(word: str, form: Forms) -> bool:
    """One letter of a stem is another one or missing."""
    for stem, endings in form.stems:
        if len(stem) < SHORTEST:
            continue
        for at in range(1, len(stem)):
            if not word.startswith(stem[:at]):
                break
            if word[at:].startswith(stem[at + 1 :]) and word[len(stem) - 1 :] in endings and len(stem) > SHORTEST:
                return True
            if len(stem) >= _LONG and word[at + 1 :].startswith(stem[at + 1 :]) and word[len(stem) :] in endings:
                return True
    return False
