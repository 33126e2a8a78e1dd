"""Streets in a text, in any case: a row's own, shortened, with or without its number; others' beside a second sign."""

# ruff: noqa: RUF001 -- Ukrainian words

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from gateway.detection.folding import fold
from gateway.detection.inflection import beginning_of, forms_of
from gateway.detection.searching import GLUED, Places, code, names

_LETTERS = re.compile(r"[^\W\d_]+")
_SHORTEST = 3  # letters of a street's own word
_ALONE = 5  # letters of one that is known without its number
_LONGEST_TYPE = 16
_FAR = 3  # characters between the words of a street
_TYPE_TEXT = """street st road rd avenue ave lane drive close court way place gardens square terrace crescent utca u
    utja ut ter korut krt koz setany sor fasor вул вулиця вулиці вулицею вулицю просп пр проспект проспекту проспекті
    бул бульвар бульварі бульвару пров провулок провулку площа площі пл шосе набережна узвіз узвозі tie katu kuja polku
    bulevardi"""
_REST_TEXT = """буд кв м обл під flat apartment apt unit floor as asunto rappu em emelet ajto fszt hsz lh"""
_TYPES = frozenset(fold(word) for word in _TYPE_TEXT.split())
_PLAIN = _TYPES | frozenset(fold(word) for word in _REST_TEXT.split())
_KIND = (
    r"(?:street|road|avenue|lane|drive|close|court|way|place|gardens|square|terrace|crescent|st|rd|ave|cl|ln|dr|sq|gdns|pl"
    r"|(?:utca|utja|korut|setany|fasor)[a-z]{0,6}|(?:ut|ter|koz|sor)(?:on|en|ra|re|rol|nal|ban|ben|bol)?|u|krt"
    r"|(?:вулиц|проспект|бульвар|провул|площ|узв|набережн)[а-яі]{0,4}|вул|просп|бул|пров|пл)(?![^\W\d_])"
)
_TYPE_BEFORE = re.compile(rf"(?<![^\W\d_]){_KIND}[ .]{{1,2}}$")
_TYPE = re.compile(r"[ .\-]{1,2}(?:[^\W\d_]\. ?)?" + _KIND)  # Kossuth L. u.
_GLUED_TYPE = re.compile(r"[^\W\d_]{3,}(?:tie|katu|kuja|polku|raitti|vagen|gatan|strase|gasse)(?![^\W\d_])")
_GLUED_FORM = re.compile(r"[a-z]{3}(?:tie|katu|kadu|kuja|polku|polu|raiti|bulevardi)[a-z]{1,4}$")
_LONGEST, _MOST = 40, 5  # letters of a word, words of a street
_WORDS = 65_536
_HOUSE = re.compile(r"(?:[ ,.]{1,2}(?:[^\W\d_]{1,8}\.?[ ,]{1,2})?[0-9]{1,4}(?:[ /\-]?[a-zа-яіїє](?![^\W\d_]))?)?")
_BEFORE = re.compile(r"(?:[0-9]{1,4}[a-z]?,? {1,2})$")


@dataclass(frozen=True, slots=True)
class _Street:
    words: tuple[str, ...]  # its own, without such as street
    number: str


@lru_cache(maxsize=65_536)
def _street(address: str) -> _Street:
    parts = re.split(r"[,;\n]", address)
    typed = [part for part in parts if _GLUED_TYPE.search(part) or not _TYPES.isdisjoint(_LETTERS.findall(part))]
    for part in [*typed, *parts]:
        words = [word for word in _LETTERS.findall(part) if len(word) >= _SHORTEST]
        own = tuple(word for word in words if word not in _PLAIN)
        if own:
            number = re.search("[0-9]+", part + "," + address.partition(part)[2])
            return _Street(own, number.group() if number else "")
    words = [word for word in _LETTERS.findall(address) if len(word) >= _SHORTEST]
    return _Street(tuple(words), "")


def address_words(address: str) -> list[str]:
    """Return the words of a folded address one of which its street is known by, without such as street."""
    words = [word for word in _LETTERS.findall(address) if len(word) >= _SHORTEST]
    return [word for word in words if word not in _PLAIN] or words


def addresses(folded: str, address: str) -> Places:
    """Return the places of a folded address: its street as one phrase or beside its kind, and the number it has."""
    street = _street(address)
    places = code(folded, address) if len(address) >= GLUED else []
    runs = _runs(sorted({place for word in street.words for place in names(folded, word)}))
    for low, high, count in runs:
        start, end = _with_type(folded, low, high)
        house = _HOUSE.match(folded, end)
        until = house.end() if house is not None else end
        before = _BEFORE.search(folded, max(0, start - 8), start)
        numbered = street.number and street.number in re.findall("[0-9]+", folded[end:until])
        whole = count >= len(street.words)
        # One short word is a street only beside its number: a High Street's customer may write of high prices.
        firm = whole and (count > 1 or high - low >= _ALONE or until > end)
        if firm or numbered or (start, end) != (low, high):
            start = before.start() if before is not None and street.number in before.group() else start
            places.append((start, until))
    return places


@dataclass(slots=True, eq=False)
class KnownStreets:
    """Streets of a customer base, looked up by the letters that their first words begin with."""

    listed: dict[str, set[tuple[str, ...]]] = field(default_factory=dict)
    seen: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)  # by the words of texts

    @classmethod
    def of(cls, streets: Iterable[str]) -> KnownStreets:
        """Take street names, folded or not, with the word for street or without."""
        known = cls()
        for street in streets:
            words = tuple(street_words(fold(street))[:_MOST])
            if words and words[0] not in _PLAIN:
                known.listed.setdefault(beginning_of(words[0]), set()).add(words)
        return known

    def places(self, folded: str, text: str) -> Places:
        """Return where a street stands beside a number or the word for street, or as two words under capitals."""
        found = [*_LETTERS.finditer(folded)] if self.listed else []
        places: Places = []
        for at, word in enumerate(found):
            begun = self._begun(word.group())
            if not begun or (places and word.start() < places[-1][1]):
                continue
            spoken = [one.group() for one in found[at : at + _MOST]]
            size = max((len(street) for street in begun if _stands(street, spoken)), default=0)
            if size:
                places += _second_sign(folded, text, word.start(), found[at + size - 1].end())
        return places

    def _begun(self, word: str) -> list[tuple[str, ...]]:
        """The streets that begin with a word; words met before are remembered, up to a number."""
        known = self.seen.get(word)
        if known is None:
            if len(self.seen) >= _WORDS:
                self.seen.clear()
            starts = (word[:size] for size in range(1, min(len(word), _LONGEST) + 1))
            known = [
                street for start in starts for street in self.listed.get(start, ()) if _is_form(word, street[0])
            ]  # fmt: skip
            self.seen[word] = known
        return known


def _stands(street: tuple[str, ...], spoken: list[str]) -> bool:
    return len(street) <= len(spoken) and all(map(_is_form, spoken, street))


@lru_cache(maxsize=65_536)
def _is_form(word: str, name: str) -> bool:
    return any(
        word.startswith(stem) and word[len(stem) :] in ends for one in forms_of(name) for stem, ends in one.stems
    )


def street_words(street: str) -> list[str]:
    """Return the words of a folded street name without such as street, unless it has no others."""
    words = [word for word in _LETTERS.findall(street) if len(word) >= _SHORTEST]
    return [word for word in words if word not in _TYPES] or words


def _second_sign(folded: str, text: str, low: int, high: int) -> Places:
    start, end = _with_type(folded, low, high)
    house, before = _HOUSE.match(folded, end), _BEFORE.search(folded, max(0, start - 8), start)
    until = house.end() if house is not None else end
    numbered = until > end or before is not None
    several = " " in folded[low:high] and text[low].isupper()
    glued = text[low].isupper() and is_compound(folded[low:high])
    if not (numbered or (start, end) != (low, high) or several or glued):
        return []
    return [(before.start() if before is not None else start, until)]


def is_compound(street: str) -> bool:
    """Tell whether the word for street is the end of a folded word, in any form: Mannerheimintiellä."""
    return _GLUED_TYPE.match(street) is not None or _GLUED_FORM.search(street) is not None


def _runs(found: Places) -> list[tuple[int, int, int]]:
    """Words side by side as one run, with their number."""
    runs: list[tuple[int, int, int]] = []
    for low, high in found:
        if runs and low < runs[-1][1]:
            continue
        if runs and low - runs[-1][1] <= _FAR:
            runs[-1] = (runs[-1][0], high, runs[-1][2] + 1)
        else:
            runs.append((low, high, 1))
    return runs


def _with_type(folded: str, low: int, high: int) -> tuple[int, int]:
    """The run with the word for street behind it or before it."""
    kind = _TYPE.match(folded, high)
    end = kind.end() if kind is not None else high
    before = _TYPE_BEFORE.search(folded, max(0, low - _LONGEST_TYPE), low)
    return before.start() if before is not None else low, end
