"""Small facts that the store keeps about itself, by name."""

from __future__ import annotations

from typing import Any


def read_meta(cursor: Any, name: str) -> str | None:
    """Return the fact ``name``, if it is known."""
    row = cursor.execute("SELECT value FROM meta WHERE name = ?", [name]).fetchone()
    return None if row is None else str(row[0])


def write_meta(cursor: Any, name: str, value: str) -> None:
    """Set the fact ``name``."""
    cursor.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", [name, value]
    )


_OLDEST = "oldest:"


def read_oldest(cursor: Any) -> dict[str, int]:
    """Return, by profile column, the earliest instant at which a value of it was collected (microseconds)."""
    rows = cursor.execute("SELECT name, value FROM meta WHERE starts_with(name, ?)", [_OLDEST]).fetchall()
    return {name.removeprefix(_OLDEST): int(value) for name, value in rows}


def write_oldest(cursor: Any, column: str, micros: int) -> None:
    """Set the earliest instant of ``column``."""
    write_meta(cursor, _OLDEST + column, str(micros))
