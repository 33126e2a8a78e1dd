import csv
import datetime as dt
import hashlib
import io
import json
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.foundation.spreadsheets import harmless
from gateway.release import delta_package, package
from gateway.release.errors import PackageRefused, UnknownFormat

NAMES = st.lists(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,20}", fullmatch=True), unique=True, max_size=20)
TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))


def packed(names: list[str], extra: pa.Table | None = None, *, kind: str = "csv") -> bytes:
    sink = io.BytesIO()
    result = package(pa.array(names, pa.string()), extra, format=kind, sink=sink)
    assert result.sha256 == hashlib.sha256(sink.getvalue()).hexdigest()
    assert result.rows == len(names)
    return sink.getvalue()


def test_known_csv() -> None:
    extra = pa.table({"age_band": ["35-39", None, ""], "spend": [1.5, -2.0, None]})
    assert packed(["p_b", "p_a", "p_C"], extra) == (
        b'pseudonym,age_band,spend\r\np_C,"",\r\np_a,,-2\r\np_b,35-39,1.5\r\n'
    )


def test_formulas_do_not_run() -> None:
    extra = pa.table({"note": ["=1+1", '+a,"b"', "-x", "@y", "\tz", "a=b"]})
    rows = list(csv.reader(io.StringIO(packed(list("abcdef"), extra).decode(), newline="")))
    assert [row[1] for row in rows[1:]] == ["'=1+1", '\'+a,"b"', "'-x", "'@y", "'\tz", "a=b"]


@settings(deadline=None)
@given(NAMES, st.data())
def test_every_format_says_the_same_in_the_order_of_pseudonyms(names: list[str], data: st.DataObject) -> None:
    texts = data.draw(st.lists(TEXTS, min_size=len(names), max_size=len(names)))
    extra = pa.table(
        {"text": pa.array(texts, pa.string()), "day": pa.array([dt.date(2026, 5, 1)] * len(names), pa.date32())}
    )
    wanted = sorted(zip(names, texts, strict=True), key=lambda pair: pair[0].encode())
    lines = packed(names, extra, kind="ndjson").decode().split("\n")[:-1]
    assert [(r["pseudonym"], r["text"]) for r in map(json.loads, lines)] == wanted
    assert all(json.loads(line)["day"] == "2026-05-01" for line in lines)
    table = pq.read_table(io.BytesIO(packed(names, extra, kind="parquet")))
    assert list(zip(table["pseudonym"].to_pylist(), table["text"].to_pylist(), strict=True)) == wanted
    rows = list(csv.reader(io.StringIO(packed(names, extra).decode(), newline="")))[1:]
    assert [row[0] for row in rows] == [name for name, _ in wanted]
    for cell, (_, text) in zip((row[1] for row in rows), wanted, strict=True):
        assert cell == harmless(text or "")


@settings(deadline=None)
@given(NAMES, st.randoms(use_true_random=False), st.sampled_from(["csv", "ndjson", "parquet"]))
def test_the_order_of_members_leaves_no_trace(names: list[str], random: Random, kind: str) -> None:
    shuffled = names[:]
    random.shuffle(shuffled)
    assert packed(shuffled, kind=kind) == packed(names, kind=kind)


def test_parquet_has_no_foreign_metadata() -> None:
    table = pa.table({"age_band": ["35-39"]}).replace_schema_metadata({"pandas": "{}"})
    assert pq.read_metadata(io.BytesIO(packed(["p"], table, kind="parquet"))).metadata is None


@pytest.mark.parametrize("names", [["a", "a"], ["=a"], [""], [None], ["a,b"], ["-a"], ["a\n"]])
def test_doubled_and_malformed_pseudonyms_are_refused(names: list[str | None]) -> None:
    sink = io.BytesIO()
    with pytest.raises(PackageRefused):
        package(pa.array(names, pa.string()), None, format="csv", sink=sink)
    assert sink.getvalue() == b""


def test_references_never_leave() -> None:
    for column in (pa.array([b"x" * 16], pa.binary(16)), pa.array([b"x"])):
        with pytest.raises(PackageRefused):
            package(pa.array(["a"]), pa.table({"subject": column}), format="csv", sink=io.BytesIO())
    with pytest.raises(PackageRefused):
        package(pa.array([b"x" * 16], pa.binary(16)), None, format="csv", sink=io.BytesIO())
    with pytest.raises(PackageRefused):
        package(pa.array(["a"]), pa.table({"pseudonym": ["b"]}), format="csv", sink=io.BytesIO())


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(UnknownFormat):
        package(pa.array(["a"]), None, format="xlsx", sink=io.BytesIO())


def test_known_delta() -> None:
    sink = io.BytesIO()
    left = pa.chunked_array([["m"], ["b", "m"]])
    result = delta_package(pa.array(["z", "a"]), left, format="csv", sink=sink)
    assert sink.getvalue() == b"change,pseudonym\r\nentered,a\r\nleft,b\r\nleft,m\r\nentered,z\r\n"
    assert result.rows == 4


def test_nobody_enters_and_leaves_at_once() -> None:
    with pytest.raises(PackageRefused):
        delta_package(pa.array(["a"]), pa.array(["a"]), format="csv", sink=io.BytesIO())


def test_an_empty_delta_has_a_header_only() -> None:
    sink = io.BytesIO()
    none = pa.array([], pa.string())
    assert delta_package(none, none, format="csv", sink=sink).rows == 0
    assert sink.getvalue() == b"change,pseudonym\r\n"


def test_more_rows_than_one_piece() -> None:
    names = [f"p{i:06d}" for i in np.random.default_rng(1).permutation(150_000)]
    lines = packed(names).split(b"\r\n")
    assert lines[1:-1] == [name.encode() for name in sorted(names)]
