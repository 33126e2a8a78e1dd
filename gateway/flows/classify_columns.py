"""What becomes of columns that no contract declares: detection proposes, an officer decides, the next batch obeys."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from gateway.accountability import Receipt, Released
from gateway.flows import column_proposals
from gateway.flows.four_eyes import FourEyes, Heard, Hearing, Officer, check_decided, check_lines
from gateway.flows.house import House
from gateway.flows.inbox_items import Effect, InboxItem, InboxState, item_of, shown
from gateway.foundation.errors import InvalidInput, NotFound
from gateway.foundation.identifiers import new_id
from gateway.intake.inbox import InboxEntry
from gateway.policy.amending import Amended
from gateway.versions.proposals import Ending
from gateway.vocabulary.classifications import Classification, ColumnDecision
from gateway.vocabulary.contracts import SourceKind
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import DecisionId, FieldId, RequestId, SourceId

__all__ = ["Classification", "Classified", "ClassifyColumns", "Effect", "InboxItem", "InboxState", "Officer", "Wish"]

MAX_FORMAT = 40  # characters


@dataclass(frozen=True, slots=True)
class Wish:
    """What an officer wants a column to be; ``None`` takes what detection proposes."""

    classification: Classification | None
    field: FieldId | None = None
    format: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Classified:
    """What came of a decision; ``reingest`` says whether the same file, taken in again, brings the sealed values in.

    ``waits``: it opens something, and another person is to give the same command; until then all is as before.
    ``renewed``: what waited is void, for what is in force has changed since, and this waits in its place.
    """

    item: InboxItem
    decision: DecisionId | None  # None with dry_run, and while it waits
    policy: str  # the pack in force from now on
    reingest: bool
    dry_run: bool
    waits: bool = False
    renewed: bool = False

    @property
    def advice(self) -> str:
        """What the officer should know next."""
        void = "what was proposed before is void, for the policy in force has changed since; " if self.renewed else ""
        if self.waits and self.dry_run:
            return f"{void}would wait for a second person, and open nothing until then; afterwards: {self._effect}"
        if self.waits and self.item.proposal is not None:
            return (
                f"{void}proposed by {self.item.proposal.by} and waits: nothing is opened until another person gives "
                "the same command"
            )
        return self._effect

    @property
    def _effect(self) -> str:
        if self.item.effect is Effect.READ and self.reingest:
            return "values that came before stay sealed until their time is over: ingest the file again to take them in"
        if self.item.effect is Effect.READ:
            return "read from the next batch on; events that came before are not taken in twice, so their values stay"
        if self.item.effect is Effect.IGNORED:
            return "left out from the next batch on; what is sealed goes when its time is over"
        return "stays sealed" + "".join(f"; {reason}" for reason in self.item.because)


@dataclass(frozen=True)
class ClassifyColumns:
    """List the inbox; decide about an entry. A header may be somebody's name: whatever tells one is on record first."""

    house: House
    four_eyes: FourEyes

    def list(
        self, actor: Actor, *, state: InboxState | None = None, source: SourceId | None = None
    ) -> Released[tuple[InboxItem, ...]]:
        """Return the entries, of one source or state where asked."""
        receipt = self._looked(actor, source)
        items = map(self._item, self.house.inbox.entries(source))
        return Released(receipt, tuple(item for item in items if state is None or item.state is state))

    def find(self, source: SourceId, column: str) -> str:
        """Return the id of an entry by its source and its column as listed, or by the id itself.

        Raises ``NotFound``; the header is not repeated.
        """
        for entry in self.house.inbox.entries(source):
            if column in {shown(entry.finding.column), entry.id}:
                return entry.id
        raise NotFound(
            "the inbox has no such column of this source: `gateway inbox list` shows them", reasons=("unknown_entry",)
        )

    def decide(self, entry: str, wish: Wish, officer: Officer, *, dry_run: bool = False) -> Released[Classified]:
        """Decide about an entry, and put it in force at once; what opens something waits for a second person first.

        A field that the rules of the pack refuse is on record as decided, and its column stays sealed. What changes
        nothing (``dry_run``, the same proposal once more) is on record as a look. Raises
        ``NotFound`` for an unknown entry, ``InvalidInput`` for what cannot be: nothing proposed, no such field, a field
        that another column holds, a column that the pack declares itself.
        """
        _check_words(wish, officer)
        with self.house.writing:
            found = self.house.inbox.get(entry)
            decision = self._decision(found, wish, officer)
            amended = self.house.policy.with_decision(decision)
            if decision.id in amended.unfit:
                raise InvalidInput(f"this cannot be decided: {amended.unfit[decision.id]}", reasons=("unfit_decision",))
            heard = self._heard(found, decision, officer)
            if heard is not None and heard.waits:
                if heard.is_new and not dry_run:
                    receipt = self._propose(heard, decision, officer, amended.pack.label)
                else:
                    receipt = self._looked(officer.actor, found.source)
                return Released(receipt, self._answer(found, decision, amended, heard, dry_run=dry_run))
            if heard is not None:
                decision = column_proposals.confirmed(decision, heard.proposal)
                amended = self.house.policy.with_decision(decision)
            if dry_run:
                receipt = self._looked(officer.actor, found.source)
            else:
                receipt = self._take(found, decision, officer, amended.pack.label)
            return Released(receipt, self._answer(found, decision, amended, None, dry_run=dry_run))

    def _heard(self, found: InboxEntry, decision: ColumnDecision, officer: Officer) -> Heard | None:
        """Return what a second person has to do with it; ``None`` where nobody else is asked for."""
        if not self.four_eyes.on or not column_proposals.widens(found, decision, self.house):
            return None
        return self.four_eyes.hear(column_proposals.proposal_of(found, decision, officer, self.house))

    def _propose(self, heard: Heard, decision: ColumnDecision, officer: Officer, label: str) -> Receipt:
        receipt = self._on_record(AuditAction.COLUMN_PROPOSED, decision, officer.actor, label)
        self.house.proposals.propose(heard.proposal)
        return receipt

    def _take(self, found: InboxEntry, decision: ColumnDecision, officer: Officer, label: str) -> Receipt:
        """Put a decision on record and in force; whatever waited about the column waits no more."""
        receipt = self._on_record(AuditAction.COLUMN_CLASSIFIED, decision, officer.actor, label)
        ending = Ending.CONFIRMED if decision.confirmed_by else Ending.DROPPED
        self.four_eyes.end(column_proposals.matter_of(found), ending, officer)
        self.house.inbox.decide(found.id, decision)
        self.house.policy.renew()
        return receipt

    def _decision(self, entry: InboxEntry, wish: Wish, officer: Officer) -> ColumnDecision:
        proposed = wish.classification is None
        field = entry.finding.field if proposed else wish.field
        classification = wish.classification or Classification.FIELD
        if (field is None) is (classification is Classification.FIELD):
            raise InvalidInput(
                "nothing of the catalogue is proposed for this column: name a field, ignore it or keep it sealed"
                if proposed
                else "a field goes with this classification, and with no other",
                reasons=("no_proposal" if proposed else "unfit_decision",),
            )
        return ColumnDecision(
            id=DecisionId(new_id("dec")),
            source=entry.source,
            column=entry.finding.column,
            classification=classification,
            field=field,
            format=wish.format,
            proposed=proposed,
            by=officer.name,
            at=self.house.clock.now(),
            note=wish.note,
        )

    def _looked(self, actor: Actor, source: SourceId | None) -> Receipt:
        """Say in the log that headers are told, and of which source; a name that is no contract's stays out of it."""
        event = GatewayEvent(
            actor=actor,
            action=AuditAction.INBOX_READ,
            decision="permit",
            source=source if source in self.house.catalogue.sources else None,
            fields=("headers",),
            policy=self.house.catalogue.label,
        )
        return self.house.recorder.record(event, at=self.house.clock.now())

    def _on_record(self, action: AuditAction, decision: ColumnDecision, actor: Actor, label: str) -> Receipt:
        """Say in the log which source and field; a header may be somebody's name, so it is not in there.

        What one proposed and what another confirmed have one ``request``, and ``policy`` as amended by it.
        """
        how = "proposed" if decision.proposed else "overridden"
        event = GatewayEvent(
            actor=actor,
            action=action,
            decision="permit",
            reasons=(decision.classification.value, how, *(["confirmed"] if decision.confirmed_by else [])),
            source=decision.source,
            fields=(decision.field,) if decision.field else (),
            policy=label,
            request=RequestId(decision.id),
        )
        return self.house.recorder.record(event, at=self.house.clock.now())

    def _answer(
        self, found: InboxEntry, decision: ColumnDecision, amended: Amended, heard: Heard | None, *, dry_run: bool
    ) -> Classified:
        waits = heard is not None
        after = dataclasses.replace(found, decisions=(*found.decisions, decision))
        item = self._item(found) if waits and not dry_run else item_of(after, self.house.policy.base, amended)
        profiles = self.house.catalogue.sources[decision.source].kind is SourceKind.PROFILES
        return Classified(
            item=item,
            decision=None if dry_run or waits else decision.id,
            policy=self.house.catalogue.label if waits and not dry_run else amended.pack.label,
            reingest=item.effect is Effect.READ and profiles,
            dry_run=dry_run,
            waits=waits,
            renewed=heard is not None and heard.hearing is Hearing.RENEWED,
        )

    def _item(self, found: InboxEntry) -> InboxItem:
        """Return an entry as it stands, with what waits about it."""
        house = self.house
        waiting = house.proposals.waiting(column_proposals.matter_of(found))
        proposal = column_proposals.shown(found, waiting, house) if waiting else None
        return item_of(found, house.policy.base, house.policy.amended, proposal)


def _check_words(wish: Wish, officer: Officer) -> None:
    check_decided(officer, wish.note)
    check_lines(("format", wish.format, MAX_FORMAT))
