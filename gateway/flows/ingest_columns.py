"""What a contract says of columns that guide the reading of others."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from gateway.vocabulary.batches import ParsedBatch
from gateway.vocabulary.contracts import FieldColumn, SourceContract
from gateway.vocabulary.names import FieldId


def regions_of(parsed: ParsedBatch, contract: SourceContract) -> pa.Array | None:
    """The country per row that phone numbers without a country code are read in."""
    for column in contract.columns.values():
        if isinstance(column, FieldColumn) and (column.region or column.region_column):
            if column.region_column is None:
                return pa.array([column.region]).take(pa.array(np.zeros(parsed.fields.num_rows, np.int32)))
            named = contract.columns.get(column.region_column)
            if isinstance(named, FieldColumn) and named.field in parsed.fields.column_names:
                return parsed.fields.column(named.field).combine_chunks()
    return None


def languages_of(parsed: ParsedBatch, contract: SourceContract, text: FieldId) -> pa.Array | None:
    """The language per row of a free text, where the contract tells."""
    for column in contract.columns.values():
        if isinstance(column, FieldColumn) and column.field == text:
            if column.language:
                return pa.array([column.language]).take(pa.array(np.zeros(parsed.fields.num_rows, np.int32)))
            named = contract.columns.get(column.language_column or "")
            if isinstance(named, FieldColumn) and named.field in parsed.fields.column_names:
                return parsed.fields.column(named.field).combine_chunks()
    return None
