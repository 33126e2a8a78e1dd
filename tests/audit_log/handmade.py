"""A published log without a writer: what a log directory shows to others, also what no honest writer would publish."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audit.checkpoint import Checkpoint
from audit.merkle import HASH_BYTES, TILE_WIDTH, Tree, leaf_hashes
from audit.note import Signer, sign_note
from audit.policy import Policy
from audit.tiles import encode_bundle, tile_path, tiles_of


def checkpoint_note(signer: Signer, entries: Sequence[bytes], at: int = 0) -> str:
    tree = Tree()
    tree.extend(leaf_hashes(entries))
    return sign_note(Checkpoint(signer.name, len(entries), tree.root()).text, signer, at)


def publish(directory: Path, signer: Signer, entries: Sequence[bytes], *, at: int = 0, lines: str = "") -> str:
    """Write tiles, bundles, policy and checkpoint, whatever was there before; return the note."""
    tree = Tree()
    tree.extend(leaf_hashes(entries))
    for level, index, width in tiles_of(len(entries)):
        span = TILE_WIDTH**level
        first = index * TILE_WIDTH
        hashes = [_root(entries[(first + i) * span : (first + i + 1) * span]) for i in range(width)]
        _put(directory / tile_path(level, index, width), b"".join(hashes))
        assert len(hashes) * HASH_BYTES <= TILE_WIDTH * HASH_BYTES
        if level == 0:
            _put(directory / tile_path(None, index, width), encode_bundle(entries[first : first + width]))
    note = sign_note(Checkpoint(signer.name, len(entries), tree.root()).text, signer, at) + lines
    _put(directory / "policy", Policy.of(signer.vkeys).text.encode())
    _put(directory / "checkpoint", note.encode())
    return note


def _root(entries: Sequence[bytes]) -> bytes:
    tree = Tree()
    tree.extend(leaf_hashes(entries))
    return tree.root()


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
