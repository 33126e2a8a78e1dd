"""Retention of the log itself: what is too old goes by whole quarters; proofs that were given out stay valid."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

import audit
from gateway.accountability.errors import LogDamaged
from gateway.foundation.errors import Unavailable


@dataclass(frozen=True, slots=True)
class PrunedShard:
    """What went from one shard: its entries, and the bytes of the files that held them."""

    shard: str
    entries: int
    bytes: int


def retention_policy(days: int) -> str:
    """Return the retention policy in words, as every pruned shard states it (c2sp.org/tlog-tiles, Pruning)."""
    return (
        f"Entries are kept for {days} days after the end of their quarter, then removed. Checkpoints and the upper "
        "tree stay, so that proofs given out before remain valid."
    )


def prune(trail: Path, days: int, now: dt.datetime, *, dry_run: bool) -> list[PrunedShard]:
    """Remove the entries of the shards whose time is over; with ``dry_run`` say which. Raises ``LogDamaged``."""
    before = now - dt.timedelta(days=days)
    found: list[PrunedShard] = []
    for name in audit.shard_names(trail)[:-1]:
        if audit.shard_end_of(name) > before:
            continue
        try:
            pruned = audit.prune(trail / name, retention_policy(days), before, dry_run=dry_run)
        except audit.VerificationFailed as failure:
            raise LogDamaged(f"shard {name} does not verify, and stays as it is: {failure}") from None
        except audit.AuditError as error:
            raise Unavailable(f"shard {name} cannot be pruned now: {error}") from None
        if pruned.files:
            found.append(PrunedShard(name, pruned.minimum, pruned.data))
    return found
