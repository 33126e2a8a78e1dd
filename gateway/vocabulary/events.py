"""What is told to the audit trail: closed fields, never a value, never free text."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal

from gateway.vocabulary.names import BatchId, PurposeId, RecipientId, RequestId, SegmentId, SnapshotId, SourceId


class AuditAction(enum.StrEnum):
    """What happened, ``noun.past_participle``."""

    GATEWAY_INITIALISED = "gateway.initialised"
    BATCH_ACCEPTED = "batch.accepted"  # before anything of it is kept
    BATCH_REFUSED = "batch.refused"
    BATCH_ROLLED_BACK = "batch.rolled_back"  # found half done after a crash
    INBOX_READ = "inbox.read"  # headers of undeclared columns were told: each may be somebody's name
    COLUMN_PROPOSED = "column.proposed"  # as what an officer would read it, once a second person confirms
    COLUMN_CLASSIFIED = "column.classified"  # an officer decided what an undeclared column is
    POLICY_DRAFTED = "policy.drafted"
    POLICY_SIMULATED = "policy.simulated"
    POLICY_APPROVED = "policy.approved"
    POLICY_ACTIVATED = "policy.activated"  # from an instant, now or to come
    POLICY_PROPOSED = "policy.proposed"  # to be gone back to, once a second person confirms
    POLICY_ROLLED_BACK = "policy.rolled_back"
    POLICY_WITHDRAWN = "policy.withdrawn"
    POLICY_SUPERSEDED = "policy.superseded"  # another came into force
    CONSENT_RECORDED = "consent.recorded"
    # The nightly sweep: before it deletes, and when the bytes are gone; and before what waited undecided goes.
    RETENTION_ENFORCED = "retention.enforced"
    VALUES_COARSENED = "values.coarsened"  # the same sweep: what was finer than the form in force, before and after
    SEGMENT_CHECKED = "segment.checked"
    SEGMENT_BUILT = "segment.built"
    SEGMENT_EXPLAINED = "segment.explained"
    SEGMENT_RELEASED = "segment.released"
    SCOPE_ENDED = "scope.ended"  # before the key goes by which a list's pseudonyms point at people
    DELETION_PROPOSED = "deletion.proposed"  # to count as done, once a second person confirms; a deny drops it
    DELETION_CONFIRMED = "deletion.confirmed"  # by a recipient, of all it had received; an officer holds the evidence
    RELEASE_READ = "release.read"  # a page, a delta or a file was pulled
    SUBJECT_ACCESSED = "subject.accessed"
    SUBJECT_ERASED = "subject.erased"
    SUBJECT_RESTRICTED = "subject.restricted"
    SUBJECT_OBJECTED = "subject.objected"
    LOG_READ = "log.read"
    LOG_EXPORTED = "log.exported"
    LOG_CONTINUED = "log.continued"  # the first entry of a log that goes on where another ended
    LOG_KEY_ROTATED = "log.key_rotated"
    LOG_PRUNED = "log.pruned"  # under the stated retention policy
    IDENTITIES_DECIDED = "identities.decided"  # whether a person is told which employee looked
    CLIENT_ADDED = "client.added"  # before its key opens anything; `request` is the name by which it acts
    CLIENT_REVOKED = "client.revoked"  # before its key is dead; likewise
    REQUEST_REFUSED = "request.refused"  # a face said no: missing scope, unknown key


class Role(enum.StrEnum):
    """As what somebody asked; a report that leaves out who keeps this. A client's is the scope of its key."""

    OPERATOR = "operator"
    SOURCE = "source"
    RECIPIENT = "recipient"
    OFFICER = "officer"
    SUBJECT_DESK = "subject-desk"
    AUDITOR = "auditor"
    SYSTEM = "system"
    UNKNOWN = "unknown"  # a caller whose key nobody knows


_OF_NO_CLIENT = {Role.OPERATOR: "operator", Role.SYSTEM: "system"}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asked: a role and a pseudonymous reference, never a name. ``ValueError`` for a role of another type."""

    type: Literal["operator", "client", "system"]
    ref: str
    role: Role = Role.OPERATOR

    def __post_init__(self) -> None:
        """Hold type and role together: a client that names no role is no operator."""
        if _OF_NO_CLIENT.get(self.role, "client") != self.type:
            raise ValueError(f"an actor of the type {self.type} needs a role of its own")


@dataclass(frozen=True, slots=True)
class LogHead:
    """How a log stood when it ended: its origin, its size and its root hash (hex)."""

    origin: str
    size: int
    root: str


@dataclass(frozen=True, slots=True)
class GatewayEvent:
    """One event on its way into the log."""

    actor: Actor
    action: AuditAction
    decision: Literal["permit", "deny"]
    reasons: tuple[str, ...] = ()  # reason codes and rule ids
    purpose: PurposeId | None = None
    legal_basis: str | None = None
    recipient: RecipientId | None = None
    source: SourceId | None = None
    segment: SegmentId | None = None
    snapshot: SnapshotId | None = None
    batch: BatchId | None = None
    fields: tuple[str, ...] = ()
    rows: int | None = None
    members: int | None = None
    policy: str | None = None  # pack id@version:digest
    query: str | None = None  # digest of the SQL that ran
    request: RequestId | None = None
    previous: LogHead | None = None  # log.continued, and no other
