"""The read side of a log directory: what was published last, checked against its checkpoint before it is returned.

It needs no lock and no key; a writer may go on meanwhile. It never imports the writer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from audit import format as layout
from audit import merkle, tiles
from audit.beneath import read_beneath
from audit.checkpoint import Checkpoint
from audit.errors import EntryPruned, VerificationFailed
from audit.note import MAX_NOTE
from audit.policy import MAX_POLICY, Policy
from audit.proof import Proof
from audit.tiles import TILES_KEPT, TileSource, TileTree, tile_path

_MAX_MINIMUM: Final = 64 * 1024  # bytes
_MAX_RETENTION: Final = 4096  # characters


class Minimum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ``minimum`` file of a pruned log (c2sp.org/tlog-tiles, Pruning).

    ``minimum``: the first entry that the log still publishes. ``policy``: the stated retention policy, for humans.
    """

    minimum: int
    policy: str

    @property
    def data(self) -> bytes:
        """The bytes of the file: one line of JSON."""
        return msgspec.json.encode(self) + b"\n"

    @classmethod
    def parse(cls, data: bytes) -> Minimum:
        """Read the bytes of the file; raises ``VerificationFailed`` unless they are canonical."""
        place = layout.MINIMUM_FILE
        try:
            found = msgspec.json.decode(data, type=cls)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise VerificationFailed(place, "it is not the JSON object of minimum and policy") from None
        if found.minimum < 1 or not 1 <= len(found.policy) <= _MAX_RETENTION or found.data != data:
            raise VerificationFailed(place, "it is not a canonical minimum with a policy")
        return found

    @classmethod
    def read(cls, directory: Path) -> Minimum | None:
        """Read the file of a log directory; None where the log was never pruned."""
        try:
            return cls.parse(read_beneath(directory, layout.MINIMUM_FILE, _MAX_MINIMUM))
        except FileNotFoundError:
            return None


def read_policy(directory: Path) -> Policy:
    """Read the ``policy`` file of a log directory: what the log says about itself. Raises ``VerificationFailed``."""
    return Policy.parse(_read(directory, layout.POLICY_FILE, MAX_POLICY))


def _read(directory: Path, name: str, limit: int) -> bytes:
    try:
        return read_beneath(directory, name, limit)
    except FileNotFoundError:
        raise VerificationFailed(name, "it is not there") from None


@dataclass(frozen=True, slots=True)
class _Head:
    """One published state of the log."""

    note: str
    checkpoint: Checkpoint
    minimum: int
    tree: TileTree


class PublishedLog:
    """A log as its directory shows it. All that it returns was compared with the signed root; threads may share it."""

    def __init__(self, directory: Path, policy: Policy | None = None, *, keep: int = TILES_KEPT) -> None:
        """Read and check the checkpoint and the partial tiles.

        Without a ``policy`` the directory's own is believed. ``keep`` bounds the tiles held in memory (16 KiB each).
        Raises ``VerificationFailed``.
        """
        self.directory = directory
        self.policy = read_policy(directory) if policy is None else policy
        self._refreshing = threading.Lock()
        signed, checkpoint, minimum = self._published()
        tree = TileTree(self._fetch, checkpoint.size, root=checkpoint.root, minimum=minimum, keep=keep)
        self._head = _Head(signed, checkpoint, minimum, tree)

    def refresh(self) -> Checkpoint:
        """Read what is published now; a pruning or a growth is not seen before.

        Raises ``VerificationFailed``, also for a log that went back or forked, and ``EntryPruned`` when so much was
        pruned since that nothing can tell (open the log anew). What was read before stays in place then.
        """
        with self._refreshing:
            signed, checkpoint, minimum = self._published()
            last = self._head
            if checkpoint.origin != last.checkpoint.origin:
                raise VerificationFailed(layout.CHECKPOINT_FILE, "the directory holds another log than before")
            tree = last.tree
            if (checkpoint, minimum) != (last.checkpoint, last.minimum):
                tree = last.tree.grown(checkpoint.size, checkpoint.root, minimum)
            self._head = _Head(signed, checkpoint, minimum, tree)
            return checkpoint

    @property
    def note(self) -> str:
        """The signed checkpoint that was read last."""
        return self._head.note

    @property
    def checkpoint(self) -> Checkpoint:
        """The tree head that was read last."""
        return self._head.checkpoint

    @property
    def origin(self) -> str:
        """The name of the log."""
        return self._head.checkpoint.origin

    @property
    def size(self) -> int:
        """The number of published entries, with those pruned."""
        return self._head.checkpoint.size

    @property
    def root(self) -> bytes:
        """The root over all published entries."""
        return self._head.checkpoint.root

    @property
    def minimum(self) -> int:
        """The first entry that was not pruned."""
        return self._head.minimum

    def entry(self, index: int) -> bytes:
        """Return one entry. Raises ``IndexError``, ``EntryPruned``, ``VerificationFailed``."""
        head = self._head
        _need_entry(head, index)
        return self._bundle(head, index // merkle.TILE_WIDTH)[index % merkle.TILE_WIDTH]

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Walk the entries [start, stop), one bundle in memory at a time; ``stop`` is at most the present size.

        Raises ``EntryPruned`` when ``start`` lies below ``minimum`` (a silent gap would look like a whole log), and
        ``VerificationFailed`` at the first bundle that is not the tree's.
        """
        head = self._head
        stop = head.checkpoint.size if stop is None else min(stop, head.checkpoint.size)
        if start < stop:
            _need_entry(head, start)
        return self._walk(head, start, stop)

    def _walk(self, head: _Head, start: int, stop: int) -> Iterator[bytes]:
        while start < stop:
            number, first = divmod(start, merkle.TILE_WIDTH)
            upto = min(stop, start - first + merkle.TILE_WIDTH)
            yield from self._bundle(head, number)[first : first + upto - start]
            start = upto

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the inclusion proof of ``index`` in the tree of the first ``size`` entries.

        Raises ``ValueError``, ``EntryPruned``, ``VerificationFailed``.
        """
        return self._head.tree.inclusion(index, size)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the tree of ``new`` entries begins with the tree of ``old``.

        Raises ``ValueError``, ``VerificationFailed``, and ``EntryPruned`` where ``old`` lies too far below ``minimum``.
        """
        return self._head.tree.consistency(old, new)

    def prove(self, index: int) -> Proof:
        """Return the offline proof (c2sp.org/tlog-proof) of an entry in the published checkpoint; it was verified.

        Raises ``IndexError``, ``EntryPruned``, ``VerificationFailed``.
        """
        head = self._head
        _need_entry(head, index)
        size, root = head.checkpoint.size, head.checkpoint.root
        hashes = head.tree.inclusion(index, size)
        merkle.verify_inclusion(head.tree.leaf(index), index, size, hashes, root)
        return Proof(index=index, hashes=tuple(hashes), checkpoint=head.note, extra=None)

    def file(self, path: str) -> bytes:
        """Return a published file as it lies there: ``checkpoint``, ``policy``, a tile or a bundle by its path.

        Raises ``FileNotFoundError`` for any other path and for what is not there, ``VerificationFailed``.
        """
        if path == layout.CHECKPOINT_FILE:
            return self.note.encode()
        if path == layout.POLICY_FILE:
            return self.policy.text.encode("utf-8", "surrogateescape")  # a witness may have octets for a name
        try:
            tiles.parse_tile_path(path)
        except VerificationFailed:
            raise FileNotFoundError(path) from None
        return self._fetch(path)

    def _published(self) -> tuple[str, Checkpoint, int]:
        """Read (note, checkpoint, minimum); the minimum first, because it may grow as soon as the log has grown."""
        pruned = Minimum.read(self.directory)
        signed = _read(self.directory, layout.CHECKPOINT_FILE, MAX_NOTE)
        checkpoint = self.policy.check(signed)
        minimum = pruned.minimum if pruned else 0
        if minimum > checkpoint.size:
            raise VerificationFailed(layout.MINIMUM_FILE, "it lies behind the end of the log")
        return signed.decode(), checkpoint, minimum  # a note that was checked is UTF-8

    def _fetch(self, path: str) -> bytes:
        bundle = path.startswith("tile/entries/")
        return read_beneath(self.directory, path, tiles.MAX_BUNDLE if bundle else merkle.TILE_BYTES)

    def _bundle(self, head: _Head, number: int) -> list[bytes]:
        """Return the entries of a bundle once they are those of the tree."""
        leaves = head.tree.leaves(number)
        width = len(leaves) // merkle.HASH_BYTES
        entries = TileSource(self._fetch, head.minimum).bundle(number, width)
        if b"".join(merkle.leaf_hashes(entries)) != leaves:
            raise VerificationFailed(tile_path(None, number, width), "its entries are not those of the tree")
        return entries


def _need_entry(head: _Head, index: int) -> None:
    if not 0 <= index < head.checkpoint.size:
        raise IndexError(f"no entry {index} in a log of {head.checkpoint.size}")
    if index < head.minimum:
        raise EntryPruned(f"entry {index}", head.minimum)
