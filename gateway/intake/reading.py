"""A stream becomes raw batches, in bounded memory whatever its size."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gateway.intake import delimited, jsonlines
from gateway.intake.delimited import Piece
from gateway.intake.encodings import utf8_chunks
from gateway.intake.formats import FileFormat
from gateway.intake.lenient import RECORD_BYTES as LENIENT_BYTES
from gateway.intake.records import RECORD_BYTES, Block, blocks
from gateway.vocabulary.batches import QuarantinedRow, RawBatch
from gateway.vocabulary.contracts import SourceContract
from gateway.vocabulary.names import SourceId

BATCH_BYTES = 64 * 1024 * 1024  # a batch ends here even when it has few rows: rows can be long


def read_batches(
    stream: BinaryIO, layout: FileFormat, source: SourceContract | SourceId | None, *, name: str, rows: int = 131_072
) -> Iterator[RawBatch]:
    """Return the rows of a file, which starts at its first byte, in batches of ``rows`` (the last one is smaller).

    ``source`` is None while there is no contract. Rows that cannot be read go along in ``quarantined`` with their
    physical line. A file with a header only gives nothing. Raises InvalidInput with file and line for what makes the
    whole file doubtful: bytes that do not fit the encoding, a record over 1 MiB, a quote that never closes.
    """
    source_id = source.id if isinstance(source, SourceContract) else source or SourceId("")
    pile = _Pile(source_id)
    for table, lines, bad in _pieces(stream, layout, name):
        pile.add(table, lines, bad)
        while pile.rows >= rows:
            yield pile.take(rows)
        if pile.size >= BATCH_BYTES:
            yield pile.take(pile.rows)
    if pile.rows or pile.bad:
        yield pile.take(pile.rows)


def _pieces(stream: BinaryIO, layout: FileFormat, name: str) -> Iterator[Piece]:
    chunks = utf8_chunks(stream, layout.encoding, name=name, lenient=layout.lenient)
    longest = LENIENT_BYTES if layout.lenient else RECORD_BYTES
    if layout.kind == "ndjson":
        for block in blocks(chunks, delimiter=None, name=name, longest=longest):
            yield jsonlines.read_block(block, layout.header, name=name)
        return
    for block in _after_header(blocks(chunks, delimiter=layout.delimiter, name=name, longest=longest)):
        yield delimited.read_block(block, layout.header, layout.delimiter, name=name)


def _after_header(found: Iterator[Block]) -> Iterator[Block]:
    for block in found:
        filled = np.flatnonzero(~block.blank)
        if len(filled):
            rest = block.after(int(filled[0]) + 1)
            if len(rest.starts):
                yield rest
            break
    yield from found


class _Pile:
    """Rows on their way into a batch."""

    def __init__(self, source: SourceId) -> None:
        self._source = source
        self._tables: list[pa.Table] = []
        self._lines: list[npt.NDArray[np.int64]] = []
        self.bad: list[QuarantinedRow] = []
        self.rows = 0
        self.size = 0  # bytes

    def add(self, table: pa.Table, lines: npt.NDArray[np.int64], bad: list[QuarantinedRow]) -> None:
        """Put a piece on top."""
        self._tables.append(table)
        self._lines.append(lines)
        self.bad.extend(bad)
        self.rows += table.num_rows
        self.size += table.nbytes + sum(len(row.raw) for row in bad)

    def take(self, count: int) -> RawBatch:
        """Take the first ``count`` rows, and all rows that were set aside."""
        table = pa.concat_tables(self._tables, promote_options="default")
        lines = np.concatenate(self._lines)
        batch = RawBatch(self._source, table.slice(0, count), lines[:count], tuple(self.bad))
        self._tables, self._lines, self.bad = [table.slice(count)], [lines[count:]], []
        self.rows = table.num_rows - count
        self.size = self._tables[0].nbytes
        return batch
