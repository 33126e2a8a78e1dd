"""The nightly sweep: what time has ended ends in the masks, what is too much goes, mask and ledger are one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from gateway.flows.held_columns import over
from gateway.flows.house import House
from gateway.flows.permissions import RefreshPermissions, catch_up, correct_everybody
from gateway.flows.recover import Recover
from gateway.policy.keeping import keeping_periods
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent, Role

SYSTEM = Actor("system", "sweep", Role.SYSTEM)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found and, unless it was only tried, put right.

    ``due`` are people whose consent ended or who came of age, as time wills; ``behind`` are people whose stored mask
    gave less than the ledger, for example because a choice was dated a few minutes ahead. ``wider`` is a fault: the
    mask gave what the ledger does not. ``batches`` and ``columns`` were in quarantine longer than they may be.

    ``values`` (by stored column) and ``events`` were kept longer than any purpose of the pack in force has a period for
    (Art. 5(1)(e)). ``people_without_data`` are then known by their identifiers, consents and mask only: the vault
    keeps those until the person is erased. ``coarsened`` (by stored column) were kept finer than the form in force, in
    which they can be told (Art. 5(1)(c)).

    ``unfinished`` is told by a dry run alone: opening the home would have had something to finish first, which may
    change the counts.
    """

    people: int
    due: int
    wider: int
    behind: int
    batches: int
    columns: int
    values: Mapping[str, int]
    events: int
    people_without_data: int
    coarsened: Mapping[str, int]
    unfinished: bool
    dry_run: bool

    @property
    def overdue(self) -> int:
        """Values and events over their period."""
        return sum(self.values.values()) + self.events


@dataclass(frozen=True)
class Sweep:
    """Recompute permissions, delete what is over its period, coarsen what is too fine, and hold masks to the ledger."""

    house: House

    def __call__(self, actor: Actor = SYSTEM, *, dry_run: bool = False) -> Swept:
        """Sweep; with ``dry_run`` only say what would be done. Idempotent: a second one finds nothing.

        Raises ``Unavailable`` where the store's file cannot be rewritten: what is to go is out of every answer then,
        and its bytes go with the next sweep, or when the home is opened again.
        """
        at = self.house.clock.now()
        with self.house.writing:
            found = self._found(at)
            return replace(found, unfinished=Recover(self.house).needed()) if dry_run else self._done(found, actor, at)

    def _found(self, at: dt.datetime) -> Swept:
        house = self.house
        excess = house.store.excess(keeping_periods(house.catalogue), at)
        compared = correct_everybody(house, at, dry_run=True)
        return Swept(
            people=compared.people,
            due=len(house.store.due_for_refresh(at)),
            wider=compared.wider,
            behind=compared.behind,
            batches=len(house.quarantine.expired(at)),
            columns=len(over(list(house.vault.held_columns()), at)),
            values=dict(excess.overdue.values),
            events=excess.overdue.events,
            people_without_data=excess.overdue.people_without_data,
            coarsened=dict(excess.coarsened),
            unfinished=False,
            dry_run=True,
        )

    def _done(self, found: Swept, actor: Actor, at: dt.datetime) -> Swept:
        house = self.house
        self._record("intent", found, actor)
        catch_up(house, at)
        due = RefreshPermissions(house)()
        corrected = correct_everybody(house, at, dry_run=False)
        house.store.minimise(keeping_periods(house.catalogue), at)
        Recover(house).expire()
        if house.store.compaction_due():
            house.store.compact()
        self._record("done", found, actor)
        return replace(found, due=due, wider=corrected.wider, behind=corrected.behind, dry_run=False)

    def _record(self, step: Literal["intent", "done"], found: Swept, actor: Actor) -> None:
        """Put on record what is to go before it goes; ``done`` when its bytes are out of the file: the entry's time."""
        told = (
            [(AuditAction.RETENTION_ENFORCED, found.values, found.overdue)] if found.overdue or step == "intent" else []
        )
        if found.coarsened:
            told.append((AuditAction.VALUES_COARSENED, found.coarsened, sum(found.coarsened.values())))
        for action, columns, count in told:
            event = GatewayEvent(
                actor=actor,
                action=action,
                decision="permit",
                reasons=(step,),
                fields=tuple(columns),
                rows=count,
                policy=self.house.catalogue.label,
            )
            self.house.recorder.record(event, at=self.house.clock.now())
