"""Tree heads as text (c2sp.org/tlog-checkpoint v1.0.0), and offline proof files (c2sp.org/tlog-proof)."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from audit import merkle, note
from audit.errors import VerificationFailed

_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_LINES: Final = 3
_PROOF_HEAD: Final = "c2sp.org/tlog-proof@v1"
_MAX_PROOF: Final = 64  # hashes; more than any tree of 2**63 leaves needs


def read_number(text: str, place: str) -> int:
    """Read a canonical decimal number."""
    if not _NUMBER.fullmatch(text):
        raise VerificationFailed(place, "this is not a decimal number without leading zeros")
    return int(text)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Which log, how many entries, which root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The note text."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a note text. Extension lines are refused: this log writes none, and nobody can audit them."""
        place = "checkpoint"
        lines = text.split("\n")
        if len(lines) != _LINES + 1 or lines[-1] or not note.is_key_name(lines[0]):
            raise VerificationFailed(place, "it is not the three lines origin, size and root")
        root = note.decode_base64(lines[2], place)
        if len(root) != merkle.HASH_BYTES:
            raise VerificationFailed(place, "its root has not 32 bytes")
        found = cls(lines[0], read_number(lines[1], place), root)
        if found.text != text or (found.size == 0 and root != merkle.EMPTY_ROOT):
            raise VerificationFailed(place, "it is not canonical")
        return found

    @classmethod
    def verify(cls, signed: str, vkey: str) -> Checkpoint:
        """Read a checkpoint that the log of ``vkey`` signed."""
        found = cls.parse(note.verify_note(signed, [vkey]))
        if found.origin != note.VerifierKey.parse(vkey).name:
            raise VerificationFailed("checkpoint", "it is of another log")
        return found


def format_proof(index: int, proof: Sequence[bytes], checkpoint: str) -> str:
    """Write an offline proof file: index, inclusion proof, and the signed checkpoint that it leads to."""
    hashes = "".join(f"{base64.b64encode(value).decode()}\n" for value in proof)
    return f"{_PROOF_HEAD}\nindex {index}\n{hashes}\n{checkpoint}"


def verify_proof(text: str, entry: bytes, vkey: str) -> int:
    """Check that ``entry`` is in the log of ``vkey`` by an offline proof file; return its index."""
    place = "proof file"
    head, _, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if len(lines) < 2 or len(lines) > 2 + _MAX_PROOF or lines[0] != _PROOF_HEAD or not lines[1].startswith("index "):  # noqa: PLR2004 - two lines of head
        raise VerificationFailed(place, "it does not begin as c2sp.org/tlog-proof@v1")
    index = read_number(lines[1].removeprefix("index "), place)
    proof = [note.decode_base64(line, place) for line in lines[2:]]
    tree = Checkpoint.verify(checkpoint, vkey)
    merkle.verify_inclusion(merkle.leaf_hash(entry), index, tree.size, proof, tree.root)
    return index
