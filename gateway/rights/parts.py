"""What is gathered about one person for an access request; each part is in the words of the person, not of a room."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.vocabulary.consents import ConsentEvent
from gateway.vocabulary.names import (
    FieldId,
    PurposeId,
    RecipientId,
    ReleaseId,
    RequestId,
    SegmentId,
    SnapshotId,
    SourceId,
    SubjectReference,
)


@dataclass(frozen=True, slots=True)
class HeldField:
    """A sealed value: an identifier, a name, a date of birth. ``field`` is the catalogue's or the identifier's name."""

    field: FieldId
    value: str


@dataclass(frozen=True, slots=True)
class HeldCell:
    """A cell of a column that nobody has decided on yet; it waits sealed in quarantine."""

    source: SourceId
    column: str
    value: str
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """A segment that the person is or was in, with its rule in plain language."""

    segment: SegmentId
    title: str
    rule: str
    purpose: PurposeId
    snapshot: SnapshotId
    taken_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ReleasedTo:
    """A release that carried the person, and the pseudonym by which that recipient knows them."""

    release: ReleaseId
    recipient: RecipientId
    segment: SegmentId
    purpose: PurposeId
    kind: str
    at: dt.datetime
    pseudonym: str | None  # None once the scope's key is destroyed: nobody can tell it any more


@dataclass(frozen=True, slots=True)
class Consultation:
    """An entry of the audit log about the person; what kind of actor, never which employee (C-579/21)."""

    at: dt.datetime
    action: str
    decision: str
    actor_type: str
    purpose: PurposeId | None = None
    recipient: RecipientId | None = None
    fields: tuple[str, ...] = ()
    entry: int | None = None  # the log's index, for a proof


@dataclass(frozen=True, slots=True)
class PersonParts:
    """All parts of one person. Rows of ``profile`` and ``events`` are stored column → value."""

    subject: SubjectReference
    request: RequestId
    identifiers: Sequence[HeldField] = ()
    held: Sequence[HeldCell] = ()
    profile: Mapping[str, Any] = field(default_factory=dict)
    events: Sequence[Mapping[str, Any]] = ()
    permitted: frozenset[PurposeId] = frozenset()  # purposes for which the data may be used now
    sources: Sequence[SourceId] = ()
    memberships: Sequence[Membership] = ()
    releases: Sequence[ReleasedTo] = ()
    consents: Sequence[ConsentEvent] = ()
    consultations: Sequence[Consultation] = ()
