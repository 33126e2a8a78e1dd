"""Power is lost after any operation of the disk: what was acknowledged or published is there, and the log goes on."""

from __future__ import annotations

import contextlib
import json
import os
import random
from pathlib import Path

import pytest

import audit
from audit import journal, log
from audit.errors import LogFailed
from tests.crash import FIGURES, FULL, scratch
from tests.crash.held import SIGNER, Promises, recover, some_entry
from tests.crash.powerloss import PowerlessDisk, recorded

NEW = audit.Signer(SIGNER.name, bytes(range(32)), ml_dsa_seed=bytes(32), retiring=[SIGNER])


class Simulation:
    """One run of a log in which each step leaves some states; every one of them is recovered at once."""

    def __init__(self, folder: Path, seed: int, share: float) -> None:
        """``share``: how many states a step leaves, on average."""
        self.random = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self.promises = Promises()
        self.signer = SIGNER
        self.states = 0
        self.unasked = 0  # entries that were kept though nobody had been told
        self._share = share
        self._numbers = 0
        self._home = folder / "home"
        self._home.mkdir()
        self._after = folder / "after"
        self.disk = PowerlessDisk(self._home, self._lose_power)
        self.store = recorded(self.disk, self.promises.published)

    def _lose_power(self) -> None:
        states = int(self._share + self.random.random())
        for _ in range(states):
            seed = self.random.random()
            with contextlib.suppress(FileNotFoundError):
                self.disk.after_a_crash(self._after, random.Random(seed), "log.lock.sqlite")  # noqa: S311
            self.unasked += recover(self._after / "log", self.promises, self.signer)
            self.states += 1

    def open(self) -> audit.Log:
        opened = audit.Log.open(self._home / "log", self.signer, audit.Surroundings(disk=self.disk))
        assert opened.size >= self.promises.acknowledged
        del self.promises.offered[opened.size :]  # what was not acknowledged may be gone
        self.promises.acknowledged = opened.size
        return opened

    def entries(self, count: int) -> list[bytes]:
        made = [some_entry(self.random, self._numbers + number) for number in range(count)]
        self._numbers += count
        return made

    def append(self, opened: audit.Log, entries: list[bytes]) -> None:
        self.promises.offered += entries
        receipts = opened.append(entries)
        self.promises.acknowledged += len(entries)
        assert receipts[-1].index == self.promises.acknowledged - 1

    def act(self, opened: audit.Log) -> audit.Log:
        """Do one thing at random; return the log, which may be another."""
        kind = self.random.choices(
            ["append", "publish", "tags", "reopen", "kill", "fail"], weights=[60, 16, 6, 4, 6, 5]
        )[0]
        if kind == "append":
            self.append(opened, self.entries(self.random.choice([1, 1, 2, 5, 12, 30])))
        elif kind == "publish":
            opened.checkpoint()
        elif kind == "tags":
            with opened.tag_file() as file:
                file.add(self.random.randbytes(16 * self.random.randint(1, 100)))
                root, members = file.seal()
            self.append(opened, [json.dumps({"tags_root": root, "members": members}).encode()])
        elif kind == "reopen":
            opened.close()
            opened = self.open()
        elif kind == "kill":
            opened = self.kill(opened)
        else:
            self.disk.syncs_to_failure = self.random.randint(1, 8)
        return opened

    def kill(self, opened: audit.Log) -> audit.Log:
        """End the process; the system stays, and with it what it had not written yet."""
        opened._journal.close()
        opened._lock.close()
        os.close(opened._held)
        opened._held = -1
        return self.open()

    def run(self, acts: int) -> None:
        opened = self.open()
        for number in range(acts):
            try:
                if number == acts // 2:  # the keys change
                    opened.close()
                    self.signer = NEW
                    opened = self.open()
                opened = self.act(opened)
            except (LogFailed, audit.LogRefused, OSError) as error:
                if "Input/output error" not in str(error):
                    raise
                with contextlib.suppress(LogFailed):
                    opened.close()
                opened = self.open()
        self.disk.syncs_to_failure = 0
        opened.close()


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "FIRST_SEGMENT", 2048)
    monkeypatch.setattr(journal, "LARGEST_SEGMENT", 16 * 1024)


@pytest.mark.usefixtures("small_segments")
def test_power_is_lost_after_each_step(monkeypatch: pytest.MonkeyPatch) -> None:
    states = steps = unasked = 0
    for seed in range(6 if FULL else 1):
        with scratch() as folder:
            simulation = Simulation(Path(folder), seed, 1.2 if FULL else 0.35)
            monkeypatch.setattr(log, "LockStore", simulation.store)
            simulation.run(60)
        states, steps = states + simulation.states, steps + simulation.disk.steps
        unasked += simulation.unasked
    FIGURES.append(f"power loss: {states} states after {steps} steps, 0 losses ({unasked} entries kept unasked)")
    assert states >= (2000 if FULL else 100)
