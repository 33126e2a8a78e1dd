"""The writer of entries. INVARIANT: a receipt is returned only after the entry is on disk."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

import audit
from gateway.accountability import access, entries, views
from gateway.accountability.entries import SealedTags
from gateway.accountability.errors import EventRefused, LogDamaged, LogUnwritable
from gateway.vocabulary.events import GatewayEvent
from gateway.vocabulary.names import EntryId

_REMEDY = "nothing may leave until the disk is in order and the gateway is started again"


class _Instant(msgspec.Struct):
    ts: str = ""


class BulkTags:
    """Collects the tags of one bulk event, any number, in bounded memory. Discarded at exit unless sealed."""

    def __init__(self, entry_id: EntryId, file: audit.TagFile) -> None:
        self._entry_id = entry_id
        self._file = file

    def add(self, tags: bytes | npt.NDArray[np.uint8]) -> None:
        """Add tags of 16 bytes each: bytes, or an (n, 16) array. Raises ``LogUnwritable``."""
        try:
            self._file.add(tags if isinstance(tags, bytes) else tags.tobytes())
        except OSError:
            raise LogUnwritable(f"the tags of an entry cannot be written: {_REMEDY}") from None
        except audit.AuditError as error:
            raise EventRefused(str(error)) from None

    def seal(self) -> SealedTags:
        """Make the tags durable; hand the result to ``record`` under the same entry id. Raises ``LogUnwritable``."""
        try:
            return SealedTags(self._entry_id, *self._file.seal())
        except OSError:
            raise LogUnwritable(f"the tags of an entry cannot be written: {_REMEDY}") from None
        except audit.AuditError as error:
            raise EventRefused(str(error)) from None

    def __enter__(self) -> BulkTags:  # noqa: PYI034 - nobody subclasses it
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Discard unless sealed."""
        self._file.discard()


class Recorder:
    """Turns events into entries of a log; safe to share between threads."""

    def __init__(
        self, log: audit.Log, policy_label: Callable[[], str] | str, signer: audit.Signer | None = None
    ) -> None:
        """``policy_label`` stands in entries whose event names no policy; ``signer`` signs certificates."""
        if signer is not None and signer.name == log.origin:
            raise EventRefused(
                "certificates are signed by another key than the log's, or one could stand for a checkpoint"
            )
        self._log = log
        self._label = policy_label
        self._signer = signer
        self._order = threading.Lock()  # entries enter the queue in the order of their time
        self._last = self._last_instant()

    def _last_instant(self) -> str:
        if self._log.size == 0:
            return ""
        try:
            return msgspec.json.decode(self._log.entry(self._log.size - 1), type=_Instant).ts
        except msgspec.DecodeError:
            raise LogDamaged("the last entry of the audit log is not one of the gateway's") from None

    @staticmethod
    def new_entry_id() -> EntryId:
        """Return 128 random bits in lower-case base 32: the id under which an entry's tags are made."""
        return EntryId(base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower())

    def record(
        self,
        event: GatewayEvent,
        *,
        at: dt.datetime,
        entry_id: EntryId | None = None,
        tags: bytes | SealedTags | None = None,
    ) -> audit.Receipt:
        """Write an entry and return when it is on disk.

        ``tags`` are 16 bytes a person, made under ``entry_id``: up to 1,000 inline, or sealed ones of ``bulk_tags``.
        The entry's time is ``at``, or the last entry's where the clock went back. Raises ``EventRefused`` when the
        event does not fit the closed schema and ``LogUnwritable`` when the log cannot be written: then
        nothing may leave.
        """
        if tags is not None and entry_id is None:
            raise EventRefused("tags need the entry id that they were made under")
        instant = entries.written(at)
        policy = event.policy or (self._label if isinstance(self._label, str) else self._label())
        try:
            with self._order:
                stamp = entries.Stamp(entry_id or self.new_entry_id(), max(instant, self._last), policy)
                pending = self._log.submit([entries.leaf(event, stamp, tags)])
                self._last = stamp.ts
            return pending.wait()[0]
        except audit.LogFailed as error:
            raise LogUnwritable(f"{error}: {_REMEDY}") from None
        except audit.EntryRefused as error:
            raise EventRefused(str(error)) from None

    def bulk_tags(self, entry_id: EntryId) -> BulkTags:
        """Begin the tags of a bulk event; use it as a context manager. Raises ``LogUnwritable``."""
        try:
            return BulkTags(entry_id, self._log.tag_file())
        except (audit.LogFailed, OSError):
            raise LogUnwritable(f"the tags of an entry cannot be written: {_REMEDY}") from None

    def sign(self, text: str) -> str:
        """Return ``text`` as a signed note (C2SP), for certificates. Raises ``LogUnwritable`` without a signer."""
        if self._signer is None:
            raise LogUnwritable("certificates cannot be signed: no signing key was given")
        try:
            return audit.sign_note(text, self._signer)
        except audit.AuditError as error:
            raise EventRefused(str(error)) from None

    # -- reading ------------------------------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """The number of durable entries."""
        return self._log.size

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[dict[str, Any]]:
        """Walk the entries, decoded, oldest first, in bounded memory."""
        return (msgspec.json.decode(leaf) for leaf in self._log.entries(start, stop))

    def export(self, format: Literal["csv", "ndjson"]) -> Iterator[bytes]:  # noqa: A002 - the word of the command line
        """Walk the entries as lines of a file: CSV without tags for reading, or NDJSON of the very bytes hashed."""
        return views.export(self._log.entries(), format)

    def checkpoint(self) -> str:
        """Publish a checkpoint over all durable entries and return its signed note. Raises ``LogUnwritable``."""
        try:
            return self._log.checkpoint()
        except audit.LogFailed as error:
            raise LogUnwritable(f"{error}: {_REMEDY}") from None

    def proof(self, index: int) -> str:
        """Return an entry's offline proof file (c2sp.org/tlog-proof) against a fresh checkpoint; ``IndexError``."""
        note = self.checkpoint()
        size = access.size_of(note)
        if not 0 <= index < size:
            raise IndexError(f"no entry {index} in a log of {size}")
        return audit.format_proof(index, self._log.inclusion(index, size), note)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the first ``new`` entries begin with the first ``old``; raises ``ValueError``."""
        return self._log.consistency(old, new)

    def about(self, tags_of: Callable[[Sequence[EntryId]], bytes]) -> list[access.EntryAbout]:
        """Return every entry that concerns one person, each with its proof against a checkpoint made now.

        ``tags_of`` gives that person's 16-byte tag for each of a list of entry ids, in order. All entries are tried,
        so nothing is left out; whoever holds the person's key can repeat it. Raises ``LogDamaged`` when a tag file is
        gone.
        """
        return access.about(self._log, self.checkpoint(), tags_of)

    def tag_proof(self, found: access.EntryAbout) -> list[bytes]:
        """Return the proof that the tag stands in its entry's side file; empty for tags in the entry itself."""
        if found.tag_index is None:
            return []
        try:
            return audit.prove_tag(self._log.directory, str(found.entry["tags_root"]), found.tag_index)
        except audit.VerificationFailed as error:
            raise LogDamaged(str(error)) from None
