"""What an outsider does with the audit library, for the gateway's own faces."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import audit
from gateway.accountability.errors import LogDamaged
from gateway.foundation.errors import InvalidInput


def verify_log(trail: Path, policy: Path | None = None, vkeys: Sequence[str] = ()) -> list[audit.Verified]:
    """Check every byte of the log, shard by shard, also while it is written; raises ``LogDamaged`` with the place.

    ``policy`` (a c2sp.org/tlog-policy file) or ``vkeys`` say whose log it must be; else its own keys are believed.
    Raises ``InvalidInput`` for keys that cannot be read.
    """
    known = _known(policy, vkeys)
    try:
        return audit.verify_trail(trail, known)
    except audit.VerificationFailed as failure:
        raise LogDamaged(f"the audit log does not verify: {failure}") from None


def _known(policy: Path | None, vkeys: Sequence[str]) -> audit.Policy | None:
    try:
        return audit.Policy.parse(policy.read_bytes()) if policy else audit.Policy.of(vkeys) if vkeys else None
    except audit.VerificationFailed as failure:
        raise InvalidInput(f"the keys that were given cannot be read: {failure}") from None


def verify_signed(note: str, vkeys: Sequence[str]) -> str:
    """Return the text of a signed note, for example a certificate; raises ``LogDamaged``."""
    try:
        return audit.verify_note(note, vkeys)
    except audit.VerificationFailed as failure:
        raise LogDamaged(f"the note does not verify: {failure}") from None
