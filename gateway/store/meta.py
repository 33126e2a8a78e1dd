"""Small facts that the store keeps about itself, by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Followed:
    """The policy that the masks follow: its label, how many steps the registry had by then, and whether all do yet."""

    label: str
    steps: int
    whole: bool


def read_meta(cursor: Any, name: str) -> str | None:
    """Return the fact ``name``, if it is known."""
    row = cursor.execute("SELECT value FROM meta WHERE name = ?", [name]).fetchone()
    return None if row is None else str(row[0])


def write_meta(cursor: Any, name: str, value: str) -> None:
    """Set the fact ``name``."""
    cursor.execute(
        "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", [name, value]
    )


def read_policy(cursor: Any) -> Followed | None:
    """Return the policy that the masks follow, or come to follow; ``None`` where none was ever set."""
    label = read_meta(cursor, "policy")
    if label is None:
        return None
    return Followed(label, int(read_meta(cursor, "policy_steps") or 0), read_meta(cursor, "policy_whole") == "1")


def write_policy(cursor: Any, followed: Followed) -> None:
    """Set the policy that the masks follow."""
    write_meta(cursor, "policy", followed.label)
    write_meta(cursor, "policy_steps", str(followed.steps))
    write_meta(cursor, "policy_whole", str(int(followed.whole)))


def read_all_meta(cursor: Any, prefix: str) -> dict[str, str]:
    """Return the facts whose names begin with ``prefix``, by what follows it."""
    rows = cursor.execute("SELECT name, value FROM meta WHERE starts_with(name, ?)", [prefix]).fetchall()
    return {name.removeprefix(prefix): str(value) for name, value in rows}


_OLDEST = "oldest:"


def read_oldest(cursor: Any) -> dict[str, int]:
    """Return, by profile column, the earliest instant at which a value of it was collected (microseconds)."""
    return {name: int(value) for name, value in read_all_meta(cursor, _OLDEST).items()}


def write_oldest(cursor: Any, column: str, micros: int) -> None:
    """Set the earliest instant of ``column``."""
    write_meta(cursor, _OLDEST + column, str(micros))


ERASED_SINCE = "erased_since_rewrite"


def count_erased(cursor: Any, count: int) -> None:
    """Remember that so much more was deleted whose bytes are in the file until it is rewritten."""
    write_meta(cursor, ERASED_SINCE, str(int(read_meta(cursor, ERASED_SINCE) or 0) + count))
