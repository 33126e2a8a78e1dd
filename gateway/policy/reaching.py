"""From which day people are of age under a pack, by what is stored of them: nobody gets younger (Art. 8; ADR 10).

What is stored is a day and an age: on that day, at the latest, the person has reached that age. It says as much for any
other age, a year later for each year more and a year earlier for each year less, whatever law comes and goes between.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from gateway.policy.ages import ages_in, oldest_age
from gateway.policy.masks import AGE_UNKNOWN, of_age_from
from gateway.policy.pack import Pack
from gateway.policy.people import age_field
from gateway.policy.standing import flat
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.fields import AgeBand

pc: Any = pyarrow.compute  # its functions are made at import, where no type checker sees them

_DAY = pa.date32()
Years = npt.NDArray[np.int64]


def told(pack: Pack, births: pa.Array, countries: pa.Array, at: dt.datetime) -> pa.Table:
    """Return ``of_age_from`` and ``age_reached`` of people whose dates of birth are told; nothing known where null.

    Whoever has reached the highest age that is asked anywhere is kept as such: a move, or a country that may not be
    kept any longer, then changes nothing.
    """
    asked = oldest_age(pack.catalogue)
    if asked is None:
        return pa.table({"of_age_from": pa.nulls(len(births), _DAY), "age_reached": pa.nulls(len(births), pa.int64())})
    needed = ages_in(asked, countries)
    anywhere = of_age_from(pack, births, at).is_null()
    ages = pc.if_else(anywhere, pa.scalar(asked.highest, pa.int64()), needed.cast(pa.int64()))
    days = of_age_from(pack, births, at, needed)
    return pa.table({"of_age_from": days, "age_reached": pc.if_else(births.is_valid(), ages, None)})


def reached(catalogue: Catalogue, known: pa.Table, at: dt.datetime) -> pa.Table:
    """Return ``of_age_from`` and ``age_reached`` as the catalogue asks, by what is ``known`` of people.

    ``known`` has ``of_age_from`` (date32; null: reached already; ``AGE_UNKNOWN``: nobody knows), ``age_reached``
    (int64, null: nobody knows), and ``country`` and ``band`` (text), the stored age band. Where the day is of no use,
    a band that begins at the age that is asked, or above, shows it.
    """
    days, ages, countries, bands = (
        flat(known.column(name)) for name in ("of_age_from", "age_reached", "country", "band")
    )
    asked = oldest_age(catalogue)
    if asked is None:
        return pa.table({"of_age_from": still_young(days, at), "age_reached": ages})
    needed = ages_in(asked, countries).cast(pa.int64())
    unknown = pc.or_(ages.is_null(), pc.fill_null(pc.equal(days, pa.scalar(AGE_UNKNOWN, _DAY)), False))
    more = np.where(_flags(unknown), 0, _years(needed) - _years(ages))
    by_day = _later(days, more, at)
    shown = pc.and_(pc.or_(unknown, pc.and_(days.is_null(), pa.array(more > 0))), _shown(catalogue, bands, needed))
    day = pc.if_else(unknown, pa.scalar(AGE_UNKNOWN, _DAY), by_day)
    day = still_young(pc.if_else(shown, pa.scalar(None, _DAY), day), at)
    kept = pc.if_else(pc.and_(days.is_null(), pa.array(more <= 0)), ages, needed)
    age = pc.if_else(shown, needed, pc.if_else(unknown, pa.scalar(None, pa.int64()), kept))
    return pa.table({"of_age_from": day, "age_reached": age})


def still_young(of_age: pa.Array, at: dt.datetime) -> pa.Array:
    """Forget the day on which somebody came of age once it has come."""
    return pc.if_else(pc.greater(of_age, pa.scalar(at.astimezone(dt.UTC).date(), _DAY)), of_age, pa.scalar(None, _DAY))


def _later(days: pa.Array, years: Years, at: dt.datetime) -> pa.Array:
    """Move each day by years; whoever had reached the age already had done so today, and no later."""
    today = pa.scalar(at.astimezone(dt.UTC).date(), _DAY)
    reached_already = pc.and_(days.is_null(), pa.array(years <= 0))
    start = pc.fill_null(days, today).cast(pa.int32()).to_numpy().astype("datetime64[D]")
    months = start.astype("datetime64[M]")
    # 29 February of a common year is 1 March: nobody is made older by the calendar.
    moved = (months + 12 * years.astype("timedelta64[M]")).astype("datetime64[D]") + (start - months)
    return pc.if_else(reached_already, pa.scalar(None, _DAY), pa.array(moved.astype(np.int32)).cast(_DAY))


def _shown(catalogue: Catalogue, bands: pa.Array, needed: pa.Array) -> pa.Array:
    """Whether a stored band begins at the age that is asked of the person, or above: bands of the past still do."""
    field, found = age_field(catalogue.fields.values()), pa.array(np.zeros(len(bands), np.bool_))
    if field is None or not isinstance(field.transform, AgeBand):
        return found
    for age in pc.unique(needed).to_pylist():
        old_enough = pc.is_in(bands, value_set=pa.array(field.transform.from_age(age), pa.string()))
        found = pc.or_(found, pc.and_(pc.equal(needed, age), old_enough))
    return found


def _years(ages: pa.Array) -> Years:
    years: Years = pc.fill_null(ages, 0).to_numpy()
    return years


def _flags(column: pa.Array) -> npt.NDArray[np.bool_]:
    flags: npt.NDArray[np.bool_] = column.to_numpy(zero_copy_only=False)
    return flags
