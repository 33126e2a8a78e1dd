"""What the columns of a file seem to hold: read whole in bounded memory, by a sample of rows that is then forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO

import pyarrow as pa

from gateway.detection import Detector, RowSample
from gateway.intake import FileFormat, describe, read_batches
from gateway.intake.encodings import SAMPLE_BYTES
from gateway.vocabulary.batches import RawBatch
from gateway.vocabulary.findings import ColumnFinding

UNDECIDED = "a person decides; until then the column stays in quarantine"
UNNAMED = "the column has no name: called by its place"
HEADLESS = "the file seems to have no header: columns are called by their place"
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class FileFindings:
    """A finding for each column in the file's order; two may bear one name, and names may be places (column_1)."""

    file: str
    rows: int  # that could be read
    set_aside: int  # rows that could not, such as those with another number of columns
    columns: tuple[ColumnFinding, ...]


@dataclass(frozen=True, slots=True)
class _Look:
    """The sampled rows, the columns' names as they are told, and what is to be said of each name."""

    table: pa.Table
    names: Sequence[str]
    remarks: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class DetectColumns:
    """Classify the columns of a file by a random sample of its rows."""

    detector: Detector

    def __call__(
        self, stream: BinaryIO, *, name: str, context: str | None = None, progress: Progress | None = None
    ) -> FileFindings:
        """Return the findings; ``context`` says in a word what the rows are.

        What intake would refuse is looked at where it can be: broken bytes, names that are missing or doubled, long
        records. Raises ``InvalidInput`` for what is neither CSV nor JSON lines.
        """
        layout = describe(stream.read(SAMPLE_BYTES), None, name=name, lenient=True)
        stream.seek(0)
        sample = RowSample()
        aside = sample_rows(read_batches(stream, layout, None, name=name), sample, progress)
        look = self._look(layout, sample)
        found = self.detector.classify(look.table.rename_columns(_apart(look.names)), context=context)
        told = zip(found.values(), look.names, look.remarks, strict=True)
        return FileFindings(name, sample.rows, aside, tuple(_told(*each) for each in told))

    def _look(self, layout: FileFormat, sample: RowSample) -> _Look:
        table = sample.table if sample.table is not None else pa.table({each: _texts([]) for each in layout.header})
        if layout.titles is None:
            return _Look(table, table.column_names, [()] * table.num_columns)
        if not self.detector.names_columns(layout.titles, table):
            first = zip(layout.header, layout.titles, strict=True)
            sample.add(pa.table({place: _texts([title or None]) for place, title in first}))
            return _Look(sample.table, layout.header, [(HEADLESS,)] * len(layout.header))
        names = [title or place for place, title in zip(layout.header, layout.titles, strict=True)]
        return _Look(table, names, [() if title else (UNNAMED,) for title in layout.titles])


def sample_rows(batches: Iterable[RawBatch], sample: RowSample, progress: Progress | None = None) -> int:
    """Let a file's rows flow by; return how many could not be read. ``progress`` is told the rows so far."""
    aside = 0
    for raw in batches:
        sample.add(raw.table)
        aside += len(raw.quarantined)
        if progress is not None:
            progress(sample.rows)
    return aside


def _texts(values: list[str | None]) -> pa.Array:
    return pa.array(values, pa.string())


def _apart(names: Sequence[str]) -> list[str]:
    """Number the names that stand more than once, for the classifier, which reads past such numbers."""
    taken = set(names)
    apart: list[str] = []
    seen: set[str] = set()
    for place, name in enumerate(names, 1):
        new = name if name not in seen else f"{name}_{place}"
        while new in seen or (new != name and new in taken):
            new += f"_{place}"
        seen.add(new)
        apart.append(new)
    return apart


def _told(finding: ColumnFinding, name: str, remarks: tuple[str, ...]) -> ColumnFinding:
    undecided = (UNDECIDED,) if finding.category == "unknown" else ()
    return replace(finding, column=name, evidence=(*remarks, *finding.evidence, *undecided))
