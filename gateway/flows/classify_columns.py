"""What becomes of columns that no contract declares: detection proposes, an officer decides, the next batch obeys."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from gateway.flows.house import House
from gateway.flows.inbox_items import Effect, InboxItem, InboxState, item_of, shown
from gateway.foundation.errors import InvalidInput, NotFound
from gateway.foundation.identifiers import new_id
from gateway.intake.inbox import InboxEntry
from gateway.policy.amending import Amended
from gateway.vocabulary.classifications import Classification, ColumnDecision
from gateway.vocabulary.contracts import SourceKind
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import DecisionId, FieldId, RequestId, SourceId

__all__ = ["Classification", "Classified", "ClassifyColumns", "Effect", "InboxItem", "InboxState", "Officer", "Wish"]

MAX_BY, MAX_NOTE, MAX_FORMAT = 100, 500, 40  # characters


@dataclass(frozen=True, slots=True)
class Officer:
    """Who decides: as the log knows them, and as the inbox names them."""

    actor: Actor
    name: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What an officer wants a column to be; ``None`` takes what detection proposes."""

    classification: Classification | None
    field: FieldId | None = None
    format: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Classified:
    """What came of a decision; ``reingest`` says whether the same file, taken in again, brings the sealed values in."""

    item: InboxItem
    decision: DecisionId | None  # None with dry_run
    policy: str  # the pack in force from now on
    reingest: bool
    dry_run: bool

    @property
    def advice(self) -> str:
        """What the officer should know next."""
        if self.item.effect is Effect.READ and self.reingest:
            return "values that came before stay sealed until their time is over: ingest the file again to take them in"
        if self.item.effect is Effect.READ:
            return "read from the next batch on; events that came before are not taken in twice, so their values stay"
        if self.item.effect is Effect.IGNORED:
            return "left out from the next batch on; what is sealed goes when its time is over"
        return "stays sealed" + "".join(f"; {reason}" for reason in self.item.because)


@dataclass(frozen=True)
class ClassifyColumns:
    """List the inbox; decide about an entry."""

    house: House

    def list(self, *, state: InboxState | None = None, source: SourceId | None = None) -> tuple[InboxItem, ...]:
        """Return the entries, of one source or state where asked."""
        policy = self.house.policy
        items = (item_of(entry, policy.base, policy.amended) for entry in self.house.inbox.entries(source))
        return tuple(item for item in items if state is None or item.state is state)

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

    def decide(self, entry: str, wish: Wish, officer: Officer, *, dry_run: bool = False) -> Classified:
        """Decide about an entry, and put it in force at once.

        A field that the rules of the pack refuse is on record as decided, and its column stays sealed. Raises
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
            if not dry_run:
                self._on_record(decision, officer.actor, amended.pack.label)
                self.house.inbox.decide(entry, decision)
                self.house.policy.renew()
            return self._answer(found, decision, amended, dry_run=dry_run)

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

    def _on_record(self, decision: ColumnDecision, actor: Actor, label: str) -> None:
        """Say in the log which source and field; a header may be somebody's name, so it is not in there."""
        event = GatewayEvent(
            actor=actor,
            action=AuditAction.COLUMN_CLASSIFIED,
            decision="permit",
            reasons=(decision.classification.value, "proposed" if decision.proposed else "overridden"),
            source=decision.source,
            fields=(decision.field,) if decision.field else (),
            policy=label,
            request=RequestId(decision.id),
        )
        self.house.recorder.record(event, at=decision.at)

    def _answer(self, found: InboxEntry, decision: ColumnDecision, amended: Amended, *, dry_run: bool) -> Classified:
        after = dataclasses.replace(found, decisions=(*found.decisions, decision))
        item = item_of(after, self.house.policy.base, amended)
        profiles = self.house.catalogue.sources[decision.source].kind is SourceKind.PROFILES
        return Classified(
            item=item,
            decision=None if dry_run else decision.id,
            policy=amended.pack.label,
            reingest=item.effect is Effect.READ and profiles,
            dry_run=dry_run,
        )


def _check_words(wish: Wish, officer: Officer) -> None:
    check_decided(officer, wish.note)
    _check_lines(("format", wish.format, MAX_FORMAT))


def check_decided(officer: Officer, note: str | None) -> None:
    """Hold what an officer typed to a length, and to characters that can be seen; raises ``InvalidInput``."""
    _check_lines(("name of who decides", officer.name, MAX_BY), ("note", note, MAX_NOTE))


def _check_lines(*lines: tuple[str, str | None, int]) -> None:
    for name, text, most in lines:
        if text is not None and (not text.strip() or len(text) > most or not text.isprintable()):
            raise InvalidInput(
                f"the {name} is one line of at most {most} printable characters", reasons=("unfit_words",)
            )
