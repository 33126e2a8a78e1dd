"""CSV (RFC 4180) and NDJSON as column operations: a column of finished lines is already the file."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from gateway.foundation.spreadsheets import HARMLESS_INSIDE, PARTING, RUN_AT_START, RUN_INSIDE

_TEXT = pa.large_string()
_TO_QUOTE = r'[",\r\n]'
_CONTROLS = tuple(chr(code) for code in range(0x20))


def lines_of(column: pa.LargeStringArray) -> memoryview:
    """Return the bytes of all values, one after the other: Arrow keeps them so."""
    _, offsets, data = column.buffers()
    if data is None:
        return memoryview(b"")
    ends = pa.Array.from_buffers(pa.int64(), len(column) + 1, [None, offsets], offset=column.offset)
    return memoryview(data)[ends[0].as_py() : ends[len(column)].as_py()]


def csv_header(names: list[str]) -> bytes:
    """Return the first line."""
    cells = [_csv_text(pa.array([name], _TEXT))[0].as_py() for name in names]
    return (",".join(cells) + "\r\n").encode()


def csv_lines(batch: pa.RecordBatch) -> pa.LargeStringArray:
    """Return one line per row; an empty cell is null, ``""`` an empty text."""
    cells = [pc.fill_null(_csv_cell(column), "") for column in batch.columns]
    return _glued(_joined(cells, ","), "\r\n")


def _csv_cell(column: pa.Array) -> pa.Array:
    return _csv_text(column.cast(_TEXT)) if is_text(column.type) else _plain(column)


def _csv_text(text: pa.Array) -> pa.Array:
    guarded = _harmless(text)
    wants = pc.or_(pc.match_substring_regex(guarded, _TO_QUOTE), pc.equal(pc.binary_length(guarded), 0))
    doubled = pc.replace_substring(guarded, '"', '""')
    return pc.if_else(wants, _glued('"', doubled, '"'), guarded)


def _harmless(text: pa.Array) -> pa.Array:
    """Return cells that no spreadsheet runs, as ``spreadsheets.harmless`` does one."""
    if pc.any(pc.match_substring_regex(text, PARTING)).as_py():
        text = pc.replace_substring_regex(text, RUN_INSIDE, HARMLESS_INSIDE)
    return pc.if_else(pc.match_substring_regex(text, RUN_AT_START), _glued("'", text), text)


def ndjson_lines(batch: pa.RecordBatch) -> pa.LargeStringArray:
    """Return one JSON object per row, its keys in the order of the columns."""
    members = []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        key = _json_text(pa.array([name], _TEXT))[0].as_py() + ":"
        members.append(_glued(key, pc.fill_null(_json_value(column), "null")))
    return _glued("{", _joined(members, ","), "}\n")


def _json_value(column: pa.Array) -> pa.Array:
    if is_text(column.type):
        return _json_text(column.cast(_TEXT))
    if pa.types.is_floating(column.type):  # JSON has no NaN and no infinity
        return _plain(pc.if_else(pc.is_finite(column), column, None))
    if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        return _plain(column)
    return _json_text(_plain(column))


def _json_text(text: pa.Array) -> pa.Array:
    for old, new in (("\\", "\\\\"), ('"', '\\"')):
        text = pc.replace_substring(text, old, new)
    if pc.any(pc.match_substring_regex(text, r"[\x00-\x1f]")).as_py():
        for control in _CONTROLS:
            text = pc.replace_substring(text, control, f"\\u{ord(control):04x}")
    return _glued('"', text, '"')


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _plain(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ").cast(_TEXT)
    return column.cast(pa.string()).cast(_TEXT)


def _joined(columns: list[pa.Array], separator: str) -> pa.Array:
    return pc.binary_join_element_wise(*columns, pa.scalar(separator, _TEXT))


def _glued(*parts: pa.Array | str) -> pa.Array:
    """Put texts and columns beside each other; null where a column is."""
    return _joined([pa.scalar(part, _TEXT) if isinstance(part, str) else part for part in parts], "")
