"""From durable entries to what outsiders read: tiles, entry bundles, and the signed checkpoint over them.

It runs behind the acknowledgements. Full tiles and bundles are on disk before the checkpoint that needs them; partial
ones are not synced, as the journal has their content and opening the log writes them again.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit import format as layout
from audit.beneath import read_beneath
from audit.checkpoint import Checkpoint
from audit.disk import Disk
from audit.errors import ClockWentBack
from audit.keys import Signer
from audit.lockstore import Head, LockStore
from audit.merkle import HASH_BYTES, TILE_BYTES, TILE_HEIGHT, TILE_WIDTH, TileRows
from audit.note import sign_note, verified_keys
from audit.tiles import TileTree, encode_bundle, tile_path
from audit.witness import Witnesses

# Seconds. Time servers set a clock back by parts of a second, a time zone taken for UTC by up to 14 hours: neither is
# worth a log that publishes nothing, as the time stated then is the last one's again and so not before it.
CLOCK_TOLERANCE: Final = 86_400

Waiting = tuple[Sequence[bytes], Sequence[bytes]]  # entries and their leaf hashes


@dataclass(frozen=True, slots=True)
class _File:
    """A tile, or where ``level`` is None a bundle: its content as units of which a partial file holds the first."""

    level: int | None
    index: int
    units: Sequence[bytes]

    def data(self, width: int) -> bytes:
        units = self.units[:width]
        return encode_bundle(units) if self.level is None else b"".join(units)

    def path(self, width: int) -> str:
        return tile_path(self.level, self.index, width)

    def share(self, size: int) -> int:
        """How many units it has in a tree of ``size`` entries; not less than 0, and more than it can hold if full."""
        return (size >> TILE_HEIGHT * (self.level or 0)) - self.index * TILE_WIDTH


def _hashes(data: bytes) -> list[bytes]:
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


class Tiles:
    """The tree over what is durable, and its files. Not thread-safe: the publisher holds the lock."""

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk
        self._rows = TileRows()
        self._entries: list[bytes] = []  # of the last bundle, which is not full
        self._full: list[_File] = []  # not on disk yet
        self._durable = {folder}  # folders whose names are on disk

    @property
    def size(self) -> int:
        """Entries in the tree."""
        return self._rows.size

    def root(self) -> bytes:
        """The root over them."""
        return self._rows.root()

    def extend(self, entries: Sequence[bytes], leaves: Sequence[bytes]) -> None:
        """Add entries."""
        bundle = self._rows.size // TILE_WIDTH
        self._rows.extend(leaves)
        self._full += [_File(level, index, _hashes(data)) for level, index, data in self._rows.take_full()]
        self._entries += entries
        whole = len(self._entries) - len(self._entries) % TILE_WIDTH
        for number, at in enumerate(range(0, whole, TILE_WIDTH), bundle):
            self._full.append(_File(None, number, self._entries[at : at + TILE_WIDTH]))
        del self._entries[:whole]

    def forget(self) -> None:
        """Leave the full tiles so far: a checkpoint over them was published, so they are on disk."""
        self._full.clear()

    def _edge(self) -> list[_File]:
        files = [_File(level, index, _hashes(data)) for level, index, _, data in self._rows.partials()]
        if self._entries:
            files.append(_File(None, self._rows.size // TILE_WIDTH, tuple(self._entries)))
        return files

    def write(self) -> None:
        """Write the files that the present size needs and that are not there."""
        folders: set[Path] = set()
        for file in self._full:
            path = self._folder / file.path(TILE_WIDTH)
            self._make_durably(path.parent)
            self._disk.put(path, file.data(TILE_WIDTH))
            folders.add(path.parent)
        for folder in sorted(folders):
            self._disk.sync_folder(folder)
        for file in self._edge():
            path = self._folder / file.path(len(file.units))
            self._disk.make_folder(path.parent)
            self._disk.put(path, file.data(len(file.units)), sync=False)

    def _make_durably(self, folder: Path) -> None:
        """Make a folder; one that is there may have been made by a process that was killed before it could sync."""
        if folder not in self._durable:
            self._make_durably(folder.parent)
            self._disk.make_folder(folder)
            self._disk.sync_folder(folder.parent)
            self._durable.add(folder)

    def clean(self) -> None:
        """Remove the partial files whose full one has been published."""
        for file in self._full:
            self._disk.remove_folder((self._folder / file.path(1)).parent)
        self._full.clear()

    def mend(self, published: int) -> None:
        """Write the partial files of the checkpoint over ``published`` entries again, and remove all that a crash left.

        Partial files were not synced: they may be torn, or gone, or back although their tile is full.
        """
        files = (*self._full, *self._edge())
        open_folders = {(self._folder / file.path(1)).parent for file in files}
        for at, folders, names in os.walk(self._folder / "tile"):
            here = Path(at)
            for name in names:
                if here in open_folders or name.startswith("."):
                    self._disk.remove(here / name)
            for name in folders:
                if name.endswith(".p") and here / name not in open_folders:
                    self._disk.remove_folder(here / name)
        for file in files:
            width = file.share(published)
            if 0 < width < TILE_WIDTH:
                path = self._folder / file.path(width)
                self._disk.make_folder(path.parent)
                self._disk.put(path, file.data(width), sync=False)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a publisher works with."""

    folder: Path
    signer: Signer
    lock: LockStore
    witnesses: Witnesses | None
    clock: Callable[[], dt.datetime]
    disk: Disk


class Publisher:
    """Publishes checkpoints. ``take`` is for the writing thread; everything else may run in another one beside it."""

    def __init__(self, desk: Desk, tiles: Tiles, head: Head, note: str) -> None:
        self._desk = desk
        self._tiles = tiles
        self._head = head
        self._note = note
        self._stated = max(verified_keys(note, [key.verifier for key in desk.signer.keys])[1].values(), default=0)
        self._publishing = threading.RLock()
        self._waiting: list[Waiting] = []
        self.waiting = 0  # entries; a hint, read without the lock

    def take(self, entries: Sequence[bytes], leaves: Sequence[bytes]) -> None:
        """Hand over durable entries, in their order."""
        self._waiting.append((entries, leaves))
        self.waiting += len(entries)

    def _drain(self) -> None:
        group = self._waiting[:]
        del self._waiting[: len(group)]  # atomic, as is the append in ``take``
        for entries, leaves in group:
            self._tiles.extend(entries, leaves)

    def root(self) -> bytes:
        """Return the root over all entries that were handed over."""
        with self._publishing:
            self._drain()
            return self._tiles.root()

    def publish(self) -> str:
        """Publish a checkpoint over all that was handed over; return its note.

        Raises ``ClockWentBack``, and ``LogFailed``, ``OSError`` for good.
        """
        with self._publishing:
            self._drain()
            if self._head.checkpoint.size == self._tiles.size:
                self.waiting = 0
                return self._note
            at = self._now()
            self.waiting = 0
            self._tiles.write()
            checkpoint = Checkpoint(self._head.checkpoint.origin, self._tiles.size, self._tiles.root())
            self._sign(checkpoint, at)
            self._tiles.clean()
            return self._note

    def sign_again(self) -> None:
        """Sign the last checkpoint with the keys of today. Raises as ``publish``."""
        with self._publishing:
            self._sign(self._head.checkpoint, self._now())

    def _now(self) -> int:
        """Return the POSIX time to state: the present, or the last one's where the clock is a little behind it."""
        now = int(self._desk.clock().timestamp())
        if now + CLOCK_TOLERANCE < self._stated:
            raise ClockWentBack("the clock stands more than a day before the last checkpoint: set it right")
        return max(now, self._stated)

    def _sign(self, checkpoint: Checkpoint, at: int) -> None:
        desk = self._desk
        note = sign_note(checkpoint.text, desk.signer, at)
        self._head = desk.lock.swap(self._head, checkpoint, note)
        path = desk.folder / layout.CHECKPOINT_FILE
        desk.disk.put_durably(path, note.encode())
        self._note = note
        self._stated = at if any(key.kind.is_timed for key in desk.signer.keys) else 0
        if desk.witnesses is not None and checkpoint.size:
            lines = desk.witnesses.cosign(note, lambda old: self._consistency(old, checkpoint))
            if lines:
                self._note = note + "".join(lines)
                desk.disk.put_durably(path, self._note.encode())

    def _consistency(self, old: int, checkpoint: Checkpoint) -> list[bytes]:
        folder = self._desk.folder
        tree = TileTree(lambda path: read_beneath(folder, path, TILE_BYTES), checkpoint.size, root=checkpoint.root)
        return tree.consistency(old, checkpoint.size)
