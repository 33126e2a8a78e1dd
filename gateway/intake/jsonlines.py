"""Blocks of JSON lines (one object a line, RFC 8259) become Arrow tables of text; bad lines are set aside."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gateway.foundation.errors import InvalidInput
from gateway.intake.delimited import Piece
from gateway.intake.formats import MAX_COLUMNS, MAX_NAME
from gateway.intake.records import Block
from gateway.vocabulary.batches import QuarantinedRow

MAX_DEPTH = 64

_LF = 10
_Object = dict[str, msgspec.Raw]
_DECODER = msgspec.json.Decoder(_Object)
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"')
_STEP = np.zeros(256, np.int64)
_STEP[[ord("["), ord("{")]] = 1
_STEP[[ord("]"), ord("}")]] = -1


def read_block(block: Block, header: Sequence[str], *, name: str) -> Piece:
    """Return the objects of a block as text columns, their lines, and the lines set aside.

    Numbers keep their own text, nested values stay JSON text, null and absent are null. Keys beyond ``header``
    become columns too.
    """
    objects: list[_Object] = []
    taken: list[int] = []
    bad: list[QuarantinedRow] = []
    for index in np.flatnonzero(~block.blank).tolist():
        record = block.record(index)
        try:
            objects.append(_DECODER.decode(record))
            taken.append(index)
        except (msgspec.MsgspecError, RecursionError) as error:
            if record.strip():
                bad.append(QuarantinedRow(int(block.lines[index]), _reason(error), record))
    names = _names(objects, header, name)
    raw = {column: _column(objects, column) for column in names}
    rows = np.array(taken, np.int64)
    table = pa.table({column: _as_text(values) for column, values in raw.items()})
    faults = _doubled_keys(raw, block, rows) | _too_deep(raw, len(rows))
    return _without(table, block, rows, faults, bad)


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested_too_deep"
    return "not_an_object" if isinstance(error, msgspec.ValidationError) else "not_json"


def _column(objects: list[_Object], name: str) -> pa.Array:
    """Return the JSON values of one key, null where it is absent.

    A value has no line end inside, so one join and a look for line ends do what a million small copies would.
    """
    if not objects:
        return pa.array([], pa.binary())
    data = b"\n".join([each.get(name, b"") for each in objects]) + b"\n"
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == _LF) + 1
    offsets = np.concatenate(([0], ends)).astype(np.int32)
    marked = pa.Array.from_buffers(pa.binary(), len(objects), [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    values = pc.binary_slice(marked, 0, -1)
    return pc.if_else(pc.equal(pc.binary_length(values), 0), pa.scalar(None, pa.binary()), values)


def _names(objects: list[_Object], header: Sequence[str], name: str) -> list[str]:
    names = dict.fromkeys(header)
    for each in objects:
        if not names.keys() >= each.keys():
            names.update(dict.fromkeys(each))
    if len(names) > MAX_COLUMNS or any(len(column) > MAX_NAME for column in names):
        msg = f"{name}: more than {MAX_COLUMNS} different keys, or a key over {MAX_NAME} characters"
        raise InvalidInput(msg, reasons=("too_many_columns",))
    return list(names)


def _as_text(raw: pa.Array) -> pa.Array:
    """Return JSON values as text: a string without its quotes, null as null, anything else as it is written."""
    quoted = pc.equal(pc.binary_slice(raw, 0, 1), b'"')
    bare = pc.if_else(pc.equal(raw, b"null"), pa.scalar(None, pa.binary()), raw)
    text = pc.if_else(quoted, pc.binary_slice(raw, 1, -1), bare)
    escaped = pc.fill_null(pc.and_(quoted, pc.match_substring(raw, b"\\")), False)
    if pc.any(escaped).as_py():
        decoded = [msgspec.json.decode(value, type=str).encode() for value in raw.filter(escaped).to_pylist()]
        text = pc.replace_with_mask(text, escaped, pa.array(decoded, pa.binary()))
    return pc.if_else(pc.equal(pc.binary_length(text), 0), pa.scalar(None, pa.binary()), text).cast(pa.string())


def _doubled_keys(raw: dict[str, pa.Array], block: Block, rows: npt.NDArray[np.int64]) -> dict[int, str]:
    """Find objects that say one thing twice (RFC 8259 section 4).

    An object that is shorter in its parts than on its line has blanks, or a key twice; all lines of a writer have the
    same blanks, so only those that differ from the rest are read again key by key.
    """
    if not len(rows):
        return {}
    keys = np.zeros(len(rows), np.int64)
    length = np.ones(len(rows), np.int64)  # braces and commas: two and one less than there are keys
    for column, values in raw.items():
        present = values.is_valid().to_numpy(zero_copy_only=False)
        sizes = pc.fill_null(pc.binary_length(values), 0).to_numpy(zero_copy_only=False)
        keys += present
        length += sizes + present * (len(column.encode()) + 4)
    surplus = (block.ends - block.starts)[rows] - length
    spaced = np.maximum(2 * keys - 1, 0)
    usual = spaced if np.count_nonzero(surplus == spaced) > np.count_nonzero(surplus == 0) else 0
    return {
        int(place): "doubled_key"
        for place in np.flatnonzero((surplus != usual) & (keys > 0))
        if _has_doubled_key(block.record(int(rows[place])))
    }


def _has_doubled_key(record: bytes) -> bool:
    seen: list[int] = []
    # The hook is called for inner objects first; the last call is the outermost's.
    try:
        json.loads(record, object_pairs_hook=lambda pairs: seen.append(len(pairs) - len(dict(pairs))), parse_int=str)
    except RecursionError:
        return True
    return seen[-1] > 0


def _too_deep(raw: dict[str, pa.Array], count: int) -> dict[int, str]:
    faults: dict[int, str] = {}
    for values in raw.values():
        opening = pc.binary_slice(values, 0, 1)
        nested = pc.fill_null(pc.is_in(opening, value_set=pa.array([b"[", b"{"])), False)
        for place in np.flatnonzero(nested.to_numpy(zero_copy_only=False)).tolist():
            if _depth(values[place].as_py()) > MAX_DEPTH:
                faults[place] = "nested_too_deep"
    return faults if count else {}


def _depth(value: bytes) -> int:
    if value.count(b"[") + value.count(b"{") <= MAX_DEPTH:
        return 0
    marks = np.frombuffer(_STRING.sub(b"", value), np.uint8)
    return int(_STEP[marks].cumsum().max())


def _without(
    table: pa.Table, block: Block, rows: npt.NDArray[np.int64], faults: dict[int, str], bad: list[QuarantinedRow]
) -> Piece:
    kept = np.ones(len(rows), np.bool_)
    for place, reason in faults.items():
        kept[place] = False
        bad.append(QuarantinedRow(int(block.lines[rows[place]]), reason, block.record(int(rows[place]))))
    if faults:
        table = table.filter(pa.array(kept))
    bad.sort(key=lambda row: row.line)
    return table, block.lines[rows[kept]], bad
