"""What was published last, kept apart from the log: the next checkpoint replaces it by compare-and-swap or not at all.

It is why two writers of one log (a paused process that wakes up, a copy of the directory) never publish two histories,
and why a log that was put back from an old copy is found out. The file belongs on storage that is not restored with
the log.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit.checkpoint import Checkpoint
from audit.errors import LogFailed, LogRefused

_SCHEMA = """
CREATE TABLE IF NOT EXISTS head (
    origin TEXT PRIMARY KEY, epoch INTEGER NOT NULL, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL
) STRICT
"""


# The module cannot tell of a damaged schema whose text is no UTF-8: it raises the other error instead.
_FAILURES: Final = (sqlite3.Error, UnicodeDecodeError)


@dataclass(frozen=True, slots=True)
class Head:
    """The last published checkpoint of a log, its signed note, and which opening of the log may replace it."""

    epoch: int
    checkpoint: Checkpoint
    note: str


def _why(error: Exception) -> str:
    return getattr(error, "sqlite_errorname", type(error).__name__)  # the module's own errors have no such name


class LockStore:
    """One row per log in a small SQLite file, every change on disk before it counts."""

    def __init__(self, path: Path) -> None:
        """Open the store, made when absent. Raises ``LogRefused``."""
        try:
            self._connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA synchronous = EXTRA")
            # A commit that truncates its journal tells of a sync that fails; one that removes it does not.
            self._connection.execute("PRAGMA journal_mode = TRUNCATE")
            self._connection.execute(_SCHEMA)
        except _FAILURES as error:
            raise LogRefused(f"lock store: it cannot be used ({_why(error)}): make room, or restore it") from None

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def read(self, origin: str) -> Head | None:
        """Return what was published last; None where the log is new. Raises ``LogRefused``."""
        try:
            row = self._connection.execute(
                "SELECT epoch, size, root, note FROM head WHERE origin = ?", (origin,)
            ).fetchone()
        except _FAILURES as error:
            raise LogRefused(f"lock store: it cannot be read ({_why(error)})") from None
        return Head(row[0], Checkpoint(origin, row[1], row[2]), row[3]) if row else None

    def claim(self, head: Head) -> Head:
        """Begin a new epoch: whoever opened this log before cannot publish any more.

        Raises ``LogRefused`` where ``head`` is no longer the last: somebody else is writing this log.
        """
        last = head.checkpoint
        try:
            done = self._connection.execute(
                "UPDATE head SET epoch = epoch + 1 WHERE origin = ? AND epoch = ? AND size = ? AND root = ?",
                (last.origin, head.epoch, last.size, last.root),
            ).rowcount
        except _FAILURES as error:
            raise LogRefused(f"lock store: it cannot be written ({_why(error)})") from None
        if done != 1:
            raise LogRefused("lock store: another writer has this log")
        return Head(head.epoch + 1, last, head.note)

    def begin(self, checkpoint: Checkpoint, note: str) -> Head:
        """Enter a log that is new. Raises ``LogRefused``."""
        row = (checkpoint.origin, 0, checkpoint.size, checkpoint.root, note)
        try:
            self._connection.execute("INSERT INTO head VALUES (?, ?, ?, ?, ?)", row)
        except _FAILURES as error:
            raise LogRefused(f"lock store: the log cannot be entered ({_why(error)})") from None
        return Head(0, checkpoint, note)

    def swap(self, head: Head, checkpoint: Checkpoint, note: str) -> Head:
        """Replace ``head``, if it is still the last. Raises ``LogFailed`` where another writer was quicker."""
        old = head.checkpoint
        try:
            done = self._connection.execute(
                "UPDATE head SET size = ?, root = ?, note = ? WHERE origin = ? AND epoch = ? AND size = ? AND root = ?",
                (checkpoint.size, checkpoint.root, note, old.origin, head.epoch, old.size, old.root),
            ).rowcount
        except _FAILURES as error:
            raise LogFailed(f"the lock store cannot be written ({_why(error)})") from None
        if done != 1:
            raise LogFailed("another writer has published this log: this one is stale and must end")
        return Head(head.epoch, checkpoint, note)
