"""What a person has said about a purpose, and where that leaves them at an instant."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from gateway.vocabulary.names import PurposeId, SubjectReference

ALL_PURPOSES = PurposeId("*")  # a restriction (Art. 18) concerns every purpose
WORD = r"[a-z0-9][a-z0-9_-]{0,63}"  # the pattern of a notice's version and of a channel
EVIDENCE = r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,95}"  # the pattern of a reference to what proves a choice


class ConsentStatus(enum.StrEnum):
    """DPV consent states, with objection (Art. 21) and restriction (Art. 18) beside them."""

    UNKNOWN = "unknown"
    REQUESTED = "requested"  # asked and not answered: grants nothing, changes nothing
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    INVALIDATED = "invalidated"  # the yes does not hold (Art. 7), for example because the notice was wrong
    OBJECTED = "objected"
    RESTRICTED = "restricted"
    LIFTED = "lifted"  # the end of a restriction (Art. 18(3))


MAY_GIVE = frozenset({ConsentStatus.GIVEN, ConsentStatus.REQUESTED, ConsentStatus.LIFTED})  # all others only take away


class ExpressedBy(enum.StrEnum):
    """Who expressed a choice (ISO/IEC TS 27560)."""

    SELF = "self"  # the data subject
    GUARDIAN = "guardian"  # the holder of parental responsibility (Art. 8(1))
    CONTROLLER = "controller"  # never a yes


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
    language: str | None = None  # of the notice, ISO 639-1
    evidence: str | None = None  # an opaque reference, for example a document's number
    by: ExpressedBy = ExpressedBy.SELF
    valid_until: dt.datetime | None = None  # of a yes; the purpose's own end counts as well
