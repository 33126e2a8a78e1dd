"""Compares the journal, where a directory has one, with the published tree byte for byte."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from audit import format as layout
from audit import merkle
from audit.errors import VerificationFailed
from audit.inventory import open_file
from audit.segments import Group, SegmentStart, is_header, read_segments, segment_path
from audit.treecheck import HASH, WIDTH, OnEntries, PublishedTree, subtree_root

_CHUNK: Final = 1_048_576  # bytes


class JournalCheck:
    """Walks the journal of a published tree that was checked already."""

    def __init__(self, tree: PublishedTree, origin: str, is_written: Callable[[], bool], on_beyond: OnEntries) -> None:
        self._tree = tree
        self._origin = origin
        self._is_written = is_written
        self._on_beyond = on_beyond
        self._roots = _Roots(tree)
        self._bundle: tuple[int, list[bytes]] = (-1, [])
        self._at = 0  # entries seen

    def run(self, firsts: Sequence[int]) -> int:
        """Return the number of entries beyond the published ones. Raises ``VerificationFailed``.

        Where a writer has the log open, what is not whole behind the published entries is what it writes now.
        """
        size = self._tree.size
        self._at = first = min(firsts, default=0)
        if first > self._tree.minimum:
            raise VerificationFailed(segment_path(0), "it is not there")
        try:
            for found in read_segments(self._tree.directory, self._origin, firsts):
                self._take(found)
        except VerificationFailed:
            if self._at < size or not self._is_written():
                raise
        if self._at < size:
            why = f"it has the entries up to {self._at}, and {size} were published"
            raise VerificationFailed(layout.JOURNAL_FOLDER, why)
        return self._at - size

    def _take(self, found: SegmentStart | Group) -> None:
        if isinstance(found, SegmentStart):
            if self._roots.at(found.first).hex() != found.previous_root:
                raise VerificationFailed(found.place, "the root before it is not the one that its header says")
            return
        published = found.entries[: max(0, self._tree.size - found.first)]
        self._compare(found.first, published, found.place)
        if beyond := found.entries[len(published) :]:
            first = found.first + len(published)
            self._on_beyond(first, beyond)
            self._roots.add(beyond)
        self._at = found.first + len(found.entries)

    def _compare(self, first: int, entries: list[bytes], place: str) -> None:
        done = 0
        while done < len(entries):
            index, at = divmod(first + done, WIDTH)
            if self._bundle[0] != index:
                self._bundle = (index, self._tree.entries(index) or [])
            expected = self._bundle[1][at : at + len(entries) - done]
            if not expected or entries[done : done + len(expected)] != expected:
                raise VerificationFailed(place, "its entries are not those that were published")
            done += len(expected)


class _Roots:
    """The roots of growing beginnings of the log: of the published tree by its tiles, then by the entries added."""

    def __init__(self, tree: PublishedTree) -> None:
        self._published = tree
        self._full = merkle.Accumulator()  # over the roots of full tiles
        self._row = b""
        self._size = 0

    def at(self, size: int) -> bytes:
        """Return the root of the first ``size`` entries; sizes grow from call to call."""
        if self._size < size <= self._published.size:
            self._jump(size)
        if size != self._size:
            raise VerificationFailed(segment_path(size), "it does not follow what came before")
        if not self._row:
            return self._full.root()
        whole = copy.deepcopy(self._full)
        whole.extend([subtree_root(self._row)])  # as the last node of its row, whatever is below it
        return whole.root()

    def add(self, entries: list[bytes]) -> None:
        """Add entries behind the published ones."""
        if self._size < self._published.size:
            self._jump(self._published.size)
        self._row += b"".join(merkle.leaf_hashes(entries))
        self._size += len(entries)
        while len(self._row) >= WIDTH * HASH:
            self._full.extend([subtree_root(self._row[: WIDTH * HASH])])
            self._row = self._row[WIDTH * HASH :]

    def _jump(self, size: int) -> None:
        tiles, rest = divmod(size, WIDTH)
        roots = self._published.roots
        self._full.extend([bytes(roots[at : at + HASH]) for at in range(self._full.size * HASH, tiles * HASH, HASH)])
        row = self._published.leaves(tiles) if rest else b""
        if row is None:
            raise VerificationFailed(segment_path(size), "what comes before it is pruned")
        self._row, self._size = row[: rest * HASH], size


def check_ahead(directory: Path, origin: str, is_written: Callable[[], bool]) -> None:
    """Check that the next segment, allocated ahead, holds nothing but, after a crash, its header."""
    path = f"{layout.JOURNAL_FOLDER}/{layout.AHEAD_FILE}"
    try:
        with open_file(directory, path) as file:
            head = file.read(layout.SEGMENT_HEADER_BYTES)
            empty = not head.strip(b"\0") or is_header(head, origin)
            while empty and (part := file.read(_CHUNK)):
                empty = not part.strip(b"\0")
    except FileNotFoundError:
        return
    except OSError:
        raise VerificationFailed(path, "it cannot be read") from None
    if not empty and not is_written():
        raise VerificationFailed(path, "it is not empty")
