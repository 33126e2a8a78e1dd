"""All entries that concern a person, found with the person's audit key alone: nobody has to be believed.

An entry carries a tag for each person it concerns: HMAC-SHA-256 (RFC 2104) of ``tag/v1|<entry id>`` under the person's
key, cut to 16 bytes. It stands in the entry (``tags``, in hex) or in the side file that the entry names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec

from audit import format as layout
from audit import merkle
from audit.errors import AuditError, VerificationFailed
from audit.published import PublishedLog
from audit.treecheck import Progress
from audit.verifier import tag_blocks

KEY_BYTES: Final = 32
_DOMAIN: Final = b"tag/v1|"
_BLOCK: Final = 64  # bytes; of SHA-256
_EVERY: Final = 65_536  # entries between two reports


class _Tagged(msgspec.Struct):
    id: str = ""
    tags: list[str] = []
    tags_root: str | None = None


_decoder = msgspec.json.Decoder(_Tagged)


@dataclass(frozen=True, slots=True)
class Found:
    """An entry that concerns the person; ``place`` is the tag's place in the side file of a bulk entry."""

    index: int
    place: int | None = None


def tag_maker(key: bytes) -> Callable[[str], bytes]:
    """Return what makes the person's tag for an entry id. Raises ``AuditError`` for a key of another length."""
    if len(key) != KEY_BYTES:
        raise AuditError(f"an audit key has {KEY_BYTES} bytes")
    padded = key.ljust(_BLOCK, b"\0")
    inner_start = sha256(bytes(byte ^ 0x36 for byte in padded) + _DOMAIN)
    outer_start = sha256(bytes(byte ^ 0x5C for byte in padded))

    def make(entry_id: str) -> bytes:
        inner, outer = inner_start.copy(), outer_start.copy()
        inner.update(entry_id.encode())
        outer.update(inner.digest())
        return outer.digest()[: layout.TAG_BYTES]

    return make


def scan(log: PublishedLog, key: bytes, *, progress: Progress | None = None) -> Iterator[Found]:
    """Walk the published entries, from the log's minimum on, that concern the person of ``key``.

    Every entry is compared with the signed tree on the way, and every side file with its root, so that the result is
    complete. Raises ``VerificationFailed``, also for a side file that is not there.
    """
    make = tag_maker(key)
    size = log.size
    for index, entry in enumerate(log.entries(log.minimum), log.minimum):
        if progress is not None and index % _EVERY == 0:
            progress(index, size)
        if b'"tags' in entry:
            yield from _concerns(log, index, entry, make)


def _concerns(log: PublishedLog, index: int, entry: bytes, make: Callable[[str], bytes]) -> Iterator[Found]:
    try:
        tagged = _decoder.decode(entry)
        tag = make(tagged.id)
    except msgspec.ValidationError:
        raise VerificationFailed(f"entry {index}", "its tags are not a list of texts") from None
    except RecursionError:
        raise VerificationFailed(f"entry {index}", "it is nested too deeply to be read") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return  # not JSON: the word stands there by chance
    if tag.hex() in tagged.tags:
        yield Found(index)
    if tagged.tags_root is not None and (place := _place(log, tagged.tags_root, tag)) is not None:
        yield Found(index, place)


def _place(log: PublishedLog, root: str, tag: bytes) -> int | None:
    """Return the place of a tag in a side file, None when it is not in it."""
    path = f"{layout.TAGS_FOLDER}/{root}"
    if not layout.ROOT_NAME.fullmatch(root):
        raise VerificationFailed(layout.TAGS_FOLDER, "a root is 64 hex digits")
    tree = merkle.Accumulator()
    found: int | None = None
    try:
        for blocks in tag_blocks(log.directory, root):
            if found is None and (at := _find(blocks, tag)) is not None:
                found = tree.size + at
            width = layout.TAG_BYTES
            tree.extend(merkle.leaf_hashes([blocks[at : at + width] for at in range(0, len(blocks), width)]))
    except OSError:
        raise VerificationFailed(path, "it is not there, so nobody can say whom its entry concerns") from None
    if tree.root().hex() != root:
        raise VerificationFailed(path, "its tags do not have this root")
    return found


def _find(blocks: bytes, tag: bytes) -> int | None:
    at = blocks.find(tag)
    while at >= 0 and at % layout.TAG_BYTES:
        at = blocks.find(tag, at + 1)
    return at // layout.TAG_BYTES if at >= 0 else None
