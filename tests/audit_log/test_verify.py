"""Whoever changes a byte of what is published is found out, by a verifier that does not know the writer."""

from __future__ import annotations

import ast
import datetime as dt
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import audit
from audit import format as layout
from audit import merkle, tiles
from audit.keys import KeyKind, SigningKey
from audit.note import sign_note
from audit.policy import Policy
from audit.published import Minimum
from audit.verifier import Verified, verify_directory, verify_trail
from tests.audit_log.laid_out import ED25519, SIGNER, lay_out, put, put_tags

TAGS = bytes(range(16)) * 3


def numbered(count: int) -> list[bytes]:
    return [b'{"n":%d}' % number for number in range(count)]


def bulk(root: str, count: int) -> bytes:
    return json.dumps({"tags_root": root, "members": count}).encode()


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def overwrite(path: Path, at: int, value: int) -> None:
    """In place: a file that is truncated and written anew is flushed to disk at its closing, which takes long."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(bytes([value]))


def refused(folder: Path, match: str = ".", policy: Policy | None = None) -> None:
    with pytest.raises(audit.VerificationFailed, match=match):
        verify_directory(folder, policy)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log"


@pytest.fixture
def small(folder: Path) -> Path:
    """A log with everything that a log may have, few bytes of each."""
    root, count = put_tags(folder, TAGS)
    lay_out(folder, [*numbered(4), bulk(root, count)], beyond=[b"beyond"], earlier=[3], signer=ED25519)
    return folder


# -- what holds -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512, 700])
def test_a_whole_log_verifies(folder: Path, size: int) -> None:
    entries = numbered(size)
    lay_out(folder, entries, earlier=[at for at in (1, 200, 300, 511) if at < size])
    tree = merkle.Accumulator()
    tree.extend(merkle.leaf_hashes(entries))
    assert verify_directory(folder, Policy.of(SIGNER.vkeys)) == Verified(
        "log.example.org/test", size, tree.root(), 0, 0
    )


def test_a_log_of_three_levels_of_tiles_verifies(folder: Path) -> None:
    lay_out(folder, [b""] * 66_000)
    assert verify_directory(folder).size == 66_000
    path = folder / tiles.tile_path(1, 0)
    overwrite(path, 5000, path.read_bytes()[5000] ^ 1)
    refused(folder, r"tile/1/000: it is not made of the tiles below it")


def test_the_log_that_the_writer_writes_verifies(folder: Path) -> None:
    with audit.Log.open(folder, SIGNER) as log:
        log.append(numbered(300))
        log.checkpoint()
        with log.tag_file() as file:
            file.add(TAGS)
            root, count = file.seal()
        log.append([bulk(root, count)])
        log.checkpoint()
        log.append([b"beyond"])
        found = verify_directory(folder)
        assert (found.size, found.entries_beyond_checkpoint, found.tag_files) == (301, 1, 1)
    assert verify_directory(folder, Policy.of(SIGNER.vkeys)).size == 302


def test_entries_and_tiles_beyond_the_checkpoint_are_counted(small: Path) -> None:
    put(small / tiles.tile_path(0, 0, 6), (small / tiles.tile_path(0, 0, 5)).read_bytes() + bytes(32))
    found = verify_directory(small)
    assert (found.size, found.entries_beyond_checkpoint, found.tiles_beyond_checkpoint, found.tag_files) == (5, 1, 1, 1)
    put(small / tiles.tile_path(0, 0, 6), bytes(6 * 32))
    refused(small, r"tile/0/000\.p/6: it is not the beginning")


def test_what_lies_beyond_the_checkpoint_has_no_place_without_a_journal(small: Path) -> None:
    put(small / tiles.tile_path(0, 1), bytes(8192))
    assert verify_directory(small).tiles_beyond_checkpoint == 1
    shutil.rmtree(small / "journal")
    refused(small, "tile/0/001: it does not belong here: the published tree does not go so far")


def test_partial_tiles_may_go_once_the_full_one_is_there(folder: Path) -> None:
    """The writer has removed the partial ones of the checkpoint, because it has published the full one meanwhile."""
    lay_out(folder / "new", numbered(300))
    lay_out(folder / "old", numbered(200), beyond=numbered(300)[200:])
    for level in (None, 0):
        (folder / "old" / tiles.tile_path(level, 0, 200)).unlink()
        shutil.copy(folder / "new" / tiles.tile_path(level, 0), folder / "old" / tiles.tile_path(level, 0))
    found = verify_directory(folder / "old")
    assert (found.size, found.entries_beyond_checkpoint, found.tiles_beyond_checkpoint) == (200, 100, 2)


def test_a_log_verifies_while_it_is_written(folder: Path) -> None:
    log = audit.Log.open(folder, ED25519)
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set() and number < 20_000:
            log.append([b"entry %d" % (number + at) for at in range(17)])
            number += 17
            if number % 5 == 0:
                log.checkpoint()

    log.append([b"first"])
    log.checkpoint()
    thread = threading.Thread(target=write)
    thread.start()
    try:
        sizes = [verify_directory(folder).size for _ in range(40)]
    finally:
        stop.set()
        thread.join()
        log.close()
    assert sizes == sorted(sizes)
    assert verify_directory(folder).entries_beyond_checkpoint == 0


def test_what_a_writer_has_not_finished_is_no_fault_while_it_has_the_log_open(folder: Path) -> None:
    log = audit.Log.open(folder, ED25519)
    log.append([b"one"])
    log.checkpoint()
    file = log.tag_file()
    file.add(TAGS)
    assert verify_directory(folder).tag_files == 0
    root, _ = file.seal()
    assert verify_directory(folder).tag_files == 0
    kept = (folder / "tags" / root).read_bytes()
    log.close()
    assert verify_directory(folder).tag_files == 0
    put(folder / "tags" / root, kept)
    refused(folder, "no entry names it")


# -- what does not --------------------------------------------------------------------------------------------------


def test_flipping_any_byte_of_any_file_fails(small: Path) -> None:
    assert {path.parent.name for path in files(small)} == {"log", "journal", "tags", "000.p"}
    for path in files(small):
        whole = path.read_bytes()
        for at in range(len(whole)):
            for change in (0x01, 0x80):
                overwrite(path, at, whole[at] ^ change)
                refused(small)
            overwrite(path, at, whole[at])
    assert verify_directory(small).size == 5


def test_flipping_a_byte_of_a_larger_log_fails(folder: Path) -> None:
    root, count = put_tags(folder, random.Random(2).randbytes(16 * 999))  # noqa: S311 - no secret
    lay_out(folder, [*numbered(700), bulk(root, count)], earlier=[100, 256, 600])
    randomness = random.Random(7)  # noqa: S311 - which bytes to flip is no secret
    for path in files(folder):
        whole = path.read_bytes()
        for _ in range(12):
            at = randomness.randrange(len(whole))
            overwrite(path, at, whole[at] ^ randomness.randrange(1, 256))
            refused(folder)
            overwrite(path, at, whole[at])
    assert verify_directory(folder).size == 701


def test_flipping_a_byte_of_a_line_that_nobody_here_can_check_changes_no_answer(small: Path) -> None:
    before = verify_directory(small)
    path = small / "checkpoint"
    note = path.read_bytes()
    witness = SigningKey("witness.example.org", KeyKind.ED25519_COSIGNATURE, bytes(range(32)))
    text = note.decode().partition("\n\n")[0] + "\n"
    path.write_bytes(note + witness.sign(text, 1_800_000_000).encode())
    policy = Policy.parse(f"log {ED25519.vkey}\nwitness w {witness.vkey}\nquorum w\n")
    assert verify_directory(small) == before
    assert verify_directory(small, policy) == replace(before, witnesses=("w",))
    whole = path.read_bytes()
    for at in range(len(note), len(whole)):
        for change in (0x01, 0x20, 0x80):
            overwrite(path, at, whole[at] ^ change)
            refused(small, policy=policy)  # a witness that is asked for has not signed this
            try:
                assert verify_directory(small) == before
            except audit.VerificationFailed:
                continue
        overwrite(path, at, whole[at])


def test_cutting_or_adding_to_any_file_fails(small: Path) -> None:
    for path in files(small):
        whole = path.read_bytes()
        for other in [whole[: len(whole) * part // 7] for part in range(7)] + [whole[:-1]]:
            if path.parent.name == "journal" and not whole[len(other) :].strip(b"\0"):
                continue  # how many zeros stand ready behind the last group says nothing
            path.write_bytes(other)
            refused(small)
        for more in (b"\0", b"\n", b"x", whole):
            if path.parent.name == "journal" and more == b"\0":
                continue
            path.write_bytes(whole + more)
            refused(small)
        path.write_bytes(whole)
    assert verify_directory(small).size == 5


def test_a_missing_file_fails(small: Path) -> None:
    for path in files(small):
        if path == small / tiles.tile_path(0, 0, 3) or path == small / tiles.tile_path(None, 0, 3):
            continue  # of an earlier tree
        aside = path.rename(small.parent / "aside")
        refused(small)
        aside.rename(path)
    assert verify_directory(small).size == 5


@pytest.mark.parametrize(
    "name",
    [
        "notes.txt", ".checkpoint.new", "tags/.half.new", f"tags/{'0' * 64}", "tags/more/x",
        "journal/00000000000000000009", "journal/x", "tile/0/001", "tile/0/000.p/256", "tile/0/000.p/04",
        "tile/64/000", "tile/1/000.p/1", "tile/0/0", "tile/0/x000/000", "tile/entries/001", "tile/x",
        "a/b/c/d/e/f/g/h/i/j/k/l/m/n", "README.txt", "MANIFEST", "tools/main.go", "tile/0/\udcff", "na\nme",
        "tile/0/000.p/x/1",
    ],
)  # fmt: skip
def test_files_that_do_not_belong_fail(folder: Path, name: str) -> None:
    lay_out(folder, numbered(5), signer=ED25519)
    shutil.rmtree(folder / "journal") if name.startswith("tile") else None
    put(folder / name, b"")
    refused(folder)


@pytest.mark.parametrize("name", ["extra", "tile/extra", "tile/0/x", "tile/0/000", "journal/x", "tags/x", "x/y"])
def test_folders_that_do_not_belong_fail(small: Path, name: str) -> None:
    (small / name).mkdir(parents=True)
    refused(small)


def replacements(path: Path, aside: Path) -> list[Callable[[], None]]:
    return [
        lambda: path.symlink_to(aside),
        path.mkdir,
        lambda: os.mkfifo(path),
        lambda: path.symlink_to("/dev/zero"),
        lambda: path.symlink_to(path.name),
    ]


def test_a_link_a_folder_or_a_pipe_in_the_place_of_a_file_fails(small: Path) -> None:
    aside = small.parent / "aside"
    for path in files(small):
        path.rename(aside)
        for replacement in replacements(path, aside):
            replacement()
            refused(small)
            path.rmdir() if path.is_dir() else path.unlink()
        aside.rename(path)
    (small / "tile").rename(aside)
    (small / "tile").symlink_to(aside)
    refused(small)


def test_a_file_in_the_place_of_a_folder_and_no_log_at_all_fail(small: Path) -> None:
    for name in ("tile", "journal", "tags"):
        shutil.move(small / name, small.parent / "aside")
        (small / name).write_bytes(b"")
        refused(small)
        (small / name).unlink()
        shutil.move(small.parent / "aside", small / name)
    refused(small / "checkpoint")
    refused(small.parent / "nowhere")
    refused(small.parent)


def test_huge_files_fail_by_their_size(small: Path) -> None:
    for name in ("checkpoint", "policy", "minimum", tiles.tile_path(0, 0, 5), tiles.tile_path(None, 0, 5)):
        whole = (small / name).read_bytes() if (small / name).exists() else None
        with (small / name).open("ab") as file:
            file.truncate(1 << 40)
        refused(small)
        (small / name).unlink() if whole is None else (small / name).write_bytes(whole)
    assert verify_directory(small).size == 5


# -- other checkpoints ----------------------------------------------------------------------------------------------


def checkpoint_of(entries: list[bytes], signer: audit.Signer, origin: str = "log.example.org/test") -> str:
    tree = merkle.Accumulator()
    tree.extend(merkle.leaf_hashes(entries))
    return sign_note(audit.Checkpoint(origin, len(entries), tree.root()).text, signer, at=1)


def test_a_checkpoint_of_another_tree_fails(small: Path) -> None:
    for entries in (numbered(2), [*numbered(2), b"x"], numbered(5), numbered(6), numbered(300)):
        (small / "checkpoint").write_text(checkpoint_of(entries, ED25519))
        refused(small)


def test_a_checkpoint_of_another_key_or_log_fails(small: Path) -> None:
    entries = [*numbered(4), *[tiles.decode_bundle((small / tiles.tile_path(None, 0, 5)).read_bytes(), 5)[4]]]
    (small / "checkpoint").write_text(checkpoint_of(entries, ED25519))
    assert verify_directory(small).size == 5
    note = checkpoint_of(entries, ED25519)
    for other in (
        checkpoint_of(entries, audit.Signer("log.example.org/test", bytes(range(32)))),
        checkpoint_of(entries, audit.Signer("other.example.org", bytes(32)), "other.example.org"),
        checkpoint_of(entries, ED25519, "other.example.org"),
        note + note.partition("\n\n")[2],
        note + note,
        note.replace("\n", "\r\n"),
        "",
    ):
        (small / "checkpoint").write_text(other)
        refused(small)


def test_all_keys_of_the_logs_own_policy_must_have_signed(folder: Path) -> None:
    lay_out(folder, numbered(3), signer=SIGNER)
    (folder / "checkpoint").write_text(checkpoint_of(numbered(3), ED25519))
    refused(folder, "did not sign it")
    refused(folder, "did not sign it", Policy.of(ED25519.vkeys))
    (folder / "policy").write_text(Policy.of(ED25519.vkeys).text)
    assert verify_directory(folder).size == 3


def test_the_logs_own_policy_names_its_own_keys_only(small: Path) -> None:
    other = audit.Signer("other.example.org", bytes(range(32)))
    note = (small / "checkpoint").read_text()
    (small / "checkpoint").write_text(note + other.sign(note.partition("\n\n")[0] + "\n"))
    assert verify_directory(small).size == 5
    (small / "policy").write_text(Policy.of([*ED25519.vkeys, *other.vkeys]).text)
    refused(small, "a key of another log")


def test_the_given_policy_decides(folder: Path) -> None:
    """A log wholly rewritten under another key agrees with itself, and not with the known key."""
    forger = audit.Signer("log.example.org/test", bytes(range(32)))
    lay_out(folder, numbered(3), signer=forger)
    assert verify_directory(folder).size == 3
    refused(folder, "no key that the policy lists", Policy.of(ED25519.vkeys))


@pytest.mark.parametrize("text", ["", "quorum none\n", "# nothing\n", "log x\nquorum none\n"])
def test_the_logs_own_policy_is_read_even_where_another_decides(small: Path, text: str) -> None:
    (small / "policy").write_text(text)
    refused(small, policy=Policy.of(ED25519.vkeys))


# -- the journal ----------------------------------------------------------------------------------------------------


def frames(entries: list[list[bytes]]) -> bytes:
    data = layout.segment_header("log.example.org/test", 0, merkle.EMPTY_ROOT)
    first = 0
    for group in entries:
        data += layout.group(first, len(group), tiles.encode_bundle(group))
        first += len(group)
    return data + bytes(64)


def test_a_journal_with_right_checksums_and_other_entries_fails(folder: Path) -> None:
    one, two, three = numbered(3)
    lay_out(folder, [one, two, three], signer=ED25519)
    path = folder / "journal" / layout.segment_name(0)
    for good in (
        [[one], [two, three]],
        [[one, two], [three]],
        [[one, two, three], [b"beyond"]],
        [[one, two, three, b"x"]],
    ):
        path.write_bytes(frames(good))
        assert verify_directory(folder).size == 3
    for bad in (
        [[one, two]],
        [[two, one, three]],
        [[one, two, b"4"]],
        [[one], [one], [two], [three]],
        [],
        [[one, b""], [two]],
    ):
        path.write_bytes(frames(bad))
        refused(folder, "journal")


def test_groups_that_lie_about_themselves_fail(folder: Path) -> None:
    lay_out(folder, numbered(2), signer=ED25519)
    path = folder / "journal" / layout.segment_name(0)
    head, data = layout.segment_header("log.example.org/test", 0, merkle.EMPTY_ROOT), tiles.encode_bundle(numbered(2))
    cases = {
        layout.group(0, 2, data)[:-1]: "not whole",
        layout.group(0, 1, data): "not the entries that it says",
        layout.group(0, 3, data): "not the entries that it says",
        layout.group(1, 2, data): "another place",
        layout.group(0, 0, b""): "not whole",
        layout.group(0, 2, data) + layout.group(2, 1, b"\0"): "not the entries",
        layout.group(0, 2, data) + bytes(30) + b"x": "bytes follow",
        layout.group(0, 2, data) + layout.GROUP_MARK: "no group of entries begins here",
        layout.group(0, 2, data) + layout.GROUP_HEAD.pack(layout.GROUP_MARK, 2, 1, 2**32 - 1, 0): "not whole",
    }
    for groups, why in cases.items():
        path.write_bytes(head + groups)
        refused(folder, why)


def test_segments_continue_each_other(folder: Path) -> None:
    lay_out(folder, numbered(700), beyond=numbered(1000)[700:], signer=ED25519)
    segments = sorted((folder / "journal").iterdir())
    assert [int(path.name) for path in segments] == [0, 300, 600, 900]
    for path, first in zip(segments, (0, 300, 600, 900), strict=True):
        whole = path.read_bytes()
        for root in (merkle.EMPTY_ROOT if first else bytes(32), bytes(32)):
            path.write_bytes(layout.segment_header(ED25519.name, first, root) + whole[512:])
            refused(folder, "the root before it")
        path.write_bytes(whole)
        path.rename(folder.parent / "aside")
        if first < 900:
            refused(folder, "journal")
        else:
            assert verify_directory(folder).entries_beyond_checkpoint == 200
        (folder.parent / "aside").rename(path)
    assert verify_directory(folder).entries_beyond_checkpoint == 300


def test_a_torn_tail_fails_unless_a_writer_has_the_log_open(folder: Path) -> None:
    with audit.Log.open(folder, ED25519) as log:
        log.append([b"one"])
        log.checkpoint()
        log.append([b"two"])
        path = folder / "journal" / layout.segment_name(0)
        whole = path.read_bytes()
        at = whole.rindex(b"two")
        overwrite(path, at, 0)
        assert verify_directory(folder).entries_beyond_checkpoint == 0
        shutil.copytree(folder, folder.with_name("copy"))
        overwrite(path, at, whole[at])
    refused(folder.with_name("copy"), "checksum is wrong")


def test_the_segment_that_stands_ready_is_empty(small: Path) -> None:
    ahead = small / "journal" / layout.AHEAD_FILE
    ahead.write_bytes(bytes(4096))
    assert verify_directory(small).size == 5
    ahead.write_bytes(layout.segment_header(ED25519.name, 9, bytes(32)) + bytes(100))  # a crash before its renaming
    assert verify_directory(small).size == 5
    for other in (
        bytes(1000) + b"x",
        b"x",
        layout.segment_header("other.example.org", 9, bytes(32)),
        bytes(513) + b"1",
    ):
        ahead.write_bytes(other)
        refused(small, "it is not empty")


# -- tag files ------------------------------------------------------------------------------------------------------


def test_a_tag_file_is_named_with_its_own_number(folder: Path) -> None:
    root, count = put_tags(folder, TAGS)
    for entries in (
        [bulk(root, count + 1)],
        [bulk(root, count), bulk(root, count - 1)],
        [json.dumps({"tags_root": root}).encode()],
        [json.dumps({"tags_root": 7, "members": 1}).encode()],
        [json.dumps({"tags_root": "../checkpoint", "members": 1}).encode()],
        [bulk("0" * 64, 1)],
        [b"nothing"],
    ):
        lay_out(folder, entries, signer=ED25519)
        refused(folder)
        shutil.rmtree(folder / "tile")
    lay_out(folder, [bulk(root, count), bulk(root, count)], signer=ED25519)
    assert verify_directory(folder).tag_files == 1


def test_entries_that_are_hard_to_read_crash_nothing(folder: Path) -> None:
    deep = b"[" * 60_000 + b'"tags_root"'
    lay_out(folder, [b'{"a":' + deep], signer=ED25519)
    refused(folder, "entry 0: it may name a tag file, and is nested too deep")
    shutil.rmtree(folder)
    lay_out(folder, [deep[:100], b'{"tags_root":"\xff","members":1}', b'{"tags_root', b"[" * 60_000], signer=ED25519)
    assert verify_directory(folder).size == 4


# -- trails ---------------------------------------------------------------------------------------------------------

BASE = "log.example.org"


def shard_signer(name: str) -> audit.Signer:
    return audit.Signer(f"{BASE}/{name}", bytes(32))


def link(last: audit.Checkpoint) -> bytes:
    return json.dumps({"previous": {"origin": last.origin, "size": last.size, "root": last.root.hex()}}).encode()


def link_to(last: Verified) -> bytes:
    return link(audit.Checkpoint(last.origin, last.size, last.root))


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    folder = tmp_path / "trail"
    first: list[bytes] = [b"start"]
    for name in ("2026q2", "2026q3", "2026q4"):
        lay_out(folder / name, [*first, *numbered(3)], signer=shard_signer(name))
        first = [link_to(verify_directory(folder / name))]
    return folder


def test_a_trail_that_the_writer_writes_verifies(tmp_path: Path) -> None:
    now = [dt.datetime(2026, 11, 1, tzinfo=dt.UTC)]
    around = audit.Surroundings(clock=lambda: now[0])
    with audit.Trail.open(
        tmp_path / "trail", BASE, lambda origin: audit.Signer(origin, bytes(32)), link, around
    ) as log:
        log.append([b"one"])
        file = log.tag_file()
        file.add(TAGS)
        sealed = file.seal()
        now[0] = dt.datetime(2027, 2, 1, tzinfo=dt.UTC)
        log.append([b"two"])
        log.append([bulk(*sealed)])
        found = verify_trail(tmp_path / "trail")
        assert [(shard.origin, shard.size + shard.entries_beyond_checkpoint) for shard in found] == [
            (f"{BASE}/2026q4", 1),
            (f"{BASE}/2027q1", 3),
        ]
    assert [(shard.size, shard.tag_files) for shard in verify_trail(tmp_path / "trail")] == [(1, 0), (3, 1)]


def test_a_first_entry_that_is_hard_to_read_crashes_nothing(trail: Path) -> None:
    for name in ("2026q2", "2026q4"):
        lay_out(trail / name, [b'{"a":' + b"[" * 60_000, *numbered(3)], signer=shard_signer(name))
    refused_trail(trail, "2026q3/entry 0: it does not name")
    shutil.rmtree(trail / "2026q3")
    refused_trail(trail, "2026q4/entry 0: it does not name")


def refused_trail(folder: Path, match: str) -> None:
    with pytest.raises(audit.VerificationFailed, match=match):
        verify_trail(folder)


def test_a_trail_verifies_shard_by_shard(trail: Path) -> None:
    (trail / "2026q4.lock.sqlite").write_bytes(b"")
    assert [shard.origin for shard in verify_trail(trail)] == [f"{BASE}/2026q{n}" for n in (2, 3, 4)]
    vkeys = [shard_signer(f"2026q{n}").vkey for n in (2, 3, 4)]
    policy = Policy.parse("".join(f"log {shard_signer(f'2026q{n}').vkey}\n" for n in (2,)) + "quorum none\n")
    assert len(vkeys) == 3
    with pytest.raises(audit.VerificationFailed, match="2026q3/checkpoint"):
        verify_trail(trail, policy)


def test_a_shard_cannot_be_left_out(trail: Path) -> None:
    aside = trail.parent / "aside"
    for name, match in (("2026q3", "2026q4/entry 0: it does not name"), ("2026q2", "2026q3/entry 0: it names a shard")):
        (trail / name).rename(aside)
        refused_trail(trail, match)
        aside.rename(trail / name)
    assert len(verify_trail(trail)) == 3


def test_a_shard_cannot_be_continued_or_exchanged(trail: Path) -> None:
    shutil.rmtree(trail / "2026q3")
    lay_out(trail / "2026q3", [link_to(verify_directory(trail / "2026q2")), b"other"], signer=shard_signer("2026q3"))
    refused_trail(trail, "2026q4/entry 0")
    (trail / "2026q3").rename(trail / "2026q1")
    refused_trail(trail, "2026q1/checkpoint: it is of another trail or shard")


@pytest.mark.parametrize("empty", [set(some) for count in range(4) for some in itertools.combinations(range(3), count)])
def test_only_the_newest_shard_may_be_empty(tmp_path: Path, empty: set[int]) -> None:
    """Each names the one before, as the writer has it; behind an empty one nobody would miss what came before it."""
    folder, first = tmp_path / "trail", [b"start"]
    for number, name in enumerate(("2026q2", "2026q3", "2026q4")):
        lay_out(folder / name, [] if number in empty else [*first, *numbered(3)], signer=shard_signer(name))
        first = [link_to(verify_directory(folder / name))]
    if empty <= {2}:
        assert len(verify_trail(folder)) == 3
        audit.check_links(audit.PublishedTrail(folder).shards())
        return
    for gone in range(min(empty - {2}) + 1):  # with all that was written, and with ever more of it taken away
        refused_trail(folder, "checkpoint: the shard is empty and not the newest")
        with pytest.raises(audit.VerificationFailed, match="the shard is empty and not the newest"):
            audit.check_links(audit.PublishedTrail(folder).shards())
        shutil.rmtree(folder / f"2026q{gone + 2}")


def test_the_newest_shard_is_never_pruned(trail: Path) -> None:
    shard = trail / "2026q4"
    size = verify_directory(shard).size
    (shard / "minimum").write_bytes(Minimum(size, "forged").data)
    for part in ("tile/entries", "journal"):
        shutil.rmtree(shard / part)
    assert verify_directory(shard).minimum == size  # alone it may be an old one
    refused_trail(trail, "2026q4/minimum: the newest shard is never pruned")


def test_a_shard_that_the_policy_names_is_there(trail: Path) -> None:
    seeds = {name: bytes([number]) * 32 for number, name in enumerate(("2026q2", "2026q3", "2026q4"))}
    folder, first = trail.parent / "own keys", [b"start"]
    for name, seed in seeds.items():
        lay_out(folder / name, [*first, *numbered(3)], signer=audit.Signer(f"{BASE}/{name}", seed))
        first = [link_to(verify_directory(folder / name))]
    elsewhere = audit.Signer("other.example/2027q1", bytes([9]) * 32).vkey
    policy = Policy.of([*(audit.Signer(f"{BASE}/{name}", seed).vkey for name, seed in seeds.items()), elsewhere])
    assert len(verify_trail(folder, policy)) == 3
    shutil.rmtree(folder / "2026q4")
    assert len(verify_trail(folder)) == 2  # nobody said that there is another
    with pytest.raises(audit.VerificationFailed, match="2026q4: the policy names this shard"):
        verify_trail(folder, policy)


@pytest.mark.parametrize("name", ["2026q5", "notes.txt", "MANIFEST", "README.txt"])
def test_what_does_not_belong_in_a_trail_fails(trail: Path, name: str) -> None:
    (trail / name).write_bytes(b"")
    refused_trail(trail, ".")


def test_a_folder_of_nothing_is_no_trail(tmp_path: Path) -> None:
    refused_trail(tmp_path, "neither a log nor shards")
    refused_trail(tmp_path / "nowhere", ".")


# -- the library ----------------------------------------------------------------------------------------------------


def test_the_verifier_does_not_import_the_writer() -> None:
    """Followed through the modules; the package's own face is not counted, as it only collects names."""
    writer = {"log", "journal", "home", "tags", "disk", "publisher", "sequencer", "lockstore", "trail", "grouping"}
    folder = Path(audit.__file__).parent
    assert all((folder / f"{name}.py").exists() for name in writer)
    seen: set[str] = set()
    todo = ["verifier", "rescan"]
    while todo:
        name = todo.pop()
        seen.add(name)
        for node in ast.walk(ast.parse((folder / f"{name}.py").read_text())):
            found: list[str] = []
            if isinstance(node, ast.ImportFrom) and node.module == "audit":
                found = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("audit."):
                found = [node.module.removeprefix("audit.")]
            todo += [one for one in found if one not in seen]
    assert "merkle" in seen
    assert not seen & writer


def test_the_library_imports_little(tmp_path: Path) -> None:
    code = (
        "import sys, audit.__main__; "
        "print([n for n in ('gateway','numpy','pyarrow','structlog','pydantic') if n in sys.modules])"
    )
    root = Path(audit.__file__).parents[1]
    done = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
    assert not list(tmp_path.iterdir())
