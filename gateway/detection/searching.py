"""Where a word, a name or a code stands in a folded text: the searches that the row's own identifiers share."""

from __future__ import annotations

import re
from functools import lru_cache

from gateway.detection.inflection import Forms, forms_of
from gateway.detection.romanised import Skeleton, skeleton, skeletons_of

Places = list[tuple[int, int]]
SEPARATORS = " \n\t-./()_:,'"
GLUED = 6  # a code of so many characters is found inside a longer one, too
_DROP = str.maketrans("", "", SEPARATORS)
_LETTERS = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_LATIN = re.compile("[a-z]{3}")
_CYRILLIC = re.compile("[\u0400-\u04ff]")


def bare(folded: str) -> str:
    """Return a folded text without the separators that people group numbers and codes by."""
    return folded.translate(_DROP)


def exact(folded: str, value: str) -> Places:
    """Return every place of ``value``; an empty value stands nowhere."""
    places: Places = []
    at = folded.find(value) if value else -1
    while at >= 0:
        places.append((at, at + len(value)))
        at = folded.find(value, at + len(value))
    return places


def apart(folded: str, low: int, high: int) -> bool:
    """Tell whether the text does not run on, letter to letter or digit to digit, at either end."""
    before = folded[low - 1 : low] + folded[low]
    after = folded[high - 1] + folded[high : high + 1]
    return not any(len(pair) == 2 and (pair.isalpha() or pair.isdigit()) for pair in (before, after))  # noqa: PLR2004 -- a pair


def code(folded: str, value: str) -> Places:
    """Letters and digits in order, whatever separators stand between them."""
    wanted = bare(value)
    if not wanted:
        return []
    if len(wanted) < 4:  # noqa: PLR2004 -- too short to be looked for across separators
        return [(low, high) for low, high in exact(folded, value) if apart(folded, low, high)]
    without = bare(folded)
    if wanted not in without:
        return []
    kept = [place for place, character in enumerate(folded) if character not in SEPARATORS]
    found = [(kept[low], kept[high - 1] + 1) for low, high in exact(without, wanted)]
    return [(low, high) for low, high in found if len(wanted) >= GLUED or apart(folded, low, high)]


@lru_cache(maxsize=65_536)
def name_words(name: str) -> tuple[Forms, ...]:
    """Return the forms of each word of a folded name, hyphens and apostrophes kept apart and glued."""
    words = dict.fromkeys([*_LETTERS.findall(name), *_LETTERS.findall(name.replace("'", "").replace("-", ""))])
    return tuple(forms for word in words if len(word) > 1 for forms in forms_of(word))


def names(folded: str, name: str) -> Places:
    """Return the places of a folded name's words in any form, and in the other alphabet."""
    found = [place for forms in name_words(name) for place in words(folded, forms)]
    return found + _crossed(folded, name)


def words(folded: str, forms: Forms) -> Places:
    """Return the places of one word's forms."""
    places: Places = []
    at = folded.find(forms.prefix)
    while at >= 0:
        if at and folded[at - 1].isalpha():
            at = folded.find(forms.prefix, at + 1)
            continue
        word = _LETTERS.match(folded, at)
        end = word.end() if word is not None else at + 1
        if forms.holds(folded[at:end]):
            places.append((at, end))
        at = folded.find(forms.prefix, end)
    return places


def crosses(folded: str, name: str) -> bool:
    """Tell whether the text has words in the alphabet that the name is not written in."""
    if name.isascii():
        return not folded.isascii() and _CYRILLIC.search(folded) is not None
    return _CYRILLIC.search(name) is not None and _LATIN.search(folded) is not None


def _crossed(folded: str, name: str) -> Places:
    if not crosses(folded, name):
        return []
    wanted = _skeletons(name)
    if not wanted:
        return []
    other = _LATIN if _CYRILLIC.search(name) else _CYRILLIC
    return [
        match.span()
        for match in _WORD.finditer(folded)
        if other.search(match.group()) and _is_one_of(skeleton(match.group()), wanted)
    ]


def _is_one_of(word: str, wanted: tuple[Skeleton, ...]) -> bool:
    return any(one.holds(word) for one in wanted)


@lru_cache(maxsize=65_536)
def _skeletons(name: str) -> tuple[Skeleton, ...]:
    return tuple(one for word in dict.fromkeys(_WORD.findall(name)) for one in skeletons_of(word))
