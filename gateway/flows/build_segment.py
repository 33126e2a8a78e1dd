"""A segment: checked against policy, then asked of the relation that the Permit opens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gateway.accountability import Released
from gateway.flows.house import House
from gateway.flows.permissions import RefreshPermissions, permitted_purposes
from gateway.foundation.arrays import to_blocks
from gateway.foundation.errors import NotFound, NotPermitted
from gateway.foundation.identifiers import new_id
from gateway.policy import decide
from gateway.release.sizes import rounded
from gateway.segmentation import (
    SegmentDefinition,
    build_query,
    definition_digest,
    explain,
    fields_of,
    load_segment,
)
from gateway.segmentation.loading import load_segments
from gateway.vocabulary.decisions import Action, Deny, Permit, ProcessingRequest
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import RequestId, SegmentId, SnapshotId
from gateway.vocabulary.relations import SegmentSnapshot


@dataclass(frozen=True, slots=True)
class SegmentVerdict:
    """Whether a definition may be built, and why not."""

    id: SegmentId
    title: str
    purpose: str
    permitted: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SegmentSize:
    """What may be said of a snapshot: its size, or only that it is under the minimum."""

    id: SegmentId
    snapshot: SnapshotId
    purpose: str
    taken_at: dt.datetime
    size: int | None  # None: under the minimum
    minimum: int


@dataclass(frozen=True)
class Segments:
    """The catalogued definitions of the pack in force."""

    house: House

    def definition(self, segment: SegmentId) -> SegmentDefinition:
        """Return a definition by id; ``NotFound`` where the pack has none."""
        definition = load_segments(self.house.pack.segments).get(segment)
        if definition is None:
            raise NotFound("no segment of that id: `gateway segments list` shows them")
        return definition

    def all(self) -> list[SegmentDefinition]:
        """Return every definition, by id."""
        return [definition for _, definition in sorted(load_segments(self.house.pack.segments).items())]

    def check(self, actor: Actor) -> list[SegmentVerdict]:
        """Ask policy about each definition; every answer is on record."""
        return [self._verdict(definition, actor) for definition in self.all()]

    def check_draft(self, text: str, actor: Actor) -> SegmentVerdict:
        """Ask policy about a definition that is not catalogued; the answer is on record. Raises ``InvalidInput``."""
        return self._verdict(load_segment(text, name="draft", beside=self.house.pack.segments), actor)

    def _verdict(self, definition: SegmentDefinition, actor: Actor) -> SegmentVerdict:
        reasons: tuple[str, ...] = ()
        try:
            permit_for(self.house, definition, actor)
        except NotPermitted as refusal:
            reasons = refusal.reasons
        return SegmentVerdict(SegmentId(definition.id), definition.title_in(), definition.purpose, not reasons, reasons)


def permit_for(house: House, definition: SegmentDefinition, actor: Actor) -> Permit:
    """Return the Permit for a definition, or raise ``NotPermitted`` with the rule that refuses each field."""
    at = house.clock.now()
    fields = fields_of(definition, house.catalogue)
    decision = decide(ProcessingRequest(Action.SEGMENT, definition.purpose, at, fields=fields), house.pack)
    match decision:
        case Permit() as permit:
            house.recorder.record(_checked(house, definition, actor, decision), at=house.clock.now())
            return permit
        case Deny() as denial:
            house.recorder.record(_checked(house, definition, actor, decision), at=house.clock.now())
            reasons = tuple(str(reason) for reason in denial.reasons)
            raise NotPermitted(f"segment `{definition.id}` is refused: {' | '.join(reasons)}", reasons=reasons)


def _checked(house: House, definition: SegmentDefinition, actor: Actor, decision: Permit | Deny) -> GatewayEvent:
    basis: str | None = None
    match decision:
        case Permit() as permit:
            outcome, reasons, basis = "permit", tuple(map(str, permit.rules)), permit.legal_basis
        case Deny() as denial:
            outcome = "deny"
            reasons = tuple(dict.fromkeys(str(r.rule or r.code) for r in denial.reasons))
    return GatewayEvent(
        actor=actor,
        action=AuditAction.SEGMENT_CHECKED,
        decision="permit" if outcome == "permit" else "deny",
        reasons=reasons,
        purpose=definition.purpose,
        legal_basis=basis,
        segment=SegmentId(definition.id),
        fields=tuple(sorted(decision.request.fields or ())),
        policy=house.catalogue.label,
    )


@dataclass(frozen=True)
class BuildSegment:
    """Ask who belongs to a segment now, of those who permit it now."""

    house: House

    def __call__(self, segment: SegmentId, actor: Actor) -> SegmentSize:
        """Build a snapshot; a size under the minimum is not told."""
        snapshot, permit = self.snapshot(segment, actor)
        size = snapshot.size if rounded(snapshot.size, permit.minimum_size) is not None else None
        return SegmentSize(segment, snapshot.id, snapshot.purpose, snapshot.taken_at, size, permit.minimum_size)

    def snapshot(self, segment: SegmentId, actor: Actor) -> tuple[SegmentSnapshot, Permit]:
        """Build and keep a snapshot; its members stay in the store."""
        with self.house.writing:
            RefreshPermissions(self.house)()
            definition = Segments(self.house).definition(segment)
            permit = permit_for(self.house, definition, actor)
            at = permit.request.at
            relation = self.house.store.relation(permit, at)
            result = relation.run(build_query(definition, relation, at=at))
            snapshot = SegmentSnapshot(
                id=SnapshotId(new_id("sna")),
                segment=segment,
                purpose=definition.purpose,
                taken_at=at,
                size=result.table.num_rows,
                definition_digest=definition_digest(definition),
                query_digest=result.query_digest,
                pack=self.house.catalogue.label,
            )
            persons = result.table.column("person")
            self._on_record(snapshot, persons, permit, actor)
            self.house.store.save_snapshot(snapshot, persons)
        return snapshot, permit

    def _on_record(self, snapshot: SegmentSnapshot, persons: pa.ChunkedArray, permit: Permit, actor: Actor) -> None:
        """Say who chose by what, and tag it with each member: also of a segment under the minimum.

        The log has the exact size whatever it is, so that the tags tell its readers no more; who was chosen, they tell
        those only who have that person's key.
        """
        event = GatewayEvent(
            actor=actor,
            action=AuditAction.SEGMENT_BUILT,
            decision="permit",
            reasons=permit.rules,
            purpose=permit.request.purpose,
            legal_basis=permit.legal_basis,
            segment=snapshot.segment,
            snapshot=snapshot.id,
            fields=tuple(sorted(permit.request.fields or ())),
            members=snapshot.size,
            policy=snapshot.pack,
            query=snapshot.query_digest,
        )
        entry = self.house.recorder.new_entry_id()
        with self.house.recorder.bulk_tags(entry) as tags:
            for subjects in self._subjects(persons):
                made = self.house.vault.tags(subjects, entry).drop_null()  # one too few, and the entry is refused
                tags.add(to_blocks(made))
            self.house.recorder.record(event, at=self.house.clock.now(), entry_id=entry, tags=tags.seal())

    def _subjects(self, persons: pa.ChunkedArray) -> Iterator[pa.Array]:
        """Walk the references of people whom the store numbers so, some of them at a time."""
        for stored in self.house.store.all_subjects():
            yield stored.column("subject").filter(pc.is_in(stored.column("person"), value_set=persons))


@dataclass(frozen=True)
class ExplainSegment:
    """Why one person is or is not in a segment; the look is on record and tagged with that person."""

    house: House

    def __call__(self, segment: SegmentId, identifier: tuple[str, str], actor: Actor) -> Released[dict[str, Any]]:
        """Return permission and the condition tree with what holds; the same answer for somebody unknown."""
        definition = Segments(self.house).definition(segment)
        permit = permit_for(self.house, definition, actor)
        subject = self.house.find(identifier)
        entry = self.house.recorder.new_entry_id()
        event = GatewayEvent(
            actor=actor,
            action=AuditAction.SEGMENT_EXPLAINED,
            decision="permit",
            purpose=permit.request.purpose,
            legal_basis=permit.legal_basis,
            segment=segment,
            fields=tuple(sorted(permit.request.fields or ())),
            policy=self.house.catalogue.label,
        )
        tags = self.house.vault.tags_of(subject, [entry]) if subject is not None else None
        receipt = self.house.recorder.record(event, at=self.house.clock.now(), entry_id=entry, tags=tags)
        if subject is None:
            raise NotFound("nobody of that identifier")
        request = RequestId(entry)
        profile = self.house.store.profile_of(subject, on_behalf=request)
        events = self.house.store.events_of(subject, on_behalf=request).to_pylist()
        answer = {
            "segment": segment,
            "permitted_now": permit.request.purpose in permitted_purposes(self.house, subject, permit.request.at),
            "explanation": asdict(explain(definition, profile, events, permit.request.at)),
        }
        return Released(receipt, answer)
