"""A seeded random sample of a column's distinct values: the cost does not grow with the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

DISTINCT = 300
_DRAWN = 2_000  # rows drawn to find that many distinct values
_WHITESPACE = " \t\r\n\u00a0\u202f"
_LONGEST = 1_000  # characters of a value that the patterns look at


@dataclass(frozen=True, slots=True)
class Sample:
    """Distinct values of a column (trimmed, none empty) and how many rows they were drawn from."""

    values: pa.Array
    drawn: int

    def __len__(self) -> int:
        """Count the distinct values."""
        return len(self.values)

    def share(self, mask: pa.BooleanArray) -> tuple[int, float]:
        """Return how many of the distinct values a mask names, and their share."""
        hits = int(pc.sum(mask).as_py() or 0)
        return hits, hits / len(self.values) if len(self.values) else 0.0

    def matches(self, pattern: str) -> tuple[int, float]:
        """Return how many distinct values an RE2 pattern matches whole, and their share."""
        return self.share(pc.match_substring_regex(self.values, f"^(?:{pattern})$", ignore_case=True))


def draw(column: pa.ChunkedArray, seed: int) -> Sample:
    """Draw up to 300 distinct non-empty values, by rows chosen at random with ``seed``."""
    filled = column
    if column.null_count:
        filled = column.take(_random(pc.indices_nonzero(pc.is_valid(column)), seed))
    elif len(column) > _DRAWN:
        filled = column.take(_random(pa.array(np.arange(len(column))), seed))
    text = pc.utf8_slice_codeunits(filled.combine_chunks(), 0, _LONGEST)
    text = pc.utf8_trim(text, _WHITESPACE)
    text = text.filter(pc.greater(pc.utf8_length(text), 0))
    if isinstance(text, pa.ChunkedArray):
        text = text.combine_chunks() if text.num_chunks else pa.array([], pa.string())
    return Sample(pc.unique(text).slice(0, DISTINCT), len(text))


def _random(places: pa.Array, seed: int) -> pa.Array:
    if len(places) <= _DRAWN:
        return places
    chosen = np.random.default_rng(seed).choice(len(places), _DRAWN, replace=False)
    return places.take(pa.array(chosen))
