"""The writer: one process, any number of threads, one sync for all entries that wait together."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from audit import durable, home, merkle, note
from audit import format as layout
from audit.checkpoint import Checkpoint
from audit.errors import EntryRefused, LogFailed, LogRefused
from audit.journal import Journal
from audit.tags import TagFile, TagFolder


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry is durable at this place of this log."""

    index: int
    leaf_hash: bytes
    origin: str


class Pending:
    """Entries in the queue. Only ``wait`` says that they are durable."""

    def __init__(self, log: Log, entries: tuple[bytes, ...]) -> None:
        self._log = log
        self.entries = entries
        self.done = False
        self.receipts: list[Receipt] | None = None

    def wait(self) -> list[Receipt]:
        """Return the receipts once the entries are on disk; raises ``LogFailed``."""
        return self._log.wait(self)


class Log:
    """A log that is open for writing; ``Log.open`` makes one. Reads need no lock: nothing written ever changes."""

    def __init__(self, directory: Path, signer: note.Signer) -> None:
        self._directory = directory
        self._signer = signer
        self._writing = threading.Lock()  # one group, or one checkpoint, at a time
        self._waiting: list[Pending] = []
        self._failure: str | None = None
        self._tree = merkle.Tree()
        self._size = 0
        self._held = home.hold(directory)
        try:
            self._load()
        except BaseException:
            os.close(self._held)
            raise

    @classmethod
    def open(cls, directory: Path, signer: note.Signer) -> Log:
        """Open the log in ``directory``, made when absent; recover what a crash left.

        A torn last group is cut. Raises ``LogRefused`` when the log is in use, has another key, or its journal is
        shorter than the last checkpoint or differs from it.
        """
        return cls(directory, signer)

    def _load(self) -> None:
        self._published, self._note = home.establish(self._directory, self._signer)
        self._tags = TagFolder(self._directory)
        self._journal = Journal(self._directory / layout.JOURNAL_FILE, self.origin)
        try:
            for entries in self._journal.load():
                self._tree.extend(merkle.leaf_hashes(entries))
                self._note_tags(entries)
            self._size = self._journal.size
            self._compare(self._published)
            self._journal.settle(self._published.size)
            self._tags.clean()
        except BaseException:
            self._journal.close()
            raise

    def _compare(self, published: Checkpoint) -> None:
        if self._size < published.size:
            raise LogRefused(
                f"journal: {self._size} whole entries, and {published.size} were published: restore it from a copy"
            )
        if self._tree.root(published.size) != published.root:
            raise LogRefused(f"journal: its first {published.size} entries are not those that were published")

    def _note_tags(self, entries: Sequence[bytes]) -> None:
        for entry in entries:
            if bulk := layout.bulk_reference(entry):
                self._tags.named(bulk[0])

    # -- writing ------------------------------------------------------------------------------------------------

    def append(self, entries: Sequence[bytes]) -> list[Receipt]:
        """Append entries next to each other and return when they are on disk.

        Threads that wait at the same time share one sync. Raises ``EntryRefused`` before anything is written, and
        ``LogFailed`` from the first write or sync that fails, then always.
        """
        return self.submit(entries).wait()

    def submit(self, entries: Sequence[bytes]) -> Pending:
        """Put entries in the queue, in the order of the calls; they are NOT durable before ``wait`` returns."""
        for entry in entries:
            if len(entry) > layout.MAX_ENTRY:
                raise EntryRefused(f"an entry has at most {layout.MAX_ENTRY} bytes")
            try:
                bulk = layout.bulk_reference(entry)
            except ValueError as error:
                raise EntryRefused(str(error)) from None
            if bulk:
                self._tags.expect(*bulk)
        self._need_well()
        pending = Pending(self, tuple(entries))
        self._waiting.append(pending)  # atomic, as is taking the whole list below
        return pending

    def wait(self, pending: Pending) -> list[Receipt]:
        """Return the receipts of ``pending``; whoever comes first writes for all that wait."""
        with self._writing:
            if not pending.done:
                self._commit()
        if pending.receipts is None:
            raise LogFailed(f"the log cannot be written: {self._failure}")
        return pending.receipts

    def _commit(self) -> None:
        """Write everything that waits as one group. The lock is held."""
        group = self._waiting[:]
        del self._waiting[: len(group)]
        entries = [entry for pending in group for entry in pending.entries]
        try:
            if self._failure is None and entries:
                self._journal.append(entries)
            if self._failure is None:
                self._acknowledge(group, entries)
        except OSError as error:
            self._failure = f"a write or sync failed ({error.strerror or type(error).__name__})"
        except BaseException:
            self._failure = "a write was interrupted"
            raise
        finally:
            for pending in group:
                pending.done = True

    def _acknowledge(self, group: Sequence[Pending], entries: Sequence[bytes]) -> None:
        leaves = merkle.leaf_hashes(entries)
        self._tree.extend(leaves)
        self._note_tags(entries)
        first, self._size = self._size, self._size + len(entries)
        receipts = [Receipt(index, leaf, self.origin) for index, leaf in enumerate(leaves, first)]
        at = 0
        for pending in group:
            pending.receipts = receipts[at : at + len(pending.entries)]
            at += len(pending.entries)

    def _need_well(self) -> None:
        if self._failure is not None:
            raise LogFailed(f"the log cannot be written: {self._failure}")

    def checkpoint(self) -> str:
        """Publish a signed checkpoint of all durable entries, durably, and return the note. Raises ``LogFailed``."""
        with self._writing:
            self._need_well()
            return self._publish()

    def _publish(self) -> str:
        if self._published.size == self._size:
            return self._note
        tree = Checkpoint(self.origin, self._size, self._tree.root(self._size))
        signed = note.sign_note(tree.text, self._signer)
        try:
            durable.write_file(self._directory / layout.CHECKPOINT_FILE, signed.encode())
        except OSError as error:
            self._failure = f"a checkpoint could not be published ({error.strerror or type(error).__name__})"
            raise LogFailed(f"the log cannot be written: {self._failure}") from error
        except BaseException:
            self._failure = "a checkpoint was interrupted"
            raise
        self._published, self._note = tree, signed
        return signed

    def tag_file(self) -> TagFile:
        """Begin a side file for the subject tags of one bulk entry. Raises ``LogFailed``."""
        self._need_well()
        return self._tags.new_file()

    def close(self) -> None:
        """Write what waits, publish a checkpoint, and let the directory go. A failed log is only let go."""
        with self._writing:
            if self._held < 0:
                return
            try:
                if self._failure is None:
                    self._commit()
                if self._failure is None:
                    self._publish()
                    self._tags.clean()
            finally:
                self._failure = self._failure or "it is closed"
                self._journal.close()
                os.close(self._held)
                self._held = -1

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    # -- reading ------------------------------------------------------------------------------------------------

    @property
    def directory(self) -> Path:
        """Where the log lies."""
        return self._directory

    @property
    def origin(self) -> str:
        """The name of the log, which is the name of its key."""
        return self._signer.name

    @property
    def vkey(self) -> str:
        """The verifier key."""
        return self._signer.vkey

    @property
    def size(self) -> int:
        """The number of durable entries."""
        return self._size

    @property
    def root(self) -> bytes:
        """The root over all durable entries."""
        return self._tree.root(self._size)

    def entry(self, index: int) -> bytes:
        """Return one entry; raises ``IndexError``."""
        if not 0 <= index < self._size:
            raise IndexError(f"no entry {index} in a log of {self._size}")
        return self._journal.read(index, index + 1)[0]

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Walk the entries [start, stop) in bounded memory; ``stop`` is at most the size at the first step."""
        stop = self._size if stop is None else min(stop, self._size)
        while start < stop:
            upto = self._journal.span(start, stop)
            yield from self._journal.read(start, upto)
            start = upto

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Return the inclusion proof of ``index`` in the tree of the first ``size`` entries."""
        return self._tree.inclusion(index, size)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the tree of ``new`` entries begins with the tree of ``old``."""
        return self._tree.consistency(old, new)
