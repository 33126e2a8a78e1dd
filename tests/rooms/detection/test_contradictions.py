# ruff: noqa: S311 -- made-up data
from __future__ import annotations

import random

import pytest

from gateway.detection import Detector
from tests.rooms.detection import support

RNG = random.Random(9)
IDENTIFIERS = {
    "email": [f"p{number}@example.org" for number in range(60)],
    "iban": [support.iban(RNG) for _ in range(60)],
    "fi_hetu": [support.hetu(RNG) for _ in range(60)],
    "hu_tax_id": [support.hu_tax_id(RNG) for _ in range(60)],
    "hu_taj": [support.hu_taj(RNG) for _ in range(60)],
    "ua_rntrc": [support.ua_rntrc(RNG) for _ in range(60)],
    "card": [support.card(RNG) for _ in range(60)],
    "phone": [f"+358 40 {RNG.randrange(10**6, 10**7)}" for _ in range(60)],
}


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(support.catalogue())


@pytest.mark.parametrize("found", IDENTIFIERS)
@pytest.mark.parametrize("declared", ["loyalty_tier", "feedback", "product_category", "customer_number", "postcode"])
def test_a_field_full_of_another_identifier_contradicts(detector: Detector, found: str, declared: str) -> None:
    findings = detector.check(support.batch(tier=IDENTIFIERS[found]), support.contract({"tier": declared}))
    (contradiction,) = findings.contradictions
    assert (contradiction.column, contradiction.declared, contradiction.found) == ("tier", declared, found)
    assert not any(value in " ".join(contradiction.evidence) for value in IDENTIFIERS[found])


@pytest.mark.parametrize("found", IDENTIFIERS)
def test_half_of_the_values_are_enough(detector: Detector, found: str) -> None:
    mixed = IDENTIFIERS[found][:40] + [f"tier {number}" for number in range(30)]
    assert detector.check(support.batch(tier=mixed), support.contract({"tier": "loyalty_tier"})).contradictions


@pytest.mark.parametrize(
    ("found", "declared"),
    [("email", "email"), ("phone", "phone"), ("iban", "iban"), ("card", "card_number")]
    + [(kind, "national_id") for kind in ("fi_hetu", "hu_tax_id", "hu_taj", "ua_rntrc")],
)
def test_what_was_declared_does_not_contradict(detector: Detector, found: str, declared: str) -> None:
    assert (
        detector.check(support.batch(tier=IDENTIFIERS[found]), support.contract({"tier": declared})).contradictions
        == ()
    )


def test_a_header_alone_contradicts_nothing(detector: Detector) -> None:
    raw = support.batch(email=["gold", "silver", "bronze"], iban=["a", "b", "c"])
    assert detector.check(raw, support.contract({"email": "loyalty_tier", "iban": "city"})).contradictions == ()


def test_an_email_field_without_emails_contradicts(detector: Detector) -> None:
    raw = support.batch(contact=[f"customer {number}" for number in range(30)])
    (contradiction,) = detector.check(raw, support.contract({"contact": "email"})).contradictions
    assert contradiction.found == "unknown"


def test_single_emails_in_notes_do_not_stop_a_batch(detector: Detector) -> None:
    notes = [f"please write to p{number}@example.org about the order" for number in range(30)]
    assert detector.check(support.batch(note=notes), support.contract({"note": "feedback"})).contradictions == ()


def test_a_table_of_one_row_is_checked_too(detector: Detector) -> None:
    raw = support.batch(tier=["someone@example.org"])
    assert detector.check(raw, support.contract({"tier": "loyalty_tier"})).contradictions


def test_undeclared_columns_are_named_and_the_time_column_is_declared(detector: Detector) -> None:
    raw = support.batch(customer_no=["1"], bought=["2026-01-01"], x_score_v2=["7"])
    agreed = support.contract({"customer_no": "customer_number"}, time="bought")
    findings = detector.check(raw, agreed)
    assert findings.undeclared == ("x_score_v2",)
    assert set(findings.columns) == {"customer_no", "bought", "x_score_v2"}


@pytest.mark.parametrize("rows", [0, 3])
def test_empty_columns_say_nothing(detector: Detector, rows: int) -> None:
    findings = detector.check(support.batch(tier=[None] * rows), support.contract({"tier": "email"}))
    assert findings.contradictions == ()
    assert findings.columns["tier"].category == "unknown"
