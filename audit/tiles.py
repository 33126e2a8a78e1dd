"""Hash tiles and entry bundles of a tiled log, and the proofs that come out of them (c2sp.org/tlog-tiles)."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from audit import merkle
from audit.errors import EntryPruned, EntryRefused, VerificationFailed
from audit.format import MAX_ENTRY
from audit.merkle import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH

MAX_BUNDLE: Final = TILE_WIDTH * (2 + MAX_ENTRY)  # bytes
MAX_LEVEL: Final = 63
TILES_KEPT: Final = 4096  # 16 KiB each: 64 MiB at most, which is the whole tree of a million entries

_MAX_PATH: Final = 64  # characters; the path of tile 2**63 has fewer
_PATH: Final = re.compile(r"tile/(entries|[0-9]{1,2})/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([0-9]{1,3}))?", re.ASCII)

Fetch = Callable[[str], bytes]  # path of a tile or bundle -> its bytes; FileNotFoundError where it is not there


def tile_path(level: int | None, index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a hash tile, or of an entry bundle where ``level`` is None. Raises ``ValueError``."""
    if not (level is None or 0 <= level <= MAX_LEVEL) or index < 0 or not 1 <= width <= TILE_WIDTH:
        raise ValueError(f"no tile of level {level}, index {index}, width {width}")
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03d}")
    suffix = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{'entries' if level is None else level}/{'/'.join(groups[::-1])}{suffix}"


def parse_tile_path(path: str) -> tuple[int | None, int, int]:
    """Return (level or None for a bundle, index, width); raises ``VerificationFailed`` unless it is canonical."""
    match = _PATH.fullmatch(path) if len(path) <= _MAX_PATH else None
    if match:
        level = None if match[1] == "entries" else int(match[1])
        index, width = int(re.sub("[x/]", "", match[2])), int(match[3] or TILE_WIDTH)
        fits = (level or 0) <= MAX_LEVEL and 1 <= width <= TILE_WIDTH
        if fits and tile_path(level, index, width) == path:
            return level, index, width
    raise VerificationFailed("tile path", "it is not a canonical path of a tile")


def tiles_of(size: int) -> Iterator[tuple[int, int, int]]:
    """Walk (level, index, width) of all hash tiles of a tree, level by level. The bundles are as those of level 0."""
    return new_tiles(0, size)


def new_tiles(old: int, new: int) -> Iterator[tuple[int, int, int]]:
    """Walk the tiles of a tree of ``new`` entries that the tree of ``old`` had not: the full ones, then the partial."""
    level = 0
    while new:
        for index in range(old // TILE_WIDTH, new // TILE_WIDTH):
            yield level, index, TILE_WIDTH
        if new != old and new % TILE_WIDTH:
            yield level, new // TILE_WIDTH, new % TILE_WIDTH
        old, new, level = old // TILE_WIDTH, new // TILE_WIDTH, level + 1


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return the entries, each behind its length (uint16, big-endian); raises ``EntryRefused``."""
    try:
        return b"".join([len(entry).to_bytes(2) + entry for entry in entries])
    except OverflowError:
        raise EntryRefused(f"an entry has at most {MAX_ENTRY} bytes") from None


def decode_bundle(data: bytes, width: int, place: str = "entry bundle") -> list[bytes]:
    """Return the ``width`` entries that ``data`` must consist of exactly; raises ``VerificationFailed``."""
    if len(data) > width * (2 + MAX_ENTRY):
        raise VerificationFailed(place, "it is too long")
    entries: list[bytes] = []
    at, end = 0, len(data)
    for _ in range(width):
        start = at + 2
        at = start + int.from_bytes(data[at:start])
        if at > end:
            raise VerificationFailed(place, f"it ends before {width} entries")
        entries.append(data[start:at])
    if at != end:
        raise VerificationFailed(place, f"bytes follow its {width} entries")
    return entries


@dataclass(frozen=True, slots=True)
class TileSource:
    """Where tiles and bundles come from, and from which entry on they have to be there."""

    fetch: Fetch
    minimum: int = 0

    def tile(self, level: int, index: int, width: int) -> bytes:
        """Return the first ``width`` hashes of a tile. Raises ``VerificationFailed``, ``EntryPruned``."""
        path, found, data = self._get(level, index, width)
        if len(data) != found * HASH_BYTES:
            raise VerificationFailed(path, f"it has {len(data)} bytes and not {found * HASH_BYTES}")
        return data[: width * HASH_BYTES]

    def bundle(self, index: int, width: int) -> list[bytes]:
        """Return the first ``width`` entries of a bundle, NOT compared with the tree. Raises as ``tile`` does."""
        path, found, data = self._get(None, index, width)
        return decode_bundle(data, found, path)[:width]

    def _get(self, level: int | None, index: int, width: int) -> tuple[str, int, bytes]:
        """Return (path, width, bytes) of the tile, or of the full one that may have replaced a partial one."""
        wanted = tile_path(level, index, width)
        for found in sorted({width, TILE_WIDTH}):
            path = tile_path(level, index, found)
            try:
                return path, found, self.fetch(path)
            except FileNotFoundError:
                continue
            except OSError:
                raise VerificationFailed(path, "it cannot be read") from None
        if width == TILE_WIDTH and (index + 1) << TILE_HEIGHT * ((level or 0) + 1) <= self.minimum:
            raise EntryPruned(wanted, self.minimum)
        raise VerificationFailed(wanted, "it is not there")


class TileTree:
    """The tree of a tiled log: proofs out of tiles that are fetched when first needed.

    Each full tile is compared with its hash in the tile above it, and the partial tiles together with ``root``, before
    any hash is used: no node comes from a tile that is not of this tree. Any number of threads may ask.
    """

    def __init__(
        self, fetch: Fetch, size: int, *, root: bytes | None = None, minimum: int = 0, keep: int = TILES_KEPT
    ) -> None:
        """Fetch the partial tiles. Without a ``root`` it is the caller who compares ``root()`` with a signed one.

        ``keep`` bounds the full tiles in memory (16 KiB each); those whose end is at most ``minimum`` may be pruned.
        Raises ``VerificationFailed``.
        """
        self.size = size
        self._source = TileSource(fetch, minimum)
        self._keep = keep
        self._lock = threading.RLock()
        self._tiles: OrderedDict[tuple[int, int], list[bytes]] = OrderedDict()
        self._earlier: OrderedDict[tuple[int, int], list[bytes]] = OrderedDict()  # of a smaller tree, not yet compared
        self._edge = {
            (level, index): _heights(self._source.tile(level, index, width)) for level, index, width in _edge_of(size)
        }  # never let go: only all of them together can be checked
        self._root = merkle.range_root(self._node, 0, size)
        if root is not None and root != self._root:
            raise VerificationFailed("tile", f"the partial tiles of size {size} do not lead to the root")

    def grown(self, size: int, root: bytes, minimum: int = 0) -> TileTree:
        """Return the tree of a later checkpoint; it takes over the tiles in memory, and compares them again.

        Raises ``VerificationFailed`` when it does not begin with this tree, and ``EntryPruned`` when too much of this
        tree was pruned to tell.
        """
        if size < self.size:
            raise VerificationFailed("checkpoint", f"its tree of {size} is smaller than the tree of {self.size} before")
        grown = TileTree(self._source.fetch, size, root=root, minimum=minimum, keep=self._keep)
        with self._lock:
            grown._earlier = self._earlier | self._tiles
        if grown.root(self.size) != self._root:
            raise VerificationFailed("checkpoint", f"the tree of {size} does not begin with the tree of {self.size}")
        return grown

    def root(self, size: int | None = None) -> bytes:
        """Return the root of the first ``size`` leaves (all of them when not given)."""
        if size is None or size == self.size:
            return self._root
        self._need_size(size)
        with self._lock:
            return merkle.range_root(self._node, 0, size)

    def leaf(self, index: int) -> bytes:
        """Return the leaf hash at ``index``."""
        if not 0 <= index < self.size:
            raise ValueError(f"no entry {index} in a tree of {self.size}")
        with self._lock:
            return self._node(0, index)

    def leaves(self, index: int) -> bytes:
        """Return the hashes of the level 0 tile ``index``, as many as the tree has."""
        if not 0 <= index << TILE_HEIGHT < self.size:
            raise ValueError(f"no tile {index} in a tree of {self.size}")
        with self._lock:
            return self._tile(0, index)[0]

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return PATH(index, D[size]), the leaf's sibling first. Raises ``VerificationFailed``, ``EntryPruned``."""
        self._need_size(size)
        with self._lock:
            return merkle.inclusion_path(self._node, index, size)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return PROOF(old, D[new]). Raises ``VerificationFailed``, ``EntryPruned``."""
        self._need_size(new)
        with self._lock:
            return merkle.consistency_path(self._node, old, new)

    def _need_size(self, size: int) -> None:
        if not 0 <= size <= self.size:
            raise ValueError(f"no tree of {size} in a tree of {self.size}")

    def _node(self, level: int, index: int) -> bytes:
        tile_level, height = divmod(level, TILE_HEIGHT)
        above = TILE_HEIGHT - height
        at = (index & (1 << above) - 1) * HASH_BYTES
        return self._tile(tile_level, index >> above)[height][at : at + HASH_BYTES]

    def _tile(self, level: int, index: int) -> list[bytes]:
        """Return the rows of a tile, from its own hashes (height 0) up."""
        key = (level, index)
        if tile := self._edge.get(key):
            return tile
        if tile := self._tiles.get(key):
            self._tiles.move_to_end(key)
            return tile
        tile = self._tiles[key] = self._load(level, index)
        while len(self._tiles) + len(self._earlier) > self._keep:
            (self._earlier or self._tiles).popitem(last=False)
        return tile

    def _load(self, level: int, index: int) -> list[bytes]:
        """Fetch a full tile and compare it with its hash in the tile above."""
        expected = self._node((level + 1) * TILE_HEIGHT, index)
        tile = self._earlier.pop((level, index), None)
        if tile is None:
            tile = _heights(self._source.tile(level, index, TILE_WIDTH))
        if tile[-1] != expected:
            raise VerificationFailed(tile_path(level, index), "it does not lead to its hash in the tile above it")
        return tile


def _edge_of(size: int) -> Iterator[tuple[int, int, int]]:
    """Walk the partial tiles of a tree."""
    level = 0
    while rest := size >> TILE_HEIGHT * level:
        if width := rest % TILE_WIDTH:
            yield level, rest // TILE_WIDTH, width
        level += 1


def _heights(row: bytes) -> list[bytes]:
    """Return the rows of complete nodes from the hashes of a tile up to, in a full tile, its root."""
    rows = [row]
    while len(row) > HASH_BYTES:
        row = merkle.parents(row[: len(row) - len(row) % (2 * HASH_BYTES)])
        rows.append(row)
    return rows
