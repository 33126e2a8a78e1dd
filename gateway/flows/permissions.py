"""Permissions are a projection of the ledger: computed by policy, kept beside the profile, always checkable."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gateway.consent import LedgerSession
from gateway.flows.house import House
from gateway.foundation.arrays import BLOCK, from_blocks, to_blocks
from gateway.policy import of_age_from, permission_masks
from gateway.policy.masks import AGE_UNKNOWN
from gateway.vocabulary.batches import ParsedBatch
from gateway.vocabulary.fields import AgeBand
from gateway.vocabulary.names import PurposeId, SubjectReference

CHUNK = 131_072
ADULT = dt.date(1900, 1, 1)  # told to be of age; earlier than any day of coming of age, so that a minor's day wins
KnownAges = Callable[[pa.Array], pa.Table]  # subjects → subject, of_age_from of those who are known


def masks_for(
    house: House, ledger: LedgerSession, known_ages: KnownAges, parsed: ParsedBatch, refs: pa.Array, at: dt.datetime
) -> pa.Table:
    """Return the permissions of the people of a chunk, counting what its still open session has just added."""
    people = pa.table({"subject": refs, "told": _told(house, parsed, at)}).filter(pc.is_valid(refs))
    latest = people.group_by("subject").aggregate([("told", "max")])
    subjects = latest.column("subject").combine_chunks()
    of_age = _of_age(house, subjects, latest.column("told_max").combine_chunks(), known_ages)
    return _permissions(house, subjects, ledger.standing(subjects), of_age, at)


def masks_again(
    house: House, ledger: LedgerSession, known_ages: KnownAges, subjects: pa.Array, at: dt.datetime
) -> pa.Table:
    """Return the permissions of people of whom a batch says nothing but a no."""
    known = known_ages(subjects)
    people = from_blocks(to_blocks(known.column("subject")))
    of_age = known.column("of_age_from").combine_chunks()
    return _permissions(house, people, ledger.standing(people), of_age, at)


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


def _told(house: House, parsed: ParsedBatch, at: dt.datetime) -> pa.Array:
    """What the chunk says of each row's age: the day of coming of age, ``ADULT``, or null where it is silent."""
    births = pa.nulls(parsed.fields.num_rows, pa.date32())
    for name in parsed.fields.column_names:
        if isinstance(house.catalogue.fields[name].transform, AgeBand):
            births = parsed.fields.column(name).combine_chunks()
    return _as_told(of_age_from(house.pack, births, at))


def _as_told(of_age: pa.Array) -> pa.Array:
    """Turn the stored form (null for grown-ups, ``AGE_UNKNOWN``) into one in which silence is null."""
    dated = pc.fill_null(of_age, pa.scalar(ADULT, pa.date32()))
    return pc.if_else(pc.equal(dated, pa.scalar(AGE_UNKNOWN, pa.date32())), pa.scalar(None, pa.date32()), dated)


def _of_age(house: House, subjects: pa.Array, told: pa.Array, known_ages: KnownAges) -> pa.Array:
    """Fill the silences with what is known already: silence never makes anybody of age, nor a minor again."""
    if told.null_count:
        silent = subjects.filter(pc.is_null(told))
        stored = known_ages(silent)
        ages = _as_told(stored.column("of_age_from").combine_chunks())
        told = pc.coalesce(told, ages.take(pc.index_in(subjects, value_set=stored.column("subject").combine_chunks())))
    unknown = pa.scalar(AGE_UNKNOWN if asks_for_an_age(house) else None, pa.date32())
    grown_up = pc.equal(told, pa.scalar(ADULT, pa.date32()))
    return pc.if_else(pc.is_null(told), unknown, pc.if_else(grown_up, pa.scalar(None, pa.date32()), told))


def asks_for_an_age(house: House) -> bool:
    """Whether any purpose of the pack has a minimum age (Art. 8)."""
    return any(purpose.minimum_age is not None for purpose in house.catalogue.purposes.values())


def _still_young(of_age: pa.Array, at: dt.datetime) -> pa.Array:
    """Forget the day on which somebody came of age once it has come."""
    return pc.if_else(pc.greater(of_age, pa.scalar(at.date())), of_age, pa.scalar(None, pa.date32()))


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
