"""A disk that remembers what was not synced, and makes the states that a loss of power may leave behind.

The real run happens on a real file system. Beside it stands a model of what is durable: a file's bytes after its
sync, the names in a folder after the folder's sync. At a crash, of what is not durable anything may have reached the
disk: each sector of 512 bytes of a write, each length of a file, each creation, renaming and removal of a name.
A sync that failed makes nothing durable, and as in Linux the pages count as clean afterwards: the next sync of the
file succeeds and still does not write them.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from audit.checkpoint import Checkpoint
from audit.disk import Disk
from audit.lockstore import Head, LockStore

SECTOR: Final = 512


@dataclass
class File:
    """The bytes that are on disk, and what was written since; a write at -1 cuts the file to nothing."""

    durable: bytes = b""
    pending: list[tuple[int, bytes]] = field(default_factory=list)

    def sync(self) -> None:
        self.durable = _applied(self.durable, self.pending)
        self.pending.clear()

    def after_a_crash(self, random_: random.Random, chance: float) -> bytes:
        """Return the bytes with which the file comes back."""
        data = bytearray(self.durable)
        longest = len(self.durable)
        for at, written in self.pending:
            if at < 0:
                if random_.random() < chance:
                    data.clear()
                continue
            longest = max(longest, at + len(written))
            for start, sector in _sectors(at, written):
                if random_.random() < chance:
                    _put(data, start, sector)
        if longest > len(data):  # the length may have reached the disk without the bytes
            _put(data, random_.choice([len(data), longest]), b"")
        return bytes(data)


@dataclass
class Folder:
    """The names that are on disk, and the changes since: each sets some names and takes some away, as a whole."""

    durable: dict[str, Node] = field(default_factory=dict)
    pending: list[dict[str, Node | None]] = field(default_factory=list)

    def sync(self) -> None:
        self.durable = _changed(self.durable, self.pending)
        self.pending.clear()

    def now(self) -> dict[str, Node]:
        return _changed(self.durable, self.pending)

    def after_a_crash(self, random_: random.Random, chance: float) -> dict[str, Node]:
        """Return the names with which the folder comes back."""
        if random_.random() < 0.5:  # a journal of names: a beginning of the changes
            return _changed(self.durable, self.pending[: random_.randint(0, len(self.pending))])
        return _changed(self.durable, [change for change in self.pending if random_.random() < chance])


Node = File | Folder


def _sectors(at: int, written: bytes) -> Iterator[tuple[int, bytes]]:
    start = 0
    while start < len(written):
        stop = start + SECTOR - (at + start) % SECTOR
        yield at + start, written[start:stop]
        start = stop


def _put(data: bytearray, at: int, written: bytes) -> None:
    data.extend(bytes(max(0, at + len(written) - len(data))))
    data[at : at + len(written)] = written


def _applied(durable: bytes, pending: list[tuple[int, bytes]]) -> bytes:
    data = bytearray(durable)
    for at, written in pending:
        if at < 0:
            data.clear()
        else:
            _put(data, at, written)
    return bytes(data)


def _changed(names: dict[str, Node], changes: list[dict[str, Node | None]]) -> dict[str, Node]:
    names = dict(names)
    for change in changes:
        for name, node in change.items():
            if node is None:
                names.pop(name, None)
            else:
                names[name] = node
    return names


class PowerlessDisk(Disk):
    """Works on the folder ``root``, and calls ``on_step`` after each operation: there the power may be lost."""

    def __init__(self, root: Path, on_step: Callable[[], None]) -> None:
        self.root = root
        self._top = Folder()
        self._on_step = on_step
        self._handles: dict[int, File] = {}
        self._lock = b""  # the lock store as of its last commit
        self.steps = 0
        self.syncs_to_failure = 0  # the last of so many syncs fails; 0: none does

    def _step(self) -> None:
        self.steps += 1
        self._on_step()

    # -- the operations -----------------------------------------------------------------------------------------

    def open(self, path: Path, *, create: bool = False) -> int:
        handle = super().open(path, create=create)
        folder, name = self._folder(path.parent), path.name
        node = folder.now().get(name)
        if create and node is None:
            node = File()
            folder.pending.append({name: node})
        elif create and isinstance(node, File):
            node.pending.append((-1, b""))
        assert isinstance(node, File), f"{path} was not made through this disk"
        self._handles[handle] = node
        if create:
            self._step()
        return handle

    def close(self, handle: int) -> None:
        super().close(handle)
        del self._handles[handle]

    def write(self, handle: int, data: bytes | memoryview, at: int) -> None:
        super().write(handle, data, at)
        self._handles[handle].pending.append((at, bytes(data)))
        self._step()

    def sync(self, handle: int) -> None:
        super().sync(handle)
        self._synced(handle)

    def sync_data(self, handle: int) -> None:
        super().sync_data(handle)
        self._synced(handle)

    def _synced(self, handle: int) -> None:
        if self.syncs_to_failure:
            self.syncs_to_failure -= 1
            if not self.syncs_to_failure:
                self._handles[handle].pending.clear()  # the pages are clean now, and not on disk
                self._step()
                raise OSError(5, "Input/output error")
        self._handles[handle].sync()
        self._step()

    def replace(self, old: Path, new: Path) -> None:
        super().replace(old, new)
        assert old.parent == new.parent
        folder = self._folder(old.parent)
        folder.pending.append({new.name: folder.now()[old.name], old.name: None})
        self._step()

    def remove(self, path: Path) -> None:
        there = path.exists()
        super().remove(path)
        if there:
            self._folder(path.parent).pending.append({path.name: None})
            self._step()

    def make_one_folder(self, path: Path) -> None:
        super().make_one_folder(path)
        self._folder(path.parent).pending.append({path.name: Folder()})
        self._step()

    def remove_empty_folder(self, path: Path) -> None:
        super().remove_empty_folder(path)
        self._folder(path.parent).pending.append({path.name: None})
        self._step()

    def sync_folder(self, path: Path) -> None:
        super().sync_folder(path)
        if path.is_relative_to(self.root):
            self._folder(path).sync()
            self._step()

    def _folder(self, path: Path) -> Folder:
        folder = self._top
        for part in path.relative_to(self.root).parts:
            node = folder.now()[part]
            assert isinstance(node, Folder)
            folder = node
        return folder

    # -- the lock store, a database that keeps its promises -----------------------------------------------------

    def commit(self, store: Path) -> None:
        """The lock store has ended a transaction."""
        self._lock = store.read_bytes()
        self._step()

    # -- the crash ----------------------------------------------------------------------------------------------

    def after_a_crash(self, target: Path, random_: random.Random, store: str) -> None:
        """Make in ``target`` what may be found when the power is back."""
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        _lay_out(self._top, target, random_, random_.choice([0.0, 0.3, 0.7, 1.0]))
        if self._lock:
            (target / store).write_bytes(self._lock)


def _lay_out(folder: Folder, target: Path, random_: random.Random, chance: float) -> None:
    for name, node in folder.after_a_crash(random_, chance).items():
        if isinstance(node, File):
            (target / name).write_bytes(node.after_a_crash(random_, chance))
        else:
            (target / name).mkdir()
            _lay_out(node, target / name, random_, chance)


def recorded(disk: PowerlessDisk, published: list[Checkpoint]) -> Callable[[Path], LockStore]:
    """Return what opens lock stores; in one on ``disk`` commits are steps of it, and what it takes is ``published``."""

    class Recorded(LockStore):
        def __init__(self, path: Path) -> None:
            super().__init__(path)
            self._path = path

        def claim(self, head: Head) -> Head:
            claimed = super().claim(head)
            disk.commit(self._path)
            return claimed

        def begin(self, checkpoint: Checkpoint, note: str) -> Head:
            head = super().begin(checkpoint, note)
            disk.commit(self._path)
            return head

        def swap(self, head: Head, checkpoint: Checkpoint, note: str) -> Head:
            new = super().swap(head, checkpoint, note)
            published.append(checkpoint)
            disk.commit(self._path)
            return new

    return lambda path: Recorded(path) if path.is_relative_to(disk.root) else LockStore(path)
