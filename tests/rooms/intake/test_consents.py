"""A choice is read for certain or its row is set aside."""

# ruff: noqa: RUF001 - Ukrainian is written in Cyrillic

from __future__ import annotations

import dataclasses
import datetime as dt

import pyarrow as pa
import pytest

from gateway.foundation.errors import InvalidInput
from gateway.vocabulary.batches import ParsedBatch
from gateway.vocabulary.consents import MAY_GIVE, ConsentStatus, ExpressedBy
from gateway.vocabulary.contracts import ConsentForm, IgnoredColumn
from gateway.vocabulary.names import PurposeId
from tests.rooms.intake.made import AT, consent, is_field, one_column, parsed, profiles, reasons

MAY_2 = dt.datetime(2026, 5, 2, tzinfo=dt.UTC)
END_OF_MAY_2 = MAY_2 + dt.timedelta(days=1, microseconds=-1)
STATUS = consent(ConsentForm.STATUS)
MADE = [each for each in ConsentStatus if each not in {ConsentStatus.UNKNOWN, ConsentStatus.LIFTED}]


def said(text: str, form: ConsentForm = ConsentForm.YES_DATE) -> list[tuple[str, dt.datetime | None]]:
    found = one_column([text], consent(form))
    assert not found.quarantined
    return [(row["status"], row["at"]) for row in found.consents.to_pylist()]


@pytest.mark.parametrize("word", ["yes", "YES", "kyllä", "Kylla", "KYLLÄ", "igen", "так", "ТАК", "true", "1"])
@pytest.mark.parametrize(
    "date", ["2026-05-02", "2.5.2026", "02.05.2026", "2026.05.02.", "2026. 5. 2.", "02/05/2026", "2026-05-02T00:00:00Z"]
)
def test_a_yes_with_its_date(word: str, date: str) -> None:
    assert said(f"{word} {date}") == [("given", MAY_2)]
    assert said(f"{word}, {date}") == said(f"{word} ({date})") == [("given", MAY_2)]


@pytest.mark.parametrize("word", ["no", "Ei", "nem", "ні", "НІ", "false", "0"])
def test_a_no(word: str) -> None:
    assert said(word) == [("refused", None)]
    assert said(f"{word} 2026-05-02") == [("refused", END_OF_MAY_2)]


@pytest.mark.parametrize("day", ["2026-05-02", "20260502", "2026-W18-6", "2.5.2026", "2026. 5. 2."])
@pytest.mark.parametrize("status", [each for each in MADE if each is not ConsentStatus.EXPIRED])
def test_of_a_day_a_no_counts_from_its_end_and_what_may_give_from_its_beginning(day: str, status: str) -> None:
    counts = MAY_2 if status in MAY_GIVE else END_OF_MAY_2
    assert said(f"{status} {day}", ConsentForm.STATUS) == [(status, counts)]


@pytest.mark.parametrize(("day", "counts"), [(AT.date(), AT), (AT.date() + dt.timedelta(days=1), None)])
def test_a_no_of_a_day_that_is_not_over_counts_from_now(day: dt.date, counts: dt.datetime | None) -> None:
    assert said(f"no {day}") == [("refused", counts)]  # without an instant it counts from its receipt


def test_a_no_with_a_time_of_day_counts_from_then() -> None:
    assert said("no 2026-05-02T00:00:00Z") == [("refused", MAY_2)]
    assert said("no 2026-05-02 10:30") == [("refused", MAY_2 + dt.timedelta(hours=10, minutes=30))]


def test_nothing_said_is_no_event() -> None:
    assert said("") == said("   ") == []
    assert said("unknown", ConsentForm.STATUS) == []


@pytest.mark.parametrize(
    "status", ["requested", "given", "refused", "withdrawn", "invalidated", "objected", "restricted"]
)
def test_a_status(status: str) -> None:
    assert said(status.upper(), ConsentForm.STATUS) == [(status, None)]
    assert said(f"{status} 2026-05-02T10:00:00+03:00", ConsentForm.STATUS) == [
        (status, dt.datetime(2026, 5, 2, 7, tzinfo=dt.UTC))
    ]


@pytest.mark.parametrize(
    "text",
    [
        "maybe",
        "y2026",
        "yes no",
        "yes 2026-02-30",
        "yes 5/2026",
        "no 2026-W18",
        "2026-05-02",
        "kyllä?",
        "yes 1889-05-02",
        "given",
        "oui",
    ],
)
def test_what_is_unclear_sets_the_row_aside(text: str) -> None:
    found = one_column([text], consent())
    assert reasons(found) == [(2, "not_a_consent:direct_marketing")]
    assert found.consents.num_rows == found.fields.num_rows == 0


@pytest.mark.parametrize("text", ["yes", "lifted", "expired", "given soon"])
def test_an_unclear_status_sets_the_row_aside(text: str) -> None:
    assert reasons(one_column([text], STATUS)) == [(2, "not_a_consent:direct_marketing")]


def test_a_choice_in_the_future_sets_the_row_aside() -> None:
    assert reasons(one_column(["yes 2026-05-20", "yes 2026-05-21"], consent())) == [
        (3, "consent_in_future:direct_marketing")
    ]


def test_two_columns_that_disagree_set_the_row_aside() -> None:
    contract = profiles(
        {"no": is_field("customer_number"), "a": consent(), "b": STATUS, "c": consent(purpose=PurposeId("other"))}
    )
    rows = ["1,yes,given,no", "2,yes,refused,", "3,no,withdrawn,yes", "4,,given,no", "5,no,given,no", "6,yes,objected,"]
    found = parsed("\n".join(["no,a,b,c", *rows]).encode(), contract)
    assert reasons(found) == [(line, "contradictory_consent") for line in (3, 6, 7)]
    assert found.fields.column("customer_number").to_pylist() == ["1", "3", "4"]
    told = [(row["row"], row["purpose"], row["status"]) for row in found.consents.to_pylist()]
    assert sorted(told) == [
        (0, "direct_marketing", "given"),
        (0, "direct_marketing", "given"),
        (0, "other", "refused"),
        (1, "direct_marketing", "refused"),
        (1, "direct_marketing", "withdrawn"),
        (1, "other", "given"),
        (2, "direct_marketing", "given"),
        (2, "other", "refused"),
    ]


PROVEN = dataclasses.replace(
    consent(), language="fi", by=ExpressedBy.GUARDIAN, evidence_column="doc", by_column="who", valid_until_column="end"
)
BESIDE = {"doc": IgnoredColumn(), "who": IgnoredColumn(), "end": IgnoredColumn()}


def proven(*rows: str) -> ParsedBatch:
    contract = profiles({"no": is_field("customer_number"), "a": PROVEN, **BESIDE})
    lines = [f"{number},{row}" for number, row in enumerate(rows)]
    return parsed("\n".join(["no,a,doc,who,end", *lines]).encode(), contract)


def shown(consents: pa.Table) -> list[tuple[object, ...]]:
    return [(r["status"], r["language"], r["evidence"], r["by"], r["valid_until"]) for r in consents.to_pylist()]


def test_what_shows_a_choice_is_read_with_it() -> None:
    june = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    found = proven("yes 2026-05-02,doc-1,Self,2026-06-01", "yes 2026-05-02,,,", ",doc-2,,", "no,doc-3,controller,")
    assert not found.quarantined
    assert shown(found.consents) == [
        ("given", "fi", "doc-1", "self", june),
        ("given", "fi", None, "guardian", None),
        ("refused", "fi", "doc-3", "controller", None),
    ]
    assert shown(one_column(["yes"], consent()).consents) == [("given", None, None, None, None)]


@pytest.mark.parametrize(
    ("beside", "column"),
    [
        ("a name here,,", "doc"),
        (f"{'d' * 97},,", "doc"),
        (",mother,", "who"),
        (",controller,", "who"),
        (",,soon", "end"),
        (",,2026-05-02", "end"),
        (",,9999-12-31", "end"),
    ],
)
def test_a_yes_that_is_not_shown_waits_and_a_no_counts_without_it(beside: str, column: str) -> None:
    found = proven(f"yes 2026-05-02,{beside}", f"no 2026-05-02,{beside}")
    assert reasons(found) == [(2, f"not_a_proof_of_consent:{column}")]
    [(status, _, evidence, by, until)] = shown(found.consents)
    assert (status, evidence, until) == ("refused", None, None)
    assert by in {"guardian", "controller"}


def test_an_undated_yes_has_no_end() -> None:
    assert reasons(proven("yes,,,2026-06-01")) == [(2, "not_a_proof_of_consent:end")]


def test_a_no_of_a_row_that_is_set_aside_loses_only_what_cannot_be() -> None:
    contract = profiles({"no": is_field("customer_number"), "a": PROVEN, **BESIDE, "born": is_field("birth_date")})
    found = parsed(b"no,a,doc,who,end,born\n1,no,a name,self,,soon", contract)
    assert found.refusals is not None
    assert shown(found.refusals.consents) == [("refused", "fi", None, "self", None)]


@pytest.mark.parametrize("missing", list(BESIDE))
def test_a_file_without_a_column_that_shows_choices_is_refused(missing: str) -> None:
    header = ",".join(["no", "a", *(name for name in BESIDE if name != missing)])
    with pytest.raises(InvalidInput, match=missing):
        parsed(f"{header}\n1,yes,,".encode(), profiles({"no": is_field("customer_number"), "a": PROVEN, **BESIDE}))
