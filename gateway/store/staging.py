"""Arrow tables into temporary ones: a registered table would be held in memory until the transaction ends."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

_TYPES: tuple[tuple[pa.DataType, str], ...] = (
    (pa.binary(16), "BLOB"),
    (pa.string(), "VARCHAR"),
    (pa.float64(), "DOUBLE"),
    (pa.int64(), "BIGINT"),
    (pa.uint64(), "UBIGINT"),
    (pa.bool_(), "BOOLEAN"),
    (pa.date32(), "DATE"),
    (pa.timestamp("us", "UTC"), "TIMESTAMPTZ"),
)


def stage(cursor: Any, name: str, table: pa.Table) -> None:
    """Copy ``table``, whose columns have stored types, into the temporary table ``name`` of the open transaction."""
    columns = ", ".join(f'"{field.name}" {_sql(field.type)}' for field in table.schema)
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
    cursor.from_arrow(table).insert_into(name)


def _sql(kind: pa.DataType) -> str:
    return next(sql for arrow, sql in _TYPES if arrow == kind)
