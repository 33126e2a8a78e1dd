"""Checks the tiles and entry bundles of a log directory against its published size and root (c2sp.org/tlog-tiles)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from audit import format as layout
from audit import merkle, tiles
from audit.checkpoint import Checkpoint
from audit.errors import VerificationFailed
from audit.inventory import Tile, read_if_there

HASH: Final = merkle.HASH_BYTES
WIDTH: Final = merkle.TILE_WIDTH

Progress = Callable[[int, int], None]  # entries that are done, entries in all
OnEntries = Callable[[int, list[bytes]], None]  # index of the first one, entries of a bundle that is as published


def read_tile(directory: Path, tile: Tile) -> bytes | None:
    """Return the bytes of a hash tile, None when it is not there; raises ``VerificationFailed`` for a wrong length."""
    path = tiles.tile_path(*tile)
    data = read_if_there(directory, path, WIDTH * HASH)
    if data is not None and len(data) != tile[2] * HASH:
        raise VerificationFailed(path, f"it has {len(data)} bytes and not {tile[2] * HASH}")
    return data


def read_bundle(directory: Path, index: int, width: int) -> list[bytes] | None:
    """Return the entries of a bundle, None when it is not there. Raises ``VerificationFailed``."""
    path = tiles.tile_path(None, index, width)
    data = read_if_there(directory, path, tiles.MAX_BUNDLE)
    return None if data is None else tiles.decode_bundle(data, width, path)


def named_tags(index: int, entry: bytes) -> tuple[str, int] | None:
    """Return (root in hex, number of tags) of the side file that an entry names, if any.

    Raises ``VerificationFailed`` when it names one in a way that cannot be checked.
    """
    try:
        return layout.bulk_reference(entry)
    except ValueError as error:
        raise VerificationFailed(f"entry {index}", str(error)) from None


def subtree_root(row: bytes) -> bytes:
    """Return the root over a row of hashes, as many as there are."""
    if len(row) == WIDTH * HASH:
        while len(row) > HASH:
            row = merkle.parents(row)
        return row
    tree = merkle.Accumulator()
    tree.extend([row[at : at + HASH] for at in range(0, len(row), HASH)])
    return tree.root()


@dataclass(slots=True)
class PublishedTree:
    """A published tree of ``size`` entries in a directory, of which those below ``minimum`` may be gone."""

    directory: Path
    size: int
    minimum: int
    roots: bytearray = field(default_factory=bytearray)  # of the full tiles of level 0

    def leaves(self, index: int) -> bytes | None:
        """Return the level 0 tile at ``index``, as far as it is published; None when it is pruned."""
        return self._at_least(0, index, min(WIDTH, self.size - index * WIDTH))

    def entries(self, index: int) -> list[bytes] | None:
        """Return the entries of the bundle at ``index``, as far as they are published; None when it is pruned."""
        width = min(WIDTH, self.size - index * WIDTH)
        for found in sorted({width, WIDTH}):
            if (entries := read_bundle(self.directory, index, found)) is not None:
                return entries[:width]
        if index * WIDTH + width <= self.minimum:
            return None
        raise VerificationFailed(tiles.tile_path(None, index, width), "it is not there")

    def _at_least(self, level: int, index: int, width: int) -> bytes | None:
        """Return the first hashes of a tile; a full one may stand for a partial one (c2sp.org/tlog-tiles)."""
        for found in sorted({width, WIDTH}):
            if (data := read_tile(self.directory, (level, index, found))) is not None:
                return data[: width * HASH]
        if level == 0 and width == WIDTH and (index + 1) * WIDTH <= self.minimum:
            return None
        raise VerificationFailed(tiles.tile_path(level, index, width), "it is not there")

    def row(self, level: int, index: int) -> bytes:
        """Return the tile at ``index`` of a level above 0, as far as it is published."""
        width = min(WIDTH, (self.size >> merkle.TILE_HEIGHT * level) - index * WIDTH)
        return self._at_least(level, index, width) or b""


def check_tree(tree: PublishedTree, published: Checkpoint, on_entries: OnEntries, progress: Progress) -> None:
    """Derive all tiles and the root from the entries, and compare. Raises ``VerificationFailed``."""
    last = _check_leaves(tree, on_entries, progress)
    rows, level, partials = bytes(tree.roots), 1, [last]
    while rows:
        above: list[bytes] = []
        for at in range(0, len(rows), WIDTH * HASH):
            row = rows[at : at + WIDTH * HASH]
            index = at // (WIDTH * HASH)
            if tree.row(level, index) != row:
                path = tiles.tile_path(level, index, len(row) // HASH)
                raise VerificationFailed(path, "it is not made of the tiles below it")
            if len(row) == WIDTH * HASH:
                above.append(subtree_root(row))
        partials.append(rows[len(above) * WIDTH * HASH :])
        rows, level = b"".join(above), level + 1
    if _join(partials) != published.root:
        raise VerificationFailed("checkpoint", f"its root is not that of the first {published.size} entries")


def _join(partials: Iterable[bytes]) -> bytes:
    """Return the root of a tree from the partial rows of its tile levels, level 0 first."""
    root = b""
    for row in partials:
        if row or root:
            root = subtree_root(row + root) if row else root
    return root or merkle.EMPTY_ROOT


def _check_leaves(tree: PublishedTree, on_entries: OnEntries, progress: Progress) -> bytes:
    """Check bundles against tiles of level 0; return the partial tile, and leave the roots of the full ones."""
    for index in range(-(-tree.size // WIDTH)):
        entries, row = tree.entries(index), tree.leaves(index)
        if entries is not None:
            derived = b"".join(merkle.leaf_hashes(entries))
            if row is not None and row != derived:
                width = min(WIDTH, tree.size - index * WIDTH)
                raise VerificationFailed(tiles.tile_path(0, index, width), "it is not made of its bundle's entries")
            row = derived
            on_entries(index * WIDTH, entries)
        if (index + 1) * WIDTH > tree.size:
            return row or b""
        tree.roots += subtree_root(row) if row else _root_above(tree, index)
        progress(min(tree.size, (index + 1) * WIDTH), tree.size)
    return b""


def _root_above(tree: PublishedTree, index: int) -> bytes:
    above, at = divmod(index, WIDTH)
    return tree.row(1, above)[at * HASH : (at + 1) * HASH]


def check_extra_tiles(tree: PublishedTree, found: Iterable[Tile], *, beyond_allowed: bool) -> int:
    """Compare the partial tiles of earlier and later trees with the published ones, as far as these go.

    Returns the number of those that go beyond the published tree. Raises ``VerificationFailed``.
    """
    beyond = 0
    for tile in found:
        level, index, width = tile
        path = tiles.tile_path(*tile)
        known = min(width, max(0, (tree.size >> merkle.TILE_HEIGHT * (level or 0)) - index * WIDTH))
        if known < width and not beyond_allowed:
            raise VerificationFailed(path, "it does not belong here: the published tree does not go so far")
        beyond += known < width
        _compare(tree, tile, known)
    return beyond


def _compare(tree: PublishedTree, tile: Tile, known: int) -> None:
    level, index, width = tile
    path = tiles.tile_path(*tile)
    published: bytes | list[bytes] | None
    here: bytes | list[bytes] | None
    if level is None:
        here = read_bundle(tree.directory, index, width)
        published = tree.entries(index) if known else []
    else:
        here = read_tile(tree.directory, tile)
        known *= HASH
        published = (tree.row(level, index) if level else tree.leaves(index)) if known else b""
    if here is None:
        return  # removed meanwhile, which is its writer's right once the full one is there
    if published is None:
        raise VerificationFailed(path, "it does not belong here: its part of the log is pruned")
    if here[:known] != published[:known]:
        raise VerificationFailed(path, "it is not the beginning of what was published")
