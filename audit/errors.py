"""The ways in which a log says no. No message carries bytes of an entry."""

from __future__ import annotations


class AuditError(Exception):
    """Anything that this library refuses or cannot do."""


class EntryRefused(AuditError):
    """An entry or a tag file that the log does not take; the log itself is well."""


class LogFailed(AuditError):
    """The log cannot be written any more (a write or a sync failed, or it is closed). It is never tried again."""


class LogRefused(AuditError):
    """A directory that may not be opened for writing: in use, of another key, or not what its checkpoint says."""


class VerificationFailed(AuditError):
    """Something is not what it claims to be. ``place`` says where, ``why`` says what."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place}: {why}")
        self.place = place
        self.why = why
