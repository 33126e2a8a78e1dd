"""Time as a parameter: only flows and faces hold a clock, everything below takes an instant."""

from __future__ import annotations

import datetime as dt
from typing import Protocol


class Clock(Protocol):
    """Tells the instant."""

    def now(self) -> dt.datetime:
        """Return an aware instant in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        """Return the machine's instant in UTC."""
        return dt.datetime.now(dt.UTC)  # noqa: TID251 - the one place that asks the machine


class FrozenClock:
    """A clock that moves only when told; for tests and the demo."""

    def __init__(self, at: dt.datetime) -> None:
        if at.tzinfo is None:
            msg = "a clock needs an aware instant"
            raise ValueError(msg)
        self._at = at.astimezone(dt.UTC)

    def now(self) -> dt.datetime:
        """Return the instant it was last set to."""
        return self._at

    def advance(self, delta: dt.timedelta) -> None:
        """Move forward by ``delta``."""
        self._at += delta
