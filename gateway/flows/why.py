"""Why one person's data may be used for a purpose or not: which choice governs, what else closes it, and since when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from gateway.accountability import Released
from gateway.consent.state import ends_at
from gateway.flows.house import House
from gateway.flows.person_permissions import closed_by, person_at
from gateway.foundation.arrays import BLOCK
from gateway.foundation.errors import InvalidInput
from gateway.policy import decide
from gateway.policy.describing import plain
from gateway.policy.explaining import as_data, explain
from gateway.policy.masks import AGE_UNKNOWN
from gateway.policy.person_why import SENTENCES
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentEvent
from gateway.vocabulary.decisions import Action, Decision, Permit, ProcessingRequest
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.languages import LANGUAGES
from gateway.vocabulary.names import PurposeId, SubjectReference
from gateway.vocabulary.purposes import Purpose


@dataclass(frozen=True, slots=True)
class PersonWhy:
    """Whether a person takes part in a purpose now, and why; ``reasons`` are codes, ``words`` say them.

    ``bit`` is what the store would let the next query see; ``permits`` what the ledger says. They agree, or the sweep
    of permissions is due. ``covered`` says that the person's row is seen through what the policy opens for the purpose.
    """

    purpose: PurposeId
    legal_basis: str
    at: dt.datetime
    permits: bool
    bit: bool
    covered: bool
    reasons: list[str]
    words: list[str]
    governing: dict[str, Any] | None
    restriction: dict[str, Any] | None
    consent_ends: dt.datetime | None
    minimum_age: dict[str, Any] | None  # of the purpose: otherwise, and by country
    of_age_from: dt.date | None  # None: of age, or nobody asks
    age_known: bool
    retention_days: dict[str, int]  # per stored column that the policy opens
    policy: dict[str, Any]


@dataclass(frozen=True)
class WhyPerson:
    """Answer for one person and one purpose; the look is on record first, as every look at a person is."""

    house: House

    def __call__(
        self, identifier: tuple[str, str], purpose: PurposeId, actor: Actor, *, language: str = "en"
    ) -> Released[PersonWhy]:
        """Return why. Somebody unknown gets the same shape with ``not_stored``; ``InvalidInput`` for no such purpose.

        ``language`` is ``en``, ``fi``, ``hu`` or ``uk``.
        """
        known = self.house.catalogue.purposes.get(purpose)
        if known is None:
            raise InvalidInput("unknown purpose: `gateway policy show` lists them", reasons=("unknown_purpose",))
        if language not in LANGUAGES:
            raise InvalidInput(f"the language is {', '.join(LANGUAGES)}", reasons=("unknown_language",))
        subject = self.house.find(identifier)
        entry = self.house.recorder.new_entry_id()
        tags = self.house.vault.tags_of(subject, [entry]) if subject is not None else None
        event = GatewayEvent(
            actor=actor,
            action=AuditAction.SUBJECT_ACCESSED,
            decision="permit",
            purpose=purpose,
            fields=("consents", "permissions"),
            policy=self.house.catalogue.label,
        )
        on_its_way = self.house.recorder.begin(event, at=self.house.clock.now(), entry_id=entry, tags=tags)
        return Released(on_its_way, subject).map(lambda subject: self._answer(subject, known, language))

    def _answer(self, subject: SubjectReference | None, purpose: Purpose, language: str) -> PersonWhy:
        house, at = self.house, self.house.clock.now()
        decision = decide(ProcessingRequest(Action.SEGMENT, purpose.id, at), house.pack)
        person = person_at(house, subject, at)
        stored, of_age_from, standing = person.stored, person.of_age_from, person.standing
        closed = closed_by(house, person, purpose, at)
        permits = not closed
        bit = stored is not None and stored["permits_until"] > at and bool(stored["permits"] & (1 << purpose.bit))
        covered = subject is not None and _covered(house, subject, decision, at)
        reasons = [*closed, *(_beside(decision, covered=covered) if permits else [])]
        chosen = standing.get(purpose.id)
        return PersonWhy(
            purpose=purpose.id,
            legal_basis=purpose.legal_basis.value,
            at=at,
            permits=permits,
            bit=bit,
            covered=covered,
            reasons=reasons,
            words=[SENTENCES[code][language] for code in reasons or ["permits"]],
            governing=_shown(chosen),
            restriction=_shown(standing.get(ALL_PURPOSES)),
            consent_ends=ends_at(chosen, purpose.consent_valid_for) if chosen and purpose.needs_consent else None,
            minimum_age=plain(purpose.minimum_age),
            of_age_from=None if of_age_from == AGE_UNKNOWN else of_age_from,
            age_known=of_age_from != AGE_UNKNOWN,
            retention_days=_retention(decision),
            policy={**as_data(decision), "words": list(explain(decision, house.pack, language))},
        )


def _covered(house: House, subject: SubjectReference, decision: Decision, at: dt.datetime) -> bool:
    match decision:
        case Permit() as permit:
            return len(house.store.permitted(pa.array([subject], BLOCK), permit, at)) > 0
        case _:
            return False


def _beside(decision: Decision, *, covered: bool) -> list[str]:
    """Return what closes a purpose that the person permits."""
    if not isinstance(decision, Permit):
        return ["policy_denies"]
    return [] if covered else ["not_covered"]


def _retention(decision: Decision) -> dict[str, int]:
    match decision:
        case Permit(columns=columns):
            return {name: column.retention.days for name, column in columns.items()}
        case _:
            return {}


def _shown(event: ConsentEvent | None) -> dict[str, Any] | None:
    if event is None:
        return None
    return {
        "status": event.status.value,
        "at": event.at,
        "recorded_at": event.recorded_at,
        "notice": event.notice,
        "channel": event.channel,
        "by": event.by.value,
        "valid_until": event.valid_until,
    }
