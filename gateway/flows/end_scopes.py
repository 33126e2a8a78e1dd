"""A scope that is over loses its key: its pseudonyms point at nobody (EDPB 01/2025, paragraphs 117 to 120)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.flows.house import House
from gateway.release import Disclosure
from gateway.release.scopes import epoch_ends


@dataclass(frozen=True)
class EndScopes:
    """Destroy the keys of scopes that have ended."""

    house: House

    def __call__(self) -> int:
        """Return how many scopes were ended. A recipient who is no longer in the pack has no scope.

        That a list still owed an erasure is not forgotten with its scope: the recipient has to delete it.
        """
        lists = self.house.disclosures.list()
        over = {d.scope for d in lists if self.is_over(d)}
        ended = {scope for scope in over if self.house.vault.close_scope(scope)}
        owing = {d.scope for d in newest_of_each(lists) if d.scope in ended and self._owes(d)}
        for scope in ended - owing:
            self.house.disclosures.forget_scope(scope)
        return len(ended)

    def _owes(self, disclosure: Disclosure) -> bool:
        disclosures = self.house.disclosures
        owed = disclosures.owed_since(disclosure.scope, disclosure.segment, disclosure.release)
        return owed is not None and not disclosures.exposures.is_deleted(disclosure.release)

    def is_over(self, disclosure: Disclosure) -> bool:
        """Whether the scope of a disclosure has ended, also where nobody has come by to destroy its key."""
        return self.ends(disclosure) <= self.house.clock.now()

    def ends(self, disclosure: Disclosure) -> dt.datetime:
        """Return when a scope ends: a relationship with its epoch, a transaction after the contract's days."""
        contract = self.house.catalogue.recipients.get(disclosure.recipient)
        if contract is None:
            return disclosure.at
        return epoch_ends(contract, disclosure.at) or disclosure.at + dt.timedelta(days=contract.epoch_days)


def newest_of_each(disclosures: Iterable[Disclosure]) -> list[Disclosure]:
    """Return the newest disclosure of each recipient's list in each scope; ``disclosures`` the newest first."""
    found: dict[tuple[str, str, str], Disclosure] = {}
    for disclosure in disclosures:
        found.setdefault((disclosure.recipient, disclosure.segment, disclosure.scope), disclosure)
    return list(found.values())
