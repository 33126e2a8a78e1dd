"""The log: what is acknowledged stays, what is published cannot change, and a log that cannot be written says so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import audit
from audit import merkle
from audit.testing import ephemeral_log

SIGNER = audit.Signer("log.example/test", bytes(32))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log"


def filled(folder: Path, groups: int = 3, each: int = 2) -> list[bytes]:
    entries = [b'{"n":%d}' % number for number in range(groups * each)]
    with audit.Log.open(folder, SIGNER) as log:
        for start in range(0, len(entries), each):
            log.append(entries[start : start + each])
    return entries


def test_entries_come_back_with_receipts_and_proofs() -> None:
    with ephemeral_log() as log:
        receipts = log.append([b"one", b"", b"three"])
        assert [r.index for r in receipts] == [0, 1, 2]
        assert receipts[1] == audit.Receipt(1, merkle.leaf_hash(b""), log.origin)
        assert list(log.entries()) == [b"one", b"", b"three"]
        assert list(log.entries(1, 2)) == [b""]
        assert log.entry(2) == b"three"
        audit.verify_inclusion(receipts[2].leaf_hash, 2, 3, log.inclusion(2, 3), log.root)
        assert log.append([]) == []


def test_a_reopened_log_goes_on(folder: Path) -> None:
    entries = filled(folder)
    with audit.Log.open(folder, SIGNER) as log:
        assert list(log.entries()) == entries
        assert log.append([b"more"])[0].index == len(entries)
    assert audit.verify_directory(folder, SIGNER.vkey).size == len(entries) + 1


def test_threads_share_the_log_and_every_receipt_is_true() -> None:
    with ephemeral_log() as log:
        receipts: dict[bytes, audit.Receipt] = {}

        def work(thread: int) -> None:
            for number in range(40):
                entry = b"%d/%d" % (thread, number)
                receipts[entry] = log.append([entry])[0]

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert log.size == 320
        assert all(log.entry(receipt.index) == entry for entry, receipt in receipts.items())
        log.checkpoint()
        assert audit.verify_directory(log.directory, log.vkey).size == 320


def test_an_entry_has_at_most_65535_bytes() -> None:
    with ephemeral_log() as log:
        log.append([b"x" * 65_535])
        with pytest.raises(audit.EntryRefused, match="65535"):
            log.append([b"ok", b"x" * 65_536])
        assert log.size == 1


def test_a_second_writer_is_refused(folder: Path) -> None:
    with audit.Log.open(folder, SIGNER), pytest.raises(audit.LogRefused, match="open in another"):
        audit.Log.open(folder, SIGNER)


def test_another_key_is_refused(folder: Path) -> None:
    filled(folder)
    with pytest.raises(audit.LogRefused, match="another key"):
        audit.Log.open(folder, audit.Signer("log.example/test", bytes(range(32))))


@pytest.mark.parametrize("name", ["vkey", "checkpoint", "journal"])
def test_a_missing_file_is_refused(folder: Path, name: str) -> None:
    filled(folder)
    (folder / name).unlink()
    with pytest.raises(audit.LogRefused, match=f"{name}.*copy"):
        audit.Log.open(folder, SIGNER)
    assert not (folder / name).exists()


def test_a_crash_while_the_log_is_made_leaves_one_that_opens(folder: Path) -> None:
    with audit.Log.open(folder, SIGNER):
        pass
    for gone in ([], ["journal"], ["journal", "tags"], ["journal", "checkpoint"], ["journal", "checkpoint", "vkey"]):
        for name in gone:
            shutil.rmtree(folder / name) if name == "tags" else (folder / name).unlink()
        (folder / ".journal.new").write_bytes(b"half")
        with audit.Log.open(folder, SIGNER) as log:
            assert log.size == 0
        assert audit.verify_directory(folder, SIGNER.vkey).size == 0


# -- failures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["fdatasync", "pwrite"])
def test_after_a_failed_write_nothing_is_acknowledged_or_tried_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    log = audit.Log.open(folder, SIGNER)
    log.append([b"kept"])
    calls = []

    def fail(*_arguments: object) -> int:
        calls.append(1)
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(audit.LogFailed, match="Input/output"):
            log.append([b"lost"])
    for action in (lambda: log.append([b"later"]), log.checkpoint, log.tag_file):
        with pytest.raises(audit.LogFailed):
            action()
    assert len(calls) == 1
    assert log.size == 1
    checkpoint = (folder / "checkpoint").read_bytes()
    log.close()
    assert (folder / "checkpoint").read_bytes() == checkpoint
    with audit.Log.open(folder, SIGNER) as again:
        assert again.entry(0) == b"kept"


def test_all_that_wait_hear_of_a_failed_sync(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with audit.Log.open(folder, SIGNER) as log:
        pending = [log.submit([b"a"]), log.submit([b"b"])]
        monkeypatch.setattr(os, "fdatasync", lambda _handle: (_ for _ in ()).throw(OSError(28, "No space left")))
        for one in pending:
            with pytest.raises(audit.LogFailed, match="No space"):
                one.wait()


def test_a_full_disk_at_the_checkpoint_fails_the_log(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = audit.Log.open(folder, SIGNER)
    log.append([b"kept"])
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", lambda _handle: (_ for _ in ()).throw(OSError(28, "No space left")))
        with pytest.raises(audit.LogFailed):
            log.checkpoint()
    with pytest.raises(audit.LogFailed):
        log.append([b"later"])
    log.close()
    with audit.Log.open(folder, SIGNER) as again:
        assert list(again.entries()) == [b"kept"]


def test_nothing_is_acknowledged_before_the_sync_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    frozen, thaw = threading.Event(), threading.Event()
    real = os.fdatasync

    def freeze(handle: int) -> None:
        frozen.set()
        assert thaw.wait(10)
        real(handle)

    with ephemeral_log() as log:
        acknowledged = threading.Event()
        monkeypatch.setattr(os, "fdatasync", freeze)
        thread = threading.Thread(target=lambda: (log.append([b"x"]), acknowledged.set()))
        thread.start()
        assert frozen.wait(10)
        assert not acknowledged.wait(0.05)
        assert log.size == 0
        thaw.set()
        thread.join(10)
        assert acknowledged.is_set()


def test_a_closed_log_takes_nothing(folder: Path) -> None:
    log = audit.Log.open(folder, SIGNER)
    log.close()
    log.close()
    with pytest.raises(audit.LogFailed, match="closed"):
        log.append([b"late"])


# -- recovery -----------------------------------------------------------------------------------------------------


def crashed(folder: Path) -> tuple[list[bytes], int, int]:
    """A log with 4 published entries, 2 acknowledged ones, and a torn third group; (entries, sizes of the journal)."""
    entries = [b"entry %d" % number for number in range(9)]
    log = audit.Log.open(folder, SIGNER)
    log.append(entries[:4])
    log.checkpoint()
    log.append(entries[4:6])
    acknowledged = (folder / "journal").stat().st_size
    log.append(entries[6:])
    whole = (folder / "journal").stat().st_size
    saved = folder.with_name("saved")
    shutil.copytree(folder, saved)
    log.close()
    shutil.rmtree(folder)
    saved.rename(folder)
    return entries, acknowledged, whole


def restored(folder: Path, to: Path) -> Path:
    if to.exists():
        shutil.rmtree(to)
    shutil.copytree(folder, to)
    return to


def test_a_journal_cut_at_any_byte_behind_an_acknowledgement_keeps_what_was_acknowledged(folder: Path) -> None:
    entries, acknowledged, whole = crashed(folder)
    copy = folder.with_name("copy")
    for size in range(acknowledged, whole + 1):
        os.truncate(restored(folder, copy) / "journal", size)
        with audit.Log.open(copy, SIGNER) as log:
            kept = list(log.entries())
            assert kept[:6] == entries[:6]
            assert kept == entries[: len(kept)]
            log.append([b"next"])
        assert audit.verify_directory(copy, SIGNER.vkey) == audit.Verified(
            len(kept) + 1, merkle_root([*kept, b"next"]), 0, 0
        )


def merkle_root(entries: list[bytes]) -> bytes:
    tree = merkle.Accumulator()
    tree.extend(merkle.leaf_hashes(entries))
    return tree.root()


def test_a_torn_group_of_any_bytes_is_cut(folder: Path) -> None:
    entries, acknowledged, whole = crashed(folder)
    copy = folder.with_name("copy")
    data = (folder / "journal").read_bytes()
    for at in range(acknowledged, whole):  # a sector that never reached the disk
        torn = data[:at] + bytes(len(data[at : at + 8])) + data[at + 8 :]
        (restored(folder, copy) / "journal").write_bytes(torn)
        with audit.Log.open(copy, SIGNER) as log:
            assert list(log.entries())[:6] == entries[:6]


def test_a_journal_shorter_than_the_checkpoint_is_refused(folder: Path) -> None:
    entries = filled(folder)
    copy = folder.with_name("copy")
    for size in range((folder / "journal").stat().st_size):
        os.truncate(restored(folder, copy) / "journal", size)
        with pytest.raises(audit.LogRefused):
            audit.Log.open(copy, SIGNER)
        assert (copy / "journal").stat().st_size == size  # and left as it was
    assert len(entries) == 6


def test_a_journal_that_differs_from_the_checkpoint_is_refused(folder: Path) -> None:
    filled(folder)
    other = folder.with_name("other")
    with audit.Log.open(other, SIGNER) as log:
        log.append([b"rewritten"] * 6)
    shutil.copy(other / "journal", folder / "journal")
    with pytest.raises(audit.LogRefused, match="not those that were published"):
        audit.Log.open(folder, SIGNER)


def test_damage_to_an_acknowledged_entry_is_not_taken_for_a_torn_tail(folder: Path) -> None:
    _, acknowledged, _ = crashed(folder)
    data = bytearray((folder / "journal").read_bytes())
    data[acknowledged - 1] ^= 1  # in entry 5; the group behind it was written after it was acknowledged
    (folder / "journal").write_bytes(data)
    with pytest.raises(audit.LogRefused, match=r"entry 5 .*later entries follow"):
        audit.Log.open(folder, SIGNER)
    assert (folder / "journal").read_bytes() == data


WRITER = """
import sys
from pathlib import Path
import audit
log = audit.Log.open(Path(sys.argv[1]), audit.Signer("log.example/test", bytes(32)))
for number in range(log.size, 10**6):
    log.append([b"entry %d" % number])
    print(number, flush=True)
    if number % 7 == 0:
        log.checkpoint()
"""


def test_a_killed_process_loses_nothing_that_it_had_acknowledged(folder: Path) -> None:
    acknowledged = -1
    for round_ in range(4):
        with subprocess.Popen(  # noqa: S603 - our own interpreter and text
            [sys.executable, "-c", WRITER, str(folder)], cwd=Path(audit.__file__).parents[1], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            for _ in range(30 + 11 * round_):
                acknowledged = int(writer.stdout.readline())
            writer.kill()
            acknowledged = max([acknowledged, *map(int, writer.stdout.read().splitlines())])
        with audit.Log.open(folder, SIGNER) as log:
            assert log.size > acknowledged
            assert list(log.entries()) == [b"entry %d" % number for number in range(log.size)]
        assert audit.verify_directory(folder, SIGNER.vkey).size > acknowledged


# -- the log against a list -----------------------------------------------------------------------------------------


class LogMachine(RuleBasedStateMachine):
    """Any order of appends, checkpoints, reopenings and crashes behaves as a list that only grows."""

    def __init__(self) -> None:
        super().__init__()
        self.context = ephemeral_log()
        self.first = self.context.__enter__()
        self.folder = self.first.directory.with_name("machine")
        self.log = audit.Log.open(self.folder, SIGNER)
        self.model: list[bytes] = []
        self.checkpoints: list[audit.Checkpoint] = []

    @rule(entries=st.lists(st.binary(max_size=20).filter(lambda e: b"tags" not in e), max_size=5))
    def append(self, entries: list[bytes]) -> None:
        receipts = self.log.append(entries)
        assert [r.index for r in receipts] == list(range(len(self.model), len(self.model) + len(entries)))
        self.model += entries

    @rule()
    def publish(self) -> None:
        self.checkpoints.append(audit.Checkpoint.verify(self.log.checkpoint(), SIGNER.vkey))

    @rule()
    def reopen(self) -> None:
        self.log.close()
        assert audit.verify_directory(self.folder, SIGNER.vkey).size == len(self.model)
        self.log = audit.Log.open(self.folder, SIGNER)

    @rule(torn=st.binary(max_size=40))
    def crash(self, torn: bytes) -> None:
        state = self.folder.with_name("state")
        shutil.copytree(self.folder, state)
        self.log.close()
        shutil.rmtree(self.folder)
        state.rename(self.folder)
        with (self.folder / "journal").open("ab") as journal:
            journal.write(torn)
        self.log = audit.Log.open(self.folder, SIGNER)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def prove(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.model) - 1))
        proof = self.log.inclusion(index, self.log.size)
        audit.verify_inclusion(merkle.leaf_hash(self.model[index]), index, self.log.size, proof, self.log.root)

    @invariant()
    def agrees(self) -> None:
        assert list(self.log.entries()) == self.model
        assert self.log.root == merkle_root(self.model)
        for old in self.checkpoints:
            proof = self.log.consistency(old.size, self.log.size)
            audit.verify_consistency(old.size, old.root, self.log.size, self.log.root, proof)

    def teardown(self) -> None:
        self.log.close()
        self.context.__exit__(None, None, None)


TestLogMachine = LogMachine.TestCase
TestLogMachine.settings = settings(
    max_examples=15, stateful_step_count=12, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_reading_needs_little_memory_and_crosses_chunks(folder: Path) -> None:
    entries = [bytes([number % 251]) * 60_000 for number in range(150)]  # 9 MB, more than two chunks
    with audit.Log.open(folder, SIGNER) as log:
        log.append(entries)
        walk: Iterator[bytes] = log.entries(3)
        assert next(walk) == entries[3]
        assert list(log.entries()) == entries
    with audit.Log.open(folder, SIGNER) as log:
        assert log.size == 150
    assert audit.verify_directory(folder).size == 150
