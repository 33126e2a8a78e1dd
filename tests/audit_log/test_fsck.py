"""What is derived from the journal can be derived again; what is not is never touched."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import audit
from audit import format as layout
from audit.fsck import fsck
from audit.retention import prune
from audit.verifier import verify_directory
from tests.audit_log.laid_out import ED25519, lay_out, put, put_tags

TAGS = bytes(range(16)) * 3


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "log"
    root, count = put_tags(folder, TAGS)
    entries = [b"entry %d" % number for number in range(700)] + [
        json.dumps({"tags_root": root, "members": count}).encode()
    ]
    lay_out(folder, entries, beyond=[b"beyond"] * 9, earlier=[5, 300, 600], signer=ED25519)
    return folder


def test_a_whole_log_has_no_difference(folder: Path) -> None:
    for repair in (False, True):
        found = fsck(folder, repair=repair)
        assert (found.size, found.entries, found.differences, found.root_agrees, found.is_well) == (
            701,
            710,
            (),
            True,
            True,
        )


def test_every_derived_file_is_found_and_repaired_whatever_happened_to_it(folder: Path) -> None:
    whole = contents(folder)
    derived = [path for path in whole if path.startswith("tile/")]
    required = [
        path for path in derived if not path.endswith(("/5", "/44", "/88", "/1"))
    ]  # the others are of earlier trees
    assert len(required) == 7
    for path in derived:
        for other in (b"", b"x", whole[path][:-1], whole[path] + b"\0", bytes(len(whole[path])), None):
            if other is None and path not in required:
                continue
            (folder / path).unlink() if other is None else (folder / path).write_bytes(other)
            before = contents(folder)
            assert [one.path for one in fsck(folder).differences] == [path]
            assert contents(folder) == before  # a dry run writes nothing
            found = fsck(folder, repair=True)
            assert found.is_well
            assert [(one.path, one.repaired) for one in found.differences] == [(path, True)]
            assert contents(folder) == whole
    shutil.rmtree(folder / "tile")
    assert len(fsck(folder, repair=True).differences) == len(required)
    assert verify_directory(folder).size == 701


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_repair_makes_any_damage_to_derived_files_good(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("log")
    size = data.draw(st.integers(1, 600))
    lay_out(folder, [b"%d" % number for number in range(size)], signer=ED25519)
    whole = contents(folder)
    for path in data.draw(st.lists(st.sampled_from([path for path in whole if path.startswith("tile/")]))):
        (folder / path).write_bytes(data.draw(st.binary(max_size=40)))
    assert fsck(folder, repair=True).is_well
    assert contents(folder) == whole


def test_what_is_not_derived_is_listed_and_left(folder: Path) -> None:
    put(folder / "tags" / ("0" * 64), b"")
    (tag,) = (path for path in (folder / "tags").iterdir() if path.name != "0" * 64)
    tag.write_bytes(bytes(48))
    put(folder / "stray", b"")
    put(folder / "tile" / "0" / ".000.new", b"")
    before = contents(folder)
    found = fsck(folder, repair=True)
    assert not found.is_well
    assert [(one.path, one.repaired) for one in found.differences] == [
        (path, False) for path in sorted(["stray", f"tags/{'0' * 64}", f"tags/{tag.name}", "tile/0/.000.new"])
    ]
    assert contents(folder) == before


def test_a_journal_that_is_not_what_was_published_repairs_nothing(folder: Path) -> None:
    other = folder.with_name("other")
    lay_out(other, [b"other %d" % number for number in range(701)], signer=ED25519)
    shutil.rmtree(folder / "journal")
    (other / "journal").rename(folder / "journal")
    before = contents(folder)
    found = fsck(folder, repair=True)
    assert not found.root_agrees
    assert not found.is_well
    assert "journal" in {one.path for one in found.differences}
    assert contents(folder) == before


def test_a_damaged_journal_is_said_to_be(folder: Path) -> None:
    path = folder / "journal" / layout.segment_name(300)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"entry 450", b"entry 451"))
    with pytest.raises(audit.VerificationFailed, match="checksum"):
        fsck(folder, repair=True)
    path.write_bytes(whole)
    last = folder / "journal" / layout.segment_name(600)
    last.write_bytes(b"beyon?".join(last.read_bytes().rsplit(b"beyond", 1)))
    (difference,) = fsck(folder, repair=True).differences
    assert (difference.path.partition(",")[0], difference.repaired) == (f"journal/{layout.segment_name(600)}", False)


@pytest.mark.parametrize(("first", "at"), [(0, 0), (300, 0), (300, 63), (600, 31), (900, 5)])
def test_a_segment_that_names_another_past_is_found_and_repaired_by_nobody(tmp_path: Path, first: int, at: int) -> None:
    folder = tmp_path / "log"
    entries = [b"entry %d" % number for number in range(1000)]
    lay_out(folder, entries[:700], beyond=entries[700:], signer=ED25519)
    path = folder / "journal" / layout.segment_name(first)
    data = bytearray(path.read_bytes())
    place = data.index(b"\n%d\n" % first) + len(f"\n{first}\n") + at
    data[place] = ord("0") if data[place] != ord("0") else ord("1")
    path.write_bytes(data)
    before = contents(folder)
    for repair in (False, True):
        found = fsck(folder, repair=repair)
        assert (found.is_well, found.root_agrees) == (False, True)
        assert [(one.path, one.repaired) for one in found.differences] == [(f"journal/{path.name}", False)]
        assert "root before it" in found.differences[0].why
    assert contents(folder) == before
    with pytest.raises(audit.VerificationFailed, match=path.name):
        verify_directory(folder)


def test_a_log_that_is_open_is_not_repaired_and_one_that_is_pruned_not_derived(tmp_path: Path) -> None:
    with audit.Log.open(tmp_path / "open", ED25519) as log:
        log.append([b"one"])
        log.checkpoint()
        assert fsck(tmp_path / "open").is_well
        with pytest.raises(audit.LogRefused, match="open"):
            fsck(tmp_path / "open", repair=True)
    assert fsck(tmp_path / "open", repair=True).is_well
    prune(tmp_path / "open", "twelve months")
    with pytest.raises(audit.AuditError, match="pruned"):
        fsck(tmp_path / "open")
