"""A row's own identifiers, found again in its free text: names in any form, numbers in any grouping.

Columns are prepared at once, and each row keeps the few characters without which none of an identifier's forms can
stand in a text: most identifiers are in most texts not named, and that is all they cost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from gateway.detection.dates import date_keys, dates
from gateway.detection.folding import fold, tidy
from gateway.detection.near import SHORTEST, could_be_near, heads_of, is_near
from gateway.detection.searching import (
    Places,
    apart,
    bare,
    code,
    crosses,
    exact,
    name_words,
    names,
)
from gateway.detection.spans import Rank, Span
from gateway.detection.streets import address_words, addresses

_RUN = re.compile(r"\+?[ (]{0,2}[0-9](?:[ \n\t().\-/]{0,4}[0-9])*")
_NO_DIGIT = re.compile("[^0-9]")
_WORD = re.compile(rf"[^\W\d_]{{{SHORTEST},}}")
_TAIL = 7  # digits by which a phone number is known, whatever stands before them
_FEWEST_DIGITS = 5
_BESIDE = (1, 2)  # characters between the parts of a name
_INITIAL = r"(?:Sz|Zs|Cs|Gy|Ny|Ty|Ly|Dz|[^\W\d_a-zà-ÿа-яіїєґ])"
_INITIAL_BEFORE = re.compile(rf"(?<![^\W_])(?:{_INITIAL}(?:\.[ -]?|-)){{1,3}}$")
_INITIAL_AFTER = re.compile(rf",? (?:{_INITIAL}\.[ -]?){{1,3}}(?<![ -])")
_INITIALS = 9  # characters that they take
NAMES = frozenset({"given_name", "family_name", "full_name"})
_COMMON_LOCALS = frozenset(
    {"info", "mail", "email", "sales", "office", "admin", "contact", "hello", "posti", "webshop"}
)
_NUMBERED = re.compile(rf"[^\W\d_]{{1,4}}[-_/ #]?([0-9]{{{_FEWEST_DIGITS},}})")
_LOCAL = 4  # letters of a local part; shorter ones are words
_PARTICLE = re.compile(r"(?<![^\W_])[^\W\d_]{1,3}(?=['-][^\W\d_])")
_SPELLINGS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "Å": "Aa"})
_SEPARATOR = "\0"
Keys = str | tuple[str, ...]  # one as such, for there are many rows


def _own_names(folded: str, name: str) -> Places:
    """With what is too short to be looked for: the O of O'Brien."""
    particles = _particles(name)
    return [(_with_particle(folded, low, particles), high) for low, high in names(folded, name)]


@lru_cache(maxsize=65_536)
def _particles(name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_PARTICLE.findall(name)))


def _with_particle(folded: str, low: int, particles: tuple[str, ...]) -> int:
    for particle in particles:
        start = low - 1 - len(particle)
        if (
            start >= 0
            and folded[start : low - 1] == particle
            and folded[low - 1] in "' -"
            and apart(folded, start, low - 1)
        ):
            return start
    return low


def _with_initials(text: str, low: int, high: int) -> tuple[int, int]:
    """A name with the initials beside it: capitals, since other letters before a full stop are words cut short."""
    before = _INITIAL_BEFORE.search(text, max(0, low - _INITIALS), low) if low and text[low - 1] in ". -" else None
    after = _INITIAL_AFTER.match(text, high)
    return before.start() if before is not None else low, after.end() if after is not None else high


def _name_keys(name: str) -> Keys:
    return _keys(forms.prefix for forms in name_words(name))


def _keys(prefixes: Iterable[str]) -> Keys:
    found = tuple(dict.fromkeys(prefixes))
    return found[0] if len(found) == 1 else found


def _emails(folded: str, email: str) -> Places:
    local = _local(email)
    return exact(folded, email) + [(low, high) for low, high in exact(folded, local) if apart(folded, low, high)]


def _local(email: str) -> str:
    local = email.partition("@")[0]
    return local if len(local) >= _LOCAL and local not in _COMMON_LOCALS else ""


def _phones(folded: str, phone: str) -> Places:
    tail = _phone_key(phone)
    if len(tail) < _FEWEST_DIGITS or not tail.isdigit():
        return code(folded, phone)
    return [run.span() for run in _RUN.finditer(folded) if tail in _NO_DIGIT.sub("", run.group())]


def _phone_key(phone: str) -> str:
    digits = _NO_DIGIT.sub("", phone)
    if len(digits) < _FEWEST_DIGITS:
        return bare(phone)
    significant = digits.lstrip("0")
    return significant[-_TAIL:] if len(significant) > _TAIL + 1 else significant[-(_TAIL - 1) :]


def _codes(folded: str, value: str) -> Places:
    """A code with its letters, or its number alone where that is long enough."""
    number = _number(value)
    alone = [place for place in exact(folded, number) if apart(folded, *place)] if number else []
    return code(folded, value) + alone


def _number(value: str) -> str:
    found = _NUMBERED.fullmatch(value) if value[:1].isalpha() else None
    return found.group(1) if found is not None else ""


@dataclass(frozen=True, slots=True)
class _Kind:
    """How identifiers of a kind are looked for: by ``find``, where one of its keys stands in the text's letters."""

    find: Callable[[str, str], Places]
    keys: Callable[[str], Keys]


_NAME = _Kind(_own_names, _name_keys)
_ADDRESS = _Kind(addresses, lambda value: _keys(one.prefix for w in address_words(value) for one in name_words(w)))
_CODE = _Kind(_codes, lambda value: _number(value) or bare(value))
_KINDS = {
    "given_name": _NAME, "family_name": _NAME, "full_name": _NAME, "city": _NAME, "street_address": _ADDRESS,
    "address": _ADDRESS, "email": _Kind(_emails, lambda value: bare(_local(value) or value)),
    "phone": _Kind(_phones, _phone_key), "birth_date": _Kind(dates, date_keys),
}  # fmt: skip


class _Column(NamedTuple):
    category: str
    find: Callable[[str, str], Places]
    words: _Kind | None  # the kind of those that may be written in another alphabet
    values: Sequence[str]
    keys: Sequence[Keys]


class OwnIdentifiers:
    """The identifier columns of a batch, by category; each row's values are looked for in its own text."""

    def __init__(self, own: Mapping[str, Sequence[str | None]]) -> None:
        self._columns = [_column(category, values) for category, values in own.items()]

    def spans(self, row: int, folded: str, text: str) -> list[Span]:
        """Return where a row's identifiers stand in ``text``, of which ``folded`` is the folded form.

        The capitals of ``text`` tell where a name may be meant that has a slip in it.
        """
        found: list[Span] = []
        missing: list[tuple[str, str]] = []
        letters = bare(folded)
        for category, find, words, values, keys in self._columns:
            wanted, key = values[row], keys[row]
            if not wanted:
                continue
            stands = key in letters if isinstance(key, str) else any(one in letters for one in key)
            if stands or (words is not None and crosses(folded, wanted)):
                places = find(folded, wanted)
                if words is _NAME and category in NAMES:
                    places = [_with_initials(text, low, high) for low, high in places]
                found += [Span(low, high, category, Rank.OWN) for low, high in places]
                if places:
                    continue
            if words is _NAME and category in NAMES:
                missing.append((category, wanted))
        return found + _slips(folded, text, missing, found) if missing else found


def _column(category: str, values: Sequence[str | None]) -> _Column:
    kind = _KINDS.get(category, _CODE)
    folded = _folded([_spelt(value) for value in values] if kind is _NAME else values)
    known = {value: kind.keys(value) for value in set(folded)}
    return _Column(
        category, kind.find, kind if kind in (_NAME, _ADDRESS) else None, folded, [known[value] for value in folded]
    )


def _folded(values: Sequence[str | None]) -> list[str]:
    """Fold a whole column; nothing where a value is missing, empty or made of invisible characters."""
    joined = _SEPARATOR.join(value or "" for value in values)
    if joined.isascii() and joined.count(_SEPARATOR) == len(values) - 1:
        return [value.strip() for value in fold(joined).split(_SEPARATOR)]
    return [_fold(value) if value else "" for value in values]


def _spelt(name: str | None) -> str | None:
    """A name with the spelling that it has where no key for its letters is: Mäki, Maeki."""
    if name is None or name.isascii():
        return name
    composed = tidy(name)
    spelling = composed.translate(_SPELLINGS)
    return f"{composed} {spelling}" if spelling != composed else name


@lru_cache(maxsize=65_536)
def _fold(value: str) -> str:
    return fold(tidy(value)).strip()


def _slips(folded: str, text: str, wanted: list[tuple[str, str]], found: list[Span]) -> list[Span]:
    spans: list[Span] = []
    heads = frozenset[str]().union(*(heads_of(name) for _, name in wanted))
    for word in _WORD.finditer(folded):
        if not could_be_near(word.group(), heads):
            continue
        start, end = word.span()
        if any(one.start < end and start < one.end for one in found):
            continue
        beside = text[start].isupper() or any(start - one.end in _BESIDE or one.start - end in _BESIDE for one in found)
        spans += [
            Span(_with_particle(folded, start, _particles(name)), end, category, Rank.OWN)
            for category, name in wanted
            if is_near(word.group(), name, beside=beside)
        ]
    return spans
