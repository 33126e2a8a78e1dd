"""What became of a file: counts, reasons and lines, never a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gateway.foundation.errors import InvalidInput
from gateway.intake.inbox import Sighting
from gateway.vault import Enrolment
from gateway.vocabulary.batches import QuarantinedRow, RawBatch
from gateway.vocabulary.decisions import Permit
from gateway.vocabulary.findings import Findings
from gateway.vocabulary.names import BatchId, SourceId

SHOWN_LINES = 100


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of a file: counts only."""

    source: SourceId
    batch: BatchId | None
    rows: int  # rows stored
    quarantined: Mapping[str, int]  # reason → rows
    quarantined_lines: tuple[int, ...]  # the first hundred
    undeclared_columns: tuple[str, ...]
    withheld_fields: Mapping[str, str]  # field → why it is not stored
    new_subjects: int
    suppressed: int  # rows of people who asked never to come back
    unresolved: int  # events of people we do not know
    conflicts: int  # weaker identifiers that belong to somebody else
    already_ingested: bool = False


@dataclass
class Tally:
    """The counts of a file while it is read."""

    rows: int = 0
    new: int = 0
    suppressed: int = 0
    unresolved: int = 0
    conflicts: int = 0
    sightings: dict[str, Sighting] = field(default_factory=dict)  # of undeclared columns
    quarantined: Counter[str] = field(default_factory=Counter)
    lines: list[int] = field(default_factory=list)

    def quarantine(self, rows: Sequence[QuarantinedRow]) -> None:
        """Count rows that were set aside."""
        self.quarantined.update(row.reason for row in rows)
        self.lines.extend(row.line for row in rows[: max(0, SHOWN_LINES - len(self.lines))])

    def see(self, raw: RawBatch, findings: Findings) -> None:
        """Note what the undeclared columns of a chunk seem to hold; the surest chunk of a file speaks for it."""
        for name in findings.undeclared:
            column = raw.table.column(name)
            one = Sighting(findings.columns[name], filled=column.null_count < len(column))
            known = self.sightings.get(name)
            if known is None or (one.filled, one.finding.confidence) > (known.filled, known.finding.confidence):
                self.sightings[name] = one

    def add(self, enrolment: Enrolment, stored: int) -> None:
        """Count a chunk."""
        self.rows += stored
        self.new += enrolment.new
        self.suppressed += int(np.count_nonzero(enrolment.suppressed))
        self.unresolved += int(np.count_nonzero(enrolment.unresolved))
        self.conflicts += enrolment.conflicts


def some_row_usable(tally: Tally, name: str) -> None:
    """A file of which every row is set aside is a broken file, or under the wrong contract: nothing of it is kept."""
    if not tally.quarantined or tally.rows or tally.suppressed or tally.unresolved:
        return
    reasons = ", ".join(f"{reason.replace('_', ' ')} {rows}" for reason, rows in sorted(tally.quarantined.items()))
    raise InvalidInput(
        f"{name}: no row can be taken in ({reasons}), the first at line {min(tally.lines)}; "
        "correct the export, or the source's contract",
        reasons=("no_usable_row",),
    )


def report_of(
    source: SourceId, batch: BatchId, permits: Sequence[Permit], tally: Tally, already: BatchId | None = None
) -> IngestReport:
    """Return the report of a batch; ``already`` names the batch that brought the same file before."""
    return IngestReport(
        source=source,
        batch=already or batch,
        rows=0 if already else tally.rows,
        quarantined=dict(tally.quarantined),
        quarantined_lines=tuple(tally.lines),
        undeclared_columns=tuple(tally.sightings),
        withheld_fields={str(r.field): str(r) for p in permits for r in p.withheld if r.field},
        new_subjects=0 if already else tally.new,
        suppressed=tally.suppressed,
        unresolved=tally.unresolved,
        conflicts=tally.conflicts,
        already_ingested=already is not None,
    )
