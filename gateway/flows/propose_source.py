"""Look at a file and propose a contract: the classifier proposes, an officer decides. Nothing of the file is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, BinaryIO

from gateway.detection import Detector, RowSample
from gateway.flows.detect_columns import sample_rows
from gateway.foundation.errors import InvalidInput
from gateway.intake import describe, propose_contract, read_batches
from gateway.intake.encodings import SAMPLE_BYTES
from gateway.vocabulary.findings import ColumnFinding
from gateway.vocabulary.names import SourceId


@dataclass(frozen=True, slots=True)
class Proposal:
    """A contract to be confirmed, and why each column was proposed so."""

    contract: dict[str, Any]
    findings: dict[str, ColumnFinding]


@dataclass(frozen=True)
class ProposeSource:
    """Classify the columns of a file by a random sample of its rows, read as strictly as ``ingest`` reads them."""

    detector: Detector

    def __call__(self, stream: BinaryIO, source: SourceId, *, name: str) -> Proposal:
        """Return the proposal; raises ``InvalidInput`` for a file that cannot be read or has no rows or no header."""
        file_format = describe(stream.read(SAMPLE_BYTES), None, name=name)
        stream.seek(0)
        sample = RowSample()
        sample_rows(read_batches(stream, file_format, source, name=name), sample)
        if sample.table is None:
            raise InvalidInput(f"{name} has no rows: a proposal needs some to look at")
        if file_format.kind == "csv" and not self.detector.names_columns(file_format.header, sample.table):
            msg = f"{name}, line 1: the first row looks like values, not like names of columns: add a header"
            raise InvalidInput(msg, reasons=("no_header",))
        findings = dict(self.detector.classify(sample.table))
        return Proposal(propose_contract(source, findings, file_format), findings)
