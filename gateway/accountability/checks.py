"""What an outsider does with the audit library, for the gateway's own faces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import audit
from gateway.accountability.errors import LogDamaged


def verify_log(directory: Path, vkey: str | None = None) -> audit.Verified:
    """Check every byte of a closed log; raises ``LogDamaged`` with the place."""
    try:
        return audit.verify_directory(directory, vkey)
    except audit.VerificationFailed as failure:
        raise LogDamaged(f"the audit log does not verify: {failure}") from None


def verify_signed(note: str, vkeys: Sequence[str]) -> str:
    """Return the text of a signed note, for example a certificate; raises ``LogDamaged``."""
    try:
        return audit.verify_note(note, vkeys)
    except audit.VerificationFailed as failure:
        raise LogDamaged(f"the note does not verify: {failure}") from None
