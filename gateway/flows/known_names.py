"""Which names of the customer base a column of texts may mention: only those go on to detection."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import pyarrow as pa

from gateway.detection.folding import fold, tidy
from gateway.detection.inflection import romanised
from gateway.detection.names import KnownNames, lexicon
from gateway.vault.borne import BorneNames

MOST = 500_000  # distinct names of one batch that are remembered while it is read
_WORD = re.compile(r"[^\W\d_]{2,}")
_PARTS = re.compile(r"[^\W\d_]+")
_JOINTS = str.maketrans("", "", "'-")
_LONGEST = 12  # letters of a beginning
_CHANGING = 4  # letters at the end of a name that an inflection may change; of a short one (Лев: Льва) all but one
_FEWEST = 2  # letters of a name

Beginnings = list[tuple[str, str]]  # each name, and letters that all its forms begin with


@dataclass(frozen=True, slots=True)
class _Prepared:
    given: Beginnings = field(default_factory=list)
    family: Beginnings = field(default_factory=list)

    def add(self, names: BorneNames) -> None:
        self.given.extend(_beginnings(names.given))
        self.family.extend(_beginnings(names.family))


class Gazetteer:
    """The names of the customer base and of the batch that is being read, for one journey."""

    def __init__(self, base: Callable[[], BorneNames]) -> None:
        self._base = base
        self._batch = _Prepared()

    def add(self, names: BorneNames) -> None:
        """Remember names that came with this batch, up to a number."""
        if len(self._batch.given) + len(self._batch.family) < MOST:
            self._batch.add(names)

    def mentioned(self, texts: pa.Array) -> KnownNames:
        """Return the names that a word of these texts may be a form of."""
        starts = {word[:end] for word in _words(texts) for end in range(1, min(len(word), _LONGEST) + 1)}
        if not starts:
            return KnownNames()
        base = _prepared(self._base())
        return KnownNames(
            frozenset(_of((*base.given, *self._batch.given), starts)),
            frozenset(_of((*base.family, *self._batch.family), starts)),
        )


def forget() -> None:
    """Let detection drop the names that it was given."""
    lexicon.cache_clear()


_READY: WeakKeyDictionary[BorneNames, _Prepared] = WeakKeyDictionary()  # goes with the vault's own copy


def _prepared(names: BorneNames) -> _Prepared:
    ready = _READY.get(names)
    if ready is None:
        ready = _Prepared()
        ready.add(names)
        _READY[names] = ready
    return ready


def _of(names: Iterable[tuple[str, str]], starts: set[str]) -> Iterator[str]:
    return (name for name, beginning in names if beginning in starts)


def _words(texts: pa.Array) -> set[str]:
    words: set[str] = set()
    for text in texts.unique().drop_null().to_pylist():
        folded = fold(tidy(text))
        words.update(_WORD.findall(folded), _WORD.findall(folded.translate(_JOINTS)))
    return words


def _beginnings(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        folded = fold(name)
        for part in {folded.translate(_JOINTS), *_PARTS.findall(folded)}:
            for written in {part, romanised(part)}:
                if len(written) >= _FEWEST:
                    yield name, written[: min(_LONGEST, max(1, len(written) - _CHANGING))]
