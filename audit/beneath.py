"""Reading files of a directory that others wrote: bounded, regular files only, and no symbolic link below it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from audit.errors import VerificationFailed

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # no wait for the writer of a pipe


def read_beneath(directory: Path, path: str, limit: int) -> bytes:
    """Return the bytes of the file at ``path`` (parts joined by "/") below ``directory``.

    Raises ``FileNotFoundError`` when it is not there, and ``VerificationFailed`` when it has more than ``limit``
    bytes, is no regular file, lies behind a symbolic link or cannot be read.
    """
    try:
        handle = _open(directory, path)
        with open(handle, "rb", buffering=0) as file:  # noqa: PTH123 - a handle, not a path
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise VerificationFailed(path, "it is not a regular file")
            return _read(file.fileno(), path, limit)
    except FileNotFoundError:
        raise
    except OSError:
        raise VerificationFailed(path, "it cannot be read, or lies behind a symbolic link") from None


def _open(directory: Path, path: str) -> int:
    """Open a file one part of its path after the other: the system has no call for "not through a link" in Python."""
    *folders, name = path.split("/")
    if not all(part and part not in {".", ".."} and "\0" not in part for part in (*folders, name)):
        raise VerificationFailed("path", "it is not a path below the directory")
    at = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            above, at = at, os.open(folder, _FOLDER, dir_fd=at)
            os.close(above)
        return os.open(name, _FILE, dir_fd=at)
    finally:
        os.close(at)


def _read(handle: int, path: str, limit: int) -> bytes:
    """Read to the end, unless that comes behind ``limit``."""
    parts: list[bytes] = []
    left = limit + 1
    while left and (part := os.read(handle, left)):
        parts.append(part)
        left -= len(part)
    if not left:
        raise VerificationFailed(path, f"it has more than {limit} bytes")
    return b"".join(parts)
