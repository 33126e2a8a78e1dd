"""One connection to the sequencer that any number of threads and event loops share.

Requests wait in an outbox and are sent together by whoever waits first. A thread of the connection's own, started with
the first wait, reads the answers for all and lets each go on whose answer came: whoever waits may be interrupted,
cancelled or forgotten without harm to the others.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakSet

from audit import wire
from audit.errors import AuditError, EntryRefused, LogBusy, LogFailed
from audit.waiting import Request, Woken
from audit.wire import Kind

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

_RECEIVE: Final = 65_536  # bytes
_SILENT: Final = "the sequencer does not answer"
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
        self._patience = patience
        self._state = threading.Lock()  # short: the fields below
        self._sending = threading.Lock()  # held during a send
        self._outbox: list[Request] = []
        self._rest = b""  # of what was sent in part
        self._flying: dict[int, Request] = {}
        self._entries = 0  # not yet answered
        self._number = 0
        self._heard = 0.0  # when the last answer came, or before the first the question went
        self._failure: str | None = None
        self._helped = False  # a thread sends what an event loop could not
        self._soon: WeakSet[AbstractEventLoop] = WeakSet()  # those that are about to send
        self._frames = wire.Frames()
        try:
            self._socket = wire.connect(path)
        except OSError as error:
            raise LogFailed(f"{_FAILED}: no sequencer at its socket ({_reason(error)})") from None
        if patience is not None:
            limit = struct.pack("ll", int(patience), int(patience % 1 * 1e6))
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        self._reader = self._start(self._read)

    def request(self, kind: Kind, body: bytes, size: int = 0) -> Request:
        """Queue a request; whoever waits next sends it. Raises ``LogBusy`` when too much waits, ``LogFailed``."""
        self.need_well()
        with self._state:
            if self._failure is not None:
                raise LogFailed(f"{_FAILED}: {self._failure}")
            busy = self._entries + size > wire.MAX_ENTRIES
            if not busy:
                self._number = self._number + 1 & 0xFFFFFFFF
                request = Request(self._number, wire.message(kind, self._number, body), size)
                self._outbox.append(request)
                self._entries += size
                return request
        self.send()  # perhaps nobody waits for what fills the room
        raise LogBusy("too many entries wait for their acknowledgement: try again in a moment")

    def wait(self, request: Request, expected: Kind) -> bytes:
        """Send what waits and return the body of the answer to ``request``, or raise what the answer says."""
        if not request.done:
            self._need_owner()
            self.send()
            self._sleep(request)
        return self._body(request, expected)

    async def durable(self, request: Request, expected: Kind) -> bytes:
        """Do what ``wait`` does without holding up a thread; what a loop's coroutines ask in one turn goes together."""
        if not request.done:
            self._need_owner()
            import asyncio  # noqa: PLC0415 - commands wait in their thread and load no asyncio

            loop = asyncio.get_running_loop()
            with self._state:
                future = request.await_in(loop)
            if loop not in self._soon:
                self._soon.add(loop)
                loop.call_soon(self._send_in, loop)
            await future
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
                asked = [*self._flying.values(), *self._outbox]
            for request in asked:
                self.send()
                self._sleep(request)
            self.lose("it is closed")
            if self._reader is not None:
                self._reader.join()
        self._socket.close()

    def _need_owner(self) -> None:
        if self._process != os.getpid():  # two processes on one connection would read each other's answers
            raise LogFailed(f"{_FAILED}: this client belongs to the process that made it")

    def _sleep(self, request: Request) -> None:
        with self._state:
            lock = request.sleeper()
        lock.acquire()

    def _start(self, work: Callable[[], None]) -> threading.Thread | None:
        thread = threading.Thread(target=work, name="audit-log", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self.lose("no thread can be started")
            return None
        return thread

    # -- sending ------------------------------------------------------------------------------------------------

    def send(self) -> None:
        """Send all that waits to be sent, with what others asked."""
        if self._outbox or self._rest:  # else another thread took it, and sends it or has sent it
            with self._sending:
                self._send(0)

    def _send_in(self, loop: AbstractEventLoop) -> None:
        """Do the same in an event loop, which is not to wait for it: what the socket does not take, a thread sends."""
        self._soon.discard(loop)
        if self._send_now():
            return
        with self._state:
            helped, self._helped = self._helped, True
        if not helped:
            self._start(self._help)

    def _help(self) -> None:
        while True:
            self.send()
            with self._state:
                self._helped = bool(self._outbox or self._rest)
                if not self._helped:
                    return

    def _send_now(self) -> bool:
        """Send as far as nothing has to be waited for; tell whether that was all."""
        if not self._sending.acquire(blocking=False):
            return not self._outbox and not self._rest
        try:
            self._send(socket.MSG_DONTWAIT)
        finally:
            self._sending.release()
        return not self._rest

    def _send(self, flags: int) -> None:
        """Send the rest and the outbox; with ``MSG_DONTWAIT`` what the socket takes. ``_sending`` is held."""
        try:
            left, self._rest = memoryview(self._rest + self._take()), b""
            try:
                while left:
                    left = left[self._socket.send(left, flags) :]
            except BlockingIOError:
                if not flags:
                    raise
                self._rest = bytes(left)
        except OSError as error:
            self.lose(_lost(error))
        except BaseException:
            self.lose("a request was interrupted")  # a part of it may be on its way
            raise

    def _take(self) -> bytes:
        """Let what is in the outbox fly."""
        with self._state:
            if not self._flying:
                self._heard = time.monotonic()
            for request in self._outbox:
                self._flying[request.number] = request
            data = b"".join([request.data for request in self._outbox])
            self._outbox.clear()  # last: an interruption before leaves each of them to `lose`
            return data

    # -- reading: a thread of the connection's own ----------------------------------------------------------------

    def _read(self) -> None:
        """Resolve what is answered until the connection is lost."""
        try:
            while self._comes():
                data = self._socket.recv(_RECEIVE)
                if not data:
                    self.lose("the sequencer has ended")
                    return
                self._resolve(self._frames.feed(data))
            self.lose(_SILENT)
        except OSError as error:
            self.lose(_lost(error))
        except AuditError as error:
            self.lose(str(error))
        except BaseException:
            self.lose("an answer could not be read")
            raise

    def _comes(self) -> bool:
        """Wait until there is something to read; False when it did not come while patience lasted."""
        if self._patience is None:
            return True
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        left = self._patience
        while left > 0:
            if poll.poll(left * 1e3):
                return True
            with self._state:
                left = self._heard + self._patience - time.monotonic() if self._flying else self._patience
        return False

    def _resolve(self, answers: Sequence[wire.Message]) -> None:
        woken = Woken()
        try:
            with self._state:
                self._heard = time.monotonic()
                for answer in answers:
                    request = self._flying.pop(answer.number, None)
                    if request is None:
                        raise wire.WireError("an answer to nothing that was asked")
                    self._entries -= request.size
                    request.answer = answer
                    request.finish(woken)
        finally:
            woken.go_on()  # also those whose answers came before one that nobody understands

    def lose(self, why: str) -> None:
        """Give the connection up, for everything that was asked and for good."""
        woken = Woken()
        with self._state:
            self._failure = self._failure or why
            for request in (*self._flying.values(), *self._outbox):
                request.finish(woken)
            self._flying.clear()
            self._outbox.clear()
            self._entries = 0
        woken.go_on()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes whoever reads or writes


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _lost(error: OSError) -> str:
    if isinstance(error, BlockingIOError):
        return _SILENT
    return f"the connection to the sequencer is lost ({_reason(error)})"
