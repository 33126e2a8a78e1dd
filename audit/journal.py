"""The append-only file of entries, as its one writer sees it."""

from __future__ import annotations

import itertools
import os
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from audit import durable
from audit import format as layout
from audit.errors import LogRefused

CHUNK: Final = 4 * 1024 * 1024  # bytes read at a time
_HEAD: Final = layout.FRAME_HEAD.size


class Journal:
    """Frames on disk and where each begins (8 bytes an entry in memory). Not thread-safe: the log holds the lock."""

    def __init__(self, path: Path, origin: str) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._header = layout.header(origin)
        self._starts = array("Q")
        self._end = len(self._header)
        self._group = 0  # the committed number of the last whole frame
        self._settled = 0  # frames that are known to be on disk

    @staticmethod
    def create(path: Path, origin: str) -> None:
        """Make an empty journal, durably."""
        durable.write_file(path, layout.header(origin))

    @property
    def size(self) -> int:
        """The number of frames that may be read."""
        return len(self._starts)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._handle)
        self._handle = -1  # a late read fails instead of reading whatever gets this number next

    # -- opening ------------------------------------------------------------------------------------------------

    def load(self) -> Iterator[list[bytes]]:
        """Walk the whole frames from the start, by chunks, and stop before the first that is not whole."""
        if os.pread(self._handle, len(self._header), 0) != self._header:
            raise LogRefused("journal: its header is not that of this log")
        while True:
            data = os.pread(self._handle, CHUNK, self._end)
            entries = self._take_whole(data)
            if not entries:
                return
            yield entries

    def _take_whole(self, data: bytes) -> list[bytes]:
        """Take the whole frames at the start of ``data``, which was read at the journal's end."""
        entries: list[bytes] = []
        at, limit = 0, len(data)
        while at + _HEAD <= limit:
            mark, length, committed, checksum = layout.FRAME_HEAD.unpack_from(data, at)
            stop = at + _HEAD + length
            if mark != layout.FRAME_MARK or stop > limit or committed not in {self._group, len(self._starts)}:
                break
            entry = data[at + _HEAD : stop]
            if layout.checksum(length, committed, entry) != checksum:
                break
            self._starts.append(self._end + at)
            self._group = committed
            entries.append(entry)
            at = stop
        self._end += at
        return entries

    def settle(self, published: int) -> None:
        """Cut a torn last group and make sure that every frame behind the ``published`` ones is on disk.

        Frames are written again before the sync: after a sync that failed, the page cache calls pages clean that
        never reached the disk. Raises ``LogRefused`` when what follows the first damaged frame shows that it had been
        acknowledged.
        """
        if self._later_group_follows():
            raise LogRefused(
                f"journal, entry {self.size} (byte {self._end}): damaged, and later entries follow: "
                "restore the journal from a copy"
            )
        os.ftruncate(self._handle, self._end)
        at = self._starts[published] if published < self.size else self._end
        while at < self._end:
            data = os.pread(self._handle, min(CHUNK, self._end - at), at)
            durable.write_all(self._handle, data, at)
            at += len(data)
        os.fsync(self._handle)
        self._settled = self.size

    def _later_group_follows(self) -> bool:
        """Look in the tail for a frame that was written when more than the whole frames were durable."""
        tail_start = self._end
        while data := os.pread(self._handle, CHUNK + _HEAD + layout.MAX_ENTRY, tail_start):
            at = data.find(layout.FRAME_MARK)
            while 0 <= at < CHUNK:
                if self._is_later_frame(data, at):
                    return True
                at = data.find(layout.FRAME_MARK, at + 1)
            tail_start += CHUNK
        return False

    def _is_later_frame(self, data: bytes, at: int) -> bool:
        if at + _HEAD > len(data):
            return False
        _, length, committed, checksum = layout.FRAME_HEAD.unpack_from(data, at)
        entry = data[at + _HEAD : at + _HEAD + length]
        whole = len(entry) == length and layout.checksum(length, committed, entry) == checksum
        return bool(whole and committed > self.size)

    # -- writing ------------------------------------------------------------------------------------------------

    def append(self, entries: Sequence[bytes]) -> None:
        """Write one group and return when it is on disk. After an ``OSError`` the journal must not be written again."""
        committed = len(self._starts)
        frames = [layout.frame(entry, committed) for entry in entries]
        durable.write_all(self._handle, b"".join(frames), self._end)
        os.fdatasync(self._handle)
        for frame in frames:
            self._starts.append(self._end)
            self._end += len(frame)

    # -- reading ------------------------------------------------------------------------------------------------

    def read(self, start: int, stop: int) -> list[bytes]:
        """Return the entries [start, stop)."""
        first = self._starts[start]
        last = self._starts[stop] if stop < len(self._starts) else self._end
        data = os.pread(self._handle, last - first, first)
        bounds = [at - first for at in self._starts[start:stop]] + [last - first]
        return [data[a + _HEAD : b] for a, b in itertools.pairwise(bounds)]

    def span(self, start: int, stop: int) -> int:
        """Return an index <= ``stop`` so that [start, index) is at least one entry and about a chunk at most."""
        limit = self._starts[start] + CHUNK
        index = start + 1
        step = 1024
        while index < stop and self._starts[min(index + step, stop) - 1] < limit:
            index = min(index + step, stop)
        return index
