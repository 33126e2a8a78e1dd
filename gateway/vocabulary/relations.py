"""The door between store and segmentation: what a Permit opens, as columns to build a query on, and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from gateway.vocabulary.decisions import Permit
from gateway.vocabulary.fields import ValueType
from gateway.vocabulary.names import BatchId, SegmentId, SnapshotId

PROFILES = "profiles"  # virtual table: person (int64) and the permitted profile columns
EVENTS = "events"  # virtual table: person, event (text), at (timestamp) and the permitted event properties


@dataclass(frozen=True, slots=True)
class QueryResult:
    """An answer and the digest of the SQL that gave it (sha256 hex of the text that ran)."""

    table: pa.Table
    query_digest: str


class Relation(Protocol):
    """What one Permit opens at one instant; the column maps leave out ``person``, ``event`` and ``at``."""

    permit: Permit
    at: dt.datetime
    profile_columns: Mapping[str, ValueType]
    event_columns: Mapping[str, ValueType]

    def run(self, query: Any) -> QueryResult:
        """Run a SQLGlot SELECT over the virtual tables; any other table or column is refused."""
        ...


@dataclass(frozen=True, slots=True)
class SegmentSnapshot:
    """The members of a segment at an instant. Members stay in the store; this is what may be spoken of."""

    id: SnapshotId
    segment: SegmentId
    purpose: str
    taken_at: dt.datetime
    size: int
    definition_digest: str
    query_digest: str
    pack: str


@dataclass(frozen=True, slots=True)
class StoredCounts:
    """Rows that a batch left in the store."""

    batch: BatchId
    profiles: int
    events: int
