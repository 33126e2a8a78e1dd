"""Lays out the directory of a log by the description of its format, without the writer.

So the tests of those who check stand apart from it, and can have states that no writer makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audit import format as layout
from audit import merkle, tiles
from audit.checkpoint import Checkpoint
from audit.keys import Signer
from audit.note import sign_note
from audit.policy import Policy

SIGNER = Signer("log.example.org/test", bytes(32), ml_dsa_seed=bytes(range(32)))
ED25519 = Signer("log.example.org/test", bytes(32))
TAIL = 64  # zeros behind the last group
SEGMENT = 300  # entries
GROUP = 7  # entries


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def lay_out(
    folder: Path,
    entries: Sequence[bytes],
    *,
    beyond: Sequence[bytes] = (),
    earlier: Sequence[int] = (),
    signer: Signer = SIGNER,
) -> None:
    """Write a log of ``entries``; ``beyond`` are durable and not published, ``earlier`` are sizes published before."""
    published = merkle.TileRows()
    for size in sorted({*earlier, len(entries)}):
        published.extend(merkle.leaf_hashes(entries[published.size : size]))
        _put_tiles(folder, published, entries[:size])
    note = sign_note(Checkpoint(signer.name, len(entries), published.root()).text, signer, at=1)
    put(folder / layout.CHECKPOINT_FILE, note.encode())
    put(folder / layout.POLICY_FILE, Policy.of(signer.vkeys).text.encode())
    _put_journal(folder, signer.name, [*entries, *beyond])


def _put_tiles(folder: Path, rows: merkle.TileRows, entries: Sequence[bytes]) -> None:
    for level, index, data in rows.take_full():
        put(folder / tiles.tile_path(level, index), data)
        if level == 0:
            put(folder / tiles.tile_path(None, index), tiles.encode_bundle(entries[index * 256 : (index + 1) * 256]))
    for level, index, width, data in rows.partials():
        put(folder / tiles.tile_path(level, index, width), data)
        if level == 0:
            put(folder / tiles.tile_path(None, index, width), tiles.encode_bundle(entries[index * 256 :]))


def _put_journal(folder: Path, origin: str, entries: Sequence[bytes]) -> None:
    tree = merkle.Accumulator()
    for first in range(0, max(1, len(entries)), SEGMENT):
        parts = [layout.segment_header(origin, first, tree.root())]
        last = min(first + SEGMENT, len(entries))
        for start in range(first, last, GROUP):
            some = entries[start : min(start + GROUP, last)]
            parts.append(layout.group(start, len(some), tiles.encode_bundle(some)))
        tree.extend(merkle.leaf_hashes(entries[first:last]))
        put(folder / layout.JOURNAL_FOLDER / layout.segment_name(first), b"".join(parts) + bytes(TAIL))


def put_tags(folder: Path, blocks: bytes) -> tuple[str, int]:
    """Write a tag file; return (root in hex, number of tags)."""
    tree = merkle.Accumulator()
    tree.extend(merkle.leaf_hashes([blocks[at : at + 16] for at in range(0, len(blocks), 16)]))
    put(folder / layout.TAGS_FOLDER / tree.root().hex(), blocks)
    return tree.root().hex(), tree.size
