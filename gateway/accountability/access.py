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
from gateway.accountability.entries import TAG_BYTES, decoded, shown
from gateway.accountability.errors import LogDamaged
from gateway.vocabulary.names import EntryId

_CHUNK: Final = 4096  # entries asked for at a time


@dataclass(frozen=True, slots=True)
class EntryAbout:
    """An entry that concerns the person, and all that is needed to show it to a stranger."""

    shard: str
    index: int  # in its shard
    entry: Mapping[str, Any]
    leaf: bytes  # the very bytes that are hashed
    tag: bytes
    tag_index: int | None  # in the side file of a bulk entry; None when the tag stands in the entry
    proof_file: str  # c2sp.org/tlog-proof; ``python -m audit check`` reads it


@dataclass(frozen=True, slots=True)
class Searched:
    """What was searched, so that completeness can be checked: in each shard the entries [minimum, size)."""

    shard: str
    minimum: int  # entries before were pruned under the retention policy
    size: int
    checkpoint: str


class _Head(msgspec.Struct):
    id: str
    tags: tuple[str, ...] = ()
    tags_root: str | None = None


_heads = msgspec.json.Decoder(_Head)


TagsOf = Callable[[Sequence[EntryId]], bytes]


def about(shards: Mapping[str, audit.PublishedLog], tags_of: TagsOf) -> tuple[list[EntryAbout], list[Searched]]:
    """Try every published entry; return those that carry the person's tag, and what was searched.

    Raises ``VerificationFailed`` where a shard between others, or before them, is gone; ``LogDamaged`` for an entry
    that is not one of the gateway's: nobody could say whom it concerns.
    """
    audit.check_links(shards)
    found: list[EntryAbout] = []
    searched: list[Searched] = []
    for name, shard in shards.items():
        part = _part(name, shard)
        for index, leaf, tag, place in _matches(shard, part, tags_of):
            proof = shard.prove(index).text
            found.append(EntryAbout(name, index, shown(leaf), leaf, tag, place, proof))
        searched.append(part)
    return found, searched


def _part(name: str, shard: audit.PublishedLog) -> Searched:
    """Fix what is searched before it is: others may refresh the shard meanwhile, and nobody claims more than that."""
    note = shard.note
    return Searched(name, shard.minimum, shard.policy.check(note).size, note)


def _matches(
    shard: audit.PublishedLog, part: Searched, tags_of: TagsOf
) -> Iterator[tuple[int, bytes, bytes, int | None]]:
    numbered = enumerate(shard.entries(part.minimum, part.size), part.minimum)
    while chunk := list(itertools.islice(numbered, _CHUNK)):
        heads = [(index, leaf, decoded(_heads, leaf)) for index, leaf in chunk]
        tagged = [row for row in heads if row[2].tags or row[2].tags_root]
        tags = tags_of([EntryId(head.id) for _, _, head in tagged])
        if len(tags) != TAG_BYTES * len(tagged):
            msg = "one tag of 16 bytes is needed for each entry id"
            raise ValueError(msg)
        for number, (index, leaf, head) in enumerate(tagged):
            tag = tags[TAG_BYTES * number : TAG_BYTES * (number + 1)]
            place = _place(shard.directory, head.tags_root, tag) if head.tags_root else None
            if place is not None or tag.hex() in head.tags:
                yield index, leaf, tag, place


def _place(directory: Path, root: str, tag: bytes) -> int | None:
    """Find a tag in a side file; it is read to its end, where a changed one shows itself."""
    wanted = np.frombuffer(tag, np.uint64)
    before = 0
    found: int | None = None
    try:
        for chunk in audit.read_tags(directory, root):
            blocks = np.frombuffer(chunk, np.uint64).reshape(-1, 2)
            hits = np.flatnonzero((blocks[:, 0] == wanted[0]) & (blocks[:, 1] == wanted[1]))
            if found is None and hits.size:
                found = before + int(hits[0])
            before += len(blocks)
    except (audit.VerificationFailed, ValueError):
        raise LogDamaged("a tag file of the audit log is gone or not whole: restore it from a copy") from None
    return found
