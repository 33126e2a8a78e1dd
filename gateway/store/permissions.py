"""The permission mask beside each profile: set in sets, looked up, and found when due for refresh."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from gateway.foundation.arrays import BLOCK
from gateway.store.errors import BatchRefused
from gateway.store.schema import DUCKDB_TYPES, PROFILE_ROWS, STAMP, instant, physical_columns
from gateway.store.staging import stage
from gateway.store.subjects import Subjects, as_references, subject_column, subject_table
from gateway.vocabulary.fields import ValueType

PERMISSIONS = pa.schema(
    [
        ("subject", BLOCK),
        ("permits", pa.uint64()),
        ("permits_until", pa.timestamp("us", "UTC")),
        ("of_age_from", pa.date32()),
        ("age_reached", pa.int64()),  # in years, on that day at the latest; by now, where there is none
    ]
)
_SELECT = "SELECT person, subject, permits, permits_until, of_age_from, age_reached"
_KNOWN = pa.schema([("person", pa.int64()), *PERMISSIONS])
READ_ROWS = 131_072
# By the name that it is to have: a stored column of texts, and since when its values were collected; None for no such.
Texts = Mapping[str, tuple[str, dt.datetime] | None]
NO_TEXTS: Texts = {}


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
        "max(of_age_from) AS of_age_from, "
        "CASE WHEN bool_and(age_reached IS NOT NULL) THEN min(age_reached) END AS age_reached "
        "FROM incoming_permissions GROUP BY subject"
    )
    changed = cursor.execute(
        "UPDATE profile_rows AS p SET permits = c.permits, permits_until = c.permits_until, "
        f"of_age_from = c.of_age_from, age_reached = c.age_reached FROM permission_chunk AS c WHERE {found}"
    ).fetchone()
    return int(changed[0])


def permissions_of(cursor: Any, refs: Subjects, texts: Texts = NO_TEXTS) -> pa.Table:
    """Return the masks of those of ``refs`` that the store knows, with the texts of ``texts`` beside them."""
    cursor.register("asked", subject_table(refs))
    rows = cursor.execute(
        f"{_chosen(cursor, texts)} FROM profile_rows WHERE subject IN (SELECT subject FROM asked)"
    ).to_arrow_table()
    cursor.unregister("asked")
    return rows.cast(_schema(texts))


def due_for_refresh(cursor: Any, at: dt.datetime) -> Any:
    """Return the references whose mask may have changed by time alone: a consent ran out, a birthday came."""
    found = cursor.execute(
        "SELECT subject FROM profile_rows WHERE permits_until <= ? OR of_age_from <= ? ORDER BY subject",
        [at, at.astimezone(dt.UTC).date()],
    ).to_arrow_table()
    return as_references(found["subject"])


def all_permissions(cursor: Any, texts: Texts = NO_TEXTS) -> Iterator[pa.RecordBatch]:
    """Yield every subject's mask, with ``texts`` beside it, a bounded batch at a time."""
    schema = _schema(texts)
    for batch in cursor.execute(f"{_chosen(cursor, texts)} FROM profile_rows").to_arrow_reader(READ_ROWS):
        yield from pa.Table.from_batches([batch]).cast(schema).to_batches()


def _chosen(cursor: Any, texts: Texts) -> str:
    """Return the columns as SQL; a text that is not stored, or was collected too long ago, is missing."""
    stored = physical_columns(cursor, PROFILE_ROWS)
    shown = []
    for name, wanted in texts.items():
        column, since = wanted or ("", None)
        there = since is not None and stored.get(column) == DUCKDB_TYPES[ValueType.TEXT] and STAMP + column in stored
        value = f'CASE WHEN "{STAMP}{column}" > {instant(since)} THEN "{column}" END' if there and since else "NULL"
        shown.append(f"{value}::VARCHAR AS {name}")
    return ", ".join([_SELECT, *shown])


def _schema(texts: Texts) -> pa.Schema:
    return pa.schema([*_KNOWN, *((name, pa.string()) for name in texts)])


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
