"""Side files of bulk entries: named by their root, referenced or gone."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import audit
from audit import merkle
from audit.testing import ephemeral_log

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


def test_a_seal_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with audit.Log.open(tmp_path / "log", SIGNER) as log:
        with log.tag_file() as file, monkeypatch.context() as patch:
            file.add(bytes(16))
            patch.setattr(os, "fsync", lambda _handle: (_ for _ in ()).throw(OSError(28, "No space left")))
            with pytest.raises(OSError, match="No space"):
                file.seal()
        assert not list((tmp_path / "log" / "tags").iterdir())
        log.append([b"the log itself is well"])
