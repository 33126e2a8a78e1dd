"""The room's own kinds of *no*. No message holds a value, a key or an identifier."""

from __future__ import annotations

from gateway.foundation.errors import Conflict, IntegrityFailure, InvalidInput, NotFound, Unavailable


class KekUnavailable(Unavailable):
    """The key-encryption key cannot be had: nothing can be opened."""

    slug = "kek-unavailable"


class VaultUnavailable(Unavailable):
    """The vault's files cannot be written (full disk, lost file system): nothing of the batch is kept."""

    slug = "vault-unavailable"


class VaultDamaged(IntegrityFailure):
    """A key, a record or the pair of files is not what it was."""

    slug = "vault-damaged"


class BatchOpen(Conflict):
    """Another batch is being written, or was neither settled nor undone."""

    slug = "batch-open"


class SubjectUnknown(NotFound):
    """No such data subject, or an erased one: the same answer."""

    slug = "subject-unknown"


class ScopeUnknown(NotFound):
    """No such scope, or one that has ended."""

    slug = "scope-unknown"


class ColumnsDisagree(InvalidInput):
    """The columns handed in are not of the same rows."""

    slug = "columns-disagree"
