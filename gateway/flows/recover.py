"""What a crash left half done is finished or undone before the doors open."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.flows.end_scopes import EndScopes
from gateway.flows.erase_subject import EraseSubject
from gateway.flows.held_columns import over
from gateway.flows.house import House
from gateway.flows.permissions import catch_up
from gateway.rights import RequestKind
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent, Role
from gateway.vocabulary.names import BatchId

SYSTEM = Actor("system", "recovery", Role.SYSTEM)


@dataclass(frozen=True)
class Recover:
    """Settle or undo a batch whose commit a crash interrupted; catch up permissions that lag behind the ledger."""

    house: House

    def __call__(self) -> None:
        """Bring the stores to one truth. Idempotent."""
        for batch in self._unsettled():
            if self.house.store.has_batch(batch):
                self.house.vault.settle(batch)
                self.house.ledger.settle(batch)
            else:
                self._undo(batch)
        self.house.pending.unlink(missing_ok=True)
        self._catch_up()
        EndScopes(self.house)()
        self._erasures()
        if self.house.store.compaction_due():  # rows that an erasure deleted are still in the file
            self.house.store.compact()
        self._orphans()
        self.expire()

    def _unsettled(self) -> set[BatchId]:
        pending = self.house.pending
        named = {BatchId(pending.read_text(encoding="ascii").strip())} if pending.exists() else set()
        in_vault = self.house.vault.unsettled()
        return named | set(self.house.ledger.unsettled()) | ({in_vault} if in_vault else set())

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
                self.house.vault.destroy_batch_key(batch)
                self.house.quarantine.remove(batch)

    def _undo(self, batch: BatchId) -> None:
        house = self.house
        house.vault.undo(batch)
        house.ledger.undo(batch)
        house.quarantine.remove(batch)
        house.vault.destroy_batch_key(batch)
        event = GatewayEvent(
            actor=SYSTEM,
            action=AuditAction.BATCH_ROLLED_BACK,
            decision="deny",
            reasons=("interrupted",),
            batch=batch,
            policy=house.catalogue.label,
        )
        house.recorder.record(event, at=house.clock.now())

    def expire(self) -> None:
        """Rows and columns that nobody decided on in time: their key goes, then their bytes."""
        now = self.house.clock.now()
        for batch in self.house.quarantine.expired(now):
            self.house.vault.destroy_batch_key(batch)
            self.house.quarantine.remove(batch)
        self.house.vault.drop_held(over(list(self.house.vault.held_columns()), now))
