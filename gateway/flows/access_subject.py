"""A person asks what we hold (Art. 15): everything about them, nothing of anybody else, and who looked before."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from gateway.accountability import Receipt, Released
from gateway.flows.build_segment import Segments
from gateway.flows.held_columns import HeldColumn
from gateway.flows.house import House
from gateway.flows.permissions import permitted_purposes
from gateway.foundation.arrays import BLOCK
from gateway.rights import RequestKind, access_package
from gateway.rights.parts import Consultation, HeldCell, HeldField, Membership, PersonParts, ReleasedTo
from gateway.segmentation.words import plain_rule
from gateway.vault import ReidentificationWarrant, pseudonym_text
from gateway.vault.errors import ScopeUnknown
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import FieldId, PurposeId, RequestId, ScopeId, SourceId, SubjectReference


@dataclass(frozen=True, slots=True)
class AccessAnswer:
    """The package; ``found`` is false, and the package holds no person, where we know nobody of that identifier."""

    request: RequestId
    due: dt.date
    found: bool
    package: dict[str, Any]


@dataclass(frozen=True)
class AccessSubject:
    """Assemble the Art. 15 package of one person."""

    house: House

    def __call__(self, identifier: tuple[str, str], actor: Actor, *, language: str = "en") -> Released[AccessAnswer]:
        """Return the package for the person whom ``identifier`` (type, value) names."""
        # One journey at a time: nobody is erased while their package is made, and no batch holds the database.
        with self.house.writing:
            return self._answer(identifier, actor, language)

    def _answer(self, identifier: tuple[str, str], actor: Actor, language: str) -> Released[AccessAnswer]:
        house, at = self.house, self.house.clock.now()
        subject = house.find(identifier)
        name, country = house.requests.new_id(), house.catalogue.controller.country
        receipt = self._on_record(subject, actor, name)
        parts = self._parts(subject, name, language) if subject is not None else None
        package = access_package(parts, house.catalogue, at=at, language=language)
        # Registered with its answer: one that failed on the way is asked again, and nobody could end it.
        answered = house.clock.now()
        request = house.requests.open(name, RequestKind.ACCESS, subject, at=at, country=country, answered=answered)
        return Released(receipt, AccessAnswer(request.id, request.due, subject is not None, package))

    def _on_record(self, subject: SubjectReference | None, actor: Actor, request: RequestId) -> Receipt:
        """The access itself is on record before anything is gathered, and in the package too."""
        entry = self.house.recorder.new_entry_id()
        event = GatewayEvent(
            actor=actor,
            action=AuditAction.SUBJECT_ACCESSED,
            decision="permit",
            fields=("all",),
            members=int(subject is not None),
            policy=self.house.catalogue.label,
            request=request,
        )
        tags = self.house.vault.tags_of(subject, [entry]) if subject is not None else None
        return self.house.recorder.record(event, at=self.house.clock.now(), entry_id=entry, tags=tags)

    def _parts(self, subject: SubjectReference, request: RequestId, language: str) -> PersonParts:
        house = self.house
        warrant = ReidentificationWarrant(reason="access request, Art. 15", request=request)
        profile = house.store.profile_of(subject, on_behalf=request)
        events = house.store.events_of(subject, on_behalf=request).to_pylist()
        sources = {row["source"] for row in (profile, *events) if row.get("source")}
        cells = house.vault.held(subject, warrant)
        return PersonParts(
            subject=subject,
            request=request,
            identifiers=[HeldField(FieldId(k), str(v)) for k, v in house.vault.identifiers(subject, warrant).items()],
            held=[_cell(HeldColumn.read(name), str(value)) for name, value in cells.items()],
            profile=profile,
            events=events,
            permitted=permitted_purposes(house, subject, house.clock.now()),
            sources=sorted(map(SourceId, sources)),
            memberships=self._memberships(subject, language),
            releases=self._releases(subject),
            consents=house.ledger.history(subject),
            consultations=self._consultations(subject),
        )

    def _memberships(self, subject: SubjectReference, language: str) -> list[Membership]:
        """Segments that the person is or was in, each with its rule as the catalogue has it now."""
        definitions = {definition.id: definition for definition in Segments(self.house).all()}
        found: list[Membership] = []
        for snapshot in map(self.house.store.snapshot, self.house.store.subject_snapshots(subject)):
            definition = definitions.get(snapshot.segment)
            title = definition.title_in(language) if definition else snapshot.segment
            rule = plain_rule(definition) if definition else "this segment is no longer catalogued"
            purpose = PurposeId(snapshot.purpose)
            found.append(Membership(snapshot.segment, title, rule, purpose, snapshot.id, snapshot.taken_at))
        return found

    def _releases(self, subject: SubjectReference) -> list[ReleasedTo]:
        """Each release that carried the person, with the pseudonym that the recipient knows them by."""
        releases = (self.house.disclosures.get(release) for release in self.house.store.subject_releases(subject))
        return [
            ReleasedTo(r.release, r.recipient, r.segment, r.purpose, r.kind, r.at, self._pseudonym(r.scope, subject))
            for r in releases
            if r is not None
        ]

    def _pseudonym(self, scope: ScopeId, subject: SubjectReference) -> str | None:
        try:
            blocks = self.house.vault.pseudonyms(scope, pa.array([subject], BLOCK))
        except ScopeUnknown:  # its key is destroyed
            return None
        return str(pseudonym_text(blocks)[0].as_py())

    def _consultations(self, subject: SubjectReference) -> list[Consultation]:
        """Every entry of the log that concerns the person; all entries are tried, so none is left out."""
        found, _ = self.house.recorder.about(lambda entries: self.house.vault.tags_of(subject, entries))
        return [
            Consultation(
                at=dt.datetime.fromisoformat(about.entry["ts"]),
                action=about.entry["action"],
                decision=about.entry["decision"],
                actor_type=about.entry["actor"]["type"],
                purpose=about.entry.get("purpose"),
                recipient=about.entry.get("recipient"),
                fields=tuple(about.entry.get("fields") or ()),
                entry=about.index,
            )
            for about in found
        ]


def _cell(column: HeldColumn, value: str) -> HeldCell:
    until = dt.datetime.combine(column.until, dt.time(), dt.UTC)
    return HeldCell(column.source, column.column, value, until)
