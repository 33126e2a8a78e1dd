"""Who permits what at an instant: one bit per purpose and person, from what each has said. Columns in, columns out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from gateway.foundation.errors import InvalidInput
from gateway.policy.pack import Pack
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentStatus
from gateway.vocabulary.purposes import LegalBasis, Purpose

pc: Any = pyarrow.compute  # its functions are made at import, where no type checker sees them

INSTANT = pa.timestamp("us", tz="UTC")
STANDING = pa.schema(
    {"subject": pa.binary(16), "purpose": pa.string(), "status": pa.string(), "at": INSTANT, "notice": pa.string()}
)
FOREVER = dt.datetime(9999, 12, 31, tzinfo=dt.UTC)
_FOREVER_US = int((FOREVER - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(microseconds=1))
# The day of coming of age of somebody whose date of birth is not known: never, until it is.
AGE_UNKNOWN = dt.date(9999, 12, 31)
# Art. 21(1): the right to object is against processing on 6(1)(e) or (f).
_OBJECTABLE = frozenset({LegalBasis.PUBLIC_TASK, LegalBasis.LEGITIMATE_INTERESTS})
# What does not end processing on those bases; any other word does, also one that is not known here.
_HARMLESS = (ConsentStatus.GIVEN, ConsentStatus.UNKNOWN, ConsentStatus.EXPIRED, ConsentStatus.LIFTED)
# What a contract or a legal obligation survives besides: only a restriction ends those.
_SURVIVED = (*_HARMLESS, ConsentStatus.REFUSED, ConsentStatus.WITHDRAWN, ConsentStatus.OBJECTED)

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def permission_masks(
    pack: Pack, subjects: pa.Array, standing: pa.Table, of_age_from: pa.Array, at: dt.datetime
) -> pa.Table:
    """Return for each of ``subjects`` (binary(16), no nulls) its permissions at the instant ``at``.

    ``standing`` has the governing event per subject and purpose: ``subject`` binary(16), ``purpose`` text (``*`` for a
    restriction), ``status`` text, ``at`` timestamp[us, UTC], ``notice`` text. ``of_age_from`` (date32, aligned with
    ``subjects``) is the day from which the person is of age; null where that is no question,
    ``AGE_UNKNOWN`` where nobody knows.

    The result is aligned with ``subjects``: ``permits`` uint64, one bit per purpose, and ``permits_until``
    timestamp[us, UTC], the first instant at which one of those bits may end by itself (9999-12-31 when none does).
    Missing means no. Two rows for one subject and purpose count as the stricter. Raises ``InvalidInput`` on columns of
    the wrong type or length, or a naive instant.
    """
    _check(subjects, of_age_from, at)
    said = _Standing(subjects, _typed(standing), at)
    of_age = _of_age(of_age_from, at)
    restricted = said.restricted()
    permits = np.zeros(len(subjects), np.uint64)
    until = np.full(len(subjects), _FOREVER_US, np.int64)
    for purpose in pack.catalogue.purposes.values():
        granted, ends = said.granted(purpose)
        rows = (granted & ~restricted)[said.back]
        if purpose.minimum_age is not None:
            rows &= of_age
        permits[rows] |= np.uint64(1 << purpose.bit)
        if ends is not None:
            np.minimum(until, ends[said.back], out=until, where=rows)
    return pa.table({"permits": pa.array(permits), "permits_until": pa.array(until, pa.int64()).cast(INSTANT)})


def of_age_from(pack: Pack, birth_dates: pa.Array, at: dt.datetime) -> pa.Array:
    """Return from which day each person (date32) is of age for every purpose of the pack, as date32.

    Null for those who are of age at ``at``; ``AGE_UNKNOWN`` where the date of birth is not known: closed by default.
    For the others it is the first day of the month after the birthday (Art. 8), so that the date of birth is not kept
    in another form (Art. 5(1)(c)).
    """
    ages = [item.minimum_age for item in pack.catalogue.purposes.values() if item.minimum_age is not None]
    births = _flat(birth_dates)
    if births.type != pa.date32():
        raise InvalidInput("dates of birth are a date32 column")
    if not ages:
        return pa.nulls(len(births), pa.date32())
    days = births.cast(pa.int32()).fill_null(0).to_numpy().astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    in_month = (days - months.astype("datetime64[D]")).astype(np.int64)
    now = at.astimezone(dt.UTC)
    today = np.datetime64(now.date(), "D")
    this_month = today.astype("datetime64[M]")
    birthday = months + np.timedelta64(12 * max(ages), "M")
    reached = (birthday < this_month) | ((birthday == this_month) & (in_month < now.day))
    first = (birthday + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int32)
    dated = pa.array(first, pa.int32(), mask=reached).cast(pa.date32())
    return pc.if_else(births.is_valid(), dated, pa.scalar(AGE_UNKNOWN, pa.date32()))


class _Standing:
    """The governing events, each as a row number into the distinct subjects."""

    def __init__(self, subjects: pa.Array, standing: pa.Table, at: dt.datetime) -> None:
        coded = _flat(subjects).dictionary_encode()
        self.people: pa.Array = coded.dictionary
        self.back: Rows = coded.indices.to_numpy().astype(np.int64)
        person = pc.index_in(_flat(standing["subject"]), value_set=self.people)
        known = person.is_valid()
        self._person: Rows = person.drop_null().to_numpy().astype(np.int64)
        events = standing.filter(known)
        self._purpose: pa.Array = _flat(events["purpose"]).fill_null(ALL_PURPOSES)
        self._status: pa.Array = _flat(events["status"]).fill_null(ConsentStatus.RESTRICTED)
        self._notice: pa.Array = _flat(events["notice"])
        self._now = _microseconds(at)
        instants = _flat(events["at"]).cast(pa.int64())
        self._at: Rows = instants.fill_null(0).to_numpy()
        # An event of the future has not happened: it grants nothing and ends no restriction.
        self._past: Flags = _flags(instants.is_valid()) & (self._at <= self._now)

    def granted(self, purpose: Purpose) -> tuple[Flags, Rows | None]:
        """Return who permits the purpose and, for a consent, the microsecond at which it ends."""
        rows = np.flatnonzero(_flags(pc.equal(self._purpose, str(purpose.id))))
        if purpose.needs_consent:
            return self._consented(purpose, rows)
        granted = np.ones(len(self.people), np.bool_)
        harmless = _HARMLESS if purpose.legal_basis in _OBJECTABLE else _SURVIVED
        granted[self._person[rows[~self._has(rows, *harmless)]]] = False
        return granted, None

    def restricted(self) -> Flags:
        """Return whose restriction (Art. 18) holds: any word for all purposes but a past ``lifted``."""
        rows = np.flatnonzero(_flags(pc.equal(self._purpose, str(ALL_PURPOSES))))
        lifted = self._has(rows, ConsentStatus.LIFTED) & self._past[rows]
        restricted = np.zeros(len(self.people), np.bool_)
        restricted[self._person[rows[~lifted]]] = True
        return restricted

    def _consented(self, purpose: Purpose, rows: Rows) -> tuple[Flags, Rows]:
        granted = np.zeros(len(self.people), np.bool_)
        ends = np.full(len(self.people), _FOREVER_US, np.int64)
        length = (purpose.consent_valid_for or dt.timedelta(0)) // dt.timedelta(microseconds=1)
        good = self._has(rows, ConsentStatus.GIVEN) & self._past[rows] & (self._now - self._at[rows] < length)
        if purpose.notices:
            good &= _flags(pc.is_in(self._notice.take(pa.array(rows)), value_set=pa.array(purpose.notices)))
        yes = rows[good]
        granted[self._person[yes]] = True
        granted[self._person[rows[~good]]] = False  # last, so that of two rows the stricter counts
        np.minimum.at(ends, self._person[yes], self._at[yes] + length)
        return granted, ends

    def _has(self, rows: Rows, *statuses: ConsentStatus) -> Flags:
        return _flags(pc.is_in(self._status.take(pa.array(rows)), value_set=pa.array([str(item) for item in statuses])))


def _of_age(column: pa.Array, at: dt.datetime) -> Flags:
    today = pa.scalar(at.astimezone(dt.UTC).date(), pa.date32())
    return _flags(pc.less_equal(_flat(column), today).fill_null(True))


def _check(subjects: pa.Array, ages: pa.Array, at: dt.datetime) -> None:
    if at.tzinfo is None:
        raise InvalidInput("the instant of a permission mask has an offset")
    if subjects.type != pa.binary(16) or subjects.null_count:
        raise InvalidInput("subjects are a column of 16-byte references without nulls")
    if ages.type != pa.date32() or len(ages) != len(subjects):
        raise InvalidInput("of_age_from is a date32 column as long as subjects")


def _typed(standing: pa.Table) -> pa.Table:
    missing = [name for name in STANDING.names if name not in standing.column_names]
    if missing:
        raise InvalidInput(f"standing lacks the columns {', '.join(missing)}")
    try:
        return standing.select(STANDING.names).cast(STANDING)
    except pa.ArrowException:
        raise InvalidInput("standing has a column of another type than subject, purpose, status, at, notice") from None


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if not isinstance(column, pa.ChunkedArray):
        return column
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _flags(column: Any) -> Flags:
    result: Flags = column.to_numpy(zero_copy_only=False).astype(np.bool_)
    return result


def _microseconds(at: dt.datetime) -> int:
    return (at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)
