"""Seeded random samples: of a column's distinct values, of a file's rows; the cost does not grow with the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

DISTINCT = 300
_DRAWN = 2_000  # rows drawn to find that many distinct values
_WHITESPACE = " \t\r\n\u00a0\u202f"
_LONGEST = 1_000  # characters of a value that the patterns look at
_HEAVY = 8 * _LONGEST  # bytes of a cell, on average, from which a column is cut before rows are taken of it
_KEPT, _KEPT_BYTES = 20_000, 64 * 1024 * 1024  # rows that stand for a file: sparse columns need more than are drawn

Places = npt.NDArray[np.int64]


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
    """Draw up to 300 distinct values, none empty, each cut to 1,000 characters, by rows that ``seed`` chooses."""
    rng = np.random.default_rng(seed)
    texts = pick(column, _some(len(column), rng)).drop_null()
    if len(texts) < DISTINCT and len(column) > _DRAWN and column.null_count:  # mostly nulls: look where there are none
        filled = np.flatnonzero(pc.is_valid(column).to_numpy())
        texts = pick(column, filled[_some(len(filled), rng)])
    texts = pc.utf8_trim(texts, _WHITESPACE)
    texts = texts.filter(pc.greater(pc.binary_length(texts), 0))
    return Sample(pc.unique(texts).slice(0, DISTINCT), len(texts))


def _some(rows: int, rng: np.random.Generator) -> Places:
    return rng.choice(rows, min(rows, _DRAWN), replace=False)


def pick(column: pa.ChunkedArray, places: Places) -> pa.Array:
    """Return the texts at some places, in their order, each cut: no pattern shall walk through megabytes."""
    order = np.argsort(places)
    firsts = np.cumsum([0, *map(len, column.chunks)])
    bounds = np.searchsorted(places[order], firsts)
    pieces = [
        _cut(chunk, places[order[low:high]] - first)
        for chunk, first, low, high in zip(column.chunks, firsts, bounds, bounds[1:], strict=False)
        if low < high
    ]
    if not pieces:
        return pa.array([], pa.string())
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return pa.concat_arrays(pieces).take(pa.array(back))


def _cut(chunk: pa.Array, places: Places) -> pa.Array:
    if chunk.nbytes > _HEAVY * len(chunk) and chunk.type == pa.string():  # cut before it is copied
        chunk = pc.utf8_slice_codeunits(chunk, 0, _LONGEST)
    return pc.utf8_slice_codeunits(chunk.take(pa.array(places)).cast(pa.string()), 0, _LONGEST)


class RowSample:
    """Rows of a table that flows by in batches, each kept with the same chance; bounded in rows and in bytes.

    Each row gets a random number and those with the smallest stay, so that fewer can be kept at any time.
    """

    def __init__(self, seed: int = 0) -> None:
        self.rows = 0  # that flowed by
        self._rng = np.random.default_rng(seed)
        self._most = _KEPT
        self._keys = np.empty(0)
        self._table: pa.Table | None = None

    @property
    def table(self) -> pa.Table | None:
        """The rows kept, every column text; None before the first batch."""
        return self._table

    def add(self, batch: pa.Table) -> None:
        """Let a batch of text columns flow by; columns may come that were not there before."""
        self.rows += batch.num_rows
        if not batch.num_columns:
            return
        keys = self._rng.random(batch.num_rows)
        chosen = np.flatnonzero(keys < self._keys.max()) if len(self._keys) == self._most else np.arange(len(keys))
        chosen = chosen[np.sort(_smallest(keys[chosen], self._most))]
        new = pa.table({name: pick(batch.column(name), chosen) for name in batch.column_names})
        self._keys = np.concatenate((self._keys, keys[chosen]))
        self._table = self._bounded(
            new if self._table is None else pa.concat_tables([self._table, new], promote_options="default")
        )

    def _bounded(self, table: pa.Table) -> pa.Table:
        while len(self._keys) > self._most or (table.nbytes > _KEPT_BYTES and len(self._keys) > 1):
            if len(self._keys) <= self._most:
                self._most = len(self._keys) // 2
            kept = np.sort(_smallest(self._keys, self._most))
            self._keys = self._keys[kept]
            table = table.take(pa.array(kept)).combine_chunks()
        return table


def _smallest(keys: npt.NDArray[np.float64], most: int) -> Places:
    return np.argpartition(keys, most - 1)[:most] if len(keys) > most else np.arange(len(keys))
