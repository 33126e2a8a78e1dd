"""A recipient has deleted what it had: only then does it count no more, and an officer holds the evidence."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.accountability import Receipt
from gateway.flows.house import House
from gateway.foundation.errors import InvalidInput, NotFound
from gateway.release.entries import ConfirmedDeletion
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import RecipientId, ReleaseId

_LONGEST = 100


@dataclass(frozen=True)
class ConfirmDeletion:
    """Put on record that a recipient confirmed the deletion of all that it had received until now."""

    house: House

    def __call__(self, recipient: RecipientId, evidence: str, actor: Actor) -> Receipt:
        """Return the log's receipt. ``evidence`` is a reference into the officer's files, never personal data.

        Raises ``NotFound`` for a recipient that has no contract and has received nothing, ``InvalidInput`` for a
        reference that is empty, too long or not plain. Combinations are measured anew from here; a delta needs a whole
        list first.
        """
        if not (
            evidence.isascii() and evidence.isprintable() and 0 < len(evidence) <= _LONGEST and " " not in evidence
        ):
            raise InvalidInput(f"evidence is a reference of 1 to {_LONGEST} plain characters without a space")
        with self.house.writing:
            self.ends(recipient)
            at = self.house.clock.now()
            event = GatewayEvent(
                actor=actor,
                action=AuditAction.DELETION_CONFIRMED,
                decision="permit",
                recipient=recipient,
                policy=self.house.catalogue.label,
            )
            receipt = self.house.recorder.record(event, at=at)
            self.house.disclosures.exposures.confirm_deletion(ConfirmedDeletion(recipient, evidence, at))
            return receipt

    def ends(self, recipient: RecipientId) -> tuple[ReleaseId, ...]:
        """Return the releases that would count no more, the oldest first; raises ``NotFound`` as the flow does."""
        held = [exposure for exposure in self.house.disclosures.exposures.all() if exposure.recipient == recipient]
        if not held and recipient not in self.house.catalogue.recipients:
            raise NotFound("no recipient of that id: `gateway policy show` names them")
        return tuple(dict.fromkeys(exposure.release for exposure in held))
