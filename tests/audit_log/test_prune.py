"""Pruning: the entries go, the tree stays, and every crash on the way leaves a log that verifies."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest

import audit
from audit import merkle
from audit.errors import EntryPruned
from audit.policy import Policy
from audit.published import Minimum
from audit.retention import prune
from audit.verifier import verify_directory, verify_trail
from tests.audit_log.laid_out import ED25519, lay_out, put_tags
from tests.audit_log.stopping import StoppingDisk

POLICY = Policy.of(ED25519.vkeys)
STATED = "entries are kept for twelve months"
TAGS = bytes(range(16)) * 3


def make(folder: Path, size: int = 700, name: str = "log.example.org/test") -> list[bytes]:
    root, count = put_tags(folder, TAGS)
    entries = [b"entry %d" % number for number in range(size - 1)] + [
        json.dumps({"tags_root": root, "members": count}).encode()
    ]
    lay_out(folder, entries, earlier=[5, 300, size - 1], signer=audit.Signer(name, bytes(32)))
    return entries


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("size", [1, 256, 512, 700])
def test_the_entries_go_and_the_tree_stays(tmp_path: Path, size: int) -> None:
    folder = tmp_path / "log"
    lay_out(folder, [b"secret %d" % number for number in range(size)], signer=ED25519)
    before = verify_directory(folder)
    found = prune(folder, STATED)
    after = verify_directory(folder, POLICY)
    assert (after.size, after.root, after.minimum) == (size, before.root, size)
    assert found.minimum == size
    assert not any(b"secret" in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert not {name for name in names(folder) if name.startswith(("journal", "tags", "tile/entries"))}
    assert STATED in (folder / "minimum").read_text()
    assert names(folder) >= {"checkpoint", "policy", "minimum"}


def test_old_proofs_stay_valid_and_kept_checkpoints_comparable(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    entries = make(folder)
    log = audit.PublishedLog(folder, POLICY)
    proofs = [log.prove(index) for index in (0, 255, 256, 600, 699)]
    kept = log.checkpoint
    prune(folder, STATED)
    for proof in proofs:
        assert proof.verify(entries[proof.index], POLICY) == kept
    pruned = audit.PublishedLog(folder, POLICY)
    merkle.verify_consistency(
        kept.size, kept.root, pruned.size, pruned.root, pruned.consistency(kept.size, pruned.size)
    )
    for index in (0, 699):
        with pytest.raises(EntryPruned):
            pruned.entry(index)


def test_a_crash_at_any_step_leaves_a_log_that_verifies_and_the_next_call_finishes(tmp_path: Path) -> None:
    make(tmp_path / "whole")
    shutil.copytree(tmp_path / "whole", tmp_path / "pruned")
    prune(tmp_path / "pruned", STATED)
    step, stopped = 0, True
    while stopped:
        shutil.copytree(tmp_path / "whole", tmp_path / f"log{step}")
        folder = tmp_path / f"log{step}"
        stopped = False
        try:
            prune(folder, STATED, disk=StoppingDisk(step))
        except OSError:
            stopped = True
        assert verify_directory(folder).size == 700
        stated = (folder / "minimum").exists()
        prune(folder, "another reason")
        assert names(folder) == names(tmp_path / "pruned")
        assert (STATED in (folder / "minimum").read_text()) == stated
        step += 1
    assert step > 15


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    make(tmp_path / "log")
    before = names(tmp_path / "log")
    found = prune(tmp_path / "log", STATED, dry_run=True)
    assert names(tmp_path / "log") == before
    assert found == prune(tmp_path / "log", STATED)
    assert found.files > 10
    assert prune(tmp_path / "log", STATED).files == 0


def test_what_may_not_be_pruned_is_not(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    make(folder)
    before = names(folder)
    with pytest.raises(audit.AuditError, match="retention policy"):
        prune(folder, "  ")
    with pytest.raises(audit.AuditError, match="not that of a shard"):
        prune(folder, STATED, dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
    (folder / "policy").write_text("quorum none\n")
    with pytest.raises(audit.VerificationFailed):
        prune(folder, STATED)
    with pytest.raises(audit.VerificationFailed):
        prune(tmp_path / "nowhere", STATED)
    assert names(folder) == before
    lay_out(tmp_path / "beyond", [b"one"], beyond=[b"two"])
    with pytest.raises(audit.AuditError, match="not published"):
        prune(tmp_path / "beyond", STATED)
    lay_out(tmp_path / "empty", [])
    with pytest.raises(audit.AuditError, match="no entries"):
        prune(tmp_path / "empty", STATED)


def test_an_open_log_is_not_pruned_and_a_pruned_one_not_opened(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    with audit.Log.open(folder, ED25519) as log:
        log.append([b"one"])
        log.checkpoint()
        with pytest.raises(audit.LogRefused, match="open"):
            prune(folder, STATED)
    prune(folder, STATED)
    with pytest.raises(audit.LogRefused, match="pruned"):
        audit.Log.open(folder, ED25519)
    assert verify_directory(folder).minimum == 1


def test_the_newest_shard_and_one_within_its_time_are_not_pruned(tmp_path: Path) -> None:
    trail = tmp_path / "trail"
    first = b"start"
    for name in ("2026q2", "2026q3", "2026q4"):
        lay_out(trail / name, [first, b"entry"], signer=audit.Signer(f"log.example.org/{name}", bytes(32)))
        last = verify_directory(trail / name)
        first = json.dumps({"previous": {"origin": last.origin, "size": last.size, "root": last.root.hex()}}).encode()
    with pytest.raises(audit.AuditError, match="newest shard"):
        prune(trail / "2026q4", STATED)
    with pytest.raises(audit.AuditError, match="ends at 2026-10-01"):
        prune(trail / "2026q3", STATED, dt.datetime(2026, 9, 30, tzinfo=dt.UTC))
    prune(trail / "2026q3", STATED, dt.datetime(2026, 10, 1, tzinfo=dt.UTC))
    assert [shard.minimum for shard in verify_trail(trail)] == [0, 2, 0]
    prune(trail / "2026q2", STATED)
    assert [shard.minimum for shard in verify_trail(trail)] == [2, 2, 0]


def test_a_byte_flipped_in_a_pruned_log_fails(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    make(folder, 300)
    prune(folder, STATED)
    for path in [path for path in folder.rglob("*") if path.is_file() and path.name != "minimum"]:
        whole = path.read_bytes()
        for at in range(0, len(whole), 7):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            with pytest.raises(audit.VerificationFailed):
                verify_directory(folder)
        path.unlink()
        if path.parent != folder / "tile" / "0" / "000.p" and path.name not in {"43", "5", "44"}:
            with pytest.raises(audit.VerificationFailed):
                verify_directory(folder)
        path.write_bytes(whole)
    for bad in (b"", b"{}", b'{"minimum":301}', b'{"minimum":-1}', b"[]", b"\xff"):
        (folder / "minimum").write_bytes(bad)
        with pytest.raises(audit.VerificationFailed):
            verify_directory(folder)
    (folder / "minimum").write_bytes(Minimum(301, STATED).data)
    with pytest.raises(audit.VerificationFailed, match="beyond the published entries"):
        verify_directory(folder)
    (folder / "minimum").unlink()
    with pytest.raises(audit.VerificationFailed, match="it is not there"):
        verify_directory(folder)
