"""A sequencer whose disk the test holds in its hand, and what tests of its clients share."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from audit import merkle
from audit.errors import EntryRefused, LogFailed
from audit.grouping import Receipt
from audit.keys import Signer
from audit.log import Log
from audit.sequencer import Sequencer

KEYS = {"origin": "log.example/test", "seed": bytes(32).hex()}
SIGNER = Signer("log.example/test", bytes(32))


class Slow:
    """A writer in memory whose group waits for ``gate``: what a frozen disk looks like from the socket."""

    origin = "log.example/slow"

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.gate.set()
        self.waits = threading.Event()
        self.entries: list[bytes] = []
        self.groups: list[int] = []
        self.waiting: list[bytes] = []
        self.broken = False
        self.published = 0
        self.vkeys = ["log.example/slow+00000000+AA=="]

    @property
    def size(self) -> int:
        return len(self.entries)

    def submit(self, entries: Sequence[bytes]) -> SlowPending:
        if any(entry == b"refuse me" for entry in entries):
            raise EntryRefused("not this one")
        first = len(self.entries) + len(self.waiting)
        self.waiting += entries
        return SlowPending(self, first, list(entries))

    def commit(self) -> None:
        self.waits.set()
        assert self.gate.wait(10)
        if self.broken:
            raise LogFailed("the log cannot be written: no disk")
        if self.waiting:
            self.groups.append(len(self.waiting))
        self.entries += self.waiting
        self.waiting.clear()

    def checkpoint(self) -> str:
        self.published = self.size
        return f"{self.size}\n"


class SlowPending:
    def __init__(self, writer: Slow, first: int, entries: list[bytes]) -> None:
        self.writer, self.first, self.entries = writer, first, entries

    def wait(self) -> list[Receipt]:
        self.writer.commit()
        return [
            Receipt(i, merkle.leaf_hash(entry), "log.example/slow") for i, entry in enumerate(self.entries, self.first)
        ]


@contextlib.contextmanager
def served(writer: Slow | Log, path: Path, interval: float = 0.02) -> Iterator[Sequencer]:
    sequencer = Sequencer(writer, path, interval=interval)
    outcome: queue.Queue[str | None] = queue.Queue()
    thread = threading.Thread(target=lambda: outcome.put(sequencer.run()))
    thread.start()
    try:
        yield sequencer
    finally:
        sequencer.stop()
        thread.join(10)
        assert not thread.is_alive()
        outcome.get_nowait()


def entry(number: int, name: str = "e") -> bytes:
    return json.dumps({"id": f"{name}-{number}", "n": number}).encode()


def wait_for(holds: Callable[[], object], seconds: float = 5.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not come true"
        time.sleep(0.005)
