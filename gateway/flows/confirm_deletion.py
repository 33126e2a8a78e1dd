"""A recipient has deleted what it had: only then does it count no more, and an officer holds the evidence.

That opens what never comes together once more, so a second person confirms it.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from gateway.accountability import Receipt
from gateway.flows.four_eyes import FourEyes, Heard, Hearing, Officer, check_decided, digest_of, proposed
from gateway.flows.house import House
from gateway.foundation.errors import InvalidInput, NotFound
from gateway.foundation.identifiers import new_id
from gateway.release.entries import ConfirmedDeletion, Exposure
from gateway.versions.proposals import Ending, Proposal
from gateway.vocabulary.consents import EVIDENCE
from gateway.vocabulary.events import AuditAction, GatewayEvent
from gateway.vocabulary.names import RecipientId, ReleaseId, RequestId

__all__ = ["ConfirmDeletion", "Deletion", "DeletionProposal", "Officer"]

_MATTER = "deletion:"


@dataclass(frozen=True, slots=True)
class DeletionProposal:
    """A deletion that waits for a second person; ``opens`` is the sha256 (hex) over what would count no more."""

    id: str
    recipient: str
    evidence: str
    opens: str
    by: str
    at: dt.datetime
    void: bool  # more was released since, or another version is in force: nobody can confirm it


@dataclass(frozen=True, slots=True)
class Deletion:
    """What came of it: the releases that count no more, or would; ``receipt`` is none with ``dry_run``.

    ``waits``, ``renewed``: as in ``Classified``.
    """

    recipient: RecipientId
    releases: tuple[ReleaseId, ...]
    receipt: Receipt | None
    dry_run: bool
    waits: bool = False
    renewed: bool = False
    denied: bool = False

    @property
    def advice(self) -> str:
        """What the officer should know next."""
        void = "what was proposed before is void, for what it would open has changed since; " if self.renewed else ""
        if self.denied:
            return f"what waits about {self.recipient} {'would be' if self.dry_run else 'is'} dropped: all counts on"
        count = f"{len(self.releases)} releases to {self.recipient}"
        if self.waits and self.dry_run:
            return f"{void}{count} would count no more once a second person has given the same command"
        if self.waits:
            return f"{void}{count} count until another person gives the same command: it waits"
        return f"{count} {'would count' if self.dry_run else 'count'} no more"


@dataclass(frozen=True)
class ConfirmDeletion:
    """Put on record that a recipient confirmed the deletion of all that it had received until now."""

    house: House
    four_eyes: FourEyes

    def __call__(self, recipient: RecipientId, evidence: str, officer: Officer, *, dry_run: bool = False) -> Deletion:
        """Return what ends, or what waits. ``evidence`` is a reference into the officer's files, never personal data.

        Raises ``NotFound`` for a recipient that has no contract and has received nothing, ``InvalidInput`` for a
        reference that is empty, too long or not plain. Combinations are measured anew from here; a delta needs a whole
        list first.
        """
        _check(evidence)
        check_decided(officer, None)
        with self.house.writing:
            ended = self.ends(recipient)  # where nothing ends, nothing opens, and nobody else is asked
            heard = self._heard(recipient, evidence, officer) if self.four_eyes.on and ended else None
            waits = heard is not None and heard.waits
            receipt = None
            if not dry_run and heard is not None and waits:
                receipt = self._propose(heard, recipient, officer)
            elif not dry_run:
                receipt = self._confirm(heard, ConfirmedDeletion(recipient, evidence, self.house.clock.now()), officer)
            renewed = heard is not None and heard.hearing is Hearing.RENEWED
            return Deletion(recipient, ended, receipt, dry_run, waits, renewed)

    def deny(self, recipient: RecipientId, officer: Officer, *, dry_run: bool = False) -> Deletion:
        """Drop what waits about a recipient, at once; raises ``NotFound`` where nothing waits."""
        check_decided(officer, None)
        with self.house.writing:
            waiting = self.house.proposals.waiting(_MATTER + recipient)
            if waiting is None:
                raise NotFound("no deletion of that recipient waits: `gateway inbox list` shows those that do")
            receipt = None
            if not dry_run:
                receipt = self._on_record(AuditAction.DELETION_PROPOSED, recipient, officer, waiting.id, deny=True)
                self.four_eyes.end(waiting.matter, Ending.DROPPED, officer)
            return Deletion(recipient, (), receipt, dry_run, denied=True)

    def waiting(self) -> tuple[DeletionProposal, ...]:
        """Return the deletions that wait for a second person, the earliest first."""
        return tuple(map(self._shown, self.house.proposals.all_waiting(_MATTER)))

    def ends(self, recipient: RecipientId) -> tuple[ReleaseId, ...]:
        """Return the releases that would count no more, the oldest first; raises ``NotFound`` as the flow does."""
        held = self._held(recipient)
        if not held and recipient not in self.house.catalogue.recipients:
            raise NotFound("no recipient of that id: `gateway policy show` names them")
        return tuple(dict.fromkeys(exposure.release for exposure in held))

    def _held(self, recipient: RecipientId) -> list[Exposure]:
        return [exposure for exposure in self.house.disclosures.exposures.all() if exposure.recipient == recipient]

    def _opens(self, recipient: RecipientId) -> str:
        """Return the digest over what the recipient knows: by which release which fields."""
        return digest_of([[each.release, *sorted(each.fields)] for each in self._held(recipient)])

    def _heard(self, recipient: RecipientId, evidence: str, officer: Officer) -> Heard:
        """Return what a second person has to do with it."""
        about = (_MATTER + recipient, evidence)
        return self.four_eyes.hear(proposed(officer, about, self._opens(recipient), self.house, name=new_id("dec")))

    def _propose(self, heard: Heard, recipient: RecipientId, officer: Officer) -> Receipt | None:
        if not heard.is_new:
            return None
        receipt = self._on_record(AuditAction.DELETION_PROPOSED, recipient, officer, heard.proposal.id)
        self.house.proposals.propose(heard.proposal)
        return receipt

    def _confirm(self, heard: Heard | None, deletion: ConfirmedDeletion, officer: Officer) -> Receipt:
        name = heard.proposal.id if heard is not None else None
        receipt = self._on_record(AuditAction.DELETION_CONFIRMED, deletion.recipient, officer, name)
        ending = Ending.CONFIRMED if heard is not None else Ending.DROPPED
        self.four_eyes.end(_MATTER + deletion.recipient, ending, officer)
        self.house.disclosures.exposures.confirm_deletion(deletion)
        return receipt

    def _on_record(
        self, action: AuditAction, recipient: RecipientId, officer: Officer, name: str | None, *, deny: bool = False
    ) -> Receipt:
        event = GatewayEvent(
            actor=officer.actor,
            action=action,
            decision="deny" if deny else "permit",
            recipient=recipient,
            policy=self.house.catalogue.label,
            request=RequestId(name) if name else None,
        )
        return self.house.recorder.record(event, at=self.house.clock.now())

    def _shown(self, proposal: Proposal) -> DeletionProposal:
        p, recipient = proposal, RecipientId(proposal.matter.removeprefix(_MATTER))
        void = p.is_void(self._opens(recipient), self.house.policy.base.label)
        return DeletionProposal(p.id, recipient, p.content, p.opens, p.by, p.at, void)


def _check(evidence: str) -> None:
    if re.fullmatch(EVIDENCE, evidence) is None:
        raise InvalidInput(
            "evidence is a reference of at most 96 letters, digits and . _ : / -, never a name or address"
        )
