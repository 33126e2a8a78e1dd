"""Who saw my data: the entries that carry one person's tags, with proofs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

import audit
from gateway.accountability.entries import TAG_BYTES
from gateway.accountability.errors import LogDamaged
from gateway.vocabulary.names import EntryId

_CHUNK: Final = 4096  # entries asked for at a time


@dataclass(frozen=True, slots=True)
class EntryAbout:
    """An entry that concerns the person, and all that is needed to show it to a stranger."""

    index: int
    entry: Mapping[str, Any]
    leaf: bytes  # the very bytes that are hashed
    tag: bytes
    tag_index: int | None  # in the side file of a bulk entry; None when the tag stands in the entry
    proof: tuple[bytes, ...]
    checkpoint: str

    @property
    def proof_file(self) -> str:
        """The offline proof (c2sp.org/tlog-proof); ``python -m audit check`` reads it."""
        return audit.format_proof(self.index, self.proof, self.checkpoint)


class _Head(msgspec.Struct):
    id: str
    tags: tuple[str, ...] = ()
    tags_root: str | None = None


_heads = msgspec.json.Decoder(_Head)


def size_of(note: str) -> int:
    """Return the tree size of a checkpoint that the log has just published."""
    return int(note.split("\n", 2)[1])


def about(log: audit.Log, checkpoint: str, tags_of: Callable[[Sequence[EntryId]], bytes]) -> list[EntryAbout]:
    """Try every published entry; return those that carry the person's tag."""
    size = size_of(checkpoint)
    found: list[EntryAbout] = []
    for index, leaf, tag, place in _matches(log, size, tags_of):
        proof = tuple(log.inclusion(index, size))
        found.append(EntryAbout(index, msgspec.json.decode(leaf), leaf, tag, place, proof, checkpoint))
    return found


def _matches(
    log: audit.Log, size: int, tags_of: Callable[[Sequence[EntryId]], bytes]
) -> Iterator[tuple[int, bytes, bytes, int | None]]:
    numbered = enumerate(log.entries(0, size))
    while chunk := list(itertools.islice(numbered, _CHUNK)):
        decoded = [(index, leaf, _heads.decode(leaf)) for index, leaf in chunk]
        tagged = [row for row in decoded if row[2].tags or row[2].tags_root]
        tags = tags_of([EntryId(head.id) for _, _, head in tagged])
        if len(tags) != TAG_BYTES * len(tagged):
            msg = "one tag of 16 bytes is needed for each entry id"
            raise ValueError(msg)
        for number, (index, leaf, head) in enumerate(tagged):
            tag = tags[TAG_BYTES * number : TAG_BYTES * (number + 1)]
            place = _place(log.directory, head.tags_root, tag) if head.tags_root else None
            if place is not None or tag.hex() in head.tags:
                yield index, leaf, tag, place


def _place(directory: Path, root: str, tag: bytes) -> int | None:
    """Find a tag in a side file."""
    wanted = np.frombuffer(tag, np.uint64)
    before = 0
    try:
        for chunk in audit.read_tags(directory, root):
            blocks = np.frombuffer(chunk, np.uint64).reshape(-1, 2)
            hits = np.flatnonzero((blocks[:, 0] == wanted[0]) & (blocks[:, 1] == wanted[1]))
            if hits.size:
                return before + int(hits[0])
            before += len(blocks)
    except (audit.VerificationFailed, ValueError):
        raise LogDamaged("a tag file of the audit log is gone or not whole: restore it from a copy") from None
    return None
