"""The writer of entries. INVARIANT: a receipt is returned only after the entry is on disk."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import audit
from gateway.accountability import access, entries, views
from gateway.accountability.bulk import BulkTags
from gateway.accountability.checks import verify_signed
from gateway.accountability.entries import SealedTags
from gateway.accountability.errors import ClockWentBack, EventRefused, LogDamaged, LogUnwritable
from gateway.accountability.pending import NAMED_ERRORS, PendingReceipt, Waiting
from gateway.foundation.identifiers import random_name
from gateway.vocabulary.events import GatewayEvent
from gateway.vocabulary.names import EntryId

CLOCK_TOLERANCE: Final = dt.timedelta(minutes=5)  # clocks are set back a little; times in the log never go back


Answer = TypeVar("Answer")


class Writer(Protocol):
    """What writes the log: in this process (``audit.Trail``), or through the socket of one that does."""

    @property
    def directory(self) -> Path:
        """The folder of the shards."""

    def submit(self, entries: Sequence[bytes]) -> Waiting:
        """Put entries in the queue, in the order of the calls."""

    def checkpoint(self) -> str:
        """Publish what is durable."""

    def tag_file(self) -> audit.TagFile:
        """Begin a side file of tags."""


class Recorder:
    """Turns events into entries of a log; safe to share between threads."""

    def __init__(
        self, writer: Writer, policy_label: Callable[[], str] | str, signer: audit.Signer | None = None
    ) -> None:
        """``policy_label`` stands in entries whose event names no policy; ``signer`` signs certificates."""
        self._writer = writer
        self._label = policy_label
        self._signer = signer
        self._published = audit.PublishedTrail(writer.directory)
        if signer is not None and signer.name in {shard.origin for shard in self.shards().values()}:
            raise EventRefused(
                "certificates are signed by another key than the log's, or one could stand for a checkpoint"
            )
        self._order = threading.Lock()  # entries get their times one after the other
        self._last = self._last_instant()

    def _last_instant(self) -> str:
        last = self.latest(1)
        return str(entries.shown(last[0])["ts"]) if last else ""

    @staticmethod
    def new_entry_id() -> EntryId:
        """Return 128 random bits in lower-case base 32: the id under which an entry's tags are made."""
        return EntryId(random_name())

    def record(
        self,
        event: GatewayEvent,
        *,
        at: dt.datetime,
        entry_id: EntryId | None = None,
        tags: bytes | SealedTags | None = None,
    ) -> audit.Receipt:
        """Write an entry and return when it is on disk.

        Raises what ``begin`` and the waiting for it do.
        """
        return self.begin(event, at=at, entry_id=entry_id, tags=tags).wait()

    def begin(
        self,
        event: GatewayEvent,
        *,
        at: dt.datetime,
        entry_id: EntryId | None = None,
        tags: bytes | SealedTags | None = None,
    ) -> PendingReceipt:
        """Put an entry in the writer's queue; what it stands for may be prepared while it is written, and not given.

        ``tags`` are 16 bytes a person, made under ``entry_id``: up to 1,000 inline, or sealed ones of ``bulk_tags``.
        The entry's time is ``at``, or the last entry's where the clock went back a little. Raises ``EventRefused``
        when the event does not fit the closed schema, ``ClockWentBack``, and ``LogUnwritable`` (``LogCrowded`` when
        that is temporary) when the log cannot be written: then nothing may leave.
        """
        if tags is not None and entry_id is None:
            raise EventRefused("tags need the entry id that they were made under")
        instant = entries.written(at)
        if instant < self._last and entries.written(at + CLOCK_TOLERANCE) < self._last:
            raise ClockWentBack("the clock stands before the last entry of the audit log: set it right")
        policy = event.policy or (self._label if isinstance(self._label, str) else self._label())
        with NAMED_ERRORS, self._order:
            stamp = entries.Stamp(entry_id or self.new_entry_id(), max(instant, self._last), policy)
            pending = self._writer.submit([entries.leaf(event, stamp, tags)])
            self._last = stamp.ts
        return PendingReceipt(pending)

    def bulk_tags(self, entry_id: EntryId) -> BulkTags:
        """Begin the tags of a bulk event; use it as a context manager. Raises ``LogUnwritable`` (``LogCrowded``)."""
        with NAMED_ERRORS:
            return BulkTags(entry_id, self._writer.tag_file(), self._writer.directory)

    def sign(self, text: str) -> str:
        """Return ``text`` as a signed note (C2SP), for certificates. Raises ``LogUnwritable`` without a signer."""
        if self._signer is None:
            raise LogUnwritable("certificates cannot be signed: no signing key was given")
        try:
            return audit.sign_note(text, self._signer)
        except audit.AuditError as error:
            raise EventRefused(str(error)) from None

    def verify(self, note: str) -> str:
        """Return the text of a note that ``sign`` made; ``LogDamaged`` for any other, ``LogUnwritable`` as there."""
        if self._signer is None:
            raise LogUnwritable("certificates cannot be verified: no signing key was given")
        return verify_signed(note, [self._signer.vkey])

    # -- reading ------------------------------------------------------------------------------------------------

    def checkpoint(self, shard: str | None = None) -> str:
        """Return a signed checkpoint: of all durable entries in the present shard, or the last one of ``shard``.

        Raises ``LogUnwritable``, and ``IndexError`` where there is no such shard.
        """
        with NAMED_ERRORS:
            note = self._writer.checkpoint()
        return note if shard is None else self._shard(shard).note

    def shards(self) -> dict[str, audit.PublishedLog]:
        """Return every shard, oldest first, with all that is durable at this moment. Raises ``LogDamaged``."""
        self.checkpoint()
        try:
            return self._published.shards()
        except audit.VerificationFailed as failure:
            raise LogDamaged(f"the audit log does not verify: {failure}") from None

    def _shard(self, name: str | None) -> audit.PublishedLog:
        shards = self.shards()
        if name is None:
            return list(shards.values())[-1]
        if name not in shards:
            raise IndexError("the log has no shard of that name")
        return shards[name]

    @property
    def size(self) -> int:
        """The number of durable entries in all shards."""
        return sum(shard.size for shard in self.shards().values())

    def leaves(self) -> Iterator[bytes]:
        """Walk the entries of all shards, oldest first, in bounded memory; what was pruned is left out."""
        for shard in self.shards().values():
            yield from shard.entries(shard.minimum)

    def entries(self) -> Iterator[dict[str, Any]]:
        """Walk the entries, decoded. Raises ``LogDamaged`` for one that is not the gateway's."""
        return map(entries.walked, self.leaves())

    def latest(self, count: int) -> list[bytes]:
        """Return the last entries, oldest first, as they stand in the log."""
        found: list[bytes] = []
        for shard in reversed(self.shards().values()):
            start = max(shard.minimum, shard.size - (count - len(found)))
            found[:0] = shard.entries(start)
            if len(found) >= count:
                break
        return found

    def shown(self, count: int) -> list[dict[str, Any]]:
        """Return the last entries, decoded, oldest first. Raises ``LogDamaged`` for one that is not the gateway's."""
        return list(map(entries.shown, self.latest(count)))

    def export(self, form: views.Form) -> Iterator[bytes]:
        """Walk the entries as lines of a file; see ``views``."""
        shards = self.shards().values()
        parts = [views.LogPart(shard.origin, shard.entries(shard.minimum), shard.minimum) for shard in shards]
        return views.export(parts, form)

    def proof(self, index: int, shard: str | None = None) -> str:
        """Return an entry's offline proof file (c2sp.org/tlog-proof) in what is published now.

        ``index`` counts in the shard (the present one where none is named). Raises ``IndexError``; ``LogDamaged``.
        """
        return self._checked(lambda log: log.prove(index).text, shard)

    def consistency(self, old: int, new: int, shard: str | None = None) -> list[bytes]:
        """Return the proof that the first ``new`` entries begin with the first ``old``; raises ``IndexError``."""
        return self._checked(lambda log: log.consistency(old, new), shard)

    def file(self, shard: str, path: str) -> bytes:
        """Return a file of what a shard has published (c2sp.org/tlog-tiles): a tile, a bundle, the policy.

        Raises ``IndexError`` where there is none; ``LogDamaged``.
        """
        try:
            return self._shard(shard).file(path)
        except (FileNotFoundError, audit.EntryPruned):
            raise IndexError("the log has not published such a file") from None
        except audit.VerificationFailed as failure:
            raise LogDamaged(f"the audit log does not verify: {failure}") from None

    def _checked(self, read: Callable[[audit.PublishedLog], Answer], shard: str | None) -> Answer:
        try:
            return read(self._shard(shard))
        except (ValueError, audit.EntryPruned) as error:
            raise IndexError(str(error)) from None
        except audit.VerificationFailed as failure:
            raise LogDamaged(f"the audit log does not verify: {failure}") from None

    def about(self, tags_of: access.TagsOf) -> tuple[list[access.EntryAbout], list[access.Searched]]:
        """Return every entry that concerns one person, each with its proof, and what was searched.

        ``tags_of`` gives that person's 16-byte tag for each of a list of entry ids, in order. All entries are tried,
        so nothing is left out; whoever holds the person's key can repeat it. Raises ``LogDamaged`` when a tag file is
        gone, or an entry is not one of the gateway's.
        """
        try:
            return access.about(self.shards(), tags_of)
        except audit.VerificationFailed as failure:
            raise LogDamaged(f"the audit log does not verify: {failure}") from None

    def tag_proof(self, found: access.EntryAbout) -> list[bytes]:
        """Return the proof that the tag stands in its entry's side file; empty for tags in the entry itself."""
        if found.tag_index is None:
            return []
        directory = self._writer.directory / found.shard
        try:
            return audit.prove_tag(directory, str(found.entry["tags_root"]), found.tag_index)
        except audit.VerificationFailed as error:
            raise LogDamaged(str(error)) from None
