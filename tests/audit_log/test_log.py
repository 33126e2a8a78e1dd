"""The log: what is acknowledged stays, what is published cannot change, and a log that cannot be written says so."""

from __future__ import annotations

import datetime as dt
import errno
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import audit
from audit import format as layout
from audit import grouping, journal, log, merkle
from audit.disk import Disk
from audit.grouping import Known
from audit.note import parse_note
from audit.policy import Policy
from tests.crash import scratch

NAME = "log.example.org/test"
SIGNER = audit.Signer(NAME, bytes(32))
OTHER = audit.Signer(NAME, bytes(range(32)))


class FaultyDisk(Disk):
    """A disk on which the operation ``failing`` fails, every time, until it is mended."""

    def __init__(self, number: int = errno.EIO) -> None:
        self.failing = ""
        self.failed = 0
        self._error = OSError(number, os.strerror(number))

    def _may_fail(self, name: str) -> None:
        if name == self.failing:
            self.failed += 1
            raise self._error

    def write(self, handle: int, data: bytes | memoryview, at: int) -> None:
        self._may_fail("write")
        super().write(handle, data, at)

    def sync(self, handle: int) -> None:
        self._may_fail("sync")
        super().sync(handle)

    def sync_data(self, handle: int) -> None:
        self._may_fail("sync_data")
        super().sync_data(handle)

    def replace(self, old: Path, new: Path) -> None:
        self._may_fail("replace")
        super().replace(old, new)

    def sync_folder(self, path: Path) -> None:
        self._may_fail("sync_folder")
        super().sync_folder(path)


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch() as name:
        yield Path(name) / "log"


def lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock.sqlite")


def copied(folder: Path, name: str) -> Path:
    """Copy a log with its lock store: what a crash at this moment leaves, as far as the processes go."""
    to = folder.with_name(name)
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(folder, to)
    shutil.copy(lock_of(folder), lock_of(to))
    return to


def filled(folder: Path, groups: int = 3, each: int = 2) -> list[bytes]:
    entries = [b'{"n":%d}' % number for number in range(groups * each)]
    with audit.Log.open(folder, SIGNER) as opened:
        for start in range(0, len(entries), each):
            opened.append(entries[start : start + each])
    return entries


def published(folder: Path) -> list[bytes]:
    audit.verify_directory(folder)
    return list(audit.PublishedLog(folder).entries())


def merkle_root(entries: list[bytes]) -> bytes:
    tree = merkle.Accumulator()
    tree.extend(merkle.leaf_hashes(entries))
    return tree.root()


# -- appending ----------------------------------------------------------------------------------------------------


def test_entries_come_back_with_receipts_and_proofs(folder: Path) -> None:
    with audit.Log.open(folder, SIGNER) as opened:
        receipts = opened.append([b"one", b"", b"three"])
        assert [receipt.index for receipt in receipts] == [0, 1, 2]
        assert receipts[1] == audit.Receipt(1, merkle.leaf_hash(b""), opened.origin)
        assert opened.append([]) == []
        opened.checkpoint()
        reader = audit.PublishedLog(opened.directory)
        assert list(reader.entries()) == [b"one", b"", b"three"]
        assert reader.root == opened.root
        reader.prove(2).verify(b"three", Policy.of(opened.vkeys))


def test_a_reopened_log_goes_on(folder: Path) -> None:
    entries = filled(folder)
    with audit.Log.open(folder, SIGNER) as opened:
        assert (opened.size, opened.root) == (len(entries), merkle_root(entries))
        assert opened.append([b"more"])[0].index == len(entries)
    assert published(folder) == [*entries, b"more"]


def test_threads_share_groups_and_every_receipt_is_true(folder: Path) -> None:
    receipts: dict[bytes, audit.Receipt] = {}
    with audit.Log.open(folder, SIGNER) as opened:

        def work(thread: int) -> None:
            for number in range(40):
                entry = b"%d/%d" % (thread, number)
                receipts[entry] = opened.append([entry])[0]

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert opened.size == 320
    entries = published(folder)
    assert len(entries) == 320
    assert all(entries[receipt.index] == entry for entry, receipt in receipts.items())
    assert all(receipt.leaf_hash == merkle.leaf_hash(entry) for entry, receipt in receipts.items())


def test_what_waits_together_is_one_sync_in_the_order_of_the_calls(folder: Path) -> None:
    disk = FaultyDisk()
    with audit.Log.open(folder, SIGNER, audit.Surroundings(disk=disk)) as opened:
        opened.append([b"the first segment is there"])
        disk.failing = "replace"  # a group needs no other operation than write and sync_data
        pending = [opened.submit([b"%d" % number, b"+"]) for number in range(5)]
        assert opened.size == 1
        assert [receipt.index for receipt in pending[3].wait()] == [7, 8]
        assert opened.size == 11
        assert [receipt.index for receipt in pending[0].wait()] == [1, 2]
        disk.failing = ""


def test_an_entry_has_at_most_65535_bytes(folder: Path) -> None:
    with audit.Log.open(folder, SIGNER) as opened:
        opened.append([b"x" * 65_535])
        with pytest.raises(audit.EntryRefused, match="65535"):
            opened.append([b"ok", b"x" * 65_536])
        assert opened.size == 1
    assert published(folder) == [b"x" * 65_535]


def test_a_submission_larger_than_a_group_crosses_segments(folder: Path) -> None:
    entries = [bytes([number % 251]) * 60_000 for number in range(150)]  # 9 MB, three groups
    with audit.Log.open(folder, SIGNER) as opened:
        opened.append([b"small"])
        assert [receipt.index for receipt in opened.append(entries)] == list(range(1, 151))
    assert len(list((folder / "journal").glob("0*"))) > 1
    assert published(folder) == [b"small", *entries]
    with audit.Log.open(folder, SIGNER) as opened:
        assert opened.root == merkle_root([b"small", *entries])


def test_an_entry_sent_again_is_not_written_again(folder: Path) -> None:
    first, second = b'{"id":"a","n":1}', b'{"id":"b"}'
    with audit.Log.open(folder, SIGNER) as opened:
        receipt = opened.append([first])[0]
        assert opened.append([second, first]) == [audit.Receipt(1, merkle.leaf_hash(second), NAME), receipt]
        assert opened.append([b"no id"])[0].index + 1 == opened.append([b"no id"])[0].index
        twice = [opened.submit([b'{"id":"c"}']), opened.submit([b'{"id":"c"}'])]
        assert twice[0].wait() == twice[1].wait()
    with audit.Log.open(folder, SIGNER) as opened:
        assert opened.append([first]) == [receipt]
        assert opened.size == 5


def test_an_id_belongs_to_one_entry(folder: Path) -> None:
    with audit.Log.open(folder, SIGNER) as opened:
        opened.append([b'{"id":"a","n":1}'])
        with pytest.raises(audit.EntryRefused, match="same id"):
            opened.append([b"innocent", b'{"id":"a","n":2}'])
        with pytest.raises(audit.EntryRefused, match="same id"):
            opened.append([b'{"id":"b","n":1}', b'{"id":"b","n":1}'])
        good, bad = opened.submit([b'{"id":"d"}']), opened.submit([b'{"id":"d","n":2}'])
        assert good.wait()[0].index == 1
        with pytest.raises(audit.EntryRefused, match="same id"):
            bad.wait()
        assert opened.size == 2


@given(st.lists(st.integers(0, 9), max_size=40), st.lists(st.integers(0, 9), max_size=20), st.integers(1, 6))
def test_the_last_entries_are_known(earlier: list[int], later: list[int], limit: int) -> None:
    """As in a list of those whose id was not known when they came, of which as many as the limit are left."""

    def filled(ids: list[int], start: int) -> Known:
        known = Known(limit)
        for index, number in enumerate(ids, start):
            if known.get(str(number)) is None:
                known.add(str(number), audit.Receipt(index, bytes(32), NAME))
        return known

    def naive(ids: list[int], start: int) -> list[tuple[int, int]]:
        kept: list[tuple[int, int]] = []
        for index, number in enumerate(ids, start):
            if number not in {other for other, _ in kept}:
                kept = [*kept, (number, index)][-limit:]
        return kept

    before, after = naive(earlier, 0), naive(later, 100)
    model = [pair for pair in before if pair[0] not in dict(after)] + after
    known = filled(later, 100)
    known.follow(filled(earlier, 0))
    for number in range(10):
        found, expected = known.get(str(number)), dict(model[-limit:]).get(number)
        assert (found and found.index) == expected
    assert known.get(None) is None


def test_an_id_that_is_forgotten_while_it_waits_is_not_written_again() -> None:
    known = Known(1)
    known.add("a", audit.Receipt(0, merkle.leaf_hash(b'{"id":"a"}'), NAME))
    again = audit.Pending([b'{"id":"a"}'], lambda _pending: [])
    assert again.recall(known) == []
    known.add("b", audit.Receipt(1, bytes(32), NAME))  # a group of others was written first
    group = grouping.Group(2, NAME, known)
    group.add(again)
    assert group.entries == []
    assert [receipt.index for _, receipts in group.receipts for receipt in receipts] == [0]


def test_a_full_queue_says_so_and_takes_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "MAX_WAITING", 4)
    with audit.Log.open(folder, SIGNER) as opened:
        taken = opened.submit([b"1", b"2", b"3", b"4", b"5"])  # alone it may be larger
        with pytest.raises(audit.LogBusy, match="again"):
            opened.submit([b"6"])
        assert len(taken.wait()) == 5
        assert opened.append([b"6"])[0].index == 5


def test_a_closed_log_takes_nothing_and_writes_what_waits(folder: Path) -> None:
    opened = audit.Log.open(folder, SIGNER)
    waiting = opened.submit([b"in time"])
    opened.close()
    opened.close()
    assert waiting.wait()[0].index == 0
    with pytest.raises(audit.LogFailed, match="closed"):
        opened.append([b"late"])
    with pytest.raises(audit.LogFailed, match="closed"):
        opened.checkpoint()
    assert published(folder) == [b"in time"]


def test_nothing_is_acknowledged_before_the_sync_returns(folder: Path) -> None:
    frozen, thaw = threading.Event(), threading.Event()

    class Frozen(Disk):
        def sync_data(self, handle: int) -> None:
            frozen.set()
            assert thaw.wait(10)
            super().sync_data(handle)

    with audit.Log.open(folder, SIGNER, audit.Surroundings(disk=Frozen())) as opened:
        outcomes: list[object] = []

        def wait_for(pending: audit.Pending) -> None:
            try:
                outcomes.append(pending.wait()[0].index)
            except audit.AuditError as error:
                outcomes.append(error)

        pending = [opened.submit([b"%d" % number]) for number in range(2)]
        threads = [threading.Thread(target=wait_for, args=(one,)) for one in pending]
        threads[0].start()
        assert frozen.wait(10)
        threads[1].start()  # the other thread writes for it
        threads[1].join(0.05)
        assert not outcomes
        assert opened.size == 0
        thaw.set()
        for thread in threads:
            thread.join(10)
        assert sorted(map(str, outcomes)) == ["0", "1"]


# -- who may open it ------------------------------------------------------------------------------------------------


def test_a_second_writer_is_refused(folder: Path) -> None:
    with audit.Log.open(folder, SIGNER), pytest.raises(audit.LogRefused, match="open in another"):
        audit.Log.open(folder, SIGNER)
    with audit.Log.open(folder, SIGNER) as again:
        again.append([b"the refusal fenced nobody"])


def test_another_key_is_refused(folder: Path) -> None:
    entries = filled(folder)
    with pytest.raises(audit.LogRefused, match="another key"):
        audit.Log.open(folder, OTHER)
    assert published(folder) == entries


def test_keys_rotate_with_an_overlap(folder: Path) -> None:
    entries = filled(folder)
    both = audit.Signer(NAME, bytes(range(32)), ml_dsa_seed=bytes(32), retiring=[SIGNER])
    alone = audit.Signer(NAME, bytes(range(32)), ml_dsa_seed=bytes(32))
    with pytest.raises(audit.LogRefused, match="another key"):
        audit.Log.open(folder, alone)
    for signer in (both, alone):
        with audit.Log.open(folder, signer) as opened:
            entries.append(b"entry %d" % opened.size)
            opened.append(entries[-1:])
        assert published(folder) == entries
        assert audit.PublishedLog(folder).policy == Policy.of(signer.vkeys)
        holders_of_the_old_key = Policy.of([SIGNER.vkey])
        if signer is both:
            assert holders_of_the_old_key.check(audit.PublishedLog(folder).note).size == len(entries)
        else:
            with pytest.raises(audit.VerificationFailed):
                holders_of_the_old_key.check(audit.PublishedLog(folder).note)
    with pytest.raises(audit.LogRefused, match="another key"):
        audit.Log.open(folder, SIGNER)


@pytest.mark.parametrize("edit", [lambda text: f"# kept\n{text}", lambda text: text.replace("quorum", "quorum ")])
def test_a_policy_file_in_another_form_is_put_right(folder: Path, edit: Callable[[str], str]) -> None:
    entries = filled(folder)
    whole = (folder / "policy").read_text()
    (folder / "policy").write_text(edit(whole))
    with pytest.raises(audit.VerificationFailed, match="canonical"):
        published(folder)
    audit.Log.open(folder, SIGNER).close()
    assert (folder / "policy").read_text() == whole
    assert published(folder) == entries


@pytest.mark.parametrize("name", ["policy", "checkpoint", "journal", "journal/00000000000000000000"])
def test_what_is_missing_is_refused_with_a_remedy(folder: Path, name: str) -> None:
    filled(folder)
    path = folder / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(audit.LogRefused, match=f"{name.partition('/')[0]}.*copy"):
        audit.Log.open(folder, SIGNER)


def test_a_lock_store_that_is_missing_is_refused_with_a_remedy(folder: Path) -> None:
    filled(folder)
    lock_of(folder).unlink()
    with pytest.raises(audit.LogRefused, match=r"lock store: .*6 entries.*restore"):
        audit.Log.open(folder, SIGNER)
    (folder / "checkpoint").unlink()
    with pytest.raises(audit.LogRefused, match=r"lock store.*restore"):
        audit.Log.open(folder, SIGNER)


def test_a_lock_store_that_is_no_database_is_refused(folder: Path) -> None:
    filled(folder)
    lock_of(folder).write_bytes(b"no database" * 100)
    with pytest.raises(audit.LogRefused, match="lock store"):
        audit.Log.open(folder, SIGNER)


def test_a_log_put_back_from_an_old_copy_is_refused_and_left_as_it_was(folder: Path) -> None:
    filled(folder)
    old = copied(folder, "old")
    with audit.Log.open(folder, SIGNER) as opened:
        opened.append([b"newer"])
    shutil.copy(lock_of(folder), lock_of(old))  # the store was not put back with it
    with pytest.raises(audit.LogRefused, match="6 whole entries, and 7 were published"):
        audit.Log.open(old, SIGNER)
    assert len(published(old)) == 6


def test_an_old_lock_store_is_refused(folder: Path) -> None:
    filled(folder)
    old = copied(folder, "old")
    with audit.Log.open(folder, SIGNER) as opened:
        opened.append([b"newer"])
    shutil.copy(lock_of(old), lock_of(folder))
    with pytest.raises(audit.LogRefused, match="older than the checkpoint"):
        audit.Log.open(folder, SIGNER)


def test_of_two_copies_only_one_publishes(folder: Path) -> None:
    filled(folder)
    copy = copied(folder, "copy")
    around = audit.Surroundings(lock=lock_of(folder))
    first = audit.Log.open(folder, SIGNER, around)
    first.append([b"the one"])
    second = audit.Log.open(copy, SIGNER, around)
    second.append([b"the other"])
    second.checkpoint()
    with pytest.raises(audit.LogFailed, match="another writer"):
        first.checkpoint()
    with pytest.raises(audit.LogFailed):
        first.append([b"more"])
    first.close()
    second.close()
    assert published(copy)[-1] == b"the other"
    assert len(list(audit.PublishedLog(folder).entries())) == 6


def test_a_pruned_log_takes_no_entries(folder: Path) -> None:
    filled(folder)
    (folder / "minimum").write_bytes(b'{"minimum":1,"policy":"a year"}\n')
    with pytest.raises(audit.LogRefused, match="pruned"):
        audit.Log.open(folder, SIGNER)


@pytest.mark.parametrize("steps", range(8))
def test_a_crash_while_the_log_is_made_leaves_one_that_opens(folder: Path, steps: int) -> None:
    class Stops(Disk):
        left = steps

        def sync_folder(self, path: Path) -> None:
            if self.left == 0:
                raise OSError(errno.EIO, "stopped here")
            self.left -= 1
            super().sync_folder(path)

    with (
        pytest.raises(audit.AuditError, match="stopped here"),
        audit.Log.open(folder, SIGNER, audit.Surroundings(disk=Stops())) as opened,
    ):
        opened.append([b"never"])
    with audit.Log.open(folder, SIGNER) as opened:
        size = opened.size
        assert size <= (steps > 6)
        opened.append([b"x"])
    assert published(folder)[size:] == [b"x"]


# -- failures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("call", ["write", "sync_data"])
def test_after_a_failed_group_nothing_is_acknowledged_or_tried_again(folder: Path, call: str, number: int) -> None:
    disk = FaultyDisk(number)
    opened = audit.Log.open(folder, SIGNER, audit.Surroundings(disk=disk))
    opened.append([b"kept"])
    disk.failing = call
    waiting = [opened.submit([b"a"]), opened.submit([b"b"])]
    for pending in waiting:
        with pytest.raises(audit.LogFailed, match=os.strerror(number)):
            pending.wait()
    disk.failing = ""  # nobody asks whether it would work now
    refused: list[Callable[[], object]] = [lambda: opened.append([b"later"]), opened.checkpoint, opened.tag_file]
    for action in refused:
        with pytest.raises(audit.LogFailed):
            action()
    assert disk.failed == 1
    assert opened.size == 1
    before = (folder / "checkpoint").read_bytes()
    opened.close()
    assert (folder / "checkpoint").read_bytes() == before
    with audit.Log.open(folder, SIGNER):
        pass
    assert published(folder)[0] == b"kept"


@pytest.mark.parametrize("call", ["write", "sync", "sync_data", "replace", "sync_folder"])
def test_a_segment_that_cannot_be_made_fails_the_log(folder: Path, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "FIRST_SEGMENT", 2048)
    disk = FaultyDisk()
    opened = audit.Log.open(folder, SIGNER, audit.Surroundings(disk=disk))
    opened.append([b"kept"])
    disk.failing = call
    with pytest.raises(audit.LogFailed, match="Input/output"):
        opened.append([b"x" * 2000])
    disk.failing = ""
    with pytest.raises(audit.LogFailed):
        opened.append([b"small"])
    assert disk.failed == 1
    opened.close()
    with audit.Log.open(folder, SIGNER) as again:
        again.append([b"y" * 3000])
    assert published(folder) == [b"kept", b"y" * 3000]


@pytest.mark.parametrize("call", ["write", "sync", "replace", "sync_folder"])
def test_a_checkpoint_that_cannot_be_published_fails_the_log(folder: Path, call: str) -> None:
    disk = FaultyDisk(errno.ENOSPC)
    opened = audit.Log.open(folder, SIGNER, audit.Surroundings(disk=disk))
    opened.append([b"kept"])
    disk.failing = call
    with pytest.raises(audit.LogFailed, match="No space"):
        opened.checkpoint()
    disk.failing = ""
    for action in (lambda: opened.append([b"later"]), opened.checkpoint):
        with pytest.raises(audit.LogFailed):
            action()
    assert disk.failed == 1
    opened.close()
    with audit.Log.open(folder, SIGNER) as again:
        again.append([b"and on"])
    assert published(folder) == [b"kept", b"and on"]


@pytest.mark.parametrize("call", ["write", "sync", "replace", "sync_folder"])
def test_a_log_that_cannot_be_opened_is_refused_by_name(folder: Path, call: str) -> None:
    entries = filled(folder)
    disk = FaultyDisk(errno.ENOSPC)
    disk.failing = call
    with pytest.raises(audit.LogRefused, match="No space"):
        audit.Log.open(folder, SIGNER, audit.Surroundings(disk=disk))
    with audit.Log.open(folder, SIGNER) as opened:
        assert opened.size == len(entries)


def test_an_interrupted_write_is_the_last(folder: Path) -> None:
    class Interrupted(Disk):
        armed = False

        def sync_data(self, handle: int) -> None:
            if self.armed:
                raise KeyboardInterrupt
            super().sync_data(handle)

    disk = Interrupted()
    with audit.Log.open(folder, SIGNER, audit.Surroundings(disk=disk)) as opened:
        opened.append([b"kept"])
        disk.armed = True
        other = opened.submit([b"of somebody else"])
        with pytest.raises(KeyboardInterrupt):
            opened.append([b"lost"])
        disk.armed = False
        with pytest.raises(audit.LogFailed, match="interrupted"):
            other.wait()


# -- recovery -----------------------------------------------------------------------------------------------------

SEGMENT = "journal/00000000000000000000"


def crashed(folder: Path) -> tuple[list[bytes], int, int]:
    """A log with 4 published entries, 2 acknowledged ones and a last group of 3; (entries, where it begins, ends)."""
    entries = [b"entry %d" % number for number in range(9)]
    opened = audit.Log.open(folder.with_name("running"), SIGNER)
    opened.append(entries[:4])
    opened.checkpoint()
    opened.append(entries[4:6])
    acknowledged = _used(opened.directory)
    opened.append(entries[6:])
    whole = _used(opened.directory)
    copied(opened.directory, folder.name)
    opened.close()
    return entries, acknowledged, whole


def _used(directory: Path) -> int:
    return len((directory / SEGMENT).read_bytes().rstrip(b"\0"))


def test_a_last_group_torn_at_any_byte_is_cut(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "FIRST_SEGMENT", 2048)
    entries, acknowledged, whole = crashed(folder)
    data = (folder / SEGMENT).read_bytes()
    for at in range(acknowledged, whole, 3):
        for torn in (data[:at].ljust(len(data), b"\0"), data[:at] + bytes(8) + data[at + 8 :]):
            copy = copied(folder, "copy")
            (copy / SEGMENT).write_bytes(torn)
            with audit.Log.open(copy, SIGNER) as opened:
                kept = opened.size
                assert kept in {6, 9}
                opened.append([b"next"])
            assert published(copy) == [*entries[:kept], b"next"]


def test_a_group_that_was_written_and_not_acknowledged_may_stay(folder: Path) -> None:
    entries, *_ = crashed(folder)
    with audit.Log.open(folder, SIGNER) as opened:
        assert opened.size == 9
    assert published(folder) == entries


def test_a_journal_shorter_than_what_was_published_is_refused(folder: Path) -> None:
    filled(folder)
    data = (folder / SEGMENT).read_bytes()
    used = _used(folder)
    for size in range(layout.SEGMENT_HEADER_BYTES, used, 5):
        (folder / SEGMENT).write_bytes(data[:size].ljust(len(data), b"\0"))
        with pytest.raises(audit.LogRefused, match="6 were published"):
            audit.Log.open(folder, SIGNER)
    (folder / SEGMENT).write_bytes(data)
    with audit.Log.open(folder, SIGNER) as opened:
        assert opened.size == 6


def test_a_journal_that_differs_from_what_was_published_is_refused(folder: Path) -> None:
    filled(folder)
    other = folder.with_name("other")
    with audit.Log.open(other, SIGNER) as opened:
        opened.append([b"rewritten"] * 6)
    shutil.copy(other / SEGMENT, folder / SEGMENT)
    with pytest.raises(audit.LogRefused, match="not those that were published"):
        audit.Log.open(folder, SIGNER)


def test_damage_to_an_acknowledged_entry_is_not_taken_for_a_torn_tail(folder: Path) -> None:
    _, acknowledged, _ = crashed(folder)
    data = bytearray((folder / SEGMENT).read_bytes())
    data[acknowledged - 1] ^= 1  # in entry 5; the group behind it was written after it was acknowledged
    (folder / SEGMENT).write_bytes(data)
    with pytest.raises(audit.LogRefused, match=r"entry 4: damaged.*later group"):
        audit.Log.open(folder, SIGNER)
    assert (folder / SEGMENT).read_bytes() == data


def test_damage_before_a_later_segment_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "FIRST_SEGMENT", 2048)
    running = folder.with_name("running")
    with audit.Log.open(running, SIGNER) as opened:
        for number in range(8):
            opened.append([b"%d" % number * 600])
        copied(running, folder.name)
    segments = sorted((folder / "journal").glob("0*"))
    assert len(segments) > 2
    data = bytearray(segments[1].read_bytes())
    data[layout.SEGMENT_HEADER_BYTES + 30] ^= 1
    segments[1].write_bytes(data)
    with pytest.raises(audit.LogRefused, match="damaged"):
        audit.Log.open(folder, SIGNER)


def test_what_was_not_synced_before_the_checkpoint_is_written_again(folder: Path) -> None:
    entries = [b"%d" % number for number in range(300)]
    with audit.Log.open(folder, SIGNER) as opened:
        opened.append(entries[:260])
        opened.checkpoint()
        stale = {path: path.read_bytes() for path in folder.glob("tile/**/*.p/*")}
        opened.append(entries[260:])
        copied(folder, "copy")
    copy = folder.with_name("copy")
    for path in stale:  # gone, as its name was not synced; or empty, as its bytes were not
        (copy / path.relative_to(folder)).write_bytes(b"")
    (copy / "tile/0/001.p/4").unlink()
    (copy / "tile/0/000.p").mkdir()  # back, as its removal was not synced
    (copy / "tile/0/000.p/7").write_bytes(b"torn")
    (copy / "tile/0/.000.new").write_bytes(b"left")
    with audit.Log.open(copy, SIGNER):
        assert list(audit.PublishedLog(copy).entries()) == entries[:260]
    assert published(copy) == entries
    assert not (copy / "tile/0/000.p").exists()


def test_a_checkpoint_that_reached_only_the_lock_store_is_published(folder: Path) -> None:
    entries = [b"%d" % number for number in range(300)]
    with audit.Log.open(folder, SIGNER) as opened:
        opened.append(entries[:10])
        opened.checkpoint()
        old = (folder / "checkpoint").read_bytes()
        opened.append(entries[10:])
    (folder / "checkpoint").write_bytes(old)
    with audit.Log.open(folder, SIGNER):
        assert audit.PublishedLog(folder).size == 300
    assert published(folder) == entries


def test_a_clock_that_goes_back_a_little_stops_nothing(folder: Path) -> None:
    now = [dt.datetime(2026, 11, 22, tzinfo=dt.UTC)]
    signer = audit.Signer(NAME, bytes(32), ml_dsa_seed=bytes(32))
    around = audit.Surroundings(clock=lambda: now[0])
    sizes = []
    for hours in (0, 1, 13):
        now[0] -= dt.timedelta(hours=hours)
        with audit.Log.open(folder, signer, around) as opened:
            opened.append([b"%d" % hours])
            opened.checkpoint()
            opened.append([b"again"])
        sizes.append(len(published(folder)))
    assert sizes == [2, 4, 6]


def test_while_the_clock_stands_in_the_past_entries_are_kept_and_not_published(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "_UNPUBLISHED", 2)
    right = dt.datetime(2026, 11, 22, tzinfo=dt.UTC)
    now = [right]
    signer = audit.Signer(NAME, bytes(32), ml_dsa_seed=bytes(32))
    around = audit.Surroundings(clock=lambda: now[0])
    opened = audit.Log.open(folder, signer, around)
    opened.append([b"before"])
    opened.checkpoint()
    for year in (2021, 1986):
        now[0] = right.replace(year=year)
        assert len(opened.append([b"%d/%d" % (year, number) for number in range(3)])) == 3
        with pytest.raises(audit.LogFailed, match="set it right"):
            opened.checkpoint()
    now[0] = right
    opened.checkpoint()
    assert audit.PublishedLog(folder).size == 7
    opened.append([b"after"])
    now[0] = right.replace(year=2001)
    with pytest.raises(audit.LogFailed, match="set it right"):
        opened.close()
    both = audit.Signer(NAME, bytes(range(32)), ml_dsa_seed=bytes(32), retiring=[SIGNER])
    with pytest.raises(audit.LogRefused, match="set it right"):  # with new keys the last checkpoint is signed again
        audit.Log.open(folder, both, around)
    now[0] = right
    audit.Log.open(folder, signer, around).close()
    assert len(published(folder)) == 8


# -- the log against a list -----------------------------------------------------------------------------------------


class LogMachine(RuleBasedStateMachine):
    """Any order of appends, checkpoints, reopenings and crashes behaves as a list that only grows."""

    def __init__(self) -> None:
        super().__init__()
        self.scratch = scratch()
        self.folder = Path(self.scratch.name) / "log"
        self.opened = audit.Log.open(self.folder, SIGNER)
        self.model: list[bytes] = []
        self.checkpoints: list[audit.Checkpoint] = []

    @rule(entries=st.lists(st.binary(max_size=20).filter(lambda entry: b"tags" not in entry), max_size=5))
    def append(self, entries: list[bytes]) -> None:
        receipts = self.opened.append(entries)
        assert [r.index for r in receipts] == list(range(len(self.model), len(self.model) + len(entries)))
        self.model += entries

    @rule(count=st.integers(200, 300))
    def append_many(self, count: int) -> None:
        self.append([b"many %d" % number for number in range(count)])

    @rule()
    def publish(self) -> None:
        note = self.opened.checkpoint()
        self.checkpoints.append(audit.Checkpoint.parse(parse_note(note)[0]))
        assert Policy.of(SIGNER.vkeys).check(note) == self.checkpoints[-1]
        assert self.checkpoints[-1].size == len(self.model)

    @rule()
    def reopen(self) -> None:
        self.opened.close()
        assert published(self.folder) == self.model
        self.opened = audit.Log.open(self.folder, SIGNER)

    @rule(torn=st.binary(max_size=40))
    def crash(self, torn: bytes) -> None:
        state = copied(self.folder, "state")
        end = self.opened._journal._current.end if self.opened._journal._current else None
        self.opened.close()
        shutil.rmtree(self.folder)
        state.rename(self.folder)
        lock_of(state).replace(lock_of(self.folder))
        if end is not None:
            with max((self.folder / "journal").glob("0*")).open("r+b") as segment:
                segment.seek(end)
                segment.write(torn)
        self.opened = audit.Log.open(self.folder, SIGNER)

    @precondition(lambda self: self.checkpoints and self.checkpoints[-1].size)
    @rule(data=st.data())
    def prove(self, data: st.DataObject) -> None:
        reader = audit.PublishedLog(self.folder)
        index = data.draw(st.integers(0, reader.size - 1))
        reader.prove(index).verify(self.model[index], Policy.of(SIGNER.vkeys))

    @invariant()
    def agrees(self) -> None:
        assert (self.opened.size, self.opened.root) == (len(self.model), merkle_root(self.model))
        reader = audit.PublishedLog(self.folder)
        assert list(reader.entries()) == self.model[: reader.size]
        for old in self.checkpoints:
            proof = reader.consistency(old.size, reader.size)
            audit.verify_consistency(old.size, old.root, reader.size, reader.root, proof)

    def teardown(self) -> None:
        self.opened.close()
        self.scratch.cleanup()


TestLogMachine = LogMachine.TestCase
TestLogMachine.settings = settings(
    max_examples=12, stateful_step_count=12, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def test_entries_are_json_or_not(folder: Path) -> None:
    odd = [b"", b"{", b"{}", b'{"id":7}', b'{"id":null}', b"\xff\xfe", json.dumps({"id": "x"}).encode(), b'"id"']
    with audit.Log.open(folder, SIGNER) as opened:
        opened.append(odd)
    assert published(folder) == odd
