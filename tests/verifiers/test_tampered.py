"""Whatever is changed in a log is refused by every verifier that looks at it."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from audit import merkle
from audit.note import parse_note
from audit.published import PublishedLog
from tests.verifiers import logs
from tests.verifiers.logs import ORIGIN, STRANGER, Case, change_text, flip, signature_lines
from tests.verifiers.programs import VERIFIERS, require

ALL = frozenset(VERIFIERS)
WHOLE = frozenset({"go", "ours"})  # those that read every tile and every entry
HISTORY = ALL - {"node"}  # those that know consistency proofs


def ed25519_line(note: str) -> str:
    return signature_lines(note).splitlines(keepends=True)[0]


def spoil_signature(note: str) -> str:
    """Flip a bit of the Ed25519 signature itself: spare bits of base 64 are no part of it."""
    line = ed25519_line(note)
    start, _, signature = line.rstrip("\n").rpartition(" ")
    data = bytearray(base64.b64decode(signature))
    data[20] ^= 0x10
    return note.replace(line, f"{start} {base64.b64encode(data).decode()}\n")


def resize(by: int) -> Callable[[str], str]:
    return lambda note: note.replace("\n600\n", f"\n{600 + by}\n")


def another_root(note: str) -> str:
    root = note.split("\n", 3)[2]
    return note.replace(root, base64.b64encode(merkle.EMPTY_ROOT).decode())


def in_proof(change: Callable[[list[str]], list[str]]) -> Callable[[Case], None]:
    """Change the lines of the first proof file before its checkpoint."""

    def tamper(case: Case) -> None:
        head, blank, note = case.proofs[0].read_text().partition("\n\n")
        case.proofs[0].write_text("\n".join(change(head.split("\n"))) + blank + note)

    return tamper


def flip_hash(at: int) -> Callable[[list[str]], list[str]]:
    def change(lines: list[str]) -> list[str]:
        value = bytearray(base64.b64decode(lines[at]))
        value[0] ^= 0x80
        changed = lines.copy()
        changed[at] = base64.b64encode(value).decode()
        return changed

    return change


def fork(case: Case) -> None:
    """An older checkpoint, signed by the log itself, of a history that the log does not have."""
    other = [*logs.entries(299), b"another entry"]
    case.old.write_text(logs.sign(logs.head(merkle.leaf_hashes(other))))


def prove_in_fork(case: Case) -> None:
    """A proof that holds, of an entry that the log has, but under another root that the log also signed."""
    logs.publish(case.directory.parent / "fork", [b"another entry", *logs.entries(600)[1:]])
    forked = PublishedLog(case.directory.parent / "fork", case.policy)
    case.proofs[0].write_text(forked.prove(300).text)


def shrink(case: Case) -> None:
    """An older checkpoint that is larger than the log."""
    case.old.write_text(logs.sign(logs.head(merkle.leaf_hashes(logs.entries(601)))))


def cut(by: int) -> Callable[[Path], None]:
    def tamper(path: Path) -> None:
        data = path.read_bytes()
        path.write_bytes(data[:by] if by < 0 else data + bytes(by))

    return tamper


def on(name: str, change: Callable[[Path], None]) -> Callable[[Case], None]:
    return lambda case: change(case.directory / name)


def on_note(change: Callable[[str], str]) -> Callable[[Case], None]:
    return lambda case: change_text(case.checkpoint, change)


LAST_BUNDLE = "tile/entries/002.p/88"  # of a log of 600
TAMPERED: dict[str, tuple[frozenset[str], Callable[[Case], None]]] = {
    "an entry that is proven": (ALL, on(LAST_BUNDLE, flip)),
    "an entry that is not": (WHOLE, on("tile/entries/001", lambda path: flip(path, 9))),
    "the length of an entry": (WHOLE, on("tile/entries/001", lambda path: flip(path, 1))),
    "a bundle cut short": (ALL - {"rust"}, on(LAST_BUNDLE, cut(-1))),
    "a byte behind a bundle": (WHOLE, on(LAST_BUNDLE, cut(1))),
    "a full leaf tile": (WHOLE, on("tile/0/000", flip)),
    "a partial leaf tile": (WHOLE, on("tile/0/002.p/88", flip)),
    "a tile of the second level": (WHOLE, on("tile/1/000.p/2", flip)),
    "a tile cut short": (WHOLE, on("tile/0/001", cut(-1))),
    "a tile too long": (WHOLE, on("tile/0/001", cut(32))),
    "a partial tile too long": (WHOLE, on("tile/0/002.p/88", cut(32))),
    "a tile gone": (WHOLE, on("tile/0/001", Path.unlink)),
    "a bundle gone": (WHOLE, on("tile/entries/001", Path.unlink)),
    "the signature": (ALL, on_note(spoil_signature)),
    "a larger size": (ALL, on_note(resize(1))),
    "a smaller size": (ALL, on_note(resize(-1))),
    "another root": (ALL, on_note(another_root)),
    "another origin": (ALL, on_note(lambda note: note.replace(ORIGIN, "log.example.org/else", 1))),
    "no signature of a known key": (ALL, on_note(lambda note: note.replace(ed25519_line(note), ""))),
    "a stranger's signature": (ALL, on_note(lambda note: logs.sign(parse_note(note)[0], STRANGER))),
    "no blank line": (ALL, on_note(lambda note: note.replace("\n\n", "\n"))),
    "a signed size that is not the tree's": (
        WHOLE,
        on_note(lambda note: logs.sign(resize(-1)(parse_note(note)[0]))),
    ),
    "a signed root that is not the tree's": (WHOLE, on_note(lambda note: logs.sign(another_root(parse_note(note)[0])))),
    "the first hash of a proof": (ALL, in_proof(flip_hash(2))),
    "the last hash of a proof": (ALL, in_proof(flip_hash(-1))),
    "a hash too few": (ALL, in_proof(lambda lines: lines[:-1])),
    "a hash too many": (ALL, in_proof(lambda lines: [*lines, lines[-1]])),
    "two hashes exchanged": (ALL, in_proof(lambda lines: [*lines[:2], lines[3], lines[2], *lines[4:]])),
    "the index of a proof": (ALL, in_proof(lambda lines: [lines[0], "index 1", *lines[2:]])),
    "a proof's checkpoint": (ALL, lambda case: change_text(case.proofs[0], spoil_signature)),
    "a forked history": (HISTORY, fork),
    "an older log that was larger": (HISTORY, shrink),
    "a proof in a forked history": (frozenset({"go"}), prove_in_fork),
    "a hash of the proof of growth": (HISTORY, lambda case: change_text(case.growth, spoil_growth)),
}


def spoil_growth(text: str) -> str:
    head, blank, note = text.partition("\n\n")
    return "\n".join(flip_hash(1)(head.split("\n"))) + blank + note


@pytest.mark.parametrize(
    ("what", "verifier"), [(what, verifier) for what, (seen_by, _) in TAMPERED.items() for verifier in sorted(seen_by)]
)
def test_who_looks_at_it_refuses(tmp_path: Path, what: str, verifier: str) -> None:
    _, tamper = TAMPERED[what]
    require(verifier)
    case = logs.make(tmp_path, 600, 300, [300, 599])
    tamper(case)
    assert VERIFIERS[verifier](case)


@pytest.mark.parametrize("verifier", VERIFIERS)
def test_the_log_of_these_tests_is_accepted_before_it_is_changed(tmp_path: Path, verifier: str) -> None:
    require(verifier)
    assert not VERIFIERS[verifier](logs.make(tmp_path, 600, 300, [300, 599]))


@pytest.mark.parametrize("verifier", sorted(WHOLE))
def test_a_flipped_bit_in_any_tile_or_bundle_is_found(tmp_path: Path, verifier: str) -> None:
    require(verifier)
    case = logs.make(tmp_path, 600, 600)
    rng = random.Random(3)  # noqa: S311 - where to flip
    files = sorted(path for path in (case.directory / "tile").rglob("*") if path.is_file())
    assert len(files) == 3 + 3 + 1
    for path in files:
        whole = path.read_bytes()
        for at in rng.sample(range(len(whole)), 4):
            flip(path, at)
            assert VERIFIERS[verifier](case), (path, at)
            path.write_bytes(whole)
    assert not VERIFIERS[verifier](case)
