"""The writer: one process, any number of threads, one sync for all entries that wait together."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from audit import format as layout
from audit import home, merkle
from audit.errors import AuditError, ClockWentBack, EntryRefused, LogBusy, LogFailed, LogRefused
from audit.grouping import Group, Known, Pending, Receipt, parts
from audit.journal import Journal
from audit.keys import Signer
from audit.lockstore import LockStore
from audit.policy import Policy
from audit.publisher import Desk, Publisher, Tiles
from audit.surroundings import Surroundings
from audit.tags import TagFile, TagFolder
from audit.tiles import encode_bundle

MAX_WAITING: Final = 4096  # entries in the queue; one submission may be larger when nobody else waits
_UNPUBLISHED: Final = 65_536  # entries held in memory before they are published without being asked


class Log:
    """A log that is open for writing; ``Log.open`` makes one. ``PublishedLog`` reads it."""

    def __init__(self, directory: Path, signer: Signer, around: Surroundings) -> None:
        self._directory = directory
        self._signer = signer
        self._around = around
        self._writing = threading.Lock()  # one group at a time
        self._waiting: list[Pending] = []
        self._queued = 0
        self._failure: str | None = None
        self._known = Known()
        self._held = home.hold(directory, around.disk)
        try:
            self._lock = LockStore(around.lock or home.default_lock(directory))
            try:
                self._load()
            except BaseException:
                self._lock.close()
                raise
        except BaseException:
            os.close(self._held)
            raise

    @classmethod
    def open(cls, directory: Path, signer: Signer, around: Surroundings | None = None) -> Log:
        """Open the log in ``directory``, made when absent; recover what a crash left.

        A torn last group is cut. Raises ``LogRefused`` when the log is in use, has other keys, or its journal is
        shorter than what the lock store says was published, or differs from it, or when the disk fails.
        """
        try:
            return cls(directory, signer, around or Surroundings())
        except OSError as error:
            raise LogRefused(f"the log cannot be opened ({error.strerror or type(error).__name__})") from error
        except ClockWentBack as error:
            raise LogRefused(f"the log cannot be opened: {error}") from error

    # -- opening ------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        around = self._around
        if (self._directory / layout.MINIMUM_FILE).exists():
            raise LogRefused("the log was pruned: it takes no more entries")
        at = int(around.clock().timestamp())
        self._head, note = home.establish(self._directory, self._signer, self._lock, around.disk, at)
        self._tags = TagFolder(self._directory, around.disk)
        tiles = Tiles(self._directory, around.disk)
        desk = Desk(self._directory, self._signer, self._lock, around.witnesses, around.clock, around.disk)
        self._journal = Journal(self._directory / layout.JOURNAL_FOLDER, self.origin, around.disk)
        try:
            self._read_journal(tiles)
            self._head = self._lock.claim(self._head)  # only now: a copy that is refused fences nobody
            self._journal.settle()
            tiles.mend(self._head.checkpoint.size)
            around.disk.put_durably(self._directory / layout.CHECKPOINT_FILE, note.encode())
            self._tags.clean()
            self._size = tiles.size
            self._publisher = Publisher(desk, tiles, self._head, note)
            self._change_keys()
        except BaseException:
            self._journal.close()
            raise

    def _read_journal(self, tiles: Tiles) -> None:
        """Build the tree; what was published must be its beginning."""
        published = self._head.checkpoint
        if published.size == 0:
            self._compare(tiles)
        for entries in self._journal.load(published.size, tiles.root):
            leaves = merkle.leaf_hashes(entries)
            self._note(entries, leaves, tiles.size)
            before = published.size - tiles.size
            if 0 < before <= len(entries):
                tiles.extend(entries[:before], leaves[:before])
                self._compare(tiles)
                tiles.forget()
                entries, leaves = entries[before:], leaves[before:]  # noqa: PLW2901 - the rest of the group
            tiles.extend(entries, leaves)
            if before > len(entries):
                tiles.forget()
        if tiles.size < published.size:
            raise LogRefused(
                f"journal: {tiles.size} whole entries, and {published.size} were published: restore it from a copy"
            )

    def _compare(self, tiles: Tiles) -> None:
        published = self._head.checkpoint
        if tiles.root() != published.root:
            raise LogRefused(f"journal: its first {published.size} entries are not those that were published")

    def _note(self, entries: Sequence[bytes], leaves: Sequence[bytes], first: int) -> None:
        """Remember what an entry names: its tag file, and its own id."""
        for index, (entry, leaf) in enumerate(zip(entries, leaves, strict=True), first):
            if bulk := layout.bulk_reference(entry):
                self._tags.named(bulk[0])
            if name := layout.entry_id(entry):
                self._known.add(name, Receipt(index, leaf, self.origin))

    def _change_keys(self) -> None:
        """Let the signer's keys be the log's. In between, each key in the policy file has signed the checkpoint."""
        disk, path = self._around.disk, self._directory / layout.POLICY_FILE
        wanted, found = Policy.of(self._signer.vkeys).text.encode(), path.read_bytes()
        if found == wanted:  # to the byte: a verifier takes no other form
            return
        common = [vkey for vkey in Policy.parse(found).vkeys if vkey in self._signer.vkeys]
        disk.put_durably(path, Policy.of(common).text.encode())
        self._publisher.sign_again()
        disk.put_durably(path, wanted)

    # -- writing ------------------------------------------------------------------------------------------------

    def append(self, entries: Sequence[bytes]) -> list[Receipt]:
        """Append entries next to each other and return when they are on disk.

        Threads that wait at the same time share one sync. An entry (a JSON object with an ``id``) that is among the
        last ``grouping.REMEMBERED`` is not written again: its receipt is returned. Raises ``EntryRefused`` and
        ``LogBusy`` before anything is written, and ``LogFailed`` from the first write or sync that fails, then always.
        """
        return self.submit(entries).wait()

    def submit(self, entries: Sequence[bytes]) -> Pending:
        """Put entries in the queue, in the order of the calls; they are NOT durable before ``wait`` returns."""
        pending = Pending(entries, self.wait)
        self._need_well()
        if self._queued and self._queued + len(entries) > MAX_WAITING:
            raise LogBusy(f"{self._queued} entries wait to be written: try again in a moment")
        for root, count in pending.recall(self._known):
            self._tags.expect(root, count)
        self._queued += len(entries)
        self._waiting.append(pending)  # atomic, as is taking the whole list below
        return pending

    def wait(self, pending: Pending) -> list[Receipt]:
        """Return the receipts of ``pending``; whoever comes first writes for all that wait."""
        with self._writing:
            if not pending.done:
                self._commit()
        if pending.refused is not None:
            raise EntryRefused(pending.refused)
        if pending.receipts is None:
            raise self._unwritable()
        if self._publisher.waiting > _UNPUBLISHED:
            with contextlib.suppress(ClockWentBack):  # the entries are durable, and published once the clock is right
                self.checkpoint()
        return pending.receipts

    def _commit(self) -> None:
        """Write everything that waits. The lock is held."""
        waiting = self._waiting[:]
        del self._waiting[: len(waiting)]
        self._queued = sum(len(pending.entries) for pending in self._waiting)
        group = Group(self._size, self.origin, self._known)
        try:
            if self._broken is None:
                for pending in waiting:
                    group.add(pending)
                for part in parts(group.entries):
                    self._journal.append(len(part), encode_bundle(part), self._publisher.root)
                    self._hand_over(part, group.leaves[self._size - group.first :][: len(part)])
                self._acknowledge(group)
        except OSError as error:
            self._failure = f"a write or sync failed ({error.strerror or type(error).__name__})"
        except BaseException:
            self._failure = "a write was interrupted"
            raise
        finally:
            for pending in waiting:
                pending.done = True

    def _hand_over(self, entries: Sequence[bytes], leaves: Sequence[bytes]) -> None:
        """A part of a group is on disk: the next one may begin a segment, which names the root before it."""
        self._publisher.take(entries, leaves)
        self._size += len(entries)

    def _acknowledge(self, group: Group) -> None:
        """Everything in the group is on disk."""
        for name, receipt in group.named.items():
            self._known.add(name, receipt)
        for root in group.roots:
            self._tags.named(root)
        for pending, receipts in group.receipts:
            pending.receipts = receipts

    @property
    def _broken(self) -> str | None:
        return self._failure or self._tags.failure

    def _unwritable(self) -> LogFailed:
        return LogFailed(f"the log cannot be written: {self._broken}")

    def _need_well(self) -> None:
        if self._broken is not None:
            raise self._unwritable()

    def checkpoint(self) -> str:
        """Publish a signed checkpoint of all durable entries, durably, and return the note.

        Raises ``LogFailed``, and ``ClockWentBack`` without harm to the log.
        """
        self._need_well()
        try:
            note = self._publisher.publish()
            self._journal.allocate_ahead()
        except ClockWentBack:
            raise
        except (OSError, AuditError) as error:
            why = (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)
            self._failure = f"a checkpoint could not be published ({why})"
            raise self._unwritable() from error
        except BaseException:
            self._failure = "a checkpoint was interrupted"
            raise
        return note

    def tag_file(self) -> TagFile:
        """Begin a side file for the subject tags of one bulk entry. Raises ``LogFailed`` (``LogBusy``)."""
        self._need_well()
        return self._tags.new_file()

    def follow(self, before: Log) -> None:
        """Take over from the log of the shard before, which was closed with ``keep_tags``.

        What is sent again and was written there is not written here, and tag files that no entry there names may be
        named here.
        """
        self._known.follow(before._known)
        self._tags.follow(before._tags)

    def remember(self, earlier: Known) -> None:
        """Take entries of the shard before for known."""
        self._known.follow(earlier)

    def close(self, *, keep_tags: bool = False) -> None:
        """Write what waits, publish a checkpoint, and let the directory go. A failed log is only let go.

        Tag files that no entry names are removed, or with ``keep_tags`` left for a log that follows this one.
        """
        with self._writing:
            if self._held < 0:
                return
            try:
                if self._broken is None:
                    self._commit()
                if self._broken is None:
                    self.checkpoint()
                    if not keep_tags:
                        self._tags.clean()
            finally:
                self._failure = self._broken or "it is closed"
                self._journal.close()
                self._lock.close()
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

    @property
    def directory(self) -> Path:
        """Where the log lies."""
        return self._directory

    @property
    def origin(self) -> str:
        """The name of the log, which is the name of its keys."""
        return self._signer.name

    @property
    def vkey(self) -> str:
        """The Ed25519 verifier key."""
        return self._signer.vkey

    @property
    def vkeys(self) -> list[str]:
        """Every verifier key in force."""
        return self._signer.vkeys

    @property
    def size(self) -> int:
        """The number of durable entries."""
        return self._size

    @property
    def root(self) -> bytes:
        """The root over all durable entries."""
        return self._publisher.root()
