"""Writers are killed at random: no entry that was acknowledged is lost, and each is at the place of its receipt."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import threading
import time
from pathlib import Path

import audit
from audit.child import start_sequencer
from audit.client import LogClient
from tests.crash import FIGURES, FULL, child
from tests.crash.held import SIGNER, Heard

ROUNDS = 150 if FULL else 4
SEQUENCER_ROUNDS = 50 if FULL else 2
_A_LOG = 25  # rounds before a new log is begun


def killed_writer(folder: Path, seed: int, patience: float) -> bytes:
    """Let a process write for so many seconds after its first promise, then kill it; return what it said."""
    command, environment = child("tests.crash.writer")
    command += [str(folder), "for-ever", str(seed)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as writer:  # noqa: S603 - our own program
        assert writer.stdout is not None
        said = writer.stdout.readline()
        timer = threading.Timer(patience, writer.kill)
        timer.start()
        said += writer.stdout.read()
        timer.join()
    assert writer.returncode == -9
    return said


def test_a_killed_writer_loses_nothing(tmp_path: Path) -> None:
    random_ = random.Random(1)  # noqa: S311 - to be repeated
    acknowledged = unasked = 0
    heard, folder = Heard(), tmp_path / "log"
    for seed in range(ROUNDS):
        if seed % _A_LOG == 0:
            heard, folder = Heard(), tmp_path / f"log-{seed}"
        before = len(heard.entries)
        heard.listen(killed_writer(folder, seed, random_.random() ** 2 * 0.3))
        acknowledged += len(heard.entries) - before
        kept = heard.recover(folder)
        unasked += len(kept) - len(heard.entries)
        heard.entries |= dict(enumerate(kept))  # what was found once stays, too
    FIGURES.append(f"kill -9: {ROUNDS} rounds, {acknowledged} entries acknowledged, 0 lost ({unasked} kept unasked)")
    assert acknowledged


def append_until_it_ends(client: LogClient, name: str, heard: Heard) -> None:
    number = 0
    with contextlib.suppress(audit.LogFailed):
        while True:
            number += 1
            entry = json.dumps({"id": f"{name}-{number}"}).encode()
            heard.entries[client.append([entry])[0].index] = entry


def test_a_killed_sequencer_loses_nothing(tmp_path: Path) -> None:
    random_ = random.Random(2)  # noqa: S311 - to be repeated
    heard, folder = Heard(), tmp_path / "log"
    keys = {"origin": SIGNER.name, "seed": bytes(32).hex()}
    for round_ in range(SEQUENCER_ROUNDS):
        sequencer = start_sequencer(folder, tmp_path / "socket", keys, interval=0.02)
        clients = [LogClient(tmp_path / "socket", folder) for _ in range(2)]
        threads = [
            threading.Thread(target=append_until_it_ends, args=(clients[number % 2], f"{round_}-{number}", heard))
            for number in range(6)
        ]
        for thread in threads:
            thread.start()
        time.sleep(random_.random() ** 2 * 0.4)
        sequencer.process.kill()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive(), "a caller waits for ever"
        for client in clients:
            client.close()
        sequencer.stop()
        heard.recover(folder)
    FIGURES.append(
        f"kill -9 of the sequencer: {SEQUENCER_ROUNDS} rounds, {len(heard.entries)} entries acknowledged, 0 lost"
    )
    assert heard.entries
