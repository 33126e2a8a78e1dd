"""One connection to the sequencer that any number of threads share, without a thread of its own.

Requests wait in an outbox and are sent together by whoever waits first. Of those who wait, one reads the answers for
all (the leader) and wakes each as its answer comes; a request that is alone is sent and answered in its own thread.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from audit import wire
from audit.errors import AuditError, EntryRefused, LogBusy, LogFailed
from audit.wire import Kind

_RECEIVE: Final = 65_536  # bytes
_FAILED: Final = "the log cannot be written"
_UNKNOWN: Final = "nobody knows whether the entry was written; it may be sent again through a new client"
_ERRORS: Final[dict[int, Callable[[str], AuditError]]] = {
    Kind.REFUSED: EntryRefused,
    Kind.BUSY: LogBusy,
    Kind.FAILED: LogFailed,
}


class Gate:
    """Where a thread that waits sleeps: until its request is done or it is to lead."""

    __slots__ = ("leads", "lock")

    def __init__(self, *, leads: bool) -> None:
        self.leads = leads
        self.lock = threading.Lock()
        self.lock.acquire()


class Request:
    """A request on its way, with ``size`` entries."""

    __slots__ = ("answer", "done", "gates", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.done = False
        self.answer: wire.Message | None = None  # stays None when the connection is lost
        self.gates: list[Gate] = []  # of the threads that sleep


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
        self._led = False  # somebody reads, or is about to
        self._sleepers = 0
        self._failure: str | None = None
        self._frames = wire.Frames()
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
            self._send()
            self._await(request)
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
                self._send()
                self._await(request)
            self._lose("it is closed")
        self._socket.close()

    def _need_owner(self) -> None:
        if self._process != os.getpid():  # two processes on one connection would read each other's answers
            raise LogFailed(f"{_FAILED}: this client belongs to the process that made it")

    def _send(self) -> None:
        """Send all that waits to be sent, with what other threads asked."""
        if not self._outbox:
            return  # another thread took it, and sends it or has sent it
        with self._sending:
            with self._state:
                data = b"".join(self._outbox)
                self._outbox.clear()
            try:
                self._socket.sendall(data)
            except OSError as error:
                self._lose(_lost(error))
            except BaseException:
                self._lose("a request was interrupted")  # a part of it may be on its way
                raise

    # -- who reads ----------------------------------------------------------------------------------------------

    def _await(self, request: Request) -> None:
        """Sleep until ``request`` is done, or lead until it is."""
        gate = self._take_part(request)
        if gate is None:
            return
        try:
            if not gate.leads:
                gate.lock.acquire()
            if gate.leads and not request.done:
                self._lead(request)
        finally:
            self._leave(request, gate)

    def _take_part(self, request: Request) -> Gate | None:
        """Become the leader if there is none, else a sleeper; None when ``request`` is done by now."""
        with self._state:
            if request.done:
                return None
            gate = Gate(leads=not self._led)
            if self._led:
                request.gates.append(gate)
                self._sleepers += 1
            self._led = True
            return gate

    def _leave(self, request: Request, gate: Gate) -> None:
        """Give the lead to a sleeper, if ``gate`` had it. Also after an exception: somebody must read."""
        with self._state:
            if gate in request.gates:  # interrupted in its sleep
                request.gates.remove(gate)
                self._sleepers -= 1
            if not gate.leads:
                return
            heir = self._heir() if self._sleepers else None
            if heir is None:
                self._led = False
            else:
                heir.leads = True
                heir.lock.release()

    def _heir(self) -> Gate | None:
        for request in self._flying.values():
            if request.gates:
                self._sleepers -= 1
                return request.gates.pop()
        return None

    def _lead(self, request: Request) -> None:
        """Read answers, for everybody, until that to ``request`` is there or the connection is lost."""
        try:
            while not request.done:
                data = self._socket.recv(_RECEIVE)
                if not data:
                    self._lose("the sequencer has ended")
                    return
                self._resolve(self._frames.feed(data))
        except OSError as error:
            self._lose(_lost(error))
        except AuditError as error:
            self._lose(str(error))
        except BaseException:
            self._lose("an answer was interrupted")  # a part of it may have been read
            raise

    def _resolve(self, answers: Sequence[wire.Message]) -> None:
        with self._state:
            for answer in answers:
                request = self._flying.pop(answer.number, None)
                if request is None:
                    raise wire.WireError("an answer to nothing that was asked")
                self._entries -= request.size
                request.answer = answer
                self._finish(request)

    def _finish(self, request: Request) -> None:
        """Mark ``request`` as done and wake who sleeps for it. ``_state`` is held."""
        request.done = True
        self._sleepers -= len(request.gates)
        for gate in request.gates:
            gate.lock.release()
        request.gates.clear()

    def _lose(self, why: str) -> None:
        """Give the connection up, for everything in flight and for good."""
        with self._state:
            self._failure = self._failure or why
            for request in self._flying.values():
                self._finish(request)
            self._flying.clear()
            self._outbox.clear()
            self._entries = 0
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes a thread that reads or writes


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _lost(error: OSError) -> str:
    if isinstance(error, BlockingIOError):
        return "the sequencer does not answer"
    return f"the connection to the sequencer is lost ({_reason(error)})"
