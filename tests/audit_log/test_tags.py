"""Side files of bulk entries: named by their root, referenced or gone."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import audit
from audit import merkle
from audit.disk import Disk
from audit.testing import ephemeral_log
from tests.crash import scratch

SIGNER = audit.Signer("log.example/test", bytes(32))


def bulk(root: str, members: int) -> bytes:
    return json.dumps({"tags_root": root, "members": members}).encode()


def naive_root(tags: list[bytes]) -> str:
    tree = merkle.Tree()
    tree.extend(merkle.leaf_hashes(tags))
    return tree.root().hex()


@given(st.lists(st.lists(st.binary(min_size=16, max_size=16), max_size=20), max_size=6))
@settings(max_examples=25, deadline=None)  # each syncs a disk
def test_the_root_is_that_of_the_tags_however_they_come(parts: list[list[bytes]]) -> None:
    with ephemeral_log() as log:
        with log.tag_file() as file:
            for part in parts:
                file.add(b"".join(part))
            root, count = file.seal()
        tags = [tag for part in parts for tag in part]
        assert (root, count) == (naive_root(tags), len(tags))
        assert b"".join(audit.read_tags(log.directory, root)) == b"".join(tags)
        log.append([bulk(root, count)])
        log.checkpoint()
        assert audit.verify_directory(log.directory).tag_files == 1


def test_every_tag_has_a_proof() -> None:
    tags = [bytes([number]) * 16 for number in range(11)]
    with ephemeral_log() as log:
        with log.tag_file() as file:
            file.add(b"".join(tags))
            root, count = file.seal()
        for index, tag in enumerate(tags):
            proof = audit.prove_tag(log.directory, root, index)
            audit.verify_inclusion(merkle.leaf_hash(tag), index, count, proof, bytes.fromhex(root))
        for wrong in (-1, count):
            with pytest.raises(audit.VerificationFailed):
                audit.prove_tag(log.directory, root, wrong)
        with pytest.raises(audit.VerificationFailed):
            audit.prove_tag(log.directory, "../vkey", 0)


def test_an_entry_cannot_name_a_file_that_is_not_sealed_or_of_another_count() -> None:
    with ephemeral_log() as log:
        file = log.tag_file()
        file.add(bytes(32))
        root = naive_root([bytes(16)] * 2)
        with pytest.raises(audit.EntryRefused):
            log.append([bulk(root, 2)])
        assert file.seal() == (root, 2)
        for entry in (bulk(root, 3), b'{"tags_root":"%s"}' % root.encode(), b'{"tags_root":7,"members":2}'):
            with pytest.raises(audit.EntryRefused):
                log.append([entry])
        log.append([bulk(root, 2)])


def test_what_was_not_sealed_or_not_named_is_gone_at_close(tmp_path: Path) -> None:
    with audit.Log.open(tmp_path / "log", SIGNER) as log:
        with log.tag_file() as discarded:
            discarded.add(bytes(16))
        with pytest.raises(audit.AuditError):
            discarded.add(bytes(16))
        with log.tag_file() as unnamed:
            unnamed.add(bytes(16))
            unnamed.seal()
    assert not list((tmp_path / "log" / "tags").iterdir())
    assert audit.verify_directory(tmp_path / "log").tag_files == 0


def test_what_a_crash_left_is_gone_at_open(tmp_path: Path) -> None:
    log = audit.Log.open(tmp_path / "log", SIGNER)
    half = log.tag_file()
    half.add(bytes(16))
    with log.tag_file() as unnamed:
        unnamed.add(bytes(32))
        unnamed.seal()
    with log.tag_file() as named:
        named.add(bytes(48))
        root, count = named.seal()
    log.append([bulk(root, count)])
    shutil.copytree(tmp_path / "log", tmp_path / "crashed")
    half.discard()
    log.close()
    assert len(list((tmp_path / "crashed" / "tags").iterdir())) == 3
    with audit.Log.open(tmp_path / "crashed", SIGNER):
        assert [path.name for path in (tmp_path / "crashed" / "tags").iterdir()] == [root]
    assert audit.verify_directory(tmp_path / "crashed").tag_files == 1


def test_tags_have_sixteen_bytes() -> None:
    with ephemeral_log() as log, log.tag_file() as file, pytest.raises(audit.EntryRefused):
        file.add(bytes(17))


class Full(Disk):
    """A disk on which one operation finds no space."""

    failing = ""
    failed = 0

    def _may_fail(self, name: str) -> None:
        if name == self.failing:
            self.failed += 1
            raise OSError(28, "No space left on device")

    def write(self, handle: int, data: bytes | memoryview, at: int) -> None:
        self._may_fail("write")
        super().write(handle, data, at)

    def sync(self, handle: int) -> None:
        self._may_fail("sync")
        super().sync(handle)

    def replace(self, old: Path, new: Path) -> None:
        self._may_fail("replace")
        super().replace(old, new)

    def sync_folder(self, path: Path) -> None:
        if path.name == "tags":
            self._may_fail("sync_folder")
        super().sync_folder(path)

    def open(self, path: Path, *, create: bool = False) -> int:
        if create:
            self._may_fail("open")
        return super().open(path, create=create)


@pytest.mark.parametrize("call", ["write", "sync", "replace", "sync_folder"])
def test_a_seal_that_fails_is_the_last_thing_that_the_log_tries(tmp_path: Path, call: str) -> None:
    disk = Full()
    log = audit.Log.open(tmp_path / "log", SIGNER, audit.Surroundings(disk=disk))
    with log.tag_file() as file, log.tag_file() as other:
        file.add(bytes(16))
        root = naive_root([bytes(16)])
        disk.failing = call
        with pytest.raises(audit.LogFailed, match="No space"):
            file.seal()
        disk.failing = ""
        with pytest.raises(audit.AuditError, match="sealed or discarded"):
            file.seal()
        assert not other.count
        for entry in (bulk(root, 1), b"no tags"):
            with pytest.raises(audit.LogFailed, match="No space"):
                log.append([entry])
        for action in (log.checkpoint, log.tag_file):
            with pytest.raises(audit.LogFailed):
                action()
    log.close()
    assert disk.failed == 1
    with audit.Log.open(tmp_path / "log", SIGNER) as again:
        again.append([b"well again"])
        assert not list((tmp_path / "log" / "tags").iterdir())
    assert audit.verify_directory(tmp_path / "log").size == 1


def test_tags_that_cannot_be_written_on_the_way_are_a_named_error(tmp_path: Path) -> None:
    disk = Full()
    log = audit.Log.open(tmp_path / "log", SIGNER, audit.Surroundings(disk=disk))
    with log.tag_file() as file:
        disk.failing = "write"
        with pytest.raises(audit.LogFailed, match="No space"):
            file.add(bytes(2 * 1024 * 1024))
    log.close()


def test_a_tag_file_that_cannot_be_begun_harms_nothing(tmp_path: Path) -> None:
    disk = Full()
    with audit.Log.open(tmp_path / "log", SIGNER, audit.Surroundings(disk=disk)) as log:
        log.append([b"before"])
        disk.failing = "open"
        with pytest.raises(audit.LogBusy, match="No space"):
            log.tag_file()
        disk.failing = ""
        log.tag_file().discard()
        log.append([b"after"])


def sealed_elsewhere(log: audit.Log, tags: bytes) -> tuple[str, int]:
    """Seal tags as another process does: the log is not told."""
    with audit.TagFile(log.directory / "tags", lambda _root, _count: None) as file:
        file.add(tags)
        return file.seal()


def test_a_file_of_another_process_counts_once_its_name_is_on_disk(tmp_path: Path) -> None:
    disk = Full()
    log = audit.Log.open(tmp_path / "log", SIGNER, audit.Surroundings(disk=disk))
    entry = bulk(*sealed_elsewhere(log, bytes(48)))
    disk.failing = "sync_folder"
    with pytest.raises(audit.LogFailed, match="No space"):
        log.append([entry])
    disk.failing = ""
    with pytest.raises(audit.LogFailed):
        log.append([entry])
    log.close()
    assert (disk.failed, log.size) == (1, 0)


def test_what_other_processes_left_is_gone_at_close(tmp_path: Path) -> None:
    with audit.Log.open(tmp_path / "log", SIGNER) as log:
        root, count = sealed_elsewhere(log, bytes(32))
        log.append([bulk(root, count)])
        sealed_elsewhere(log, bytes(64))
        log.tag_file().add(bytes(16))
    assert [path.name for path in (tmp_path / "log" / "tags").iterdir()] == [root]
    assert audit.verify_directory(tmp_path / "log").tag_files == 1


@given(st.lists(st.tuples(st.sampled_from(["seal", "name", "reopen"]), st.integers(0, 2)), max_size=12))
@settings(max_examples=30, deadline=None)  # each syncs a disk
def test_a_file_stays_exactly_as_long_as_an_entry_names_it(steps: list[tuple[str, int]]) -> None:
    """Whatever is sealed, how often, and named or not: nobody's tags, too, which have the same root each time."""
    with scratch() as name:
        folder, named = Path(name) / "log", set[str]()
        log = audit.Log.open(folder, SIGNER)
        for action, members in steps:
            root = naive_root([bytes(16)] * members)
            if action == "seal":
                with log.tag_file() as file:
                    file.add(bytes(16 * members))
                    file.seal()
            elif action == "name" and (folder / "tags" / root).exists():
                log.append([bulk(root, members)])
                named.add(root)
            elif action == "reopen":
                log.close()
                log = audit.Log.open(folder, SIGNER)
        log.close()
        assert {path.name for path in (folder / "tags").iterdir()} == named
        assert audit.verify_directory(folder).tag_files == len(named)


def test_a_sealed_file_is_final(tmp_path: Path) -> None:
    with audit.Log.open(tmp_path / "log", SIGNER) as log:
        with log.tag_file() as file:
            file.add(bytes(16))
            root, count = file.seal()
            for action in (lambda: file.add(bytes(16)), file.seal):
                with pytest.raises(audit.AuditError):
                    action()
        file.discard()
        log.append([bulk(root, count)])
    assert [path.name for path in (tmp_path / "log" / "tags").iterdir()] == [root]


def test_a_large_file_is_what_was_added(tmp_path: Path) -> None:
    blocks = b"".join(number.to_bytes(16) for number in range(150_000))  # 2.4 MB, written in several parts
    with audit.Log.open(tmp_path / "log", SIGNER) as log:
        with log.tag_file() as file:
            for start in range(0, len(blocks), 48_000):
                file.add(blocks[start : start + 48_000])
            assert file.count == 150_000
            root, count = file.seal()
        log.append([bulk(root, count)])
        assert b"".join(audit.read_tags(log.directory, root)) == blocks
    assert audit.verify_directory(tmp_path / "log").tag_files == 1


def test_a_file_that_changed_proves_nothing(tmp_path: Path) -> None:
    with audit.Log.open(tmp_path / "log", SIGNER) as log:
        with log.tag_file() as file:
            file.add(bytes(64))
            root, count = file.seal()
        log.append([bulk(root, count)])
    path = tmp_path / "log" / "tags" / root
    path.write_bytes(bytes(63) + b"x")
    with pytest.raises(audit.VerificationFailed, match="do not have this root"):
        audit.prove_tag(tmp_path / "log", root, 0)
    with pytest.raises(audit.VerificationFailed, match=root):
        audit.verify_directory(tmp_path / "log")
    path.unlink()
    with pytest.raises(audit.VerificationFailed, match="cannot be read"):
        audit.prove_tag(tmp_path / "log", root, 0)


def test_only_a_file_of_whole_tags_is_read(tmp_path: Path) -> None:
    with audit.Log.open(tmp_path / "log", SIGNER) as log:
        log.append([b"x"])
    torn, whole = bytes(16) + b"short", bytes(32)
    root = naive_root([bytes(16), b"short"])
    path = tmp_path / "log" / "tags" / root
    readers: list[Callable[[str], object]] = [
        lambda root: list(audit.read_tags(tmp_path / "log", root)),
        lambda root: audit.prove_tag(tmp_path / "log", root, 0),
    ]
    path.write_bytes(torn)
    for read in readers:
        with pytest.raises(audit.VerificationFailed, match="ends within a tag"):
            read(root)
    linked = naive_root([bytes(16)] * 2)
    (tmp_path / "outside").write_bytes(whole)
    path.with_name(linked).symlink_to(tmp_path / "outside")
    pipe = naive_root([])
    os.mkfifo(path.with_name(pipe))
    for name in (linked, pipe):
        for read in readers:
            with pytest.raises(audit.VerificationFailed, match=name):
                read(name)


def test_an_entry_names_only_a_file_of_whole_tags(tmp_path: Path) -> None:
    with audit.Log.open(tmp_path / "log", SIGNER) as log:
        one, none = (log.directory / "tags" / naive_root([bytes(16)] * members) for members in (1, 0))
        one.write_bytes(bytes(17))
        os.mkfifo(none)
        for path, members in ((one, 1), (none, 0)):
            with pytest.raises(audit.EntryRefused):
                log.append([bulk(path.name, members)])
    assert not list((tmp_path / "log" / "tags").iterdir())
