"""Side files of bulk entries: one 16-byte subject tag after another, under the name of their RFC 6962 root."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from audit import durable, merkle
from audit import format as layout
from audit.errors import AuditError, EntryRefused, VerificationFailed

_CHUNK = 65_536  # tags hashed at a time


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

    def __init__(self, folder: Path, on_sealed: Callable[[str, int], None]) -> None:
        self._folder = folder
        self._on_sealed = on_sealed
        self._path = folder / f".{secrets.token_hex(16)}.new"
        self._file = self._path.open("xb")
        self._tree = merkle.Accumulator()

    @property
    def count(self) -> int:
        """Tags added so far."""
        return self._tree.size

    def add(self, blocks: bytes) -> None:
        """Add tags of 16 bytes each, in any number."""
        if self._file.closed:
            raise AuditError("this tag file is sealed or discarded")
        if len(blocks) % layout.TAG_BYTES:
            raise EntryRefused(f"a tag has {layout.TAG_BYTES} bytes")
        self._file.write(blocks)
        hash_tags(self._tree, blocks)

    def seal(self) -> tuple[str, int]:
        """Make the file durable under its root; return (root in hex, number of tags) for the entry."""
        if self._file.closed:
            raise AuditError("this tag file is sealed or discarded")
        root = self._tree.root().hex()
        try:
            durable.sync_and_close(self._file)
            self._path.replace(self._folder / root)
            durable.sync_directory(self._folder)
        except OSError:
            self.discard()
            raise
        self._on_sealed(root, self.count)
        return root, self.count

    def discard(self) -> None:
        """Remove what was collected; does nothing to a sealed file."""
        self._file.close()
        self._path.unlink(missing_ok=True)

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
    for blocks in read_tags(directory, root):
        hash_tags(tree, blocks)
    if tree.root().hex() != root:
        raise VerificationFailed(place, "its tags do not have this root")
    if not 0 <= index < tree.size:
        raise VerificationFailed(place, "there is no such tag")
    return tree.inclusion(index, tree.size)


class TagFolder:
    """Which side files there are, how many tags each holds, and which no entry names yet."""

    def __init__(self, directory: Path) -> None:
        self._folder = directory / layout.TAGS_FOLDER
        self._counts: dict[str, int] = {}
        for path in self._folder.iterdir():
            if layout.ROOT_NAME.fullmatch(path.name):
                self._counts[path.name] = path.stat().st_size // layout.TAG_BYTES
            else:
                path.unlink()  # left by a crash
        self._unnamed = set(self._counts)

    def new_file(self) -> TagFile:
        """Begin a side file."""
        return TagFile(self._folder, self._sealed)

    def _sealed(self, root: str, count: int) -> None:
        self._counts[root] = count
        self._unnamed.add(root)

    def expect(self, root: str, count: int) -> None:
        """Raise ``EntryRefused`` unless a sealed file of this root and count is there."""
        if self._counts.get(root) != count:
            raise EntryRefused("the entry names a tag file that is not sealed here, or with another number of tags")

    def named(self, root: str) -> None:
        """Note that a durable entry names the file."""
        self._unnamed.discard(root)

    def clean(self) -> None:
        """Remove the files that no entry names."""
        for root in sorted(self._unnamed):
            (self._folder / root).unlink(missing_ok=True)
            del self._counts[root]
        self._unnamed.clear()


def read_tags(directory: Path, root: str) -> Iterator[bytes]:
    """Walk the tags of a side file in chunks of whole tags, unverified. Raises ``VerificationFailed`` if unreadable."""
    if not layout.ROOT_NAME.fullmatch(root):
        raise VerificationFailed(layout.TAGS_FOLDER, "a root is 64 hex digits")
    try:
        with (directory / layout.TAGS_FOLDER / root).open("rb") as file:
            while blocks := file.read(layout.TAG_BYTES * _CHUNK):
                yield blocks
    except OSError:
        raise VerificationFailed(f"{layout.TAGS_FOLDER}/{root}", "it cannot be read") from None
