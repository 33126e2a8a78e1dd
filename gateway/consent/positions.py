"""The ledger's own counting: one position per transaction that wrote to it."""

from __future__ import annotations

import sqlite3


def last(connection: sqlite3.Connection) -> int:
    """Return the position given last; 0 for an empty ledger."""
    return int(connection.execute("SELECT last FROM consent_position").fetchone()[0])


def take(connection: sqlite3.Connection) -> int:
    """Give the next position inside a write transaction; it becomes durable with it."""
    connection.execute("UPDATE consent_position SET last = last + 1")
    return last(connection)
