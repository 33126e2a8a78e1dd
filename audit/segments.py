"""Strict reading of the journal's segments, for those who check: any byte out of place raises ``VerificationFailed``.

Written apart from the journal's own recovery, which is lenient behind the last checkpoint; both share the layout only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from audit import format as layout
from audit.errors import VerificationFailed
from audit.inventory import open_file

_CHUNK: Final = 1_048_576
_DIGITS: Final = 20


@dataclass(frozen=True, slots=True)
class SegmentStart:
    """A segment begins: the index of its first entry, and the root of all entries before it as its header says."""

    first: int
    previous_root: str  # hex
    place: str


@dataclass(frozen=True, slots=True)
class Group:
    """Entries that became durable together."""

    first: int
    entries: list[bytes]
    place: str


def segment_path(first: int) -> str:
    """Return the path of the segment whose first entry has the index ``first``."""
    return f"{layout.JOURNAL_FOLDER}/{layout.segment_name(first)}"


def read_segments(directory: Path, origin: str, firsts: Sequence[int]) -> Iterator[SegmentStart | Group]:
    """Walk the journal: segments that follow each other, whole groups, zeros behind the last one of each segment.

    ``firsts`` are the indexes in the names of the segments. Raises ``VerificationFailed``; what was handed out before
    was whole.
    """
    following = min(firsts, default=0)
    for first in sorted(firsts):
        if first != following:
            raise VerificationFailed(segment_path(first), f"it should begin with entry {following}")
        for found in _read_segment(directory, origin, first):
            if isinstance(found, Group):
                following = found.first + len(found.entries)
            yield found


def _read_segment(directory: Path, origin: str, first: int) -> Iterator[SegmentStart | Group]:
    path = segment_path(first)
    try:
        with open_file(directory, path) as file:
            yield SegmentStart(first, _read_header(file, origin, first), path)
            yield from _read_groups(file, first, path)
    except OSError:
        raise VerificationFailed(path, "it cannot be read") from None


def _read_header(file: BinaryIO, origin: str, first: int) -> str:
    """Return the root of what came before, in hex."""
    head = file.read(layout.SEGMENT_HEADER_BYTES)
    root = _lines(head)[-1]
    if not layout.ROOT_NAME.fullmatch(root) or head != layout.segment_header(origin, first, bytes.fromhex(root)):
        raise VerificationFailed(segment_path(first), "its header is not that of this log and place")
    return root


def is_header(head: bytes, origin: str) -> bool:
    """Say whether ``head`` begins a segment of the log, at whatever place."""
    *_, first, root = ("", *_lines(head))
    if not first.isdecimal() or not first.isascii() or not layout.ROOT_NAME.fullmatch(root):
        return False
    return head == layout.segment_header(origin, int(first[:_DIGITS]), bytes.fromhex(root))


def _lines(head: bytes) -> list[str]:
    return head.rstrip(b"\0").removesuffix(b"\n").decode("utf-8", "replace").split("\n")


def _read_groups(file: BinaryIO, following: int, path: str) -> Iterator[Group]:
    size = os.fstat(file.fileno()).st_size
    left = size - file.tell()
    head_size = layout.GROUP_HEAD.size
    while left > 0:
        place = f"{path}, entry {following} (byte {file.tell()})"
        head = file.read(min(head_size, left))
        left -= len(head)
        if head.startswith(layout.GROUP_END) or not head.strip(b"\0"):
            _need_zeros(file, head, place)
            return
        entries = _read_group(file, head, following, left, place)
        left = size - file.tell()
        yield Group(following, entries, place)
        following += len(entries)


def _read_group(file: BinaryIO, head: bytes, following: int, left: int, place: str) -> list[bytes]:
    if len(head) < layout.GROUP_HEAD.size or not head.startswith(layout.GROUP_MARK):
        raise VerificationFailed(place, "no group of entries begins here")
    _, first, count, length, checksum = layout.GROUP_HEAD.unpack(head)
    if first != following:
        raise VerificationFailed(place, "the group says that it has another place")
    if length > min(left, layout.MAX_GROUP) or not 0 < count <= length:
        raise VerificationFailed(place, "the group is not whole")
    payload = file.read(length)
    if len(payload) < length:
        raise VerificationFailed(place, "the group is not whole")
    if layout.group_checksum(first, count, payload) != checksum:
        raise VerificationFailed(place, "the group's checksum is wrong")
    return _entries(payload, count, place)


def _entries(payload: bytes, count: int, place: str) -> list[bytes]:
    entries: list[bytes] = []
    at = 0
    while at < len(payload):
        start = at + 2
        at = start + int.from_bytes(payload[at:start])
        entries.append(payload[start:at])
    if at != len(payload) or len(entries) != count:
        raise VerificationFailed(place, "the group has not the entries that it says")
    return entries


def _need_zeros(file: BinaryIO, head: bytes, place: str) -> None:
    part = head
    while part:
        if part.strip(b"\0"):
            raise VerificationFailed(place, "bytes follow the last group")
        part = file.read(_CHUNK)
