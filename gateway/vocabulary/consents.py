"""What a person has said about a purpose, and where that leaves them at an instant."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from gateway.vocabulary.names import PurposeId, SubjectReference

ALL_PURPOSES = PurposeId("*")  # a restriction (Art. 18) concerns every purpose


class ConsentStatus(enum.StrEnum):
    """DPV consent states, with objection (Art. 21) and restriction (Art. 18) beside them."""

    UNKNOWN = "unknown"
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    OBJECTED = "objected"
    RESTRICTED = "restricted"
    LIFTED = "lifted"  # the end of a restriction (Art. 18(3))


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """One line of the ledger. ``at`` is when the person chose, ``recorded_at`` when we learned of it."""

    subject: SubjectReference
    purpose: PurposeId
    status: ConsentStatus
    at: dt.datetime
    recorded_at: dt.datetime
    notice: str | None
    channel: str  # source id, api, cli, subject-desk
