"""Art. 8(1): FI 13, HU 16, and 16 where nobody knows; a move never makes anybody older."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.flows.permissions import permitted_purposes
from gateway.foundation.clock import FrozenClock
from gateway.policy.ages import ages_in
from gateway.vocabulary.names import PurposeId
from gateway.vocabulary.purposes import MinimumAge
from gateway.wiring import Gateway
from tests.builders import a_customer, as_csv, ingest

MARKETING = PurposeId("direct_marketing")
FOURTEEN, GROWN_UP = "2012-02-02", "1987-03-14"


def may(gateway: Gateway, number: int = 1) -> bool:
    subject = gateway.house.find(("email", f"person.{number}@example.org"))
    assert subject is not None
    now = gateway.house.clock.now()
    gateway.refresh()
    assert all(finding.ok for finding in gateway.doctor() if finding.check.startswith("permissions"))
    return MARKETING in permitted_purposes(gateway.house, subject, now)


def arrive(gateway: Gateway, **told: str) -> bool:
    ingest(gateway, as_csv([a_customer(1, **told)]))
    return may(gateway)


@pytest.mark.parametrize(
    ("birth", "country", "of_age"),
    [
        (FOURTEEN, "FI", True),
        ("2013-08-01", "FI", False),
        (FOURTEEN, "HU", False),
        (FOURTEEN, "UA", False),
        (FOURTEEN, "SE", False),
        (FOURTEEN, "", False),
        (FOURTEEN, "Suomi", False),
        (FOURTEEN, "fi", False),
        (GROWN_UP, "HU", True),
        (GROWN_UP, "", True),
        ("", "FI", False),
    ],
)
def test_the_age_of_the_country(gateway: Gateway, birth: str, country: str, *, of_age: bool) -> None:
    assert arrive(gateway, birth_date=birth, country=country, phone="") is of_age


def test_a_country_that_is_stored_counts_where_a_later_file_is_silent(gateway: Gateway) -> None:
    assert not arrive(gateway, birth_date="", country="FI")
    assert arrive(gateway, birth_date=FOURTEEN, country="")


def test_whoever_moves_to_where_more_is_asked_is_no_older_for_it(gateway: Gateway, clock: FrozenClock) -> None:
    """Back where they were of age they still are; and where more is asked as many years later, at the latest."""
    assert arrive(gateway, birth_date=FOURTEEN, country="FI")
    assert arrive(gateway, birth_date="", country="FI", loyalty_tier="silver")
    assert not arrive(gateway, birth_date="", country="HU")
    assert arrive(gateway, birth_date="", country="FI")
    assert not arrive(gateway, birth_date=FOURTEEN, country="HU")
    clock.advance(dt.timedelta(days=366 * 2))
    assert arrive(gateway, birth_date="", country="HU", marketing_consent="kyllä 2028-05-02")


def test_a_grown_up_is_one_everywhere(gateway: Gateway) -> None:
    assert arrive(gateway, birth_date=GROWN_UP, country="FI")
    assert arrive(gateway, birth_date="", country="HU", loyalty_tier="silver")


def test_the_day_of_coming_of_age_is_that_of_the_country(gateway: Gateway, clock: FrozenClock) -> None:
    assert not arrive(gateway, birth_date="2013-08-15", country="FI")
    clock.advance(dt.datetime(2026, 8, 31, tzinfo=dt.UTC) - clock.now())
    assert not may(gateway)
    clock.advance(dt.timedelta(days=1))
    assert may(gateway)


ages = st.integers(13, 18)
minimums = st.builds(MinimumAge, ages, st.dictionaries(st.sampled_from(["FI", "HU", "UA", "SE"]), ages))
homes = st.lists(st.sampled_from(["FI", "HU", "UA", "SE", "DE", "Suomi", "", None]), max_size=6)


@given(minimums, homes)
def test_of_whom_nobody_knows_where_they_live_the_highest_is_asked(asked: MinimumAge, told: list[str | None]) -> None:
    found = ages_in(asked, pa.array(told, pa.string())).to_pylist()
    known = {"FI", "HU", "UA", "SE", "DE"}
    assert found == [asked.countries.get(c or "", asked.otherwise) if c in known else asked.highest for c in told]


@given(minimums, minimums, homes)
def test_whoever_must_be_older_is_noticed(old: MinimumAge, new: MinimumAge, told: list[str | None]) -> None:
    before, after = (ages_in(each, pa.array(told, pa.string())).to_pylist() for each in (old, new))
    if any(now > then for now, then in zip(after, before, strict=True)):
        assert new.asks_more_than(old)
    assert not old.asks_more_than(old)
