"""Blocks of CSV records become Arrow tables of text; rows with another number of columns are set aside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pc_csv

from gateway.foundation.errors import InvalidInput
from gateway.intake.records import Block
from gateway.vocabulary.batches import QuarantinedRow

WRONG_COLUMNS = "wrong_number_of_columns"
Piece = tuple[pa.Table, npt.NDArray[np.int64], list[QuarantinedRow]]


def read_block(block: Block, header: Sequence[str], delimiter: str, *, name: str) -> Piece:
    """Return the rows of a block as text columns (null where empty), their lines, and the rows set aside."""
    refused: list[int] = []

    def set_aside(row: pc_csv.InvalidRow) -> str:
        refused.append(row.number - 1)
        return "skip"

    table = _read(block, header, delimiter, set_aside, name)
    taken = np.ones(len(block.starts), np.bool_)
    taken[refused] = False
    if table.num_rows != int(taken.sum()):
        raise _malformed(block, name)
    filled = ~block.blank
    if not filled.all():
        table = table.filter(pa.array(filled[taken]))
    bad = [
        QuarantinedRow(int(block.lines[index]), WRONG_COLUMNS, block.record(index))
        for index in refused
        if filled[index]
    ]
    return table, block.lines[taken & filled], bad


def _read(block: Block, header: Sequence[str], delimiter: str, handler: object, name: str) -> pa.Table:
    try:
        return pc_csv.read_csv(
            pa.BufferReader(block.data),
            read_options=pc_csv.ReadOptions(
                use_threads=False, block_size=len(block.data) + 1, column_names=list(header)
            ),
            parse_options=pc_csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,  # every record has a number, so that every row has its line
                invalid_row_handler=handler,
            ),
            convert_options=pc_csv.ConvertOptions(
                column_types={column: pa.string() for column in header},
                null_values=[""],
                strings_can_be_null=True,
                check_utf8=False,  # checked when the bytes were decoded
            ),
        )
    except pa.ArrowInvalid:  # its message holds the row
        raise _malformed(block, name) from None


def _malformed(block: Block, name: str) -> InvalidInput:
    first, last = int(block.lines[0]), int(block.lines[-1])
    msg = f"{name}, lines {first} to {last}: the quotes are not those of CSV (RFC 4180); export the file anew"
    return InvalidInput(msg, reasons=("malformed_csv",))
