"""The entries of the disclosure ledger (Art. 19: who has received what)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from gateway.vocabulary.names import PurposeId, RecipientId, ReleaseId, ScopeId, SegmentId, SnapshotId


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One release to one recipient; counts only, no member."""

    release: ReleaseId
    segment: SegmentId
    snapshot: SnapshotId
    recipient: RecipientId
    purpose: PurposeId
    scope: ScopeId
    format: str
    kind: Literal["snapshot", "delta"]  # a whole list, or what changed since the one before
    previous: ReleaseId | None  # a delta's base
    size: int  # members of the snapshot
    entered: int
    left: int
    at: dt.datetime
    policy: str  # pack label
    sha256: str  # of the package
