"""What a CSV or JSON writer wrote comes back, with the physical line of every row."""

# ruff: noqa: FBT001 - Hypothesis gives the booleans

from __future__ import annotations

import codecs
import csv
import io
import itertools
import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.intake import FileFormat, encodings, read_batches
from gateway.intake.records import blocks
from gateway.vocabulary.batches import RawBatch
from gateway.vocabulary.names import SourceId
from tests.rooms.intake.made import profiles, read

ALPHABETS = {
    "utf-8": "aäőЖ字😀 ,;|\t\"'\n\r-1",
    "utf-16-le": "aäőЖ字😀 ,;|\t\"'\n\r-1",
    "utf-16-be": "aäőЖ字😀 ,;|\t\"'\n\r-1",
    "cp1251": "abЖїєґ ,;|\t\"'\n\r-1",
    "cp1250": "abőűáč ,;|\t\"'\n\r-1",
}
MARKS = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
LINE_END = re.compile(r"\r\n|\r|\n")

encoding_names = st.sampled_from(sorted(ALPHABETS))
delimiters = st.sampled_from([",", ";", "\t", "|"])


def tables(encoding: str) -> st.SearchStrategy[list[tuple[str, ...]]]:
    text = st.text(ALPHABETS[encoding], max_size=8)
    return st.lists(st.tuples(text, text, text), max_size=12)


def written(rows: list[tuple[str, ...]], delimiter: str, *, quote_all: bool) -> tuple[str, list[int]]:
    """Write as the csv module does, and say on which physical line each row starts."""
    out = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator="\n" if quote_all else "\r\n")
    writer.writerow(("no", "name", "x"))
    lines = []
    for row in rows:
        lines.append(1 + len(LINE_END.findall(out.getvalue())))
        writer.writerow(row)
    return out.getvalue(), lines


def together(batches: list[RawBatch]) -> tuple[list[tuple[str, ...]], list[int]]:
    rows = [tuple(value or "" for value in row.values()) for batch in batches for row in batch.table.to_pylist()]
    return rows, [int(line) for batch in batches for line in batch.lines]


@given(st.data(), encoding_names, delimiters, st.booleans(), st.integers(1, 5))
def test_what_csv_writes_comes_back_with_its_lines(
    data: st.DataObject, encoding: str, delimiter: str, quote_all: bool, rows: int
) -> None:
    table = data.draw(tables(encoding))
    text, lines = written(table, delimiter, quote_all=quote_all)
    contract = profiles({}, encoding=encoding, delimiter=delimiter)
    batches = read(MARKS.get(encoding, b"") + text.encode(encoding), contract, rows=rows)
    assert together(batches) == (table, lines)
    assert all(batch.table.num_rows <= rows and not batch.quarantined for batch in batches)


@given(st.data(), st.sampled_from(["utf-8", "utf-16-be", "cp1251"]), st.integers(1, 7), st.booleans())
def test_where_the_stream_is_cut_does_not_matter(
    data: st.DataObject, encoding: str, size: int, quote_all: bool
) -> None:
    table = data.draw(tables(encoding))
    text, lines = written(table, ";", quote_all=quote_all)
    layout = FileFormat("csv", encoding, ";", ("no", "name", "x"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encodings, "CHUNK_BYTES", size)
        batches = list(read_batches(io.BytesIO(text.encode(encoding)), layout, SourceId("made"), name="made.csv"))
    assert together(batches) == (table, lines)


messy = st.text('a,"\n\r ', max_size=40).map(str.encode)


@given(messy, st.lists(st.integers(0, 40), max_size=5))
def test_records_do_not_depend_on_the_pieces(data: bytes, cuts: list[int]) -> None:
    """Also for quotes that no writer would write."""

    def seen(pieces: list[bytes]) -> list[tuple[bytes, int]] | str:
        try:
            return [
                (block.record(index), int(block.lines[index]))
                for block in blocks(pieces, delimiter=",", name="made.csv")
                for index in range(len(block.starts))
            ]
        except Exception as error:  # noqa: BLE001 - the same refusal is asked for too
            return str(error)

    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    pieces = [data[start:stop] for start, stop in itertools.pairwise(places)]
    assert seen(pieces) == seen([data])


def naive_records(text: str, delimiter: str) -> list[str] | None:
    """Read piece by piece; None when a quote stays open."""
    piece = re.compile(rf'"(?:[^"]|"")*+"|\r\n|[\r\n]|{delimiter}|.', re.DOTALL)
    records, record, at_start, place = [], "", True, 0
    while place < len(text):
        token = piece.match(text, place)[0]  # type: ignore[index] # the last alternative always fits
        if token[0] == '"' and not at_start:
            token = '"'
        elif token == '"':
            return None
        place += len(token)
        at_start = token == delimiter or token[0] in "\r\n"
        if token[0] in "\r\n":
            records.append(record)
            record = ""
        else:
            record += token
    return [*records, record] if record else records


@given(messy)
def test_records_are_those_of_a_naive_reader(data: bytes) -> None:
    expected = naive_records(data.decode(), ",")
    if expected is None:
        with pytest.raises(Exception, match="never closed"):
            list(blocks([data], delimiter=",", name="made.csv"))
        return
    found = [
        block.record(index).decode()
        for block in blocks([data], delimiter=",", name="made.csv")
        for index in range(len(block.starts))
    ]
    assert found == expected


json_values = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.lists(st.text(max_size=2)))


@given(st.lists(st.dictionaries(st.sampled_from(["a", "b", "ö", '"']), json_values, min_size=1)), st.booleans())
def test_json_lines_come_back_as_text(rows: list[dict[str, object]], compact: bool) -> None:
    separators = (",", ":") if compact else None
    lines = [json.dumps(row, ensure_ascii=compact, separators=separators) for row in rows]
    layout = FileFormat("ndjson", "utf-8", ",", ("a", "b"))
    stream = io.BytesIO("\n".join(lines).encode())
    batches = list(read_batches(stream, layout, SourceId("made"), name="made.json"))
    found = [row for batch in batches for row in batch.table.to_pylist()]
    assert not [row for batch in batches for row in batch.quarantined]
    assert len(found) == len(rows)
    for row, back in zip(rows, found, strict=True):
        for key, value in row.items():
            text = (
                value
                if isinstance(value, str) or value is None
                else json.dumps(value, ensure_ascii=compact, separators=separators)
            )
            assert back[key] == (text or None)


def test_bad_json_lines_are_set_aside_with_their_line() -> None:
    deep = '{"a":' + "[" * 100 + "]" * 100 + "}"
    deepest = '{"a":' + "[" * 9000 + "]" * 9000 + "}"
    lines = ['{"a":1.50}', "", '{"a":', "[1]", '{"a":1,"a":2}', deep, deepest, '{"a":"x"} x', '{"a":NaN}', '{"b":0}']
    (batch,) = read("\r\n".join(lines).encode())
    assert batch.table.to_pylist() == [{"a": "1.50", "b": None}, {"a": None, "b": "0"}]
    assert batch.lines.tolist() == [1, 10]
    assert [(row.line, row.reason) for row in batch.quarantined] == [
        (3, "not_json"),
        (4, "not_an_object"),
        (5, "doubled_key"),
        (6, "nested_too_deep"),
        (7, "nested_too_deep"),
        (8, "not_json"),
        (9, "not_json"),
    ]


def test_a_row_of_another_width_is_set_aside_with_its_line_and_bytes() -> None:
    text = 'a,b\r\n\r\n"x\r\ny",2\r\n1,2,3\r\n5" pipe,"q"z\r\n\r\nlast\r\nNA,""\r\n'
    (batch,) = read(text.encode())
    assert batch.table.to_pylist() == [{"a": "x\r\ny", "b": "2"}, {"a": '5" pipe', "b": "qz"}, {"a": "NA", "b": None}]
    assert batch.lines.tolist() == [3, 6, 9]
    assert [(row.line, row.reason, row.raw) for row in batch.quarantined] == [
        (5, "wrong_number_of_columns", b"1,2,3"),
        (8, "wrong_number_of_columns", b"last"),
    ]


def test_a_blank_line_of_one_column_is_no_row_and_an_empty_value_is_one() -> None:
    (batch,) = read(b'a\n\nx\n""\n\n')
    assert batch.table.to_pylist() == [{"a": "x"}, {"a": None}]
    assert batch.lines.tolist() == [3, 4]


def test_a_header_alone_is_no_row() -> None:
    assert read(b"a,b\r\n") == []
    assert read(b"a,b") == []


def test_a_batch_ends_at_its_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.intake.reading.BATCH_BYTES", 1_000_000)
    monkeypatch.setattr(encodings, "CHUNK_BYTES", 600_000)
    row = b"1," + b"x" * 100_000 + b"\n"
    batches = read(b"a,b\n" + row * 50)
    assert sum(batch.table.num_rows for batch in batches) == 50
    assert max(batch.table.nbytes for batch in batches) < 2_000_000


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_mark_is_no_part_of_the_first_name(encoding: str) -> None:
    (batch,) = read("\ufeffä,b\n1,2\n".encode("utf-8") if encoding == "utf-8" else "ä,b\n1,2\n".encode(encoding))
    assert batch.table.column_names == ["ä", "b"]
    assert batch.lines.dtype == np.int64
