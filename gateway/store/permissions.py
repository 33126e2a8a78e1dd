"""The permission mask beside each profile: set in sets, looked up, and found when due for refresh."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from gateway.foundation.arrays import BLOCK
from gateway.store.errors import BatchRefused
from gateway.store.staging import stage
from gateway.store.subjects import Subjects, as_references, subject_column, subject_table

PERMISSIONS = pa.schema(
    [
        ("subject", BLOCK),
        ("permits", pa.uint64()),
        ("permits_until", pa.timestamp("us", "UTC")),
        ("of_age_from", pa.date32()),
    ]
)
_SELECT = "SELECT subject, permits, permits_until, of_age_from FROM profile_rows"
READ_ROWS = 131_072


def apply_permissions(cursor: Any, table: pa.Table) -> int:
    """Set the masks of the subjects in ``table`` and return how many of them the store knows.

    A subject that stands there twice gets the narrower of the two.
    """
    stage(cursor, "incoming_permissions", _checked(table))
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE permission_chunk AS SELECT subject, bit_and(permits) AS permits, "
        "CASE WHEN bool_and(permits_until IS NOT NULL) THEN min(permits_until) END AS permits_until, "
        "max(of_age_from) AS of_age_from FROM incoming_permissions GROUP BY subject"
    )
    changed = cursor.execute(
        "UPDATE profile_rows AS p SET permits = c.permits, permits_until = c.permits_until, "
        "of_age_from = c.of_age_from FROM permission_chunk AS c WHERE c.subject = p.subject"
    ).fetchone()
    return int(changed[0])


def permissions_of(cursor: Any, refs: Subjects) -> pa.Table:
    """Return the masks of those of ``refs`` that the store knows."""
    cursor.register("asked", subject_table(refs))
    found = cursor.execute(f"{_SELECT} WHERE subject IN (SELECT subject FROM asked)").to_arrow_table()
    cursor.unregister("asked")
    return _typed(found)


def due_for_refresh(cursor: Any, at: dt.datetime) -> Any:
    """Return the references whose mask may have changed by time alone: a consent ran out, a birthday came."""
    found = cursor.execute(
        "SELECT subject FROM profile_rows WHERE permits_until <= ? OR of_age_from <= ? ORDER BY subject",
        [at, at.astimezone(dt.UTC).date()],
    ).to_arrow_table()
    return as_references(found["subject"])


def all_permissions(cursor: Any) -> Iterator[pa.RecordBatch]:
    """Yield every subject's mask, a bounded batch at a time."""
    for batch in cursor.execute(_SELECT).to_arrow_reader(READ_ROWS):
        yield from _typed(pa.Table.from_batches([batch])).to_batches()


def _typed(table: pa.Table) -> pa.Table:
    return table.cast(PERMISSIONS)


def _checked(table: pa.Table) -> pa.Table:
    try:
        typed = table.select(PERMISSIONS.names).cast(PERMISSIONS)
    except (KeyError, pa.ArrowInvalid, pa.ArrowNotImplementedError):
        msg = f"permissions need the columns {', '.join(PERMISSIONS.names)} with their types"
        raise BatchRefused(msg) from None
    subject_column(typed["subject"])
    if typed["permits"].null_count:
        msg = "column `permits`: a mask is never missing; 0 permits nothing"
        raise BatchRefused(msg)
    return typed
