"""The classification inbox as a person sees it: what waits, what was decided, and what came of it."""

from __future__ import annotations

import datetime as dt
import enum
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.flows.four_eyes import ProposalShown
from gateway.intake.inbox import InboxEntry
from gateway.policy import Pack
from gateway.policy.amending import Amended
from gateway.vocabulary.classifications import Classification, ColumnDecision
from gateway.vocabulary.contracts import IgnoredColumn


class InboxState(enum.StrEnum):
    """Whether anybody has to do something."""

    PENDING = "pending"
    PROPOSED = "proposed"  # a second person is to confirm it; until then all is as before
    DECIDED = "decided"


class Effect(enum.StrEnum):
    """What becomes of the column's values in the next batch."""

    SEALED = "sealed"  # under the person's key, until the quarantine's period is over
    READ = "read"
    IGNORED = "ignored"
    DECLARED = "declared"  # the pack itself has come to declare the column


@dataclass(frozen=True, slots=True)
class DecisionShown:
    """A decision as it was made: who, when, what, why, and who confirmed it where a second person did."""

    id: str
    classification: Classification
    field: str | None
    format: str | None
    proposed: bool
    by: str
    at: dt.datetime
    note: str | None
    confirmed_by: str | None


@dataclass(frozen=True, slots=True)
class ColumnProposal(ProposalShown):
    """A decision that waits for a second person."""

    classification: Classification
    field: str | None
    format: str | None


@dataclass(frozen=True, slots=True)
class InboxItem:
    """One undeclared column of a source.

    ``column`` is the header with everything that cannot be seen escaped; ``because`` says why a decision has no effect.
    """

    entry: str
    source: str
    column: str
    state: InboxState
    effect: Effect
    because: tuple[str, ...]
    category: str
    kind: str | None
    field: str | None
    confidence: float
    evidence: tuple[str, ...]
    article: str | None
    reveals: tuple[str, ...]
    first_seen: dt.datetime
    last_seen: dt.datetime
    batches: int
    decisions: tuple[DecisionShown, ...]
    proposal: ColumnProposal | None


def item_of(entry: InboxEntry, base: Pack, amended: Amended, proposal: ColumnProposal | None = None) -> InboxItem:
    """Return an entry with what came of it under the pack in force, and what waits for a second person."""
    found = entry.finding
    state, effect, because = _standing(entry, base, amended)
    if proposal is not None and not proposal.void:
        state = InboxState.PROPOSED
    return InboxItem(
        entry=entry.id,
        source=entry.source,
        column=shown(found.column),
        state=state,
        effect=effect,
        because=because,
        category=found.category,
        kind=found.kind.value if found.kind is not None else None,
        field=found.field,
        confidence=found.confidence,
        evidence=found.evidence,
        article=found.article,
        reveals=found.reveals,
        first_seen=entry.first_seen,
        last_seen=entry.last_seen,
        batches=entry.batches,
        decisions=_shown_decisions(entry.decisions),
        proposal=proposal,
    )


def shown(header: str) -> str:
    """Return a header in which nothing is hidden: control characters, marks of direction and odd spaces as escapes.

    No two headers look the same afterwards for want of a visible character: the backslash is escaped as well.
    """
    return "".join(c if c == " " or _seen(c) else c.encode("unicode_escape").decode() for c in header)


def _seen(character: str) -> bool:
    return character != "\\" and unicodedata.category(character)[0] not in "CZ"


def _standing(entry: InboxEntry, base: Pack, amended: Amended) -> tuple[InboxState, Effect, tuple[str, ...]]:
    decision = entry.in_force
    contract = base.catalogue.sources.get(entry.source)
    if contract is not None and entry.finding.column in contract.columns:
        return InboxState.DECIDED, Effect.DECLARED, ()
    if decision is None:
        return InboxState.PENDING, Effect.SEALED, ()
    if decision.id in amended.unfit:  # the pack has changed since: somebody must look again
        return InboxState.PENDING, Effect.SEALED, (amended.unfit[decision.id],)
    if decision.id in amended.refused:
        return InboxState.DECIDED, Effect.SEALED, amended.refused[decision.id]
    if decision.classification is Classification.KEPT_SEALED:
        return InboxState.DECIDED, Effect.SEALED, ()
    column = amended.pack.catalogue.sources[entry.source].columns[entry.finding.column]
    return InboxState.DECIDED, Effect.IGNORED if isinstance(column, IgnoredColumn) else Effect.READ, ()


def _shown_decisions(decisions: Sequence[ColumnDecision]) -> tuple[DecisionShown, ...]:
    return tuple(
        DecisionShown(d.id, d.classification, d.field, d.format, d.proposed, d.by, d.at, d.note, d.confirmed_by)
        for d in decisions
    )
