"""The sequencer and its clients: acknowledged means on disk, and who misbehaves harms nobody else."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import queue
import random
import secrets
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import merkle, wire
from audit.checkpoint import Checkpoint
from audit.child import SequencerProcess, start_child, start_sequencer
from audit.client import LogClient
from audit.errors import EntryRefused, LogBusy, LogFailed, LogRefused
from audit.grouping import Receipt
from audit.keys import Signer
from audit.log import Log
from audit.note import parse_note
from audit.policy import Policy
from audit.published import PublishedLog
from audit.sequencer import MAX_ASKED, MAX_UNREAD, Sequencer
from audit.wire import Kind
from tests.audit_log.slow import KEYS, SIGNER, Slow, SlowPending, entry, served, wait_for


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "s"


def raw(path: Path) -> socket.socket:
    connection = wire.connect(path)
    connection.settimeout(10)
    return connection


def is_cut(connection: socket.socket) -> bool:
    try:
        while connection.recv(1 << 20):
            pass
    except ConnectionResetError:
        pass
    return True  # or the time-out is raised


# -- the protocol -------------------------------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=8))
def test_entries_survive_their_message(entries: list[bytes]) -> None:
    assert wire.unpack_entries(wire.pack_entries(entries)) == entries


@given(st.lists(st.tuples(st.integers(0, 2**64 - 1), st.binary(min_size=32, max_size=32), st.sampled_from("abc"))))
def test_receipts_survive_their_message(places: list[tuple[int, bytes, str]]) -> None:
    assert wire.unpack_places(wire.pack_places([Receipt(*place) for place in places])) == places


@given(st.lists(st.binary(max_size=30), max_size=6), st.data())
def test_messages_do_not_depend_on_how_the_stream_was_cut(bodies: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(wire.message(Kind.APPEND, number, body) for number, body in enumerate(bodies))
    frames = wire.Frames()
    found: list[wire.Message] = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += frames.feed(stream[:size])
        stream = stream[size:]
    assert found == [(Kind.APPEND, number, body) for number, body in enumerate(bodies)]


@given(st.binary(max_size=200))
def test_any_bytes_are_messages_or_a_named_error(data: bytes) -> None:
    with contextlib.suppress(wire.WireError):
        wire.Frames().feed(data)
    with contextlib.suppress(wire.WireError):
        assert wire.pack_entries(wire.unpack_entries(data)) == data
    with contextlib.suppress(wire.WireError):
        wire.unpack_places(data)


# -- acknowledgements ---------------------------------------------------------------------------------------------


def test_entries_come_back_with_receipts_of_the_log(tmp_path: Path, path: Path) -> None:
    with Log.open(tmp_path / "log", SIGNER) as log, served(log, path), LogClient(path, log.directory) as client:
        assert client.append([]) == []
        first = client.append([entry(0), entry(1)])
        late, later = client.submit([entry(2)]), client.submit([entry(3)])
        assert [later.wait()[0].index, late.wait()[0].index, late.wait()[0].index] == [3, 2, 2]
        assert first == [Receipt(n, merkle.leaf_hash(entry(n)), "log.example/test") for n in (0, 1)]
        assert (client.origin, client.vkeys, client.size) == (log.origin, log.vkeys, 4)
        note = client.checkpoint()
        assert Checkpoint.parse(parse_note(note)[0]) == Checkpoint(log.origin, 4, log.root)
        assert (tmp_path / "log" / "checkpoint").read_text() == note
    assert PublishedLog(tmp_path / "log").size == 4


def test_nothing_is_acknowledged_before_it_is_on_disk(path: Path) -> None:
    writer = Slow()
    with served(writer, path), LogClient(path, Path()) as client:
        writer.gate.clear()
        pending = client.submit([b"one"])
        waiter = threading.Thread(target=pending.wait)
        waiter.start()
        assert writer.waits.wait(5)
        with raw(path) as other:  # nor is anything said to others meanwhile
            other.sendall(wire.message(Kind.APPEND, 1, wire.pack_entries([b"two"])))
            other.settimeout(0.1)
            with pytest.raises(TimeoutError):
                other.recv(1)
            assert waiter.is_alive()
            writer.gate.set()
            waiter.join(5)
            other.settimeout(5)
            assert other.recv(1)
    assert writer.entries == [b"one", b"two"]


def test_what_arrives_during_a_sync_is_one_group(path: Path) -> None:
    writer = Slow()
    with served(writer, path), LogClient(path, Path()) as client, LogClient(path, Path()) as other:
        writer.gate.clear()
        threads = [threading.Thread(target=client.append, args=([b"first"],))]
        threads[0].start()
        assert writer.waits.wait(5)
        for number in range(20):
            source = client if number % 2 else other
            threads.append(threading.Thread(target=source.append, args=([b"%d" % number],)))
            threads[-1].start()
        wait_for(lambda: not client._connection._outbox and len(client._connection._flying) == 11)
        wait_for(lambda: len(other._connection._flying) == 10 and not other._connection._outbox)
        writer.gate.set()
        for thread in threads:
            thread.join(5)
    assert writer.groups == [1, 20]
    assert len(set(writer.entries)) == 21


def test_an_entry_sent_again_is_not_written_again(tmp_path: Path, path: Path) -> None:
    with Log.open(tmp_path / "log", SIGNER) as log, served(log, path):
        with LogClient(path, log.directory) as client:
            before = client.append([entry(0), entry(1)])
            client.append([entry(2)])
        with LogClient(path, log.directory) as client:  # as after a lost connection
            assert client.append([entry(1)]) == before[1:]
            assert [receipt.index for receipt in client.append([entry(0), entry(9), entry(2)])] == [0, 3, 2]
            with pytest.raises(EntryRefused, match="same id"):
                client.append([b'{"id":"e-0","n":99}'])
            assert client.size == 4


def test_a_tag_file_written_by_the_client_may_be_named(tmp_path: Path, path: Path) -> None:
    with Log.open(tmp_path / "log", SIGNER) as log, served(log, path), LogClient(path, log.directory) as client:
        with client.tag_file() as tags:
            tags.add(bytes(range(32)))
            root, count = tags.seal()
        bulk = json.dumps({"id": "bulk", "tags_root": root, "members": count}).encode()
        assert client.append([bulk])[0].index == 0
        with pytest.raises(EntryRefused, match="tag file"):
            client.append([json.dumps({"tags_root": "0" * 64, "members": 1}).encode()])
    assert (tmp_path / "log" / "tags" / root).read_bytes() == bytes(range(32))


def test_a_checkpoint_follows_by_itself(tmp_path: Path, path: Path) -> None:
    with Log.open(tmp_path / "log", SIGNER) as log, served(log, path), LogClient(path, log.directory) as client:
        client.append([entry(0)])
        wait_for(lambda: PublishedLog(log.directory).size == 1, 1.0)
        client.append([entry(1)])
        wait_for(lambda: PublishedLog(log.directory).size == 2, 1.0)


# -- refusals and bad clients -------------------------------------------------------------------------------------


def test_a_refusal_leaves_the_connection_usable(tmp_path: Path, path: Path) -> None:
    with Log.open(tmp_path / "log", SIGNER) as log, served(log, path), LogClient(path, log.directory) as client:
        with pytest.raises(EntryRefused, match="65535"):
            client.append([bytes(65_536)])
        with pytest.raises(EntryRefused, match="4096"):
            client.append([b""] * 4_097)
        with pytest.raises(EntryRefused, match="at once"):
            client.append([bytes(65_535)] * 65)
        with pytest.raises(EntryRefused):
            client.append([b'{"tags_root":1}'])  # by the log
        assert client.append([bytes(65_535)] * 63)[62].index == 62


BAD = {
    "a kind that is not known": wire.message(Kind.APPENDED, 1, b""),
    "too large": struct.pack(">IBI", wire.MAX_MESSAGE + 1, 1, 1),
    "an entry that is cut": wire.message(Kind.APPEND, 1, b"\0\5four"),
    "half a length": wire.message(Kind.APPEND, 1, b"\0"),
    "no entry": wire.message(Kind.APPEND, 1, b""),
    "too many entries": wire.message(Kind.APPEND, 1, b"\0\0" * 4_097),
    "a question with a body": wire.message(Kind.STATUS, 1, b"?"),
    "noise": b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
}


@pytest.mark.parametrize("said", BAD.values(), ids=BAD.keys())
def test_who_speaks_otherwise_is_cut_and_nobody_else(said: bytes, path: Path) -> None:
    writer = Slow()
    with served(writer, path), LogClient(path, Path()) as client, raw(path) as bad:
        bad.sendall(wire.message(Kind.APPEND, 7, wire.pack_entries([b"good"])))
        assert bad.recv(1)
        bad.sendall(said)
        assert is_cut(bad)
        assert client.append([b"fine"])
        assert writer.entries == [b"good", b"fine"]


def test_a_message_that_never_ends_holds_up_nobody(path: Path) -> None:
    writer = Slow()
    whole = wire.message(Kind.APPEND, 1, wire.pack_entries([bytes(60_000)] * 60))
    with served(writer, path), LogClient(path, Path()) as client, raw(path) as slow, raw(path) as gone:
        gone.sendall(whole[:100_000])
        gone.close()
        slow.sendall(whole[:-1])
        assert client.append([b"fine"])
        slow.sendall(whole[-1:])
        assert slow.recv(1)
    assert len(writer.entries) == 61


def test_a_client_that_does_not_read_is_cut(path: Path) -> None:
    writer = Slow()
    ask = wire.message(Kind.APPEND, 1, wire.pack_entries([b""] * 1_000)) * 10
    with served(writer, path), LogClient(path, Path()) as client, raw(path) as deaf:
        sent = 0
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while sent < 500:
                deaf.sendall(ask)
                sent += 1
        assert sent < 500
        assert client.append([b"fine"])
        assert len(writer.entries) > MAX_UNREAD // 40  # it was patient until then


def test_who_asks_for_many_checkpoints_at_once_is_told_to_wait(path: Path) -> None:
    writer = Slow()
    may_publish = threading.Event()

    def checkpoint() -> str:
        assert may_publish.wait(10)
        return "note\n"

    writer.checkpoint = checkpoint  # type: ignore[method-assign]
    with served(writer, path), LogClient(path, Path()) as other, raw(path) as flood:
        frames = wire.Frames()
        for turn in range(2):  # who waited may ask again
            may_publish.clear()
            flood.sendall(b"".join(wire.message(Kind.CHECKPOINT, number) for number in range(MAX_ASKED + 1_000)))
            found: list[wire.Message] = []
            while len(found) < 1_000:
                found += frames.feed(flood.recv(1 << 20))
            assert [answer.kind for answer in found] == [Kind.BUSY] * 1_000
            assert other.append([b"%d" % turn])  # nobody else is held up
            may_publish.set()
            while len(found) < MAX_ASKED + 1_000:
                found += frames.feed(flood.recv(1 << 20))
            assert [answer.kind for answer in found[1_000:]] == [Kind.PUBLISHED] * MAX_ASKED
        assert other.checkpoint() == "note\n"


def test_answers_of_one_turn_take_no_more_than_may_be_unread(path: Path) -> None:
    class Talkative(Slow):
        """A writer whose state is long; counts how often it is asked for it."""

        asked = 0

        @property
        def vkeys(self) -> list[str]:
            self.asked += 1
            return ["k" * (MAX_UNREAD // 10)]

        @vkeys.setter
        def vkeys(self, vkeys: list[str]) -> None:
            pass

    writer = Talkative()
    with served(writer, path), LogClient(path, Path()) as other, raw(path) as flood:
        flood.sendall(b"".join(wire.message(Kind.STATUS, number) for number in range(1_000)))
        assert is_cut(flood)
        assert writer.asked <= 12
        assert other.append([b"fine"])


def test_beyond_the_queue_it_is_busy_and_nothing_of_that_is_written(path: Path) -> None:
    writer = Slow()
    with served(writer, path), LogClient(path, Path()) as client:
        writer.gate.clear()
        first = client.submit([b"first"])
        waiter = threading.Thread(target=first.wait)
        waiter.start()
        assert writer.waits.wait(5)
        with raw(path) as other:
            for number, count in enumerate((3_000, 2_000, 1_096)):
                other.sendall(wire.message(Kind.APPEND, number, wire.pack_entries([b"%d" % number] * count)))
            writer.gate.set()
            waiter.join(5)
            frames = wire.Frames()
            found: list[wire.Message] = []
            while len(found) < 3:
                found += frames.feed(other.recv(1 << 20))
    assert {answer.number: answer.kind for answer in found} == {0: Kind.APPENDED, 1: Kind.BUSY, 2: Kind.APPENDED}
    assert len(writer.entries) == 1 + 3_000 + 1_096
    assert b"1" not in writer.entries


def test_busy_is_raised_and_temporary(path: Path) -> None:
    writer = Slow()
    with served(writer, path), LogClient(path, Path()) as client:
        full = client.submit([b""] * 4_096)
        with pytest.raises(LogBusy, match="again"):
            client.submit([b"x"])
        full.wait()
        assert client.append([b"x"])[0].index == 4_096
        assert issubclass(LogBusy, LogFailed)  # whoever knows only that lets nothing leave


# -- who may, and where -------------------------------------------------------------------------------------------


def test_the_socket_is_ours_alone(path: Path) -> None:
    with served(Slow(), path):
        assert path.stat().st_mode & 0o777 == 0o600
        with pytest.raises(LogRefused, match="listens"):
            Sequencer(Slow(), path)
        with LogClient(path, Path()) as client:  # the refused one has not taken it away
            assert client.size == 0
    assert not path.exists()


def test_a_stale_socket_is_replaced_and_nothing_else_is(tmp_path: Path, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with served(Slow(), path), LogClient(path, Path()) as client:
        assert client.append([b"x"])
    (tmp_path / "file").write_text("kept")
    (tmp_path / "link").symlink_to(path)
    for other in ("file", "link"):
        with pytest.raises(LogRefused, match="not a socket"):
            Sequencer(Slow(), tmp_path / other)
    with pytest.raises(LogRefused, match="no socket can be made"):
        Sequencer(Slow(), tmp_path / "nowhere" / "s")
    assert (tmp_path / "file").read_text() == "kept"


def test_a_listener_too_busy_to_accept_is_alive(path: Path) -> None:
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind(str(path))
        listener.listen(0)
        for _ in range(3):
            waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(str(path))
        with pytest.raises(LogRefused, match="listens"):
            Sequencer(Slow(), path)


def test_a_deep_folder_is_no_hindrance(tmp_path: Path) -> None:
    path = tmp_path / ("d" * 100) / ("e" * 100) / "s"
    path.parent.mkdir(parents=True)
    with served(Slow(), path), LogClient(path, Path()) as client:
        assert client.append([b"x"])
    assert not path.exists()
    with pytest.raises(LogRefused, match="too long"):
        Sequencer(Slow(), path.parent / ("s" * 100))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_cut(path: Path) -> None:
    with served(Slow(), path):
        path.chmod(0o666)
        path.parent.chmod(0o711)
        script = (
            "import os, socket, sys\nos.chdir(sys.argv[1]); os.setuid(65534)\n"
            "s = socket.socket(socket.AF_UNIX); s.settimeout(5); s.connect('s'); sys.exit(len(s.recv(1)))"
        )
        done = subprocess.run([sys.executable, "-c", script, str(path.parent)], check=False, timeout=20)  # noqa: S603
        assert done.returncode == 0  # the connection was closed at once
        with LogClient(path, Path()) as client:
            assert client.append([b"x"])


# -- failures -----------------------------------------------------------------------------------------------------


def test_a_write_that_fails_ends_it_for_all(path: Path) -> None:
    writer = Slow()
    with served(writer, path) as sequencer, LogClient(path, Path()) as client, LogClient(path, Path()) as other:
        writer.broken = True
        with pytest.raises(LogFailed, match="no disk"):
            client.append([b"x"])
        wait_for(lambda: not path.exists())
        for each in (client, other):
            with pytest.raises(LogFailed):
                each.append([b"y"])
            with pytest.raises(LogFailed):
                each.checkpoint()
        with pytest.raises(LogFailed, match="no sequencer"):
            LogClient(path, Path())
    assert "no disk" in str(sequencer._failure)
    assert writer.entries == []


def test_a_disk_that_fails_in_the_writer_is_no_fault_of_the_client(path: Path) -> None:
    """A writer may have to touch the disk before it queues: that ends the service as any failed write does."""

    class Faulty(Slow):
        submitted = 0

        def submit(self, entries: Sequence[bytes]) -> SlowPending:
            self.submitted += 1
            if entries[0] == b"fails":
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return super().submit(entries)

    writer = Faulty()
    with served(writer, path) as sequencer, raw(path) as client:
        bodies = [[b"before"], [b"fails"], [b"after"]]
        client.sendall(b"".join(wire.message(Kind.APPEND, n, wire.pack_entries(b)) for n, b in enumerate(bodies)))
        found: dict[int, wire.Message] = {}
        frames = wire.Frames()
        while len(found) < len(bodies):
            data = client.recv(1 << 20)
            assert data, "it hung up"
            found |= {answer.number: answer for answer in frames.feed(data)}
        assert [found[number].kind for number in range(3)] == [Kind.FAILED] * 3
        assert b"Input/output error" in found[1].body
        wait_for(lambda: not path.exists())
    assert "Input/output error" in str(sequencer._failure)
    assert (writer.submitted, writer.entries) == (2, [])  # nothing was tried after it


def test_a_disk_that_fails_while_entries_are_written_ends_it_by_name(path: Path) -> None:
    class Faulty(Slow):
        def commit(self) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with served(Faulty(), path) as sequencer, LogClient(path, Path()) as client:
        with pytest.raises(LogFailed, match="Input/output error"):
            client.append([b"x"])
        wait_for(lambda: not path.exists())
    assert "Input/output error" in str(sequencer._failure)


def test_publishing_that_fails_ends_it(path: Path) -> None:
    writer = Slow()

    def fails() -> str:
        raise RuntimeError("a bug")

    writer.checkpoint = fails  # type: ignore[method-assign]
    with served(writer, path) as sequencer, LogClient(path, Path()) as client:
        client.append([b"x"])
        wait_for(lambda: not path.exists())
        with pytest.raises(LogFailed):
            client.append([b"y"])
    assert "RuntimeError" in str(sequencer._failure)


def test_a_lost_connection_is_final_for_every_thread(path: Path) -> None:
    writer = Slow()
    outcomes: queue.Queue[type[BaseException] | None] = queue.Queue()

    def append(client: LogClient) -> None:
        try:
            client.append([b"x"])
        except LogFailed:
            outcomes.put(LogFailed)
        else:
            outcomes.put(None)

    with served(writer, path), LogClient(path, Path()) as client:
        writer.gate.clear()
        threads = [threading.Thread(target=append, args=(client,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(client._connection._flying) == 8)
        client._connection._socket.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join(5)
        writer.gate.set()
        assert [outcomes.get(timeout=1) for _ in threads] == [LogFailed] * 8
        with pytest.raises(LogFailed):
            client.tag_file()


def test_patience_ends(path: Path) -> None:
    writer = Slow()
    with served(writer, path), LogClient(path, Path(), patience=0.1) as client:
        time.sleep(0.2)  # nobody waits: that is no silence
        assert client.append([b"x"])
        writer.gate.clear()
        with pytest.raises(LogFailed, match="does not answer"):
            client.append([b"y"])
        writer.gate.set()


def test_a_client_is_not_shared_by_processes(path: Path) -> None:
    with served(Slow(), path), LogClient(path, Path()) as client:
        client._connection._process += 1  # as after a fork
        with pytest.raises(LogFailed, match="process"):
            client.append([b"x"])
        client._connection._process -= 1
        assert client.append([b"x"])


# -- as a process -------------------------------------------------------------------------------------------------


def test_a_child_serves_and_ends_cleanly(tmp_path: Path, path: Path) -> None:
    keys = {**KEYS, "ml_dsa_seed": secrets.token_hex(32)}
    with start_sequencer(tmp_path / "log", path, keys) as child:
        assert (child.origin, child.vkeys[0], len(child.vkeys)) == ("log.example/test", SIGNER.vkey, 2)
        arguments = Path(f"/proc/{child.pid}/cmdline").read_bytes() + Path(f"/proc/{child.pid}/environ").read_bytes()
        assert keys["seed"].encode() not in arguments
        with LogClient(path, tmp_path / "log") as client:
            client.append([entry(0)])
            with pytest.raises(LogRefused, match=r"in use|another"):
                start_sequencer(tmp_path / "log", tmp_path / "second", keys)
            client.append([entry(1)])
        with pytest.raises(LogRefused):
            Log.open(tmp_path / "log", Signer("log.example/test", bytes(32)))
    assert child.poll() == 0
    assert PublishedLog(tmp_path / "log", Policy.of(child.vkeys)).size == 2


def test_a_child_that_cannot_serve_says_why(tmp_path: Path, path: Path) -> None:
    for keys in ({}, {**KEYS, "seed": "00"}, {**KEYS, "seed": "x"}, {**KEYS, "origin": "a b"}, {**KEYS, "more": 1}):
        with pytest.raises(LogRefused, match="key"):
            start_sequencer(tmp_path / "log", path, keys)
    with pytest.raises(LogRefused, match="did not come"):
        start_child(["-c", "pass"], path, b"")


def test_sigterm_writes_what_was_taken(tmp_path: Path, path: Path) -> None:
    child = start_sequencer(tmp_path / "log", path, KEYS, interval=60)
    with child, LogClient(path, tmp_path / "log") as client:
        client.append([entry(0)])
        child.process.terminate()
        assert child.process.wait(10) == 0
        with pytest.raises(LogFailed):
            client.append([entry(1)])
    assert PublishedLog(tmp_path / "log").size == 1


def test_a_sequencer_that_was_stopped_goes_on(tmp_path: Path, path: Path) -> None:
    with start_sequencer(tmp_path / "log", path, KEYS) as child, LogClient(path, tmp_path / "log") as client:
        os.kill(child.pid, signal.SIGSTOP)
        found: queue.Queue[list[Receipt]] = queue.Queue()
        threads = [threading.Thread(target=lambda n=n: found.put(client.append([entry(n)]))) for n in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        assert found.empty()
        os.kill(child.pid, signal.SIGCONT)
        for thread in threads:
            thread.join(10)
        assert sorted(found.get(timeout=1)[0].index for _ in threads) == [0, 1, 2, 3]


def test_hammer_two_clients_with_threads_and_every_receipt_holds(tmp_path: Path, path: Path) -> None:
    receipts: list[tuple[bytes, Receipt]] = []

    def work(client: LogClient, name: str) -> None:
        for number in range(0, 120, 3):
            entries = [entry(number + step, name) for step in range(random.Random(number).randint(1, 3))]  # noqa: S311
            receipts.extend(zip(entries, client.append(entries), strict=True))

    with (
        start_sequencer(tmp_path / "log", path, KEYS, interval=0.02),
        LogClient(path, tmp_path / "log") as one,
        LogClient(path, tmp_path / "log") as two,
    ):
        threads = [threading.Thread(target=work, args=((one, two)[n % 2], f"t{n}")) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        note = one.checkpoint()
    log = PublishedLog(tmp_path / "log")
    checkpoint = Checkpoint.parse(parse_note(note)[0])
    assert sorted(receipt.index for _, receipt in receipts) == list(range(checkpoint.size))
    for written, receipt in receipts:
        assert log.entry(receipt.index) == written
        proof = log.inclusion(receipt.index, checkpoint.size)
        merkle.verify_inclusion(receipt.leaf_hash, receipt.index, checkpoint.size, proof, checkpoint.root)


def _stream(client: LogClient, name: str, acked: list[tuple[bytes, Receipt]]) -> None:
    """Append until the sequencer dies, several in flight."""
    with contextlib.suppress(LogFailed):
        for number in range(10**6):
            flying = [
                (entry(number * 4 + step, name), client.submit([entry(number * 4 + step, name)])) for step in (0, 1)
            ]
            for written, pending in flying:
                acked.append((written, pending.wait()[0]))


def _killed(child: SequencerProcess, folder: Path, name: str) -> list[tuple[bytes, Receipt]]:
    acked: list[list[tuple[bytes, Receipt]]] = [[] for _ in range(4)]
    with LogClient(child.socket, folder) as one, LogClient(child.socket, folder) as two:
        threads = [threading.Thread(target=_stream, args=((one, two)[n % 2], f"{name}{n}", acked[n])) for n in range(4)]
        for thread in threads:
            thread.start()
        wait_for(lambda: all(len(each) > 20 for each in acked))
        child.process.kill()
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive()
    return [pair for each in acked for pair in each]


def test_kill_loses_nothing_that_was_acknowledged(tmp_path: Path, path: Path) -> None:
    acked: list[tuple[bytes, Receipt]] = []
    for turn in range(3):
        child = start_sequencer(tmp_path / "log", path, KEYS, interval=0.02)
        acked += _killed(child, tmp_path / "log", f"k{turn}-")
        child.stop()
        assert child.poll() == -signal.SIGKILL
    with start_sequencer(tmp_path / "log", path, KEYS) as child, LogClient(path, tmp_path / "log") as client:
        assert client.append([acked[-1][0]]) == [acked[-1][1]]  # sent again after the crash
    log = PublishedLog(tmp_path / "log")
    assert len({receipt.index for _, receipt in acked}) == len(acked) > 240
    for written, receipt in acked:
        assert log.entry(receipt.index) == written
        assert merkle.leaf_hash(written) == receipt.leaf_hash
