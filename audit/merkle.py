"""The Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1) over SHA-256."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final

from audit.errors import VerificationFailed

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
TILE_HEIGHT: Final = 8  # c2sp.org/tlog-tiles: a tile is the bottom row of a subtree of this height
TILE_WIDTH: Final = 1 << TILE_HEIGHT
TILE_BYTES: Final = TILE_WIDTH * HASH_BYTES

# (level, index) -> the root of the complete subtree over the leaves [index << level, (index + 1) << level)
NodeLookup = Callable[[int, int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """Return H(0x00 | entry)."""
    return sha256(b"\0" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Return the leaf hash of each entry."""
    return [sha256(b"\0" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return H(0x01 | left | right)."""
    return sha256(b"\1" + left + right).digest()


def parents(pairs: bytes) -> bytes:
    """Return the hashes of the nodes above a row of pairs; ``pairs`` is a multiple of 64 bytes."""
    return b"".join([sha256(b"\1" + pairs[at : at + 64]).digest() for at in range(0, len(pairs), 64)])


def _split(width: int) -> int:
    """Return the largest power of two smaller than ``width``."""
    return 1 << ((width - 1).bit_length() - 1)


def range_root(node: NodeLookup, start: int, stop: int) -> bytes:
    """Return the root over leaves [start, stop); ``start`` is a multiple of a power of two >= the width."""
    root = b""
    while stop > start:  # from the right: the smallest complete subtree first
        level = (stop - start & start - stop).bit_length() - 1
        left = node(level, (stop >> level) - 1)
        root = node_hash(left, root) if root else left
        stop -= 1 << level
    return root or EMPTY_ROOT


def inclusion_path(node: NodeLookup, index: int, size: int) -> list[bytes]:
    """Return PATH(index, D[size]) of RFC 6962 2.1.1, the leaf's sibling first; raises ``ValueError``."""
    if not 0 <= index < size:
        raise ValueError(f"no entry {index} in a tree of {size}")
    proof: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            proof.append(range_root(node, middle, stop))
            stop = middle
        else:
            proof.append(range_root(node, start, middle))
            start = middle
    return proof[::-1]


def consistency_path(node: NodeLookup, old: int, new: int) -> list[bytes]:
    """Return PROOF(old, D[new]) of RFC 6962 2.1.2; empty for ``old`` 0 and for ``old`` equal to ``new``."""
    if not 0 <= old <= new:
        raise ValueError(f"sizes 0 <= {old} <= {new} do not hold")
    proof: list[bytes] = []
    start, stop = 0, new
    while old not in {0, stop}:
        middle = start + _split(stop - start)
        if old <= middle:
            proof.append(range_root(node, middle, stop))
            stop = middle
        else:
            proof.append(range_root(node, start, middle))
            start = middle
    if start:  # the old root is not itself one of the new tree's nodes
        proof.append(range_root(node, start, stop))
    return proof[::-1]


class Accumulator:
    """The compact range of a growing tree: size and root in O(log n) memory."""

    def __init__(self) -> None:
        self._levels: list[bytes] = []  # at most one hash that waits for its right sibling, per level
        self.size = 0

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add leaf hashes."""
        self.size += len(leaves)
        carried = b"".join(leaves)
        level = 0
        while carried:
            if level == len(self._levels):
                self._levels.append(b"")
            self._passed(level, carried)
            row = self._levels[level] + carried
            paired = len(row) - len(row) % 64
            self._levels[level] = row[paired:]
            carried = parents(row[:paired])
            level += 1

    def _passed(self, level: int, hashes: bytes) -> None:
        """Learn that ``hashes`` are the next roots of complete subtrees of 2 ** ``level`` leaves."""

    def root(self) -> bytes:
        """Return the root of what was added so far."""
        root = b""
        for waiting in self._levels:
            if waiting:
                root = node_hash(waiting, root) if root else waiting
        return root or EMPTY_ROOT


class TileRows(Accumulator):
    """A growing tree that hands out its tiles (c2sp.org/tlog-tiles); it holds at most 8 KiB per level and what waits.

    Every eighth level of the carry is the row of a tile level, so that nothing is hashed twice.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[bytearray] = []  # per tile level, the hashes since its last full tile
        self._next: list[int] = []  # per tile level, the index of the tile that the row begins
        self._full: list[tuple[int, int, bytes]] = []

    def _passed(self, level: int, hashes: bytes) -> None:
        tile_level, between = divmod(level, TILE_HEIGHT)
        if between:
            return
        if tile_level == len(self._rows):
            self._rows.append(bytearray())
            self._next.append(0)
        row = self._rows[tile_level]
        row += hashes
        whole = len(row) - len(row) % TILE_BYTES
        for at in range(0, whole, TILE_BYTES):
            self._full.append((tile_level, self._next[tile_level], bytes(row[at : at + TILE_BYTES])))
            self._next[tile_level] += 1
        del row[:whole]

    def take_full(self) -> list[tuple[int, int, bytes]]:
        """Return (tile level, tile index, 8,192 bytes) of each tile that became full since the last call."""
        full, self._full = self._full, []
        return full

    def partials(self) -> list[tuple[int, int, int, bytes]]:
        """Return (tile level, tile index, width, bytes) of the partial tiles of the present size, level 0 first."""
        rows = zip(self._next, self._rows, strict=True)
        return [(level, at, len(row) // HASH_BYTES, bytes(row)) for level, (at, row) in enumerate(rows) if row]


class Tree:
    """All complete subtrees of a growing tree: 64 bytes an entry, any proof in O(log n) look-ups and hashes."""

    def __init__(self) -> None:
        self._levels: list[bytearray] = [bytearray()]

    @property
    def size(self) -> int:
        """The number of leaves."""
        return len(self._levels[0]) // HASH_BYTES

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add leaf hashes, level by level."""
        self._levels[0] += b"".join(leaves)
        for level, row in enumerate(self._levels):
            paired = len(row) - len(row) % 64
            if level + 1 == len(self._levels) and paired:
                self._levels.append(bytearray())
            above = self._levels[level + 1] if paired else bytearray()
            done = 2 * len(above)
            if done >= paired:
                return
            above += parents(bytes(row[done:paired]))

    def leaf(self, index: int) -> bytes:
        """Return the leaf hash at ``index``."""
        return self._node(0, index)

    def root(self, size: int | None = None) -> bytes:
        """Return the root of the first ``size`` leaves (all of them when not given)."""
        size = self.size if size is None else size
        self._check(0, size)
        return range_root(self._node, 0, size)

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return PATH(index, D[size]), the leaf's sibling first."""
        self._check(0, size)
        return inclusion_path(self._node, index, size)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return PROOF(old, D[new]); empty for ``old`` 0 and for ``old`` equal to ``new``."""
        self._check(old, new)
        return consistency_path(self._node, old, new)

    def _check(self, old: int, new: int) -> None:
        if not 0 <= old <= new <= self.size:
            raise ValueError(f"sizes 0 <= {old} <= {new} <= {self.size} do not hold")

    def _node(self, level: int, index: int) -> bytes:
        at = index * HASH_BYTES
        return bytes(self._levels[level][at : at + HASH_BYTES])


def _need(truth: bool, place: str, why: str) -> None:  # noqa: FBT001 - an assertion that python -O does not drop
    if not truth:
        raise VerificationFailed(place, why)


def _need_hashes(place: str, hashes: Iterable[bytes]) -> None:
    _need(all(len(value) == HASH_BYTES for value in hashes), place, "a hash has 32 bytes")


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf hash ``leaf`` stands at ``index`` in the tree of ``size`` and ``root`` (RFC 9162 2.1.3.2).

    Raises ``VerificationFailed``; returns nothing, so that a forgotten comparison cannot pass.
    """
    place = "inclusion proof"
    _need(0 <= index < size, place, "the index lies outside the tree")
    _need_hashes(place, (leaf, root, *proof))
    node, last, value = index, size - 1, leaf
    for sibling in proof:
        _need(last > 0, place, "it is too long")
        if node & 1 or node == last:
            value = node_hash(sibling, value)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            value = node_hash(value, sibling)
        node >>= 1
        last >>= 1
    _need(last == 0, place, "it is too short")
    _need(value == root, place, "it does not lead to the root")


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of ``new`` begins with the tree of ``old`` (RFC 9162 2.1.4.2).

    From ``old`` 0 an empty proof is right (as tlog-witness has it), if ``old_root`` is the empty tree's.
    Raises ``VerificationFailed``.
    """
    place = "consistency proof"
    _need(0 <= old <= new, place, "the old tree is larger than the new one")
    _need_hashes(place, (old_root, new_root, *proof))
    if old in {0, new}:
        _need(not proof, place, "none is needed here")
        _need(old_root == (new_root if old == new else EMPTY_ROOT), place, "the roots differ")
        _need(new > 0 or new_root == EMPTY_ROOT, place, "an empty tree has another root")
        return
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    _need(bool(path) and bool(proof), place, "it is too short")
    found_old, found_new = _consistency_roots(old, new, path)
    _need(found_old == old_root, place, "it does not lead to the old root")
    _need(found_new == new_root, place, "it does not lead to the new root")


def _consistency_roots(old: int, new: int, path: list[bytes]) -> tuple[bytes, bytes]:
    node, last = old - 1, new - 1
    while node & 1:
        node >>= 1
        last >>= 1
    found_old = found_new = path[0]
    for sibling in path[1:]:
        _need(last > 0, "consistency proof", "it is too long")
        if node & 1 or node == last:
            found_old = node_hash(sibling, found_old)
            found_new = node_hash(sibling, found_new)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            found_new = node_hash(found_new, sibling)
        node >>= 1
        last >>= 1
    _need(last == 0, "consistency proof", "it is too short")
    return found_old, found_new
