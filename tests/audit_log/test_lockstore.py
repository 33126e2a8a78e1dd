"""The lock store: a checkpoint replaces the last one, or nothing."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit import merkle
from audit.checkpoint import Checkpoint
from audit.errors import LogFailed, LogRefused
from audit.lockstore import Head, LockStore

ORIGIN = "log.example.org/test"


def head_of(size: int, origin: str = ORIGIN) -> Checkpoint:
    return Checkpoint(origin, size, merkle.leaf_hash(b"%d" % size))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lock.sqlite"


@pytest.fixture
def store(path: Path) -> Iterator[LockStore]:
    opened = LockStore(path)
    yield opened
    opened.close()


def test_a_log_is_entered_once_and_replaced_step_by_step(store: LockStore, path: Path) -> None:
    assert store.read(ORIGIN) is None
    head = store.begin(head_of(0), "note 0")
    for size in (1, 5, 5, 9):
        head = store.swap(head, head_of(size), f"note {size}")
    again = LockStore(path)
    assert again.read(ORIGIN) == Head(0, head_of(9), "note 9")
    again.close()
    with pytest.raises(LogRefused, match="cannot be entered"):
        store.begin(head_of(0), "note")


def test_logs_share_a_store_and_do_not_meet(store: LockStore) -> None:
    first = store.begin(head_of(0), "a")
    other = store.begin(head_of(0, "log.example.org/other"), "b")
    store.swap(first, head_of(3), "a3")
    assert store.swap(other, head_of(2, "log.example.org/other"), "b2").checkpoint.size == 2


def test_whoever_opened_before_cannot_replace(store: LockStore) -> None:
    old = store.begin(head_of(0), "note")
    new = store.claim(old)
    assert new == Head(1, head_of(0), "note")
    with pytest.raises(LogFailed, match="another writer"):
        store.swap(old, head_of(1), "stale")
    newer = store.swap(new, head_of(1), "note 1")
    assert store.claim(newer) == Head(2, head_of(1), "note 1")


def test_only_what_is_the_last_is_claimed(store: LockStore) -> None:
    first = store.begin(head_of(0), "note")
    store.swap(first, head_of(1), "note 1")
    with pytest.raises(LogRefused, match="another writer has this log"):
        store.claim(first)
    assert store.read(ORIGIN) == Head(0, head_of(1), "note 1")  # and nobody was fenced


@pytest.mark.parametrize(
    "stale",
    [
        Head(0, head_of(3), ""),
        Head(0, Checkpoint(ORIGIN, 2, bytes(32)), ""),
        Head(1, head_of(2), ""),
        Head(0, head_of(2, "log.example.org/unknown"), ""),
    ],
)
def test_nothing_replaces_what_is_not_the_last(store: LockStore, stale: Head) -> None:
    store.swap(store.begin(head_of(0), "note"), head_of(2), "note 2")
    with pytest.raises(LogFailed):
        store.swap(stale, head_of(4), "other")
    assert store.read(ORIGIN) == Head(0, head_of(2), "note 2")


def test_of_many_that_swap_at_once_one_succeeds(store: LockStore, path: Path) -> None:
    head = store.begin(head_of(0), "note")
    won: list[int] = []

    def swap(size: int) -> None:
        mine = LockStore(path)
        try:
            mine.swap(head, head_of(size), f"note {size}")
            won.append(size)
        except LogFailed:
            pass
        finally:
            mine.close()

    threads = [threading.Thread(target=swap, args=(size,)) for size in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert store.read(ORIGIN) == Head(0, head_of(won[0]), f"note {won[0]}")


def test_each_commit_is_synced_and_needs_no_name_in_a_folder(store: LockStore) -> None:
    assert store._connection.execute("PRAGMA synchronous").fetchone() == (3,)  # EXTRA
    assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("truncate",)


def test_what_is_no_store_is_refused(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"something else " * 400)
    with pytest.raises(LogRefused, match="lock store: it cannot be used"):
        LockStore(path)
    with pytest.raises(LogRefused, match="CANTOPEN"):
        LockStore(tmp_path / "no folder" / "lock.sqlite")


def test_a_store_that_is_busy_or_closed_fails_by_name(store: LockStore, path: Path) -> None:
    head = store.begin(head_of(0), "note")
    store._connection.execute("PRAGMA busy_timeout = 0")
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LogFailed, match="BUSY"):
            store.swap(head, head_of(1), "note")
        with pytest.raises(LogRefused, match="BUSY"):
            store.claim(head)
        other.execute("ROLLBACK")
    other.close()
    store.close()
    with pytest.raises(LogFailed, match="ProgrammingError"):
        store.swap(head, head_of(1), "note")
