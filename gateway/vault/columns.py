"""Columns in and out of SQLite in one statement.

A column of n values of w bytes is bound as one blob and cut up by ``substr`` over a counting CTE. One ``sqlite3_step``
then does the whole column without the interpreter and without its lock: about twice as fast as ``executemany``, and
the other core goes on meanwhile. Random keys are handed over sorted, so that a page is visited once per chunk.
"""

from __future__ import annotations

import sqlite3
from typing import Any

import numpy as np
import numpy.typing as npt

from gateway.foundation.arrays import Blocks

Indexes = npt.NDArray[np.int64]

# ?1 is always the number of rows; i counts from 0. Nothing is counted when there are none.
COUNT = "WITH RECURSIVE n(i) AS (SELECT 0 WHERE ?1 > 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1) "
_DIGITS = 12
_POWERS = 10 ** np.arange(_DIGITS - 1, -1, -1, dtype=np.int64)


def fixed(parameter: int, width: int) -> str:
    """SQL for the i-th value of a column of ``width`` bytes a value."""
    return f"substr(?{parameter}, i * {width} + 1, {width})"


def number(parameter: int) -> str:
    """SQL for the i-th value of a column of integers made by ``digits``."""
    return f"CAST(CAST({fixed(parameter, _DIGITS)} AS TEXT) AS INTEGER)"


def piece(data: int, starts: int, lengths: int) -> str:
    """SQL for the i-th value of a column of values of any length."""
    return f"substr(?{data}, {number(starts)}, {number(lengths)})"


def digits(values: Indexes) -> bytes:
    """Write integers (0 to 10^12 - 1) as twelve decimal digits each: SQLite has no function that reads binary ones."""
    return (values[:, None] // _POWERS % 10 + ord("0")).astype(np.uint8).tobytes()


def pieces(lengths: Indexes) -> tuple[bytes, bytes]:
    """Starts (from 1) and lengths, for ``piece``."""
    ends = np.cumsum(lengths)
    return digits(ends - lengths + 1), digits(lengths)


def words(blocks: Blocks) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Both halves of each 16-byte value as integers that sort as the bytes do."""
    halves = np.ascontiguousarray(blocks).view(">u8")
    return halves[:, 0].astype(np.uint64), halves[:, 1].astype(np.uint64)


def sort_order(blocks: Blocks) -> Indexes:
    """The order that sorts 16-byte values as SQLite does."""
    high, low = words(blocks)
    order = np.argsort(high)
    ordered = high[order]
    if bool((ordered[1:] == ordered[:-1]).any()):  # equal first halves: the second decides
        order = np.lexsort((low, high))
    return order


def distinct(blocks: Blocks) -> tuple[Blocks, Indexes]:
    """Distinct values, sorted, and for each row the place of its value among them."""
    if not len(blocks):
        return blocks, np.empty(0, np.int64)
    order = sort_order(blocks)
    ordered = np.ascontiguousarray(blocks)[order]
    high, low = words(ordered)
    first = np.ones(len(blocks), bool)
    first[1:] = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    place = np.empty(len(blocks), np.int64)
    place[order] = np.cumsum(first) - 1
    return ordered[first], place


def random_blocks(data: bytes, width: int) -> Blocks:
    """Bytes as an (n, width) array."""
    return np.frombuffer(data, np.uint8).reshape(-1, width)


def as_bytes(blocks: Blocks) -> list[bytes]:
    """Rows of an (n, w) array as Python bytes."""
    width = blocks.shape[1]
    values: list[bytes] = np.ascontiguousarray(blocks).reshape(-1).view(f"V{width}").tolist() if len(blocks) else []
    return values


def lookup(connection: sqlite3.Connection, table: str, keys: Blocks, value: str) -> tuple[Indexes, list[Any]]:
    """Rows of ``table`` (``name.column``) that hold a key: places in ``keys`` and the SQL expression ``value``."""
    name, column = table.split(".")
    sql = f"{COUNT}SELECT i, {value} FROM n CROSS JOIN {name} t ON t.{column} = {fixed(2, 16)}"
    found = connection.execute(sql, (len(keys), keys.tobytes())).fetchall()
    places = np.fromiter((row[0] for row in found), np.int64, len(found))
    return places, [row[1] for row in found]


def in_transaction(connection: sqlite3.Connection, *statements: tuple[str, Any]) -> list[int]:
    """Run statements in one transaction; their row counts."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        counts = [_changed(connection, sql, parameters) for sql, parameters in statements]
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return counts


def _changed(connection: sqlite3.Connection, sql: str, parameters: Any) -> int:
    before = connection.total_changes  # rowcount does not count a statement that begins with WITH
    connection.execute(sql, parameters)
    return connection.total_changes - before
