"""A person asks what we hold (Art. 15): everything about them, nothing of anybody else, and who looked before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from gateway.flows.build_segment import Segments
from gateway.flows.house import House
from gateway.foundation.arrays import BLOCK
from gateway.release import Disclosure
from gateway.rights import RequestKind, access_package
from gateway.vault import ReidentificationWarrant, pseudonym_text
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import EntryId, RequestId, SubjectReference


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

    def __call__(self, identifier: tuple[str, str], actor: Actor, *, language: str = "en") -> AccessAnswer:
        """Return the package for the person whom ``identifier`` (type, value) names."""
        house, at = self.house, self.house.clock.now()
        subject = house.vault.find(*identifier)
        request = house.requests.open(RequestKind.ACCESS, subject, at=at, country=house.catalogue.controller.country)
        entry = self._on_record(subject, actor, request.id, at)
        if subject is None:
            package = access_package(None, house.catalogue, at=at, language=language)
        else:
            package = access_package(self._parts(subject, request.id, entry), house.catalogue, at=at, language=language)
        house.requests.complete(request.id, at=house.clock.now())
        return AccessAnswer(request.id, request.due, subject is not None, package)

    def _on_record(
        self, subject: SubjectReference | None, actor: Actor, request: RequestId, at: dt.datetime
    ) -> EntryId:
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
        self.house.recorder.record(event, at=at, entry_id=entry, tags=tags)
        return entry

    def _parts(self, subject: SubjectReference, request: RequestId, entry: EntryId) -> dict[str, Any]:
        house = self.house
        warrant = ReidentificationWarrant(reason="access request, Art. 15", request=request)
        definitions = {definition.id: definition for definition in Segments(house).all()}
        return {
            "identifiers": house.vault.identifiers(subject, warrant),
            "held": house.vault.held(subject, warrant),
            "profile": house.store.profile_of(subject, on_behalf=request),
            "events": house.store.events_of(subject, on_behalf=request).to_pylist(),
            "consents": house.ledger.history(subject),
            "snapshots": house.store.subject_snapshots(subject),
            "definitions": definitions,
            "disclosures": self._disclosures(subject),
            "accesses": house.recorder.about(lambda entries: self._tags(subject, entries)),
            "asked_in": entry,
        }

    def _tags(self, subject: SubjectReference, entries: Sequence[EntryId]) -> bytes:
        return self.house.vault.tags_of(subject, entries)

    def _disclosures(self, subject: SubjectReference) -> list[tuple[Disclosure, str]]:
        """Each release that carried the person, with the pseudonym that the recipient knows them by."""
        releases = (self.house.disclosures.get(release) for release in self.house.store.subject_releases(subject))
        ref = pa.array([subject], BLOCK)
        return [
            (release, pseudonym_text(self.house.vault.pseudonyms(release.scope, ref))[0].as_py())
            for release in releases
            if release is not None
        ]
