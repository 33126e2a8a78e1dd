"""Look at a file and propose a contract: the classifier proposes, an officer decides. Nothing of the file is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

from gateway.detection import Detector
from gateway.flows.ingest_batch import SAMPLE
from gateway.foundation.errors import InvalidInput
from gateway.intake import describe, propose_contract, read_batches
from gateway.vocabulary.findings import ColumnFinding
from gateway.vocabulary.names import SourceId


@dataclass(frozen=True, slots=True)
class Proposal:
    """A contract to be confirmed, and why each column was proposed so."""

    contract: dict[str, Any]
    findings: dict[str, ColumnFinding]


@dataclass(frozen=True)
class ProposeSource:
    """Classify the columns of a file's first batch."""

    detector: Detector

    def __call__(self, stream: BinaryIO, source: SourceId, *, name: str) -> Proposal:
        """Return the proposal for the file; raises ``InvalidInput`` for one that cannot be read or has no rows."""
        sample = stream.read(SAMPLE)
        stream.seek(0)
        file_format = describe(sample, None, name=name)
        for raw in read_batches(stream, file_format, source, name=name):
            findings = dict(self.detector.classify(raw.table))
            return Proposal(propose_contract(source, findings, file_format), findings)
        raise InvalidInput(f"{name} has no rows: a proposal needs some to look at")
