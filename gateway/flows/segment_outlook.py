"""Beforehand: which recipients could get a segment now, and why the others could not."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.flows.build_segment import Segments, permit_for
from gateway.flows.house import House
from gateway.flows.received import AskForRelease, Chosen
from gateway.foundation.errors import NotPermitted
from gateway.policy.explaining import explain
from gateway.segmentation import SegmentDefinition
from gateway.vocabulary.contracts import RecipientContract
from gateway.vocabulary.decisions import Decision, Deny
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import RecipientId, SegmentId


@dataclass(frozen=True, slots=True)
class RecipientOutlook:
    """Whether a recipient could get a segment; sizes aside, which only a release measures."""

    recipient: RecipientId
    permitted: bool
    reasons: tuple[str, ...]  # of a refusal: with rules and the releases that brought the other part
    words: tuple[str, ...]  # the same for people, in the language that was asked for


@dataclass(frozen=True)
class SegmentOutlook:
    """Ask policy about a segment for each recipient's contract, with what each has received; nothing is built."""

    house: House

    def __call__(self, segment: SegmentId, actor: Actor, language: str = "en") -> list[RecipientOutlook]:
        """Return an answer for each contract, by recipient; every answer is on record. Raises ``NotFound``."""
        definition = Segments(self.house).definition(segment)
        contracts = sorted(self.house.catalogue.recipients.values(), key=lambda contract: contract.id)
        try:
            permit = permit_for(self.house, definition, actor)
        except NotPermitted as refusal:
            why = refusal.reasons
            return [RecipientOutlook(contract.id, permitted=False, reasons=why, words=why) for contract in contracts]
        chosen = Chosen(permit.request.purpose, permit.request.fields or frozenset())
        return [self._asked(definition, chosen, contract, actor, language) for contract in contracts]

    def _asked(
        self, definition: SegmentDefinition, chosen: Chosen, contract: RecipientContract, actor: Actor, language: str
    ) -> RecipientOutlook:
        asking = AskForRelease(self.house)
        decision = asking.decision(chosen, contract)
        words = explain(decision, self.house.pack, language)
        match decision:
            case Deny() as denial:
                reasons = asking.reasons(denial, chosen, contract)
                codes = tuple(dict.fromkeys(str(reason.rule or reason.code) for reason in denial.reasons))
            case _:
                reasons, codes = (), tuple(map(str, decision.rules))
        self.house.recorder.record(self._event(definition, contract, decision, codes, actor), at=self.house.clock.now())
        return RecipientOutlook(contract.id, not reasons, reasons, tuple(dict.fromkeys(words)))

    def _event(
        self,
        definition: SegmentDefinition,
        contract: RecipientContract,
        decision: Decision,
        codes: tuple[str, ...],
        actor: Actor,
    ) -> GatewayEvent:
        return GatewayEvent(
            actor=actor,
            action=AuditAction.SEGMENT_CHECKED,
            decision="deny" if isinstance(decision, Deny) else "permit",
            reasons=codes,
            purpose=definition.purpose,
            recipient=contract.id,
            segment=SegmentId(definition.id),
            fields=tuple(sorted(decision.request.fields or ())),
            policy=self.house.catalogue.label,
        )
