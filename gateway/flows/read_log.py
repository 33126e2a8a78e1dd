"""Reading the log is logged too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from gateway.flows.house import House
from gateway.foundation.errors import NotFound
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent


@dataclass(frozen=True)
class ReadLog:
    """Show, export and prove entries."""

    house: House

    def show(self, actor: Actor, *, last: int = 20) -> list[dict[str, Any]]:
        """Return the last entries, oldest first."""
        self._on_record(actor)
        recorder = self.house.recorder
        return list(recorder.entries(start=max(0, recorder.size - last)))

    def export(self, actor: Actor, form: Literal["csv", "ndjson"]) -> Iterator[bytes]:
        """Yield every entry as lines of UTF-8."""
        self._on_record(actor)
        return self.house.recorder.export(form)

    def checkpoint(self) -> str:
        """Return a signed checkpoint over all entries so far."""
        return self.house.recorder.checkpoint()

    def proof(self, index: int) -> str:
        """Return an entry's offline proof (c2sp.org/tlog-proof) in the present checkpoint; ``NotFound`` beyond it."""
        if index >= self.house.recorder.size:
            raise NotFound("the log has no entry of that index")
        return self.house.recorder.proof(index)

    def consistency(self, old: int, new: int) -> list[str]:
        """Return the proof (hex) that the log of ``new`` entries extends the log of ``old`` entries."""
        if not 0 < old <= new <= self.house.recorder.size:
            raise NotFound("the log never had these sizes: 0 < old <= new <= the checkpoint's size")
        return [step.hex() for step in self.house.recorder.consistency(old, new)]

    def _on_record(self, actor: Actor) -> None:
        self.house.recorder.record(GatewayEvent(actor, AuditAction.LOG_READ, "permit"), at=self.house.clock.now())
