"""Coroutines that wait for the log: durable means on disk, nobody sleeps for ever, and threads wait beside them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import queue
import random
import signal
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from audit import merkle, wire
from audit.checkpoint import Checkpoint
from audit.child import start_sequencer
from audit.client import LogClient
from audit.errors import EntryRefused, LogBusy, LogFailed
from audit.grouping import Receipt
from audit.log import Log
from audit.note import parse_note
from audit.published import PublishedLog
from tests.audit_log.slow import KEYS, SIGNER, Slow, entry, served, wait_for


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"


async def holds(condition: Callable[[], object], seconds: float = 5.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come true"
        await asyncio.sleep(0.002)


def asked(client: LogClient) -> int:
    """Return how many requests have no answer yet."""
    return len(client._connection._flying) + len(client._connection._outbox)


def in_a_thread(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def ended(thread: threading.Thread) -> bool:
    thread.join(5)
    return not thread.is_alive()


def test_nothing_is_durable_before_it_is_on_disk_and_the_loop_goes_on(path: Path) -> None:
    writer = Slow()

    async def story(client: LogClient) -> None:
        writer.gate.clear()
        waiting = [asyncio.ensure_future(client.submit([b"%d" % number]).durable()) for number in range(5)]
        await holds(writer.waits.is_set)
        await asyncio.sleep(0.05)
        assert not any(each.done() for each in waiting)
        assert writer.entries == []
        writer.gate.set()
        receipts = await asyncio.wait_for(asyncio.gather(*waiting), 5)
        assert sorted(receipt.index for (receipt,) in receipts) == [0, 1, 2, 3, 4]

    with served(writer, path), LogClient(path, Path()) as client:
        asyncio.run(story(client))
    assert writer.groups == [5]  # one message, since they were asked in one turn


def test_what_is_asked_in_threads_is_awaited_in_the_loop(tmp_path: Path, path: Path) -> None:
    """As an API does: a thread submits and ends, and the answer waits for its receipt in the loop."""

    async def one(client: LogClient, number: int) -> tuple[bytes, Receipt]:
        pending = await asyncio.to_thread(client.submit, [entry(number)])
        return entry(number), (await pending.durable())[0]

    async def story(client: LogClient) -> list[tuple[bytes, Receipt]]:
        return await asyncio.gather(*(one(client, number) for number in range(200)))

    with Log.open(tmp_path / "log", SIGNER) as log, served(log, path), LogClient(path, tmp_path / "log") as client:
        found = asyncio.run(story(client))
        client.checkpoint()
    published = PublishedLog(tmp_path / "log")
    assert sorted(receipt.index for _, receipt in found) == list(range(200))
    assert all(published.entry(receipt.index) == written for written, receipt in found)


def test_a_refusal_is_raised_where_it_is_awaited(path: Path) -> None:
    async def story(client: LogClient) -> None:
        refused, taken, nothing = client.submit([b"refuse me"]), client.submit([b"one"]), client.submit([])
        with pytest.raises(EntryRefused, match="not this one"):
            await refused.durable()
        assert [receipt.index for receipt in await taken.durable()] == [0]
        assert await taken.durable() == taken.wait()
        assert await nothing.durable() == []

    with served(Slow(), path), LogClient(path, Path()) as client:
        asyncio.run(story(client))


class Writing:
    """Threads and coroutines that append to clients of one sequencer, an entry after the other."""

    def __init__(self) -> None:
        self.receipts: list[tuple[bytes, Receipt]] = []

    def thread(self, client: LogClient, name: str) -> None:
        for number in range(150):
            (receipt,) = client.append([entry(number, name)])
            self.receipts.append((entry(number, name), receipt))

    def loop(self, client: LogClient, name: str) -> None:
        asyncio.run(self._coroutines(client, name))

    async def _coroutines(self, client: LogClient, name: str) -> None:
        await asyncio.gather(*(self._coroutine(client, f"{name}-{number}") for number in range(8)))

    async def _coroutine(self, client: LogClient, name: str) -> None:
        draw = random.Random(name)  # noqa: S311
        for number in range(60):
            (receipt,) = await client.submit([entry(number, name)]).durable()
            self.receipts.append((entry(number, name), receipt))
            if draw.random() < 0.2:
                await asyncio.sleep(0.001)


def test_threads_and_loops_wait_side_by_side(tmp_path: Path, path: Path) -> None:
    writing = Writing()
    with (
        start_sequencer(tmp_path / "log", path, KEYS, interval=0.02),
        LogClient(path, tmp_path / "log") as one,
        LogClient(path, tmp_path / "log") as two,
    ):
        kinds = [(kind, client) for kind in (writing.thread, writing.loop) for client in (one, one, two)]
        named = [functools.partial(kind, client, f"w{number}") for number, (kind, client) in enumerate(kinds)]
        threads = [in_a_thread(work) for work in named]
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        assert [asked(each) for each in (one, two)] == [0, 0]
        note = one.checkpoint()
    log, size = PublishedLog(tmp_path / "log"), Checkpoint.parse(parse_note(note)[0]).size
    assert size == 3 * 150 + 3 * 8 * 60
    assert sorted(receipt.index for _, receipt in writing.receipts) == list(range(size))
    for written, receipt in writing.receipts:
        assert log.entry(receipt.index) == written
        assert merkle.leaf_hash(written) == receipt.leaf_hash


def test_a_coroutine_that_goes_is_in_nobodys_way(path: Path) -> None:
    writer = Slow()
    found: queue.Queue[list[Receipt]] = queue.Queue()

    async def story(client: LogClient) -> None:
        writer.gate.clear()
        leading = asyncio.ensure_future(client.submit([b"one"]).durable())
        await holds(writer.waits.is_set)
        thread = in_a_thread(lambda: found.put(client.append([b"two"])))
        await holds(lambda: asked(client) == 2)
        leading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leading
        writer.gate.set()
        await holds(lambda: not thread.is_alive())

    with served(writer, path), LogClient(path, Path()) as client:
        asyncio.run(story(client))
        assert found.get_nowait()[0].index == 1
        assert client.append([b"three"])[0].index == 2
    assert writer.entries == [b"one", b"two", b"three"]


def test_a_thread_that_is_first_and_a_coroutine(path: Path) -> None:
    writer = Slow()
    first: queue.Queue[list[Receipt]] = queue.Queue()

    async def story(client: LogClient) -> None:
        writer.gate.clear()
        thread = in_a_thread(lambda: first.put(client.append([b"one"])))
        await holds(writer.waits.is_set)
        waiting = asyncio.ensure_future(client.submit([b"two"]).durable())
        await holds(lambda: asked(client) == 2 and not client._connection._outbox)
        writer.gate.set()  # the thread's group is answered first, and it goes
        assert (await asyncio.wait_for(waiting, 5))[0].index == 1
        assert ended(thread)

    with served(writer, path), LogClient(path, Path()) as client:
        asyncio.run(story(client))
    assert first.get_nowait()[0].index == 0


def test_code_in_the_loop_may_wait_as_a_thread_does(path: Path) -> None:
    async def story(client: LogClient) -> None:
        waiting = asyncio.ensure_future(client.submit([b"one"]).durable())
        await asyncio.sleep(0)
        assert client.append([b"two"])[0].index == 1
        assert (await asyncio.wait_for(waiting, 5))[0].index == 0

    with served(Slow(), path), LogClient(path, Path()) as client:
        thread = in_a_thread(lambda: asyncio.run(story(client)))
        assert ended(thread)
        assert asked(client) == 0


def test_a_loop_that_ended_is_in_nobodys_way(path: Path) -> None:
    writer = Slow()
    with served(writer, path), LogClient(path, Path()) as client:
        writer.gate.clear()
        loop = asyncio.new_event_loop()
        task = loop.create_task(client.submit([b"one"]).durable())
        loop.run_until_complete(holds(writer.waits.is_set))
        loop.close()  # with a task that nobody cancelled
        writer.gate.set()
        thread = in_a_thread(lambda: client.append([b"two"]))
        assert ended(thread)
        assert asyncio.run(_append(client, b"three"))[0].index == 2
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # asyncio would complain of it, rightly


async def _append(client: LogClient, entry: bytes) -> list[Receipt]:
    return await client.submit([entry]).durable()


def open_sockets(but: set[int]) -> list[int]:
    """Return the descriptors of sockets that this process holds open."""
    held = Path("/proc/self/fd").iterdir()
    return [int(each.name) for each in held if each.is_socket() and int(each.name) not in but]


@contextlib.contextmanager
def busy(threads: int) -> Iterator[None]:
    """Have threads compute meanwhile, so that the interpreter changes hands in the middle of anything."""
    done = threading.Event()

    def compute() -> None:
        while not done.is_set():
            pass

    working = [in_a_thread(compute) for _ in range(threads)]
    try:
        yield
    finally:
        done.set()
        assert all(ended(each) for each in working)


def test_threads_and_a_loop_in_turns_on_a_busy_machine(path: Path) -> None:
    async def story(client: LogClient) -> None:
        for number in range(60):
            assert await _append(client, b"%d" % number)
            assert await asyncio.to_thread(client.append, [b"%d too" % number])
            if number % 10 == 0:
                await asyncio.gather(*(_append(client, b"%d %d" % (number, more)) for more in range(5)))

    with served(Slow(), path), LogClient(path, Path()) as client, busy(2):
        asyncio.run(asyncio.wait_for(story(client), 60))


class Interruption(BaseException):
    """As ^C raises one, anywhere."""


@pytest.fixture
def interrupted() -> Iterator[Callable[[float], threading.Thread]]:
    """Return what interrupts the main thread after some seconds."""

    def raises(_number: int, _frame: object) -> None:
        raise Interruption

    main = threading.main_thread().ident
    assert main is not None
    before = signal.signal(signal.SIGUSR1, raises)
    try:
        yield lambda seconds: in_a_thread(lambda: (time.sleep(seconds), signal.pthread_kill(main, signal.SIGUSR1)))
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_who_is_interrupted_leaves_nobody_waiting(path: Path, interrupted: Callable[[float], threading.Thread]) -> None:
    """Whatever was being done: the others get their receipts or hear that the connection is lost, and it closes."""
    draw = random.Random(5)  # noqa: S311
    with served(Slow(), path):
        for _ in range(150):
            client = LogClient(path, Path())
            beside = [in_a_thread(functools.partial(_until_lost, client, name)) for name in (b"a", b"b")]
            with contextlib.suppress(Interruption):
                interruption = interrupted(0.001 + draw.random() * 0.004)
                _until_lost(client, b"main")
                while True:  # it was lost already; the interruption is still to come
                    interruption.join(0.01)
            assert ended(in_a_thread(client.close))
            assert all(ended(each) for each in beside)


def _until_lost(client: LogClient, name: bytes) -> None:
    with contextlib.suppress(LogFailed):
        for number in range(10**6):
            client.append([b"%s %d" % (name, number)])


def test_what_nobody_waits_for_is_sent_before_the_room_is_full_for_good(path: Path) -> None:
    with served(Slow(), path), LogClient(path, Path()) as client:
        for number in range(wire.MAX_ENTRIES):
            client.submit([b"%d" % number])
        with pytest.raises(LogBusy):
            client.submit([b"one more"])
        wait_for(lambda: asked(client) == 0)  # though nobody awaited any of them
        assert client.append([b"one more"])[0].index == wire.MAX_ENTRIES


def test_an_abandoned_loop_is_in_nobodys_way(path: Path) -> None:
    """Stopped with coroutines that wait, and never run again: others are answered, also on the same loop's thread."""
    writer = Slow()
    with served(writer, path), LogClient(path, Path()) as client:
        writer.gate.clear()
        loop = asyncio.new_event_loop()
        task = loop.create_task(client.submit([b"one"]).durable())
        loop.run_until_complete(holds(writer.waits.is_set))
        writer.gate.set()
        assert ended(in_a_thread(lambda: client.append([b"two"])))
        assert client.append([b"three"])[0].index == 2
        assert loop.run_until_complete(task)[0].index == 0
        loop.close()


def test_without_a_thread_to_read_with_there_is_no_client(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(Slow(), path):

        def none_left(_thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", none_left)
            with pytest.raises(LogFailed, match="thread"):
                LogClient(path, Path())


def test_one_client_serves_one_loop_after_the_other(path: Path) -> None:
    with served(Slow(), path), LogClient(path, Path()) as client:
        assert [asyncio.run(_append(client, b"%d" % number))[0].index for number in range(5)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("kind", ["hung up", "killed", "silent", "closed"])
def test_a_lost_connection_ends_the_waiting_of_all(kind: str, tmp_path: Path, path: Path) -> None:
    outcomes: queue.Queue[str] = queue.Queue()

    def refused(error: LogFailed) -> None:
        outcomes.put(str(error))

    async def waits(client: LogClient, number: int) -> None:
        try:
            await client.submit([entry(number)]).durable()
        except LogFailed as error:
            refused(error)

    def sleeps(client: LogClient) -> None:
        try:
            client.append([entry(99)])
        except LogFailed as error:
            refused(error)

    async def story(client: LogClient, lose: Callable[[], object]) -> None:
        tasks = [asyncio.ensure_future(waits(client, number)) for number in range(3)]
        await asyncio.sleep(0.02)
        thread = in_a_thread(lambda: sleeps(client))
        await holds(lambda: asked(client) == 4)
        lose()
        await asyncio.wait_for(asyncio.gather(*tasks), 5)
        assert ended(thread)
        with pytest.raises(LogFailed):
            await client.submit([entry(5)]).durable()

    with start_sequencer(tmp_path / "log", path, KEYS) as child:
        before = open_sockets(set())
        client = LogClient(path, tmp_path / "log", patience=0.3 if kind == "silent" else None)
        os.kill(child.pid, signal.SIGSTOP)
        ways: dict[str, Callable[[], object]] = {
            "hung up": lambda: client._connection._socket.shutdown(socket.SHUT_RDWR),
            "killed": lambda: os.kill(child.pid, signal.SIGKILL),
            "silent": lambda: None,
            "closed": lambda: client._connection.lose("it is closed"),
        }
        asyncio.run(story(client, ways[kind]))
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGCONT)
        client.close()
    said = {outcomes.get_nowait() for _ in range(4)}
    assert len(said) == 1
    assert "may be sent again" in said.pop()
    assert asked(client) == 0
    assert not open_sockets(set(before))


def test_silence_is_counted_from_the_last_answer(path: Path) -> None:
    writer = Slow()

    async def story(client: LogClient) -> None:
        for number in range(8):  # longer together than the patience, each shorter
            writer.gate.clear()
            waiting = asyncio.ensure_future(client.submit([b"%d" % number]).durable())
            beside = asyncio.ensure_future(client.submit([b"%d too" % number]).durable())
            await asyncio.sleep(0.1)
            writer.gate.set()
            await asyncio.wait_for(asyncio.gather(waiting, beside), 5)
        await asyncio.sleep(0.8)  # nobody waits: that is no silence
        writer.gate.clear()
        waiting = asyncio.ensure_future(client.submit([b"at last"]).durable())
        await asyncio.sleep(0.3)
        writer.gate.set()
        await asyncio.wait_for(waiting, 5)

    with served(writer, path), LogClient(path, Path(), patience=0.6) as client:
        asyncio.run(story(client))


def test_what_the_socket_does_not_take_at_once_goes_later(tmp_path: Path, path: Path) -> None:
    """The loop is not held up, and the order of the bytes is kept, whoever sends the rest."""

    def large(number: int) -> bytes:
        return b'{"id":"large-%d","x":"' % number + b"x" * 60_000 + b'"}'

    async def story(client: LogClient, go_on: Callable[[], object]) -> list[list[Receipt]]:
        waiting: list[Awaitable[list[Receipt]]] = []
        for number in range(40):
            waiting.append(asyncio.ensure_future(client.submit([large(number)]).durable()))
            await asyncio.sleep(0)
        begin = time.monotonic()
        await asyncio.sleep(0.02)
        assert time.monotonic() - begin < 2
        assert client._connection._flying
        go_on()
        return await asyncio.wait_for(asyncio.gather(*waiting), 10)

    with start_sequencer(tmp_path / "log", path, KEYS) as child, LogClient(path, tmp_path / "log") as client:
        os.kill(child.pid, signal.SIGSTOP)
        found = asyncio.run(story(client, lambda: os.kill(child.pid, signal.SIGCONT)))
        client.checkpoint()
    log = PublishedLog(tmp_path / "log")
    assert [log.entry(receipt.index) for (receipt,) in found] == [large(number) for number in range(40)]


def test_an_answer_that_nobody_understands_takes_none_away_that_came_before(path: Path) -> None:
    """Both come at once: the coroutine whose answer was good goes on, the other hears that the connection is lost."""
    places = wire.pack_places([Receipt(0, bytes(32), "log.example/test")])

    def answers(listener: socket.socket) -> None:
        other, _ = listener.accept()
        with other:
            asked = list[wire.Message]()
            frames = wire.Frames()
            while len(asked) < 3:
                asked += frames.feed(other.recv(65_536))
                if asked and asked[0].kind == wire.Kind.STATUS:
                    state = b'{"origin":"log.example/test","size":0,"vkeys":[]}'
                    other.sendall(wire.message(wire.Kind.STATE, asked.pop(0).number, state))
                    asked.append(wire.Message(0, 0, b""))
            good = wire.message(wire.Kind.APPENDED, asked[1].number, places)
            other.sendall(good + wire.message(wire.Kind.APPENDED, 77_777, places))
            other.recv(1)

    async def story(client: LogClient) -> list[object]:
        waiting = [client.submit([b"%d" % number]).durable() for number in range(2)]
        return await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)

    with wire.listen(path) as listener:
        listener.setblocking(True)
        thread = in_a_thread(lambda: answers(listener))
        with LogClient(path, Path()) as client:
            good, bad = asyncio.run(story(client))
    assert good == [Receipt(0, bytes(32), "log.example/test")]
    assert isinstance(bad, LogFailed)
    assert ended(thread)


def test_a_sequencer_that_stands_still_costs_one_thread(tmp_path: Path, path: Path) -> None:
    """Not one for each turn of the loop in which something is asked."""

    async def story(client: LogClient, go_on: Callable[[], object]) -> int:
        waiting = []
        for number in range(60):
            waiting.append(asyncio.ensure_future(client.submit([entry(number, "x" * 30_000)]).durable()))
            await asyncio.sleep(0.002)
        most = threading.active_count()
        go_on()
        await asyncio.wait_for(asyncio.gather(*waiting), 10)
        return most

    with start_sequencer(tmp_path / "log", path, KEYS) as child, LogClient(path, tmp_path / "log") as client:
        before = threading.active_count()
        os.kill(child.pid, signal.SIGSTOP)
        assert asyncio.run(story(client, lambda: os.kill(child.pid, signal.SIGCONT))) <= before + 1


class TakesTen:
    """A socket that takes ten bytes while another thread asks for something, then for once nothing, then all."""

    def __init__(self, real: socket.socket, meanwhile: Callable[[], object]) -> None:
        self._real = real
        self._meanwhile = meanwhile
        self._sends = 0

    def send(self, data: bytes, flags: int = 0) -> int:
        self._sends += 1
        if self._sends == 2:
            raise BlockingIOError
        if self._sends > 2:
            return self._real.send(data, flags)
        self._meanwhile()
        return self._real.send(data[:10], flags)

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


def test_the_rest_of_a_request_goes_before_the_next(path: Path) -> None:
    writer = Slow()
    with served(writer, path), LogClient(path, Path()) as client:
        late = list[Awaitable[list[Receipt]]]()
        narrow = TakesTen(client._connection._socket, lambda: late.append(client.submit([b"two"]).durable()))
        client._connection._socket = narrow  # type: ignore[assignment]
        assert asyncio.run(asyncio.wait_for(_append(client, b"one"), 5))[0].index == 0
        assert asyncio.run(asyncio.wait_for(late[0], 5))[0].index == 1
    assert writer.entries == [b"one", b"two"]


def test_a_log_in_the_process_is_awaited_too(tmp_path: Path) -> None:
    async def story(log: Log) -> list[list[Receipt]]:
        return await asyncio.gather(*(log.submit([entry(number)]).durable() for number in range(20)))

    with Log.open(tmp_path, SIGNER) as log:
        assert sorted(receipt.index for (receipt,) in asyncio.run(story(log))) == list(range(20))
        assert log.size == 20


def test_a_client_is_awaited_by_the_process_that_made_it(path: Path) -> None:
    with served(Slow(), path), LogClient(path, Path()) as client:
        pending = client.submit([b"x"])
        client._connection._process += 1  # as after a fork
        with pytest.raises(LogFailed, match="process"):
            asyncio.run(_awaited(pending.durable()))
        client._connection._process -= 1
        wait_for(pending.wait)


async def _awaited(work: Awaitable[list[Receipt]]) -> list[Receipt]:
    return await work
