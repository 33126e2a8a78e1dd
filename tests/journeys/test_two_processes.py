"""Two processes and one home: whoever holds it, and however the one before ended, mask and ledger are one.

`make test` takes a few turns, `make crash` (CRASH_SUITE=full) many.
"""

# ruff: noqa: S603 - the processes are our own program

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from gateway.flows.register_clients import Scope
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import Conflict
from gateway.foundation.settings import Settings
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import NOW, TESTER, as_csv, customers, ingest
from tests.cli.support import ROOT
from tests.crash import FIGURES, FULL
from tests.journeys.turns import STEPS
from tests.purposes import ANALYTICS, LATER_NOTICE, MARKETING, NOTICE, differing, rows_of

NUMBERS = list(range(1, 9))
EXTRA = 99  # of whom nobody speaks, so that no file is empty when a person asked never to come back
HANDOVERS = 60 if FULL else 3
SAID = 400 if FULL else 30
ENDS = [signal.SIGTERM, signal.SIGKILL] if FULL else [signal.SIGKILL]
# Where a journey breaks off with one store committed and the other not; further kills are anywhere.
SHARPEST = [("choose", 1, "after"), ("arrive", 3, "before")]


class Process:
    """A worker (``tests.journeys.turns``) on the other side of two pipes."""

    def __init__(self, home: Path) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.turns", str(home)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    @property
    def pid(self) -> int:
        return self._child.pid

    def ask(self, name: str, **arguments: Any) -> dict[str, Any] | None:
        """Have something done; ``None`` where the process died of it."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(json.dumps([name, arguments]) + "\n")
        self._child.stdin.flush()
        answer = self._child.stdout.readline()
        if answer:
            found: dict[str, Any] = json.loads(answer)
            return found
        _, said = self._child.communicate()
        assert self._child.returncode == -signal.SIGKILL, said[-2000:]
        return None

    def done(self, name: str, **arguments: Any) -> Any:
        answer = self.ask(name, **arguments)
        assert answer is not None
        assert "refused" not in answer, answer
        return answer["done"]

    def kill(self) -> None:
        self._child.kill()
        with contextlib.suppress(ValueError):  # it is dead, and its pipes are closed
            self._child.communicate()


class Turns:
    """Processes that take turns at a home, and what they said that they had done."""

    def __init__(self, home: Path, seed: int) -> None:
        self.home, self.chance = home, random.Random(seed)  # noqa: S311 - a test's
        self.clock, self.count, self.kills = NOW, 0, 0
        self.acknowledged: dict[int, list[str]] = {number: [] for number in NUMBERS}
        self.holder, self.waiting = Process(home), Process(home)

    def __enter__(self) -> Self:
        self.holder.done("open", at=self.clock.isoformat())
        return self

    def __exit__(self, *_: object) -> None:
        self.holder.kill()
        self.waiting.kill()

    def journey(self, name: str | None = None) -> tuple[str, dict[str, Any]]:
        """Choose a journey, or what happens on one; each leaves something of its own behind."""
        self.count += 1
        chance, evidence = self.chance, f"turn-{self.count}"
        name = name or chance.choices(list(STEPS), weights=[6, 3, 3, 1, 2])[0]
        status = chance.choice(["given", "given", "withdrawn", "refused", "objected"])
        some = sorted(chance.sample(NUMBERS, 3))
        match name:
            case "choose":
                purpose = chance.choice([MARKETING, ANALYTICS])
                return name, {"number": some[0], "purpose": purpose, "status": status, "evidence": evidence}
            case "import_file":
                return name, {"numbers": some, "status": status, "evidence": evidence}
            case "arrive":
                said = chance.choice(["yes", "no", "kyllä 2026-06-20", "ei 2026-06-21", ""])
                return name, {"numbers": [*some, EXTRA], "said": said, "street": f"Esimerkkikatu {self.count}"}
            case "erase":
                return name, {"number": some[0]}
        notices = chance.choice([[NOTICE], [NOTICE, LATER_NOTICE], [LATER_NOTICE]])
        reminders = chance.choice([None, "6(1)(a)", "6(1)(f)"])
        variant = {"valid_days": chance.choice([730, 30]), "notices": notices, "reminders": reminders}
        return name, {"variant": variant}

    def go(self) -> None:
        """Let the holder go on a journey to its end."""
        name, arguments = self.journey()
        self.clock += dt.timedelta(minutes=1)
        self.holder.done("wait", seconds=60)
        self.holder.done(name, **arguments)
        self.note(name, arguments)

    def note(self, name: str, arguments: dict[str, Any]) -> None:
        if name == "erase":
            self.acknowledged[arguments["number"]] = []
        for number in [arguments["number"]] if name == "choose" else arguments.get("numbers", []):
            if "evidence" in arguments and number in self.known:
                self.acknowledged[number].append(arguments["evidence"])

    @property
    def known(self) -> set[int]:
        return {row["number"] for row in self.look()}

    def look(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.holder.done("look", numbers=NUMBERS)
        return found

    def check(self, *, erasing: int | None = None) -> None:
        """Everybody's mask is the ledger's, and the ledger holds whatever was acknowledged."""
        found = self.look()
        assert [row["number"] for row in found if row["seen"] != row["right"]] == []
        for row in found:
            assert set(self.acknowledged[row["number"]]) <= set(row["evidence"])
        gone = set(NUMBERS) - {row["number"] for row in found}
        lost = {number for number in gone if self.acknowledged[number]}
        assert lost <= {erasing}
        for number in lost:
            self.acknowledged[number] = []

    def try_the_door(self) -> None:
        """Whoever does not hold the home is told who does, and has touched nothing."""
        before = fingerprint(self.home)
        answer = self.waiting.ask("open", at=self.clock.isoformat())
        assert answer is not None
        assert answer["refused"] == "conflict"
        assert f"process {self.holder.pid}" in answer["says"]
        assert fingerprint(self.home) == before

    def hand_over(self) -> None:
        """The holder closes; the other opens."""
        self.holder.done("close")
        self._swap()
        self.check()

    def kill(self) -> None:
        """The holder dies in the middle of a journey; the other takes over, and another comes to wait."""
        anywhere = None, self.chance.randrange(9), self.chance.choice(["before", "after"])
        name, step, when = SHARPEST[self.kills] if self.kills < len(SHARPEST) else anywhere
        name, arguments = self.journey(name)
        self.clock += dt.timedelta(minutes=1)
        self.holder.done("wait", seconds=60)
        self.holder.done("arm", journey=name, step=step, when=when)
        if self.holder.ask(name, **arguments) is not None:  # it did not come to that step
            self.note(name, arguments)
        self.holder.kill()
        self.kills += 1
        self._swap()
        self.waiting = Process(self.home)
        self.check(erasing=arguments["number"] if name == "erase" else None)

    def _swap(self) -> None:
        self.holder, self.waiting = self.waiting, self.holder
        self.holder.done("open", at=self.clock.isoformat())


def fingerprint(home: Path) -> dict[str, str]:
    files = (path for path in sorted(home.rglob("*")) if path.is_file())
    return {str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    settings, clock = Settings(home=tmp_path_factory.mktemp("two") / "home"), FrozenClock(NOW)
    initialise(settings, clock)
    with open_gateway(settings, clock) as gateway:
        ingest(gateway, as_csv(customers([*NUMBERS, EXTRA], marketing_consent="")))
    return settings.home


def test_whoever_holds_the_home_finds_mask_and_ledger_one(home: Path) -> None:
    with Turns(home, seed=dt.datetime.now(dt.UTC).microsecond if FULL else 5) as turns:  # noqa: TID251 - any will do
        for handover in range(HANDOVERS):
            turns.try_the_door()
            for _ in range(3):
                turns.go()
            turns.check()
            if handover % 2:
                turns.hand_over()
            else:
                turns.kill()
        turns.go()
        turns.check()
        FIGURES.append(f"two processes: {turns.count} journeys, {HANDOVERS} hand-overs, {turns.kills} of them kills")


@contextlib.contextmanager
def serving(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "gateway.cli.main", "serve", "--port", "0", "--json", "--home", str(home)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as child:
        assert child.stdout is not None
        try:
            yield child, json.loads(child.stdout.readline())["serving"]
        finally:
            child.kill()


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Gateway]:
    """Open a home whose service was killed: the writer of its log notices that in a moment, and ends too."""
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            with contextlib.suppress(Conflict):
                gateway = stack.enter_context(open_gateway(settings))
                break
            time.sleep(0.1)
        else:
            pytest.fail("nobody can open the home")
        yield gateway


@pytest.mark.parametrize("end", ENDS)
def test_two_clients_of_one_service_leave_mask_and_ledger_one(tmp_path: Path, end: signal.Signals) -> None:
    settings = Settings(home=tmp_path / "home")
    initialise(settings)
    with open_gateway(settings) as gateway:
        ingest(gateway, as_csv(customers(NUMBERS, marketing_consent="")))
        key = gateway.clients.add("desk-1", Scope.SUBJECT_DESK, TESTER)
    with serving(settings.home) as (service, address):
        speakers = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.journeys.speaker", address, key, name, str(SAID)],
                cwd=ROOT, stdout=subprocess.PIPE, text=True,
            )
            for name in ("one", "two")
        ]  # fmt: skip
        if end is signal.SIGKILL:
            heard = [_line(each) for each in speakers for _ in range(SAID // 2)]
            service.kill()
        else:
            heard = []
        heard += [line for each in speakers for line in each.communicate(timeout=120)[0].splitlines()]
        assert [each.returncode for each in speakers] == [0, 0]
        service.send_signal(end)
        service.wait(timeout=30)
    assert len(heard) == 2 * SAID or end is signal.SIGKILL
    with opened(settings) as gateway:
        gateway.refresh()
        assert differing(gateway, NUMBERS, gateway.house.clock.now()) == []
        histories = (gateway.house.ledger.history(who) for who in rows_of(gateway, NUMBERS))
        assert set(heard) <= {event.evidence for history in histories for event in history}
        assert all(finding.ok for finding in gateway.doctor())


def _line(speaker: subprocess.Popen[str]) -> str:
    assert speaker.stdout is not None
    return speaker.stdout.readline().rstrip()
