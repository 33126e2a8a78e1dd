"""strace makes each system call that changes the disk fail, or kills the writer at it: nothing acknowledged is lost."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.crash import FIGURES, FULL, child, scratch
from tests.crash.held import Heard
from tests.crash.writer import FAILED

CALLS: Final = "pwrite64,fdatasync,fsync,rename,renameat,renameat2,openat,mkdir,unlink,ftruncate"
MUST_SUCCEED: Final = {"pwrite64", "fdatasync", "fsync", "rename"}  # one that fails is the end of the log
SQLITE_FOLDER: Final = "fdatasync of a folder"  # SQLite ignores its failure; it is for the name of its journal only
SAMPLE: Final = [  # what `make test` runs: the call, which of those on the log, and what happens
    ("fdatasync", 0, "error=EIO"),
    ("fdatasync", 2, "error=EIO"),
    ("fsync", -1, "error=EIO"),
    ("pwrite64", -5, "error=ENOSPC"),
    ("rename", 1, "signal=KILL"),
    ("rename", -1, "error=EIO"),
    ("mkdir", -1, "error=ENOSPC"),
    ("openat", -8, "signal=KILL"),
]
_LINE: Final = re.compile(r"(?:\[pid +\d+\] |\d+ +)?(\w+)\((.*)")


def why_not() -> str:
    """Return why faults cannot be injected here; empty where they can."""
    strace = shutil.which("strace")
    if strace is None:
        return "strace is not installed: apt-get install strace"
    tried = subprocess.run([strace, "-f", "-e", "trace=fsync", "true"], capture_output=True, check=False)  # noqa: S603
    return "" if tried.returncode == 0 else "strace may not trace here (ptrace is not permitted)"


pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


def traced(folder: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    """Run the short writer under strace; a writer that hangs fails the test."""
    command = ["strace", "-f", "-y", "-qq", "-o", str(folder / "trace"), *options]
    writer, environment = child("tests.crash.writer")
    command += [*writer, str(folder / "home" / "log"), "little", "0"]
    return subprocess.run(command, env=environment, capture_output=True, timeout=60, check=False)  # noqa: S603


@dataclass(frozen=True)
class Fault:
    """At the ``when``-th ``call`` of the process ``what`` happens."""

    call: str
    when: int
    what: str

    def _expected(self) -> set[int]:
        """The exit statuses that tell the truth about it."""
        if self.what == "signal=KILL":
            return {-9, 137}
        return {FAILED} if self.call in MUST_SUCCEED else {0, FAILED}

    def run(self, base: Path) -> tuple[int, int]:
        """Return (exit status of the writer, entries that it acknowledged)."""
        folder = base / f"{self.call}-{self.when}-{self.what.partition('=')[2]}"
        (folder / "home").mkdir(parents=True)
        call = self.call.partition(" ")[0]
        done = traced(folder, "-e", f"trace={call}", "-e", f"inject={call}:{self.what}:when={self.when}")
        heard = Heard()
        heard.listen(done.stdout)
        assert done.returncode in self._expected(), (self, done.returncode, done.stderr)
        again = traced(folder, "-e", "trace=none")
        assert again.returncode == 0, (self, again.stderr)
        heard.listen(again.stdout)
        heard.recover(folder / "home" / "log")
        acknowledged = len(heard.entries)
        shutil.rmtree(folder)
        return done.returncode, acknowledged


@pytest.fixture(scope="module")
def calls() -> Iterator[dict[str, list[int]]]:
    """Which calls of a run without faults are on the log or its lock store: name -> their numbers, from 1."""
    with scratch() as name:
        folder = Path(name)
        (folder / "home").mkdir()
        for _ in range(2):  # the first run may compile what it imports
            shutil.rmtree(folder / "home")
            (folder / "home").mkdir()
            assert traced(folder, "-e", f"trace={CALLS}").returncode == 0
        counted: dict[str, int] = {}
        found: dict[str, list[int]] = {}
        for line in (folder / "trace").read_text(errors="replace").splitlines():
            if match := _LINE.match(line):
                call, on = match[1], match[2]
                counted[call] = counted.get(call, 0) + 1
                if call == "fdatasync" and re.search(r"home>\)\s+= 0", on):
                    call = SQLITE_FOLDER
                if str(folder / "home") in on:
                    found.setdefault(call, []).append(counted[match[1]])
        yield found


def faults(calls: dict[str, list[int]]) -> list[Fault]:
    if not FULL:
        return [Fault(call, calls[call][at], what) for call, at, what in SAMPLE]
    space = {"pwrite64", "openat", "mkdir", "rename", "ftruncate"}  # calls that need some
    return [
        Fault(call, when, what)
        for call, numbers in calls.items()
        for when in numbers
        for what in ("error=EIO", "error=ENOSPC", "signal=KILL")
        if what != "error=ENOSPC" or call in space
    ]


def test_each_fault_is_named_and_loses_nothing(calls: dict[str, list[int]]) -> None:
    assert {"pwrite64", "fdatasync", "fsync", "rename", "openat", "mkdir", "unlink"} <= calls.keys()
    all_faults = faults(calls)
    with scratch() as base, ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda fault: fault.run(Path(base)), all_faults))
    failed = sum(status == FAILED for status, _ in done)
    killed = sum(status not in {0, FAILED} for status, _ in done)
    acknowledged = sum(entries for _, entries in done)
    FIGURES.append(
        f"faults: {len(done)} ({', '.join(f'{name} {len(at)}' for name, at in sorted(calls.items()))} calls), "
        f"{failed} refused by name, {killed} killed, {acknowledged} entries acknowledged, 0 lost, 0 hung"
    )
    assert failed
    assert killed
