"""Verifiers of logs that others wrote, and ours beside them: each is asked about a case."""

from __future__ import annotations

import base64
import importlib
import importlib.util
import json
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from audit import merkle
from audit.checkpoint import Checkpoint
from audit.errors import VerificationFailed
from audit.note import verify_note
from audit.policy import Policy
from audit.proof import Proof
from audit.published import PublishedLog
from tests.verifiers.logs import SIGNER, Case

_HERE = Path(__file__).parent
_BUILD = _HERE.parents[1] / "build" / "verifiers"
GO_PROGRAM = _BUILD / "audit-check"
NODE_FOLDER = _HERE / "node"


@dataclass(frozen=True)
class Answer:
    """What a program printed, and whether it said yes. A program that crashes has not answered: that is an error."""

    holds: bool
    found: dict[str, Any]

    @property
    def why(self) -> str:
        """Why it said no; empty if it said yes."""
        return "" if self.holds else str(self.found["why"]) or "no"


def run(command: Sequence[str | Path]) -> Answer:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own words
    assert done.returncode in {0, 1}, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 1, done.stdout
    found = json.loads(lines[0])
    assert found["ok"] == (done.returncode == 0)
    return Answer(found["ok"], found)


def go(*arguments: str | Path) -> Answer:
    return run([GO_PROGRAM, *arguments])


def node(*arguments: str | Path) -> Answer:
    return run(["node", NODE_FOLDER / "verify.mjs", *arguments])


def go_checks(case: Case) -> str:
    proofs = [f"-proof={path}" for path in case.proofs]
    history = ("-old", case.old, "-growth", case.growth)
    return go("-vkey", SIGNER.vkey, *proofs, *history, case.directory).why


def node_checks(case: Case) -> str:
    proofs = [f"--proof={path}" for path in case.proofs]
    return node("--vkey", SIGNER.vkey, *proofs, case.directory).why


def rust_checks(case: Case) -> str:
    """Ask metamorphic-log for signatures, inclusion and consistency; the files are cut into words here."""
    rust = importlib.import_module("metamorphic_log")  # `require` has said so in plain words when it is not there

    def opened(note: str) -> tuple[int, bytes]:
        assert rust.verify_signed_note(note, [SIGNER.vkey]) == 1
        _origin, size, root = note.split("\n", 3)[:3]
        return int(size), base64.b64decode(root)

    try:
        size, _ = opened(case.checkpoint.read_text())
        for path in case.proofs:
            proof, _, note = path.read_text().partition("\n\n")
            _, index, *lines = proof.split("\n")
            at = int(index.removeprefix("index "))
            leaf = merkle.leaf_hash(read_entry(case.directory, at, size))
            proof_size, root = opened(note)
            rust.verify_inclusion(at, proof_size, leaf, [base64.b64decode(line) for line in lines], root)
        growth, _, note = case.growth.read_text().partition("\n\n")
        hashes = [base64.b64decode(line) for line in growth.split("\n")[1:]]
        (old_size, old_root), (new_size, new_root) = opened(case.old.read_text()), opened(note)
        if old_size:  # from an empty tree there is nothing to prove
            rust.verify_consistency(old_size, new_size, hashes, old_root, new_root)
    except rust.VerifyError as error:
        return str(error) or "no"
    return ""


def read_entry(directory: Path, index: int, size: int) -> bytes:
    """Take an entry from its bundle as c2sp.org/tlog-tiles describes it; for logs below 256,000 entries."""
    number, left = divmod(index, 256)
    width = min(256, size - number * 256)
    data = (directory / f"tile/entries/{number:03d}{'' if width == 256 else f'.p/{width}'}").read_bytes()
    for _ in range(left):
        data = data[2 + int.from_bytes(data[:2]) :]
    return data[2 : 2 + int.from_bytes(data[:2])]


def we_check(case: Case) -> str:
    """Ask our own read side, which shares no code with the writer but its layout."""
    policy = Policy.of([SIGNER.vkey])
    try:
        log = PublishedLog(case.directory, policy)
        found = list(log.entries())
        for path in case.proofs:
            proof = Proof.parse(path.read_bytes())
            proof.verify(found[proof.index], policy)
        old = Checkpoint.parse(verify_note(case.old.read_text(), policy.vkeys))
        head, _, note = case.growth.read_text().partition("\n\n")
        hashes = [base64.b64decode(line) for line in head.split("\n")[1:]]
        new = policy.check(note)
        merkle.verify_consistency(old.size, old.root, new.size, new.root, hashes)
    except VerificationFailed as error:
        return str(error)
    return ""


# Each returns why it says no; nothing if it says yes.
VERIFIERS: dict[str, Callable[[Case], str]] = {
    "go": go_checks,
    "node": node_checks,
    "rust": rust_checks,
    "ours": we_check,
}


def missing(name: str) -> str | None:
    """Say what a verifier lacks, or None."""
    if name == "go" and (not GO_PROGRAM.exists() or _sources() != (_BUILD / "sources").read_bytes()):
        return "the Go verifier is not built from the present sources: make verifiers"
    if name == "node" and not (NODE_FOLDER / "node_modules" / "@sigstore" / "verify").is_dir():
        return "@sigstore/verify is not installed: make verifiers"
    if name == "rust" and not _importable("metamorphic_log"):
        return "metamorphic-log is not installed: make test installs it"
    return None


def _sources() -> bytes:
    return b"".join(path.read_bytes() for path in sorted((_HERE / "go").glob("*.go")))


def _importable(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def require(*names: str) -> None:
    """Skip the test with a clear message when a verifier is not there; where CI demands them all, fail instead."""
    for name in names:
        why = missing(name)
        if why and os.environ.get("INDEPENDENT_VERIFIERS") == "required":
            pytest.fail(why)
        if why:
            pytest.skip(why)


def available() -> list[str]:
    """Name the verifiers that are there; where CI demands them all, fail if one is not."""
    if os.environ.get("INDEPENDENT_VERIFIERS") == "required":
        require(*VERIFIERS)
    return [name for name in VERIFIERS if missing(name) is None]
