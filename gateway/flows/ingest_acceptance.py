"""What the log says of a file before anything of it is kept: an entry a purpose, each naming whom it concerns."""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass

import pyarrow as pa

from gateway.accountability.bulk import BulkTags
from gateway.flows.house import House
from gateway.foundation.arrays import to_blocks
from gateway.vault import VaultSession
from gateway.vocabulary.contracts import SourceContract
from gateway.vocabulary.decisions import Permit
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import BatchId, EntryId


@dataclass(frozen=True, slots=True)
class Journey:
    """One file on its way: its contract, and the permit of each of the contract's purposes."""

    batch: BatchId
    contract: SourceContract
    permits: tuple[Permit, ...]
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class _Entry:
    id: EntryId
    permit: Permit
    tags: BulkTags


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The entries to come. A person finds each of them under their own key (Art. 15(1)(a): every purpose)."""

    entries: tuple[_Entry, ...]

    def concern(self, vault: VaultSession, people: pa.Array) -> None:
        """Add the tags of people; each purpose's entry has tags of its own, so that no two join."""
        for entry in self.entries:
            entry.tags.add(to_blocks(vault.tags(people, entry.id)))

    def record(self, house: House, journey: Journey, actor: Actor, rows: int) -> None:
        """Say, durably, what is about to be kept, and for which purposes."""
        at = house.clock.now()  # a large file takes longer than the log lets a clock go back
        for entry in self.entries:
            event = _event(house, journey, actor, entry.permit, rows)
            house.recorder.record(event, at=at, entry_id=entry.id, tags=entry.tags.seal())


def accepting(house: House, journey: Journey, stack: contextlib.ExitStack) -> Acceptance:
    """Begin the tags of each purpose's entry; what is not recorded is discarded with ``stack``."""
    entries: list[_Entry] = []
    for permit in journey.permits:
        name = house.recorder.new_entry_id()
        entries.append(_Entry(name, permit, stack.enter_context(house.recorder.bulk_tags(name))))
    return Acceptance(tuple(entries))


def _event(house: House, journey: Journey, actor: Actor, permit: Permit, rows: int) -> GatewayEvent:
    return GatewayEvent(
        actor=actor,
        action=AuditAction.BATCH_ACCEPTED,
        decision="permit",
        reasons=permit.rules,
        purpose=permit.request.purpose,
        legal_basis=permit.legal_basis,
        source=journey.contract.id,
        batch=journey.batch,
        fields=tuple(sorted({column.field for column in permit.columns.values()})),
        rows=rows,
        policy=house.catalogue.label,
    )
