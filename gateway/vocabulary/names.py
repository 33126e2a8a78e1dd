"""Names of things, each its own type so that one cannot stand for another."""

from __future__ import annotations

from typing import NewType

SourceId = NewType("SourceId", str)
FieldId = NewType("FieldId", str)
PurposeId = NewType("PurposeId", str)
RecipientId = NewType("RecipientId", str)
SegmentId = NewType("SegmentId", str)
RuleId = NewType("RuleId", str)
BatchId = NewType("BatchId", str)
SnapshotId = NewType("SnapshotId", str)
ReleaseId = NewType("ReleaseId", str)
RequestId = NewType("RequestId", str)
ScopeId = NewType("ScopeId", str)
EntryId = NewType("EntryId", str)
DecisionId = NewType("DecisionId", str)

# The handle of a data subject outside the vault: 16 bytes, CMAC(K_store, SubjectId). The SubjectId itself never
# leaves the vault.
SubjectReference = NewType("SubjectReference", bytes)
