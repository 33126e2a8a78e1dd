"""Permissions are a projection of the ledger: computed by policy, kept beside the profile, always checkable."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gateway.consent import LedgerSession
from gateway.flows.house import House
from gateway.foundation.arrays import BLOCK
from gateway.policy import of_age_from, permission_masks
from gateway.vocabulary.batches import ParsedBatch
from gateway.vocabulary.fields import AgeBand

CHUNK = 131_072


def masks_for(house: House, ledger: LedgerSession, parsed: ParsedBatch, refs: pa.Array, at: dt.datetime) -> pa.Table:
    """Return the permissions of the people of a chunk, counting what its still open session has just added."""
    people = pa.table({"subject": refs, "of_age_from": _of_age(house, parsed, at)}).filter(pc.is_valid(refs))
    latest = people.group_by("subject").aggregate([("of_age_from", "max")])
    subjects = latest.column("subject").combine_chunks()
    of_age = _no_earlier(house, subjects, latest.column("of_age_from_max").combine_chunks())
    return _permissions(house, subjects, ledger.standing(subjects), of_age, at)


def refresh(house: House, subjects: pa.Array, at: dt.datetime) -> None:
    """Recompute the permissions of these people from the ledger; the next query sees them."""
    known = house.store.permissions(subjects)
    present = known.column("subject").combine_chunks()
    if len(present) == 0:
        return
    of_age = _still_young(known.column("of_age_from").combine_chunks(), at)
    permissions = _permissions(house, present, house.ledger.standing(present), of_age, at)
    house.store.set_permissions(permissions, house.ledger.position)


def _permissions(house: House, subjects: pa.Array, standing: pa.Table, of_age: pa.Array, at: dt.datetime) -> pa.Table:
    masks = permission_masks(house.pack, subjects, standing, of_age, at)
    return pa.table(
        {
            "subject": subjects,
            "permits": masks.column("permits"),
            "permits_until": masks.column("permits_until"),
            "of_age_from": of_age,
        }
    )


def _of_age(house: House, parsed: ParsedBatch, at: dt.datetime) -> pa.Array:
    """From when each person is of age, where the batch knows the date of birth and they are not yet."""
    for name in parsed.fields.column_names:
        if isinstance(house.catalogue.fields[name].transform, AgeBand):
            return of_age_from(house.pack, parsed.fields.column(name).combine_chunks(), at)
    return pa.nulls(parsed.fields.num_rows, pa.date32())


def _still_young(of_age: pa.Array, at: dt.datetime) -> pa.Array:
    """Forget the day on which somebody came of age once it has come."""
    return pc.if_else(pc.greater(of_age, pa.scalar(at.date())), of_age, pa.scalar(None, pa.date32()))


def _no_earlier(house: House, subjects: pa.Array, of_age: pa.Array) -> pa.Array:
    """Keep what is known of a minor's age where the batch says nothing: silence never makes anybody of age."""
    known = house.store.permissions(subjects)
    dated = known.filter(pc.is_valid(known.column("of_age_from")))
    if dated.num_rows == 0:
        return of_age
    places = pc.index_in(subjects, value_set=dated.column("subject").combine_chunks())
    earlier = dated.column("of_age_from").combine_chunks().take(places)
    return pc.coalesce(of_age, earlier)


@dataclass(frozen=True)
class RefreshPermissions:
    """Bring permissions up to the instant: consents that expired, people who came of age, a projection that lags."""

    house: House

    def __call__(self) -> int:
        """Refresh who is due; return how many people were looked at."""
        at = self.house.clock.now()
        with self.house.writing:
            due = self.house.store.due_for_refresh(at)
            for start in range(0, len(due), CHUNK):
                refresh(self.house, due.slice(start, CHUNK), at)
        return len(due)


@dataclass(frozen=True)
class CheckPermissions:
    """The slow path: recompute everybody's permissions from the ledger and compare (``gateway doctor``)."""

    house: House

    def __call__(self) -> int:
        """Return how many people's stored permissions differ from what the ledger says; 0 is the only good answer."""
        at, differing = self.house.clock.now(), 0
        for batch in self.house.store.all_subjects():
            stored = pa.Table.from_batches([batch])
            subjects = pc.cast(stored.column("subject"), BLOCK).combine_chunks()
            of_age = stored.column("of_age_from").combine_chunks()
            right = _permissions(self.house, subjects, self.house.ledger.standing(subjects), of_age, at)
            live = np.asarray(stored.column("permits_until").cast(pa.int64())) > int(at.timestamp() * 1_000_000)
            seen = np.where(live, np.asarray(stored.column("permits")), 0)
            differing += int(np.count_nonzero(seen & ~np.asarray(right.column("permits"))))
        return differing
