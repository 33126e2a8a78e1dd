"""Values become typed fields; what cannot be read sets its row aside with line and reason, never a value."""

# ruff: noqa: RUF001 - Ukrainian is written in Cyrillic

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.intake import moments, values
from tests.rooms.intake.made import AT, CUSTOMERS, PURCHASES, is_field, one_column, parsed, profiles, read, reasons


def fields(values_: list[str], name: str, **more: str) -> tuple[list[object], list[tuple[int, str]]]:
    found = one_column(values_, is_field(name, **more))
    return found.fields.column(name).to_pylist(), reasons(found)


def test_a_whole_row_of_each_kind() -> None:
    data = (
        "no,email,born,postcode,city,spend,registered,yes,internal,x_score\n"
        " 10042 ,aino@example.org,1987-03-14,00530,Jyva\u0308skyla\u0308,812.40,2024-02-29,kyllä 2026-05-02,secret,7\n"
        ",,1987-03-14,,,,,,,8\n"
    )
    found = parsed(data.encode(), CUSTOMERS)
    assert found.fields.to_pylist() == [
        {
            "customer_number": "10042",
            "email": "aino@example.org",
            "birth_date": dt.date(1987, 3, 14),
            "postcode": "00530",
            "city": "Jyväskylä",
            "total_spend": 812.4,
            "registered_on": dt.date(2024, 2, 29),
        }
    ]
    assert found.undeclared.to_pylist() == [{"x_score": "7"}]
    assert found.consents.to_pylist() == [
        {
            "row": 0,
            "purpose": "direct_marketing",
            "status": "given",
            "at": dt.datetime(2026, 5, 2, tzinfo=dt.UTC),
            "notice": "webshop-2026-05",
            **dict.fromkeys(("language", "evidence", "by", "valid_until")),
        }
    ]
    assert reasons(found) == [(3, "no_identifier")]
    assert found.at is None
    assert found.lines.tolist() == [2]


def test_rows_set_aside_keep_their_values_for_the_seal_and_not_in_the_reason() -> None:
    found = one_column(["31.13.1987"], is_field("birth_date"))
    (row,) = found.quarantined
    assert row.reason == "not_a_date:birth_date"
    assert b"31.13.1987" in row.raw


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("1987-03-14", None, dt.date(1987, 3, 14)),
        ("1987-03-14T00:00:00Z", None, dt.date(1987, 3, 14)),
        ("1987-03-14 00:00", None, dt.date(1987, 3, 14)),
        ("14.3.1987", "%d.%m.%Y", dt.date(1987, 3, 14)),
        ("14.03.1987", "%d.%m.%Y", dt.date(1987, 3, 14)),
        ("19870314", "%Y%m%d", dt.date(1987, 3, 14)),
        ("14 March 1987", "%d %B %Y", dt.date(1987, 3, 14)),
        ("", None, None),
        ("  ", "%d.%m.%Y", None),
    ],
)
def test_dates(text: str, form: str | None, expected: dt.date | None) -> None:
    assert fields([text], "birth_date", **({"format": form} if form else {})) == ([expected], [])


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("1987-02-29", None),
        ("14.3.1987", None),
        ("1987-03-14T10:00:00", None),
        ("29.2.1987", "%d.%m.%Y"),
        ("1.13.1987", "%d.%m.%Y"),
        ("0.1.1987", "%d.%m.%Y"),
        ("1987-03-14", "%d.%m.%Y"),
        ("14x3x1987", "%d.%m.%Y"),
        ("1987314", "%Y%m%d"),
        ("30 February 1987", "%d %B %Y"),
    ],
)
def test_no_dates(text: str, form: str | None) -> None:
    found = fields(["1987-03-14" if form is None else "", text], "birth_date", **({"format": form} if form else {}))
    assert found[1] == [(3, "not_a_date:birth_date")]


@pytest.mark.parametrize("text", ["1899-12-31", "2026-05-21"])
def test_a_birth_before_1900_or_to_come_is_absurd(text: str) -> None:
    assert fields([text], "birth_date")[1] == [(2, "absurd_date:birth_date")]
    assert fields([text], "registered_on")[1] == []


@given(st.lists(st.dates()), st.sampled_from(["%d.%m.%Y", "%Y%m%d", "%Y/%m/%d"]))
def test_a_written_date_is_read(days: list[dt.date], form: str) -> None:
    texts = [
        form.replace("%d", f"{day.day:02}").replace("%m", f"{day.month:02}").replace("%Y", f"{day.year:04}")
        for day in days
    ]
    for column, given_form in (
        (pa.array(texts, pa.string()), form),
        (pa.array([d.isoformat() for d in days], pa.string()), None),
    ):
        read_days, unread = moments.dates(column, given_form)
        assert read_days.to_pylist() == days
        assert not unread.any()


@given(st.lists(st.text("0123-5.: T", max_size=10)))
def test_dates_and_instants_agree_with_the_standard_library(texts: list[str]) -> None:
    column = pa.array(texts, pa.string())
    days, _ = moments.dates(column, "%d.%m.%Y")
    for text, day in zip(texts, days.to_pylist(), strict=True):
        try:
            expected = dt.datetime.strptime(text, "%d.%m.%Y").date()  # noqa: DTZ007 - a day
        except ValueError:
            expected = None
        assert day is None or day == expected
    for text, at in zip(texts, moments.instants(column, None)[0].to_pylist(), strict=True):
        alone, _ = moments.instants(pa.array([text]), None)
        assert alone.to_pylist() == [at]


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("812.40", None, 812.4),
        ("-1e3", None, -1000.0),
        ("1 234 567.5", None, 1234567.5),
        ("1\u00a0234", None, 1234.0),
        ("1\u202f234", None, 1234.0),
        ("\u22125", None, -5.0),
        ("812,40", "comma", 812.4),
        ("1.234,5", "comma", 1234.5),
        ("1\u2009234,5", "comma", 1234.5),
        ("12", "comma", 12.0),
    ],
)
def test_numbers(text: str, form: str | None, expected: float) -> None:
    assert fields([text], "total_spend", **({"format": form} if form else {})) == ([expected], [])


@pytest.mark.parametrize(
    ("text", "form"),
    [("812,40", None), ("1,234", None), ("inf", None), ("NaN", None), ("1e400", None), ("12 34", None), ("0x1F", None),
     ("1.5", "comma"), ("1.23,4", "comma"), ("five", None), ("1_000", None), ("٣", None), ("-", None)],
)  # fmt: skip
def test_no_numbers(text: str, form: str | None) -> None:
    found = fields(["1", text], "total_spend", **({"format": form} if form else {}))
    assert found == ([1.0], [(3, "not_a_number:total_spend")])


@pytest.mark.parametrize(
    ("text", "expected"), [("7", 7), ("-7", -7), ("+7", 7), ("2.0", 2), ("1 234", 1234), ("007", 7)]
)
def test_integers(text: str, expected: int) -> None:
    assert fields([text], "quantity") == ([expected], [])


@pytest.mark.parametrize("text", ["2.5", "0x10", "1e3", "9" * 19, "٣", "1,000", "."])
def test_no_integers(text: str) -> None:
    assert fields(["1", text], "quantity") == ([1], [(3, "not_an_integer:quantity")])


@given(st.lists(st.text("0123456789+-.,eE x\u00a0", max_size=9)))
def test_a_number_is_read_the_same_alone_and_among_others(texts: list[str]) -> None:
    """Fast paths over whole columns never change what is a number."""
    column = pa.array(texts, pa.string())
    for reader in (values.numbers, values.integers):
        for form in (None, "comma"):
            together, _ = reader(column, form)
            alone = [reader(pa.array([text]), form)[0][0].as_py() for text in texts]
            assert together.to_pylist() == alone


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)), st.lists(st.integers(-(10**17), 10**17)))
def test_written_numbers_are_read(floats: list[float], whole: list[int]) -> None:
    assert values.numbers(pa.array([repr(each) for each in floats], pa.string()), None)[0].to_pylist() == floats
    assert values.integers(pa.array([str(each) for each in whole], pa.string()), None)[0].to_pylist() == whole


def test_booleans() -> None:
    found, bad = fields(["KYLLÄ", "ei", "igen", "Ні", "1", "", "maybe"], "member")
    assert found == [True, False, True, False, True, None]
    assert bad == [(8, "not_a_boolean:member")]


def test_instants_of_a_field() -> None:
    found, bad = fields(["2026-05-02T10:00:00+03:00", "2026-05-02", "2026-05-02T25:00"], "seen_at")
    assert found == [dt.datetime(2026, 5, 2, 7, tzinfo=dt.UTC), dt.datetime(2026, 5, 2, tzinfo=dt.UTC)]
    assert bad == [(4, "not_an_instant:seen_at")]


def test_two_columns_for_one_field_give_the_first_that_says_something() -> None:
    contract = profiles({"no": is_field("customer_number"), "mobile": is_field("phone"), "home": is_field("phone")})
    found = parsed(b"no,mobile,home\n1,,020\n2,040,020\n", contract)
    assert found.fields.column("phone").to_pylist() == ["020", "040"]


def test_events_have_their_instant() -> None:
    data = (
        "no,when,quantity,amount\n1,2026-05-02T10:00:00Z,2,19.90\n1,1997-01-01,1,5\n1,soon,1,5\n1,,1,5\n"
        "1,2026-05-21T11:00:00,1,1\n1,2026-05-21T13:00:00,1,1\n1,1850-01-01,1,1\n,2026-01-01,1,1\n"
    )
    found = parsed(data.encode(), PURCHASES)
    assert found.event == "purchase"
    assert found.at is not None
    assert found.at.to_pylist() == [
        dt.datetime(2026, 5, 2, 10, tzinfo=dt.UTC),
        dt.datetime(1997, 1, 1, tzinfo=dt.UTC),
        dt.datetime(2026, 5, 21, 11, tzinfo=dt.UTC),
    ]
    assert found.undeclared.num_columns == 0
    assert reasons(found) == [
        (4, "not_an_instant"),
        (5, "no_time"),
        (7, "event_in_future"),
        (8, "absurd_time"),
        (9, "no_identifier"),
    ]


def test_a_field_that_json_never_mentions_is_null() -> None:
    found = parsed(b'{"no":"1","email":null}\n', CUSTOMERS)
    assert found.fields.column("birth_date").to_pylist() == [None]
    assert found.fields.schema.field("birth_date").type == pa.date32()
    assert found.consents.num_rows == 0


def test_rows_set_aside_in_reading_go_along() -> None:
    contract = profiles({"no": is_field("customer_number"), "city": is_field("city")})
    found = parsed(b"no,city\n1,a,b\n,Turku\n2,Turku\n", contract)
    assert reasons(found) == [(2, "wrong_number_of_columns"), (3, "no_identifier")]


def test_the_batch_of_a_raw_table_is_not_changed() -> None:
    (raw,) = read(b"no,email\n 1 ,a@example.org\n")
    before = raw.table.to_pylist()
    contract = profiles({"no": is_field("customer_number"), "email": is_field("email")})
    from gateway.intake import parse  # noqa: PLC0415 - beside its only use
    from tests.rooms.intake.made import CATALOGUE  # noqa: PLC0415

    parse(raw, contract, CATALOGUE, at=AT)
    assert raw.table.to_pylist() == before
