"""Raw text columns become catalogue fields, typed; a row with one value that cannot be read is set aside whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gateway.intake import consents, moments, values
from gateway.intake.texts import Mask, Parsed, clean, has_nul, mask, no_fault
from gateway.vocabulary.batches import ParsedBatch, QuarantinedRow, RawBatch, Refusals
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.consents import ConsentStatus
from gateway.vocabulary.contracts import ConsentColumn, FieldColumn, SourceContract, SourceKind
from gateway.vocabulary.fields import AgeBand, Field, ValueType

_FAULTS = {
    ValueType.NUMBER: "not_a_number",
    ValueType.INTEGER: "not_an_integer",
    ValueType.DATE: "not_a_date",
    ValueType.INSTANT: "not_an_instant",
    ValueType.BOOLEAN: "not_a_boolean",
}
_FIRST_BIRTH = dt.date(1900, 1, 1)
_FIRST_EVENT = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
_AHEAD = dt.timedelta(days=1)  # clocks and time zones differ; more is an error


def parse(raw: RawBatch, contract: SourceContract, catalogue: Catalogue, *, at: dt.datetime) -> ParsedBatch:
    """Read the declared columns of a batch into fields, choices and instants, as of ``at``.

    Rows that cannot be read in full are in ``quarantined`` only, each with the first reason found (a code and a field,
    never the value). Ignored columns are left behind here.
    """
    faults = _Faults(raw.table.num_rows)
    fields = _fields(raw, contract, catalogue, faults, at)
    _need_identifier(fields, contract, faults)
    choices = _choices(raw, contract, faults, at)
    instants = _instants(raw, contract, faults, at)
    kept = faults.none()
    return ParsedBatch(
        source=raw.source,
        kind=contract.kind,
        fields=_kept(pa.table(fields), kept),
        consents=consents.consent_table(choices, kept),
        at=None if instants is None else instants.filter(pa.array(kept)),
        undeclared=_kept(_undeclared(raw, contract), kept),
        lines=raw.lines[kept],
        quarantined=(*raw.quarantined, *faults.rows(raw)),
        event=contract.event,
        refusals=_refusals(fields, choices, contract, ~kept),
    )


class _Faults:
    """The first reason why each row cannot be taken."""

    def __init__(self, rows: int) -> None:
        self._codes = np.zeros(rows, np.int64)
        self._reasons = [""]

    def note(self, reason: str, where: Mask) -> None:
        """Set rows aside that have no reason yet."""
        if where.any():
            self._codes[where & (self._codes == 0)] = len(self._reasons)
            self._reasons.append(reason)

    def none(self) -> Mask:
        """Which rows are fine."""
        fine: Mask = self._codes == 0
        return fine

    def rows(self, raw: RawBatch) -> Iterator[QuarantinedRow]:
        """Return the rows set aside, as JSON of what they held."""
        places = np.flatnonzero(self._codes)
        held = raw.table.take(pa.array(places)).to_pylist() if len(places) else []
        for place, row in zip(places.tolist(), held, strict=True):
            yield QuarantinedRow(int(raw.lines[place]), self._reasons[self._codes[place]], msgspec.json.encode(row))


def _column(raw: RawBatch, name: str) -> pa.Array:
    """Return a column cleaned; one that JSON lines never mentioned is all null."""
    if name not in raw.table.column_names:
        return pa.nulls(raw.table.num_rows, pa.string())
    return clean(raw.table.column(name))


def _fields(
    raw: RawBatch, contract: SourceContract, catalogue: Catalogue, faults: _Faults, at: dt.datetime
) -> dict[str, pa.Array]:
    found: dict[str, pa.Array] = {}
    for name, column in contract.columns.items():
        if not isinstance(column, FieldColumn):
            continue
        texts = _column(raw, name)
        faults.note(f"nul_character:{column.field}", has_nul(texts))
        field = catalogue.fields[column.field]
        typed, unread = _typed(texts, field.type, column.format)
        faults.note(f"{_FAULTS.get(field.type, 'unreadable')}:{field.id}", unread)
        faults.note(f"absurd_date:{field.id}", _absurd(typed, field, at))
        # Two columns for one field (home and work phone): the first that says something counts.
        found[field.id] = pc.coalesce(found[field.id], typed) if field.id in found else typed
    return found


def _typed(texts: pa.Array, kind: ValueType, form: str | None) -> Parsed:
    match kind:
        case ValueType.TEXT:
            return texts, no_fault(texts)
        case ValueType.NUMBER:
            return values.numbers(texts, form)
        case ValueType.INTEGER:
            return values.integers(texts, form)
        case ValueType.DATE:
            return moments.dates(texts, form)
        case ValueType.INSTANT:
            return moments.instants(texts, form)
        case ValueType.BOOLEAN:
            return values.booleans(texts)


def _absurd(typed: pa.Array, field: Field, at: dt.datetime) -> Mask:
    """Dates of birth before 1900 or to come; whatever becomes an age band is one."""
    if not isinstance(field.transform, AgeBand) or field.type is not ValueType.DATE:
        return np.zeros(len(typed), np.bool_)
    early = pc.less(typed, pa.scalar(_FIRST_BIRTH, moments.DAY))
    late = pc.greater(typed, pa.scalar(at.astimezone(dt.UTC).date(), moments.DAY))
    return mask(pc.or_(early, late))


def _need_identifier(fields: dict[str, pa.Array], contract: SourceContract, faults: _Faults) -> None:
    known = np.zeros(len(faults.none()), np.bool_)
    for identifier in contract.subject:
        if identifier in fields:
            known |= mask(fields[identifier].is_valid())
    faults.note("no_identifier", ~known)


def _choices(raw: RawBatch, contract: SourceContract, faults: _Faults, at: dt.datetime) -> list[consents.Choices]:
    found: list[consents.Choices] = []
    for name, column in contract.columns.items():
        if not isinstance(column, ConsentColumn):
            continue
        further = {said: _column(raw, beside) for said, beside in column.further.items()}
        choices = consents.read_choices(_column(raw, name), column, further, at)
        faults.note(f"{consents.UNREADABLE}:{column.purpose}", choices.broken())
        faults.note(f"{consents.FUTURE}:{column.purpose}", choices.given() & choices.later_than(at))
        for beside, bad in choices.proofs.faults:
            faults.note(f"{consents.UNPROVEN}:{beside}", bad)
        found.append(choices.undated_after(at))
    if found:
        faults.note(consents.CONTRADICTORY, consents.contradictions(found))
    return found


def _instants(raw: RawBatch, contract: SourceContract, faults: _Faults, at: dt.datetime) -> pa.Array | None:
    if contract.kind is not SourceKind.EVENTS:
        return None
    texts = _column(raw, contract.time or "")  # a contract without a time column: no row has one
    read, unread = moments.instants(texts, contract.time_format)
    faults.note("no_time", mask(texts.is_null()))
    faults.note("not_an_instant", unread)
    faults.note("event_in_future", mask(pc.greater(read, pa.scalar(at + _AHEAD, moments.INSTANT))))
    faults.note("absurd_time", mask(pc.less(read, pa.scalar(_FIRST_EVENT, moments.INSTANT))))
    return read


def _refusals(
    fields: dict[str, pa.Array], choices: list[consents.Choices], contract: SourceContract, aside: Mask
) -> Refusals | None:
    """Return what is not a yes in rows that were set aside; a yes waits until its row can be read."""
    if not choices or not aside.any():
        return None
    said = consents.consent_table(choices, aside)
    said = said.filter(pc.not_equal(said.column("status"), ConsentStatus.GIVEN.value))
    if said.num_rows == 0:
        return None
    identifiers = pa.table({name: fields[name] for name in contract.subject if name in fields})
    return Refusals(_kept(identifiers, aside), said)


def _undeclared(raw: RawBatch, contract: SourceContract) -> pa.Table:
    declared = {*contract.columns, contract.time}
    return raw.table.select([name for name in raw.table.column_names if name not in declared])


def _kept(table: pa.Table, kept: Mask) -> pa.Table:
    if kept.all() or not table.num_columns:
        return table.combine_chunks()
    return table.filter(pa.array(kept)).combine_chunks()
