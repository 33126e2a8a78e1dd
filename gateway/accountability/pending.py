"""An entry on its way to the disk, and the errors of the log in the gateway's words."""

from __future__ import annotations

from typing import Final, Protocol

import audit
from gateway.accountability.errors import ClockWentBack, EventRefused, LogCrowded, LogUnwritable

REMEDY: Final = "nothing may leave until the disk is in order and the gateway is started again"
_CROWDED: Final = "the audit log has more to write than it can at once: try again in a moment"


class Waiting(Protocol):
    """Entries in the writer's queue."""

    def wait(self) -> list[audit.Receipt]:
        """Return when they are on disk."""
        ...

    async def durable(self) -> list[audit.Receipt]:
        """Return when they are on disk; no thread waits meanwhile."""
        ...


class NamedErrors:
    """A context to name what the log says: ``EventRefused``, ``LogCrowded``, ``ClockWentBack``, ``LogUnwritable``."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Name the error in the gateway's words."""
        match error:
            case None:
                return
            case audit.LogBusy():
                raise LogCrowded(_CROWDED) from None
            case audit.ClockWentBack():
                raise ClockWentBack(str(error)) from None
            case audit.LogFailed():
                raise LogUnwritable(f"{error}: {REMEDY}") from None
            case audit.EntryRefused():
                raise EventRefused(str(error)) from None
            case _:
                return


NAMED_ERRORS: Final = NamedErrors()


class PendingReceipt:
    """The receipt that an entry gets once it is on disk. INVARIANT: only a recorder makes one (tests/architecture)."""

    __slots__ = ("_waiting",)

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting

    def wait(self) -> audit.Receipt:
        """Return it when it is there. Raises ``EventRefused``, ``LogUnwritable`` (``LogCrowded``)."""
        with NAMED_ERRORS:
            return self._waiting.wait()[0]

    async def durable(self) -> audit.Receipt:
        """Do what ``wait`` does without holding up a thread."""
        with NAMED_ERRORS:
            return (await self._waiting.durable())[0]
