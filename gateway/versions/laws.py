"""Which step may be taken with a version, and by whom: everything else is refused with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from gateway.foundation.errors import Conflict, InvalidInput, NotPermitted
from gateway.versions.persons import Person, is_another
from gateway.versions.steps import PolicyVersion, Step, Taken, VersionState, in_force, schedule, state_of

_FROM: Mapping[Step, frozenset[VersionState]] = MappingProxyType(
    {
        Step.SIMULATED: frozenset({VersionState.DRAFT, VersionState.SIMULATED}),
        Step.APPROVED: frozenset({VersionState.SIMULATED}),
        Step.ACTIVATED: frozenset({VersionState.APPROVED}),
        Step.ROLLED_BACK: frozenset({VersionState.SUPERSEDED}),
        Step.WITHDRAWN: frozenset(
            {VersionState.DRAFT, VersionState.SIMULATED, VersionState.APPROVED, VersionState.SCHEDULED}
        ),
    }
)
_REMEDIES: Mapping[Step, tuple[str, str]] = MappingProxyType(
    {
        Step.SIMULATED: ("not_a_draft", "only a draft is simulated: submit a new version"),
        Step.APPROVED: ("not_simulated", "only a simulated draft is approved: `gateway policy simulate` first"),
        Step.ACTIVATED: ("not_approved", "only an approved version is activated: `gateway policy approve` first"),
        Step.ROLLED_BACK: ("never_in_force", "only a version that was in force before is rolled back to"),
        Step.WITHDRAWN: ("in_force", "a version that is or was in force is not withdrawn: activate another"),
    }
)


def check(version: PolicyVersion, taken: Taken, before: Sequence[Taken], *, four_eyes: bool) -> None:
    """Raise where a step may not be taken: ``Conflict``, ``NotPermitted`` or ``InvalidInput`` with a reason."""
    if state_of(version.version, before, taken.at) not in _FROM[taken.step]:
        reason, remedy = _REMEDIES[taken.step]
        raise Conflict(f"the version does not stand there: {remedy}", reasons=(reason,))
    match taken.step:
        case Step.APPROVED if four_eyes and not is_another(_drafter(version), Person(taken.by, taken.ref)):
            raise NotPermitted(
                "who drafted a version does not approve it: a second person does, and with a key where either has one",
                reasons=("second_person_needed",),
            )
        case Step.ACTIVATED:
            _check_start(version, taken, before)
        case Step.ROLLED_BACK if not taken.note:
            raise InvalidInput("going back needs a reason: say why", reasons=("reason_needed",))
        case Step.WITHDRAWN:
            _check_followers(version, before)
        case _:
            return


def _drafter(version: PolicyVersion) -> Person:
    return Person(version.drafted_by, version.drafted_ref)


def _check_start(version: PolicyVersion, taken: Taken, before: Sequence[Taken]) -> None:
    """A version was made against the one that it supersedes: what others changed since would be lost."""
    if taken.starts is None or taken.starts < taken.at:
        raise InvalidInput("a version starts now or later, never in the past", reasons=("start_in_the_past",))
    if any(start.starts > taken.at and start.starts >= taken.starts for start in schedule(before)):
        raise Conflict(
            "another version starts then or later: withdraw that first, or name a later instant",
            reasons=("overlapping_versions",),
        )
    current = in_force(before, taken.starts)
    if current is not None and current != version.supersedes:
        raise Conflict(
            "the version supersedes another than the one that is in force then: draft it again against that",
            reasons=("supersedes_another",),
        )


def _check_followers(version: PolicyVersion, before: Sequence[Taken]) -> None:
    """What is scheduled after a version was made against it."""
    starts = [start.version for start in schedule(before)]
    if version.version in starts and starts[-1] != version.version:
        raise Conflict("another version is to follow this one: withdraw that first", reasons=("others_follow",))
