"""What a crash left half done is finished or undone before the doors open."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from gateway.flows.end_scopes import EndScopes
from gateway.flows.erase_subject import EraseSubject
from gateway.flows.held_columns import HeldColumn, over
from gateway.flows.house import House
from gateway.flows.permissions import catch_up
from gateway.flows.set_aside import count_set_aside, destroy_set_aside
from gateway.rights import RequestKind
from gateway.store.meta import Followed
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent, Role
from gateway.vocabulary.names import BatchId, SourceId

SYSTEM = Actor("system", "recovery", Role.SYSTEM)
_INTERRUPTED = GatewayEvent(SYSTEM, AuditAction.BATCH_ROLLED_BACK, "deny", reasons=("interrupted",))
_UNDECIDED = GatewayEvent(SYSTEM, AuditAction.RETENTION_ENFORCED, "permit", reasons=("undecided",))


@dataclass(frozen=True)
class Recover:
    """Settle or undo a batch whose commit a crash interrupted; catch up permissions that lag behind the ledger."""

    house: House

    def __call__(self) -> None:
        """Bring the stores to one truth. Idempotent."""
        begun = self._begun()
        for batch in self._unsettled():
            if batch in begun and not self.house.store.has_batch(batch):
                self._undo(batch)
            else:  # choices that came without data are kept by the ledger alone
                self.house.vault.settle(batch)
                self.house.ledger.settle(batch)
        self.house.pending.unlink(missing_ok=True)
        self._catch_up()
        EndScopes(self.house)()
        self._erasures()
        if self.house.store.compaction_due():  # what an erasure or a sweep deleted is still in the file
            self.house.store.compact()
        self._orphans()
        self.expire()

    def needed(self) -> bool:
        """Tell whether a crash, or a version whose instant has come, left something to be done before the doors open.

        Changes nothing.
        """
        house = self.house
        open_erasures = [r for r in house.requests.list(kind=RequestKind.ERASURE) if r.completed_at is None]
        return (
            bool(self._unsettled() or open_erasures)
            or house.store.ledger_position < house.ledger.position
            or house.store.compaction_due()
            or house.store.policy != Followed(house.policy.base.label, house.versions.position, whole=True)
        )

    def _unsettled(self) -> set[BatchId]:
        return self._begun() | set(self.house.ledger.unsettled())

    def _begun(self) -> set[BatchId]:
        """Return the batches whose commit began and may not have come to its end."""
        pending = self.house.pending
        named = {BatchId(pending.read_text(encoding="ascii").strip())} if pending.exists() else set()
        in_vault = self.house.vault.unsettled()
        return named | ({in_vault} if in_vault else set())

    def _catch_up(self) -> None:
        """A choice that was recorded in the instant before a crash bites now."""
        catch_up(self.house, self.house.clock.now())

    def _erasures(self) -> None:
        """An erasure that a crash interrupted is taken up again; no request is open between journeys otherwise."""
        requests = self.house.requests
        for request in requests.list(kind=RequestKind.ERASURE):
            if request.completed_at is None:
                EraseSubject(self.house).resume(request)

    def _orphans(self) -> None:
        """Sealed files of batches that never came to their commit."""
        for batch in self.house.quarantine.batches():
            if not self.house.store.has_batch(batch):
                self._record(_INTERRUPTED, batch=batch)
                destroy_set_aside(self.house, batch)

    def _undo(self, batch: BatchId) -> None:
        house = self.house
        self._record(_INTERRUPTED, batch=batch)
        house.vault.undo(batch)
        house.ledger.undo(batch)
        destroy_set_aside(house, batch)

    def expire(self) -> None:
        """Rows and columns that nobody decided on in time: on record first, then their key goes, then their bytes.

        Where there are none nothing is recorded. Raises ``LogUnwritable``: then they stay.
        """
        house, now = self.house, self.house.clock.now()
        for batch in house.quarantine.expired(now):
            self._record(_UNDECIDED, batch=batch, rows=count_set_aside(house, batch, now))
            destroy_set_aside(house, batch)
        held = house.vault.held_columns()
        if columns := over(list(held), now):
            cells: Counter[SourceId] = Counter()
            for name in columns:  # a header may be somebody's name: the entry counts and tells none
                cells[HeldColumn.read(name).source] += held[name]
            for source, count in sorted(cells.items()):
                self._record(_UNDECIDED, source=source, rows=count)
            house.vault.drop_held(columns)

    def _record(self, event: GatewayEvent, **more: Any) -> None:
        """Put on record what is to be done, with ``more`` about it."""
        house = self.house
        house.recorder.record(replace(event, policy=house.catalogue.label, **more), at=house.clock.now())
