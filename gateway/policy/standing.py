"""The governing events of the consent ledger as numbers: each word a code, each person a row."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from gateway.foundation.arrays import Blocks, to_blocks
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentStatus, ExpressedBy
from gateway.vocabulary.purposes import LegalBasis, Purpose

pc: Any = pyarrow.compute  # its functions are made at import, where no type checker sees them

FOREVER = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
FOREVER_US = int((FOREVER - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(microseconds=1))
# Art. 21(1): the right to object is against processing on 6(1)(e) or (f).
_OBJECTABLE = frozenset({LegalBasis.PUBLIC_TASK, LegalBasis.LEGITIMATE_INTERESTS})
# What does not end processing on those bases; any other word does, also one that is not known here.
_HARMLESS = (
    ConsentStatus.GIVEN, ConsentStatus.UNKNOWN, ConsentStatus.REQUESTED, ConsentStatus.EXPIRED, ConsentStatus.LIFTED,
)  # fmt: skip
# What a contract or a legal obligation survives besides: only a restriction ends those.
_SURVIVED = (
    *_HARMLESS, ConsentStatus.REFUSED, ConsentStatus.WITHDRAWN, ConsentStatus.INVALIDATED, ConsentStatus.OBJECTED,
)  # fmt: skip

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Standing:
    """The governing events of known people; ``back`` gives each subject's row among the distinct people."""

    def __init__(self, subjects: pa.Array, standing: pa.Table, at: dt.datetime) -> None:
        person, self.back, self._people = _rows_of(flat(standing["subject"]), flat(subjects))
        if person.min(initial=0) < 0:  # people who are not asked about, or whom nobody names
            standing, person = standing.filter(pa.array(person >= 0)), person[person >= 0]
        self._person: Rows = person
        self._purpose = _Words(standing["purpose"], ALL_PURPOSES)
        self._status = _Words(standing["status"], ConsentStatus.RESTRICTED)
        self._notice = _Words(standing["notice"], None)
        self._by = _Words(standing["by"], None)
        own_end = flat(standing["valid_until"])
        self._guardian_notice = _Words(standing["guardian_notice"], None)
        guardian_at, guardian_end = flat(standing["guardian_at"]), flat(standing["guardian_until"])
        self.has_guardians = guardian_at.null_count < len(guardian_at)
        self._guardian_at: Rows = _numbers(guardian_at, FOREVER_US)
        self._guardian_end: Rows = _numbers(guardian_end, FOREVER_US)
        lifting = flat(standing["no_behind"])
        self._no_behind: Rows = np.asarray(pc.indices_nonzero(lifting), np.int64)
        self._own_end: Rows | None = None if own_end.null_count == len(own_end) else _numbers(own_end, FOREVER_US)
        self._now = (at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
        instants = flat(standing["at"])
        self._at: Rows = _numbers(instants, 0)
        # An event of the future has not happened: it grants nothing and ends no restriction.
        self._past: Flags = self._at <= self._now
        if instants.null_count:
            self._past &= instants.is_valid().to_numpy(zero_copy_only=False)

    def granted(self, purpose: Purpose) -> tuple[Flags, Rows | None]:
        """Return who permits the purpose and, where a yes is needed, the microsecond at which it ends."""
        rows = np.flatnonzero(self._purpose.among((purpose.id,)))
        if purpose.needs_consent:
            return self._consented(purpose, rows)
        granted = np.ones(self._people, np.bool_)
        harmless = _HARMLESS if purpose.legal_basis in _OBJECTABLE else _SURVIVED
        granted[self._person[rows[~self._status.among(harmless, rows)]]] = False
        lifting = self._lifting(purpose)
        if not len(lifting):
            return granted, None
        yes, ends = self._consented(purpose, lifting)
        granted[self._person[lifting]] &= yes[self._person[lifting]]
        return granted, ends

    def asks_for_grown_yes(self, purpose: Purpose) -> Flags | None:
        """Return of whom the purpose needs a yes that a child cannot give alone; None where of nobody."""
        if purpose.needs_consent:
            return None if purpose.minimum_age is None else np.ones(self._people, np.bool_)
        asked = np.zeros(self._people, np.bool_)
        asked[self._person[self._lifting(purpose)]] = True
        return asked if asked.any() else None

    def _lifting(self, purpose: Purpose) -> Rows:
        """Return the rows of a yes that has to count, since it alone has ended a no to a purpose without consent."""
        if purpose.legal_basis not in _OBJECTABLE:
            return np.empty(0, np.int64)
        rows = self._no_behind[self._purpose.among((purpose.id,), self._no_behind)]
        return rows[self._status.among((ConsentStatus.GIVEN, ConsentStatus.EXPIRED), rows)]

    def by_guardian(self, purpose: Purpose) -> Flags:
        """Return for whom a guardian alone spoke."""
        rows = np.flatnonzero(self._purpose.among((purpose.id,)))
        guardian = self._by.among((ExpressedBy.GUARDIAN,), rows)
        spoke = np.zeros(self._people, np.bool_)
        spoke[self._person[rows[guardian]]] = True
        spoke[self._person[rows[~guardian]]] = False
        return spoke

    def behind(self, purpose: Purpose) -> tuple[Flags, Rows]:
        """Return for whom a guardian's yes that counts stands behind the person's own, and when it ends."""
        rows = np.flatnonzero(self._purpose.among((purpose.id,)))
        length = _length(purpose)
        given = self._status.among((ConsentStatus.GIVEN,), rows)
        good = given & (self._guardian_at[rows] <= self._now) & (self._now - self._guardian_at[rows] < length)
        good &= self._now < self._guardian_end[rows]
        if purpose.notices:
            good &= self._guardian_notice.among(purpose.notices, rows)
        stands, ends = np.zeros(self._people, np.bool_), np.full(self._people, FOREVER_US, np.int64)
        stands[self._person[rows[good]]] = True
        stands[self._person[rows[~good]]] = False  # last, so that of two rows the stricter counts
        yes = rows[good]
        np.minimum.at(ends, self._person[yes], np.minimum(self._guardian_at[yes] + length, self._guardian_end[yes]))
        return stands, ends

    def restricted(self) -> Flags:
        """Return whose restriction (Art. 18) holds: any word for all purposes but a past ``lifted``."""
        rows = np.flatnonzero(self._purpose.among((ALL_PURPOSES,)))
        lifted = self._status.among((ConsentStatus.LIFTED,), rows) & self._past[rows]
        restricted = np.zeros(self._people, np.bool_)
        restricted[self._person[rows[~lifted]]] = True
        return restricted

    def _consented(self, purpose: Purpose, rows: Rows) -> tuple[Flags, Rows]:
        granted = np.zeros(self._people, np.bool_)
        ends = np.full(self._people, FOREVER_US, np.int64)
        length = _length(purpose)
        good = self._status.among((ConsentStatus.GIVEN,), rows) & self._past[rows]
        good &= self._now - self._at[rows] < length
        if self._own_end is not None:
            good &= self._now < self._own_end[rows]
        if purpose.notices:
            good &= self._notice.among(purpose.notices, rows)
        yes = rows[good]
        ending = self._at[yes] + length
        if self._own_end is not None:
            ending = np.minimum(ending, self._own_end[yes])
        granted[self._person[yes]] = True
        granted[self._person[rows[~good]]] = False  # last, so that of two rows the stricter counts
        np.minimum.at(ends, self._person[yes], ending)
        return granted, ends


def _length(purpose: Purpose) -> int:
    """Return for how many microseconds a yes counts; one that a purpose needs for nothing else ends by itself only."""
    if not purpose.needs_consent:
        return FOREVER_US
    return (purpose.consent_valid_for or dt.timedelta(0)) // dt.timedelta(microseconds=1)


class _Words:
    """A column of a few words as codes; ``missing`` is what a missing one counts as, None for no word at all."""

    def __init__(self, column: pa.ChunkedArray, missing: str | None) -> None:
        self._codes: npt.NDArray[np.integer[Any]] = np.zeros(len(column), np.int8)
        self._words: list[str | None] = [missing]
        if column.null_count == len(column):
            return
        coded = flat(column)
        if not pa.types.is_dictionary(coded.type):
            coded = coded.dictionary_encode()
        words = [missing if word is None else word for word in coded.dictionary.to_pylist()]
        indices = coded.indices
        self._codes = (indices.fill_null(len(words)) if indices.null_count else indices).to_numpy()
        self._words = [*words, missing]

    def among(self, words: tuple[str, ...], rows: Rows | None = None) -> Flags:
        """Return which of ``rows`` (all, when not given) hold one of ``words``."""
        codes = self._codes if rows is None else self._codes[rows]
        wanted = [code for code, word in enumerate(self._words) if word is not None and word in words]
        found = np.zeros(len(codes), np.bool_)
        for code in wanted:  # a comparison per word is several times as fast as one look-up per row
            found |= codes == code
        return found


def _rows_of(events: pa.Array, subjects: pa.Array) -> tuple[Rows, Rows | None, int]:
    """Return each event's person (-1: nobody asked about), each subject's person, and how many people there are.

    A person is a row of the distinct subjects; None stands for each subject's own row. Where each subject stands once,
    and best where both columns are in order, as the ledger and a sorted query give them, no table need be built.
    """
    if events.null_count == 0:
        people = to_blocks(subjects)
        high = _half(people)
        if _rising(high):
            return _found(to_blocks(events), people, high), None, len(high)
        order = np.argsort(high)
        if _rising(high[order]):
            back = np.empty(len(order), np.int64)
            back[order] = np.arange(len(order))
            return _found(to_blocks(events), people[order], high[order]), back, len(order)
    coded = subjects.dictionary_encode()
    person = pc.index_in(events, value_set=coded.dictionary).fill_null(-1)
    return person.to_numpy().astype(np.int64), coded.indices.to_numpy().astype(np.int64), len(coded.dictionary)


def _found(events: Blocks, people: Blocks, high: npt.NDArray[np.uint64]) -> Rows:
    """Return the row of each event's person among people in order, -1 where there is none."""
    wanted = _half(events)
    if np.array_equal(wanted, high):
        rows = np.arange(len(high))
    elif bool(np.all(wanted[1:] >= wanted[:-1])):
        rows = _searched(high, wanted)
    else:
        order = np.argsort(wanted)
        rows = np.empty(len(order), np.int64)
        rows[order] = _searched(high, wanted[order])
    low, known = _half(events, 8), _half(people, 8)
    return np.where((high[rows] == wanted) & (known[rows] == low), rows, -1)


def _searched(high: npt.NDArray[np.uint64], wanted: npt.NDArray[np.uint64]) -> Rows:
    return np.minimum(np.searchsorted(high, wanted), len(high) - 1)


def _rising(numbers: npt.NDArray[np.uint64]) -> bool:
    return len(numbers) > 0 and bool(np.all(numbers[1:] > numbers[:-1]))


def _half(blocks: Blocks, start: int = 0) -> npt.NDArray[np.uint64]:
    """Return eight bytes of each reference as a number, so that numbers sort as references do."""
    return np.ascontiguousarray(blocks).view(">u8")[:, start // 8].astype(np.uint64)


def _numbers(column: pa.Array, missing: int) -> Rows:
    numbers = column.cast(pa.int64())
    result: Rows = (numbers.fill_null(missing) if numbers.null_count else numbers).to_numpy()
    return result


def flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column as one array."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
