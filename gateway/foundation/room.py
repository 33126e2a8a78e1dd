"""Whether an error comes from a disk without room: the one thing that whoever runs the gateway can cure at once."""

from __future__ import annotations

import errno
import sqlite3
from typing import Final

_SYSTEM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# SQLite's words for a full disk, and for what the system cut short where a file should have grown.
_SQLITE: Final = frozenset({"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_TRUNCATE"})


def disk_is_full(error: BaseException | None) -> bool:
    """Whether a full disk, a quota or a limit on file sizes is at the bottom of an error."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _SYSTEM:
            return True
        if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorname in _SQLITE:
            return True
        if type(error).__module__.startswith(("duckdb", "_duckdb")) and "No space left" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
