"""Reading the log is logged too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from gateway.flows.house import House
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

    def export(self, actor: Actor, form: Literal["csv", "ndjson"]) -> Iterator[str]:
        """Yield every entry as lines of text."""
        self._on_record(actor)
        return self.house.recorder.export(form)

    def checkpoint(self) -> str:
        """Return a signed checkpoint over all entries so far."""
        return self.house.recorder.checkpoint()

    def proof(self, index: int) -> dict[str, Any]:
        """Return an entry with its inclusion proof in the present checkpoint."""
        return self.house.recorder.proof(index)

    def consistency(self, old: int, new: int) -> list[str]:
        """Return the proof (hex) that the log of ``new`` entries extends the log of ``old`` entries."""
        return self.house.recorder.consistency(old, new)

    def activities(self) -> dict[str, Any]:
        """Return the record of processing activities (Art. 30(1)), generated from the pack in force."""
        return self.house.recorder.activities(self.house.catalogue)

    def _on_record(self, actor: Actor) -> None:
        self.house.recorder.record(GatewayEvent(actor, AuditAction.LOG_READ, "permit"), at=self.house.clock.now())
