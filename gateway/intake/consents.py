"""Choices out of text. What is not clearly a yes or a no stops its row: never guessed (Art. 4(11), 7(1))."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gateway.intake import proofs
from gateway.intake.moments import INSTANT, days_alone, ended_days, read_instant
from gateway.intake.proofs import Proofs
from gateway.intake.texts import Mask, mask
from gateway.vocabulary.consents import MAY_GIVE, ConsentStatus
from gateway.vocabulary.contracts import ConsentColumn, ConsentForm

SCHEMA = pa.schema(
    [
        ("row", pa.int64()), ("purpose", pa.string()), ("status", pa.string()), ("at", INSTANT),
        ("notice", pa.string()), *proofs.SCHEMA,
    ]
)  # fmt: skip
UNREADABLE, FUTURE, CONTRADICTORY = "not_a_consent", "consent_in_future", "contradictory_consent"
UNPROVEN = "not_a_proof_of_consent"  # of a yes, by the column that cannot be read

_STATED = {
    status.value: status
    for status in (
        ConsentStatus.UNKNOWN,
        ConsentStatus.REQUESTED,
        ConsentStatus.GIVEN,
        ConsentStatus.INVALIDATED,
        ConsentStatus.REFUSED,
        ConsentStatus.WITHDRAWN,
        ConsentStatus.OBJECTED,
        ConsentStatus.RESTRICTED,
    )
}
_EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
_CODES = tuple(ConsentStatus)  # a status is its place in here while it is a number
_NOTHING, _BROKEN = -1, -2


def _folded(text: str) -> str:
    """Return a text without case and accents, so that ``KYLLÄ`` and ``kylla`` are one word."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in apart if not unicodedata.combining(each))


_YES_NO = {
    **{_folded(word): ConsentStatus.GIVEN for word in ("yes", "true", "1", "kyllä", "igen", "так")},
    **{_folded(word): ConsentStatus.REFUSED for word in ("no", "false", "0", "ei", "nem", "ні")},
}
_SHAPE = re.compile(r"(?P<word>\w+)(?:[\s,;:(@/-]+(?P<date>\d[^()]*?)\)?)?")
_DAY_FIRST = re.compile(r"(?P<d>\d{1,2})(?P<mark>[./])(?P<m>\d{1,2})(?P=mark)(?P<y>\d{4})")
_YEAR_FIRST = re.compile(r"(?P<y>\d{4})\. ?(?P<m>\d{1,2})\. ?(?P<d>\d{1,2})\.?")


@dataclass(frozen=True, slots=True)
class Choices:
    """One consent column, read: per row a status as a number (-1 none, -2 unreadable) and an instant (may be null)."""

    column: ConsentColumn
    codes: npt.NDArray[np.int64]
    at: pa.Array
    proofs: Proofs

    def broken(self) -> Mask:
        """Where the value could not be read."""
        return np.equal(self.codes, _BROKEN)

    def later_than(self, at: dt.datetime) -> Mask:
        """Where the choice would have been made after ``at``."""
        return mask(pc.greater(self.at, pa.scalar(at, INSTANT)))

    def undated_after(self, at: dt.datetime) -> Choices:
        """Return the same choices without the instants after ``at``: a no counts now, whatever the source's clock."""
        told = pc.if_else(pa.array(self.later_than(at)), pa.scalar(None, INSTANT), self.at)
        return dataclasses.replace(self, at=told)

    def given(self) -> Mask:
        """Where the answer is yes."""
        return np.equal(self.codes, _CODES.index(ConsentStatus.GIVEN))

    def stated(self) -> Mask:
        """Where there is an answer."""
        return np.greater_equal(self.codes, 0)


def read_choices(texts: pa.Array, column: ConsentColumn, further: Mapping[str, pa.Array], now: dt.datetime) -> Choices:
    """Read a consent column by its distinct values; ``further`` has its other columns as ``ConsentColumn`` names them.

    What shows a choice and cannot be is a fault of a yes and nothing to a no, which counts without it. Of a day alone
    a yes counts from its beginning and a no from its end: nobody can show which came first of the two on one day.
    """
    encoded = texts.dictionary_encode()
    read = [_choice(text, column.form) for text in encoded.dictionary.to_pylist()]
    said = ended_days(
        pa.array([each.at for each in read], INSTANT), np.array([each.no_of_a_day for each in read], np.bool_), now
    )
    codes = pc.take(pa.array([each.code for each in read], pa.int64()), encoded.indices)
    at = pc.take(said, encoded.indices)
    places = pc.fill_null(codes, _NOTHING).to_numpy(zero_copy_only=False)
    given = np.equal(places, _CODES.index(ConsentStatus.GIVEN))
    return Choices(column, places, at, proofs.read_proofs(column, further, given, at))


def contradictions(choices: list[Choices]) -> Mask:
    """Where two columns for one purpose do not both say yes or both say something else."""
    found: Mask = np.zeros(len(choices[0].codes) if choices else 0, np.bool_)
    for place, one in enumerate(choices):
        for other in choices[:place]:
            if one.column.purpose == other.column.purpose:
                found |= one.stated() & other.stated() & (one.given() != other.given())
    return found


def consent_table(choices: list[Choices], kept: Mask) -> pa.Table:
    """Return the choices of the rows kept; ``row`` counts within those."""
    places = np.cumsum(kept) - 1
    words = pa.array([status.value for status in _CODES])
    parts = [SCHEMA.empty_table()]
    for each in choices:
        rows = np.flatnonzero(kept & each.stated())
        same = pa.array(np.zeros(len(rows), np.int64))
        columns = [
            pa.array(places[rows], pa.int64()),
            pc.take(pa.array([str(each.column.purpose)]), same),
            pc.take(words, pa.array(each.codes[rows])),
            pc.take(each.at, pa.array(rows)),
            pc.take(pa.array([each.column.notice], pa.string()), same),
            *each.proofs.at(rows, each.column),
        ]
        parts.append(pa.Table.from_arrays(columns, schema=SCHEMA))
    whole = pa.concat_tables(parts).combine_chunks()
    # One chunk also when there is no row, so that a column is always an array to its reader.
    return (
        whole if whole.num_rows else pa.Table.from_arrays([pa.array([], each.type) for each in SCHEMA], schema=SCHEMA)
    )


@dataclass(frozen=True, slots=True)
class _Choice:
    code: int
    at: dt.datetime | None = None
    no_of_a_day: bool = False


def _choice(text: str, form: ConsentForm) -> _Choice:
    shape = _SHAPE.fullmatch(text)
    known = _YES_NO if form is ConsentForm.YES_DATE else _STATED
    status = known.get(_folded(shape["word"])) if shape else None
    if shape is None or status is None:
        return _Choice(_BROKEN)
    code = _NOTHING if status is ConsentStatus.UNKNOWN else _CODES.index(status)
    if not shape["date"]:
        return _Choice(code)
    date = shape["date"].strip()
    day = _local(date)
    at = day or read_instant(date)
    if at is None or at < _EARLIEST:
        return _Choice(_BROKEN)
    return _Choice(code, at, status not in MAY_GIVE and (day is not None or bool(days_alone(pa.array([date]))[0])))


def _local(text: str) -> dt.datetime | None:
    found = _DAY_FIRST.fullmatch(text) or _YEAR_FIRST.fullmatch(text)
    try:
        return dt.datetime(int(found["y"]), int(found["m"]), int(found["d"]), tzinfo=dt.UTC) if found else None
    except ValueError:
        return None
