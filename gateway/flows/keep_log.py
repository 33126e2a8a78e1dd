"""What an operator does to the log: rotate its keys, prune what is too old. Both are entries of the log."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.accountability.keys import LogKeys
from gateway.accountability.pruning import PrunedShard, prune
from gateway.flows.house import House
from gateway.foundation.errors import Conflict
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent


@dataclass(frozen=True)
class KeepLog:
    """Rotation and retention of the log."""

    house: House
    keys: LogKeys
    retention_days: int

    def begin_rotation(self, actor: Actor, *, dry_run: bool = False) -> None:
        """Have new keys sign beside the present ones from the next opening on; ``Conflict`` in a rotation."""
        self._rotate(actor, "begun", dry_run=dry_run)

    def finish_rotation(self, actor: Actor, *, dry_run: bool = False) -> None:
        """Have the new keys sign alone from the next opening on; ``Conflict`` outside a rotation."""
        self._rotate(actor, "finished", dry_run=dry_run)

    def _rotate(self, actor: Actor, step: str, *, dry_run: bool) -> None:
        self.keys.need(begun=step == "finished")
        if step == "finished":
            self._need_in_force()
        if dry_run:
            return
        self._on_record(actor, AuditAction.LOG_KEY_ROTATED, step)
        if step == "begun":
            self.keys.begin_rotation()
        else:
            self.keys.finish_rotation()

    def _need_in_force(self) -> None:
        """Raise ``Conflict`` while the new keys have not signed: alone they would be a stranger's."""
        *_, shard = self.house.recorder.shards().values()
        if set(self.keys.signer(shard.origin).vkeys) != set(shard.policy.vkeys):
            raise Conflict("the new keys of the log have not signed yet: open the gateway once more, then finish")

    def prune(self, actor: Actor, *, dry_run: bool = False) -> list[PrunedShard]:
        """Remove the entries of quarters whose retention period is over; ``dry_run`` says which."""
        trail, now = self.house.home / "audit", self.house.clock.now()
        doomed = prune(trail, self.retention_days, now, dry_run=True)
        if dry_run or not doomed:
            return doomed
        for shard in doomed:
            self._on_record(actor, AuditAction.LOG_PRUNED, f"shard:{shard.shard}")
        return prune(trail, self.retention_days, now, dry_run=False)

    def _on_record(self, actor: Actor, action: AuditAction, step: str) -> None:
        event = GatewayEvent(actor, action, "permit", reasons=(step,), policy=self.house.catalogue.label)
        self.house.recorder.record(event, at=self.house.clock.now())
