"""Before a draft of the policy bites: what it would do, from the stored data, and nothing of it done."""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.flows.house import House
from gateway.flows.measure_draft import Measured, MeasuredSegment, Progress, measure
from gateway.flows.policy_pack import load_draft
from gateway.flows.policy_versions import Officer, PolicyVersions, VersionState
from gateway.flows.recalls import Recall, recalls
from gateway.flows.review_draft import UndersizedRelease, UnusedField, undersized, unused_fields
from gateway.foundation.errors import Conflict, InvalidInput
from gateway.policy import Pack, decide
from gateway.policy.amending import amend
from gateway.policy.describing import transform_name
from gateway.policy.diff import PackDiff, diff
from gateway.release.sizes import FLOOR, rounded
from gateway.store.forms import Told
from gateway.store.trial import Reshaped
from gateway.versions import read_folder
from gateway.vocabulary.decisions import Action, Permit, ProcessingRequest
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.names import PurposeId, SegmentId


class SegmentEffect(enum.StrEnum):
    """What a draft does to a catalogued segment."""

    UNTOUCHED = "untouched"  # it asks the same of the same people
    COUNTED = "counted"  # people may enter or leave
    NEW = "new"
    NEW_REFUSED = "new_refused"  # new, and it may not be built under the draft
    GONE = "gone"  # the draft has no such segment
    REFUSED = "refused"  # it may be built now, and not under the draft
    PERMITTED = "permitted"  # it may not be built now, and may under the draft
    STILL_REFUSED = "still_refused"


@dataclass(frozen=True, slots=True)
class Count:
    """A number of people that may be told: to the nearest ten, or ``None`` for any that is under ``minimum``."""

    people: int | None
    minimum: int


@dataclass(frozen=True, slots=True)
class SegmentImpact:
    """What becomes of a segment; counts are protected."""

    segment: SegmentId
    purpose: PurposeId
    effect: SegmentEffect
    reasons: tuple[str, ...]  # why the draft refuses it
    now: Count
    then: Count
    entered: Count
    left: Count
    falls_under_minimum: bool  # it may be released now, and is too small under the draft


@dataclass(frozen=True, slots=True)
class PurposeImpact:
    """How many people's permission for a purpose begins and ends with the draft; counts are protected.

    A purpose that is not told leaves everybody's permission as it is.
    """

    purpose: PurposeId
    gained: Count
    lost: Count


@dataclass(frozen=True, slots=True)
class ColumnImpact:
    """A stored column that is shown in another form; ``told`` says of which stored values: all, some or none.

    Those of which it cannot be told in the new form are not shown until they come again.
    """

    column: str
    now: str
    then: str
    told: Told


@dataclass(frozen=True, slots=True)
class Simulation:
    """What a draft would do at ``at``: now, or when it may first be in force. ``people`` is to the nearest ten."""

    difference: PackDiff
    at: dt.datetime
    people: Count
    purposes: tuple[PurposeImpact, ...]
    columns: tuple[ColumnImpact, ...]
    segments: tuple[SegmentImpact, ...]
    recalls: tuple[Recall, ...]  # that the pack in force would not ask for
    undersized: tuple[UndersizedRelease, ...]  # that the pack in force does not find
    unused: tuple[UnusedField, ...]
    refused: (
        str | None
    )  # why the draft could not be submitted as it is; nothing else here happens before that is mended

    @property
    def digest(self) -> str:
        """sha256 (hex) of the report, for the registry of versions."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


@dataclass(frozen=True)
class SimulatePolicy:
    """Work out a draft's effect. Nothing is stored but the entry in the log, and the step of a version that waits."""

    house: House
    versions: PolicyVersions

    def version(self, number: str, officer: Officer, progress: Progress | None = None) -> Simulation:
        """Return the effect of a drafted version, the step before its approval. Raises ``NotFound``, and as below."""
        found = self(self.versions.pack(number), officer.actor, progress)
        if self.versions.get(number).state in {VersionState.DRAFT, VersionState.SIMULATED}:
            self.versions.record_simulation(number, found.digest, officer)
        return found

    def folder(self, directory: Path, officer: Officer, progress: Progress | None = None) -> Simulation:
        """Return the effect of a folder's pack, submitted or not. Raises ``InvalidInput``, and as below."""
        files = read_folder(directory)
        draft = load_draft(files)
        for shown in self.versions.list():
            if shown.version.label == draft.label:
                return self.version(shown.version.version, officer, progress)
        return self(draft, officer.actor, progress, refused=self._refused(files, officer))

    def _refused(self, files: Mapping[str, str], officer: Officer) -> str | None:
        try:
            self.versions.draft(files, officer, dry_run=True)
        except (InvalidInput, Conflict) as refusal:
            return refusal.message
        return None

    def __call__(
        self, draft: Pack, actor: Actor, progress: Progress | None = None, *, refused: str | None = None
    ) -> Simulation:
        """Return the effect of ``draft`` beside the pack in force; ``progress`` hears how many people were looked at.

        ``refused`` says why nobody could submit the draft as it is. Raises ``InvalidInput`` for a segment that cannot
        be read, ``SchemaMismatch`` for a column of another type.
        """
        house, coming = self.house, self.amended(draft)
        at = max(house.clock.now(), draft.effective_from)
        measured = measure(house, coming, at, progress)
        exposures = house.disclosures.exposures.all()
        known = {recall.release for recall in recalls(house.disclosures.exposures, house.pack, at)}
        disclosures = house.disclosures.list()
        small = {each.release for each in undersized(house.pack, disclosures, exposures, at)}
        report = Simulation(
            difference=diff(house.policy.base, draft, at),
            at=at,
            people=Count(rounded(measured.people, FLOOR), FLOOR),
            purposes=_purposes(measured, house.pack, coming, at),
            columns=tuple(map(_column, measured.reshaped)),
            segments=tuple(map(_segment, measured.segments)),
            recalls=tuple(
                each for each in recalls(house.disclosures.exposures, coming, at) if each.release not in known
            ),
            undersized=tuple(e for e in undersized(coming, disclosures, exposures, at) if e.release not in small),
            unused=unused_fields(coming, exposures, at),
            refused=refused,
        )
        event = GatewayEvent(actor, AuditAction.POLICY_SIMULATED, "permit", policy=draft.label)
        house.recorder.record(event, at=house.clock.now())
        return report

    def amended(self, draft: Pack) -> Pack:
        """Return the draft with what officers decided about undeclared columns, as it would come into force."""
        return amend(draft, self.house.inbox.in_force()).pack


def _segment(found: MeasuredSegment) -> SegmentImpact:
    minimums = [side.permit.minimum_size for side in (found.now, found.then) if side.permit is not None]
    minimum = max([FLOOR, *minimums])

    def told(number: int) -> Count:
        return Count(rounded(number, minimum), minimum)

    falls = (
        found.now.permit is not None
        and found.then.permit is not None
        and found.now.size >= found.now.permit.minimum_size
        and found.then.size < found.then.permit.minimum_size
    )
    return SegmentImpact(
        segment=found.segment,
        purpose=found.purpose,
        effect=_effect(found),
        reasons=found.then.reasons,
        now=told(found.now.size),
        then=told(found.then.size),
        entered=told(found.entered),
        left=told(found.left),
        falls_under_minimum=falls,
    )


def _column(found: Reshaped) -> ColumnImpact:
    now, then = transform_name(found.now.transform), transform_name(found.then.transform)
    if found.now.field != found.then.field:
        now, then = (f"`{form.field}` as {name}" for form, name in ((found.now, now), (found.then, then)))
    return ColumnImpact(found.column, now, then, found.told)


def _effect(found: MeasuredSegment) -> SegmentEffect:
    now, then = found.now, found.then
    if not then.catalogued:
        return SegmentEffect.GONE
    if not now.catalogued:
        return SegmentEffect.NEW if then.permit is not None else SegmentEffect.NEW_REFUSED
    if then.permit is None:
        return SegmentEffect.REFUSED if now.permit is not None else SegmentEffect.STILL_REFUSED
    if now.permit is None:
        return SegmentEffect.PERMITTED
    return SegmentEffect.UNTOUCHED if found.untouched else SegmentEffect.COUNTED


def _purposes(measured: Measured, now: Pack, then: Pack, at: dt.datetime) -> tuple[PurposeImpact, ...]:
    found = []
    for purpose, (gained, lost) in measured.purposes.items():
        minimum = max(_minimum(purpose, pack, at) for pack in (now, then))
        counts = (Count(rounded(number, minimum), minimum) for number in (gained, lost))
        found.append(PurposeImpact(purpose, *counts))
    return tuple(found)


def _minimum(purpose: PurposeId, pack: Pack, at: dt.datetime) -> int:
    match decide(ProcessingRequest(Action.SEGMENT, purpose, at), pack):
        case Permit(minimum_size=minimum):
            return minimum
        case _:
            return FLOOR
