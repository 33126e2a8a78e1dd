"""Pseudonymisation scopes: how long one pseudonym of a person lives at a recipient."""

from __future__ import annotations

import datetime as dt

from gateway.vocabulary.contracts import RecipientContract, ScopeMode
from gateway.vocabulary.names import SnapshotId

_START = dt.date(1970, 1, 1)


def scope_label(contract: RecipientContract, at: dt.datetime, snapshot: SnapshotId) -> str:
    """Name the scope of a release (EDPB Guidelines 01/2025, paragraphs 115 to 121).

    A relationship lasts one epoch of ``epoch_days``, counted from 1970 in UTC; a transaction is one snapshot.
    """
    if contract.mode is ScopeMode.TRANSACTION:
        return str(snapshot)
    return f"epoch-{_days(at) // contract.epoch_days}"


def epoch_ends(contract: RecipientContract, at: dt.datetime) -> dt.datetime | None:
    """Return the instant at which the scope's key is to be destroyed; ``None`` for a transaction: after the release."""
    if contract.mode is ScopeMode.TRANSACTION:
        return None
    ends = _START + dt.timedelta(days=(_days(at) // contract.epoch_days + 1) * contract.epoch_days)
    return dt.datetime.combine(ends, dt.time(), dt.UTC)


def _days(at: dt.datetime) -> int:
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (at.astimezone(dt.UTC).date() - _START).days
