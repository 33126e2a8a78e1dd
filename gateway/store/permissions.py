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
_SELECT = "SELECT person, subject, permits, permits_until, of_age_from"
_KNOWN = pa.schema([("person", pa.int64()), *PERMISSIONS])
READ_ROWS = 131_072


def apply_permissions(cursor: Any, table: pa.Table) -> int:
    """Set the masks of the subjects in ``table`` and return how many of them the store knows.

    A subject that stands there twice gets the narrower of the two. Where the table has the ``person`` that
    ``permissions_of`` gave for each, their rows are found by it: rows lie in its order, and none is scanned.
    """
    stage(cursor, "incoming_permissions", _checked(table))
    found = (
        "c.person = p.person AND c.subject = p.subject" if "person" in table.column_names else "c.subject = p.subject"
    )
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE permission_chunk AS SELECT subject, any_value(person) AS person, "
        "bit_and(permits) AS permits, "
        "CASE WHEN bool_and(permits_until IS NOT NULL) THEN min(permits_until) END AS permits_until, "
        "max(of_age_from) AS of_age_from FROM incoming_permissions GROUP BY subject"
    )
    changed = cursor.execute(
        "UPDATE profile_rows AS p SET permits = c.permits, permits_until = c.permits_until, "
        f"of_age_from = c.of_age_from FROM permission_chunk AS c WHERE {found}"
    ).fetchone()
    return int(changed[0])


def permissions_of(cursor: Any, refs: Subjects, country: str | None = None) -> pa.Table:
    """Return the masks of those of ``refs`` that the store knows.

    ``country`` names the stored column of a text that comes with them under that name: where each lives.
    """
    chosen = _SELECT if country is None else f'{_SELECT}, "{country}" AS country'
    cursor.register("asked", subject_table(refs))
    rows = cursor.execute(f"{chosen} FROM profile_rows WHERE subject IN (SELECT subject FROM asked)").to_arrow_table()
    cursor.unregister("asked")
    return rows.cast(_KNOWN if country is None else _KNOWN.append(pa.field("country", pa.string())))


def due_for_refresh(cursor: Any, at: dt.datetime) -> Any:
    """Return the references whose mask may have changed by time alone: a consent ran out, a birthday came."""
    found = cursor.execute(
        "SELECT subject FROM profile_rows WHERE permits_until <= ? OR of_age_from <= ? ORDER BY subject",
        [at, at.astimezone(dt.UTC).date()],
    ).to_arrow_table()
    return as_references(found["subject"])


def all_permissions(cursor: Any) -> Iterator[pa.RecordBatch]:
    """Yield every subject's mask, a bounded batch at a time."""
    for batch in cursor.execute(f"{_SELECT} FROM profile_rows").to_arrow_reader(READ_ROWS):
        yield from pa.Table.from_batches([batch]).cast(_KNOWN).to_batches()


def _checked(table: pa.Table) -> pa.Table:
    if "person" not in table.column_names:
        table = table.append_column("person", pa.nulls(table.num_rows, pa.int64()))
    try:
        typed = table.select(_KNOWN.names).cast(_KNOWN)
    except (KeyError, pa.ArrowInvalid, pa.ArrowNotImplementedError):
        msg = f"permissions need the columns {', '.join(PERMISSIONS.names)} with their types"
        raise BatchRefused(msg) from None
    subject_column(typed["subject"])
    if typed["permits"].null_count:
        msg = "column `permits`: a mask is never missing; 0 permits nothing"
        raise BatchRefused(msg)
    return typed
