"""Offline proof files (c2sp.org/tlog-proof): an entry's index, its inclusion proof and the signed checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from audit import merkle
from audit.checkpoint import Checkpoint
from audit.encoding import MAX_NUMBER, decode_base64, encode_base64, read_number, read_utf8
from audit.errors import VerificationFailed
from audit.note import MAX_NOTE, parse_note
from audit.policy import Policy

MAX_HASHES: Final = 63  # the height of a tree of 2**63 entries
MAX_EXTRA: Final = 65_535  # bytes
MAX_PROOF: Final = MAX_NOTE + 2 * MAX_EXTRA  # bytes; base 64 makes a third more of the extra data
_HEAD: Final = "c2sp.org/tlog-proof@v1"
_PLACE: Final = "proof file"


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that an entry stands at ``index``; only a well-formed one can be made, but nothing is verified yet.

    ``extra`` is for the application and NOT authenticated: whoever passes the file on can change it.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse what no file can hold; raises ``VerificationFailed``."""
        if not 0 <= self.index <= MAX_NUMBER:
            raise VerificationFailed(_PLACE, "its index is not below 2**63")
        if len(self.hashes) > MAX_HASHES or any(len(value) != merkle.HASH_BYTES for value in self.hashes):
            raise VerificationFailed(_PLACE, f"it has more than {MAX_HASHES} hashes, or one that has not 32 bytes")
        if self.extra is not None and not 0 < len(self.extra) <= MAX_EXTRA:
            raise VerificationFailed(_PLACE, f"its extra data is empty or longer than {MAX_EXTRA} bytes")
        if self.index >= Checkpoint.parse(parse_note(self.checkpoint)[0]).size:
            raise VerificationFailed(_PLACE, "its index lies outside the tree")

    @property
    def text(self) -> str:
        """The proof file."""
        extra = "" if self.extra is None else f"extra {encode_base64(self.extra)}\n"
        hashes = "".join(f"{encode_base64(value)}\n" for value in self.hashes)
        return f"{_HEAD}\n{extra}index {self.index}\n{hashes}\n{self.checkpoint}"

    @classmethod
    def parse(cls, text: str | bytes) -> Proof:
        """Read a proof file; what is read, written again, is the same text. Raises ``VerificationFailed``."""
        text = read_utf8(text, MAX_PROOF, _PLACE)
        head, _, checkpoint = text.partition("\n\n")
        lines = head.split("\n", MAX_HASHES + 4)  # header, extra, index, and one too many
        if lines.pop(0) != _HEAD:
            raise VerificationFailed(_PLACE, f"it does not begin with {_HEAD}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode_base64(lines.pop(0).removeprefix("extra "), _PLACE)
        if not lines or not lines[0].startswith("index "):
            raise VerificationFailed(_PLACE, "it has no index line")
        index = read_number(lines.pop(0).removeprefix("index "), _PLACE)
        found = cls(index, tuple(decode_base64(line, _PLACE) for line in lines), checkpoint, extra)
        if found.text != text:
            raise VerificationFailed(_PLACE, "it is not canonical")
        return found

    def verify(self, entry: bytes, policy: Policy) -> Checkpoint:
        """Return the checkpoint, which satisfies ``policy``, of the tree that has ``entry`` at ``index``.

        Raises ``VerificationFailed``.
        """
        found = policy.check(self.checkpoint)
        merkle.verify_inclusion(merkle.leaf_hash(entry), self.index, found.size, self.hashes, found.root)
        return found
