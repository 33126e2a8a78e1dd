"""The calls that change the disk, in one place: a test can record them, cut them short or fail them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_ZEROS: Final = bytes(1024 * 1024)


def beside(path: Path) -> Path:
    """Return the name under which ``path`` is written before it is put in place; opening a log removes such files."""
    return path.with_name(f".{path.name}.new")


class Disk:
    """The file system. Nothing is durable before its ``sync`` and, for names, ``sync_folder``."""

    def open(self, path: Path, *, create: bool = False) -> int:
        """Open a file for reading and writing; with ``create`` an empty one."""
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT | os.O_TRUNC if create else 0)
        return os.open(path, flags, 0o600)

    def close(self, handle: int) -> None:
        """Let go of a file."""
        os.close(handle)

    def write(self, handle: int, data: bytes | memoryview, at: int) -> None:
        """Write all of ``data`` at an offset; one call to the system may write less."""
        view = memoryview(data)
        while view:
            written = os.pwrite(handle, view, at)
            view = view[written:]
            at += written

    def sync(self, handle: int) -> None:
        """Make a file durable with its size."""
        os.fsync(handle)

    def sync_data(self, handle: int) -> None:
        """Make the bytes of a file durable whose size has not changed."""
        os.fdatasync(handle)

    def replace(self, old: Path, new: Path) -> None:
        """Give a file another name, in the place of whatever had it."""
        old.replace(new)

    def remove(self, path: Path) -> None:
        """Remove a file, if it is there."""
        path.unlink(missing_ok=True)

    def make_folder(self, path: Path) -> None:
        """Make a folder and those above it, where they are not, with durable names."""
        if path.is_dir():
            return
        self.make_folder(path.parent)
        self.make_one_folder(path)
        self.sync_folder(path.parent)

    def make_one_folder(self, path: Path) -> None:
        """Make a folder in one that is there."""
        path.mkdir(mode=0o700, exist_ok=True)

    def remove_folder(self, path: Path) -> None:
        """Remove a folder and the files in it, if it is there."""
        if path.is_dir():
            for file in path.iterdir():
                self.remove(file)
            self.remove_empty_folder(path)

    def remove_empty_folder(self, path: Path) -> None:
        """Remove a folder in which nothing is left."""
        path.rmdir()

    def sync_folder(self, path: Path) -> None:
        """Make the names in a folder durable."""
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def allocate(self, path: Path, size: int) -> int:
        """Make a file of zeros that is on disk, so that writing into it later changes no size; return its handle."""
        handle = self.open(path, create=True)
        try:
            for at in range(0, size, len(_ZEROS)):
                self.write(handle, memoryview(_ZEROS)[: size - at], at)
            self.sync(handle)
        except BaseException:
            self.close(handle)
            raise
        return handle

    def put(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        """Write a file beside and put it in place. Its name is durable after ``sync_folder``."""
        new = beside(path)
        handle = self.open(new, create=True)
        try:
            self.write(handle, data, 0)
            if sync:
                self.sync(handle)
        finally:
            self.close(handle)
        self.replace(new, path)

    def put_durably(self, path: Path, data: bytes) -> None:
        """Put a file in place so that at any crash it is the old or the new whole file, and afterwards the new one."""
        self.put(path, data)
        self.sync_folder(path.parent)
