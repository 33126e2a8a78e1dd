"""How the log says no."""

from __future__ import annotations

from gateway.foundation.errors import IntegrityFailure, InvalidInput, Unavailable


class EventRefused(InvalidInput):
    """An event that does not fit the closed schema. The message names the field, never what stood in it."""

    slug = "event-refused"


class LogUnwritable(Unavailable):
    """The audit log cannot be written: nothing may leave."""

    slug = "log-unwritable"


class LogDamaged(IntegrityFailure):
    """The audit log, or a note that was signed, is not what it was."""

    slug = "log-damaged"


class LogCrowded(Unavailable):
    """The audit log takes nothing more at this moment; the same may be asked again a moment later."""

    slug = "log-crowded"


class ClockWentBack(Unavailable):
    """The machine's clock stands before the last entry: times in the log would be false."""

    slug = "clock-went-back"
