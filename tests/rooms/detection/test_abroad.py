# ruff: noqa: S311 -- made-up data
"""Numbers of further countries as columns. The known ones are the examples in python-stdnum's documentation."""

from __future__ import annotations

import random
import string

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection import Detector
from gateway.detection.abroad import BUSINESS, COMPANIES, PEOPLE, Series, is_valid, passes
from gateway.vocabulary.fields import FieldKind
from tests.rooms.detection import support

KNOWN = {
    "no_fodselsnummer": "15108695088", "dk_cpr": "2110625629", "ee_ik": "36805280109", "lv_pvn": "16117519997",
    "pl_pesel": "44051401359", "cz_rc": "7103192745", "ro_cnp": "1630615123457", "bg_egn": "7523169263",
    "hr_oib": "33392005961", "si_emso": "0101006500006", "it_codicefiscale": "RCCMNL83S18D969H",
    "es_dni": "54362315K", "es_nie": "X2482300W", "fr_nir": "295109912611193", "fr_nif": "3023217600053",
    "nl_bsn": "111222333", "be_nn": "85073003328", "at_vnr": "1237010180", "ie_pps": "6433435F",
    "pt_cc": "000000000ZZ4", "pt_nif": "501964843", "gr_amka": "01013099997", "ch_ssn": "7569217076985",
    "is_kennitala": "4504013150", "md_idno": "1008600038413", "ca_sin": "123456782", "tr_tckimlik": "17291716060",
    "in_aadhaar": "234123412346", "in_pan": "ACUPA7085R", "br_cpf": "39053344705", "za_idnr": "7503305044089",
}  # fmt: skip
COMPANY = {
    "fi.ytunnus": "20774740", "ua.edrpou": "32855961", "hu.anum": "12892312", "hu.anum_long": "12892312141",
    "se.orgnr": "1234567897", "gb.utr": "1955839661", "gb.vat": "980780684", "de.vat": "136695976",
    "eu.vat": "FI20774740", "ch.uid": "CHE100155212", "fr.siren": "552008443", "it.iva": "00743110157",
}  # fmt: skip
PREFIXES = {"eu.vat": "FI", "ch.uid": "CHE"}


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(support.catalogue())


def column(series: Series, rng: random.Random, count: int, *, right: bool) -> list[str]:
    """Return values of the series' first shape that pass it, or any values of that shape."""
    prefix = PREFIXES.get(series.modules[0], "")
    found: set[str] = set()
    while len(found) < count:
        drawn = (rng.choice(string.digits if one == "9" else string.ascii_uppercase) for one in series.shapes[0])
        value = prefix + "".join(drawn)[len(prefix) :]
        if not right or is_valid(series, value):
            found.add(value)
    return sorted(found)


def test_every_series_of_people_has_an_example() -> None:
    assert {series.category for series in PEOPLE} == KNOWN.keys()


@pytest.mark.parametrize("series", PEOPLE, ids=lambda series: series.category)
def test_known_numbers_pass_and_a_wrong_last_character_does_not(series: Series) -> None:
    value = KNOWN[series.category]
    others = [value[:-1] + other for other in (string.digits if value[-1].isdigit() else string.ascii_uppercase)]
    assert is_valid(series, value)
    if series.category != "in_pan":  # its check letter's formula is not published
        assert sum(is_valid(series, other) for other in others) <= 2


@pytest.mark.parametrize(("module", "value"), COMPANY.items())
def test_known_numbers_of_companies_pass(module: str, value: str) -> None:
    assert any(module in series.modules and is_valid(series, value) for series in COMPANIES)


@pytest.mark.parametrize("series", [*PEOPLE, *COMPANIES], ids=lambda series: series.modules[0])
def test_luck_passes_as_many_as_is_stated(series: Series) -> None:
    values = column(series, random.Random(8), 3_000, right=False)
    passed = sum(is_valid(series, value) for value in values) / len(values)
    assert passed == pytest.approx(series.chance, abs=0.01 + series.chance / 5)


@pytest.mark.parametrize("series", [*PEOPLE, *COMPANIES], ids=lambda series: series.modules[0])
def test_a_column_under_a_meaningless_header_passes_as_a_column(detector: Detector, series: Series) -> None:
    values = column(series, random.Random(9), 24, right=True)
    found = detector.classify(pa.table({"col_7": values}))["col_7"]
    assert found.category == series.category
    company = series.category == BUSINESS
    assert found.kind == (FieldKind.ATTRIBUTE if company else FieldKind.DIRECT_IDENTIFIER)
    assert not company or "sole trader" in found.evidence[0]


@pytest.mark.parametrize("shape", ["9" * size for size in range(8, 16)] + ["A9999999", "99999999A", "AA999999"])
def test_a_column_of_random_codes_passes_as_none(detector: Detector, shape: str) -> None:
    rng = random.Random(10)
    drawn = [
        "".join(rng.choice(string.digits if one == "9" else string.ascii_uppercase) for one in shape) for _ in range(60)
    ]
    found = detector.classify(pa.table({"col_7": drawn}))["col_7"]
    assert found.category in {"unknown", "phone"}


@given(st.lists(st.one_of(st.text(), st.from_regex(r"[0-9A-Z]{7,14}", fullmatch=True)), max_size=30))
def test_no_text_makes_it_fail_and_no_more_pass_than_there_are(values: list[str]) -> None:
    assert all(len(values) / 2 <= one.hits <= one.asked == len(values) for one in passes(values))
