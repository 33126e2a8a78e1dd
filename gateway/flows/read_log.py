"""Reading the log is logged too."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast, get_args

from gateway.accountability.views import Form
from gateway.flows.house import Desk, House
from gateway.foundation.errors import InvalidInput, NotFound
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent

FORMATS: Final = get_args(Form)
__all__ = ["FORMATS", "ReadLog", "Shard"]


@contextlib.contextmanager
def _found() -> Iterator[None]:
    try:
        yield
    except IndexError:
        raise NotFound(
            "the log has no such entry, size or shard, or it was pruned: the checkpoint says how far it goes"
        ) from None


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard of the log: entries [minimum, size) can be read; ``vkeys`` verify its checkpoints."""

    name: str
    origin: str
    size: int
    minimum: int
    vkeys: tuple[str, ...]


@dataclass(frozen=True)
class ReadLog:
    """Show, export and prove entries."""

    house: House | Desk

    def show(self, actor: Actor, *, last: int = 20) -> list[dict[str, Any]]:
        """Return the last entries, oldest first. Raises ``LogDamaged`` for one that is not the gateway's."""
        self._on_record(actor, AuditAction.LOG_READ)
        return self.house.recorder.shown(last)

    def export(self, actor: Actor, form: str) -> Iterator[bytes]:
        """Yield every entry as lines of UTF-8; ``form`` is one of ``FORMATS``, else ``InvalidInput``."""
        if form not in FORMATS:
            raise InvalidInput(f"the log is exported as {', '.join(FORMATS)}")
        self._on_record(actor, AuditAction.LOG_EXPORTED)
        return self.house.recorder.export(cast("Form", form))

    def checkpoint(self, shard: str | None = None) -> str:
        """Return a signed checkpoint over all entries so far, or the last one of a shard; ``NotFound``."""
        with _found():
            return self.house.recorder.checkpoint(shard)

    def proof(self, index: int, shard: str | None = None) -> str:
        """Return an entry's offline proof (c2sp.org/tlog-proof) in the present checkpoint; ``NotFound`` beyond it."""
        with _found():
            return self.house.recorder.proof(index, shard)

    def consistency(self, old: int, new: int, shard: str | None = None) -> list[str]:
        """Return the proof (hex) that the log of ``new`` entries extends the log of ``old`` entries."""
        with _found():
            return [step.hex() for step in self.house.recorder.consistency(old, new, shard)]

    def shards(self) -> list[Shard]:
        """Return the shards, oldest first, with all that is durable."""
        logs = self.house.recorder.shards()
        return [Shard(name, log.origin, log.size, log.minimum, tuple(log.policy.vkeys)) for name, log in logs.items()]

    def file(self, actor: Actor, shard: str, path: str) -> bytes:
        """Return a published file of a shard (c2sp.org/tlog-tiles); ``NotFound``. Reading entries is on record."""
        with _found():
            data = self.house.recorder.file(shard, path)
        if path.startswith("tile/entries/"):
            self._on_record(actor, AuditAction.LOG_READ)
        return data

    def _on_record(self, actor: Actor, action: AuditAction) -> None:
        self.house.recorder.record(GatewayEvent(actor, action, "permit"), at=self.house.clock.now())
