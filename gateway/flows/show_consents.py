"""What a person has chosen, where it left them at an instant, and what they permitted then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.accountability import Released
from gateway.consent import status_at
from gateway.flows.house import House
from gateway.flows.person_permissions import PersonAt, closed_by, person_at
from gateway.flows.policy_in_force import load_version
from gateway.policy import Pack
from gateway.policy.person_why import Person, closing
from gateway.versions.steps import Taken, in_force
from gateway.vocabulary.consents import ConsentEvent, ConsentStatus
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import PurposeId, SubjectReference
from gateway.vocabulary.purposes import Purpose


@dataclass(frozen=True, slots=True)
class ConsentHistory:
    """A person's choices, oldest first, and where they left the person per purpose at an instant.

    ``closed`` has the codes of what closed a purpose then, in the words of ``person_why``; none where it was permitted.
    """

    events: list[ConsentEvent]
    standing: Mapping[PurposeId, ConsentStatus]
    closed: Mapping[PurposeId, tuple[str, ...]]
    at: dt.datetime


@dataclass(frozen=True)
class ShowConsents:
    """A person's choices; no event for somebody unknown, and the same answer as for somebody who said nothing."""

    house: House

    def __call__(
        self,
        identifier: tuple[str, str],
        actor: Actor,
        *,
        at: dt.datetime | None = None,
        recorded: dt.datetime | None = None,
    ) -> Released[ConsentHistory]:
        """Return the choices made until ``at`` (now), of those that were on record at ``recorded`` (now).

        ``recorded`` tells what we could know then: a withdrawal of Monday that reached us on Friday did not bite on
        Wednesday. The version of the policy that was in force at ``at``, else at ``recorded``, tells what they meant;
        the person's age is known as of today only. The look is on record first.
        """
        house, now = self.house, self.house.clock.now()
        subject = house.find(identifier)
        entry = house.recorder.new_entry_id()
        tags = house.vault.tags_of(subject, [entry]) if subject is not None else None
        event = GatewayEvent(actor=actor, action=AuditAction.SUBJECT_ACCESSED, decision="permit", fields=("consents",))
        on_its_way = house.recorder.begin(event, at=house.clock.now(), entry_id=entry, tags=tags)
        return Released(on_its_way, subject).map(lambda subject: self._answer(subject, now, at, recorded))

    def _answer(
        self, subject: SubjectReference | None, now: dt.datetime, at: dt.datetime | None, recorded: dt.datetime | None
    ) -> ConsentHistory:
        person = person_at(self.house, subject, at or now, recorded=recorded)
        return self._history(person, self._pack(at or recorded or now), at or now, until=at)

    def _history(
        self, person: PersonAt, pack: Pack | None, at: dt.datetime, *, until: dt.datetime | None
    ) -> ConsentHistory:
        purposes = (pack or self.house.pack).catalogue.purposes.values()
        standing = {
            each.id: status_at(person.history, each.id, at, each.consent_valid_for, child=person.is_child(at))
            for each in purposes
        }
        closed = {each.id: self._closed(person, each, pack, at) for each in purposes}
        events = [event for event in person.history if until is None or event.at <= until]
        return ConsentHistory(events, standing, closed, at)

    def _closed(self, person: PersonAt, purpose: Purpose, pack: Pack | None, at: dt.datetime) -> tuple[str, ...]:
        if pack is None:
            return ("policy_denies",)
        if not person.history:  # whether anything is stored would tell whether the person is known
            return closing(purpose, Person({}, None), pack, at)
        return closed_by(self.house, person, purpose, at, pack=pack)

    def _pack(self, at: dt.datetime) -> Pack | None:
        """Return the version that was in force at an instant; None before the first one."""
        number = in_force(_taken(self.house.versions.steps(), at), at)
        if number is None or number == self.house.catalogue.version:
            return None if number is None else self.house.pack
        return load_version(self.house.versions, number)


def _taken(steps: Iterable[Taken], at: dt.datetime) -> list[Taken]:
    return [step for step in steps if step.at <= at]
