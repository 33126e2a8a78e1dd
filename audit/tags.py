"""Side files of bulk entries: one 16-byte subject tag after another, under the name of their RFC 6962 root."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from audit import format as layout
from audit import merkle
from audit.disk import Disk
from audit.errors import AuditError, EntryRefused, VerificationFailed

_CHUNK = 65_536  # tags hashed at a time
_BUFFER = 1024 * 1024  # bytes written at a time


def hash_tags(tags: merkle.Accumulator | merkle.Tree, blocks: bytes) -> None:
    """Add the leaf hashes of whole tags to a tree."""
    width = layout.TAG_BYTES
    for start in range(0, len(blocks), width * _CHUNK):
        part = blocks[start : start + width * _CHUNK]
        tags.extend(merkle.leaf_hashes([part[at : at + width] for at in range(0, len(part), width)]))


class TagFile:
    """Collects the tags of one bulk entry: ``add`` as they come, ``seal`` before the entry is appended.

    As a context manager it discards what was not sealed.
    """

    def __init__(self, folder: Path, on_sealed: Callable[[str, int], None], disk: Disk | None = None) -> None:
        self._folder = folder
        self._on_sealed = on_sealed
        self._disk = disk or Disk()
        self._path = folder / f".{secrets.token_hex(16)}.new"
        self._handle = self._disk.open(self._path, create=True)
        self._buffer = bytearray()
        self._written = 0  # bytes
        self._tree = merkle.Accumulator()

    @property
    def count(self) -> int:
        """Tags added so far."""
        return self._tree.size

    def add(self, blocks: bytes) -> None:
        """Add tags of 16 bytes each, in any number."""
        self._need_open()
        if len(blocks) % layout.TAG_BYTES:
            raise EntryRefused(f"a tag has {layout.TAG_BYTES} bytes")
        self._buffer += blocks
        if len(self._buffer) >= _BUFFER:
            self._write()
        hash_tags(self._tree, blocks)

    def _need_open(self) -> None:
        if self._handle < 0:
            raise AuditError("this tag file is sealed or discarded")

    def _write(self) -> None:
        self._disk.write(self._handle, bytes(self._buffer), self._written)
        self._written += len(self._buffer)
        self._buffer.clear()

    def _close(self) -> None:
        if self._handle >= 0:
            self._disk.close(self._handle)
            self._handle = -1

    def seal(self) -> tuple[str, int]:
        """Make the file durable under its root; return (root in hex, number of tags) for the entry."""
        self._need_open()
        root = self._tree.root().hex()
        try:
            self._write()
            self._disk.sync(self._handle)
            self._close()
            self._disk.replace(self._path, self._folder / root)
            self._disk.sync_folder(self._folder)
        except OSError:
            self.discard()
            raise
        self._on_sealed(root, self.count)
        return root, self.count

    def discard(self) -> None:
        """Remove what was collected; does nothing to a sealed file."""
        self._close()
        self._disk.remove(self._path)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Discard unless sealed."""
        self.discard()


def prove_tag(directory: Path, root: str, index: int) -> list[bytes]:
    """Return the inclusion proof of the tag at ``index`` in the side file of ``root``; its leaf is the tag itself.

    Reads and hashes the whole file (about 1 s for a million tags). Raises ``VerificationFailed`` when the file is not
    what its name says.
    """
    place = f"{layout.TAGS_FOLDER}/{root}"
    tree = merkle.Tree()
    for blocks in _blocks(directory, root):
        hash_tags(tree, blocks)
    if tree.root().hex() != root:
        raise VerificationFailed(place, "its tags do not have this root")
    if not 0 <= index < tree.size:
        raise VerificationFailed(place, "there is no such tag")
    return tree.inclusion(index, tree.size)


class TagFolder:
    """Which side files there are, how many tags each holds, and which no entry names yet."""

    def __init__(self, directory: Path, disk: Disk, before: Path | None = None) -> None:
        """Look at the folder; ``before`` is that of the shard before, where files may have been sealed for this one."""
        self._folder = directory / layout.TAGS_FOLDER
        self._disk = disk
        self._before = before
        self._counts: dict[str, int] = {}
        for path in self._folder.iterdir():
            if layout.ROOT_NAME.fullmatch(path.name):
                self._counts[path.name] = path.stat().st_size // layout.TAG_BYTES
            else:
                disk.remove(path)  # left by a crash
        self._unnamed = set(self._counts)

    def new_file(self) -> TagFile:
        """Begin a side file."""
        return TagFile(self._folder, self._sealed, self._disk)

    def _sealed(self, root: str, count: int) -> None:
        self._counts[root] = count
        self._unnamed.add(root)

    def expect(self, root: str, count: int) -> None:
        """Raise ``EntryRefused`` unless a sealed file of this root and count is there."""
        if root not in self._counts:
            self._look(root)
        if self._counts.get(root) != count:
            raise EntryRefused("the entry names a tag file that is not sealed here, or with another number of tags")

    def _look(self, root: str) -> None:
        """Find a file that another process sealed, here or, when the shard has just changed, in the one before."""
        path = self._folder / root
        if self._before is not None and not path.exists() and (self._before / root).exists():
            self._disk.replace(self._before / root, path)
            self._disk.sync_folder(self._folder)
        if path.is_file():
            self._sealed(root, path.stat().st_size // layout.TAG_BYTES)

    @property
    def unnamed(self) -> list[str]:
        """The roots of the files that no entry names yet."""
        return sorted(self._unnamed)

    def adopt(self, roots: Iterable[str]) -> None:
        """Move files here from the folder of the shard before."""
        for root in roots:
            self._look(root)

    def named(self, root: str) -> None:
        """Note that a durable entry names the file."""
        self._unnamed.discard(root)

    def clean(self) -> None:
        """Remove the files that no entry names."""
        for root in sorted(self._unnamed):
            self._disk.remove(self._folder / root)
            del self._counts[root]
        self._unnamed.clear()


def read_tags(directory: Path, root: str) -> Iterator[bytes]:
    """Walk the tags of a side file in chunks of whole tags; nothing is shown before the walk has ended.

    Raises ``VerificationFailed`` for a file that cannot be read, and at the end for one whose tags do not have this
    root.
    """
    tree = merkle.Accumulator()
    for blocks in _blocks(directory, root):
        hash_tags(tree, blocks)
        yield blocks
    if tree.root().hex() != root:
        raise VerificationFailed(f"{layout.TAGS_FOLDER}/{root}", "its tags do not have this root")


def _blocks(directory: Path, root: str) -> Iterator[bytes]:
    """Walk the tags of a side file, unverified. Raises ``VerificationFailed`` if unreadable."""
    if not layout.ROOT_NAME.fullmatch(root):
        raise VerificationFailed(layout.TAGS_FOLDER, "a root is 64 hex digits")
    try:
        with (directory / layout.TAGS_FOLDER / root).open("rb") as file:
            while blocks := file.read(layout.TAG_BYTES * _CHUNK):
                yield blocks
    except OSError:
        raise VerificationFailed(f"{layout.TAGS_FOLDER}/{root}", "it cannot be read") from None
