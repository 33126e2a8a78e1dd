"""Columns of subject references at the store's door."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import pyarrow as pa

from gateway.foundation.arrays import BLOCK
from gateway.store.errors import BatchRefused
from gateway.vocabulary.names import SubjectReference

Subjects: TypeAlias = Iterable[SubjectReference]  # or an Arrow column of 16-byte values, which is one


def subject_column(refs: Subjects) -> Any:
    """Return ``refs`` as a column of 16-byte values without nulls.

    :raises BatchRefused: when they are anything else.
    """
    column = refs if isinstance(refs, pa.Array | pa.ChunkedArray) else _from_bytes(refs)
    if column.type != BLOCK or column.null_count:
        msg = "column `subject`: a column of 16-byte subject references without nulls is needed"
        raise BatchRefused(msg)
    return column


def subject_table(refs: Subjects) -> pa.Table:
    """Return ``refs`` as a table of one column, ``subject``."""
    return pa.table({"subject": subject_column(refs)})


def as_references(column: Any) -> Any:
    """Return a column of DuckDB blobs as 16-byte values."""
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.binary())
    return column.cast(BLOCK)


def _from_bytes(refs: Iterable[SubjectReference]) -> Any:
    try:
        return pa.array(list(refs), BLOCK)
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError):
        msg = "column `subject`: a subject reference has 16 bytes"
        raise BatchRefused(msg) from None
