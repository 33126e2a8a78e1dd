"""A version whose instant has come takes force: columns, permissions and ledger first, then every decision."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gateway.flows.agreement import check_activated
from gateway.flows.house import House
from gateway.flows.permissions import refresh_everybody
from gateway.flows.policy_in_force import Held, load_version
from gateway.flows.received import links_of
from gateway.policy import Pack
from gateway.store.meta import Followed
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

        The version before stays in force until all of it is done; where any of it fails, nothing may move. A version
        of whose activation the log knows nothing is refused by ``IntegrityFailure``.
        """
        house = self.house
        before = house.store.policy
        held = self._coming(before)
        after = Followed(held.base.label, house.versions.position, whole=True)
        if before == after and house.policy.base.label == after.label:
            house.policy.take(held)
            return 0
        people = self._follow(held, before, after)
        self._take(held)
        return people

    def keep(self) -> None:
        """Where the clock stands before the version that the masks follow, keep to that: nothing is done under another.

        To be called before anything else is done with a home that was opened.
        """
        held = self._coming(self.house.store.policy)
        if held.base.label != self.house.policy.base.label:
            self.house.store.adopt(held.base.catalogue)
            self._take(held)

    def _coming(self, followed: Followed | None) -> Held:
        return self.house.policy.coming(followed.label if followed else None)

    def _take(self, held: Held) -> None:
        self.house.disclosures.exposures.link(links_of(held.base.catalogue))
        self.house.ledger.take(held.base.catalogue.purposes)
        self.house.policy.take(held)

    def _follow(self, held: Held, before: Followed | None, after: Followed) -> int:
        """Bring everybody's mask under a version: on record first, which a clock that was set back cannot be."""
        house, at = self.house, self.house.clock.now()
        old = self._pack(before)
        if before is None or before.label != after.label:
            check_activated(house, house.versions.get(held.base.catalogue.version))
            self._on_record(before)
        house.store.adopt(held.base.catalogue)
        people = 0
        if old is None or old.catalogue.purposes != held.base.catalogue.purposes:
            house.store.follow(replace(after, whole=False))
            with house.policy.under(held):
                people = refresh_everybody(house, at)
        house.store.follow(after)
        return people

    def _on_record(self, before: Followed | None) -> None:
        if before is not None:
            event = GatewayEvent(SYSTEM, AuditAction.POLICY_SUPERSEDED, "permit", policy=before.label)
            self.house.recorder.record(event, at=self.house.clock.now())

    def _pack(self, followed: Followed | None) -> Pack | None:
        """The pack that everybody's mask follows until now; ``None`` where they follow none, or not all the same."""
        if followed is None or not followed.whole:
            return None
        known = {version.label: version.version for version in self.house.versions.all()}
        return load_version(self.house.versions, known[followed.label])
