"""Dates and instants out of text: ISO 8601, or the format that the contract gives (as in ``strptime``)."""

from __future__ import annotations

import datetime as dt
import functools
import re

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gateway.intake.texts import Mask, Parsed, by_distinct, mask, no_fault, try_cast, unread

DAY = pa.date32()
INSTANT = pa.timestamp("us", "UTC")

_PARTS = {
    "%Y": r"(?P<Y>\d{4})",
    "%m": r"(?P<m>\d{1,2})",
    "%d": r"(?P<d>\d{1,2})",
    "%H": r"(?P<H>\d{1,2})",
    "%M": r"(?P<M>\d{1,2})",
    "%S": r"(?P<S>\d{1,2})",
}
_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ]00:00(?::00(?:\.0+)?)?(?:Z|[+-]00:00)?")
_DAY_ONLY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DAY_ALONE = r"^(\d{4}-?\d{2}-?\d{2}|\d{4}-?W\d{2}-?\d)$"  # as ISO 8601 writes one
_WEEK = re.compile(r"\d{4}-?W\d{2}")  # it would be read as its Monday
_REST_OF_DAY = pa.scalar(dt.timedelta(days=1) - dt.timedelta(microseconds=1), pa.duration("us"))


def dates(texts: pa.Array, form: str | None) -> Parsed:
    """Read days. A day that does not exist is a fault; so is a time of day other than midnight."""
    if form is not None:
        values, _ = _by_format(texts, form)
        days = pc.cast(values, DAY, safe=False)
        return days, unread(texts, days)
    quick = try_cast(texts, DAY)
    return (quick, no_fault(texts)) if quick is not None else by_distinct(texts, _day, DAY)


def instants(texts: pa.Array, form: str | None) -> Parsed:
    """Read instants to the microsecond; without an offset they are UTC, a day alone is its midnight."""
    if form is not None:
        return _by_format(texts, form)
    for kind in (pa.timestamp("us"), INSTANT):
        quick = try_cast(texts, kind)
        if quick is not None:
            return pc.cast(quick, INSTANT), no_fault(texts)
    return by_distinct(texts, read_instant, INSTANT)


def days_alone(texts: pa.Array) -> Mask:
    """Where a text is a day in ISO 8601 without a time of day."""
    return mask(pc.match_substring_regex(texts, _DAY_ALONE))


def ended_days(days: pa.Array, where: Mask, now: dt.datetime) -> pa.Array:
    """Return midnights with those of ``where`` moved to the end of their day, or to ``now`` where that comes earlier.

    What happened on a day happened at the latest then. A day that is still to come stays as it is.
    """
    end, latest = pc.add(days, _REST_OF_DAY), pa.scalar(now, INSTANT)
    end = pc.if_else(pc.less(end, latest), end, latest)
    return pc.if_else(pa.array(where & mask(pc.greater(end, days))), end, days)


def _day(text: str) -> dt.date | None:
    midnight = _MIDNIGHT.fullmatch(text)
    day = midnight[1] if midnight else text
    try:
        return dt.date.fromisoformat(day) if _DAY_ONLY.fullmatch(day) else None
    except ValueError:
        return None


def read_instant(text: str) -> dt.datetime | None:
    """Read one ISO 8601 day or instant; None when it is none."""
    if _WEEK.fullmatch(text):
        return None
    try:
        read = dt.datetime.fromisoformat(text)
        return read.replace(tzinfo=dt.UTC) if read.tzinfo is None else read.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _by_format(texts: pa.Array, form: str) -> Parsed:
    pattern = _pattern(form)
    if pattern is None:
        return by_distinct(texts, functools.partial(_strptime, form=form), INSTANT)
    found = pc.extract_regex(texts, pattern)
    parts = {
        each: pc.fill_null(pc.cast(pc.struct_field(found, each), pa.int64()), 0).to_numpy(zero_copy_only=False)
        for each in re.findall(r"\?P<(\w)>", pattern)
    }
    micros, exists = _assembled(parts)
    values = pa.array(micros, pa.int64(), mask=~exists | found.is_null().to_numpy(zero_copy_only=False))
    values = values.cast(INSTANT)
    return values, unread(texts, values)


@functools.cache
def _pattern(form: str) -> str | None:
    """Return a regular expression for a format of plain parts, one of each, with a full day; None for any other."""
    pieces = re.split(r"(%.)", form)
    used = [piece for piece in pieces if piece.startswith("%")]
    if not set(used) <= _PARTS.keys() or len(set(used)) < len(used) or not {"%Y", "%m", "%d"} <= set(used):
        return None
    literal = re.compile(r"([.^$*+?{}\[\]\\|()])")
    # Without a mark between them the parts are two digits wide: 20260502.
    tight = re.search(r"%[mdHMS]%|%Y%", form) is not None
    body = "".join(_PARTS[piece] if piece in _PARTS else literal.sub(r"\\\1", piece) for piece in pieces)
    return "^" + (body.replace("{1,2}", "{2}") if tight else body) + "$"


def _assembled(parts: dict[str, npt.NDArray[np.int64]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    year, month, day = parts["Y"], parts["m"], parts["d"]
    months = ((year - 1970) * 12 + month - 1).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + (day - 1)
    exists = (year >= 1) & (month >= 1) & (month <= 12) & (day >= 1) & (days.astype("datetime64[M]") == months)  # noqa: PLR2004 - months
    seconds = np.zeros(len(year), np.int64)
    for part, size, limit in (("H", 3600, 24), ("M", 60, 60), ("S", 1, 60)):
        if part in parts:
            seconds += parts[part] * size
            exists &= parts[part] < limit
    return days.astype("datetime64[us]").astype(np.int64) + seconds * 1_000_000, exists


def _strptime(text: str, form: str) -> dt.datetime | None:
    try:
        read = dt.datetime.strptime(text, form)  # noqa: DTZ007 - a format without an offset means UTC
        return read.replace(tzinfo=dt.UTC) if read.tzinfo is None else read.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None
