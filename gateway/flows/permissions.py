"""Permissions are a projection of the ledger: computed by policy, kept beside the profile, always checkable."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gateway.consent import LedgerSession
from gateway.flows.house import House
from gateway.foundation.arrays import BLOCK, from_blocks, to_blocks
from gateway.policy import of_age_from, permission_masks
from gateway.vocabulary.batches import ParsedBatch
from gateway.vocabulary.fields import AgeBand
from gateway.vocabulary.names import PurposeId, SubjectReference

CHUNK = 131_072


class Minors:
    """The days of coming of age that a file has told so far.

    The store knows them only when the whole file is committed, and a later chunk may name the same person without a
    date of birth. Holds those only who are not of age yet.
    """

    def __init__(self) -> None:
        self._told = pa.schema({"subject": BLOCK, "of_age_from": pa.date32()}).empty_table()

    def tell(self, subjects: pa.Array, of_age: pa.Array) -> None:
        """Remember who of ``subjects`` is not of age yet; of two days for one person the later counts."""
        told = pa.table({"subject": subjects, "of_age_from": of_age}).filter(pc.is_valid(of_age))
        if told.num_rows:
            latest = pa.concat_tables([self._told, told]).group_by("subject").aggregate([("of_age_from", "max")])
            self._told = pa.table({"subject": latest["subject"], "of_age_from": latest["of_age_from_max"]})

    def before(self, stored: pa.Table) -> pa.Table:
        """Return what is known of minors: what the file told goes before what is ``stored``."""
        return pa.concat_tables([self._told, stored.select(self._told.column_names)])


def masks_for(
    house: House, ledger: LedgerSession, minors: Minors, parsed: ParsedBatch, refs: pa.Array, at: dt.datetime
) -> pa.Table:
    """Return the permissions of the people of a chunk, counting what its still open session has just added."""
    people = pa.table({"subject": refs, "of_age_from": _of_age(house, parsed, at)}).filter(pc.is_valid(refs))
    latest = people.group_by("subject").aggregate([("of_age_from", "max")])
    subjects = latest.column("subject").combine_chunks()
    of_age = _no_earlier(house, minors, subjects, latest.column("of_age_from_max").combine_chunks())
    minors.tell(subjects, of_age)
    return _permissions(house, subjects, ledger.standing(subjects), of_age, at)


def refresh(house: House, subjects: pa.Array, at: dt.datetime, *, position: int | None = None) -> None:
    """Recompute the permissions of these people from the ledger; the next query sees them.

    ``position`` says that the store has now taken in the ledger up to there: only who has looked at everybody may.
    """
    known = house.store.permissions(subjects)
    present = to_blocks(known.column("subject"))
    of_age = _still_young(known.column("of_age_from").combine_chunks(), at)
    people = from_blocks(present)
    permissions = _permissions(house, people, house.ledger.standing(people), of_age, at)
    house.store.set_permissions(permissions, position)


def catch_up(house: House, at: dt.datetime) -> None:
    """Let choices bite that reached the ledger and not the store: a crash came between the two, or a full disk."""
    position, lagging = house.ledger.position, house.store.ledger_position
    if lagging >= position:
        return
    subjects = house.ledger.since(lagging)
    for start in range(0, len(subjects), CHUNK):
        refresh(house, subjects.slice(start, CHUNK), at)
    refresh(house, subjects.slice(0, 0), at, position=position)


def _permissions(house: House, subjects: pa.Array, standing: pa.Table, of_age: pa.Array, at: dt.datetime) -> pa.Table:
    masks = permission_masks(house.pack, subjects, standing, of_age, at)
    leaving = pc.is_in(subjects, value_set=pa.array(house.requests.being_erased(), BLOCK))
    return pa.table(
        {
            "subject": subjects,
            "permits": pc.if_else(leaving, pa.scalar(0, pa.uint64()), masks.column("permits")),
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


def _no_earlier(house: House, minors: Minors, subjects: pa.Array, of_age: pa.Array) -> pa.Array:
    """Keep what is known of a minor's age where the batch says nothing: silence never makes anybody of age."""
    known = minors.before(house.store.permissions(subjects))
    dated = known.filter(pc.is_valid(known.column("of_age_from")))
    if dated.num_rows == 0:
        return of_age
    places = pc.index_in(subjects, value_set=dated.column("subject").combine_chunks())
    earlier = dated.column("of_age_from").combine_chunks().take(places)
    return pc.coalesce(of_age, earlier)


def permitted_purposes(house: House, subject: SubjectReference, at: dt.datetime) -> frozenset[PurposeId]:
    """Return the purposes that a person permits at an instant: what the next query would see, changing nothing."""
    known = house.store.permissions(pa.array([subject], BLOCK))
    people = from_blocks(to_blocks(known.column("subject")))
    of_age = known.column("of_age_from").combine_chunks()
    now = _permissions(house, people, house.ledger.standing(people), of_age, at)
    mask = int(pc.sum(now.column("permits"), min_count=0).as_py())
    return frozenset(purpose.id for purpose in house.catalogue.purposes.values() if mask & (1 << purpose.bit))


@dataclass(frozen=True)
class RefreshPermissions:
    """Bring permissions up to the instant: consents that expired, people who came of age, a projection that lags."""

    house: House

    def __call__(self) -> int:
        """Refresh who is due; return how many people were looked at."""
        at = self.house.clock.now()
        with self.house.writing:
            catch_up(self.house, at)
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
