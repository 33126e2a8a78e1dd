"""Whatever stands in a table: an answer for every column, none of its values repeated, and bounded work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.detection import Detector, RowSample
from gateway.detection.sampling import draw, pick
from gateway.vocabulary.batches import RawBatch
from gateway.vocabulary.names import SourceId
from tests.rooms.detection.support import catalogue, contract

CANARY = "zqcanary7731"
DETECTOR = Detector(catalogue())
FIELDS = ("email", "phone", "given_name", "national_id", "feedback", "city")

pieces = st.sampled_from(
    [CANARY, "@", "a@a.", ".", " ", "-", "0", "12345678", "\0", "\u202e", "שלום", "😀", "e\u0301", "ё", "{", '"', "[1",
     "}", "%40", "+358", "http://", "\n", "ﬁ", "\u200b", "Ⅷ", "٣", "1.1.1970", "FI21 ", "<", ">", ",", "_", "\ufffd"]
)  # fmt: skip
cells = st.none() | st.text(st.characters(codec="utf-8"), max_size=12) | st.lists(pieces, max_size=12).map("".join)
headers = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(FIELDS)


@st.composite
def tables(draws: st.DrawFn) -> pa.Table:
    names = draws(st.lists(headers, min_size=1, max_size=4, unique=True))
    rows = draws(st.integers(0, 9))
    return pa.table({name: pa.array([draws(cells) for _ in range(rows)], pa.string()) for name in names})


def said(table: pa.Table) -> str:
    """All words of all findings, after what must hold of any."""
    found = DETECTOR.classify(table)
    assert list(found) == table.column_names
    assert all(0 <= each.confidence <= 1 and each.evidence for each in found.values())
    return " ".join(word for each in found.values() for word in each.evidence)


@settings(max_examples=60)
@given(tables())
def test_any_table_gets_findings_that_repeat_no_value(table: pa.Table) -> None:
    assert CANARY not in said(table)
    declared = dict(zip(table.column_names, FIELDS, strict=False))
    batch = RawBatch(SourceId("webshop"), table, np.arange(table.num_rows))
    findings = DETECTOR.check(batch, contract(declared))
    assert CANARY not in " ".join(word for each in findings.contradictions for word in each.evidence)


@settings(max_examples=60)
@given(st.lists(cells, min_size=1, max_size=4), st.sampled_from(["given_name", "phone", "email", "birth_date", "x"]))
def test_any_text_gets_places_within_itself(texts: list[str | None], category: str) -> None:
    own = pa.array([text and text[::2] for text in texts], pa.string())
    for text, found in zip(texts, DETECTOR.find(pa.array(texts, pa.string()), {category: own}), strict=True):
        ends = [0, *(place for each in found for place in (each.start, each.end))]
        assert ends == sorted(ends)
        assert ends[-1] <= len(text or "")


@pytest.mark.parametrize("unit", ["a@a@a@", "a.a.", "1-", "1 ", "0.", "a-", "(", "<a@", '{"', "Aa ", "é'", "á1,", "a:"])
def test_adversarial_cells_are_read_to_a_bounded_depth(unit: str) -> None:
    """100 kB a cell: only the first 1,000 characters come before a pattern, which is what bounds the work."""
    column = pa.chunked_array([pa.array([f"{n}{unit * (100_000 // len(unit))}" for n in range(20)])])
    sample = draw(column, 0)
    assert len(sample) == 20
    assert max(map(len, sample.values.to_pylist())) == 1_000
    assert DETECTOR.classify(pa.table({"x": column}))["x"].confidence < 0.99


@pytest.mark.parametrize("unit", ["a@", "1 ", "1-", "Aino ", "a.", "'", "+1(", "utca 1 "])
def test_an_adversarial_note_is_read_or_closed(unit: str) -> None:
    text = (unit * 20_000)[:20_000]
    (found,) = DETECTOR.find(pa.array([text]), {"given_name": pa.array(["Aino"]), "phone": pa.array(["11 1111111"])})
    assert all(each.end <= len(text) for each in found)
    (closed,) = DETECTOR.find(pa.array([text + "!"]), {})
    assert [(each.start, each.end, each.category) for each in closed] == [(0, 20_001, "redacted")]


def test_cells_of_ten_megabytes_are_cut_before_they_are_copied() -> None:
    column = pa.chunked_array([pa.array([f"{n}" + "y" * 10_000_000 for n in range(4)]), pa.array(["z", None])])
    texts = pick(column, np.array([5, 4, 0, 3]))
    assert [text and (text[0], len(text)) for text in texts.to_pylist()] == [None, ("z", 1), ("0", 1_000), ("3", 1_000)]


def test_two_thousand_columns_each_get_an_answer() -> None:
    table = pa.table({f"f{n}": pa.array([str(n), None], pa.string()) for n in range(2_000)})
    found = DETECTOR.classify(table)
    assert len(found) == 2_000


@pytest.mark.parametrize(
    "values", [[], [None] * 5, [""] * 5, [" \n"] * 5, ["\0"] * 5, ["\u202eabc"] * 5, [CANARY] * 5, ["\ufffd\ufffd"]]
)
def test_columns_that_say_nothing_are_unknown(values: list[str | None]) -> None:
    found = DETECTOR.classify(pa.table({"x": pa.array(values, pa.string()), "y": pa.nulls(len(values))}))
    assert found["x"].category in {"unknown", "free_text"}
    assert (found["y"].category, found["y"].confidence) == ("unknown", 0.0)


def test_two_columns_of_one_name_are_refused_rather_than_one_of_them_lost() -> None:
    table = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], ["x", "x"])
    with pytest.raises(ValueError, match="names of their own"):
        DETECTOR.classify(table)


def test_a_sample_finds_the_few_values_of_a_sparse_column() -> None:
    values = [f"v{n}" if n % 1_000 == 0 else None for n in range(100_000)]
    assert len(draw(pa.chunked_array([pa.array(values)]), 0)) == 100
    full = pa.chunked_array([pa.array([f"v{n}" for n in range(5_000)])])
    drawn = draw(full, 0).values.to_pylist()
    assert len(drawn) == 300
    assert max(int(value[1:]) for value in drawn) > 4_000  # from the whole column, not from its beginning
    assert drawn == draw(full, 0).values.to_pylist()


@settings(max_examples=25)
@given(st.lists(st.integers(0, 9_000), max_size=12))
def test_a_row_sample_counts_all_and_keeps_whole_rows(sizes: list[int]) -> None:
    sample, start = RowSample(), 0
    for size in sizes:
        values = [str(n) for n in range(start, start + size)]
        sample.add(pa.table({"a": pa.array(values, pa.string()), "b": pa.array(values, pa.string())}))
        start += size
    assert sample.rows == start
    if sample.table is not None:
        kept = sample.table.column("a").to_pylist()
        assert kept == sample.table.column("b").to_pylist()
        assert len(kept) == len(set(kept)) == min(start, 20_000)


def test_every_row_has_the_same_chance_and_bytes_are_bounded() -> None:
    sample = RowSample()
    for start in range(0, 200_000, 10_000):
        sample.add(pa.table({"n": pa.array([str(n) for n in range(start, start + 10_000)], pa.string())}))
    assert sample.table is not None
    kept = np.array([int(n) for n in sample.table.column("n").to_pylist()])
    share, _ = np.histogram(kept, bins=20, range=(0, 200_000))
    assert abs(share - 1_000).max() < 150  # five standard deviations
    heavy = RowSample()
    for _ in range(3):
        heavy.add(pa.table({str(n): pa.array([f"{n:01000}"] * 400) for n in range(400)}))
    assert heavy.table is not None
    assert heavy.rows == 1_200
    assert heavy.table.nbytes <= 64 * 1024 * 1024


def test_columns_that_come_later_are_null_before() -> None:
    sample = RowSample()
    sample.add(pa.table({}))
    sample.add(pa.table({"a": ["1"]}))
    sample.add(pa.table({"b": ["2"]}))
    assert sample.table is not None
    assert sample.table.to_pydict() == {"a": ["1", None], "b": [None, "2"]}


@pytest.mark.parametrize(
    ("cells_", "column", "named"),
    [
        (("email", "x"), ["a@example.org"], True),
        (("a@example.org", "email"), ["b@example.org"], False),
        (("0", "1"), ["9"], True),
        (("12.5", "Helsinki"), ["9"], False),
        (("Aino", "Helsinki"), ["Liisa", "Aino"], False),
        (("zork", "blob"), ["Liisa", "Aino"], True),
        (("customer", "2024", "2025", "2026"), ["Liisa"], True),
        (("", ""), ["Liisa"], True),
        (("w" * 90, "zork"), ["Liisa"], False),
    ],
)
def test_a_first_row_of_values_is_not_taken_for_names(
    cells_: tuple[str, ...], column: list[str], *, named: bool
) -> None:
    table = pa.table({f"column_{n}": pa.array(column, pa.string()) for n in range(len(cells_))})
    assert DETECTOR.names_columns(cells_, table) is named


OFFLINE = """
import os, sys
CALLS = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostby",
         "urllib.Request", "subprocess.Popen", "os.system", "os.posix_spawn", "os.exec")
def closed(event, _):
    # The interpreter tells of every call; a library that asks whether IPv6 exists binds a socket and calls nobody.
    if event.startswith(CALLS):
        print("tried:", event, flush=True)
        os._exit(3)
sys.addaudithook(closed)
import pyarrow as pa
from gateway.detection import Detector
from gateway.wiring import read_pack
from gateway.foundation.settings import Settings
detector = Detector(read_pack(Settings().policies).catalogue)
texts = pa.array(["We met Xylander Brannigan near Zorkville about GB82 WEST 1234 5698 7654 32",
                  "Tapasin Ylermi Kuusiston Porvoossa", "see http://shop.example.org or mail a@shop.example.co.uk",
                  "Зустріли Остапа Вишневецького", "Találkoztunk Zsigmond Árpáddal", "NHS 943 476 5919, ip 192.0.2.7"])
languages = pa.array(["en", "fi", "en", "uk", "hu", "en"])
found = detector.find(texts, {"given_name": pa.array(["Xylander"] * 6)}, languages)
assert found[0] and found[2], "nothing found"
assert not any(one.category == "redacted" for each in found for one in each), "a text was closed"
assert detector.redact(texts, {}, languages).texts[2].as_py() != texts[2].as_py()
assert detector.classify(pa.table({"a": texts, "url": texts}))
print("done")
"""


def test_nothing_calls_out_even_with_the_models_loaded() -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-W", "ignore", "-c", OFFLINE],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr[-800:]
