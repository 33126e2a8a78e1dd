"""An event loop as one of those who wait for a sequencer's answers: no thread sleeps for what its coroutines await.

What the loop's coroutines have asked is sent together, once a turn of the loop. While any of them waits and nobody else
reads, the loop reads the answers for all (``waiting.Leader``). It goes on watching the connection when none of them
waits any more, until a thread wants to read.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
from collections.abc import Callable

from audit.connection import SILENT, Connection
from audit.waiting import Request


def reader_of(connection: Connection) -> LoopReader:
    """Return what reads from ``connection`` in the running event loop."""
    readers, loop = connection.readers, asyncio.get_running_loop()
    found = readers.get(loop)
    if found is None:
        for ended in [each for each in list(readers) if each.is_closed()]:
            readers.pop(ended).stop()
        found = readers[loop] = LoopReader(connection, loop)
    return found


class _LoopGate:
    """A coroutine that waits."""

    __slots__ = ("future", "reader")

    def __init__(self, reader: LoopReader) -> None:
        self.reader = reader
        self.future: asyncio.Future[None] = reader.loop.create_future()

    def lead(self) -> LoopReader | None:
        return self.reader if self.reader.lead() else None

    def wake(self) -> None:
        self.reader.soon(self._go_on)

    def leaves(self, others: int) -> bool:
        return self.reader.one_less(others)

    def _go_on(self) -> None:
        if not self.future.done():  # it may have been cancelled
            self.future.set_result(None)


class LoopReader:
    """The part that one event loop takes in a connection."""

    def __init__(self, connection: Connection, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self._thread = threading.get_ident()
        self._connection = connection
        self._waiting = 0
        self._leads = False
        self._sends = False
        self._descriptor: int | None = None  # what the loop watches
        self._timer: asyncio.TimerHandle | None = None
        self._heard = 0.0

    async def until_done(self, request: Request) -> None:
        """Wait until ``request`` is answered, or the connection is lost."""
        gate = _LoopGate(self)
        self._thread = threading.get_ident()  # a loop may be run by one thread after the other
        self._waiting += 1
        if not self._connection.take_part(request, gate):
            self._waiting -= 1
            return
        if not self._sends:
            self._sends = True
            self.loop.call_soon(self._send)
        if self._connection.patience is not None and self._timer is None:
            self._heard = self.loop.time()
            self._timer = self.loop.call_later(self._connection.patience, self._lose_patience)
        try:
            await gate.future
        finally:
            self._connection.leave(request, gate)

    def _send(self) -> None:
        self._sends = False
        if not self._connection.send_now():
            self.loop.run_in_executor(None, self._connection.send)

    def stop(self) -> None:
        """Watch the connection no more, from any thread."""
        if not self.soon(self._unwatch):
            self._unwatch()

    # -- reading for all: the connection's lock is held ---------------------------------------------------------

    def lead(self) -> bool:
        """Begin to read, from any thread; False if the loop has ended."""
        self._leads = True
        self._leads = self.soon(self._watch)
        return self._leads

    def yields(self) -> bool:
        """Stop reading where the thread that waits is the loop's own, or none of the loop's coroutines waits."""
        if self._waiting and not self._is_here() and not self.loop.is_closed():
            return False
        self._leads = False
        return True

    def one_less(self, others: int) -> bool:
        """Count a coroutine less; with the last one the lead is to be passed on to others that wait."""
        self._waiting -= 1
        if self._waiting or not others or not self._leads:
            return False
        self._leads = False
        return True

    # -- in the loop --------------------------------------------------------------------------------------------

    def soon(self, work: Callable[[], None]) -> bool:
        """Do something in the loop's thread, at once where this is it; False if the loop has ended."""
        if self._is_here():
            work()
            return True
        with contextlib.suppress(RuntimeError):  # closed
            self.loop.call_soon_threadsafe(work)
            return True
        return False

    def _is_here(self) -> bool:
        return threading.get_ident() == self._thread and not self.loop.is_closed()

    def _watch(self) -> None:
        if self._descriptor is not None:
            return
        try:
            self._descriptor = self._connection.descriptor()  # of our own: the socket may be closed while we watch it
        except OSError:
            self.loop.call_soon(self._connection.lose, "no descriptor is left to wait with")
        else:
            self.loop.add_reader(self._descriptor, self._read)

    def _unwatch(self) -> None:
        if self._descriptor is None:
            return
        if not self.loop.is_closed():
            self.loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = None

    def _read(self) -> None:
        if self._leads:
            self._heard = self.loop.time()
            self._connection.receive(socket.MSG_DONTWAIT)
        if not self._leads or self._connection.is_lost:
            self._unwatch()  # a thread reads: it would be woken beside us each time

    def _lose_patience(self) -> None:
        self._timer = None
        if not self._waiting or not self._leads:
            return
        left = self._heard + (self._connection.patience or 0.0) - self.loop.time()
        if left > 0:
            self._timer = self.loop.call_later(left, self._lose_patience)
        else:
            self._connection.lose(SILENT)
