"""Names and bytes that survive a crash."""

from __future__ import annotations

import os
from io import BufferedWriter
from pathlib import Path


def sync_directory(directory: Path) -> None:
    """Make the names in ``directory`` durable."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def beside(path: Path) -> Path:
    """Return the name under which ``path`` is written before it is put in place; opening a log removes such files."""
    return path.with_name(f".{path.name}.new")


def write_file(path: Path, data: bytes) -> None:
    """Write beside, sync, put in place, sync the directory: ``path`` is the old or the new whole file at any crash."""
    new = beside(path)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        write_all(handle, data, 0)
        os.fsync(handle)
    finally:
        os.close(handle)
    new.replace(path)
    sync_directory(path.parent)


def write_all(handle: int, data: bytes, at: int) -> None:
    """Write all of ``data`` at an offset; one call to the system may write less."""
    view = memoryview(data)
    while view:
        written = os.pwrite(handle, view, at)
        view = view[written:]
        at += written


def sync_and_close(file: BufferedWriter) -> None:
    """Make the bytes of a file durable and close it."""
    with file:
        file.flush()
        os.fsync(file.fileno())
