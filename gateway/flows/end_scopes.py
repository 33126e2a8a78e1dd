"""A scope that is over loses its key: its pseudonyms point at nobody (EDPB 01/2025, paragraphs 117 to 120)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from gateway.flows.house import House
from gateway.foundation.arrays import BLOCK
from gateway.release import Disclosure
from gateway.release.scopes import epoch_ends
from gateway.vault.errors import ScopeUnknown
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent, Role
from gateway.vocabulary.names import ScopeId

SYSTEM = Actor("system", "scopes", Role.SYSTEM)


@dataclass(frozen=True)
class EndScopes:
    """Destroy the keys of scopes that have ended."""

    house: House

    def __call__(self) -> int:
        """Return how many scopes were ended. A recipient who is no longer in the pack has no scope.

        Each list of a scope has its entry before the key goes; raises ``LogUnwritable``: then it stays. That a list
        still owed an erasure is not forgotten with its scope: the recipient has to delete it.
        """
        disclosures = self.house.disclosures.list()
        over = sorted({d.scope for d in disclosures if self.is_over(d)})
        ending = [scope for scope in over if self._has_key(scope)]
        for scope in ending:
            self._end(scope, [d for d in newest_of_each(disclosures) if d.scope == scope])
        return len(ending)

    def _end(self, scope: ScopeId, lists: list[Disclosure]) -> None:
        """End a scope; its key goes last, so that a crash in between lets the whole be done once more."""
        house = self.house
        for disclosure in lists:
            self._record(disclosure)
        if not any(map(self._owes, lists)):
            house.disclosures.forget_scope(scope)
        house.vault.close_scope(scope)

    def _has_key(self, scope: ScopeId) -> bool:
        try:
            self.house.vault.pseudonyms(scope, pa.array([], BLOCK))
        except ScopeUnknown:
            return False
        return True

    def _record(self, disclosure: Disclosure) -> None:
        house = self.house
        known = disclosure.recipient in house.catalogue.recipients
        event = GatewayEvent(
            actor=SYSTEM,
            action=AuditAction.SCOPE_ENDED,
            decision="permit",
            reasons=("time_over" if known else "unknown_recipient",),
            purpose=disclosure.purpose,
            recipient=disclosure.recipient,
            segment=disclosure.segment,
            policy=house.catalogue.label,
        )
        house.recorder.record(event, at=house.clock.now())

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
