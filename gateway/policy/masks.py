"""Who permits what at an instant: one bit per purpose and person, from what each has said. Columns in, columns out."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from gateway.foundation.errors import InvalidInput
from gateway.policy.ages import oldest_age
from gateway.policy.pack import Pack
from gateway.policy.standing import FOREVER_US, Flags, Rows, Standing, flat

pc: Any = pyarrow.compute  # its functions are made at import, where no type checker sees them

INSTANT = pa.timestamp("us", tz="UTC")
STANDING = pa.schema(
    {"subject": pa.binary(16), "purpose": pa.string(), "status": pa.string(), "at": INSTANT, "notice": pa.string()}
)
# Who expressed it, the yes's own end, the guardian's yes that stands behind it, and whether a no does: a table without
# these columns says itself, no end of its own, no guardian and no such no.
FURTHER = {
    "by": pa.string(),
    "valid_until": INSTANT,
    "guardian_at": INSTANT,
    "guardian_notice": pa.string(),
    "guardian_until": INSTANT,
    "no_behind": pa.bool_(),
}
_WHOLE = pa.schema([*STANDING, *FURTHER.items()])
# The day of coming of age of somebody whose date of birth is not known: never, until it is.
AGE_UNKNOWN = dt.date(9999, 12, 31)


def permission_masks(
    pack: Pack, subjects: pa.Array, standing: pa.Table, of_age_from: pa.Array, at: dt.datetime
) -> pa.Table:
    """Return for each of ``subjects`` (binary(16), no nulls) its permissions at the instant ``at``.

    ``standing`` has the governing event per subject and purpose: ``subject`` binary(16), ``purpose`` text (``*`` for a
    restriction), ``status`` text, ``at`` timestamp[us, UTC], ``notice`` text; it may have ``by`` text and
    ``valid_until`` timestamp[us, UTC]. ``of_age_from`` (date32, aligned with ``subjects``) is the day from which the
    person is of age; null where that is no question, ``AGE_UNKNOWN`` where nobody knows. A guardian's yes counts at
    any age, a child's own does not (Art. 8(1)); nor does it replace the guardian's, which ``guardian_at``,
    ``guardian_notice`` and ``guardian_until`` tell of where it stands behind the child's own. Where ``no_behind``
    (bool), a yes that does not count leaves the no that came before it.

    The result is aligned with ``subjects``: ``permits`` uint64, one bit per purpose, and ``permits_until``
    timestamp[us, UTC], the first instant at which one of those bits may end by itself (9999-12-31 when none does).
    Missing means no. Two rows for one subject and purpose count as the stricter. Raises ``InvalidInput`` on columns of
    the wrong type or length, or a naive instant.
    """
    _check(subjects, of_age_from, at)
    said = Standing(subjects, _typed(standing), at)
    of_age = _of_age(of_age_from, at)
    grown = _days_us(of_age_from)
    restricted = said.restricted()
    permits = np.zeros(len(subjects), np.uint64)
    until = np.full(len(subjects), FOREVER_US, np.int64)
    for purpose in pack.catalogue.purposes.values():
        granted, ends = said.granted(purpose)
        rows, last = _each(granted, said.back), None if ends is None else _each(ends, said.back)
        asked = None if of_age.all() else said.asks_for_grown_yes(purpose)
        if asked is not None:
            child, own = ~of_age & _each(asked, said.back), rows
            rows = own & (~child | _each(said.by_guardian(purpose), said.back))
            if last is not None and said.has_guardians:
                behind, stop = (_each(each, said.back) for each in said.behind(purpose))
                behind = behind & child
                rows, last = rows | behind, np.where(behind, _carried(stop, grown, own, last), last)
        rows &= ~_each(restricted, said.back)
        permits |= rows.astype(np.uint64) << np.uint64(purpose.bit)
        if last is not None:
            np.minimum(until, last, out=until, where=rows)
    return pa.table({"permits": pa.array(permits), "permits_until": pa.array(until, pa.int64()).cast(INSTANT)})


def of_age_from(pack: Pack, birth_dates: pa.Array, at: dt.datetime, ages: pa.Array | None = None) -> pa.Array:
    """Return from which day each person (date32) is of age for every purpose of the pack, as date32.

    ``ages`` (int32, aligned, no nulls) has the age that is asked of each, as ``ages_in`` gives it for where they live;
    the highest of the pack where it is not given: closed by default.

    Null for those who are of age at ``at``; ``AGE_UNKNOWN`` where the date of birth is not known: closed by default.
    For the others it is the first day of the month after the birthday (Art. 8), so that the date of birth is not kept
    in another form (Art. 5(1)(c)).
    """
    asked = oldest_age(pack.catalogue)
    births = flat(birth_dates)
    if births.type != pa.date32():
        raise InvalidInput("dates of birth are a date32 column")
    if asked is None:
        return pa.nulls(len(births), pa.date32())
    years = np.int64(asked.highest) if ages is None else flat(ages).to_numpy().astype(np.int64)
    days = births.cast(pa.int32()).fill_null(0).to_numpy().astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    in_month = (days - months.astype("datetime64[D]")).astype(np.int64)
    now = at.astimezone(dt.UTC)
    today = np.datetime64(now.astimezone(dt.UTC).date(), "D")
    this_month = today.astype("datetime64[M]")
    birthday = months + (12 * years).astype("timedelta64[M]")
    reached = (birthday < this_month) | ((birthday == this_month) & (in_month < now.day))
    first = (birthday + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int32)
    dated = pa.array(first, pa.int32(), mask=reached).cast(pa.date32())
    return pc.if_else(births.is_valid(), dated, pa.scalar(AGE_UNKNOWN, pa.date32()))


def _each(people: npt.NDArray[Any], back: Rows | None) -> npt.NDArray[Any]:
    """Return what holds of people for each subject."""
    return people if back is None else people[back]


def _of_age(column: pa.Array, at: dt.datetime) -> Flags:
    today = pa.scalar(at.astimezone(dt.UTC).date(), pa.date32())
    days = flat(column)
    if days.null_count == len(days):
        return np.ones(len(days), np.bool_)
    result: Flags = pc.less_equal(days, today).fill_null(True).to_numpy(zero_copy_only=False)
    return result


def _carried(stop: Rows, grown: Rows, own: Flags, own_end: Rows) -> Rows:
    """Return when a child's permission ends: with the guardian's yes, or at the day of coming of age.

    From that day the person's own yes is all that counts, where it holds.
    """
    return np.where(own & (stop >= grown), np.maximum(own_end, grown), np.minimum(stop, grown))


def _days_us(column: pa.Array) -> Rows:
    """Return the first microsecond of each day; of none, the last that there is."""
    days = flat(column).cast(pa.timestamp("us")).cast(pa.int64())
    found: Rows = (days.fill_null(FOREVER_US) if days.null_count else days).to_numpy()
    return found


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
        for name, kind in FURTHER.items():
            if name not in standing.column_names:
                standing = standing.append_column(name, pa.nulls(standing.num_rows, kind))
        return pa.table({field.name: _of_type(standing[field.name], field.type) for field in _WHOLE})
    except pa.ArrowException:
        raise InvalidInput("standing has a column of another type than subject, purpose, status, at, notice") from None


def _of_type(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Return the column in its type; words that come as a dictionary stay one, for their codes are what is needed."""
    coded = pa.types.is_string(kind) and pa.types.is_dictionary(column.type)
    return column if coded and pa.types.is_string(column.type.value_type) else column.cast(kind)
