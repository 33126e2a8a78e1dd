"""Requests to the sequencer, and those who wait for their answers: threads, and coroutines of event loops."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING

from audit import wire

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future


class Woken:
    """Coroutines whose answers have come. Each event loop is told once, whatever the number of its coroutines."""

    def __init__(self) -> None:
        self._futures: dict[AbstractEventLoop, list[Future[None]]] = {}

    def add(self, future: Future[None]) -> None:
        """Count a coroutine in."""
        self._futures.setdefault(future.get_loop(), []).append(future)

    def go_on(self) -> None:
        """Let all go on, from any thread."""
        for loop, futures in self._futures.items():
            with contextlib.suppress(RuntimeError):  # closed: nobody is left there
                loop.call_soon_threadsafe(_finish, futures)


def _finish(futures: list[Future[None]]) -> None:
    for future in futures:
        if not future.done():  # it may have been cancelled
            future.set_result(None)


class Request:
    """A request with ``size`` entries, and who waits for its answer."""

    __slots__ = ("_futures", "_sleepers", "answer", "data", "done", "number", "size")

    def __init__(self, number: int, data: bytes, size: int) -> None:
        self.number = number
        self.data = data
        self.size = size
        self.done = False
        self.answer: wire.Message | None = None  # stays None when the connection is lost
        self._sleepers: list[threading.Lock] = []
        self._futures: list[Future[None]] = []

    def sleeper(self) -> threading.Lock:
        """Return a lock that can be acquired once the request is done. The connection's lock is held."""
        lock = threading.Lock()
        if not self.done:
            lock.acquire()
            self._sleepers.append(lock)
        return lock

    def await_in(self, loop: AbstractEventLoop) -> Future[None]:
        """Return what is done once the request is. The connection's lock is held."""
        future: Future[None] = loop.create_future()
        if self.done:
            future.set_result(None)
        else:
            self._futures.append(future)
        return future

    def finish(self, woken: Woken) -> None:
        """Have everybody go on that waits for it. The connection's lock is held."""
        self.done = True
        for lock in self._sleepers:
            lock.release()
        for future in self._futures:
            woken.add(future)
