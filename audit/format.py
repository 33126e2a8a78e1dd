"""The layout on disk: what writer and verifier share, and all that they share of the journal.

A log is a directory::

    policy               the keys in force (C2SP tlog-policy)
    checkpoint           the last published tree head (C2SP tlog-checkpoint), a signed note
    tile/                hash tiles and entry bundles (C2SP tlog-tiles)
    tags/<root>          side files of bulk entries: 16-byte subject tags, named by their RFC 6962 root in hex
    journal/<first>      segments, named by the index of their first entry in 20 digits
    minimum              after pruning: the first entry that is still there, and the retention policy

A segment is a header of 512 bytes, groups, and zeros: it is allocated before it is needed. A group is what one sync
made durable: ``mark (4) | first index (8) | entries (4) | bytes (4) | crc32 (4) | payload``, integers big-endian, the
payload in the encoding of entry bundles. A group is written after the one before is on disk: that tells a torn last
group, which nobody was told of, from a damaged one.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import Final

import msgspec

CHECKPOINT_FILE: Final = "checkpoint"
TAGS_FOLDER: Final = "tags"
POLICY_FILE: Final = "policy"
JOURNAL_FOLDER: Final = "journal"
MINIMUM_FILE: Final = "minimum"
AHEAD_FILE: Final = "ahead"  # in the journal: the next segment, allocated and empty

SEGMENT_HEADER_BYTES: Final = 512
SEGMENT_NAME: Final = re.compile(r"[0-9]{20}", re.ASCII)
GROUP_MARK: Final = b"\xf7EG\n"
GROUP_END: Final = bytes(4)  # no group begins here: what follows is zero
GROUP_HEAD: Final = struct.Struct(">4sQIII")  # mark, first index, entries, bytes of the payload, crc32
MAX_GROUP: Final = 4 * 1024 * 1024  # bytes of a payload, unless one entry alone is refused earlier

MAX_ENTRY: Final = 65_535  # bytes; the uint16 length of C2SP entry bundles
TAG_BYTES: Final = 16

ROOT_NAME: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def segment_name(first: int) -> str:
    """Return the name of the segment whose first entry is ``first``."""
    return f"{first:020d}"


def segment_header(origin: str, first: int, root: bytes) -> bytes:
    """Return the 512 bytes a segment begins with: origin, first index and the root over all entries before it."""
    return f"audit-journal/2\n{origin}\n{first}\n{root.hex()}\n".encode().ljust(SEGMENT_HEADER_BYTES, b"\0")


def group_checksum(first: int, count: int, payload: bytes) -> int:
    """Return the CRC-32 of a group: its head without the checksum, and the payload."""
    return zlib.crc32(payload, zlib.crc32(GROUP_HEAD.pack(GROUP_MARK, first, count, len(payload), 0)[:-4]))


def group(first: int, count: int, payload: bytes) -> bytes:
    """Return the frame of a group of entries, which ``payload`` holds in the encoding of entry bundles."""
    checksum = group_checksum(first, count, payload)
    return GROUP_HEAD.pack(GROUP_MARK, first, count, len(payload), checksum) + payload


class _Identified(msgspec.Struct):
    id: str | None = None


_id_decoder = msgspec.json.Decoder(_Identified)


def entry_id(entry: bytes) -> str | None:
    """Return the ``id`` of an entry that is a JSON object with one; any other entry has none."""
    if entry[:1] != b"{":
        return None
    try:
        return _id_decoder.decode(entry).id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


class _Bulk(msgspec.Struct):
    tags_root: str | None = None
    members: int | None = None


_bulk_decoder = msgspec.json.Decoder(_Bulk)


def bulk_reference(entry: bytes) -> tuple[str, int] | None:
    """Return (root in hex, number of tags) of the side file that an entry names, if it names one.

    Raises ``ValueError`` when a JSON entry names a side file in a way that cannot be checked.
    """
    if b'"tags_root"' not in entry:
        return None
    try:
        bulk = _bulk_decoder.decode(entry)
    except msgspec.ValidationError:
        raise ValueError("tags_root is text and members a number") from None
    except RecursionError:
        raise ValueError("it may name a tag file, and is nested too deep to tell") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None  # not JSON: the words stand there by chance
    if bulk.tags_root is None:
        return None
    if not ROOT_NAME.fullmatch(bulk.tags_root) or bulk.members is None or bulk.members < 0:
        raise ValueError("tags_root is 64 hex digits and stands beside members")
    return bulk.tags_root, bulk.members
