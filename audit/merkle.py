"""The Merkle tree of RFC 6962 section 2.1 (RFC 9162 section 2.1) over SHA-256."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Final

from audit.errors import VerificationFailed

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Return H(0x00 | entry)."""
    return sha256(b"\0" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Return the leaf hash of each entry."""
    return [sha256(b"\0" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return H(0x01 | left | right)."""
    return sha256(b"\1" + left + right).digest()


def _parents(pairs: bytes) -> bytes:
    return b"".join([sha256(b"\1" + pairs[at : at + 64]).digest() for at in range(0, len(pairs), 64)])


def _split(width: int) -> int:
    """Return the largest power of two smaller than ``width``."""
    return 1 << ((width - 1).bit_length() - 1)


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
            row = self._levels[level] + carried
            paired = len(row) - len(row) % 64
            self._levels[level] = row[paired:]
            carried = _parents(row[:paired])
            level += 1

    def root(self) -> bytes:
        """Return the root of what was added so far."""
        root = b""
        for waiting in self._levels:
            if waiting:
                root = node_hash(waiting, root) if root else waiting
        return root or EMPTY_ROOT


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
            above += _parents(bytes(row[done:paired]))

    def leaf(self, index: int) -> bytes:
        """Return the leaf hash at ``index``."""
        return self._range(index, index + 1)

    def root(self, size: int | None = None) -> bytes:
        """Return the root of the first ``size`` leaves (all of them when not given)."""
        size = self.size if size is None else size
        self._check(0, size)
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return PATH(index, D[size]), the leaf's sibling first."""
        self._check(0, size)
        if not 0 <= index < size:
            raise ValueError(f"no entry {index} in a tree of {size}")
        proof: list[bytes] = []
        start, stop = 0, size
        while stop - start > 1:
            middle = start + _split(stop - start)
            if index < middle:
                proof.append(self._range(middle, stop))
                stop = middle
            else:
                proof.append(self._range(start, middle))
                start = middle
        return proof[::-1]

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return PROOF(old, D[new]); empty for ``old`` 0 and for ``old`` equal to ``new``."""
        self._check(old, new)
        if old == 0:
            return []
        proof: list[bytes] = []
        start, stop = 0, new
        while old != stop:
            middle = start + _split(stop - start)
            if old <= middle:
                proof.append(self._range(middle, stop))
                stop = middle
            else:
                proof.append(self._range(start, middle))
                start = middle
        if start:  # the old root is not itself one of the new tree's nodes
            proof.append(self._range(start, stop))
        return proof[::-1]

    def _check(self, old: int, new: int) -> None:
        if not 0 <= old <= new <= self.size:
            raise ValueError(f"sizes 0 <= {old} <= {new} <= {self.size} do not hold")

    def _range(self, start: int, stop: int) -> bytes:
        """Return the root over leaves [start, stop); ``start`` is a multiple of a power of two >= the width."""
        width = stop - start
        if width & (width - 1) == 0:
            level = width.bit_length() - 1
            at = (start >> level) * HASH_BYTES
            return bytes(self._levels[level][at : at + HASH_BYTES])
        middle = start + _split(width)
        return node_hash(self._range(start, middle), self._range(middle, stop))


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
