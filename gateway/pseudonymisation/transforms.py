"""How one column becomes coarser, whole columns at a time."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from gateway.vocabulary.fields import (
    TOP_AGE,
    AgeBand,
    Band,
    Bucket,
    Keep,
    Month,
    Prefix,
    Rounded,
    TopCode,
    Transform,
    ValueType,
    Year,
)

pc: Any = pyarrow.compute  # its functions are made when it is imported: no type checker sees them

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

    A missing value stays missing. ``Redacted`` does not come here, no function of the raw text is safe, nor does
    ``Drop``, of which nothing is stored: both raise TypeError.
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
        case Year():
            return pc.cast(pc.floor_temporal(column, unit="year"), pa.date32())
        case _:
            return _coarser(column, transform)


def _coarser(column: pa.Array, transform: Transform) -> pa.Array:
    """Return numbers and texts in a coarser form."""
    match transform:
        case Band(edges):
            return bands(column, edges)
        case Rounded(step):
            return rounded(column, step)
        case TopCode(limit):
            return pc.min_element_wise(column, pa.scalar(limit, column.type), skip_nulls=False)
        case Bucket(number):
            return buckets(column, number)
        case _:
            msg = "a free text is replaced by its redacted form, and what is dropped has none"
            raise TypeError(msg)


def age_bands(births: pa.Array, years: int, day: dt.date) -> pa.Array:
    """Return bands such as ``35-39`` of completed years on ``day``; ``90+`` at the top, null for births to come.

    Who was born on 29 February is a year older from 1 March on in other years.
    """
    band = AgeBand(years)
    labels = [band.label(age) for age in range(TOP_AGE + 1)]
    had_birthday = pc.less_equal(
        pc.add(pc.multiply(pc.month(births), 100), pc.day(births)), pa.scalar(day.month * 100 + day.day, pa.int64())
    )
    before = pc.subtract(pa.scalar(day.year, pa.int64()), pc.year(births))
    ages = pc.subtract(before, pc.if_else(had_birthday, 0, 1))
    known = pc.if_else(pc.greater_equal(ages, 0), ages, pa.scalar(None, pa.int64()))
    return pc.take(pa.array(labels, pa.string()), pc.min_element_wise(known, TOP_AGE, skip_nulls=False))


def bands(numbers: pa.Array, edges: tuple[int, ...]) -> pa.Array:
    """Return the band of each number: ``<10``, ``10-50`` (10 and up to, not with, 50), ``50+``; null for no number."""
    labels = list(Band(edges).reaches())
    values = pc.fill_null(numbers, 0).to_numpy(zero_copy_only=False)
    places = np.searchsorted(np.array(edges, values.dtype), values, side="right")
    return pa.array(labels, pa.string()).take(pa.array(places, mask=_no_number(numbers, values)))


def rounded(numbers: pa.Array, step: int) -> pa.Array:
    """Return the nearest multiple of ``step``; a half goes up. Null where the result would not fit the type."""
    values = pc.fill_null(numbers, 0).to_numpy(zero_copy_only=False)
    if pa.types.is_integer(numbers.type):
        rest = values % step
        low = values - rest
        result = low + step * (rest >= step - rest)
        wrapped = (low > values) | (result < low)
        return pa.array(result, numbers.type, mask=_no_number(numbers, values) | wrapped)
    with np.errstate(over="ignore", invalid="ignore"):
        result = np.floor(values / step + 0.5) * step
    return pa.array(result, numbers.type, mask=_no_number(numbers, result))


def buckets(texts: pa.Array, number: int) -> pa.Array:
    """Return one of ``number`` names by SHA-256 of the text's UTF-8 bytes: the same on every machine and day."""
    coded = texts.dictionary_encode()  # a hash per distinct text, not per row
    names = [_bucket(text, number) for text in coded.dictionary.to_pylist()]
    return pa.array(names, pa.string()).take(coded.indices)


def _bucket(text: str, number: int) -> str:
    place = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % number
    return f"b{place:0{len(str(number - 1))}}"


def _no_number(numbers: pa.Array, values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Return where a column has no number, or one without end."""
    missing: npt.NDArray[np.bool_] = numbers.is_null().to_numpy(zero_copy_only=False)
    return missing if values.dtype.kind == "i" else missing | ~np.isfinite(values)


def last_rows(refs: pa.Array) -> pa.Array:
    """Return the places (ascending) of each reference's last row; null references have none."""
    places = pa.array(np.arange(len(refs)), pa.int64())
    rows = pa.table({"ref": refs, "place": places}).filter(refs.is_valid())
    last = rows.group_by("ref", use_threads=False).aggregate([("place", "max")])
    found = last["place_max"]
    return found.take(pc.sort_indices(found))
