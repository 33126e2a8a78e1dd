"""The policy pack that decides at this moment: the version in force, amended by what officers decided since."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from gateway.detection import Detector
from gateway.foundation.clock import Clock
from gateway.foundation.errors import IntegrityFailure, InvalidInput
from gateway.intake.inbox import Inbox
from gateway.policy import Pack, load_pack
from gateway.policy.amending import Amended, amend
from gateway.versions import Versions
from gateway.versions.registry import RESTORE
from gateway.vocabulary.classifications import ColumnDecision


@dataclass(frozen=True, eq=False)
class Held:
    """A version with the decisions that amend it, as everybody sees it at once."""

    base: Pack
    amended: Amended
    detector: Detector
    until: dt.datetime  # when to ask the registry again


_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)
_LONG_AGO = dt.datetime.min.replace(tzinfo=dt.UTC)
_PINNED: ContextVar[tuple[PolicyInForce, Held] | None] = ContextVar("policy of this journey", default=None)


class PolicyInForce:
    """The version in force, which changes when its successor's instant comes, and with a decision of the inbox.

    It changes for the whole process at once, by one assignment; a journey that is under way keeps what it began with.
    """

    def __init__(self, versions: Versions, inbox: Inbox, clock: Clock) -> None:
        self._versions, self._inbox, self._clock = versions, inbox, clock
        self._held = self.coming()

    @property
    def base(self) -> Pack:
        """The version in force as it was drafted."""
        return self._seen().base

    @property
    def amended(self) -> Amended:
        """The version in force with what officers decided about undeclared columns."""
        return self._seen().amended

    @property
    def pack(self) -> Pack:
        """The pack in force."""
        return self._seen().amended.pack

    @property
    def detector(self) -> Detector:
        """Detection with the fields of the version in force in mind."""
        return self._seen().detector

    def label(self) -> str:
        """``pack@version:digest`` of the pack in force."""
        return self.pack.label

    def is_due(self) -> bool:
        """Whether another version's instant has come, or the registry has changed."""
        return self._held.until <= self._clock.now()

    def coming(self, followed: str | None = None) -> Held:
        """Return what is in force by the registry and the inbox at this instant; nothing changes.

        No version before ``followed``, the label of one that came into force already. Raises ``IntegrityFailure`` where
        the registry has no version in force, or other texts than were drafted.
        """
        now = self._versions.not_before(self._clock.now(), followed)
        following = self._versions.next_start(now)
        base = load_version(self._versions, self._versions.in_force(now).version)
        until = following.starts if following else _NEVER
        return Held(base, amend(base, self._inbox.in_force()), Detector(base.catalogue), until)

    def take(self, held: Held) -> None:
        """Put in force what ``coming`` returned, for the journey that does so as well."""
        self._held = held
        if self._pinned() is not None:
            self.pin()

    def renew(self) -> None:
        """Put in force what the inbox now says; one assignment, so that no reader sees half of it."""
        held = self._held
        self.take(dataclasses.replace(held, amended=amend(held.base, self._inbox.in_force())))

    def ask_again(self) -> None:
        """The registry changes: no journey begins before what it says then is in force."""
        self._held = dataclasses.replace(self._held, until=_LONG_AGO)

    def with_decision(self, decision: ColumnDecision) -> Amended:
        """Return what would be in force with one decision more; nothing changes."""
        others = [d for d in self._inbox.in_force() if (d.source, d.column) != (decision.source, decision.column)]
        return amend(self.base, [*others, decision])

    def pin(self) -> None:
        """Let this journey keep what is in force now, whatever comes into force before it ends."""
        _PINNED.set((self, self._held))

    @contextlib.contextmanager
    def journey(self) -> Iterator[None]:
        """Keep what is in force now for what happens inside, unless that changes it."""
        before = _PINNED.get()
        self.pin()
        try:
            yield
        finally:
            within = before is not None and before[0] is self  # of a journey that saw what this one changed
            _PINNED.set((self, self._held) if within else before)

    @contextlib.contextmanager
    def under(self, held: Held) -> Iterator[None]:
        """Let what happens inside see another pack, and nobody else."""
        token = _PINNED.set((self, held))
        try:
            yield
        finally:
            _PINNED.reset(token)

    def _seen(self) -> Held:
        return self._pinned() or self._held

    def _pinned(self) -> Held | None:
        pinned = _PINNED.get()
        return pinned[1] if pinned is not None and pinned[0] is self else None


def load_version(versions: Versions, number: str) -> Pack:
    """Return a version as a pack; raises ``IntegrityFailure`` where its texts are not what was drafted."""
    kept = versions.get(number)
    with contextlib.suppress(InvalidInput):  # what cannot be loaded was never drafted
        pack = load_pack(versions.files(number))
        if pack.label == kept.label:
            return pack
    raise IntegrityFailure(f"a stored version of the policy is not what was drafted: {RESTORE}")
