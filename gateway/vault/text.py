"""The written form of a pseudonym: ``p_`` and 26 lower-case characters of base 32 (RFC 4648), whole columns at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from gateway.foundation.arrays import BLOCK, to_blocks

pc: Any = pyarrow.compute  # its functions are made when it is imported: no type checker sees them

_ALPHABET = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", np.uint8)
_VALUE = np.full(256, 255, np.uint8)
_VALUE[_ALPHABET] = np.arange(32, dtype=np.uint8)
_LENGTH = 28
_CHARACTERS = 26
_SHIFTS = np.arange(35, -1, -5, dtype=np.uint64)  # eight characters of five bits in forty
_PATTERN = "^p_[a-z2-7]{25}[aeimquy4]$"  # the last character carries three bits, the rest of it is zero


def pseudonym_text(blocks: pa.FixedSizeBinaryArray | pa.ChunkedArray) -> pa.StringArray:
    """Write a column of 16-byte pseudonyms (no nulls) as text."""
    data = to_blocks(blocks)
    n = len(data)
    groups = np.zeros((n, 4, 8), np.uint8)
    padded = np.zeros((n, 20), np.uint8)
    padded[:, :16] = data
    groups[:, :, 3:] = padded.reshape(n, 4, 5)
    words = groups.view(">u8").reshape(n, 4).astype(np.uint64)
    fives = (words[:, :, None] >> _SHIFTS).astype(np.uint8) & np.uint8(31)
    out = np.empty((n, _LENGTH), np.uint8)
    out[:, 0], out[:, 1] = ord("p"), ord("_")
    out[:, 2:] = _ALPHABET[fives.reshape(n, 32)[:, :_CHARACTERS]]
    offsets = np.arange(0, (n + 1) * _LENGTH, _LENGTH, dtype=np.int32)
    return pa.StringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(out))


def pseudonym_blocks(texts: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Read written pseudonyms; null where a text is not one."""
    column = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    column = column.cast(pa.string())
    good = pc.fill_null(pc.match_substring_regex(column, _PATTERN), False)
    kept = column.filter(good)
    n = len(kept)
    # A filtered array starts at offset 0, and every text has the same length, so its bytes are a matrix.
    raw = np.frombuffer(kept.buffers()[2], np.uint8, count=n * _LENGTH) if n else np.empty(0, np.uint8)
    values = np.zeros((n, 32), np.uint64)
    values[:, :_CHARACTERS] = _VALUE[raw.reshape(n, _LENGTH)[:, 2:]]
    words = (values.reshape(n, 4, 8) << _SHIFTS).sum(axis=2, dtype=np.uint64)
    whole = words.astype(">u8").view(np.uint8).reshape(n, 4, 8)[:, :, 3:].reshape(n, 20)[:, :16]
    mask = good.to_numpy(zero_copy_only=False)
    return scatter(whole, mask)


def scatter(blocks: np.ndarray, mask: np.ndarray) -> pa.Array:
    """Return a column of 16-byte values that has ``blocks`` where ``mask`` is true, and null elsewhere."""
    n = len(mask)
    out = np.zeros((n, 16), np.uint8)
    out[mask] = blocks
    bits = np.packbits(mask, bitorder="little")
    return pa.FixedSizeBinaryArray.from_buffers(BLOCK, n, [pa.py_buffer(bits), pa.py_buffer(out)])
