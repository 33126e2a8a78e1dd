"""What closes a purpose for one person at an instant: the reading that every answer about a person shares."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from gateway.consent import standing_of
from gateway.flows.house import House
from gateway.foundation.arrays import BLOCK
from gateway.policy import Pack
from gateway.policy.masks import AGE_UNKNOWN
from gateway.policy.person_why import Person, closing
from gateway.vocabulary.consents import ConsentEvent, ConsentStatus
from gateway.vocabulary.names import PurposeId, SubjectReference
from gateway.vocabulary.purposes import Purpose

_OF_THE_YES = frozenset({"notice_outdated", "under_age", "age_unknown"})


@dataclass(frozen=True, slots=True)
class PersonAt:
    """A person at an instant: the stored permissions, the choices in the ledger's order, and which of them govern."""

    subject: SubjectReference | None
    stored: Mapping[str, Any] | None  # None: nothing is stored of them
    history: Sequence[ConsentEvent]
    standing: Mapping[PurposeId, ConsentEvent]
    of_age_from: dt.date | None  # as in ``permission_masks``

    def is_child(self, at: dt.datetime) -> bool:
        """Whether the person may not consent alone at an instant (Art. 8(1)), or nobody knows."""
        return self.of_age_from is not None and self.of_age_from > at.astimezone(dt.UTC).date()


def person_at(
    house: House, subject: SubjectReference | None, at: dt.datetime, *, recorded: dt.datetime | None = None
) -> PersonAt:
    """Return what governs a person at an instant, of what was on record at ``recorded`` (now); of nobody, nothing."""
    if subject is None:
        return PersonAt(None, None, [], {}, AGE_UNKNOWN)
    rows: list[dict[str, Any]] = house.store.permissions(pa.array([subject], BLOCK)).to_pylist()
    stored = rows[0] if rows else None
    of_age_from: dt.date | None = stored["of_age_from"] if stored else AGE_UNKNOWN
    history = [event for event in house.ledger.history(subject) if recorded is None or event.recorded_at <= recorded]
    person = PersonAt(subject, stored, history, {}, of_age_from)
    return replace(person, standing=standing_of(history, at, child=person.is_child(at)))


def closed_by(
    house: House, person: PersonAt, purpose: Purpose, at: dt.datetime, *, pack: Pack | None = None
) -> tuple[str, ...]:
    """Return the codes of what closes a purpose, as the mask has it; none where the person permits it.

    ``pack``: the version in force at the instant, where that is not the one of now.
    """
    if person.stored is None:
        return ("not_stored",)
    found = closing(purpose, Person(person.standing, person.of_age_from), pack or house.pack, at)
    return ("being_erased", *found) if person.subject in house.requests.being_erased() else found


def uncounted(house: House, person: PersonAt, purpose: Purpose, at: dt.datetime) -> dict[ConsentEvent, tuple[str, ...]]:
    """Return each yes that does not count for a purpose by the person's age or by its notice, and why (codes)."""
    found = {}
    for event in person.history:
        if event.purpose == purpose.id and event.status is ConsentStatus.GIVEN:
            alone = closing(purpose, Person({purpose.id: event}, person.of_age_from), house.pack, at)
            found[event] = tuple(code for code in alone if code in _OF_THE_YES)
    return {event: codes for event, codes in found.items() if codes}
