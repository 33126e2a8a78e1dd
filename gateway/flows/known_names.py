"""Which names of the customer base a column of texts may mention: only those go on to detection."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import pyarrow as pa

from gateway.detection.folding import fold, tidy
from gateway.detection.inflection import beginning_of, romanised
from gateway.detection.names import KnownNames, lexicon
from gateway.detection.redaction import forget_streets
from gateway.detection.streets import street_words
from gateway.vault.borne import BorneNames

MOST = 500_000  # distinct names of one batch that are remembered while it is read
_WORD = re.compile(r"[^\W\d_]{2,}")
_PARTS = re.compile(r"[^\W\d_]+")
_JOINTS = str.maketrans("", "", "'-")
_LONGEST = 12  # letters of a beginning
_FEWEST = 2  # letters of a name


@dataclass(slots=True)
class _Prepared:
    """Names by letters that all their forms begin with: what a text costs does not grow with the names."""

    given: dict[str, list[str]] = field(default_factory=dict)
    family: dict[str, list[str]] = field(default_factory=dict)
    streets: dict[str, list[str]] = field(default_factory=dict)
    count: int = 0

    def add(self, names: BorneNames) -> None:
        for known, new, beginnings in (
            (self.given, names.given, _beginnings),
            (self.family, names.family, _beginnings),
            (self.streets, names.streets, _street_beginnings),
        ):
            for name in new:
                for beginning in beginnings(name):
                    known.setdefault(beginning, []).append(name)
            self.count += len(new)


class Gazetteer:
    """The names of the customer base and of the batch that is being read, for one journey."""

    def __init__(self, base: Callable[[], BorneNames]) -> None:
        self._base = base
        self._batch = _Prepared()
        self._last = KnownNames()

    def add(self, names: BorneNames) -> None:
        """Remember names that came with this batch, up to a number."""
        if self._batch.count < MOST:
            self._batch.add(names)

    def mentioned(self, texts: pa.Array) -> KnownNames:
        """Return the names that a word of these texts may be a form of."""
        starts = {word[:end] for word in _words(texts) for end in range(1, min(len(word), _LONGEST) + 1)}
        if not starts:
            return KnownNames()
        base, batch = _prepared(self._base()), self._batch
        given = frozenset(_of((base.given, batch.given), starts))
        family = frozenset(_of((base.family, batch.family), starts))
        streets = frozenset(_of((base.streets, batch.streets), starts))
        last = self._last
        if (given, family, streets) != (last.given, last.family, last.streets):
            self._last = KnownNames(given, family, streets)
        return self._last


def forget() -> None:
    """Let detection drop the names that it was given."""
    lexicon.cache_clear()
    forget_streets()


_READY: WeakKeyDictionary[BorneNames, _Prepared] = WeakKeyDictionary()  # goes with the vault's own copy


def _prepared(names: BorneNames) -> _Prepared:
    ready = _READY.get(names)
    if ready is None:
        ready = _Prepared()
        ready.add(names)
        _READY[names] = ready
    return ready


def _of(known: Iterable[dict[str, list[str]]], starts: set[str]) -> Iterator[str]:
    return (name for names in known for start in starts & names.keys() for name in names[start])


def _words(texts: pa.Array) -> set[str]:
    words: set[str] = set()
    for text in texts.unique().drop_null().to_pylist():
        folded = fold(tidy(text))
        words.update(_WORD.findall(folded), _WORD.findall(folded.translate(_JOINTS)))
    return words


def _beginnings(name: str) -> set[str]:
    folded = fold(name)
    parts = {folded.translate(_JOINTS), *_PARTS.findall(folded)}
    written = {form for part in parts for form in (part, romanised(part)) if len(form) >= _FEWEST}
    return {beginning_of(form)[:_LONGEST] for form in written}


def _street_beginnings(street: str) -> set[str]:
    words = street_words(fold(street))
    return {beginning_of(form)[:_LONGEST] for word in words[:1] for form in (word, romanised(word))}
