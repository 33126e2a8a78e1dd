"""Headers read by their parts: each word cut into known pieces, and what the pieces mean together.

``Kundentelefonnummer``, ``asiakkaan_puh_nro`` and ``ТЕЛ_КЛІЄНТА`` are a person, a telephone and a number, whatever list
of headers they are in. The pieces stand in ``morphemes.txt``, what they mean together in ``meanings.txt``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from gateway.detection.folding import compact
from gateway.detection.lexicon import sections

_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщьюяєії"
# How old systems write Ukrainian: the Cabinet's resolution 55 of 2010, older ones, the scientific way and the German.
_LATIN = (
    "a b v h d e zh z y i k l m n o p r s t u f kh ts ch sh shch _ iu ia ie i i",
    "a b v g d e zh z y y k l m n o p r s t u f h c ch sh sch _ yu ya ye i yi",
    "a b v h d e z z y j k l m n o p r s t u f ch c c s sc _ ju ja je i ji",
    "a b v g d e zh z i i k l m n o p r s t u f kh ts ch sh shch _ yu ya e i i",
    "a b w h d e sh s y j k l m n o p r s t u f ch z tsch sch schtsch _ ju ja je i ji",
)
_LONGEST = 24  # letters of a word that is cut, and of a piece
_ENDING, _LINKING = 5, 2  # letters after a stem, and between whole words, that need no meaning
_STEM_ENDING, _WORD_LINKING, _PIECE = 0.5, 0.8, 0.6  # what each costs
_SHORT = {2: 1.6, 3: 1.2}  # what a short piece costs besides
_DEAREST = 3.2
_NOISE = "noise"
_BRIEF = 4
_FREQUENT = frozenset(
    {"name", "number", "date", "year", "phone", "mail", "birth", "address", "city", "post", "age", "card",
     "bank", "file", "vehicle", "price", "country", "job", "zip", "noise", "idmark", "person", "given", "last",
     "first", "register", "user", "place", "line", "street"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meaning:
    """A category, whether every word of the header was understood, and whether it speaks of a thing, of a person."""

    category: str
    whole: bool
    of_thing: bool
    of_person: bool


@dataclass(frozen=True, slots=True)
class _Rule:
    category: str
    needed: frozenset[str]
    barred: frozenset[str]
    alone: bool


def meaning(parts: Sequence[str]) -> Meaning | None:
    """Return what a header's folded words mean together, or None."""
    read = [_sense(part) for part in parts if not part.isdigit()]
    held = frozenset[str]().union(*read) - {_NOISE}
    for rule in _RULES:
        if rule.needed == held if rule.alone else rule.needed <= held and not rule.barred & held:
            thing = bool(held & {"thing", "file"})
            return Meaning(rule.category, all(read), thing, "person" in held)
    return None


def of_a_thing(parts: Sequence[str]) -> bool:
    """Tell whether a header's folded words speak of a shop, a company or a product, and of no person."""
    held = frozenset[str]().union(*map(_sense, parts))
    return "thing" in held and "person" not in held


@lru_cache(maxsize=8192)
def _sense(word: str) -> frozenset[str]:
    """Return what a word means, whole or by its pieces; nothing where a part of it is unknown."""
    if word in _WORDS:
        return _WORDS[word]
    bare = word.rstrip("0123456789")
    if bare != word and bare:
        return _sense(bare)
    if len(word) > _LONGEST * 2:
        return frozenset()
    costs = [(_DEAREST + 1, frozenset[str]())] * (len(word) + 1)
    costs[0] = (0.0, frozenset())
    for place in range(len(word)):
        spent, held = costs[place]
        if spent > _DEAREST:
            continue
        for end, cost, senses in _pieces(word, place):
            if spent + cost < costs[end][0]:
                costs[end] = (spent + cost, held | senses)
    return costs[-1][1] if costs[-1][0] <= _DEAREST else frozenset()


def _pieces(word: str, place: int) -> Iterator[tuple[int, float, frozenset[str]]]:
    """Yield where a piece that begins at a place may end, with its ending or link, its cost and its meaning."""
    for end in range(place + 2, min(len(word), place + _LONGEST) + 1):
        piece = word[place:end]
        cost = _PIECE + _SHORT.get(len(piece), 0.0)
        if piece in _STEMS:
            for more in range(min(_ENDING, len(word) - end) + 1):
                yield end + more, cost + _STEM_ENDING * more, _STEMS[piece]
        elif piece in _INSIDE:
            for more in range(min(_LINKING, len(word) - end) + 1):
                yield end + more, cost + _WORD_LINKING * more, _INSIDE[piece]


def _plain() -> frozenset[str]:
    return frozenset(compact(word) for _, lines in sections("morphemes.txt") for word in " ".join(lines).split())


def _load() -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    words: defaultdict[str, set[str]] = defaultdict(set)
    stems: defaultdict[str, set[str]] = defaultdict(set)
    for sense, lines in sections("morphemes.txt"):
        for word in " ".join(lines).split():
            for spelling in _spellings(word.rstrip("*")):
                (stems if word.endswith("*") else words)[spelling].add(sense)
    for stem, senses in stems.items():
        words[stem] |= senses
    return ({word: frozenset(senses) for word, senses in words.items()},
            {stem: frozenset(senses) for stem, senses in stems.items()})  # fmt: skip


def _spellings(word: str) -> set[str]:
    tables = [
        {ord(letter): "" if latin == "_" else latin for letter, latin in zip(_CYRILLIC, way.split(), strict=True)}
        for way in _LATIN
    ]
    plain = word.lower().replace("'", "")
    latin = {spelt for table in tables if (spelt := plain.translate(table)).isascii() and len(spelt) > 2}  # noqa: PLR2004 -- shorter ones mean too much
    return {compact(word)} | (latin if not plain.isascii() else set())


def _rules() -> Iterator[_Rule]:
    for _, lines in sections("meanings.txt"):
        for line in lines:
            category, *said = line.split()
            barred = frozenset(word[1:] for word in said if word.startswith("-"))
            needed = frozenset(word for word in said if not word.startswith("-"))
            yield _Rule(category[:-1], needed, barred, category.endswith("="))


_WORDS, _STEMS = _load()
_PLAIN = _plain()
# Words inside compounds: short ones mean something there only where many compounds have them.
_INSIDE = {
    word: senses for word, senses in _WORDS.items() if len(word) > _BRIEF or (word in _PLAIN and senses <= _FREQUENT)
}
_RULES = tuple(_rules())
