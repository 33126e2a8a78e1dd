"""Programs that share no code with ours say yes to every log that we write."""

from __future__ import annotations

import base64
import random
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit import merkle, tiles
from audit.checkpoint import Checkpoint
from audit.keys import LINE_START, Signer
from audit.kit import write_kit
from audit.note import parse_note
from audit.retention import prune
from tests.verifiers import logs
from tests.verifiers.logs import ORIGIN, PQ_WITNESS, SIGNER, WITNESS, Case, change_text, flip, signature_lines
from tests.verifiers.programs import NODE_FOLDER, VERIFIERS, Answer, available, go, node, require


@pytest.mark.parametrize("verifier", VERIFIERS)
@pytest.mark.parametrize(
    ("old", "size"),
    [(0, 1), (1, 2), (254, 255), (255, 256), (256, 257), (512, 513), (700, 1000)],
)
def test_every_verifier_accepts_a_log_at_the_edges_of_tiles(tmp_path: Path, verifier: str, old: int, size: int) -> None:
    require(verifier)
    assert not VERIFIERS[verifier](logs.make(tmp_path, size, old))


@given(data=st.data(), size=st.integers(1, 3000))
@settings(max_examples=10)
def test_every_verifier_accepts_a_log_of_any_size(data: st.DataObject, size: int) -> None:
    names = available()
    old = data.draw(st.integers(0, size))
    indexes = data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=5, unique=True))
    with tempfile.TemporaryDirectory() as folder:
        case = logs.make(Path(folder), size, old, indexes)
        assert {name: VERIFIERS[name](case) for name in names} == dict.fromkeys(names, "")


def test_go_reads_three_levels_of_tiles(tmp_path: Path) -> None:
    require("go")
    case = logs.make(tmp_path, 70_000, 65_536, [0, 65_535, 65_536, 69_999])
    found = go("-vkey", SIGNER.vkey, "-old", case.old, "-growth", case.growth, "-proof", case.proofs[2], case.directory)
    assert (found.holds, found.found["entries"], found.found["consistent"]) == (True, 70_000, [65_536])


def short(vkey: str) -> str:
    """Name and id of a key."""
    return "+".join(vkey.split("+")[:2])


def test_go_tells_what_it_found(tmp_path: Path) -> None:
    require("go")
    case = logs.make(tmp_path, 300, 100)
    root = Checkpoint.parse(parse_note(case.checkpoint.read_text())[0]).root
    assert go("-vkey", SIGNER.vkey, case.directory).found == {
        "ok": True, "origin": ORIGIN, "size": 300, "root": root.hex(), "signed_by": [short(SIGNER.vkey)],
        "witnesses": [], "unknown": 1, "entries": 300, "minimum": 0, "proofs": 0, "consistent": [],
    }  # fmt: skip


# ---- signature lines that a verifier does not know


def unknown_line(name: str, size: int, seed: int) -> str:
    """A line of a key and a type of signature that nobody knows ("GREASE")."""
    data = random.Random(seed).randbytes(4 + size)  # noqa: S311 - what nobody can check
    signature = base64.b64encode(data).decode()
    return f"{LINE_START}{name} {signature}\n"


def with_lines(case: Case, before: str, after: str) -> None:
    note = case.checkpoint.read_text()
    case.checkpoint.write_text(f"{parse_note(note)[0]}\n{before}{signature_lines(note)}{after}")


@pytest.mark.parametrize("verifier", VERIFIERS)
def test_unknown_and_witness_lines_are_skipped(tmp_path: Path, verifier: str) -> None:
    require(verifier)
    case = logs.make(tmp_path, 300, 256)
    text, _ = parse_note(case.checkpoint.read_text())
    grease = [unknown_line(f"grease.example.org/{n}", size, n) for n, size in enumerate((1, 64, 72, 2420, 5000))]
    same_name = unknown_line(ORIGIN, 64, 9)
    witnesses = WITNESS.sign(text, logs.AT) + PQ_WITNESS.sign(text, logs.AT)
    with_lines(case, same_name + grease[0], witnesses + "".join(grease[1:]))
    assert not VERIFIERS[verifier](case)


@pytest.mark.parametrize("verifier", VERIFIERS)
def test_sixteen_signatures_are_not_too_many(tmp_path: Path, verifier: str) -> None:
    require(verifier)
    case = logs.make(tmp_path, 3, 1)
    with_lines(case, "".join(unknown_line(f"grease.example.org/{n}", 2428, n) for n in range(14)), "")
    assert not VERIFIERS[verifier](case)


def test_go_demands_each_witness_that_it_is_told_of(tmp_path: Path) -> None:
    require("go")
    case = logs.make(tmp_path, 300, 256)
    ask = ("-vkey", SIGNER.vkey, "-witness", WITNESS.vkey)
    assert not go(*ask, case.directory).holds
    text, _ = parse_note(case.checkpoint.read_text())
    line = WITNESS.sign(text, logs.AT)
    with_lines(case, "", line)
    found = go(*ask, case.directory)
    assert (found.holds, found.found["witnesses"]) == (True, [short(WITNESS.vkey)])
    change_text(case.checkpoint, lambda note: note.replace(line, WITNESS.sign(text.replace("300", "301"), logs.AT)))
    assert not go(*ask, case.directory).holds
    assert go("-vkey", SIGNER.vkey, case.directory).holds  # nobody asked for that witness
    assert not go("-vkey", SIGNER.vkey, "-witness", PQ_WITNESS.vkey, case.directory).holds  # it cannot check that kind


def test_a_witness_alone_does_not_make_a_checkpoint(tmp_path: Path) -> None:
    require("go")
    case = logs.make(tmp_path, 300, 256)
    text, _ = parse_note(case.checkpoint.read_text())
    case.checkpoint.write_text(f"{text}\n{WITNESS.sign(text, logs.AT)}")
    assert not go("-vkey", SIGNER.vkey, "-witness", WITNESS.vkey, case.directory).holds


@pytest.mark.parametrize("program", [go, node])
def test_a_key_speaks_for_the_log_of_its_name_only(tmp_path: Path, program: Callable[..., Answer]) -> None:
    require("go", "node")
    case = logs.make(tmp_path, 300, 256)
    change_text(case.checkpoint, lambda note: logs.sign(parse_note(note)[0].replace(ORIGIN, "log.example.org/else")))
    assert not program("--vkey", SIGNER.vkey, case.directory).holds


def test_go_takes_no_checkpoint_or_proof_of_another_log_for_one_of_this(tmp_path: Path) -> None:
    """Although the caller trusts both logs, and their trees are the same."""
    require("go")
    case = logs.make(tmp_path, 300, 256)
    other = Signer("log.example.org/else", bytes(range(4, 36)))

    def by_other(note: str) -> str:
        return logs.sign(parse_note(note)[0].replace(ORIGIN, other.name), other)

    (tmp_path / "old").write_text(by_other(case.old.read_text()))
    proof, blank, note = case.proofs[0].read_text().partition("\n\n")
    (tmp_path / "proof").write_text(proof + blank + by_other(note))
    (tmp_path / "entry").write_bytes(logs.entry(0))
    ask = ("-vkey", SIGNER.vkey, "-vkey", other.vkey)
    assert go(*ask, "-proof", tmp_path / "proof", "-entry", tmp_path / "entry").holds
    assert not go(*ask, "-proof", tmp_path / "proof", case.directory).holds
    assert not go(*ask, "-old", tmp_path / "old", case.directory).holds


# ---- the forms in which a log may stand


def test_go_takes_the_full_tile_where_the_partial_one_is_gone(tmp_path: Path) -> None:
    require("go")
    logs.publish(tmp_path / "log", logs.entries(600), 300)
    (tmp_path / "log" / "checkpoint").write_text(logs.sign(logs.head(merkle.leaf_hashes(logs.entries(300)))))
    for level in (0, None):
        (tmp_path / "log" / tiles.tile_path(level, 1, 44)).unlink(missing_ok=True)  # the writer may have done so
    assert go("-vkey", SIGNER.vkey, tmp_path / "log").found["entries"] == 300


@pytest.mark.parametrize("verifier", VERIFIERS)
def test_every_verifier_accepts_the_auditors_kit(tmp_path: Path, verifier: str) -> None:
    require(verifier)
    case = logs.make(tmp_path, 600, 300)
    write_kit(case.directory, tmp_path / "kit")
    assert not VERIFIERS[verifier](replace(case, directory=tmp_path / "kit"))


def test_go_says_no_to_a_pruned_log_unless_it_is_told_where_it_begins(tmp_path: Path) -> None:
    require("go")
    case = logs.make(tmp_path, 1000, 600, [600, 999])
    for level in (0, None):
        (case.directory / tiles.tile_path(level, 0)).unlink()
    ask = ("-vkey", SIGNER.vkey, "-proof", case.proofs[0], "-old", case.old)
    assert not go(*ask, case.directory).holds
    assert not go("-minimum", "255", *ask, case.directory).holds
    assert go("-minimum", "256", *ask, case.directory).found["entries"] == 1000 - 256
    assert not go("-minimum", "1001", *ask, case.directory).holds


def test_go_checks_what_our_pruning_leaves(tmp_path: Path) -> None:
    require("go")
    case = logs.make(tmp_path, 1000, 768, [0])
    prune(case.directory, "Entries are kept for twelve months.")
    ask = ("-vkey", SIGNER.vkey, "-old", case.old, "-minimum")
    assert not go(*ask, "999", case.directory).holds
    assert go(*ask, "1000", case.directory).found["entries"] == 0
    (tmp_path / "entry").write_bytes(logs.entry(0))  # an old proof stays valid
    assert go("-vkey", SIGNER.vkey, "-proof", case.proofs[0], "-entry", tmp_path / "entry").holds


def test_go_knows_the_empty_log_and_its_only_root(tmp_path: Path) -> None:
    require("go")
    logs.publish(tmp_path / "log", [])
    assert go("-vkey", SIGNER.vkey, tmp_path / "log").found["size"] == 0
    wrong = logs.head([]).replace(base64.b64encode(merkle.EMPTY_ROOT).decode(), base64.b64encode(bytes(32)).decode())
    (tmp_path / "log" / "checkpoint").write_text(logs.sign(wrong, logs.ED25519_ONLY))
    assert not go("-vkey", SIGNER.vkey, tmp_path / "log").holds


@pytest.mark.parametrize("program", [go, node])
def test_one_proof_can_be_checked_without_the_log(tmp_path: Path, program: Callable[..., Answer]) -> None:
    require("go", "node")
    case = logs.make(tmp_path, 300, 256, [256])
    (tmp_path / "entry").write_bytes(logs.entry(256))
    ask = ("--vkey", SIGNER.vkey, "--proof", case.proofs[0], "--entry", tmp_path / "entry")
    assert program(*ask).holds
    flip(tmp_path / "entry", 3)
    assert not program(*ask).holds


def test_the_lock_of_the_node_verifier_names_no_registry() -> None:
    for name in ("package.json", "package-lock.json", ".npmrc"):
        text = (NODE_FOLDER / name).read_text()
        assert "://" not in text
        assert 'resolved":' not in text
