"""What waits for an answer of the sequencer: requests, and at the gates of each those who asked it."""

from __future__ import annotations

import threading
from typing import Protocol

from audit import wire


class Leader(Protocol):
    """Whoever reads the answers for all."""

    def yields(self) -> bool:
        """Stop reading where nothing could be read while the present thread waits; The connection's lock is held."""
        ...


class Gate(Protocol):
    """Where somebody waits until a request is done or it is to lead. The connection's lock is held in each call."""

    def lead(self) -> Leader | None:
        """Begin to read for all; None if whoever waits here is gone."""
        ...

    def wake(self) -> None:
        """Go on: the request is done. May be called more than once."""
        ...

    def leaves(self, others: int) -> bool:
        """Wait no more, while so many others do; tell whether the lead is to be passed on."""
        ...


class ThreadGate:
    """A thread that waits."""

    __slots__ = ("leads", "lock")

    def __init__(self) -> None:
        self.leads = False
        self.lock = threading.Lock()
        self.lock.acquire()

    def lead(self) -> Leader | None:
        """Read, in that thread."""
        self.leads = True
        self.wake()
        return self

    def wake(self) -> None:
        """Let the thread go on."""
        if self.lock.locked():
            self.lock.release()

    def leaves(self, others: int) -> bool:  # noqa: ARG002 - as the other gates
        """Pass on what it has: it reads in nobody's place any more."""
        return self.leads

    def yields(self) -> bool:
        """Read on: another thread is never in the way."""
        return False


class Request:
    """A request on its way, with ``size`` entries."""

    __slots__ = ("answer", "done", "gates", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self.done = False
        self.answer: wire.Message | None = None  # stays None when the connection is lost
        self.gates: list[Gate] = []  # of those who wait for it

    def finish(self) -> None:
        """Have everybody go on that waits for it. The connection's lock is held."""
        self.done = True
        for gate in self.gates:
            gate.wake()
