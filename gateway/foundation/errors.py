"""The kinds of error. A room subclasses a kind; only ``api/problems.py`` knows what a kind means in HTTP.

INVARIANT: no message ever contains a submitted value. A message names the place (file, line, column, field) and the
remedy.
"""

from __future__ import annotations

from typing import ClassVar


class GatewayError(Exception):
    """An answer of *no* or *cannot*, with a stable slug, a place and a remedy.

    ``slug`` is the machine-readable reason code; ``docs/problems/<slug>.md`` need not exist for every subclass, but
    does for each kind.
    """

    slug: ClassVar[str] = "gateway-error"

    def __init__(self, message: str, *, reasons: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.reasons = reasons


class InvalidInput(GatewayError):
    """What was handed in cannot be read or breaks its contract."""

    slug = "invalid-input"


class NotPermitted(GatewayError):
    """Policy, consent or a missing scope says no."""

    slug = "not-permitted"


class NotFound(GatewayError):
    """No such thing, or one that the caller may not know of: the same answer for both."""

    slug = "not-found"


class Conflict(GatewayError):
    """The state of things does not allow it now (busy, already done, in use by another process)."""

    slug = "conflict"


class TooSmall(GatewayError):
    """A segment under its minimum size: it never leaves."""

    slug = "too-small"


class Unavailable(GatewayError):
    """Something that must work before data may move does not (audit log, disk, key provider)."""

    slug = "unavailable"


class IntegrityFailure(GatewayError):
    """Stored bytes are not what they were: stop."""

    slug = "integrity-failure"
