"""Opening a log: the last note is on disk twice, and neither copy of it is taken unseen or lost."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import audit
from audit import home
from audit.lockstore import LockStore
from audit.note import sign_note
from tests.audit_log.mutants import mutants
from tests.audit_log.stopping import StoppingDisk
from tests.crash import scratch

NAME = "log.example.org/opening"
SIGNER = audit.Signer(NAME, bytes(32))
ROTATING = audit.Signer(NAME, bytes(range(32)), ml_dsa_seed=bytes(32), retiring=[SIGNER])
ROTATED = audit.Signer(NAME, bytes(range(32)), ml_dsa_seed=bytes(32))
ENTRIES = [b"entry %d" % number for number in range(9)]


def made(folder: Path, entries: Sequence[bytes], signer: audit.Signer = SIGNER) -> Path:
    """A log that published its first 4 entries, and then all of them."""
    with audit.Log.open(folder, signer) as log:
        log.append(entries[:4])
        log.checkpoint()
        log.append(entries[4:])
    return folder


def rotated_up_to(folder: Path, step: int) -> Path:
    """A log whose change of keys was interrupted at a step on the disk."""
    made(folder, ENTRIES)
    with contextlib.suppress(audit.AuditError, OSError):
        audit.Log.open(folder, ROTATING, audit.Surroundings(disk=StoppingDisk(step))).close()
    return folder


def set_note(folder: Path, note: bytes) -> None:
    with contextlib.closing(sqlite3.connect(home.default_lock(folder), isolation_level=None)) as store:
        store.execute("UPDATE head SET note = CAST(? AS TEXT)", (note,))


def note_of(folder: Path, entries: Sequence[bytes], signer: audit.Signer = SIGNER, name: str = NAME) -> bytes:
    """A checkpoint that the log's own keys have signed."""
    with audit.Log.open(folder, signer) as log:
        log.append(entries)
        root = log.root
    return sign_note(audit.Checkpoint(name, len(entries), root).text, signer).encode()


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch() as name:
        yield Path(name) / "log"


def refused_and_left(folder: Path, why: str) -> None:
    before = (folder / "checkpoint").read_bytes(), home.default_lock(folder).read_bytes()
    with pytest.raises(audit.LogRefused, match=why):
        audit.Log.open(folder, SIGNER)
    assert ((folder / "checkpoint").read_bytes(), home.default_lock(folder).read_bytes()) == before


@pytest.mark.parametrize("size", [9, 5, 1])
def test_a_signed_checkpoint_of_another_history_is_never_overwritten(folder: Path, size: int) -> None:
    made(folder, ENTRIES)
    fork = note_of(folder.with_name("fork"), [b"rewritten", *ENTRIES[1:size]])
    (folder / "checkpoint").write_bytes(fork)
    refused_and_left(folder, "another history")
    assert (folder / "checkpoint").read_bytes() == fork


def test_a_signed_checkpoint_of_another_log_is_never_overwritten(folder: Path) -> None:
    made(folder, ENTRIES)
    (folder / "checkpoint").write_bytes(note_of(folder.with_name("other"), ENTRIES[:4], name="log.example.org/other"))
    refused_and_left(folder, "does not verify")


@pytest.mark.parametrize("size", [0, 1, 4, 8])
def test_an_earlier_checkpoint_of_the_same_history_is_what_a_crash_leaves(folder: Path, size: int) -> None:
    made(folder, ENTRIES)
    (folder / "checkpoint").write_bytes(note_of(folder.with_name("same"), ENTRIES[:size]))
    with audit.Log.open(folder, SIGNER):
        assert audit.PublishedLog(folder).size == 9
    assert audit.verify_directory(folder).size == 9


def test_a_journal_shorter_than_an_earlier_checkpoint_is_said_to_be(folder: Path) -> None:
    made(folder, ENTRIES)
    short = made(folder.with_name("short"), ENTRIES[:2])
    (folder / "checkpoint").write_bytes(note_of(folder.with_name("same"), ENTRIES[:4]))
    shutil.rmtree(folder / "journal")
    shutil.copytree(short / "journal", folder / "journal")
    refused_and_left(folder, r"journal: 2 whole entries, and 4 were published.*copy")


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_the_store_holds_for_a_note_none_is_published_that_does_not_verify(data: st.DataObject) -> None:
    with scratch() as name:
        folder = made(Path(name) / "log", ENTRIES, ROTATED)
        whole = (folder / "checkpoint").read_bytes()
        set_note(folder, data.draw(mutants(whole)))
        with contextlib.suppress(audit.LogRefused), audit.Log.open(folder, ROTATED) as log:
            assert log.size == 9
        assert audit.verify_directory(folder).size == 9
        with contextlib.closing(LockStore(home.default_lock(folder))) as store, contextlib.suppress(audit.LogRefused):
            head = store.read(NAME)
            assert head is not None
            assert head.checkpoint.size == 9


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_checkpoint_that_was_changed_is_refused_and_left_or_is_none_the_worse(data: st.DataObject) -> None:
    with scratch() as name:
        folder = made(Path(name) / "log", ENTRIES, ROTATED)
        path = folder / "checkpoint"
        changed = data.draw(mutants(path.read_bytes()))
        path.write_bytes(changed)
        try:
            audit.Log.open(folder, ROTATED).close()
        except audit.LogRefused as refusal:
            assert "copy" in str(refusal)  # noqa: PT017 - the law has two sides
            assert path.read_bytes() == changed
        else:
            assert audit.verify_directory(folder).size == 9


def test_a_note_of_the_store_that_is_needed_and_does_not_verify_is_refused(folder: Path) -> None:
    made(folder, ENTRIES)
    last = (folder / "checkpoint").read_bytes()
    (folder / "checkpoint").write_bytes(note_of(folder.with_name("same"), ENTRIES[:4]))
    for bad in (last[:-6] + bytes([last[-6] ^ 1]) + last[-5:], note_of(folder.with_name("x"), ENTRIES[:8]), b""):
        set_note(folder, bad)
        refused_and_left(folder, "lock store: its note does not verify.*copy")
    set_note(folder, last)
    audit.Log.open(folder, SIGNER).close()
    assert audit.verify_directory(folder).size == 9


@pytest.mark.parametrize("step", range(0, 40, 2))
def test_keys_may_change_wherever_the_change_was_interrupted(folder: Path, step: int) -> None:
    rotated_up_to(folder, step)
    for signer in (ROTATING, ROTATED):
        with audit.Log.open(folder, signer) as log:
            assert log.size == 9
        assert audit.verify_directory(folder).size == 9


def verifies(folder: Path) -> bool:
    try:
        return audit.verify_directory(folder).size == 9
    except audit.VerificationFailed:
        return False


@given(step=st.integers(10, 30), data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_changed_note_of_the_store_amid_a_change_of_keys_is_refused_or_not_published(
    step: int, data: st.DataObject
) -> None:
    with scratch() as name:
        folder = rotated_up_to(Path(name) / "log", step)
        assume(verifies(folder))  # a file that was being written is no matter of this law: opening removes it
        with contextlib.closing(LockStore(home.default_lock(folder))) as store:
            head = store.read(NAME)
            assert head is not None
        set_note(folder, data.draw(mutants(head.note.encode())))
        with contextlib.suppress(audit.LogRefused), audit.Log.open(folder, ROTATING) as log:
            assert log.size == 9
        assert audit.verify_directory(folder).size == 9


@pytest.mark.parametrize("column", ["origin TEXT", "note TEXT"])
def test_a_schema_that_is_no_text_is_refused_by_name(folder: Path, column: str) -> None:
    made(folder, ENTRIES)
    with contextlib.closing(sqlite3.connect(home.default_lock(folder), isolation_level=None)) as store:
        store.execute("PRAGMA writable_schema = 1")
        replaced = "replace(sql, ?, CAST(? AS TEXT))"
        values = (column, column.encode()[:-1] + b"\xe4T")
        store.execute(f"UPDATE sqlite_master SET sql = {replaced}", values)
    with pytest.raises(audit.LogRefused, match="lock store"):
        audit.Log.open(folder, SIGNER)
