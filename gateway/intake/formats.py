"""What kind of file this is: told from its first bytes and the contract, refused when it cannot be told."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import itertools
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from gateway.foundation.errors import InvalidInput
from gateway.intake.encodings import UNREADABLE, encoding_of
from gateway.intake.lenient import encoding_near
from gateway.intake.records import cut
from gateway.vocabulary.contracts import IgnoredColumn, SourceContract, SourceKind

DELIMITERS = (",", ";", "\t", "|")
MAX_COLUMNS = 2000
MAX_NAME = 256  # characters of a column name
_LOOKED_AT = 200  # records read to tell the delimiter

_PACKED = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"),
    (b"7z\xbc\xaf\x27\x1c", "7-zip"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"PAR1", "Parquet"),
    (b"ARROW1", "Arrow"),
    (b"%PDF", "PDF"),
)


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How to read a file; ``header`` has the column names in order (for JSON lines: the keys seen in the sample)."""

    kind: Literal["csv", "ndjson"]
    encoding: str  # a Python codec name
    delimiter: str  # of CSV
    header: tuple[str, ...]
    titles: tuple[str, ...] | None = None  # lenient reading only: what a CSV's first row holds, names or values
    lenient: bool = False


def describe(sample: bytes, contract: SourceContract | None, *, name: str, lenient: bool = False) -> FileFormat:
    """Return the format of a file by its first bytes (256 KiB are plenty) and what its contract declares.

    Raises InvalidInput with file, line and column for what cannot be read: empty, packed, binary, ambiguous
    encoding, a header with a doubled or missing name, a declared column that is not there. With ``lenient`` (to look at
    a file, never to take it in) the likeliest encoding will do and the columns are called column_1, column_2…
    """
    _refuse_packed(sample, name)
    text, encoding = _decoded(sample, contract, name, lenient=lenient)
    if not text.strip():
        raise InvalidInput(f"{name}: the file is empty", reasons=("empty_file",))
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InvalidInput(f"{name}, line {line}: binary content, not text", reasons=("binary_content",))
    opening = text.lstrip()[0]
    if opening == "[":
        msg = f"{name}: a JSON array; write JSON lines instead, one object on each line"
        raise InvalidInput(msg, reasons=("not_json_lines",))
    found = _json_lines(text, encoding) if opening == "{" else _csv(text, encoding, contract, name, lenient=lenient)
    if lenient:
        return _by_place(found)
    _require_declared(found, contract, name)
    return found


def _decoded(sample: bytes, contract: SourceContract | None, name: str, *, lenient: bool) -> tuple[str, str]:
    if lenient:
        encoding = encoding_near(sample, name=name)
        text = codecs.getincrementaldecoder(encoding)("replace").decode(sample).replace("\0", UNREADABLE)
    else:
        encoding = encoding_of(sample, contract.encoding if contract else None, name=name)
        text = codecs.getincrementaldecoder(encoding)().decode(sample)
    return text.removeprefix("\ufeff"), encoding


def _by_place(found: FileFormat) -> FileFormat:
    if found.kind == "ndjson":
        return replace(found, lenient=True)
    places = tuple(f"column_{place}" for place in range(1, len(found.header) + 1))
    return replace(found, header=places, titles=found.header, lenient=True)


def _refuse_packed(sample: bytes, name: str) -> None:
    for magic, kind in _PACKED:
        if sample.startswith(magic):
            msg = f"{name}: {kind} content; decompress or export it to CSV or JSON lines first"
            raise InvalidInput(msg, reasons=("compressed_file",))


def _json_lines(text: str, encoding: str) -> FileFormat:
    block, rest, _ = cut(text.encode(), 1, None, final=False)
    records = [block.record(index) for index in range(len(block.starts))] or [rest]
    decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])
    keys: dict[str, None] = {}
    for record in records:
        try:
            keys.update(dict.fromkeys(decoder.decode(record)))
        except (msgspec.MsgspecError, RecursionError):
            continue  # reading quarantines it with its line
    return FileFormat("ndjson", encoding, ",", tuple(itertools.islice(keys, MAX_COLUMNS)))


def _csv(text: str, encoding: str, contract: SourceContract | None, name: str, *, lenient: bool) -> FileFormat:
    declared = contract.delimiter if contract else None
    if declared is not None and (len(declared) != 1 or not declared.isascii() or declared in '"\r\n'):
        msg = f"{name}: the contract's `delimiter` is one ASCII character, and no quote or line end"
        raise InvalidInput(msg, reasons=("unknown_delimiter",))
    delimiter = declared or _delimiter(text, frozenset(contract.columns) if contract else frozenset())
    return FileFormat("csv", encoding, delimiter, _header(text, delimiter, name, lenient=lenient))


def _delimiter(text: str, wanted: frozenset[str]) -> str:
    """Return the delimiter that finds the declared columns and the same number of columns in the most rows."""
    best, best_score = DELIMITERS[0], (0, 0.0, 0)
    for delimiter in DELIMITERS:
        rows = _rows(text, delimiter)
        if not rows or len(rows[0]) == 1:
            continue
        same = sum(len(row) == len(rows[0]) for row in rows) / len(rows)
        score = (len(wanted & {_tidy(each) for each in rows[0]}), same, len(rows[0]))
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _rows(text: str, delimiter: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    with contextlib.suppress(csv.Error):  # a cell too long for it: the rows before tell enough
        rows.extend(row for row in itertools.islice(reader, _LOOKED_AT) if row)
    return rows[:-1] if len(rows) > 2 else rows  # noqa: PLR2004 - the last one may be cut by the sample's end


def _header(text: str, delimiter: str, name: str, *, lenient: bool) -> tuple[str, ...]:
    data = text.encode()
    block, rest, line = cut(data, 1, delimiter, final=False)
    filled = (~block.blank).nonzero()[0]
    record = block.record(int(filled[0])) if len(filled) else rest
    line = int(block.lines[filled[0]]) if len(filled) else line
    try:
        names = next(csv.reader(io.StringIO(record.decode(), newline=""), delimiter=delimiter))
    except (csv.Error, StopIteration):
        names = [""]
    header = tuple(_tidy(each) for each in names)
    _check_header(header, f"{name}, line {line}", lenient=lenient)
    return header


def _tidy(header: str) -> str:
    return unicodedata.normalize("NFC", header.strip())


def _check_header(header: tuple[str, ...], place: str, *, lenient: bool) -> None:
    # INVARIANT: columns are told by position: in a file without a header these would be somebody's values.
    if len(header) > MAX_COLUMNS:
        raise InvalidInput(f"{place}: more than {MAX_COLUMNS} columns", reasons=("too_many_columns",))
    if lenient:
        return
    for position, column in enumerate(header, 1):
        if not column:
            msg = f"{place}, column {position}: the column has no name; name it or remove it"
            raise InvalidInput(msg, reasons=("empty_header_name",))
        if len(column) > MAX_NAME:
            msg = f"{place}, column {position}: a name over {MAX_NAME} characters; is the header missing?"
            raise InvalidInput(msg, reasons=("header_too_long",))
    counted = Counter(header)
    twice = [str(place_of) for place_of, column in enumerate(header, 1) if counted[column] > 1]
    if twice:
        msg = f"{place}: columns {', '.join(twice)} share a name with one another; give each its own"
        raise InvalidInput(msg, reasons=("duplicated_header",))


def _require_declared(found: FileFormat, contract: SourceContract | None, name: str) -> None:
    if contract is None:
        return
    read = [name for name, column in contract.columns.items() if not isinstance(column, IgnoredColumn)]
    beside = [b for column in contract.columns.values() for b in getattr(column, "further", {}).values()]
    wanted = [*read, *beside, *([contract.time] if contract.time else [])]
    missing = [column for column in wanted if column not in found.header]
    # A JSON object may leave out what it does not know; only what makes a row usable must be seen.
    if found.kind == "ndjson" and not _unusable(missing, contract):
        return
    if missing:
        columns = ", ".join(f"`{column}`" for column in dict.fromkeys(missing))
        msg = f"{name}, line 1: the contract of `{contract.id}` declares columns that are not in the file: {columns}"
        raise InvalidInput(msg, reasons=("missing_column",))


def _unusable(missing: list[str], contract: SourceContract) -> bool:
    fields = {name: getattr(column, "field", None) for name, column in contract.columns.items()}
    identifying = [name for name, field in fields.items() if field in contract.subject]
    timeless = contract.kind is SourceKind.EVENTS and contract.time in missing
    return timeless or (bool(identifying) and all(column in missing for column in identifying))
