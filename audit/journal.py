"""The journal as its one writer sees it: groups of entries in segments that were allocated ahead."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit import format as layout
from audit.disk import Disk, beside
from audit.errors import LogRefused

FIRST_SEGMENT: Final = 1024 * 1024  # bytes; each further one is twice as large, up to the limit
LARGEST_SEGMENT: Final = 64 * 1024 * 1024
_HEAD: Final = layout.GROUP_HEAD.size
_CHUNK: Final = 1024 * 1024


def split_payload(payload: bytes) -> list[bytes] | None:
    """Return the entries of a payload in bundle encoding, ``None`` when it does not end with an entry."""
    entries: list[bytes] = []
    at, limit = 0, len(payload)
    while at + 2 <= limit:
        start = at + 2
        at = start + (payload[at] << 8 | payload[at + 1])
        entries.append(payload[start:at])
    return entries if at == limit else None


@dataclass(slots=True)
class _Segment:
    """An open segment: where the next group begins, and how far zeros reach."""

    path: Path
    handle: int
    size: int
    end: int = layout.SEGMENT_HEADER_BYTES


class Journal:
    """Groups on disk. Not thread-safe: the log holds the lock."""

    def __init__(self, folder: Path, origin: str, disk: Disk) -> None:
        self._folder = folder
        self._origin = origin
        self._disk = disk
        self._segments = 0  # how many there are
        self._current: _Segment | None = None
        self._allocating = threading.Lock()
        self._unpublished: list[tuple[Path, int]] = []  # segments with groups behind the checkpoint, and from where
        self.size = 0  # entries in whole groups

    def close(self) -> None:
        """Let go of the file."""
        if self._current is not None:
            self._disk.close(self._current.handle)
            self._current = None

    # -- opening ------------------------------------------------------------------------------------------------

    def load(self, published: int, root: Callable[[], bytes]) -> Iterator[list[bytes]]:
        """Walk the entries of whole groups from the start, and stop before the first group that is not whole.

        ``root`` gives the root over all entries that were handed out, for comparison with the headers; it is asked
        when a segment begins. Raises ``LogRefused`` where a header is another's, and where a later segment shows that
        what is not whole had been acknowledged.
        """
        names = sorted(path for path in self._folder.iterdir() if layout.SEGMENT_NAME.fullmatch(path.name))
        for number, path in enumerate(names):
            if int(path.name) != self.size:
                raise self._damaged(f"segment {path.name} follows")
            self._enter(path, root)
            yield from self._groups(published)
            self._segments = number + 1

    def _enter(self, path: Path, root: Callable[[], bytes]) -> None:
        self.close()
        handle = self._disk.open(path)
        self._current = _Segment(path, handle, os.fstat(handle).st_size)
        header = os.pread(handle, layout.SEGMENT_HEADER_BYTES, 0)
        if header != layout.segment_header(self._origin, self.size, root()):
            raise LogRefused(f"journal/{path.name}: its header is not that of this log: restore it from a copy")

    def _groups(self, published: int) -> Iterator[list[bytes]]:
        segment = self._current
        while segment is not None:
            head = os.pread(segment.handle, _HEAD, segment.end)
            if len(head) < _HEAD:
                return
            mark, first, count, length, checksum = layout.GROUP_HEAD.unpack(head)
            if mark != layout.GROUP_MARK or first != self.size or segment.end + _HEAD + length > segment.size:
                return
            payload = os.pread(segment.handle, length, segment.end + _HEAD)
            entries = split_payload(payload)
            if checksum != layout.group_checksum(first, count, payload) or entries is None or len(entries) != count:
                return
            if first + count > published and (not self._unpublished or self._unpublished[-1][0] != segment.path):
                self._unpublished.append((segment.path, segment.end))
            segment.end += _HEAD + length
            self.size += count
            yield entries

    def _damaged(self, why: str) -> LogRefused:
        place = f"journal, entry {self.size}"
        return LogRefused(f"{place}: damaged, though it was acknowledged ({why}): restore the journal from a copy")

    def settle(self) -> None:
        """Cut a torn last group and make sure that every group behind the checkpoint is on disk.

        Groups are written again before the sync: after a sync that failed, the page cache calls pages clean that
        never reached the disk. Raises ``LogRefused`` when a later whole group follows a damaged one: it was written
        after the damaged one had been acknowledged.
        """
        segment = self._current
        if segment is None:
            return
        tail = os.pread(segment.handle, segment.size - segment.end, segment.end)
        if self._later_group(tail):
            raise self._damaged("a later group follows")
        used = len(tail.rstrip(b"\0"))
        if used:
            self._disk.write(segment.handle, bytes(used), segment.end)
        for path, start in self._unpublished:
            self._write_again(path, start, segment.end if path == segment.path else None)
        self._disk.sync(segment.handle)
        self._disk.sync_folder(self._folder)
        self._unpublished.clear()

    def _write_again(self, path: Path, start: int, stop: int | None) -> None:
        handle = self._disk.open(path)
        try:
            stop = os.fstat(handle).st_size if stop is None else stop
            for at in range(start, stop, _CHUNK):
                self._disk.write(handle, os.pread(handle, min(_CHUNK, stop - at), at), at)
            self._disk.sync(handle)
        finally:
            self._disk.close(handle)

    def _later_group(self, tail: bytes) -> bool:
        at = tail.find(layout.GROUP_MARK)
        while at >= 0:
            head = tail[at : at + _HEAD]
            if len(head) == _HEAD:
                _, first, count, length, checksum = layout.GROUP_HEAD.unpack(head)
                payload = tail[at + _HEAD : at + _HEAD + length]
                if first > self.size and checksum == layout.group_checksum(first, count, payload):
                    return True
            at = tail.find(layout.GROUP_MARK, at + 1)
        return False

    # -- writing ------------------------------------------------------------------------------------------------

    def append(self, count: int, payload: bytes, root: Callable[[], bytes]) -> None:
        """Write one group and return when it is on disk. After an ``OSError`` the journal must not be written again.

        ``root`` gives the root over all entries so far, for the header of a new segment.
        """
        frame = layout.group(self.size, count, payload)
        segment = self._current
        if segment is None or segment.end + len(frame) > segment.size:
            segment = self._next(len(frame), root())
        self._disk.write(segment.handle, frame, segment.end)
        self._disk.sync_data(segment.handle)
        segment.end += len(frame)
        self.size += count

    def _next(self, room: int, root: bytes) -> _Segment:
        """Put the segment that was allocated ahead in its place, or one that is large enough."""
        path = self._folder / layout.segment_name(self.size)
        with self._allocating:
            ahead = self._ahead()
            if not ahead.exists() or ahead.stat().st_size < room + layout.SEGMENT_HEADER_BYTES:
                self._allocate(room)
            handle = self._disk.open(ahead)
            try:
                self._disk.write(handle, layout.segment_header(self._origin, self.size, root), 0)
                self._disk.sync_data(handle)
                self._disk.replace(ahead, path)
                self._disk.sync_folder(self._folder)
            except BaseException:
                self._disk.close(handle)
                raise
        self.close()
        self._current = _Segment(path, handle, os.fstat(handle).st_size)
        self._segments += 1
        return self._current

    def allocate_ahead(self) -> None:
        """Make the next segment while there is still room in this one. Safe beside an append."""
        segment = self._current
        if segment is None or segment.end * 2 < segment.size:
            return
        with self._allocating:
            if not self._ahead().exists():
                self._allocate(0)

    def _allocate(self, room: int) -> None:
        usual = min(FIRST_SEGMENT << self._segments, LARGEST_SEGMENT)
        sectors = -(-(room + layout.SEGMENT_HEADER_BYTES) // 512)
        path = self._ahead()
        self._disk.close(self._disk.allocate(beside(path), max(usual, sectors * 512)))
        self._disk.replace(beside(path), path)

    def _ahead(self) -> Path:
        return self._folder / layout.AHEAD_FILE
