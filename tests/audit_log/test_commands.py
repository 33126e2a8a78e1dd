"""The commands: 0 when it holds, 1 and one sentence when not, 2 when asked wrongly; never a traceback."""

from __future__ import annotations

import hmac
import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

import audit
from audit.__main__ import main
from audit.policy import Policy
from audit.rescan import Found, scan, tag_maker
from tests.audit_log.laid_out import ED25519, SIGNER, lay_out, put_tags

KEY = bytes(range(32))


def tag(key: bytes, entry_id: str) -> bytes:
    return hmac.digest(key, b"tag/v1|" + entry_id.encode(), "sha256")[:16]


def concerning(number: int, *keys: bytes) -> bytes:
    return json.dumps({"id": f"id{number}", "tags": [tag(key, f"id{number}").hex() for key in keys]}).encode()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    folder = tmp_path / "log"
    blocks = random.Random(4).randbytes(16 * 50) + tag(KEY, "bulk") + bytes(16)  # noqa: S311 - no secret
    root, count = put_tags(folder, blocks)
    other = bytes(32)
    entries = [concerning(number, *([KEY] if number % 7 == 3 else []), other) for number in range(300)]
    entries += [json.dumps({"id": "bulk", "tags_root": root, "members": count}).encode(), b'not json, "tags"', b"{}"]
    lay_out(folder, entries, beyond=[concerning(1000, KEY)])
    return folder


class Ran:
    """Runs a command and keeps what it said."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object) -> tuple[int, str, str]:
        status = main([str(argument) for argument in arguments])
        said = self._capsys.readouterr()
        return status, said.out, said.err

    def json(self, *arguments: object) -> tuple[int, dict[str, Any]]:
        status, out, _ = self(*arguments, "--json")
        return status, json.loads(out)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Ran:
    return Ran(capsys)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "trusted"
    path.write_text(f"# keys that came on another way\n{Policy.of(SIGNER.vkeys).text}")
    return path


def test_verify(log: Path, policy: Path, run: Ran) -> None:
    for whom in (
        [],
        ["--policy", policy],
        ["--vkey", SIGNER.vkeys[0]],
        ["--vkey", SIGNER.vkeys[0], "--vkey", SIGNER.vkeys[1]],
    ):
        status, answer = run.json("verify", log, *whom)
        assert (status, answer["verified"], answer["size"], answer["tag_files"]) == (0, True, 303, 1)
        assert answer["key"] == ("given" if whom else "the log's own")
    status, out, err = run("verify", log)
    assert (status, "size: 303" in out, "--policy" in err) == (0, True, True)
    status, answer = run.json("verify", log, "--vkey", audit.Signer(SIGNER.name, KEY).vkey)
    assert (status, answer["verified"], answer["place"]) == (1, False, "checkpoint")


def test_verify_says_no_in_one_sentence_whatever_is_there(log: Path, run: Ran, tmp_path: Path) -> None:
    assert run("verify", tmp_path / "nowhere")[0] == 1
    assert run("verify", tmp_path)[0] == 1
    assert run("verify", log, "--policy", tmp_path / "nowhere")[0] == 1
    assert run("verify", log, "--vkey", "x")[0] == 1
    (log / "ext\nra \udcff").write_bytes(b"")
    status, out, err = run("verify", log)
    assert (status, out, len(err.splitlines())) == (1, "", 1)
    assert err.startswith("not verified: ")
    assert run.json("verify", log)[1]["verified"] is False


def test_verify_a_trail(tmp_path: Path, run: Ran) -> None:
    lay_out(tmp_path / "trail" / "2026q4", [b"one"], signer=audit.Signer("log.example.org/2026q4", bytes(32)))
    status, answer = run.json("verify", tmp_path / "trail")
    assert (status, answer["size"], [shard["origin"] for shard in answer["shards"]]) == (
        0,
        1,
        ["log.example.org/2026q4"],
    )
    assert "origin: log.example.org/2026q4" in run("verify", tmp_path / "trail")[1]


def test_prove_and_check(log: Path, policy: Path, run: Ran, tmp_path: Path) -> None:
    entry, proof = tmp_path / "entry", tmp_path / "proof"
    status, text, _ = run("prove", log, 2, "--entry", entry, "--policy", policy)
    proof.write_text(text)
    assert status == 0
    assert run("check", proof, "--entry", entry, "--policy", policy)[:2] == (
        0,
        "entry 2 is in the log log.example.org/test\n",
    )
    assert run.json("check", proof, "--entry", entry, "--vkey", SIGNER.vkey)[1]["index"] == 2
    assert run.json("prove", log, 2)[1]["proof"] == text
    entry.write_bytes(b"other")
    status, answer = run.json("check", proof, "--entry", entry, "--vkey", SIGNER.vkey)
    assert (status, answer["verified"]) == (1, False)
    for index in (-1, 303, 10**30):
        assert run("prove", log, index)[0] == 1
    proof.write_text("x")
    assert run("check", proof, "--entry", entry, "--vkey", SIGNER.vkey)[0] == 1
    assert run("check", tmp_path / "nowhere", "--entry", entry, "--vkey", SIGNER.vkey)[0] == 1


@pytest.mark.parametrize(
    "arguments", [[], ["note"], ["check", "x", "--entry", "y"], ["verify"], ["prune", "x"], ["prove", "x", "y"],
                  ["verify", "x", "--policy", "y", "--vkey", "z"], ["prune", "x", "--retention", "y", "--before", "z"]]
)  # fmt: skip
def test_asked_wrongly(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2


def test_note(tmp_path: Path, run: Ran) -> None:
    path = tmp_path / "certificate"
    path.write_text(audit.sign_note("erased\n", ED25519))
    assert run("note", path, "--vkey", ED25519.vkey)[:2] == (0, "erased\n")
    assert run.json("note", path, "--vkey", ED25519.vkey)[1]["text"] == "erased\n"
    path.write_text(path.read_text().replace("erased", "spared"))
    assert run("note", path, "--vkey", ED25519.vkey)[:2] == (1, "")


def test_kit(log: Path, run: Ran, tmp_path: Path) -> None:
    status, answer = run.json("kit", log, tmp_path / "kit", "--without-tags")
    assert (status, answer["logs"][0]["tag_files_absent"]) == (0, 1)
    assert run.json("verify", tmp_path / "kit")[1]["tag_files_absent"] == 1
    assert run("kit", log, tmp_path / "kit")[0] == 1
    assert run("kit", log, tmp_path / "more", "--tool", tmp_path / "nowhere")[0] == 1


def test_fsck(log: Path, run: Ran) -> None:
    assert run.json("fsck", log)[1]["well"] is True
    (log / "tile" / "0" / "000").write_bytes(b"")
    status, answer = run.json("fsck", log)
    assert (status, answer["well"], answer["differences"][0]["path"]) == (1, False, "tile/0/000")
    status, out, _ = run("fsck", log, "--repair")
    assert (status, "path: tile/0/000, why: it is not as the journal has it, repaired: yes" in out) == (0, True)
    assert run("fsck", log)[0] == 0


def test_prune(tmp_path: Path, run: Ran) -> None:
    lay_out(tmp_path / "log", [b"one"])
    status, answer = run.json("prune", tmp_path / "log", "--retention", "a year", "--dry-run")
    assert (status, answer["pruned"], answer["files"]) == (0, False, 2)
    assert run.json("verify", tmp_path / "log")[1]["minimum"] == 0
    assert run("prune", tmp_path / "log", "--retention", "a year")[0] == 0
    assert run.json("verify", tmp_path / "log")[1]["minimum"] == 1
    assert run("prune", tmp_path / "log", "--retention", "a year", "--before", "2026-11-01")[0] == 1


def test_scan(log: Path, run: Ran, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"{KEY.hex()}\n")
    status, answer = run.json("scan", log, "--key-file", path)
    expected = [*range(3, 300, 7), 300]
    assert (status, answer["logs"][0]["indexes"], answer["logs"][0]["size"]) == (0, expected, 303)
    assert list(scan(audit.PublishedLog(log), KEY))[-1] == Found(300, 50)
    assert "indexes: 3 10 17" in run("scan", log, "--key-file", path)[1]
    path.write_text(bytes(range(1, 33)).hex())
    assert run.json("scan", log, "--key-file", path)[1]["logs"][0]["indexes"] == []
    for other in ("", "x", KEY.hex()[2:], "ä"):
        path.write_text(other)
        assert run("scan", log, "--key-file", path)[0] == 1
    path.write_text(KEY.hex())
    assert run("scan", tmp_path, "--key-file", path)[0] == 1


def test_a_scan_that_cannot_be_complete_says_no(log: Path, run: Ran, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(KEY.hex())
    (tags,) = (log / "tags").iterdir()
    whole = tags.read_bytes()
    tags.write_bytes(bytes(len(whole)))
    assert run.json("scan", log, "--key-file", path)[1]["place"] == f"tags/{tags.name}"
    tags.unlink()
    assert run.json("scan", log, "--key-file", path)[1]["place"] == f"tags/{tags.name}"
    tags.write_bytes(whole)
    bundle = log / "tile" / "entries" / "000"
    bundle.write_bytes(bundle.read_bytes().replace(tag(KEY, "id3").hex().encode(), bytes(16).hex().encode()))
    assert run("scan", log, "--key-file", path)[0] == 1


@pytest.mark.parametrize("length", [5, 16, 21, 37])
def test_a_side_file_holds_whole_tags(tmp_path: Path, length: int) -> None:
    root, count = put_tags(tmp_path / "log", bytes(length))
    entry = json.dumps({"id": "bulk", "tags_root": root, "members": count}).encode()
    lay_out(tmp_path / "log", [entry])
    log = audit.PublishedLog(tmp_path / "log")
    if length % 16 == 0:
        assert list(scan(log, KEY)) == []
        return
    with pytest.raises(audit.VerificationFailed, match=f"tags/{root}: it ends within a tag"):
        list(scan(log, KEY))


def test_only_a_file_is_a_side_file(log: Path, tmp_path: Path) -> None:
    (tags,) = (log / "tags").iterdir()
    aside = tags.rename(tmp_path / "aside")
    for make in (lambda: tags.symlink_to(aside), lambda: os.mkfifo(tags), tags.mkdir):
        make()
        with pytest.raises(audit.VerificationFailed, match=f"tags/{tags.name}"):
            list(scan(audit.PublishedLog(log), KEY))
        tags.rmdir() if tags.is_dir() and not tags.is_symlink() else tags.unlink()


def test_tags_are_those_that_entries_carry() -> None:
    for entry_id in ("", "id", "é", "x" * 500):
        assert tag_maker(KEY)(entry_id) == tag(KEY, entry_id)
    with pytest.raises(audit.AuditError, match="32 bytes"):
        tag_maker(b"short")
