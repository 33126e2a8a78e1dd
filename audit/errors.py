"""The ways in which a log says no. No message carries bytes of an entry."""

from __future__ import annotations


class AuditError(Exception):
    """Anything that this library refuses or cannot do."""


class EntryRefused(AuditError):
    """An entry or a tag file that the log does not take; the log itself is well."""


class LogFailed(AuditError):
    """The log cannot be written any more (a write or a sync failed, or it is closed). It is never tried again."""


class LogBusy(LogFailed):
    """The queue is full; nothing of the call was taken. Temporary: the same call may be made again a moment later.

    It is a ``LogFailed``, so that whoever knows only that one lets nothing leave.
    """


class ClockWentBack(LogFailed):
    """The clock stands before the last checkpoint. Temporary: nothing was signed or written, and no entry is lost."""


class LogRefused(AuditError):
    """A directory that may not be opened for writing: in use, of another key, or not what its checkpoint says."""


class EntryPruned(AuditError):
    """The log no longer publishes this entry, or what a proof about that part needs (c2sp.org/tlog-tiles, Pruning)."""

    def __init__(self, what: str, minimum: int) -> None:
        super().__init__(f"{what} was pruned: the log publishes its entries from {minimum} on")
        self.minimum = minimum


class VerificationFailed(AuditError):
    """Something is not what it claims to be. ``place`` says where, ``why`` says what."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place}: {why}")
        self.place = place
        self.why = why
