"""The tags of one bulk entry, sorted and each once: the place of a tag says nothing about whose it is."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

import numpy as np

import audit
from gateway.accountability.entries import TAG_BYTES, SealedTags
from gateway.accountability.errors import EventRefused, LogUnwritable
from gateway.accountability.pending import NAMED_ERRORS, REMEDY
from gateway.foundation.arrays import Blocks
from gateway.vocabulary.names import EntryId

MOST_HELD: Final = 2**21  # tags in memory: 32 MB, and some three times that for the moment in which they are sorted
_AT_ONCE: Final = 65_536  # tags handed on at a time
_FIRST_BYTES: Final = 256


class BulkTags:
    """Collects the tags of one bulk event, any number, in bounded memory. Discarded at exit unless sealed.

    INVARIANT: what is sealed depends on nothing but which tags were added. In the order of a file's rows, or of the
    references, a tag's place would join a person's entries without any key, and after the key is destroyed.
    """

    def __init__(self, entry_id: EntryId, file: audit.TagFile, folder: Path, most_held: int = MOST_HELD) -> None:
        """Collect for ``file``; beyond ``most_held`` tags they wait in a file without a name, on ``folder``'s disk."""
        self._entry_id = entry_id
        self._file = file
        self._folder = folder
        self._most = TAG_BYTES * most_held
        self._held: list[bytes] = []
        self._bytes = 0
        self._runs: _Runs | None = None
        self._open = True

    def add(self, tags: bytes | Blocks) -> None:
        """Add tags of 16 bytes each, in any order, again too: bytes, or an (n, 16) array.

        Raises ``EventRefused``, ``LogUnwritable``.
        """
        self._need_open()
        added = tags if isinstance(tags, bytes) else tags.tobytes()
        if len(added) % TAG_BYTES:
            raise EventRefused(f"a tag has {TAG_BYTES} bytes")
        with _writing():
            for start in range(0, len(added), self._most):
                self._hold(added[start : start + self._most])

    def _need_open(self) -> None:
        if not self._open:
            raise EventRefused("these tags are sealed or discarded")

    def _hold(self, tags: bytes) -> None:
        if self._bytes + len(tags) > self._most:
            self._runs = self._runs or _Runs(self._folder)
            self._runs.add(self._take())
        self._held.append(tags)
        self._bytes += len(tags)

    def _take(self) -> Blocks:
        held, self._held, self._bytes = self._held, [], 0
        return _distinct(held)

    def seal(self) -> SealedTags:
        """Make the tags durable; hand the result to ``record`` under the same entry id.

        Its ``count`` is the number of people: whoever was added twice counts once. Raises ``EventRefused``,
        ``LogUnwritable``.
        """
        self._need_open()
        self._open = False
        with _writing():
            for blocks in self._sorted():
                for start in range(0, len(blocks), _AT_ONCE):
                    self._file.add(blocks[start : start + _AT_ONCE].tobytes())
            return SealedTags(self._entry_id, *self._file.seal())

    def _sorted(self) -> Iterable[Blocks]:
        return [self._take()] if self._runs is None else self._runs.merged(self._take())

    def __enter__(self) -> BulkTags:  # noqa: PYI034 - nobody subclasses it
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Discard unless sealed."""
        self._open = False
        self._held.clear()
        if self._runs is not None:
            self._runs.close()
        self._file.discard()


class _Runs:
    """What memory does not hold: sorted runs of tags, one after another in a file without a name."""

    def __init__(self, folder: Path) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed with the tags
        self._bounds: list[list[int]] = []  # of each run: where its tags with each first byte begin, and where it ends

    def add(self, run: Blocks) -> None:
        """Write tags that are sorted."""
        start = self._file.seek(0, os.SEEK_END)
        self._file.write(run.tobytes())
        places = np.searchsorted(run[:, 0], np.arange(_FIRST_BYTES + 1))
        self._bounds.append((start + TAG_BYTES * places).tolist())

    def merged(self, last: Blocks) -> Iterator[Blocks]:
        """Walk the tags of all runs and of ``last``, sorted and each once, in some hundred parts."""
        self.add(last)
        for first in range(_FIRST_BYTES):
            yield _distinct([self._read(bounds[first], bounds[first + 1]) for bounds in self._bounds])

    def _read(self, start: int, end: int) -> bytes:
        self._file.seek(start)
        return self._file.read(end - start)

    def close(self) -> None:
        """Let the file go."""
        self._file.close()


def _distinct(parts: list[bytes]) -> Blocks:
    """Return the tags of all parts as an (n, 16) array, sorted by their bytes and each once."""
    return np.unique(np.frombuffer(b"".join(parts), f"V{TAG_BYTES}")).view(np.uint8).reshape(-1, TAG_BYTES)


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    """Name what may go wrong with the disk or the log."""
    with NAMED_ERRORS:
        try:
            yield
        except OSError:
            raise LogUnwritable(f"the tags of an entry cannot be written: {REMEDY}") from None
