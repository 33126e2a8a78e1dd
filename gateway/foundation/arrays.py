"""16-byte columns between Arrow and numpy, without a copy where the layout allows it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

BLOCK = pa.binary(16)
Blocks = npt.NDArray[np.uint8]  # shape (n, 16)


def to_blocks(column: pa.FixedSizeBinaryArray | pa.ChunkedArray) -> Blocks:
    """Return a column of 16-byte values without nulls as an (n, 16) array of bytes."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):  # combine_chunks keeps an empty chunked array chunked
        array = array.chunk(0) if array.num_chunks else pa.array([], BLOCK)
    if array.null_count:
        msg = "a column of 16-byte blocks has no nulls"
        raise ValueError(msg)
    if len(array) == 0:
        return np.empty((0, 16), np.uint8)
    data = array.buffers()[1]
    return np.frombuffer(data, np.uint8, count=16 * len(array), offset=16 * array.offset).reshape(-1, 16)


def from_blocks(blocks: Blocks) -> pa.FixedSizeBinaryArray:
    """Return an (n, 16) array of bytes as an Arrow column of 16-byte values."""
    contiguous = np.ascontiguousarray(blocks, np.uint8)
    return pa.FixedSizeBinaryArray.from_buffers(BLOCK, len(contiguous), [None, pa.py_buffer(contiguous)])
