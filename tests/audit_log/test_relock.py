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
