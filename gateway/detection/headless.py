"""Whether the first row of a file names its columns or is a row like the others."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa

from gateway.detection.folding import fold
from gateway.detection.headers import read_header

_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,250}\.[^\s@.]{2,60}")
_NUMBERED = re.compile(r"[-+(]?\d[\d .,:;/()+TZ-]{0,40}")
_LONG = 80  # characters: no name of a column
_LETTERED = 2  # letters, from which a text that stands again below counts
_HALF = 0.5


def is_header(cells: Sequence[str], below: pa.Table) -> bool:
    """Tell whether ``cells`` are names for the columns of ``below``, in their order.

    An e-mail address is never a name; a word that the lexicon of headers has is one; else most cells must neither be
    numbers or dates nor stand again in their own columns. Names that count up (0, 1, 2…) were made by a program.
    """
    filled = [cell for cell in cells if cell.strip()]
    if not filled or [*cells] == [str(place) for place in range(len(cells))]:
        return True
    if any(_ADDRESS.fullmatch(cell.strip()) or len(cell) > _LONG for cell in filled):
        return False
    if any((hit := read_header(cell)) is not None and hit.score == 1 for cell in filled):
        return True
    if sum(_NUMBERED.fullmatch(cell.strip()) is not None for cell in filled) >= _HALF * len(filled):
        return False
    return sum(_again(cell, below.column(place)) for place, cell in enumerate(cells)) < _HALF * len(filled)


def _again(cell: str, column: pa.ChunkedArray) -> bool:
    text = fold(cell.strip())
    if len(text) < _LETTERED:
        return False
    return text in {fold(value.strip()) for value in column.slice(0, 1_000).to_pylist() if value}
