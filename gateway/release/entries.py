"""The entries of the disclosure ledger (Art. 19: who has received what)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, ReleaseId, ScopeId, SegmentId, SnapshotId


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One release to one recipient; counts only, no member."""

    release: ReleaseId
    segment: SegmentId
    snapshot: SnapshotId
    recipient: RecipientId
    purpose: PurposeId
    scope: ScopeId
    format: str
    kind: Literal["snapshot", "delta"]  # a whole list, or what changed since the one before
    previous: ReleaseId | None  # a delta's base
    size: int  # members of the snapshot
    entered: int
    left: int
    at: dt.datetime
    policy: str  # pack label
    sha256: str  # of the package


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a recipient learns by one release: fields, never values.

    ``chosen_by`` are the fields that say who is in the list: each member's value is narrowed by them, also by those
    under a negation.
    """

    release: ReleaseId
    segment: SegmentId
    recipient: RecipientId
    legal_entity: str  # who the recipient was in law when it received
    purpose: PurposeId
    beside: frozenset[FieldId]  # beside the pseudonym
    chosen_by: frozenset[FieldId]
    at: dt.datetime

    @property
    def fields(self) -> frozenset[FieldId]:
        """Everything that the release tells something of."""
        return self.beside | self.chosen_by


Link = tuple[RecipientId, str]  # a recipient, and a legal entity that it is or once was


def of_one_entity(recipient: RecipientId, links: Collection[Link]) -> frozenset[RecipientId]:
    """Return all recipients that are the same in law as this one, itself among them, by whatever chain of links."""
    found, before = {recipient}, 0
    while len(found) > before:
        before = len(found)
        entities = {entity for other, entity in links if other in found}
        found |= {other for other, entity in links if entity in entities}
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class ConfirmedDeletion:
    """A recipient has confirmed that it deleted all it received until then (an officer holds the evidence)."""

    recipient: RecipientId
    evidence: str  # a reference into the officer's files
    at: dt.datetime
