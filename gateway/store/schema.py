"""The physical tables, made from the catalogue; columns are added when it gains some, never dropped or retyped."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from gateway.foundation.database import to_micros
from gateway.foundation.errors import InvalidInput
from gateway.store.errors import SchemaMismatch
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.fields import FieldKind, Transform, ValueType

PROFILE_ROWS = "profile_rows"
EVENT_ROWS = "event_rows"
STAMP = "collected_"  # collected_<column>: when the value that stands there now was collected

DUCKDB_TYPES: Mapping[ValueType, str] = {
    ValueType.TEXT: "VARCHAR",
    ValueType.NUMBER: "DOUBLE",
    ValueType.INTEGER: "BIGINT",
    ValueType.DATE: "DATE",
    ValueType.INSTANT: "TIMESTAMP WITH TIME ZONE",
    ValueType.BOOLEAN: "BOOLEAN",
}
ARROW_TYPES: Mapping[ValueType, pa.DataType] = {
    ValueType.TEXT: pa.string(),
    ValueType.NUMBER: pa.float64(),
    ValueType.INTEGER: pa.int64(),
    ValueType.DATE: pa.date32(),
    ValueType.INSTANT: pa.timestamp("us", "UTC"),
    ValueType.BOOLEAN: pa.bool_(),
}
_INSTANT = DUCKDB_TYPES[ValueType.INSTANT]

PROFILE_HEAD = {
    "person": "BIGINT",
    "subject": "BLOB",
    "permits": "UBIGINT",
    "permits_until": _INSTANT,
    "of_age_from": "DATE",
    "age_reached": "BIGINT",
    "source": "VARCHAR",
    "batch": "VARCHAR",
    "collected_at": _INSTANT,
}
EVENT_HEAD = {
    "person": "BIGINT",
    "event": "VARCHAR",
    "at": _INSTANT,
    "source": "VARCHAR",
    "batch": "VARCHAR",
    "collected_at": _INSTANT,
}
SMALL_TABLES: Mapping[str, Mapping[str, str]] = {
    "batches": {
        "batch": "VARCHAR PRIMARY KEY",
        "source": "VARCHAR",
        "digest": "VARCHAR",
        "row_count": "BIGINT",
        "at": _INSTANT,
    },
    "snapshots": {
        "snapshot": "VARCHAR PRIMARY KEY",
        "segment": "VARCHAR",
        "purpose": "VARCHAR",
        "taken_at": _INSTANT,
        "size": "BIGINT",
        "definition_digest": "VARCHAR",
        "query_digest": "VARCHAR",
        "pack": "VARCHAR",
        "position": "BIGINT",
    },
    "snapshot_members": {"snapshot": "VARCHAR", "person": "BIGINT"},
    "releases": {"release": "VARCHAR PRIMARY KEY", "position": "BIGINT"},
    "release_members": {"release": "VARCHAR", "person": "BIGINT"},
    "meta": {"name": "VARCHAR PRIMARY KEY", "value": "VARCHAR"},
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Form:
    """What a stored value is: of which field, and in which coarser form."""

    field: str
    transform: Transform


@dataclass(frozen=True, slots=True)
class Columns:
    """The stored columns of the catalogue, by table; ``forms`` by table and column."""

    profiles: Mapping[str, ValueType]
    events: Mapping[str, ValueType]
    forms: Mapping[tuple[str, str], Form]


def instant(at: dt.datetime) -> str:
    """Return an aware instant as SQL; an integer, so that no text of it can be misread."""
    return f"make_timestamptz({to_micros(at)})"


def columns_of(catalogue: Catalogue) -> Columns:
    """Return the columns that the catalogue stores; a name that the store needs for itself is refused."""
    profiles: dict[str, ValueType] = {}
    events: dict[str, ValueType] = {}
    forms: dict[tuple[str, str], Form] = {}
    for field in catalogue.fields.values():
        if field.column is None or field.kind is FieldKind.DIRECT_IDENTIFIER:
            continue
        of_event = field.kind is FieldKind.EVENT_PROPERTY
        target, head = (events, EVENT_HEAD) if of_event else (profiles, PROFILE_HEAD)
        taken = field.column in head or field.column in target or field.column.startswith(STAMP)
        if taken or not _NAME.fullmatch(field.column):
            msg = f"field `{field.id}`: its stored column needs another name (lower case, a to z, not taken)"
            raise InvalidInput(msg)
        target[field.column] = field.stored_type
        forms[EVENT_ROWS if of_event else PROFILE_ROWS, field.column] = Form(field.id, field.transform)
    return Columns(profiles, events, forms)


def tables_of(columns: Columns) -> dict[str, dict[str, str]]:
    """Return every physical table with its columns and DuckDB types."""
    values = {name: DUCKDB_TYPES[kind] for name, kind in columns.profiles.items()}
    stamps = {STAMP + name: _INSTANT for name in columns.profiles}
    properties = {name: DUCKDB_TYPES[kind] for name, kind in columns.events.items()}
    tables = {PROFILE_ROWS: PROFILE_HEAD | values | stamps, EVENT_ROWS: EVENT_HEAD | properties}
    return tables | {name: dict(head) for name, head in SMALL_TABLES.items()}


def create_statement(table: str, columns: Mapping[str, str], *, database: str = "") -> str:
    """Return the statement that makes ``table``."""
    body = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    return f"CREATE TABLE IF NOT EXISTS {database}{table} ({body})"


def physical_columns(cursor: Any, table: str) -> dict[str, str]:
    """Return the columns that ``table`` has in the file, in order, with their DuckDB types."""
    rows = cursor.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? AND NOT internal "
        "AND database_name = current_database() AND schema_name = 'main' ORDER BY column_index",
        [table],
    ).fetchall()
    return dict(rows)


def prepare_schema(cursor: Any, columns: Columns) -> None:
    """Make the tables, and add the columns that the catalogue has gained.

    :raises SchemaMismatch: when a column of the file has another type than the catalogue now says.
    """
    cursor.execute("BEGIN")
    for table, wanted in tables_of(columns).items():
        cursor.execute(create_statement(table, wanted))
        present = physical_columns(cursor, table)
        for name, kind in wanted.items():
            if name not in present:
                cursor.execute(f'ALTER TABLE {table} ADD COLUMN "{name}" {kind}')
            elif present[name] != kind.removesuffix(" PRIMARY KEY"):
                cursor.execute("ROLLBACK")
                msg = (
                    f"column `{name}` of `{table}` changed its type: give the field a new column name in the catalogue"
                )
                raise SchemaMismatch(msg)
    cursor.execute("COMMIT")
