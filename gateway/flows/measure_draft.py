"""Exactly what a draft would do to people and segments, from the stored data; what comes out is not for telling.

INVARIANT: counts here are exact. ``simulate_policy`` protects them before a face sees any.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gateway.flows.house import House
from gateway.flows.known_ages import telling
from gateway.flows.permissions import masks_under
from gateway.foundation.arrays import BLOCK
from gateway.foundation.errors import InvalidInput
from gateway.policy import Pack, decide
from gateway.policy.ages import oldest_age
from gateway.policy.reaching import reached, still_young
from gateway.segmentation import SegmentDefinition, build_query, definition_digest, fields_of
from gateway.segmentation.loading import load_segments
from gateway.store.relation import StoreRelation
from gateway.store.trial import Reshaped, Trial
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.decisions import Action, Deny, Permit, PermitsAlso, ProcessingRequest
from gateway.vocabulary.names import PurposeId, SegmentId

Progress = Callable[[int], None]
_Persons = npt.NDArray[np.int64]
_NOBODY: _Persons = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a definition may be built under one pack; ``size`` is exact and 0 where it may not."""

    catalogued: bool
    permit: Permit | None
    reasons: tuple[str, ...]
    size: int = 0


@dataclass(frozen=True, slots=True)
class MeasuredSegment:
    """A segment under the pack in force and under the draft. ``untouched``: nobody can enter or leave by the draft."""

    segment: SegmentId
    purpose: PurposeId
    now: Standing
    then: Standing
    entered: int
    left: int
    untouched: bool


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that was counted; ``purposes`` has how many people gain and lose the permission for each.

    Of a purpose that is not there the draft changes nobody's permission, whoever they are.
    """

    people: int
    purposes: Mapping[PurposeId, tuple[int, int]]
    segments: tuple[MeasuredSegment, ...]
    reshaped: tuple[Reshaped, ...]


def measure(house: House, draft: Pack, at: dt.datetime, progress: Progress | None = None) -> Measured:
    """Compare the pack in force with ``draft``, as amended, at one instant; nothing is written.

    Raises ``InvalidSegment`` where a definition cannot be read, ``SchemaMismatch`` where the draft retypes a column.
    """
    with house.store.trial(draft.catalogue) as trial:
        count = _mask_everybody(house, draft, trial, at, progress)
        before, after = (load_segments(pack.segments) for pack in (house.pack, draft))
        touched = touched_purposes(house.catalogue, draft.catalogue)
        comparing = _Comparing(trial, house.pack, draft, at, _any_of(touched.values()))
        segments = tuple(
            comparing.segment(each, before.get(each), after.get(each)) for each in sorted(before.keys() | after.keys())
        )
        return Measured(count, _changed(touched, trial, at), segments, trial.reshaped())


def _mask_everybody(house: House, draft: Pack, trial: Trial, at: dt.datetime, progress: Progress | None) -> int:
    """Work out both packs' masks of everybody from one reading of the ledger."""
    purposes, count = draft.catalogue.purposes, 0
    for batch in house.store.all_subjects(telling(draft.catalogue, at)):
        subjects = pc.cast(batch.column("subject"), BLOCK)
        standing = house.ledger.standing(subjects, at=at)
        stored = pa.Table.from_batches([batch])
        known = still_young(batch.column("of_age_from"), at)
        now = masks_under(house, house.pack, standing, _aged(subjects, known), at)
        then = now
        if purposes != house.catalogue.purposes:
            of_age = reached(draft.catalogue, stored, at).column("of_age_from")
            then = masks_under(house, draft, standing, _aged(subjects, of_age), at)
        columns = [batch.column("person"), *now.columns, *then.columns]
        trial.add(pa.table(dict(zip(_MASKS, columns, strict=True))))
        count += len(subjects)
        if progress is not None:
            progress(count)
    return count


_MASKS = ("person", "now_permits", "now_until", "then_permits", "then_until")


def _aged(subjects: pa.Array, of_age: pa.Array) -> pa.Table:
    return pa.table({"subject": subjects, "of_age_from": of_age})


def touched_purposes(now: Catalogue, then: Catalogue) -> dict[PurposeId, tuple[int | None, int | None]]:
    """Return the purposes for which somebody's permission may differ, with their bits; ``None`` where there is none."""
    other_age = oldest_age(then) != oldest_age(now)
    found = {}
    for name in sorted(now.purposes.keys() | then.purposes.keys()):
        was, will = now.purposes.get(name), then.purposes.get(name)
        aged = other_age and will is not None and will.minimum_age is not None
        if was != will or aged:
            found[name] = (was.bit if was is not None else None, will.bit if will is not None else None)
    return found


def _changed(
    touched: Mapping[PurposeId, tuple[int | None, int | None]], trial: Trial, at: dt.datetime
) -> dict[PurposeId, tuple[int, int]]:
    asked = {str(name): (_mask(was), _mask(will)) for name, (was, will) in touched.items()}
    return {PurposeId(name): counts for name, counts in trial.changed(asked, at).items()}


def _any_of(bits: Iterable[tuple[int | None, int | None]]) -> int:
    return sum({_mask(bit) for pair in bits for bit in pair})


def _mask(bit: int | None) -> int:
    return 0 if bit is None else 1 << bit


@dataclass(frozen=True)
class _Comparing:
    """Segments on both sides of one trial."""

    trial: Trial
    now: Pack
    then: Pack
    at: dt.datetime
    touched: int  # the mask of all purposes for which somebody's permission may differ

    def segment(
        self, name: SegmentId, before: SegmentDefinition | None, after: SegmentDefinition | None
    ) -> MeasuredSegment:
        now, was = self._asked("now", self.now, before)
        then, will = self._asked("then", self.then, after)
        untouched = self._untouched(now, then, before, after)
        old = _members(was, before, self.at)
        new = old if untouched else _members(will, after, self.at)
        named = after or before
        return MeasuredSegment(
            segment=name,
            purpose=PurposeId(named.purpose if named is not None else ""),
            now=_sized(now, old),
            then=_sized(then, new),
            entered=0 if untouched else int(np.count_nonzero(~np.isin(new, old))),
            left=0 if untouched else int(np.count_nonzero(~np.isin(old, new))),
            untouched=untouched,
        )

    def _asked(
        self, side: str, pack: Pack, definition: SegmentDefinition | None
    ) -> tuple[Standing, StoreRelation | None]:
        """Ask a pack about its definition, and open the relation of a yes."""
        if definition is None:
            return Standing(catalogued=False, permit=None, reasons=()), None
        try:
            fields = fields_of(definition, pack.catalogue)
        except InvalidInput as unfit:
            return Standing(catalogued=True, permit=None, reasons=(unfit.message,)), None
        match decide(ProcessingRequest(Action.SEGMENT, definition.purpose, self.at, fields=fields), pack):
            case Permit() as permit:
                opened = self.trial.relation(side, permit, self.at)
                return Standing(catalogued=True, permit=permit, reasons=()), opened
            case Deny() as denial:
                return Standing(catalogued=True, permit=None, reasons=tuple(map(str, denial.reasons))), None

    def _untouched(
        self, now: Standing, then: Standing, before: SegmentDefinition | None, after: SegmentDefinition | None
    ) -> bool:
        """Whether both sides ask the same of the same people: then counting again would tell nothing new."""
        if now.permit is None or then.permit is None or before is None or after is None:
            return now.permit is None and then.permit is None
        same = definition_digest(before) == definition_digest(after)
        opened = (now.permit.rows, dict(now.permit.columns)) == (then.permit.rows, dict(then.permit.columns))
        return same and opened and not _looked_at(now.permit) & self.touched


def _looked_at(permit: Permit) -> int:
    """The bits of the permission mask on which a person's part hangs."""
    mask = permit.rows.mask
    for condition in (each for group in permit.rows.people for every in group for each in every):
        if isinstance(condition, PermitsAlso):
            mask |= condition.mask
    return mask


def _members(relation: StoreRelation | None, definition: SegmentDefinition | None, at: dt.datetime) -> _Persons:
    if relation is None or definition is None:
        return _NOBODY
    found = relation.execute(relation.prepare(build_query(definition, relation, at=at)))
    persons: _Persons = found.column("person").to_numpy()
    return persons


def _sized(standing: Standing, members: _Persons) -> Standing:
    return Standing(standing.catalogued, standing.permit, standing.reasons, len(members))
