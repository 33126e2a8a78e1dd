"""Permissions are a projection of the ledger: computed by policy, kept beside the profile, always checkable."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from gateway.consent import LedgerSession
from gateway.flows.house import House
from gateway.flows.known_ages import KnownAges, coming_of_age, telling
from gateway.foundation.arrays import BLOCK, from_blocks, to_blocks
from gateway.foundation.database import to_micros
from gateway.policy import Pack, permission_masks
from gateway.policy.reaching import reached, still_young
from gateway.store.permissions import NO_TEXTS
from gateway.vocabulary.names import PurposeId, SubjectReference

pc: Any = pyarrow.compute  # its functions are made at import, where no type checker sees them

CHUNK = 131_072
Bits = npt.NDArray[np.uint64]


def masks_for(house: House, ledger: LedgerSession, known_ages: KnownAges, told: pa.Table, at: dt.datetime) -> pa.Table:
    """Return the permissions of the people of a chunk, counting what its still open session has just added.

    ``told`` is what the chunk tells of their ages, as ``told_of`` gives it.
    """
    ages = coming_of_age(house.pack, told, known_ages, at)
    subjects = told.column("subject").combine_chunks()
    return _permissions(house, subjects, ledger.standing(subjects, at), ages, at)


def masks_again(
    house: House, ledger: LedgerSession, known_ages: KnownAges, subjects: pa.Array, at: dt.datetime
) -> pa.Table:
    """Return the permissions of people of whom a batch says nothing but a no."""
    known = known_ages(subjects, NO_TEXTS)
    people = from_blocks(to_blocks(known.column("subject")))
    return _permissions(house, people, ledger.standing(people, at), _ages(known), at)


def refresh(house: House, subjects: pa.Array, at: dt.datetime, *, position: int | None = None) -> None:
    """Recompute the permissions of these people from the ledger; the next query sees them.

    ``position`` says that the store has now taken in the ledger up to there: only who has looked at everybody may.
    """
    known = house.store.permissions(subjects)
    present = to_blocks(known.column("subject"))
    people = from_blocks(present)
    permissions = _permissions(house, people, house.ledger.standing(people, at=at), _ages_now(known, at), at)
    house.store.set_permissions(permissions.append_column("person", known.column("person")), position)


def refresh_everybody(house: House, at: dt.datetime) -> int:
    """Recompute everybody's permissions under the policy in force; return how many people were looked at.

    Whatever age it asks for, each person is of age from the day that what is stored of them shows.
    """
    people = 0
    for batch in house.store.all_subjects(telling(house.catalogue, at)):
        subjects = pc.cast(batch.column("subject"), BLOCK)
        ages = reached(house.catalogue, pa.Table.from_batches([batch]), at)
        permissions = _permissions(house, subjects, house.ledger.standing(subjects, at=at), ages, at)
        house.store.set_permissions(permissions.append_column("person", batch.column("person")))
        people += len(subjects)
    return people


def catch_up(house: House, at: dt.datetime, *, whom: pa.Array | None = None) -> None:
    """Let choices bite that reached the ledger and not the store: a crash came between the two, or a full disk.

    ``whom``: nobody else can have chosen since, so that the ledger need not be searched for who has.
    """
    position, lagging = house.ledger.position, house.store.ledger_position
    if lagging == position:
        return
    subjects = house.ledger.since(lagging) if whom is None else whom
    for start in range(0, len(subjects), CHUNK):
        refresh(house, subjects.slice(start, CHUNK), at)
    refresh(house, subjects.slice(0, 0), at, position=position)


def _permissions(house: House, subjects: pa.Array, standing: pa.Table, ages: pa.Table, at: dt.datetime) -> pa.Table:
    masks = masks_under(house, house.pack, standing, ages.add_column(0, "subject", subjects), at)
    return pa.table([subjects, *masks.columns, *ages.columns], ["subject", *masks.column_names, *_AGES])


_AGES = ["of_age_from", "age_reached"]


def _ages(known: pa.Table) -> pa.Table:
    return known.select(_AGES).combine_chunks()


def _ages_now(known: pa.Table, at: dt.datetime) -> pa.Table:
    ages = _ages(known)
    return ages.set_column(0, "of_age_from", still_young(ages.column("of_age_from"), at))


def masks_under(house: House, pack: Pack, standing: pa.Table, people: pa.Table, at: dt.datetime) -> pa.Table:
    """Return ``permits`` and ``permits_until`` of ``people`` (``subject``, ``of_age_from``) under any pack.

    Who is being erased permits nothing. A mask lasts no longer than until the next of the person's choices begins: one
    that is dated a few minutes ahead is looked at again when its instant has come.
    """
    subjects, of_age = (column.combine_chunks() for column in people.select(["subject", "of_age_from"]).columns)
    masks = permission_masks(pack, subjects, standing, of_age, at)
    leaving = pc.is_in(subjects, value_set=pa.array(house.requests.being_erased(), BLOCK))
    permits = pc.if_else(leaving, pa.scalar(0, pa.uint64()), masks.column("permits"))
    until = _until(masks.column("permits_until"), subjects, standing)
    return pa.table({"permits": permits, "permits_until": until})


def _until(ends: pa.ChunkedArray, subjects: pa.Array, standing: pa.Table) -> pa.ChunkedArray:
    """Return the earlier of each mask's end and the instant at which a choice that is still to come begins."""
    coming = standing.filter(pc.is_valid(standing.column("coming")))
    if not coming.num_rows:
        return ends
    begins = coming.group_by("subject").aggregate([("coming", "min")])
    place = pc.index_in(subjects, value_set=begins.column("subject").combine_chunks())
    instants = begins.column("coming_min").combine_chunks().take(place)
    return pc.if_else(pc.fill_null(pc.less(instants, ends), False), instants, ends)


def permitted_purposes(house: House, subject: SubjectReference, at: dt.datetime) -> frozenset[PurposeId]:
    """Return the purposes that a person permits at an instant: what the next query would see, changing nothing."""
    known = house.store.permissions(pa.array([subject], BLOCK))
    people = from_blocks(to_blocks(known.column("subject")))
    now = _permissions(house, people, house.ledger.standing(people, at=at), _ages(known), at)
    mask = int(pc.sum(now.column("permits"), min_count=0).as_py())
    return frozenset(purpose.id for purpose in house.catalogue.purposes.values() if mask & (1 << purpose.bit))


@dataclass(frozen=True, slots=True)
class Corrected:
    """How many people were compared with the ledger, and of how many the stored mask gave more, or only less."""

    people: int
    wider: int
    behind: int


@dataclass(frozen=True)
class RefreshPermissions:
    """Bring permissions up to the instant: consents that expired, people who came of age, a projection that lags."""

    house: House

    def __call__(self) -> int:
        """Refresh who is due; return how many people were looked at."""
        with self.house.writing:
            at = self.house.clock.now()  # not before: whoever came first would be of the future
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
        compared = compare_everybody(self.house, self.house.clock.now())
        return sum(int(np.count_nonzero(seen & ~_bits(right))) for right, seen in compared)


def compare_everybody(house: House, at: dt.datetime) -> Iterator[tuple[pa.Table, Bits]]:
    """Yield everybody's permissions as the ledger gives them, and the bits that the next query would see for each."""
    for batch in house.store.all_subjects():
        stored = pa.Table.from_batches([batch])
        subjects = pc.cast(stored.column("subject"), BLOCK).combine_chunks()
        right = _permissions(house, subjects, house.ledger.standing(subjects, at=at), _ages_now(stored, at), at)
        live = np.asarray(stored.column("permits_until").cast(pa.int64())) > to_micros(at)
        yield right.append_column("person", stored.column("person")), np.where(live, _bits(stored), np.uint64(0))


def correct_everybody(house: House, at: dt.datetime, *, dry_run: bool) -> Corrected:
    """Give everybody the permissions that the ledger gives, or count only; whoever calls holds ``house.writing``."""
    people = wider = behind = 0
    for right, seen in compare_everybody(house, at):
        more, less = (seen & ~_bits(right)) != 0, (_bits(right) & ~seen) != 0
        people, wider = people + len(seen), wider + int(np.count_nonzero(more))
        behind += int(np.count_nonzero(less & ~more))
        if not dry_run and (more | less).any():
            house.store.set_permissions(right.filter(pa.array(more | less)))
    return Corrected(people, wider, behind)


def _bits(table: pa.Table) -> Bits:
    found: Bits = table.column("permits").to_numpy()
    return found
