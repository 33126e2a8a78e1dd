"""Which decisions about a column open something, and such a decision as a proposal that another person confirms."""

from __future__ import annotations

import dataclasses
from dataclasses import asdict

import msgspec

from gateway.flows.four_eyes import Officer, digest_of, proposed, shown_proposal
from gateway.flows.house import House
from gateway.flows.inbox_items import ColumnProposal
from gateway.intake.inbox import InboxEntry
from gateway.policy import Pack
from gateway.policy.amending import amend
from gateway.versions.proposals import Proposal
from gateway.vocabulary.classifications import Classification, ColumnDecision
from gateway.vocabulary.contracts import FieldColumn
from gateway.vocabulary.names import DecisionId, FieldId, SourceId

_Read = tuple[SourceId, str, FieldId, str | None]


class _Content(msgspec.Struct, frozen=True):
    """What a proposal says about its column."""

    classification: Classification
    field: FieldId | None
    format: str | None


def matter_of(entry: InboxEntry) -> str:
    """Return what a proposal about an entry is about."""
    return f"column:{entry.id}"


def widens(found: InboxEntry, decision: ColumnDecision, house: House) -> bool:
    """Whether a decision opens anything: a field that was not decided on before, or a column not read until now.

    A field that the rules refuse today counts as well: tomorrow's pack may let it in.
    """
    before = found.in_force
    same = before is not None and _content(before) == _content(decision)
    return (decision.classification is Classification.FIELD and not same) or bool(_opened(decision, house))


def proposal_of(found: InboxEntry, decision: ColumnDecision, officer: Officer, house: House) -> Proposal:
    """Return a decision as a proposal, which states exactly what it would open."""
    about = (matter_of(found), msgspec.json.encode(_content(decision)).decode())
    return proposed(officer, about, _opens(decision, house), house, name=decision.id, note=decision.note)


def shown(found: InboxEntry, proposal: Proposal, house: House) -> ColumnProposal:
    """Return what waits about an entry; void where the same would open something else by now."""
    content = msgspec.json.decode(proposal.content, type=_Content)
    decision = ColumnDecision(
        DecisionId(proposal.id), found.source, found.finding.column, content.classification, content.field,
        content.format, proposed=False, by=proposal.by, at=proposal.at,
    )  # fmt: skip
    void = proposal.is_void(_opens(decision, house), house.policy.base.label)
    told = asdict(shown_proposal(proposal, void=void))
    return ColumnProposal(**told, classification=content.classification, field=content.field, format=content.format)


def confirmed(decision: ColumnDecision, proposal: Proposal) -> ColumnDecision:
    """Return a decision that one proposed and another has now confirmed, with what both noted."""
    notes = [note for note in (proposal.note, decision.note) if note]
    return dataclasses.replace(
        decision, id=DecisionId(proposal.id), by=proposal.by, confirmed_by=decision.by, note="; ".join(notes) or None
    )


def _opens(decision: ColumnDecision, house: House) -> str:
    """Return the digest of the contract as this decision amends it, and of what is read then that is not now."""
    alone = amend(house.policy.base, [decision]).pack
    return digest_of([alone.label, sorted(map(list, _opened(decision, house)), key=str)])


def _opened(decision: ColumnDecision, house: House) -> frozenset[_Read]:
    """Return the columns that a decision has read and that are not read now, whoever's decision they come from."""
    return _read(house.policy.with_decision(decision).pack) - _read(house.policy.pack)


def _read(pack: Pack) -> frozenset[_Read]:
    return frozenset(
        (contract.id, name, column.field, column.format)
        for contract in pack.catalogue.sources.values()
        for name, column in contract.columns.items()
        if isinstance(column, FieldColumn)
    )


def _content(decision: ColumnDecision) -> _Content:
    return _Content(decision.classification, decision.field, decision.format)
