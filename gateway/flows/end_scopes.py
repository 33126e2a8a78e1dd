"""A scope that is over loses its key: its pseudonyms point at nobody (EDPB 01/2025, paragraphs 117 to 120)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from gateway.flows.house import House
from gateway.release import Disclosure
from gateway.release.scopes import epoch_ends


@dataclass(frozen=True)
class EndScopes:
    """Destroy the keys of scopes that have ended."""

    house: House

    def __call__(self) -> int:
        """Return how many scopes were ended. A recipient who is no longer in the pack has no scope."""
        over = {d.scope for d in self.house.disclosures.list() if self.is_over(d)}
        ended = [scope for scope in over if self.house.vault.close_scope(scope)]
        for scope in ended:
            self.house.disclosures.forget_scope(scope)
        return len(ended)

    def is_over(self, disclosure: Disclosure) -> bool:
        """Whether the scope of a disclosure has ended, also where nobody has come by to destroy its key."""
        return self._ends(disclosure) <= self.house.clock.now()

    def _ends(self, disclosure: Disclosure) -> dt.datetime:
        """A relationship ends with its epoch; a transaction after as many days as the contract gives it."""
        contract = self.house.catalogue.recipients.get(disclosure.recipient)
        if contract is None:
            return disclosure.at
        return epoch_ends(contract, disclosure.at) or disclosure.at + dt.timedelta(days=contract.epoch_days)
