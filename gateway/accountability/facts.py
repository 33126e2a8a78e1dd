"""What the record is made of: the answers of the policy in force, and what the stores say has happened."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.contracts import SourceContract, SourceKind
from gateway.vocabulary.decisions import Action, Decision, Permit, Reason
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, RuleId, SegmentId, SourceId


@dataclass(frozen=True, slots=True)
class RuleInForce:
    """A rule as the officer wrote it; ``purposes`` is ``None`` where it concerns every purpose."""

    id: RuleId
    kind: str
    article: str
    rationale: Mapping[str, str]
    purposes: frozenset[PurposeId] | None
    together: tuple[FieldId, ...]  # fields that it keeps apart
    minimum_size: int | None

    def concerns(self, purpose: PurposeId) -> bool:
        """Whether it is a rule about the purpose."""
        return self.purposes is None or purpose in self.purposes


@dataclass(frozen=True, slots=True)
class Configuration:
    """The policy in force: its catalogue, its rules, and its answer to each kind of request that contracts allow."""

    catalogue: Catalogue
    decisions: tuple[Decision, ...]  # of requests that ask for all fields
    rules: tuple[RuleInForce, ...] = ()

    def of(self, purpose: PurposeId, action: Action) -> Iterator[Decision]:
        """Yield the answers for an action and a purpose."""
        for decision in self.decisions:
            if (decision.request.purpose, decision.request.action) == (purpose, action):
                yield decision

    def stored(self, purpose: PurposeId) -> dict[FieldId, set[SourceId]]:
        """Return the fields that may be stored for a purpose, and from which sources."""
        found: dict[FieldId, set[SourceId]] = {}
        for decision in self.of(purpose, Action.STORE):
            for name in opened(decision):
                found.setdefault(name, set()).update({decision.request.source} - {None})  # type: ignore[arg-type] # None taken out
        return found

    def segmented(self, purpose: PurposeId) -> frozenset[FieldId]:
        """Return the fields that segments may use for a purpose."""
        return frozenset().union(*(opened(decision) for decision in self.of(purpose, Action.SEGMENT)))

    def released(self, purpose: PurposeId) -> dict[RecipientId, Decision]:
        """Return the answer for each recipient whose contract names the purpose."""
        answers = ((decision.request.recipient, decision) for decision in self.of(purpose, Action.RELEASE))
        return {recipient: decision for recipient, decision in answers if recipient is not None}

    def brought_by(self, purpose: PurposeId) -> list[SourceId]:
        """Return the sources of what a purpose stores, or uses of what others stored."""
        used = self.segmented(purpose).union(*(opened(d) for d in self.released(purpose).values()))
        own = self.stored(purpose)
        found = {source for sources in own.values() for source in sources}
        for other in self.catalogue.purposes:
            stored = self.stored(other)
            found |= {source for name in used & stored.keys() for source in stored[name]}
        return sorted(found)

    def people_of(self, purpose: PurposeId) -> list[SourceContract]:
        """Return the sources that say whom a purpose concerns: those of profiles, where it uses any of them."""
        found = [self.catalogue.sources[source] for source in self.brought_by(purpose)]
        return [source for source in found if source.kind is SourceKind.PROFILES] or found


def opened(decision: Decision) -> frozenset[FieldId]:
    """Return the fields that an answer opens; none by a denial."""
    match decision:
        case Permit(columns=columns, identifiers=identifiers):
            return identifiers | {column.field for column in columns.values()}
        case _:
            return frozenset()


def withheld(decision: Decision) -> tuple[Reason, ...]:
    """Return why an answer leaves fields out, or denies."""
    return decision.withheld if isinstance(decision, Permit) else decision.reasons


@dataclass(frozen=True, slots=True)
class VersionInForce:
    """A version of the policy, and from when it is in force."""

    label: str
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class LastRelease:
    """The last release to a recipient for a purpose; ``size`` is rounded, ``None`` for one that may not be told."""

    at: dt.datetime
    segment: SegmentId
    size: int | None


@dataclass(frozen=True, slots=True)
class SegmentInForce:
    """A catalogued segment; ``size`` is rounded, ``None`` under the minimum and where it was never built."""

    id: SegmentId
    title: Mapping[str, str]
    purpose: PurposeId
    fields: tuple[FieldId, ...]
    refusals: tuple[str, ...]  # codes or rules; none where policy permits it
    size: int | None = None
    taken_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What has happened, in protected counts; a number that may not be told, or is not known, is ``None``."""

    at: dt.datetime
    audit_retention_days: int | None = None
    people: int | None = None
    people_for: Mapping[PurposeId, int | None] = field(default_factory=dict)  # who permit the purpose now
    versions: tuple[VersionInForce, ...] = ()
    batches: Mapping[SourceId, dt.datetime] = field(default_factory=dict)
    releases: Mapping[tuple[RecipientId, PurposeId], LastRelease] = field(default_factory=dict)
    segments: tuple[SegmentInForce, ...] = ()
