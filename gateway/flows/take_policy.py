"""A version whose instant has come takes force: columns, permissions and ledger first, then every decision."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.flows.house import House
from gateway.flows.permissions import refresh_everybody
from gateway.flows.policy_in_force import Held, load_version
from gateway.policy import Pack
from gateway.policy.ages import oldest_age
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent, Role

SYSTEM = Actor("system", "policy", Role.SYSTEM)


@dataclass(frozen=True)
class TakePolicy:
    """Put in force the version whose instant has come. Whoever holds ``house.writing`` may call it."""

    house: House

    @contextlib.contextmanager
    def journey(self) -> Iterator[None]:
        """Take a version whose instant has come since, and keep to what is in force then for what happens inside."""
        if self.house.policy.is_due():
            self()
        with self.house.policy.journey():
            yield

    def __call__(self) -> int:
        """Return how many people's permissions were recomputed. Idempotent: a crash leaves nothing half done.

        The version before stays in force until all of it is done; where any of it fails, nothing may move.
        """
        house = self.house
        held = house.policy.coming()
        before = house.store.policy
        if before == held.base.label and house.policy.base.label == held.base.label:
            house.policy.take(held)
            return 0
        house.store.adopt(held.base.catalogue)
        people = self._follow(held, before) if before != held.base.label else 0
        house.ledger.take(held.base.catalogue.purposes)
        house.policy.take(held)
        return people

    def _follow(self, held: Held, before: str | None) -> int:
        """Bring everybody's mask under a version, and say so on record and in the store."""
        house, at = self.house, self.house.clock.now()
        old = self._pack(before)
        people = 0
        if old is None or old.catalogue.purposes != held.base.catalogue.purposes:
            older = oldest_age((old or held.base).catalogue)
            with house.policy.under(held):
                people = refresh_everybody(house, at, older=older)
        if before is not None:
            house.recorder.record(GatewayEvent(SYSTEM, AuditAction.POLICY_SUPERSEDED, "permit", policy=before), at=at)
        house.store.follow(held.base.label)
        return people

    def _pack(self, label: str | None) -> Pack | None:
        """The pack that the masks follow until now; ``None`` for a home that was never asked."""
        known = {version.label: version.version for version in self.house.versions.all()}
        return load_version(self.house.versions, known[label]) if label in known else None
