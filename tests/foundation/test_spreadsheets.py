"""No cell of a CSV file is run by a spreadsheet, whichever sign parts its cells."""

from __future__ import annotations

import csv
import io
import re
import sys
import unicodedata

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.foundation.spreadsheets import PARTING, harmless
from gateway.release.text_formats import csv_lines

SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20"
UNSEEN = {chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) in {
    "Cc", "Cf", "Zs", "Zl", "Zp"}}  # fmt: skip
TEXTS = st.text(st.sampled_from([*SIGNS, *" \u200b\ufeff\u00a0\x00\x0b\u2060\t\r\n;,'\"ab1|"]), max_size=12)


def starts_a_formula(cell: str) -> bool:
    """Written apart from the pattern: the first character that can be seen is a sign."""
    return next((sign in SIGNS for sign in cell if sign not in UNSEEN), False) or cell.startswith(("\t", "\r", "\n"))


def released(texts: list[str]) -> list[str]:
    return csv_lines(pa.record_batch([pa.array(texts, pa.string())], ["text"])).to_pylist()


@given(TEXTS)
@example("\u200b=1")
@example(" =1")
@example("\uff1d1")
@example("a;=1+1")
@example("a\n\n=1")
@example('a;"=1"')
def test_no_cell_is_a_formula_wherever_cells_are_parted(text: str) -> None:
    (line,) = released([text])
    assert not starts_a_formula(harmless(text))
    assert not any(starts_a_formula(cell.lstrip('"')) for cell in re.split(PARTING, line)[1:])


@given(st.lists(TEXTS, min_size=1, max_size=5))
def test_a_release_and_a_record_guard_alike(texts: list[str]) -> None:
    rows = list(csv.reader(io.StringIO("".join(released(texts)), newline="")))
    assert [row[0] for row in rows] == [harmless(text) for text in texts]


@given(TEXTS)
def test_nothing_but_apostrophes_is_added(text: str) -> None:
    told = harmless(text)
    assert told.replace("'", "") == text.replace("'", "")
    assert harmless(told) == told


@pytest.mark.parametrize("text", ["", "a", "a=b", "35-39", "1;2", "a; b", "x - y", "aino@example.org"])
def test_what_runs_nowhere_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_whatever_cannot_be_seen_hides_no_sign() -> None:
    hidden = [sign for sign in sorted(UNSEEN - set("\t\r\n")) if harmless(f"{sign}=1") != f"'{sign}=1"]
    assert hidden == []
    lines = released([f"{sign}=1" for sign in sorted(UNSEEN - set("\t\r\n"))])
    assert all(line.startswith("'") for line in lines)
