"""Small logs on disk for the independent verifiers, with everything that one may be asked to check about them."""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit import merkle
from audit.checkpoint import Checkpoint
from audit.keys import KeyKind, Signer, SigningKey
from audit.log import Log
from audit.note import sign_note
from audit.policy import Policy
from audit.published import PublishedLog
from audit.surroundings import Surroundings

ORIGIN = "log.example.org/test"
AT = 1_790_000_000  # POSIX seconds; when these logs are signed
SIGNER = Signer(ORIGIN, bytes(range(32)), ml_dsa_seed=bytes(32))
ED25519_ONLY = Signer(ORIGIN, bytes(range(32)))  # signs what the ML-DSA-44 key, which looks at it, refuses
STRANGER = Signer(ORIGIN, bytes(range(1, 33)))  # the same name, another key
WITNESS = SigningKey("witness.example.org/w1", KeyKind.ED25519_COSIGNATURE, bytes(range(2, 34)))
PQ_WITNESS = SigningKey("witness.example.org/w2", KeyKind.ML_DSA_44, bytes(range(3, 35)))


def entry(index: int) -> bytes:
    """Entries of many lengths, the empty one among them."""
    return b"" if index % 97 == 5 else b'{"n":%d}' % index + b"." * (index * 37 % 200)


def entries(size: int) -> list[bytes]:
    return [entry(index) for index in range(size)]


def head(leaves: Sequence[bytes], origin: str = ORIGIN) -> str:
    """Return a checkpoint's text over leaf hashes."""
    tree = merkle.Accumulator()
    tree.extend(leaves)
    return Checkpoint(origin, tree.size, tree.root()).text


def sign(text: str, signer: Signer = SIGNER) -> str:
    return sign_note(text, signer, AT)


@dataclass(frozen=True)
class Case:
    """A log and what is asked about it: some proofs, an older checkpoint, and the proof that the log grew from it."""

    directory: Path
    proofs: tuple[Path, ...]
    old: Path
    growth: Path
    policy: Policy

    @property
    def checkpoint(self) -> Path:
        return self.directory / "checkpoint"


def publish(directory: Path, found: Sequence[bytes], old: int = 0) -> str:
    """Let our writer publish the first ``old`` entries, then all; return the last checkpoint."""
    around = Surroundings(clock=lambda: dt.datetime.fromtimestamp(AT, dt.UTC))
    with Log.open(directory, SIGNER, around) as log:
        for part in filter(None, (found[:old], found[old:])):
            log.append(part)
            log.checkpoint()
    return (directory / "checkpoint").read_text()


def make(folder: Path, size: int, old: int, indexes: Sequence[int] = ()) -> Case:
    """Publish a log of ``size`` entries that once had ``old``, with proofs of the entries at ``indexes``."""
    directory = folder / "log"
    publish(directory, entries(size), old)
    log = PublishedLog(directory, Policy.of(SIGNER.vkeys))
    proofs = []
    for index in indexes or sorted({0, size // 2, size - 1}):
        proofs.append(folder / f"{index}.tlog-proof")
        write(proofs[-1], log.prove(index).text.encode())
    write(folder / "old", sign(head(merkle.leaf_hashes(entries(old)))).encode())
    write(folder / "growth", growth(old, log.consistency(old, size), log.note).encode())
    return Case(directory, tuple(proofs), folder / "old", folder / "growth", log.policy)


def growth(old: int, hashes: Sequence[bytes], note: str) -> str:
    """Return the body of a witness's add-checkpoint request (c2sp.org/tlog-witness)."""
    lines = "".join(f"{base64.b64encode(value).decode()}\n" for value in hashes)
    return f"old {old}\n{lines}\n{note}"


def write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def flip(path: Path, at: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x01
    path.write_bytes(data)


def change_text(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text()
    assert change(before) != before
    path.write_text(change(before))


def signature_lines(note: str) -> str:
    return note.rpartition("\n\n")[2]
