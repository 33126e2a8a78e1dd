"""Tree heads as text (c2sp.org/tlog-checkpoint v1.0.0)."""

from __future__ import annotations

from dataclasses import dataclass

from audit.encoding import encode_base64, read_tree_head
from audit.errors import VerificationFailed


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Which log, how many entries, which root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The note text."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a note text; raises ``VerificationFailed``.

        Extension lines are refused: nobody can audit them, and ML-DSA-44 signatures do not cover them.
        """
        found = cls(*read_tree_head(text))
        if found.text != text:
            raise VerificationFailed("checkpoint", "it is not canonical")
        return found
