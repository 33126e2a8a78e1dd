"""The nightly sweep: what time has ended ends in the masks, what is due goes, and mask and ledger are one."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.flows.held_columns import over
from gateway.flows.house import House
from gateway.flows.permissions import RefreshPermissions, catch_up, correct_everybody
from gateway.flows.recover import Recover


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found and, unless it was only tried, put right.

    ``due`` are people whose consent ended or who came of age, as time wills; ``behind`` are people whose stored mask
    gave less than the ledger, for example because a choice was dated a few minutes ahead. ``wider`` is a fault: the
    mask gave what the ledger does not. ``batches`` and ``columns`` were in quarantine longer than they may be.
    """

    people: int
    due: int
    wider: int
    behind: int
    batches: int
    columns: int
    dry_run: bool


@dataclass(frozen=True)
class Sweep:
    """Recompute permissions, empty the quarantine of what is over, and prove that masks say what the ledger says.

    Profile values whose retention period is over are hidden from every query by the permit's row rule; no flow deletes
    them yet.
    """

    house: House

    def __call__(self, *, dry_run: bool = False) -> Swept:
        """Sweep; with ``dry_run`` only say what would be done. Idempotent: a second one finds nothing."""
        house = self.house
        at = house.clock.now()
        with house.writing:
            if not dry_run:
                catch_up(house, at)
            due = len(house.store.due_for_refresh(at)) if dry_run else RefreshPermissions(house)()
            corrected = correct_everybody(house, at, dry_run=dry_run)
            batches, columns = house.quarantine.expired(at), over(list(house.vault.held_columns()), at)
            if not dry_run:
                Recover(house).expire()
        return Swept(
            corrected.people, due, corrected.wider, corrected.behind, len(batches), len(columns), dry_run
        )  # fmt: skip
