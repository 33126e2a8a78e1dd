"""What an officer decided about a column that its source's contract does not declare."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

from gateway.vocabulary.names import DecisionId, FieldId, SourceId


class Classification(enum.StrEnum):
    """What an undeclared column is from now on."""

    FIELD = "field"  # it is read into a field of the catalogue
    IGNORED = "ignored"  # it is not taken in at all
    KEPT_SEALED = "kept_sealed"  # it waits in quarantine as before, and nobody is asked again


@dataclass(frozen=True, slots=True)
class ColumnDecision:
    """One decision about a column of a source; a later one about the same column supersedes it.

    ``format`` is as in a ``FieldColumn``. ``by`` is who decided, ``confirmed_by`` the second person where there
    was one, ``note`` why; none of them ever enters the log.
    """

    id: DecisionId
    source: SourceId
    column: str
    classification: Classification
    field: FieldId | None  # with ``FIELD`` only
    format: str | None
    proposed: bool  # whether it is what detection proposed
    by: str
    at: dt.datetime
    note: str | None = None
    confirmed_by: str | None = None
