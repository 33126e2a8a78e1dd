"""A log whose lock store is lost is entered again by a person who decided so, and never by itself."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest

import audit
from audit import home
from audit.__main__ import main
from audit.lockstore import LockStore

SIGNER = audit.Signer("log.example.org/relock", bytes(range(32)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    directory = tmp_path / "log"
    with audit.Log.open(directory, SIGNER) as log:
        log.append([b"one", b"two"])
    return directory


def test_a_lost_store_stops_the_log_until_it_is_entered_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.default_lock(folder).unlink()
    with pytest.raises(audit.LogRefused, match="relock"):
        audit.Log.open(folder, SIGNER)
    assert main(["relock", str(folder), "--dry-run"]) == 0
    with pytest.raises(audit.LogRefused, match="relock"):
        audit.Log.open(folder, SIGNER)
    assert main(["relock", str(folder)]) == 0
    assert f"entered: {SIGNER.name} 2" in capsys.readouterr().out
    with audit.Log.open(folder, SIGNER) as log:
        assert log.append([b"three"])[0].index == 2
    assert audit.verify_directory(folder).size == 3


def test_what_the_store_knows_otherwise_is_not_overwritten(folder: Path, tmp_path: Path) -> None:
    old = shutil.copytree(folder, tmp_path / "old")
    with audit.Log.open(folder, SIGNER) as log:
        log.append([b"three"])
    assert main(["relock", str(old), "--lock", str(home.default_lock(folder))]) == 1
    assert main(["relock", str(folder)]) == 0  # known already: nothing to do
    with audit.Log.open(folder, SIGNER) as log:
        assert log.size == 3


def test_a_log_that_does_not_verify_is_not_entered(folder: Path) -> None:
    home.default_lock(folder).unlink()
    bundle = folder / "tile" / "entries" / "000.p" / "2"
    bundle.write_bytes(bundle.read_bytes().replace(b"two", b"owt"))
    assert main(["relock", str(folder)]) == 1
    with contextlib.closing(LockStore(home.default_lock(folder))) as store:
        assert store.read(SIGNER.name) is None


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]])
def test_where_no_log_is_no_store_is_made(tmp_path: Path, dry_run: list[str]) -> None:
    (tmp_path / "notes").mkdir()
    for name in ("notes", "nowhere"):
        assert main(["relock", str(tmp_path / name), *dry_run]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


def test_a_dry_run_changes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = home.default_lock(folder)
    known = lock.read_bytes()
    for before, entered in ((known, "none"), (None, f"{SIGNER.name} 2")):
        lock.unlink()
        if before is not None:
            lock.write_bytes(before)
        names = sorted(folder.parent.iterdir())
        assert main(["relock", str(folder), "--dry-run"]) == 0
        assert f"entered: {entered}\n" in capsys.readouterr().out
        assert sorted(folder.parent.iterdir()) == names
        assert before is None or lock.read_bytes() == before


def test_the_shards_of_a_trail_are_entered_all_or_none(tmp_path: Path) -> None:
    trail = tmp_path / "trail"
    for name in ("2026q3", "2026q4"):
        with audit.Log.open(trail / name, audit.Signer(f"log.example.org/{name}", bytes(32))) as log:
            log.append([b"one"])
        home.default_lock(trail / name).unlink()
    bundle = trail / "2026q4" / "tile" / "entries" / "000.p" / "1"
    whole = bundle.read_bytes()
    bundle.write_bytes(whole.replace(b"one", b"two"))
    assert main(["relock", str(trail)]) == 1
    assert not home.default_lock(trail).exists()
    bundle.write_bytes(whole)
    assert main(["relock", str(trail)]) == 0
    with contextlib.closing(LockStore(home.default_lock(trail))) as store:
        assert all(store.read(f"log.example.org/{name}") for name in ("2026q3", "2026q4"))


def test_a_copy_that_is_refused_fences_nobody(folder: Path, tmp_path: Path) -> None:
    lock = home.default_lock(folder)
    with audit.Log.open(folder, SIGNER) as log:
        old = shutil.copytree(folder, tmp_path / "old")
        log.append([b"three"])
        log.checkpoint()
        with pytest.raises(audit.LogRefused, match="journal"):
            audit.Log.open(old, SIGNER, audit.Surroundings(lock=lock))
        log.append([b"four"])
        log.checkpoint()
        assert log.size == 4


def test_a_shard_of_a_trail_is_not_entered_alone(folder: Path) -> None:
    shard = folder.rename(folder.parent / "2026q4")
    before = sorted(shard.parent.iterdir())
    assert main(["relock", str(shard)]) == 1
    assert sorted(shard.parent.iterdir()) == before
