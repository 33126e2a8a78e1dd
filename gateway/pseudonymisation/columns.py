"""A parsed batch becomes a pseudonymised one; the Permit alone says which columns, and in which form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute

from gateway.pseudonymisation.errors import IdentifierKept, NotRedacted
from gateway.pseudonymisation.transforms import ARROW_TYPES, generalise, last_rows
from gateway.vocabulary.batches import ParsedBatch, PseudonymisedBatch
from gateway.vocabulary.contracts import SourceKind
from gateway.vocabulary.decisions import Permit, PermittedColumn
from gateway.vocabulary.fields import Keep, Redacted
from gateway.vocabulary.names import BatchId, FieldId

pc: Any = pyarrow.compute  # its functions are made when it is imported: no type checker sees them

RESERVED = frozenset({"subject", "event", "at"})


def pseudonymise(
    parsed: ParsedBatch,
    refs: pa.Array,
    redacted: Mapping[FieldId, pa.Array],
    permit: Permit,
    *,
    batch: BatchId,
    at: dt.datetime,
) -> PseudonymisedBatch:
    """Keep the columns that ``permit`` names, in its form, under the subjects' references.

    ``refs`` is ``pa.binary(16)`` beside the rows; a null leaves its row out. ``redacted`` has the redacted form of each
    free text. Of several profile rows of one subject the last one stays; events all stay. ``at`` is the instant of
    collection, to which ages refer. Raises NotRedacted for a permitted free text without its redacted form,
    IdentifierKept for an identifier without a coarser form, ValueError for columns of unequal length.
    """
    _refuse_kept_identifiers(permit)
    columns = {
        name: _stored(parsed, redacted, column, at)
        for name, column in permit.columns.items()
        if column.field in parsed.fields.column_names
    }
    if RESERVED & columns.keys():
        msg = "a stored column is not called subject, event or at"
        raise ValueError(msg)
    table = pa.table({"subject": refs.cast(pa.binary(16)), **_happening(parsed), **columns})
    table = table.take(last_rows(refs)) if parsed.kind is SourceKind.PROFILES else table.filter(refs.is_valid())
    return PseudonymisedBatch(parsed.source, batch, parsed.kind, table.combine_chunks())


def _refuse_kept_identifiers(permit: Permit) -> None:
    for column in permit.columns.values():
        if column.field in permit.identifiers and isinstance(column.transform, Keep):
            msg = f"field `{column.field}` is an identifier: give it a coarser form in the catalogue, or no column"
            raise IdentifierKept(msg, reasons=("identifier_kept",))


def _stored(
    parsed: ParsedBatch, redacted: Mapping[FieldId, pa.Array], column: PermittedColumn, at: dt.datetime
) -> pa.Array:
    if isinstance(column.transform, Redacted):
        if column.field not in redacted:
            msg = f"field `{column.field}` has no redacted form; its raw text is not stored"
            raise NotRedacted(msg, reasons=("not_redacted",))
        value = redacted[column.field]
    else:
        raw = parsed.fields.column(column.field)
        value = generalise(raw, column.transform, at.astimezone(dt.UTC).date())
    if len(value) != parsed.fields.num_rows:
        msg = f"field `{column.field}`: its column is not as long as the batch"
        raise ValueError(msg)
    return pc.cast(value, ARROW_TYPES[column.type])


def _happening(parsed: ParsedBatch) -> dict[str, pa.Array]:
    """Return what an event has beside its properties."""
    if parsed.kind is SourceKind.PROFILES:
        return {}
    if parsed.event is None or parsed.at is None:
        msg = "a batch of events has the event's name and the instants"
        raise ValueError(msg)
    return {"event": pa.array([parsed.event] * parsed.fields.num_rows, pa.string()), "at": parsed.at}
