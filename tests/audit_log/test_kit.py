"""The auditor's kit: the files of one checkpoint, also of a live log, that ``sha256sum`` and ``verify`` can check."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

import audit
from audit.kit import Kit, write_kit
from audit.policy import Policy
from audit.published import Minimum
from audit.retention import prune
from audit.verifier import verify_directory, verify_trail
from tests.audit_log.laid_out import ED25519, SIGNER, lay_out, put, put_tags

TAGS = bytes(range(16)) * 3


def log_with_tags(folder: Path, count: int = 300) -> audit.Verified:
    root, members = put_tags(folder, TAGS)
    entries = [b"entry %d" % number for number in range(count)]
    entries[count // 2] = json.dumps({"tags_root": root, "members": members}).encode()
    lay_out(folder, entries, beyond=[b"beyond"], earlier=[2, 99])
    return verify_directory(folder)


def test_a_kit_holds_what_is_published_and_nothing_else(tmp_path: Path) -> None:
    found = log_with_tags(tmp_path / "log")
    (kit,) = write_kit(tmp_path / "log", tmp_path / "kit")
    assert (kit.root, kit.entries_beyond_checkpoint, kit.tag_files) == (found.root, 0, 1)
    names = {str(path.relative_to(tmp_path / "kit")) for path in (tmp_path / "kit").rglob("*") if path.is_file()}
    assert {"README.txt", "MANIFEST", "policy", "checkpoint", "tile/0/000", "tile/0/001.p/44"} <= names
    assert not {name for name in names if name.startswith("journal") or name.endswith(("/2", "/99"))}
    assert verify_directory(tmp_path / "kit", Policy.of(SIGNER.vkeys)) == kit


def test_a_kit_checks_with_sha256sum(tmp_path: Path) -> None:
    log_with_tags(tmp_path / "log")
    tool = tmp_path / "main.go"
    tool.write_text("package main\n")
    write_kit(tmp_path / "log", tmp_path / "kit", Kit(tools=(tool,)))
    tested = subprocess.run(
        ["/usr/bin/sha256sum", "-c", "--strict", "MANIFEST"], cwd=tmp_path / "kit", capture_output=True, check=True
    )
    assert b"tools/main.go: OK" in tested.stdout
    assert "tools/" in (tmp_path / "kit" / "README.txt").read_text()


def test_flipping_cutting_adding_or_removing_anything_in_a_kit_fails(tmp_path: Path) -> None:
    log_with_tags(tmp_path / "log", 5)
    kit = tmp_path / "kit"
    write_kit(tmp_path / "log", kit)
    randomness = random.Random(3)  # noqa: S311 - which bytes to flip is no secret
    for path in [path for path in kit.rglob("*") if path.is_file()]:
        whole = path.read_bytes()
        flips = [(at, whole[at] ^ randomness.randrange(1, 256)) for at in randomness.choices(range(len(whole)), k=25)]
        for other in [whole[:at] + bytes([value]) + whole[at + 1 :] for at, value in flips] + [
            whole[:-1],
            whole + b"\n",
        ]:
            path.write_bytes(other)
            with pytest.raises(audit.VerificationFailed):
                verify_directory(kit)
        path.unlink()
        with pytest.raises(audit.VerificationFailed):
            verify_directory(kit)
        path.write_bytes(whole)
    put(kit / "tools" / "more.go", b"")
    with pytest.raises(audit.VerificationFailed, match=r"MANIFEST: it does not name tools/more.go"):
        verify_directory(kit)


def test_a_kit_without_tag_files_says_how_many_are_absent(tmp_path: Path) -> None:
    log_with_tags(tmp_path / "log")
    (kit,) = write_kit(tmp_path / "log", tmp_path / "kit", Kit(with_tags=False))
    assert (kit.tag_files, kit.tag_files_absent) == (0, 1)
    assert "left out" in (tmp_path / "kit" / "README.txt").read_text()
    shutil.rmtree(tmp_path / "log" / "tags")  # a log may not leave them out
    with pytest.raises(audit.VerificationFailed, match="tags"):
        verify_directory(tmp_path / "log")


def test_kits_of_a_log_that_is_written_are_whole(tmp_path: Path) -> None:
    log = audit.Log.open(tmp_path / "log", ED25519)
    log.append([b"first"])
    log.checkpoint()
    stop, grown = threading.Event(), threading.Event()

    def write() -> None:
        while not stop.is_set():
            log.append([b"entry"] * 19)
            log.checkpoint()
            grown.set()

    thread = threading.Thread(target=write)
    thread.start()
    sizes = [1]
    try:
        for number in range(8):
            grown.clear()
            assert grown.wait(60)
            sizes.append(write_kit(tmp_path / "log", tmp_path / f"kit{number}")[0].size)
            assert sizes[-1] > sizes[-2]
    finally:
        stop.set()
        thread.join()
        log.close()


def test_a_kit_of_a_trail_is_a_trail(tmp_path: Path) -> None:
    first = b"start"
    for name in ("2026q3", "2026q4"):
        signer = audit.Signer(f"log.example.org/{name}", bytes(32))
        root, count = put_tags(tmp_path / "trail" / name, TAGS)
        lay_out(
            tmp_path / "trail" / name,
            [first, json.dumps({"tags_root": root, "members": count}).encode()],
            signer=signer,
        )
        last = verify_directory(tmp_path / "trail" / name)
        first = json.dumps({"previous": {"origin": last.origin, "size": last.size, "root": last.root.hex()}}).encode()
    assert len(write_kit(tmp_path / "trail", tmp_path / "kit")) == 2
    bare = write_kit(tmp_path / "trail", tmp_path / "bare", Kit(with_tags=False))
    assert [shard.tag_files_absent for shard in bare] == [1, 1]
    assert verify_trail(tmp_path / "bare") == bare
    path = tmp_path / "kit" / "README.txt"
    path.write_text(path.read_text() + " ")
    with pytest.raises(audit.VerificationFailed, match="README"):
        verify_trail(tmp_path / "kit")


def test_a_kit_of_a_pruned_log_is_made_of_what_is_left_also_where_pruning_stopped(tmp_path: Path) -> None:
    root, members = put_tags(tmp_path / "log", TAGS)
    bulk = json.dumps({"tags_root": root, "members": members}).encode()
    lay_out(tmp_path / "log", [bulk, *(b"entry %d" % number for number in range(698)), bulk])
    whole = shutil.copytree(tmp_path / "log", tmp_path / "stopped")
    prune(tmp_path / "log", "a year")
    (whole / "minimum").write_bytes((tmp_path / "log" / "minimum").read_bytes())
    for name, folder in (("kit", tmp_path / "log"), ("other", whole)):
        (kit,) = write_kit(folder, tmp_path / name)
        assert (kit.size, kit.minimum, kit.root) == (700, 700, verify_directory(folder).root)
    assert not (tmp_path / "other" / "tile" / "entries" / "000").exists()


@pytest.mark.parametrize("part", [1.0, 0.5])
def test_a_log_that_claims_to_be_huge_costs_no_more_than_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: float
) -> None:
    size = 2**60
    put(tmp_path / "log" / "policy", Policy.of(ED25519.vkeys).text.encode())
    note = audit.sign_note(audit.Checkpoint(ED25519.name, size, bytes(32)).text, ED25519)
    put(tmp_path / "log" / "checkpoint", note.encode())
    put(tmp_path / "log" / "minimum", Minimum(int(size * part), "a year").data)
    opened, opens = os.open, []

    def counted(*arguments: Any, **named: Any) -> int:
        opens.append(arguments)
        assert len(opens) < 1000
        return opened(*arguments, **named)

    monkeypatch.setattr(os, "open", counted)
    for check in (lambda folder: write_kit(folder, tmp_path / "kit"), verify_directory, audit.PublishedLog):
        with pytest.raises(audit.VerificationFailed, match="tile"):
            check(tmp_path / "log")


def test_a_kit_is_not_made_over_something(tmp_path: Path) -> None:
    log_with_tags(tmp_path / "log")
    put(tmp_path / "kit" / "x", b"")
    with pytest.raises(audit.AuditError, match="made new, or empty"):
        write_kit(tmp_path / "log", tmp_path / "kit")
    with pytest.raises(audit.VerificationFailed):
        write_kit(tmp_path / "nowhere", tmp_path / "other")


def test_no_kit_is_made_of_a_damaged_log(tmp_path: Path) -> None:
    log_with_tags(tmp_path / "log")
    path = tmp_path / "log" / "tile" / "0" / "000"
    path.write_bytes(bytes(8192))
    with pytest.raises(audit.VerificationFailed, match="tile/0/000"):
        write_kit(tmp_path / "log", tmp_path / "kit")
