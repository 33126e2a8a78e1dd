"""How the ledger says no."""

from __future__ import annotations

from gateway.foundation.errors import Conflict, InvalidInput


class ConsentRefused(InvalidInput):
    """An event that the ledger cannot take: unknown purpose, a yes for one not in force, a choice of the future."""

    slug = "consent-refused"


class LedgerBusy(Conflict):
    """Another writer holds the ledger, or the batch is written already."""

    slug = "consent-ledger-busy"
