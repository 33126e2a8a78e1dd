"""Readers under writers, two writers on one store, a leader that sleeps while another takes its place."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import audit
from audit.child import start_sequencer
from audit.lockstore import LockStore
from tests.crash import FIGURES, FULL, child
from tests.crash.held import SIGNER, Heard, published_entries
from tests.crash.writer import FAILED

SECONDS = 30.0 if FULL else 1.0
LEADERS = 20 if FULL else 1


def process(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    command, environment = child(module)
    return subprocess.Popen(  # noqa: S603 - our own program
        [*command, *arguments],
        bufsize=0,  # what is read in lines is not read ahead
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def append_while(goes_on: threading.Event, log: audit.Log, name: str) -> None:
    number = 0
    while not goes_on.is_set():
        log.append([b"%s %d %d" % (name.encode(), number, part) for part in range(1 + number % 40)])
        number += 1


def test_readers_verify_under_writers(tmp_path: Path) -> None:
    folder, enough = tmp_path / "log", threading.Event()
    published = 0
    with audit.Log.open(folder, SIGNER) as log:
        readers = [process("tests.crash.reader", str(folder)) for _ in range(2)]
        threads = [threading.Thread(target=append_while, args=(enough, log, str(number))) for number in range(2)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end and all(reader.poll() is None for reader in readers):
            log.checkpoint()
            published += 1
        enough.set()
        for thread in threads:
            thread.join()
        said = [reader.communicate(timeout=60) for reader in readers]
        size = log.size
    assert [reader.returncode for reader in readers] == [0, 0], said
    assert len(published_entries(folder)) == size
    seen = [int(out) for out, _ in said]
    FIGURES.append(f"hammer: {size} entries, {published} checkpoints; two readers verified {seen} growths")
    assert min(seen) > 0


@contextlib.contextmanager
def leader(folder: Path, seed: int, heard: Heard) -> Iterator[subprocess.Popen[bytes]]:
    """A writer that has said something."""
    running = process("tests.crash.writer", str(folder), "for-ever", str(seed))
    assert running.stdout is not None
    try:
        for _ in range(20):
            heard.listen(running.stdout.readline())
        yield running
    finally:
        running.kill()
        running.communicate()


def open_the_copy(folder: Path, copy: Path, running: subprocess.Popen[bytes]) -> audit.Log:
    """Stop the leader and open a copy of its log on its own lock store; it may be stopped while it holds the store."""
    around = audit.Surroundings(lock=folder.with_name("log.lock.sqlite"))
    for _ in range(10):
        running.send_signal(signal.SIGSTOP)
        time.sleep(0.02)
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        with contextlib.suppress(audit.LogRefused):
            return audit.Log.open(copy, SIGNER, around)
        running.send_signal(signal.SIGCONT)
    pytest.fail("the lock store is never free")


def test_a_stale_writer_stops(tmp_path: Path) -> None:
    """Its successor has a copy of the log and the same lock store; a stale epoch must not publish."""
    for seed in range(LEADERS):
        heard, later = Heard(), Heard()
        base = tmp_path / str(seed)
        folder, copy = base / "log", base / "copy"
        base.mkdir()
        with leader(folder, seed, heard) as running:
            with open_the_copy(folder, copy, running) as successor:
                successor.append([b"of the successor"])
                successor.checkpoint()
            entries = published_entries(copy)
            heard.check(entries)  # what the leader had acknowledged is in the copy
            running.send_signal(signal.SIGCONT)
            said, why = running.communicate(timeout=30)
        later.listen(said)
        assert running.returncode == FAILED, why
        assert b"another writer" in why
        later.entries = {}  # acknowledged by a stale leader: durable in its folder, and published by nobody
        later.check(entries)
        with contextlib.closing(LockStore(folder.with_name("log.lock.sqlite"))) as store:
            head = store.read(SIGNER.name)
        assert head is not None
        assert head.checkpoint.size == len(entries)
        with pytest.raises(audit.LogRefused, match="journal"):
            audit.Log.open(folder, SIGNER)
    FIGURES.append(f"leaders stopped and continued: {LEADERS}, all fenced")


def test_a_stopped_leader_keeps_its_folder(tmp_path: Path) -> None:
    heard = Heard()
    with leader(tmp_path / "log", 0, heard) as running:
        running.send_signal(signal.SIGSTOP)
        for _ in range(3):
            with pytest.raises(audit.LogRefused, match="open in another"):
                audit.Log.open(tmp_path / "log", SIGNER)
        running.send_signal(signal.SIGCONT)
        assert running.stdout is not None
        for _ in range(200):
            heard.listen(running.stdout.readline())
    heard.recover(tmp_path / "log")


def test_a_second_sequencer_is_refused(tmp_path: Path) -> None:
    keys = {"origin": SIGNER.name, "seed": bytes(32).hex()}
    with start_sequencer(tmp_path / "log", tmp_path / "one", keys) as first:
        with pytest.raises(audit.LogRefused, match="open in another"):
            start_sequencer(tmp_path / "log", tmp_path / "two", keys)
        with audit.LogClient(first.socket, tmp_path / "log") as client:
            assert client.append([b"the first goes on"])[0].index == 0
    assert published_entries(tmp_path / "log") == [b"the first goes on"]
