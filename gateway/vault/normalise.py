"""Identifiers to the one form in which they are hashed: the same person must give the same bytes every time."""

from __future__ import annotations

import unicodedata
from typing import Any

import pyarrow as pa
import pyarrow.compute

from gateway.vault.phones import to_e164

pc: Any = pyarrow.compute  # its functions are made when it is imported: no type checker sees them

_SPACES = r"^\s+|\s+$"
# '+' stays: it tells the century in a Finnish personal identity code.
_SEPARATORS = r"[\s\-./\x{00a0}\x{2010}-\x{2015}]"


def normalise(kind: str, values: pa.Array | pa.ChunkedArray, regions: pa.Array | str | None = None) -> pa.Array:
    """Normalise a column of identifiers of one type; null stays null, and hopeless or empty values become null.

    ``email``: NFC, stripped, case folded. ``phone``: E.164. ``national_id``: separators out, upper case. All others
    (``customer_number``…): NFC, stripped, upper case.
    """
    column = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if column.null_count == len(column):
        return pa.nulls(len(column), pa.string())
    column = column.cast(pa.string())
    if kind == "phone":
        return to_e164(column, regions)
    return _empty_to_null(_written(kind, _composed(column)))


def normalise_one(kind: str, value: str, region: str | None = None) -> str | None:
    """Normalise one identifier."""
    written: str | None = normalise(kind, pa.array([value], pa.string()), region)[0].as_py()
    return written


def normalised(kind: str, value: str, region: str | None = None) -> str:
    """Write one identifier as it is hashed; a value that cannot be normalised stands as it came, stripped."""
    return normalise_one(kind, value, region) or value.strip()


def _written(kind: str, column: pa.Array) -> pa.Array:
    if kind == "email":
        return _folded(pc.utf8_trim_whitespace(column))
    if kind == "national_id":
        return pc.utf8_upper(pc.replace_substring_regex(column, _SEPARATORS, ""))
    return pc.utf8_upper(pc.utf8_trim_whitespace(column))


def _composed(column: pa.Array) -> pa.Array:
    return column if _all_ascii(column) else pc.utf8_normalize(column, form="NFC")


def _folded(column: pa.Array) -> pa.Array:
    if _all_ascii(column):
        return pc.ascii_lower(column)
    plain = pc.fill_null(pc.string_is_ascii(column), True)
    others = column.filter(pc.invert(plain)).to_pylist()
    folded = pa.array([unicodedata.normalize("NFC", text.casefold()) for text in others], pa.string())
    return pc.replace_with_mask(pc.ascii_lower(column), pc.invert(plain), folded)


def _all_ascii(column: pa.Array) -> bool:
    return bool(pc.all(pc.string_is_ascii(column), skip_nulls=True).as_py())


def _empty_to_null(column: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
