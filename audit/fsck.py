"""Derives tiles, entry bundles and the root again from the journal, and compares; repairs what is derived."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from audit import format as layout
from audit import inventory, merkle, tiles
from audit.disk import Disk
from audit.errors import AuditError, VerificationFailed
from audit.inventory import Inventory, read_if_there, read_text, shown
from audit.published import Minimum
from audit.segments import Group, SegmentStart, read_segments
from audit.treecheck import HASH, WIDTH, Progress, named_tags
from audit.verifier import read_checkpoint, silent, tag_tree

_Derived = tuple[str, bytes]  # path of a tile or bundle, its bytes


@dataclass(frozen=True, slots=True)
class Difference:
    """A path that is not as the journal has it, why, and whether it is repaired."""

    path: str
    why: str
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class Examined:
    """What the journal holds, whether its published entries have the published root, and what differs."""

    origin: str
    size: int
    entries: int
    root_agrees: bool
    differences: tuple[Difference, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing differs, or everything that did is repaired."""
        return self.root_agrees and all(found.repaired for found in self.differences)


def fsck(directory: Path, *, repair: bool = False, disk: Disk | None = None, progress: Progress = silent) -> Examined:
    """Compare all that is derived with the journal's entries.

    With ``repair``, tiles and bundles that differ are written again, never the journal, the checkpoint or a tag file,
    and only when the journal's first entries have the published root. Raises ``LogRefused`` when it should repair a log
    that is open, and ``VerificationFailed`` when the checkpoint or the published part of the journal cannot be read.
    """
    if Minimum.read(directory) is not None:
        raise AuditError("the log is pruned: its journal is gone, so there is nothing to derive from")
    if not repair:
        return _Examination(directory, progress).run()
    with inventory.unwritten(directory):
        found = _Examination(directory, progress).run()
        if not found.root_agrees:
            return found
        return _repair(directory, found, disk or Disk())


def _repair(directory: Path, found: Examined, disk: Disk) -> Examined:
    wrong = {difference.path for difference in found.differences}
    again = _Examination(directory, silent)
    written: set[str] = set()
    for path, data in again.derive():
        if path in wrong:
            disk.make_folder((directory / path).parent)
            disk.put_durably(directory / path, data)
            written.add(path)
    differences = [Difference(old.path, old.why, old.path in written) for old in found.differences]
    return Examined(found.origin, found.size, found.entries, found.root_agrees, tuple(differences))


class _Examination:
    """One walk through the journal of a directory."""

    def __init__(self, directory: Path, progress: Progress) -> None:
        self._directory = directory
        self._progress = progress
        signed = read_text(directory, layout.CHECKPOINT_FILE)
        self._published, _ = read_checkpoint(directory, signed, None)
        self._differences: dict[str, str] = {}
        self._found = inventory.take_inventory(directory, self._published.size, self._stray)
        self._partial = _widths(self._found)
        self._named: dict[str, int] = {}
        self._tree = merkle.TileRows()
        self._whole = merkle.Accumulator()  # over all entries of the journal, as the headers of its segments see them
        self._entries = 0
        self.root = merkle.EMPTY_ROOT

    def _stray(self, path: str) -> None:
        self._differences[path] = "it does not belong here"

    def run(self) -> Examined:
        """Return what differs."""
        for path in self._found.unfinished:
            self._stray(path)
        for path, data in self.derive():
            try:
                here = read_if_there(self._directory, path, tiles.MAX_BUNDLE)
            except VerificationFailed as failure:
                self._differences[path] = failure.why
                continue
            if here is None and not self._is_replaced(path):
                self._differences[path] = "it is not there"
            elif here is not None and here != data:
                self._differences[path] = "it is not as the journal has it"
        self._compare_tags()
        agrees = self.root == self._published.root
        if not agrees:
            self._differences[layout.JOURNAL_FOLDER] = "its first entries are not those that were published"
        differences = tuple(Difference(shown(path), why) for path, why in sorted(self._differences.items()))
        return Examined(self._published.origin, self._published.size, self._entries, agrees, differences)

    def _is_replaced(self, path: str) -> bool:
        """Say whether the full tile stands for the partial one, which may then be gone."""
        level, index, width = tiles.parse_tile_path(path)
        return width < WIDTH and (self._directory / tiles.tile_path(level, index)).is_file()

    def derive(self) -> Iterator[_Derived]:
        """Walk (path, bytes) of each tile and bundle of the published tree, and of partial ones that are there."""
        size = self._published.size
        waiting: list[bytes] = []
        for entries in self._journal():
            self._note_tags(self._entries, entries)
            self._entries += len(entries)
            waiting += entries[: max(0, size - self._tree.size - len(waiting))]
            while len(waiting) >= WIDTH:
                yield from self._grow(waiting[:WIDTH])
                del waiting[:WIDTH]
        if waiting:
            yield from self._grow(waiting)
        self.root = self._tree.root()
        for level, index, _, data in self._tree.partials():
            yield from self._cuts(level, index, [data[at : at + HASH] for at in range(0, len(data), HASH)])

    def _grow(self, entries: list[bytes]) -> Iterator[_Derived]:
        index = self._tree.size // WIDTH
        self._tree.extend(merkle.leaf_hashes(entries))
        self._progress(self._tree.size, self._published.size)
        yield from self._cuts(None, index, entries)
        for level, at, data in self._tree.take_full():
            yield from self._cuts(level, at, [data[start : start + HASH] for start in range(0, len(data), HASH)])

    def _cuts(self, level: int | None, index: int, units: list[bytes]) -> Iterator[_Derived]:
        """Walk a tile or bundle, and its beginnings that are in the directory."""
        for width in sorted({len(units), *self._partial.get((level, index), ())}):
            if width <= len(units):
                data = tiles.encode_bundle(units[:width]) if level is None else b"".join(units[:width])
                yield tiles.tile_path(level, index, width), data

    def _journal(self) -> Iterator[list[bytes]]:
        """Walk the entries; what is not whole behind the published ones is a difference."""
        try:
            for found in read_segments(self._directory, self._published.origin, self._found.segments):
                if isinstance(found, Group):
                    self._whole.extend(merkle.leaf_hashes(found.entries))
                    yield found.entries
                else:
                    self._compare_header(found)
        except VerificationFailed as failure:
            if self._entries < self._published.size:
                raise
            self._differences[failure.place] = failure.why

    def _compare_header(self, start: SegmentStart) -> None:
        if start.previous_root != self._whole.root().hex():
            self._differences[start.place] = "the root before it is not the one that its header says"

    def _note_tags(self, first: int, entries: list[bytes]) -> None:
        for index, entry in enumerate(entries, first):
            try:
                if bulk := named_tags(index, entry):
                    self._named.setdefault(*bulk)
            except VerificationFailed as failure:
                self._differences[f"{layout.JOURNAL_FOLDER}, {failure.place}"] = failure.why

    def _compare_tags(self) -> None:
        for root in sorted(self._found.tags | set(self._named)):
            path = f"{layout.TAGS_FOLDER}/{root}"
            try:
                tree = tag_tree(self._directory, root)
            except VerificationFailed as failure:
                self._differences[path] = failure.why
                continue
            if tree is None:
                self._differences[path] = "it is not there"
            elif tree.root().hex() != root or self._named.get(root, tree.size) != tree.size:
                self._differences[path] = "its tags do not have this root and number"
            elif root not in self._named:
                self._differences[path] = "no entry names it"


def _widths(found: Inventory) -> dict[tuple[int | None, int], list[int]]:
    widths: dict[tuple[int | None, int], list[int]] = {}
    for level, index, width in found.extra_tiles:
        widths.setdefault((level, index), []).append(width)
    return widths
