"""The log as a web worker or a command sees it while a sequencer holds it: the writing half of ``Log``, by a socket."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from audit import format as layout
from audit import wire
from audit.connection import Connection
from audit.errors import EntryRefused, LogFailed
from audit.grouping import Receipt
from audit.shards import shard_names
from audit.tags import TagFile
from audit.waiting import Request
from audit.wire import Kind


class RemotePending:
    """Entries on their way. Only ``wait`` and ``durable`` say that they are on disk."""

    __slots__ = ("_connection", "_request")

    def __init__(self, connection: Connection, request: Request | None) -> None:
        self._connection = connection
        self._request = request

    def wait(self) -> list[Receipt]:
        """Return the receipts once the entries are on disk.

        Raises ``EntryRefused``, ``LogBusy`` (of both: nothing of the call was written), or ``LogFailed``.
        """
        if self._request is None:
            return []
        return self._receipts(self._request, self._connection.wait(self._request, Kind.APPENDED))

    async def durable(self) -> list[Receipt]:
        """Do what ``wait`` does without holding up a thread; in any event loop."""
        if self._request is None:
            return []
        return self._receipts(self._request, await self._connection.durable(self._request, Kind.APPENDED))

    @staticmethod
    def _receipts(request: Request, body: bytes) -> list[Receipt]:
        try:
            places = wire.unpack_places(body)
        except wire.WireError as error:
            raise LogFailed(f"the log cannot be written: {error}") from None
        if len(places) != request.size:
            raise LogFailed("the log cannot be written: the sequencer answered something else than was asked")
        return [Receipt(*place) for place in places]


class LogClient:
    """What may be done to a log that a sequencer holds. Any number of threads share a client, but not processes.

    A lost connection is final: everything in flight and every later call raises ``LogFailed``, and a new client must
    be made. An entry whose acknowledgement was lost may then be sent again, unchanged: the log knows it by its id.
    """

    def __init__(self, path: Path, directory: Path, *, patience: float | None = None) -> None:
        """Connect to the sequencer at the socket ``path``, which writes the log in ``directory``.

        After ``patience`` seconds without an answer to those who wait, the connection counts as lost; None waits for
        as long as the sequencer lives. Raises ``LogFailed`` when none answers, ``LogRefused`` when it is another
        user's.
        """
        self._directory = directory
        self._connection = Connection(path, patience)
        try:
            self._known = self._status()
        except BaseException:
            self._connection.close()
            raise

    def append(self, entries: Sequence[bytes]) -> list[Receipt]:
        """Append entries next to each other and return when they are on disk. Raises what both halves below do."""
        return self.submit(entries).wait()

    def submit(self, entries: Sequence[bytes]) -> RemotePending:
        """Queue entries, in the order of the calls; whoever waits next sends them.

        Raises ``EntryRefused``, ``LogBusy`` when too much is in flight, ``LogFailed``.
        """
        if not entries:
            return RemotePending(self._connection, None)
        return RemotePending(self._connection, self._connection.request(Kind.APPEND, _body(entries), len(entries)))

    def checkpoint(self) -> str:
        """Have a signed checkpoint of all durable entries published now; return the note. Raises ``LogFailed``."""
        return self._ask(Kind.CHECKPOINT, Kind.PUBLISHED).decode(errors="replace")

    def tag_file(self) -> TagFile:
        """Begin a side file for one bulk entry's tags, in the log's own folder. Raises ``LogFailed``, ``LogBusy``."""
        self._connection.need_well()
        shard = self._directory.joinpath(*shard_names(self._directory)[-1:])  # the log itself where it is no trail
        return TagFile(shard / layout.TAGS_FOLDER, lambda _root, _count: None, on_failed=self._tags_failed)

    def _tags_failed(self, error: OSError) -> None:
        """Append nothing more: what could not be written or synced once may be lost though a later try succeeds."""
        self._connection.lose(f"tags could not be written ({error.strerror or type(error).__name__})")

    @property
    def directory(self) -> Path:
        """Where the log lies."""
        return self._directory

    @property
    def origin(self) -> str:
        """The name of the log when the client was made."""
        return self._known.origin

    @property
    def vkeys(self) -> list[str]:
        """The verifier keys that were active when the client was made."""
        return self._known.vkeys

    @property
    def size(self) -> int:
        """The number of durable entries, asked now. Raises ``LogFailed``."""
        return self._status().size

    def close(self) -> None:
        """Wait for what is in flight, and hang up. The sequencer goes on."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def _ask(self, kind: Kind, expected: Kind) -> bytes:
        return self._connection.wait(self._connection.request(kind, b""), expected)

    def _status(self) -> wire.State:
        try:
            return msgspec.json.decode(self._ask(Kind.STATUS, Kind.STATE), type=wire.State)
        except msgspec.MsgspecError:
            raise LogFailed("the log cannot be written: the sequencer's answer cannot be read") from None


def _body(entries: Sequence[bytes]) -> bytes:
    if len(entries) > wire.MAX_ENTRIES:
        raise EntryRefused(f"at most {wire.MAX_ENTRIES} entries are appended at once")
    if any(len(entry) > layout.MAX_ENTRY for entry in entries):
        raise EntryRefused(f"an entry has at most {layout.MAX_ENTRY} bytes")
    body = wire.pack_entries(entries)
    if len(body) > wire.MAX_MESSAGE:
        raise EntryRefused(f"at most {wire.MAX_MESSAGE} bytes are appended at once")
    return body
