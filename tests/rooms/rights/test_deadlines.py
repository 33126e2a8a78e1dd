import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.rights import deadline
from gateway.rights.holidays import easter, holidays, is_working_day

DAYS = st.dates(dt.date(2000, 1, 1), dt.date(2100, 12, 31))
COUNTRIES = st.sampled_from(["FI", "HU", "GB-ENG", "GB", "UA", "SE"])


def noon(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(hour=12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("received", "country", "due"),
    [
        ("2025-01-31", "FI", "2025-02-28"),  # the shorter month's last day
        ("2024-01-31", "FI", "2024-02-29"),  # a leap year
        ("2026-01-31", "FI", "2026-03-02"),  # 28 February 2026 is a Saturday
        ("2026-03-05", "FI", "2026-04-07"),  # Easter Sunday, then Easter Monday
        ("2025-11-24", "FI", "2025-12-24"),
        ("2025-11-25", "FI", "2025-12-29"),  # Christmas, Boxing Day, a weekend
        ("2026-02-15", "HU", "2026-03-16"),  # 15 March is a Sunday
        ("2026-07-20", "HU", "2026-08-21"),  # St Stephen's Day, a Thursday
        ("2026-07-20", "FI", "2026-08-20"),
        ("2026-11-25", "GB-ENG", "2026-12-29"),  # Friday; 26 December is a Saturday, moved to Monday
        ("2026-07-24", "UA", "2026-08-25"),  # Independence Day, a Monday
        ("2026-05-06", "SE", "2026-06-08"),  # weekends only: the 6th is a Saturday
        ("2026-12-31", "SE", "2027-02-01"),
    ],
)
def test_known_deadlines(received: str, country: str, due: str) -> None:
    assert deadline(noon(received), country) == dt.date.fromisoformat(due)


def test_an_extension_is_two_further_months() -> None:
    assert deadline(noon("2026-01-07"), "FI", extended=True) == dt.date(2026, 4, 7)
    assert deadline(noon("2025-11-30"), "FI", extended=True) == dt.date(2026, 3, 2)


def test_the_day_of_receipt_is_the_controllers() -> None:
    late = dt.datetime(2026, 1, 6, 22, 30, tzinfo=dt.UTC)  # half past midnight in Helsinki
    assert deadline(late, "FI") == dt.date(2026, 2, 9)  # the 7th is a Saturday
    assert deadline(late, "GB") == dt.date(2026, 2, 6)
    summer = dt.datetime(2026, 6, 30, 21, 30, tzinfo=dt.UTC)  # half past midnight: three hours, not two
    assert deadline(summer, "FI") == dt.date(2026, 8, 3)  # 1 August is a Saturday
    with pytest.raises(ValueError, match="time zone"):
        deadline(dt.datetime(2026, 1, 1), "FI")  # noqa: DTZ001 - a naive instant is the point


@settings(deadline=None)
@given(DAYS, COUNTRIES)
def test_a_deadline_is_a_working_day_about_a_month_later(day: dt.date, country: str) -> None:
    received = dt.datetime.combine(day, dt.time(12), dt.UTC)
    due, later = deadline(received, country), deadline(received, country, extended=True)
    assert is_working_day(due, country)
    assert is_working_day(later, country)
    assert 28 <= (due - day).days <= 31 + 6
    assert later > due


@settings(deadline=None)
@given(DAYS, COUNTRIES)
def test_who_asks_later_is_never_due_earlier(day: dt.date, country: str) -> None:
    first, second = (dt.datetime.combine(d, dt.time(12), dt.UTC) for d in (day, day + dt.timedelta(days=1)))
    assert deadline(first, country) <= deadline(second, country)


EASTERS = [(2000, "04-23"), (2008, "03-23"), (2024, "03-31"), (2025, "04-20"), (2026, "04-05"), (2038, "04-25")]


@pytest.mark.parametrize(("year", "day"), EASTERS)
def test_known_easter_sundays(year: int, day: str) -> None:
    assert easter(year) == dt.date.fromisoformat(f"{year}-{day}")


def test_known_british_substitutes() -> None:
    assert {dt.date(2022, 12, 26), dt.date(2022, 12, 27), dt.date(2022, 1, 3)} <= holidays("GB", 2022)
    assert {dt.date(2021, 12, 27), dt.date(2021, 12, 28), dt.date(2021, 5, 3), dt.date(2021, 5, 31)} <= holidays(
        "GB", 2021
    )
