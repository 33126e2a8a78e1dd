"""Rewriting the file: in DuckDB a deleted row's bytes stay in the file until everything else moves to a new one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from gateway.foundation.errors import Unavailable
from gateway.foundation.files import sync_directory
from gateway.store.connection import Limits, beside, clear_leftovers, connect, family_of
from gateway.store.errors import StoreDamaged
from gateway.store.meta import ERASED_SINCE
from gateway.store.schema import EVENT_ROWS, PROFILE_ROWS, SMALL_TABLES, create_statement

SORTED_ROWS = "events_sorted"  # event rows at the last rewrite
_ORDER = {PROFILE_ROWS: " ORDER BY person", EVENT_ROWS: ' ORDER BY person, "at"'}


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What a rewrite did to the file."""

    bytes_before: int
    bytes_after: int


def rewrite(path: Path, limits: Limits) -> Rewritten:
    """Copy every row into a new file, events by person and time, and put it in the old one's place in one step.

    Nobody may have the store open. A crash leaves the old file or the new one, whole.

    :raises StoreDamaged: when the new file holds other counts than the old one; the old one stays.
    :raises Unavailable: when there is no room for the new file; the old one stays.
    """
    before = path.stat().st_size
    new = beside(path)
    clear_leftovers(path)
    try:
        _copy(path, new, limits)
        _check_complete(path, new)
        _sync(new)
        new.replace(path)
    except (duckdb.Error, OSError):  # their words may hold data, and a full disk is the likely cause
        clear_leftovers(path)
        raise Unavailable(
            "the store's file cannot be rewritten, the old one stays: free some space beside it"
        ) from None
    except BaseException:
        clear_leftovers(path)
        raise
    sync_directory(path.parent)
    return Rewritten(before, path.stat().st_size)


def _copy(path: Path, new: Path, limits: Limits) -> None:
    connection = connect(Path(":memory:"), limits, reachable=(*family_of(path), *family_of(new)))
    try:
        connection.execute(f"ATTACH {_quoted(path)} AS old (READ_ONLY)")
        connection.execute(f"ATTACH {_quoted(new)} AS new")
        new.chmod(0o600)
        for table in (PROFILE_ROWS, EVENT_ROWS, *SMALL_TABLES):
            _copy_table(connection, table)
        connection.execute(
            "INSERT INTO new.meta VALUES (?, (SELECT count(*)::VARCHAR FROM new.event_rows)), (?, '0') "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [SORTED_ROWS, ERASED_SINCE],
        )
        connection.execute("DETACH new")
        connection.execute("DETACH old")
    finally:
        connection.close()


def _copy_table(connection: Any, table: str) -> None:
    columns = dict(
        connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = 'old' AND table_name = ? "
            "ORDER BY column_index",
            [table],
        ).fetchall()
    )
    declared = SMALL_TABLES.get(table, {})
    keyed = {name: declared[name] if "KEY" in declared.get(name, "") else kind for name, kind in columns.items()}
    connection.execute(create_statement(table, keyed, database="new."))
    connection.execute(f"INSERT INTO new.{table} SELECT * FROM old.{table}{_ORDER.get(table, '')}")
    counts = connection.execute(
        f"SELECT (SELECT count(*) FROM old.{table}), (SELECT count(*) FROM new.{table})"
    ).fetchone()
    if counts[0] != counts[1]:
        msg = f"table `{table}`: the rewritten file holds another number of rows; the old file stays"
        raise StoreDamaged(msg)


def _check_complete(path: Path, new: Path) -> None:
    if any(log.exists() for log in (*family_of(path)[1:], *family_of(new)[1:])):
        msg = "a write-ahead log is left after the rewrite; the old file stays"
        raise StoreDamaged(msg)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
