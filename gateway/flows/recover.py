"""What a crash left half done is finished or undone before the doors open."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.flows.house import House
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import BatchId

SYSTEM = Actor("system", "recovery")


@dataclass(frozen=True)
class Recover:
    """Settle or undo a batch whose commit a crash interrupted; catch up permissions that lag behind the ledger."""

    house: House

    def __call__(self) -> None:
        """Bring the stores to one truth. Idempotent."""
        self._batch()
        self._expired_quarantine()

    def _batch(self) -> None:
        pending = self.house.pending
        if not pending.exists():
            return
        batch = BatchId(pending.read_text().strip())
        if self.house.store.has_batch(batch):
            self.house.vault.settle(batch)
        else:
            self._undo(batch)
        pending.unlink()

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

    def _expired_quarantine(self) -> None:
        """Rows that nobody decided on in time: their key goes, then their bytes."""
        now = self.house.clock.now()
        for batch in self.house.quarantine.expired(now):
            self.house.vault.destroy_batch_key(batch)
            self.house.quarantine.remove(batch)
