"""The one process that writes a log for several others: it takes entries over a Unix socket, a group at a time.

One thread reads what all clients sent, submits all of it to the writer, waits once (one group, one sync), and answers.
Nothing lingers: what arrives during the sync is the next group. A second thread publishes checkpoints.

A write or sync that fails ends the service: all that wait are answered ``FAILED`` and nothing is tried again.
"""

from __future__ import annotations

import contextlib
import functools
import os
import selectors
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec

from audit import wire
from audit.errors import EntryRefused, LogBusy, LogFailed
from audit.pulse import Pulse
from audit.wire import Kind

MAX_CLIENTS: Final = 256
MAX_UNREAD: Final = 4 * 1024 * 1024  # bytes of answers that a client has not read before it is cut off
MAX_ASKED: Final = 128  # checkpoints that a client may wait for at once: each answer is a whole note
_RECEIVE: Final = 1024 * 1024  # bytes a client and turn
_LAST_ANSWERS: Final = 1.0  # seconds for clients to read what is still to be said at the end


class Waiting(Protocol):
    """What a writer's ``submit`` returns."""

    def wait(self) -> Sequence[wire.Placed]:
        """Return the receipts once the entries are on disk."""
        ...


class Writer(Protocol):
    """What writes: a log, or a trail of them. The sequencer does not close it."""

    def submit(self, entries: Sequence[bytes], /) -> Waiting:
        """Queue entries; the first ``wait`` writes all that is queued as one group."""
        ...

    def checkpoint(self) -> str:
        """Publish a signed checkpoint and return it."""
        ...

    @property
    def size(self) -> int:
        """The number of durable entries."""
        ...

    @property
    def origin(self) -> str:
        """The name of the log."""
        ...

    @property
    def vkeys(self) -> list[str]:
        """The verifier keys in force."""
        ...


class _Peer:
    """A client."""

    __slots__ = ("asked", "frames", "said", "saying", "socket", "unread")

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.frames = wire.Frames()
        self.said: list[bytes] = []  # answers of this turn
        self.saying = 0  # their bytes
        self.unread = b""  # what its socket would not take
        self.asked = 0  # checkpoints that it waits for

    def say(self, kind: Kind, number: int, body: bytes) -> None:
        """Answer at the end of the turn."""
        self.said.append(wire.message(kind, number, body))
        self.saying += len(self.said[-1])

    def take_said(self) -> bytes:
        """Return all that is to be sent now."""
        data = self.unread + b"".join(self.said)
        self.said.clear()
        self.saying = 0
        return data


class Sequencer:
    """Serves a writer until ``stop`` or a failure. Only one thread calls ``run``."""

    def __init__(self, writer: Writer, path: Path, *, interval: float = 0.8) -> None:
        """Listen at ``path``; publishing begins at most ``interval`` seconds after an entry. Raises ``LogRefused``."""
        self._writer = writer
        self._path = path
        self._listener = wire.listen(path)
        self._inode = path.stat().st_ino
        self._buffer = bytearray(_RECEIVE)
        self._peers: dict[int, _Peer] = {}
        self._group: list[tuple[_Peer, int, Waiting]] = []
        self._queued = 0  # entries of the group
        self._failure: str | None = None
        self._stopping = False
        self._signal = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._signal, selectors.EVENT_READ, self._heard)
        self._pulse = Pulse(writer.checkpoint, interval, self._wake)

    def watch(self, descriptor: int) -> None:
        """Stop when the other end of this pipe is closed; what comes through it is ignored."""
        self._selector.register(descriptor, selectors.EVENT_READ, lambda: self._watched(descriptor))

    def stop(self) -> None:
        """Take nothing more, write what was taken, and return from ``run``. From any thread or signal handler."""
        self._stopping = True
        self._wake()

    def run(self) -> str | None:
        """Serve; return None after ``stop`` and else why the log cannot be written any more."""
        self._pulse.start()
        try:
            while not self._stopping and self._failure is None:
                self._turn()
        finally:
            self._end()
        return self._failure

    # -- a turn -------------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        """Read what is there, write it as one group, answer."""
        for key, events in self._selector.select():
            if isinstance(key.data, _Peer):
                if events & selectors.EVENT_WRITE:
                    self._send(key.data)
                if events & selectors.EVENT_READ:
                    self._read(key.data)
            else:
                key.data()
        self._write_group()
        self._answer()

    def _answer(self) -> None:
        for peer in [peer for peer in self._peers.values() if peer.said]:
            self._send(peer)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # it hung up again, or there are no descriptors left: others are served
        if len(self._peers) >= MAX_CLIENTS or not wire.is_own(connection):
            connection.close()
            return
        connection.setblocking(False)
        peer = self._peers[connection.fileno()] = _Peer(connection)
        self._selector.register(connection, selectors.EVENT_READ, peer)

    def _read(self, peer: _Peer) -> None:
        try:
            count = peer.socket.recv_into(self._buffer)
        except BlockingIOError:
            return
        except OSError:
            count = 0
        if not count:
            self._drop(peer)
            return
        try:
            for message in peer.frames.feed(bytes(memoryview(self._buffer)[:count])):
                self._take(peer, message)
        except wire.WireError:
            self._drop(peer)

    def _take(self, peer: _Peer, message: wire.Message) -> None:
        if peer.saying > MAX_UNREAD:
            raise wire.WireError("more was asked at once than answers may be unread")
        if message.kind == Kind.APPEND:
            self._submit(peer, message.number, wire.unpack_entries(message.body))
        elif message.body:
            raise wire.WireError("a question has no body")
        elif message.kind == Kind.CHECKPOINT:
            self._ask(peer, message.number)
        elif message.kind == Kind.STATUS:
            state = wire.State(self._writer.origin, self._writer.size, self._writer.vkeys)
            peer.say(Kind.STATE, message.number, msgspec.json.encode(state))
        else:
            raise wire.WireError("a message of a kind that is not known")

    def _ask(self, peer: _Peer, number: int) -> None:
        if peer.asked >= MAX_ASKED:
            _say(peer, Kind.BUSY, number, "too many checkpoints were asked for: try again in a moment")
            return
        peer.asked += 1
        self._pulse.ask(functools.partial(_say_published, peer, number))

    def _submit(self, peer: _Peer, number: int, entries: list[bytes]) -> None:
        if self._queued + len(entries) > wire.MAX_ENTRIES:
            _say(peer, Kind.BUSY, number, "the queue of the log is full: try again in a moment")
            return
        try:
            self._need_well()
            pending = self._writer.submit(entries)
        except (EntryRefused, LogFailed, OSError) as error:
            self._refuse(peer, number, error)
            return
        self._group.append((peer, number, pending))
        self._queued += len(entries)

    def _write_group(self) -> None:
        group, self._group, self._queued = self._group, [], 0
        for peer, number, pending in group:
            try:
                self._need_well()
                places = pending.wait()
            except (EntryRefused, LogFailed, OSError) as error:
                self._refuse(peer, number, error)
            else:
                peer.say(Kind.APPENDED, number, wire.pack_places(places))
        if group:
            self._pulse.entries_came()

    def _need_well(self) -> None:
        if self._failure is not None:  # perhaps of this turn: nothing is tried again
            raise LogFailed(self._failure)

    def _refuse(self, peer: _Peer, number: int, error: EntryRefused | LogFailed | OSError) -> None:
        if isinstance(error, EntryRefused):
            _say(peer, Kind.REFUSED, number, str(error))
        elif isinstance(error, LogBusy):
            _say(peer, Kind.BUSY, number, str(error))
        else:
            self._failure = self._failure or _why(error)
            _say(peer, Kind.FAILED, number, self._failure)

    def _send(self, peer: _Peer) -> None:
        """Send what the peer's socket takes; hold the rest, and cut the peer off when that is too much."""
        data = peer.take_said()
        try:
            sent = peer.socket.send(data) if data else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._drop(peer)
            return
        held, peer.unread = bool(peer.unread), data[sent:]
        if len(peer.unread) > MAX_UNREAD:
            self._drop(peer)
        elif bool(peer.unread) != held:
            writes = selectors.EVENT_WRITE if peer.unread else 0
            self._selector.modify(peer.socket, selectors.EVENT_READ | writes, peer)

    def _drop(self, peer: _Peer) -> None:
        """Forget a peer; what it asked to be written is written."""
        if self._peers.pop(peer.socket.fileno(), None):
            self._selector.unregister(peer.socket)
            peer.socket.close()

    # -- signals and the end ------------------------------------------------------------------------------------

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # closed: nobody is left to wake
            os.eventfd_write(self._signal, 1)

    def _heard(self) -> None:
        """Answer those that asked for a checkpoint."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._signal)
        while self._pulse.done:
            self._pulse.done.popleft()()
        self._failure = self._failure or self._pulse.failure

    def _watched(self, descriptor: int) -> None:
        try:
            ended = not os.read(descriptor, 4096)
        except OSError:
            ended = True
        if ended:
            self._selector.unregister(descriptor)
            self.stop()

    def _end(self) -> None:
        """Take nothing more, finish publishing, say what is to be said, hang up."""
        self._unlink()
        self._listener.close()
        self._pulse.finish()
        self._heard()
        for peer in list(self._peers.values()):
            data = peer.take_said()
            with contextlib.suppress(OSError):
                peer.socket.settimeout(_LAST_ANSWERS)
                peer.socket.sendall(data)
            peer.socket.close()
        self._selector.close()
        os.close(self._signal)

    def _unlink(self) -> None:
        with contextlib.suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()


def _why(error: LogFailed | OSError) -> str:
    if isinstance(error, OSError):
        return f"the log cannot be written: a write or sync failed ({error.strerror or type(error).__name__})"
    return str(error)


def _say(peer: _Peer, kind: Kind, number: int, text: str) -> None:
    peer.say(kind, number, text.encode())


def _say_published(peer: _Peer, number: int, note: str | None, failure: str | None) -> None:
    peer.asked -= 1
    if note is not None:
        _say(peer, Kind.PUBLISHED, number, note)
    else:
        _say(peer, Kind.FAILED, number, failure or "no checkpoint could be published")
