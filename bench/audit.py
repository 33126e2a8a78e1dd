"""The audit log: every figure beside a probe of the same disk in the same seconds, or as CPU time where load decides.

``group_commit_ratio``
    Commits a second of a ``Log`` in this process: one thread, one entry an ``append``, which returns when its group is
    on disk; publishing once a second beside it. Divided by the syncs a second of another process that does ``pwrite``
    of 512 bytes and ``fdatasync`` on a preallocated file of the same disk at the same time. The median of many short
    rounds. ``group_commit_ratio_16`` is the same with 16 entries a group, which are checked, hashed and framed in the
    same thread between two syncs: it tells what that costs.
``socket_acks_per_s``
    Durable acknowledgements a second that two client processes got from a sequencer process, 64 entries in flight
    each, an entry a request, publishing included. ``ack_p50_ms`` and ``ack_p99_ms`` are from ``submit`` to the
    receipt, so they count the time in the client's own queue.
``inclusion_us``, ``consistency_us``
    The mean over proofs at random places (of random older sizes) from a ``PublishedLog`` of ``entries`` entries whose
    tiles were read before; ``..._cold_us`` with nothing read before.
``verify_1m_s``, ``restart_1m_s``
    ``verify_directory`` and ``Log.open`` of that log, files in the page cache.
``cpu_us_per_request``
    The CPU time (user and system, of all threads, /proc/<pid>/stat) that the web process and the sequencer process
    spend on a request of a FastAPI ``def`` endpoint that records one event of the gateway and gives its answer with the
    receipt (``releases``, ``Recorder.begin``), less what they spend on the same answer of the same endpoint without:
    the median of rounds, in turns, at 32 connections. ``..._blocking`` is the same where the endpoint's own thread
    waits for the receipt, as journeys do that change something after it. The load generator is not counted.
"""

from __future__ import annotations

import collections
import functools
import json
import multiprocessing as mp
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audit.child import SequencerProcess, start_sequencer
from audit.client import LogClient
from audit.keys import Signer
from audit.log import Log
from audit.published import PublishedLog
from audit.pulse import Pulse
from audit.verifier import verify_directory
from bench.arguments import Arguments
from bench.audited import leaf

NAME = "log.example/bench"
SEEDS = {"origin": NAME, "seed": "11" * 32, "ml_dsa_seed": "22" * 32}
SIGNER = Signer(NAME, bytes.fromhex(SEEDS["seed"]), ml_dsa_seed=bytes.fromhex(SEEDS["ml_dsa_seed"]))
ROUNDS = 5
PROBE_BYTES = 64 * 1024 * 1024
WINDOW = 64  # entries in flight of a client
CLIENTS = 2
CONNECTIONS = 32
REQUESTS = 3_000  # a round
_spawn = mp.get_context("spawn")


def run(arguments: Arguments) -> dict[str, Any]:
    """Measure everything; prints a line for each part to standard error."""
    figures: dict[str, Any] = {"entries": arguments.people, "entry_bytes": len(leaf())}
    with tempfile.TemporaryDirectory(prefix="bench-audit-") as name:
        folder = Path(name)
        big = functools.partial(large, entries=arguments.people)
        parts: list[Callable[[Path], dict[str, Any]]] = [group_commits, acknowledgements, requests, big]
        for part in parts:
            begin = time.perf_counter()
            found = part(folder)
            figures |= found
            print(f"{time.perf_counter() - begin:.0f} s: {json.dumps(found)}", file=sys.stderr)
    return figures


# -- the disk -----------------------------------------------------------------------------------------------------


def probe(path: Path, begin: Any, seconds: float, told: Any) -> None:
    """Sync 512 bytes again and again for so long; tell how often a second."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    os.pwrite(handle, bytes(PROBE_BYTES), 0)
    os.fsync(handle)
    begin.wait()
    count, start, block = 0, time.perf_counter(), os.urandom(512)
    while time.perf_counter() < start + seconds:
        os.pwrite(handle, block, count * 512 % PROBE_BYTES)
        os.fdatasync(handle)
        count += 1
    told.put(count / (time.perf_counter() - start))
    os.close(handle)


def many(entries: int) -> list[bytes]:
    """Return entries that differ in their ids, quickly."""
    made, mark = leaf(), os.urandom(4).hex()
    return [made.replace(b'"id":"', b'"id":"%s-%x-' % (mark.encode(), number), 1) for number in range(entries)]


def commits(log: Log, groups: list[list[bytes]], seconds: float) -> float:
    """Append groups for so long; return how many a second."""
    count, start = 0, time.perf_counter()
    while time.perf_counter() < start + seconds and count < len(groups):
        log.append(groups[count])
        count += 1
    return count / (time.perf_counter() - start)


def beside_probe(folder: Path, work: Callable[[float], float], seconds: float = 0.7) -> tuple[float, float]:
    """Return what ``work`` counts a second, and the syncs a second of the probe at the same time."""
    told, begin = _spawn.Queue(), _spawn.Barrier(2)
    other = _spawn.Process(target=probe, args=(folder / "probe", begin, seconds, told))
    other.start()
    begin.wait()
    rates = work(seconds), told.get()
    other.join()
    return rates


def group_commits(folder: Path) -> dict[str, Any]:
    """Commit groups of 1 and of 16 in turns, each beside its own probe."""
    rates: dict[int, list[tuple[float, float]]] = {1: [], 16: []}
    fill(folder / "groups", 150_000)  # until the journal's segments have their full size, as in a log that is in use
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)  # as the sequencer has it
    with Log.open(folder / "groups", SIGNER) as log:
        pulse = Pulse(log.checkpoint, 1.0, lambda: None)
        pulse.start()
        for _ in range(2 * ROUNDS):
            for entries, found in rates.items():
                groups = [many(entries) for _ in range(5_000)]
                pulse.entries_came()
                found.append(beside_probe(folder, functools.partial(commits, log, groups)))
        pulse.finish()
    sys.setswitchinterval(before)
    ratio = {entries: statistics.median(ours / theirs for ours, theirs in found) for entries, found in rates.items()}
    return {
        "group_commit_ratio": round(ratio[1], 3),
        "group_commit_ratio_16": round(ratio[16], 3),
        "group_commits_per_s": round(statistics.median(ours for ours, _ in rates[1])),
        "probe_syncs_per_s": round(statistics.median(theirs for _, theirs in rates[1])),
    }


# -- the socket ---------------------------------------------------------------------------------------------------


def client(path: Path, begin: Any, seconds: float, told: Any) -> None:
    """Keep a window of entries in flight for so long; tell when each was acknowledged and how long it took."""
    made = [leaf() for _ in range(5_000)]
    flying: collections.deque[tuple[float, Any]] = collections.deque()
    took: list[float] = []
    with LogClient(path, path.parent / "socketed") as log:
        begin.wait()
        start, number = time.perf_counter(), 0
        while (now := time.perf_counter()) < start + seconds:
            while len(flying) < WINDOW:
                entry = made[number % 5_000].replace(b'"id":"', b'"id":"%x-%x-' % (os.getpid(), number), 1)
                flying.append((now, log.submit([entry])))
                number += 1
            sent, pending = flying.popleft()
            pending.wait()
            took.append(time.perf_counter() - sent)
        told.put((len(took) / (time.perf_counter() - start), took))


def sequencing(folder: Path, name: str) -> SequencerProcess:
    """Start a sequencer for the log ``name`` as a child."""
    return start_sequencer(folder / name, folder / "s", SEEDS)


def acknowledgements(folder: Path, seconds: float = 4.0) -> dict[str, Any]:
    """Two clients, 64 in flight each; the median of three rounds."""
    rates: list[float] = []
    times: list[float] = []
    spent = 0.0
    with sequencing(folder, "socketed") as child:
        for _ in range(3):
            told, begin = _spawn.Queue(), _spawn.Barrier(CLIENTS + 1)
            others = [_spawn.Process(target=client, args=(folder / "s", begin, seconds, told)) for _ in range(CLIENTS)]
            for other in others:
                other.start()
            begin.wait()
            before = cpu(child.pid)
            found = [told.get() for _ in others]
            spent += cpu(child.pid) - before
            rates.append(sum(rate for rate, _ in found))
            times += [one for _, took in found for one in took]
            for other in others:
                other.join()
    times.sort()
    return {
        "socket_acks_per_s": round(statistics.median(rates)),
        "ack_p50_ms": round(times[len(times) // 2] * 1e3, 2),
        "ack_p99_ms": round(times[len(times) * 99 // 100] * 1e3, 2),
        "sequencer_cpu_us_per_ack": round(spent / len(times) * 1e6, 1),
    }


# -- requests -----------------------------------------------------------------------------------------------------


def cpu(pid: int) -> float:
    """Return the CPU seconds of a process and all its threads so far, from its clock (clock_getcpuclockid(3))."""
    return time.clock_gettime((~pid << 3) | 2)


PATHS = ("/bare", "/audited", "/blocking")


def requests(folder: Path) -> dict[str, Any]:
    """Rounds without and with an audit entry in turns; CPU time of the web service and the sequencer."""
    with sequencing(folder, "requests") as child:
        command = [sys.executable, "-m", "bench.audited"]
        service = subprocess.Popen(  # noqa: S603 - our own module
            [*command, "web", str(folder / "s"), str(folder / "requests")], stdout=subprocess.PIPE, text=True
        )
        try:
            assert service.stdout is not None
            port = service.stdout.readline().strip()

            def spent(path: str) -> tuple[float, float]:
                before = cpu(service.pid), cpu(child.pid)
                subprocess.run([*command, "load", port, path, str(REQUESTS), str(CONNECTIONS)], check=True)  # noqa: S603
                after = cpu(service.pid), cpu(child.pid)
                web, sequencer = ((b - a) / REQUESTS * 1e6 for a, b in zip(before, after, strict=True))
                return web, sequencer

            rounds = [[spent(path) for path in PATHS] for _ in range(ROUNDS + 1)][1:]  # the first of each warms up
        finally:
            service.terminate()
            service.communicate()
    return request_costs(rounds)


def request_costs(rounds: list[list[tuple[float, float]]]) -> dict[str, Any]:
    """Return what an entry costs, by rounds of (web, sequencer) for each of ``PATHS``."""
    web = [audited[0] - bare[0] for bare, audited, _ in rounds]
    sequencer = [audited[1] - bare[1] for bare, audited, _ in rounds]
    both = [one + other for one, other in zip(web, sequencer, strict=True)]
    blocking = [sum(waited) - sum(bare) for bare, _, waited in rounds]
    return {
        "cpu_us_per_request": round(statistics.median(both), 1),
        "cpu_us_per_request_web": round(statistics.median(web), 1),
        "cpu_us_per_request_sequencer": round(statistics.median(sequencer), 1),
        "cpu_us_per_request_rounds": [round(value) for value in both],
        "cpu_us_per_request_blocking": round(statistics.median(blocking), 1),
        "cpu_us_bare_request": round(statistics.median(bare[0] for bare, *_ in rounds), 1),
    }


# -- a large log --------------------------------------------------------------------------------------------------


def fill(folder: Path, entries: int) -> None:
    """Write a log of so many entries."""
    with Log.open(folder, SIGNER) as log:
        for start in range(0, entries, 4_096):
            log.append(many(min(entries - start, 4_096)))


def timed(work: Callable[[], Any]) -> float:
    """Return the seconds that it took."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def mean_us(work: Callable[[int], Any], places: list[int]) -> float:
    """Return the mean of calls at these places, in microseconds."""
    return round(timed(lambda: [work(place) for place in places]) / len(places) * 1e6, 1)


def large(folder: Path, entries: int) -> dict[str, Any]:
    """Fill a log; then verify it, open it, and prove."""
    directory = folder / "large"
    filled = timed(lambda: fill(directory, entries))
    verified = timed(lambda: verify_directory(directory))
    begin = time.perf_counter()
    with Log.open(directory, SIGNER) as log:
        restarted = time.perf_counter() - begin
        assert log.size == entries
    return {
        "verify_1m_s": round(verified, 2),
        "restart_1m_s": round(restarted, 2),
        "append_per_s": round(entries / filled),
        **proofs(directory, entries),
    }


def proofs(directory: Path, entries: int) -> dict[str, Any]:
    """Prove at random places, with the tiles read before and with none read."""
    choose = random.Random(7)
    places = [choose.randrange(1, entries) for _ in range(2_000)]
    warm = PublishedLog(directory)
    kinds: dict[str, Callable[[PublishedLog, int], Any]] = {
        "inclusion": lambda log, place: log.inclusion(place, entries),
        "consistency": lambda log, place: log.consistency(place, entries),
    }
    figures: dict[str, Any] = {}
    for kind, work in kinds.items():
        for _ in range(2):
            figures[f"{kind}_us"] = mean_us(functools.partial(work, warm), places)
        cold = [timed(functools.partial(work, PublishedLog(directory), place)) for place in places[:50]]
        figures[f"{kind}_cold_us"] = round(statistics.median(cold) * 1e6)
    return figures
