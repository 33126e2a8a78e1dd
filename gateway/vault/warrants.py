"""Why somebody is looked up by name, and what a shredding left behind."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from gateway.foundation.errors import InvalidInput
from gateway.vocabulary.names import RequestId


@dataclass(frozen=True, slots=True)
class ReidentificationWarrant:
    """Permission to turn one reference back into identifiers. INVARIANT: only flows make one, and record it first."""

    reason: str  # for example access_request, art_15
    request: RequestId

    def __post_init__(self) -> None:
        """Refuse an empty reason or request."""
        if not self.reason.strip() or not self.request.strip():
            msg = "a warrant needs a reason and a request id"
            raise InvalidInput(msg)


@dataclass(frozen=True, slots=True)
class ShreddingReceipt:
    """What was destroyed for one person (Art. 17(1)); holds nothing that points at them."""

    at: dt.datetime
    key_epoch: int  # KEK epoch that had wrapped the key: a backup opens only while that epoch lives
    keys_destroyed: int
    records_removed: int
    identifiers_removed: int  # rows of the blind index
    suppressed: int  # identifiers that a later import will refuse
    names_released: int  # known names that the person bears no longer


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """One thing that is not as it should be, and what to do."""

    code: str
    remedy: str
