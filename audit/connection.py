"""One connection to the sequencer that any number of threads and an event loop share, without a thread of its own.

Requests wait in an outbox and are sent together by whoever waits first. Of those who wait, one reads the answers for
all (the leader) and wakes each as its answer comes; a request that is alone is sent and answered in its own thread.
Coroutines wait without a thread: their event loop takes part as one of those who may lead (``loops``).
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from audit import wire
from audit.errors import AuditError, EntryRefused, LogBusy, LogFailed
from audit.waiting import Gate, Leader, Request, ThreadGate
from audit.wire import Kind

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from audit.loops import LoopReader

_RECEIVE: Final = 65_536  # bytes
SILENT: Final = "the sequencer does not answer"
_FAILED: Final = "the log cannot be written"
_UNKNOWN: Final = "nobody knows whether the entry was written; it may be sent again through a new client"
_ERRORS: Final[dict[int, Callable[[str], AuditError]]] = {
    Kind.REFUSED: EntryRefused,
    Kind.BUSY: LogBusy,
    Kind.FAILED: LogFailed,
}


class Connection:
    """Requests and their answers. A lost connection is final: all in flight and all later calls raise ``LogFailed``."""

    def __init__(self, path: Path, patience: float | None) -> None:
        """Connect to the socket ``path``; see ``LogClient``. Raises ``LogFailed``, ``LogRefused``."""
        self._process = os.getpid()
        self._state = threading.Lock()  # short: the fields below
        self._sending = threading.Lock()  # held during a send
        self._outbox: list[bytes] = []
        self._flying: dict[int, Request] = {}
        self._entries = 0  # in flight
        self._number = 0
        self._leader: Leader | None = None  # reads, or is about to
        self._waiting = 0  # gates of all requests
        self._failure: str | None = None
        self._frames = wire.Frames()
        self.readers: dict[AbstractEventLoop, LoopReader] = {}
        self.patience = patience
        try:
            self._socket = wire.connect(path)
        except OSError as error:
            raise LogFailed(f"{_FAILED}: no sequencer at its socket ({_reason(error)})") from None
        if patience is not None:
            limit = struct.pack("ll", int(patience), int(patience % 1 * 1e6))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)

    def request(self, kind: Kind, body: bytes, size: int = 0) -> Request:
        """Queue a request; the next ``wait`` sends it. Raises ``LogBusy`` when too much is in flight, ``LogFailed``."""
        self.need_well()
        request = Request(size)
        with self._state:
            if self._failure is not None:
                raise LogFailed(f"{_FAILED}: {self._failure}")
            if self._entries + size > wire.MAX_ENTRIES:
                raise LogBusy("too many entries wait for their acknowledgement: try again in a moment")
            self._number = self._number + 1 & 0xFFFFFFFF
            self._entries += size
            self._flying[self._number] = request
            self._outbox.append(wire.message(kind, self._number, body))
        return request

    def wait(self, request: Request, expected: Kind) -> bytes:
        """Send what waits and return the body of the answer to ``request``, or raise what the answer says."""
        if not request.done:
            self._need_owner()
            self.send()
            self._await(request)
        return self._body(request, expected)

    async def durable(self, request: Request, expected: Kind) -> bytes:
        """Do what ``wait`` does without holding up a thread: the event loop sends and reads."""
        if not request.done:
            self._need_owner()
            from audit.loops import reader_of  # noqa: PLC0415 - commands wait in their thread and load no asyncio

            await reader_of(self).until_done(request)
        return self._body(request, expected)

    def _body(self, request: Request, expected: Kind) -> bytes:
        answer = request.answer
        if answer is None:
            raise LogFailed(f"{_FAILED}: {self._failure}; {_UNKNOWN}")
        if answer.kind == expected:
            return answer.body
        raise _ERRORS.get(answer.kind, LogFailed)(answer.body.decode(errors="replace"))

    def need_well(self) -> None:
        """Raise ``LogFailed`` if the connection is lost."""
        self._need_owner()
        if self._failure is not None:
            raise LogFailed(f"{_FAILED}: {self._failure}")

    def close(self) -> None:
        """Wait for what is in flight, and hang up."""
        if self._process == os.getpid():
            with self._state:
                flying = list(self._flying.values())
            for request in flying:
                self.send()
                self._await(request)
            self.lose("it is closed")
            for reader in list(self.readers.values()):
                reader.stop()
        self._socket.close()

    def _need_owner(self) -> None:
        if self._process != os.getpid():  # two processes on one connection would read each other's answers
            raise LogFailed(f"{_FAILED}: this client belongs to the process that made it")

    # -- who sends ----------------------------------------------------------------------------------------------

    def send(self) -> None:
        """Send all that waits to be sent, with what others asked."""
        if not self._outbox:
            return  # another thread took it, and sends it or has sent it
        with self._sending:
            self._send(self._send_all)

    def send_now(self) -> bool:
        """Send as ``send`` does as far as nothing has to be waited for; tell whether it went so far."""
        if not self._outbox:
            return True
        if not self._sending.acquire(blocking=False):
            return False
        try:
            self._send(self._send_some)
        finally:
            self._sending.release()
        return not self._outbox

    def _send(self, transmit: Callable[[bytes], object]) -> None:
        """Send the outbox. ``_sending`` is held."""
        with self._state:
            data = b"".join(self._outbox)
            self._outbox.clear()
        try:
            transmit(data)
        except OSError as error:
            self.lose(_lost(error))
        except BaseException:
            self.lose("a request was interrupted")  # a part of it may be on its way
            raise

    def _send_all(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            try:
                left = left[self._socket.send(left) :]
            except BlockingIOError:
                if not self._comes(select.POLLOUT):
                    raise

    def _send_some(self, data: bytes) -> None:
        """Send what the socket takes at once; the rest is the first in the outbox again."""
        try:
            sent = self._socket.send(data, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        if sent < len(data):
            with self._state:
                self._outbox.insert(0, data[sent:])

    # -- who reads ----------------------------------------------------------------------------------------------

    def _await(self, request: Request) -> None:
        """Sleep until ``request`` is done, or lead until it is."""
        gate = ThreadGate()
        if not self.take_part(request, gate):
            return
        try:
            gate.lock.acquire()
            while gate.leads and not request.done:
                self.receive()
        finally:
            self.leave(request, gate)

    def take_part(self, request: Request, gate: Gate) -> bool:
        """Wait at ``gate``, as the leader where there is none; False when ``request`` is done by now."""
        with self._state:
            if request.done:
                return False
            request.gates.append(gate)
            self._waiting += 1
            if self._leader is None or self._leader.yields():
                self._leader = gate.lead()
            return True

    def leave(self, request: Request, gate: Gate) -> None:
        """Wait no more, and pass the lead on. Also after an exception: somebody must read."""
        with self._state:
            request.gates.remove(gate)
            self._waiting -= 1
            if gate.leaves(self._waiting):
                self._leader = self._heir() if self._waiting else None

    def _heir(self) -> Leader | None:
        waiting = (gate for request in self._flying.values() for gate in request.gates)
        return next((leader for gate in waiting if (leader := gate.lead()) is not None), None)

    def receive(self, flags: int = 0) -> None:
        """Read what is there, and wake those whose answers it holds. Only the leader does so."""
        try:
            data = self._socket.recv(_RECEIVE, flags)
            if data:
                self._resolve(self._frames.feed(data))
            else:
                self.lose("the sequencer has ended")
        except BlockingIOError:
            if not flags & socket.MSG_DONTWAIT and not self._comes(select.POLLIN):
                self.lose(SILENT)
        except OSError as error:
            self.lose(_lost(error))
        except AuditError as error:
            self.lose(str(error))
        except BaseException:
            self.lose("an answer was interrupted")  # a part of it may have been read
            raise

    def _resolve(self, answers: Sequence[wire.Message]) -> None:
        with self._state:
            for answer in answers:
                request = self._flying.pop(answer.number, None)
                if request is None:
                    raise wire.WireError("an answer to nothing that was asked")
                self._entries -= request.size
                request.answer = answer
                request.finish()

    def lose(self, why: str) -> None:
        """Give the connection up, for everything in flight and for good."""
        with self._state:
            self._failure = self._failure or why
            for request in self._flying.values():
                request.finish()
            self._flying.clear()
            self._outbox.clear()
            self._entries = 0
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes whoever reads or writes

    def _comes(self, event: int) -> bool:
        """Wait for the socket after it was not ready; False when patience has ended.

        A socket of ours waits by itself, but an event loop may have changed that for all its descriptors (uvloop does).
        """
        handle = self._socket.fileno()
        if os.get_blocking(handle):
            return False
        poll = select.poll()
        poll.register(handle, event)
        return bool(poll.poll(None if self.patience is None else self.patience * 1e3))

    @property
    def is_lost(self) -> bool:
        """Whether it was given up."""
        return self._failure is not None

    def descriptor(self) -> int:
        """Return a new descriptor of the socket, to be closed by the caller. Raises ``OSError``."""
        return os.dup(self._socket.fileno())


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _lost(error: OSError) -> str:
    if isinstance(error, BlockingIOError):
        return SILENT
    return f"the connection to the sequencer is lost ({_reason(error)})"
