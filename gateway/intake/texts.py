"""Text columns, whole columns at a time: cleaned, matched, read by their distinct values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]
Parsed = tuple[pa.Array, Mask]  # the typed column, and where a value could not be read

_ASCII_END = 128


def clean(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Return a text column without blanks at its ends, in NFC, with null for what is empty."""
    texts = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(texts, pa.ChunkedArray):  # combine_chunks keeps an empty chunked array chunked
        texts = pa.array([], pa.string())
    if is_ascii(texts):
        texts = pc.ascii_trim_whitespace(texts)
    else:
        texts = pc.utf8_normalize(pc.utf8_trim_whitespace(texts), form="NFC")
    empty = pc.equal(pc.binary_length(texts), 0)
    return pc.if_else(empty, pa.scalar(None, pa.string()), texts) if pc.any(empty).as_py() else texts


def is_ascii(texts: pa.Array) -> bool:
    """Whether all values are ASCII; looks at the bytes once."""
    octets = _octets(texts)
    return not len(octets) or int(octets.max()) < _ASCII_END


def has_nul(texts: pa.Array) -> Mask:
    """Where a value has a NUL inside: no text that a person wrote has one."""
    octets = _octets(texts)
    if not len(octets) or int(octets.min()):
        return np.zeros(len(texts), np.bool_)
    return mask(pc.match_substring(texts, "\0"))


def _octets(texts: pa.Array) -> npt.NDArray[np.uint8]:
    """Return the bytes of all values in one row, without a copy."""
    _, offsets, data = texts.buffers()
    if data is None or not len(texts):
        return np.empty(0, np.uint8)
    bounds = np.frombuffer(offsets, np.int32, count=len(texts) + 1, offset=4 * texts.offset)
    return np.frombuffer(data, np.uint8, count=int(bounds[-1] - bounds[0]), offset=int(bounds[0]))


def mask(column: pa.Array) -> Mask:
    """Return a boolean column as numpy, null as False."""
    result: Mask = pc.fill_null(column, False).to_numpy(zero_copy_only=False)
    return result


def unread(texts: pa.Array, values: pa.Array) -> Mask:
    """Where there was a text and no value came of it."""
    return mask(pc.and_(texts.is_valid(), values.is_null()))


def no_fault(texts: pa.Array) -> Mask:
    """Every value could be read."""
    return np.zeros(len(texts), np.bool_)


def try_cast(texts: pa.Array, kind: pa.DataType) -> pa.Array | None:
    """Return the column cast, or None when one value cannot be (Arrow's own message would hold it)."""
    try:
        return pc.cast(texts, kind)
    except pa.ArrowInvalid:
        return None


def by_distinct(texts: pa.Array, reader: Callable[[str], Any], kind: pa.DataType) -> Parsed:
    """Read each distinct value once; ``reader`` returns None for what it cannot read."""
    encoded = texts.dictionary_encode()
    read = pa.array([reader(value) for value in encoded.dictionary.to_pylist()], kind)
    values = pc.take(read, encoded.indices)
    return values, unread(texts, values)
