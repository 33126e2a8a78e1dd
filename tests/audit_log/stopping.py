"""A disk that fails at a chosen change: what it leaves is what a process would leave that was killed there."""

from __future__ import annotations

from pathlib import Path

from audit.disk import Disk


class StoppingDisk(Disk):
    """Fails at the change of number ``left``, counted from when that is set, and at all that follow."""

    def __init__(self, left: int | None = None) -> None:
        self.left = left
        self.failures = 0

    def _count(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.failures += 1
                raise OSError(5, "Input/output error")

    def write(self, handle: int, data: bytes | memoryview, at: int) -> None:
        self._count()
        super().write(handle, data, at)

    def sync(self, handle: int) -> None:
        self._count()
        super().sync(handle)

    def sync_data(self, handle: int) -> None:
        self._count()
        super().sync_data(handle)

    def replace(self, old: Path, new: Path) -> None:
        self._count()
        super().replace(old, new)

    def remove(self, path: Path) -> None:
        self._count()
        super().remove(path)

    def sync_folder(self, path: Path) -> None:
        self._count()
        super().sync_folder(path)
