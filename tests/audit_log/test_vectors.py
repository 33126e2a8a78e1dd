"""A small log whose every byte is pinned: the format cannot change without somebody saying so.

``python -m tests.audit_log.test_vectors`` writes it anew. Whoever does that says in the CHANGELOG why old logs change.
ML-DSA-44 signatures are drawn with fresh randomness: their lines are verified, all else is compared byte by byte.
"""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from audit.keys import Signer
from audit.log import Log
from audit.policy import Policy
from audit.proof import Proof
from audit.published import PublishedLog
from audit.surroundings import Surroundings
from audit.verifier import verify_directory
from tests.verifiers.programs import Answer, go, node, require

FOLDER = Path(__file__).parents[1] / "vectors" / "audit"
SIZE = 300
PROVEN = 256  # the first entry of the second bundle
PROOF, ENTRY = f"{PROVEN}.tlog-proof", f"{PROVEN}.entry"
SIGNER = Signer("vectors.example.org/audit", bytes(32), ml_dsa_seed=bytes([1]) * 32)
AT = 1_790_000_000  # POSIX seconds


def entry(index: int) -> bytes:
    return b'{"v":1,"id":"%06d","action":"segment.read","decision":"permit"}' % index


def make(folder: Path) -> None:
    """Write the vectors: what outsiders read of a log of 300 entries, and one entry with its proof."""
    around = Surroundings(clock=lambda: dt.datetime.fromtimestamp(AT, dt.UTC))
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch) / "log"
        with Log.open(directory, SIGNER, around) as log:
            log.append([entry(index) for index in range(SIZE)])
        proof = PublishedLog(directory).prove(PROVEN)
        private = shutil.ignore_patterns("journal", "tags")
        shutil.copytree(directory, folder / "log", ignore=private)
    (folder / PROOF).write_text(proof.text)
    (folder / ENTRY).write_bytes(entry(PROVEN))


def fixed(folder: Path) -> dict[str, bytes]:
    """Return every file but the README, without its ML-DSA-44 signature, the one line that is not drawn twice alike."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "README.md":
            lines = path.read_bytes().splitlines(keepends=True)
            signed = path.name in {"checkpoint", PROOF}
            found[path.relative_to(folder).as_posix()] = b"".join(lines[:-1] if signed else lines)
    return found


def test_our_writer_still_writes_these_bytes(tmp_path: Path) -> None:
    make(tmp_path)
    assert fixed(tmp_path) == fixed(FOLDER)


def test_our_verifier_accepts_the_vectors_by_either_key() -> None:
    for vkeys in (SIGNER.vkeys, SIGNER.vkeys[:1], SIGNER.vkeys[1:]):
        policy = Policy.of(vkeys)
        assert verify_directory(FOLDER / "log", policy).size == SIZE
        found = Proof.parse((FOLDER / PROOF).read_bytes())
        assert found.verify((FOLDER / ENTRY).read_bytes(), policy).size == SIZE
    assert (FOLDER / "log" / "policy").read_text() == Policy.of(SIGNER.vkeys).text


@pytest.mark.parametrize("program", [go, node])
def test_the_programs_of_others_accept_the_vectors(program: Callable[..., Answer]) -> None:
    require("go", "node")
    ask = ("--vkey", SIGNER.vkey, "--proof", FOLDER / PROOF)
    assert program(*ask, FOLDER / "log").holds
    assert program(*ask, "--entry", FOLDER / ENTRY).holds


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_checks_by_hand_are_as_the_page_has_them(tmp_path: Path) -> None:
    page = (FOLDER.parents[2] / "docs" / "verifying.md").read_text()
    script = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))
    shutil.copytree(FOLDER, tmp_path / "vectors")

    def by_hand() -> tuple[bool, bool]:
        command = ["/bin/sh", "-c", script]
        done = subprocess.run(command, cwd=tmp_path / "vectors", capture_output=True, text=True, check=False)  # noqa: S603 - our own page
        return "Signature Verified Successfully" in done.stdout, "entry 256 is in the log" in done.stdout

    assert by_hand() == (True, True)
    with (tmp_path / "vectors" / ENTRY).open("ab") as file:
        file.write(b" ")
    assert by_hand() == (True, False)
    checkpoint = tmp_path / "vectors" / "log" / "checkpoint"
    checkpoint.write_text(checkpoint.read_text().replace("\n300\n", "\n301\n"))
    assert by_hand() == (False, False)


if __name__ == "__main__":
    shutil.rmtree(FOLDER / "log", ignore_errors=True)
    make(FOLDER)
