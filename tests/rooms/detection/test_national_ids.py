# ruff: noqa: S311 -- made-up data
from __future__ import annotations

import random
from collections.abc import Callable

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.ua import rntrc

from gateway.detection.national_ids import KINDS, is_valid, valid
from tests.rooms.detection import support

# Published examples: python-stdnum's documentation (hetu, RNTRC), the worked example of the Hungarian tax sign for a
# birth on 1967-02-13, HMRC's placeholder number, the NHS Data Dictionary, the Swedish Tax Agency's personnummer and
# samordningsnummer, python-stdnum's IdNr, the specimens of the Ukrainian and of the German identity
# card, 3GPP's IMEI, the IBAN registry, and card networks' test numbers.
KNOWN = [
    ("fi_hetu", "131052-308T"),
    ("fi_hetu", "131052a308t"),
    ("ua_rntrc", "1759013776"),
    ("hu_tax_id", "8365670003"),
    ("hu_tax_id", "8365 670 003"),
    ("hu_taj", "111 111 110"),
    ("gb_nino", "AB 12 34 56 C"),
    ("gb_nhs", "943 476 5919"),
    ("se_personnummer", "811228-9874"),
    ("se_personnummer", "19811228-9874"),
    ("se_personnummer", "701063-2391"),
    ("de_tax_id", "36 574 261 809"),
    ("ua_unzr", "19910824-00026"),
    ("de_id_card", "L01X00T471"),
    ("imei", "49-015420-323751-8"),
    ("iban", "GB82 WEST 1234 5698 7654 32"),
    ("iban", "FI2112345600000785"),
    ("card", "4111 1111 1111 1111"),
    ("card", "5555-5555-5555-4444"),
]
WRONG = [
    ("fi_hetu", "131052-308U"),
    ("fi_hetu", "310252-308Y"),
    ("ua_rntrc", "1759013770"),
    ("hu_tax_id", "8365670004"),
    ("hu_tax_id", "7365670003"),
    ("hu_taj", "111111111"),
    ("hu_taj", "000000000"),
    ("gb_nino", "BG123456C"),
    ("gb_nino", "AB123456E"),
    ("gb_nhs", "943 476 5918"),
    ("gb_nhs", "000 000 0000"),
    ("se_personnummer", "811228-9873"),
    ("se_personnummer", "811328-9874"),
    ("de_tax_id", "36574261890"),
    ("ua_unzr", "19911324-00026"),
    ("ua_unzr", "19910824-00025"),
    ("de_id_card", "L01X00T472"),
    ("imei", "490154203237517"),
    ("iban", "GB82WEST12345698765433"),
    ("card", "4111111111111112"),
    ("card", "9999999999999995"),
]


@pytest.mark.parametrize(("kind", "value"), KNOWN)
def test_known_answers_pass(kind: str, value: str) -> None:
    assert is_valid(kind, value)


@pytest.mark.parametrize(("kind", "value"), WRONG)
def test_wrong_ones_fail(kind: str, value: str) -> None:
    assert not is_valid(kind, value)


@pytest.mark.parametrize("sign", "-YXWVU")
def test_every_century_sign_of_the_twentieth_century_passes(sign: str) -> None:
    assert is_valid("fi_hetu", f"131052{sign}308T")


@pytest.mark.parametrize("sign", "ABCDEF")
def test_every_century_sign_of_the_present_century_passes(sign: str) -> None:
    number = 10_105_123
    assert is_valid("fi_hetu", f"010105{sign}123{'0123456789ABCDEFHJKLMNPRSTUVWXY'[number % 31]}")


@given(
    st.lists(st.one_of(st.none(), st.text(), st.from_regex(r"[0-9]{8,11}", fullmatch=True))), st.sampled_from([*KINDS])
)
def test_a_column_is_judged_as_its_values_are(values: list[str | None], kind: str) -> None:
    column = valid(kind, pa.array(values, pa.string())).to_pylist()
    assert column == [value is not None and is_valid(kind, value) for value in values]


@given(st.from_regex(r"[0-9]{10}", fullmatch=True))
def test_rntrc_agrees_with_stdnum(value: str) -> None:
    assert is_valid("ua_rntrc", value) == rntrc.is_valid(value)


def test_luck_passes_no_more_than_the_stated_share() -> None:
    rng = random.Random(5)
    values = pa.array([f"{rng.randrange(10**9):09}" for _ in range(5_000)])
    assert sum(valid("hu_taj", values).to_pylist()) / 5_000 == pytest.approx(KINDS["hu_taj"].chance, abs=0.02)


@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("fi_hetu", support.hetu),
        ("hu_tax_id", support.hu_tax_id),
        ("hu_taj", support.hu_taj),
        ("ua_rntrc", support.ua_rntrc),
        ("gb_nino", support.nino),
        ("iban", support.iban),
        ("card", support.card),
    ],
)
def test_generated_ones_pass_and_a_changed_digit_fails(kind: str, make: Callable[[random.Random], str]) -> None:
    rng = random.Random(3)
    values = [make(rng) for _ in range(200)]
    assert all(valid(kind, pa.array(values)).to_pylist())
    if kind == "gb_nino":
        return
    changed = [value[:5] + str((int(value[5]) + 1) % 10) + value[6:] for value in values]
    assert sum(valid(kind, pa.array(changed)).to_pylist()) < 30
