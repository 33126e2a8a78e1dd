"""The life of a version, worked out from the steps that were taken with it: nothing but the steps is kept."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Step(enum.StrEnum):
    """What an officer does with a version."""

    SIMULATED = "simulated"  # its effect was worked out and seen
    APPROVED = "approved"
    ACTIVATED = "activated"
    ROLLED_BACK = "rolled_back"  # put in force again, and what was still to come is called off
    WITHDRAWN = "withdrawn"


class VersionState(enum.StrEnum):
    """Where a version stands at an instant."""

    DRAFT = "draft"
    SIMULATED = "simulated"
    APPROVED = "approved"
    SCHEDULED = "scheduled"  # activated, and its instant has not come
    ACTIVE = "active"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that somebody took; ``starts`` belongs to what puts a version in force, ``report`` to a simulation."""

    version: str
    step: Step
    by: str  # who, as the registry names them
    ref: str  # who, as the log knows them
    at: dt.datetime
    starts: dt.datetime | None = None
    report: str | None = None  # sha256 hex
    note: str | None = None
    confirmed_by: str | None = None  # the second person, where one was asked for


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """A version of the pack as it was drafted; it never changes."""

    pack: str
    version: str
    digest: str  # sha256 hex over its files
    effective_from: dt.datetime
    supersedes: str | None
    drafted_by: str
    drafted_ref: str
    drafted_at: dt.datetime
    note: str | None = None

    @property
    def label(self) -> str:
        """``pack@version:digest``, as it stands in the log."""
        return f"{self.pack}@{self.version}:{self.digest}"


@dataclass(frozen=True, slots=True)
class Start:
    """From when a version is in force."""

    starts: dt.datetime
    version: str


def schedule(steps: Iterable[Taken]) -> list[Start]:
    """Return when versions came or come into force, by instant; ``steps`` in the order in which they were taken.

    Of two starts at one instant the step taken later counts.
    """
    starts: list[Start] = []
    for taken in steps:
        if taken.step is Step.ROLLED_BACK:
            starts = [start for start in starts if start.starts <= taken.at]
        elif taken.step is Step.WITHDRAWN:
            starts = [start for start in starts if start.version != taken.version or start.starts <= taken.at]
        if taken.starts is not None:
            starts.append(Start(taken.starts, taken.version))
    return sorted(starts, key=lambda start: start.starts)


def in_force(steps: Iterable[Taken], at: dt.datetime) -> str | None:
    """Return the version in force at an instant: the latest whose instant had come."""
    come = [start.version for start in schedule(steps) if start.starts <= at]
    return come[-1] if come else None


def state_of(version: str, steps: Iterable[Taken], at: dt.datetime) -> VersionState:
    """Return where a version stands at an instant."""
    taken = [step for step in steps if step.at <= at]
    own = {step.step for step in taken if step.version == version}
    starts = [start.starts for start in schedule(taken) if start.version == version]
    if in_force(taken, at) == version:
        return VersionState.ACTIVE
    if Step.WITHDRAWN in own:
        return VersionState.WITHDRAWN
    if any(start > at for start in starts):
        return VersionState.SCHEDULED
    if starts:
        return VersionState.SUPERSEDED
    if Step.APPROVED in own:
        return VersionState.APPROVED
    return VersionState.SIMULATED if Step.SIMULATED in own else VersionState.DRAFT
