"""The store's answers of *no*."""

from __future__ import annotations

from typing import ClassVar

from gateway.foundation.errors import Conflict, IntegrityFailure, InvalidInput, NotFound, NotPermitted


class StoreInUse(Conflict):
    """Another process, session or reader holds what is asked for."""

    slug: ClassVar[str] = "store-in-use"


class SchemaMismatch(Conflict):
    """The file's columns and the catalogue's contradict one another."""

    slug: ClassVar[str] = "store-schema-mismatch"


class BatchRefused(InvalidInput):
    """A batch that the store does not take: a raw one, an unknown column, a wrong type."""

    slug: ClassVar[str] = "batch-refused"


class QueryRefused(NotPermitted):
    """A query that leaves what its Permit opens. ``code`` is stable; ``column`` names the place where there is one."""

    slug: ClassVar[str] = "query-refused"

    def __init__(self, code: str, column: str | None = None) -> None:
        place = f": `{column}`" if column else ""
        super().__init__(f"the query is refused ({code}{place}); ask only for what the permit opens", reasons=(code,))
        self.code = code
        self.column = column


class NotStored(NotFound):
    """No such person, snapshot or release, or one that may not be known of."""

    slug: ClassVar[str] = "not-stored"


class StoreDamaged(IntegrityFailure):
    """The rewritten file does not hold what the old one held; the old one stays."""

    slug: ClassVar[str] = "store-damaged"
