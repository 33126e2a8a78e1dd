"""The layout on disk: what writer and verifier share, and all that they share of the journal.

A log is a directory::

    vkey         the verifier key (C2SP signed-note), one line
    checkpoint   the last published tree head (C2SP tlog-checkpoint), a signed note
    journal      a header line, then one frame for each entry
    tags/<root>  side files of bulk entries: 16-byte subject tags, named by their RFC 6962 root in hex

A frame is ``mark (2) | length of the entry (2) | committed (8) | crc32 (4) | entry``, integers big-endian.
``committed`` is the number of entries that were durable when the frame was written: all frames of one group carry the
same number, and it is how recovery tells a torn last group (never acknowledged) from a damaged one (acknowledged).
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import Final

import msgspec

VKEY_FILE: Final = "vkey"
CHECKPOINT_FILE: Final = "checkpoint"
JOURNAL_FILE: Final = "journal"
TAGS_FOLDER: Final = "tags"

MAX_ENTRY: Final = 65_535  # bytes; the uint16 length of C2SP entry bundles
TAG_BYTES: Final = 16

FRAME_MARK: Final = b"\xf7E"
FRAME_HEAD: Final = struct.Struct(">2sHQI")
_CHECKED: Final = struct.Struct(">2sHQ")  # the part of the head that the checksum covers

ROOT_NAME: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def header(origin: str) -> bytes:
    """Return the first bytes of a journal."""
    return f"audit-journal/1 {origin}\n".encode()


def checksum(length: int, committed: int, entry: bytes) -> int:
    """Return the CRC-32 of a frame: its head without the checksum, and the entry."""
    return zlib.crc32(entry, zlib.crc32(_CHECKED.pack(FRAME_MARK, length, committed)))


def frame(entry: bytes, committed: int) -> bytes:
    """Return the frame of an entry."""
    length = len(entry)
    return FRAME_HEAD.pack(FRAME_MARK, length, committed, checksum(length, committed, entry)) + entry


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
    except msgspec.DecodeError:
        return None  # not JSON: the words stand there by chance
    if bulk.tags_root is None:
        return None
    if not ROOT_NAME.fullmatch(bulk.tags_root) or bulk.members is None or bulk.members < 0:
        raise ValueError("tags_root is 64 hex digits and stands beside members")
    return bulk.tags_root, bulk.members
