"""Whoever changes a byte of a log is found out, by a verifier that does not know the writer."""

from __future__ import annotations

import ast
import itertools
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

import audit
from audit.__main__ import main

SIGNER = audit.Signer("log.example/test", bytes(32))


def make(folder: Path, entries: int = 4, tags: int = 5) -> None:
    with audit.Log.open(folder, SIGNER) as log:
        log.append([b'{"n":%d}' % number for number in range(entries)])
        with log.tag_file() as file:
            file.add(bytes(range(16)) * tags)
            root, count = file.seal()
        log.append([json.dumps({"tags_root": root, "members": count}).encode()])


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def overwrite(path: Path, at: int, value: int) -> None:
    """In place: a file that is truncated and written anew is flushed to disk at its closing, which takes long."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(bytes([value]))


def test_a_whole_log_verifies(tmp_path: Path) -> None:
    make(tmp_path / "log")
    found = audit.verify_directory(tmp_path / "log", SIGNER.vkey)
    assert (found.size, found.entries_beyond_checkpoint, found.tag_files) == (5, 0, 1)


def test_flipping_any_byte_of_any_file_fails(tmp_path: Path) -> None:
    make(tmp_path / "log")
    for path in files(tmp_path / "log"):
        whole = path.read_bytes()
        for at in range(len(whole)):
            for change in (0x01, 0x20, 0x80, 0xFF):
                overwrite(path, at, whole[at] ^ change)
                with pytest.raises(audit.VerificationFailed):
                    audit.verify_directory(tmp_path / "log")
            overwrite(path, at, whole[at])
    assert audit.verify_directory(tmp_path / "log").size == 5


def test_flipping_a_byte_of_a_larger_log_fails(tmp_path: Path) -> None:
    make(tmp_path / "log", entries=2000, tags=1000)
    randomness = random.Random(7)  # noqa: S311 - which bytes to flip is no secret
    for path in files(tmp_path / "log"):
        whole = path.read_bytes()
        for _ in range(40):
            at = randomness.randrange(len(whole))
            overwrite(path, at, whole[at] ^ randomness.randrange(1, 256))
            with pytest.raises(audit.VerificationFailed):
                audit.verify_directory(tmp_path / "log")
            overwrite(path, at, whole[at])


def test_cutting_or_adding_to_any_file_fails(tmp_path: Path) -> None:
    make(tmp_path / "log")
    for path in files(tmp_path / "log"):
        whole = path.read_bytes()
        for other in [whole[:at] for at in range(len(whole))] + [whole + b"\0", whole + b"\n", whole + whole]:
            path.write_bytes(other)
            with pytest.raises(audit.VerificationFailed):
                audit.verify_directory(tmp_path / "log")
        path.unlink()
        with pytest.raises(audit.VerificationFailed):
            audit.verify_directory(tmp_path / "log")
        path.write_bytes(whole)


@pytest.mark.parametrize("name", ["notes.txt", ".journal.new", "tags/.half.new", f"tags/{'0' * 64}", "tags/more/x"])
def test_files_that_do_not_belong_fail(tmp_path: Path, name: str) -> None:
    make(tmp_path / "log")
    (tmp_path / "log" / name).parent.mkdir(exist_ok=True)
    (tmp_path / "log" / name).write_bytes(b"")
    with pytest.raises(audit.VerificationFailed):
        audit.verify_directory(tmp_path / "log")


def test_a_link_fails(tmp_path: Path) -> None:
    make(tmp_path / "log")
    (tmp_path / "log" / "journal").rename(tmp_path / "elsewhere")
    (tmp_path / "log" / "journal").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(audit.VerificationFailed):
        audit.verify_directory(tmp_path / "log")


def test_a_log_wholly_rewritten_under_another_key_fails_against_the_known_key(tmp_path: Path) -> None:
    with audit.Log.open(tmp_path / "log", audit.Signer("log.example/test", bytes(range(32)))) as log:
        log.append([b"forged"])
    assert audit.verify_directory(tmp_path / "log").size == 1
    with pytest.raises(audit.VerificationFailed, match="not the key"):
        audit.verify_directory(tmp_path / "log", SIGNER.vkey)


def test_entries_behind_the_checkpoint_are_counted_and_checked(tmp_path: Path) -> None:
    log = audit.Log.open(tmp_path / "log", SIGNER)
    log.append([b"one"])
    log.checkpoint()
    log.append([b"two", b"three"])
    assert audit.verify_directory(tmp_path / "log").entries_beyond_checkpoint == 2
    journal = tmp_path / "log" / "journal"
    journal.write_bytes(journal.read_bytes()[:-1])
    with pytest.raises(audit.VerificationFailed, match=r"entry 2 .*not whole"):
        audit.verify_directory(tmp_path / "log")
    log.close()


def test_a_dropped_or_swapped_entry_fails(tmp_path: Path) -> None:
    with audit.Log.open(tmp_path / "log", SIGNER) as log:
        for number in range(4):
            log.append([b"entry %d" % number])
    journal = tmp_path / "log" / "journal"
    whole = journal.read_bytes()
    marks = [at for at in range(len(whole)) if whole[at : at + 2] == b"\xf7E"] + [len(whole)]
    frames = [whole[a:b] for a, b in itertools.pairwise(marks)]
    head = whole[: marks[0]]
    for other in (frames[1:], frames[:-1], frames[::-1], [*frames, frames[0]], frames[:1] + frames[2:]):
        journal.write_bytes(head + b"".join(other))
        with pytest.raises(audit.VerificationFailed):
            audit.verify_directory(tmp_path / "log")


def test_a_journal_rewritten_with_right_checksums_fails(tmp_path: Path) -> None:
    for name, entries in (("log", [b"one", b"two"]), ("other", [b"one", b"owt"])):
        with audit.Log.open(tmp_path / name, SIGNER) as log:
            log.append(entries)
    (tmp_path / "other" / "journal").rename(tmp_path / "log" / "journal")
    with pytest.raises(audit.VerificationFailed, match="not those that were published"):
        audit.verify_directory(tmp_path / "log")
    with pytest.raises(audit.VerificationFailed, match="not what was published"):
        audit.prove(tmp_path / "log", 0)


def test_a_checkpoint_with_a_line_that_cannot_be_checked_fails(tmp_path: Path) -> None:
    make(tmp_path / "log")
    with (tmp_path / "log" / "checkpoint").open("a") as file:
        file.write(audit.Signer("grease.example", bytes(32)).sign("anything\n"))
    with pytest.raises(audit.VerificationFailed, match="cannot be checked"):
        audit.verify_directory(tmp_path / "log")


def test_proof_files_hold_for_their_entry_only(tmp_path: Path) -> None:
    make(tmp_path / "log")
    for index in range(5):
        entry, proof = audit.prove(tmp_path / "log", index, SIGNER.vkey)
        assert audit.verify_proof(proof, entry, SIGNER.vkey) == index
        with pytest.raises(audit.VerificationFailed):
            audit.verify_proof(proof, entry + b" ", SIGNER.vkey)
        for at in range(len(proof)):
            with pytest.raises(audit.VerificationFailed):
                audit.verify_proof(proof[:at] + chr(ord(proof[at]) ^ 1) + proof[at + 1 :], entry, SIGNER.vkey)
    with pytest.raises(audit.VerificationFailed, match="covers 5"):
        audit.prove(tmp_path / "log", 5)


def test_the_verifier_does_not_import_the_writer() -> None:
    """Followed through the modules; the package's own face is not counted, as it only collects names."""
    writer = {"log", "journal", "home", "tags", "durable"}
    seen: set[str] = set()
    todo = ["verifier"]
    folder = Path(audit.__file__).parent
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


# -- the command ----------------------------------------------------------------------------------------------------


def test_verify_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path / "log")
    assert main(["verify", str(tmp_path / "log"), "--vkey", SIGNER.vkey, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["verified"], answer["size"], answer["tag_files"]) == (True, 5, 1)
    assert main(["verify", str(tmp_path / "log")]) == 0
    assert "size: 5" in capsys.readouterr().out
    (tmp_path / "log" / "extra").write_bytes(b"")
    assert main(["verify", str(tmp_path / "log"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["verified"] is False
    assert main(["verify", str(tmp_path / "nowhere")]) == 1


def test_prove_and_check_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path / "log")
    assert main(["prove", str(tmp_path / "log"), "2", "--entry", str(tmp_path / "entry")]) == 0
    (tmp_path / "proof").write_text(capsys.readouterr().out)
    check = ["check", str(tmp_path / "proof"), "--entry", str(tmp_path / "entry"), "--vkey", SIGNER.vkey]
    assert main(check) == 0
    (tmp_path / "entry").write_bytes(b"other")
    assert main(check) == 1


def test_note_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "certificate").write_text(audit.sign_note("erased\n", SIGNER))
    assert main(["note", str(tmp_path / "certificate"), "--vkey", SIGNER.vkey]) == 0
    assert capsys.readouterr().out == "erased\n"
    (tmp_path / "certificate").write_text(audit.sign_note("erased\n", SIGNER).replace("erased", "spared"))
    assert main(["note", str(tmp_path / "certificate"), "--vkey", SIGNER.vkey]) == 1
    with pytest.raises(SystemExit) as stop:
        main(["note"])
    assert stop.value.code == 2
