"""A choice arrives: one event in the ledger, and the permission that follows from it, in the same journey."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pyarrow as pa

from gateway.flows.house import House
from gateway.flows.permissions import catch_up, refresh
from gateway.foundation.arrays import BLOCK
from gateway.foundation.errors import InvalidInput
from gateway.foundation.identifiers import new_id
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentEvent, ConsentStatus, ExpressedBy
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import BatchId, PurposeId, RequestId, SubjectReference

_SOMEBODY = SubjectReference(bytes(16))  # stands in what is checked before anybody is looked up
_ACTIONS = {
    ConsentStatus.RESTRICTED: AuditAction.SUBJECT_RESTRICTED,
    ConsentStatus.LIFTED: AuditAction.SUBJECT_RESTRICTED,
    ConsentStatus.OBJECTED: AuditAction.SUBJECT_OBJECTED,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person chose. ``at`` is when; the instant of recording when not given."""

    purpose: PurposeId
    status: ConsentStatus
    at: dt.datetime | None = None
    notice: str | None = None
    channel: str = "api"
    language: str | None = None  # of the notice
    evidence: str | None = None  # an opaque reference
    by: ExpressedBy = ExpressedBy.SELF
    valid_until: dt.datetime | None = None


@dataclass(frozen=True)
class RecordConsent:
    """Record a choice and let it bite at the next query.

    The answer is the same whether or not we know the person, so that nobody's existence leaks; a choice of somebody
    unknown is counted in the log and kept nowhere, since there is nothing that it could permit.
    """

    house: House

    def __call__(
        self, identifier: tuple[str, str], choice: Choice, actor: Actor, request: RequestId | None = None
    ) -> None:
        """Record ``choice`` of the person whom ``identifier`` (type, value) names; ``InvalidInput`` for no choice."""
        with self.house.writing:
            now = self.house.clock.now()  # not before: whoever came first would be of the future to this refresh
            self._check(choice, now)
            subject = self.house.find(identifier)
            self._on_record(choice, subject, actor, request)
            self._keep(subject, choice, now)

    def check(self, choice: Choice) -> None:
        """Raise ``InvalidInput`` where ``choice`` could not be recorded; nothing is kept."""
        self._check(choice, self.house.clock.now())

    def _check(self, choice: Choice, now: dt.datetime) -> None:
        if choice.purpose == ALL_PURPOSES and choice.status not in {ConsentStatus.RESTRICTED, ConsentStatus.LIFTED}:
            raise InvalidInput("only a restriction concerns all purposes: name one", reasons=("purpose_needed",))
        if choice.at and choice.at > now + dt.timedelta(minutes=5):
            raise InvalidInput("a choice cannot be made in the future: correct `at`", reasons=("consent_in_future",))
        self.house.ledger.check(_event(_SOMEBODY, choice, now))

    def _keep(self, subject: SubjectReference | None, choice: Choice, now: dt.datetime) -> None:
        """Keep the choice; of somebody unknown keep nothing, as durably, so that the time taken tells little."""
        catch_up(self.house, now)  # nobody else may lag when the store says how far it has come
        if subject is None:
            with self.house.ledger.write(BatchId(new_id("bat"))) as nothing:
                nothing.commit(settled=True)
        else:
            self.house.ledger.record(_event(subject, choice, now))
        people = pa.array([] if subject is None else [subject], BLOCK)
        refresh(self.house, people, now, position=self.house.ledger.position)

    def _on_record(
        self,
        choice: Choice,
        subject: SubjectReference | None,
        actor: Actor,
        request: RequestId | None,
    ) -> None:
        entry = self.house.recorder.new_entry_id()
        tags = self.house.vault.tags_of(subject, [entry]) if subject is not None else None
        event = GatewayEvent(
            actor=actor,
            action=_ACTIONS.get(choice.status, AuditAction.CONSENT_RECORDED),
            decision="permit",
            reasons=(choice.status.value,),
            purpose=None if choice.purpose == ALL_PURPOSES else choice.purpose,
            members=int(subject is not None),
            policy=self.house.catalogue.label,
            request=request,
        )
        self.house.recorder.record(event, at=self.house.clock.now(), entry_id=entry, tags=tags)


def _event(subject: SubjectReference, choice: Choice, now: dt.datetime) -> ConsentEvent:
    return ConsentEvent(
        subject, choice.purpose, choice.status, choice.at or now, now, choice.notice, choice.channel, choice.language,
        choice.evidence, choice.by, choice.valid_until,
    )  # fmt: skip
