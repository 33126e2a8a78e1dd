"""How one column becomes coarser, whole columns at a time."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from gateway.vocabulary.fields import AgeBand, Keep, Month, Prefix, Transform, ValueType

pc: Any = pyarrow.compute  # its functions are made when it is imported: no type checker sees them

TOP_AGE = 90  # few people are older: they share one band

ARROW_TYPES = {
    ValueType.TEXT: pa.string(),
    ValueType.NUMBER: pa.float64(),
    ValueType.INTEGER: pa.int64(),
    ValueType.DATE: pa.date32(),
    ValueType.INSTANT: pa.timestamp("us", "UTC"),
    ValueType.BOOLEAN: pa.bool_(),
}


def generalise(column: pa.Array, transform: Transform, day: dt.date) -> pa.Array:
    """Return a column in the form in which it may be stored; ``day`` is the day of collection.

    ``Redacted`` does not come here: no function of the raw text is safe. It raises TypeError.
    """
    match transform:
        case Keep():
            return column
        case AgeBand(years):
            return age_bands(column, years, day)
        case Prefix(length):
            return pc.utf8_slice_codeunits(column, 0, length)
        case Month():
            return pc.cast(pc.floor_temporal(column, unit="month"), pa.date32())
        case _:
            msg = "a free text is replaced by its redacted form, it has no transform"
            raise TypeError(msg)


def age_bands(births: pa.Array, years: int, day: dt.date) -> pa.Array:
    """Return bands such as ``35-39`` of completed years on ``day``; ``90+`` at the top, null for births to come.

    Who was born on 29 February is a year older from 1 March on in other years.
    """
    labels = [*(_label(age, years) for age in range(TOP_AGE)), f"{TOP_AGE}+"]
    had_birthday = pc.less_equal(
        pc.add(pc.multiply(pc.month(births), 100), pc.day(births)), pa.scalar(day.month * 100 + day.day, pa.int64())
    )
    before = pc.subtract(pa.scalar(day.year, pa.int64()), pc.year(births))
    ages = pc.subtract(before, pc.if_else(had_birthday, 0, 1))
    known = pc.if_else(pc.greater_equal(ages, 0), ages, pa.scalar(None, pa.int64()))
    return pc.take(pa.array(labels, pa.string()), pc.min_element_wise(known, TOP_AGE, skip_nulls=False))


def _label(age: int, years: int) -> str:
    start = age - age % years
    end = min(start + years, TOP_AGE) - 1  # a band never reaches into the top one
    return f"{start}-{end}" if end > start else str(start)


def last_rows(refs: pa.Array) -> pa.Array:
    """Return the places (ascending) of each reference's last row; null references have none."""
    places = pa.array(np.arange(len(refs)), pa.int64())
    rows = pa.table({"ref": refs, "place": places}).filter(refs.is_valid())
    last = rows.group_by("ref", use_threads=False).aggregate([("place", "max")])
    found = last["place_max"]
    return found.take(pc.sort_indices(found))
