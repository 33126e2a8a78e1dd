"""``--at`` tells what was true: the permission of that instant, under the version that was in force then."""

from __future__ import annotations

import datetime as dt

import pytest

from gateway.flows.record_consent import Choice
from gateway.foundation.clock import FrozenClock
from gateway.vocabulary.consents import ConsentStatus, ExpressedBy
from gateway.vocabulary.names import PurposeId
from gateway.wiring import Gateway
from tests.builders import TESTER, as_csv, customers, ingest
from tests.purposes import (
    ANALYTICS,
    LATER_NOTICE,
    MARKETING,
    NOTICE,
    Permitted,
    Variant,
    approve,
    email,
    rows_of,
    stored,
)
from tests.versions import OLLI

DAY = dt.timedelta(days=1)


@pytest.fixture
def people(gateway: Gateway, clock: FrozenClock) -> Gateway:
    """One who is of age, and a child."""
    rows = customers([1, 2], marketing_consent="")
    rows[1]["birth_date"] = "2014-02-02"
    ingest(gateway, as_csv(rows))
    clock.advance(dt.timedelta(hours=1))
    return gateway


def seen(gateway: Gateway, number: int) -> Permitted:
    """What a query sees."""
    gateway.begin()
    gateway.refresh()
    [row] = rows_of(gateway, [number]).values()
    return stored(gateway, row, gateway.house.clock.now())


def shown(gateway: Gateway, number: int, at: dt.datetime | None = None) -> Permitted:
    history = gateway.show_consents(email(number), TESTER, at=at, recorded=at).value
    return frozenset(purpose for purpose, closed in history.closed.items() if not closed)


def test_each_day_is_told_as_it_was(people: Gateway, clock: FrozenClock) -> None:
    """Choices, a shorter validity, another notice and a purpose without consent follow one another."""
    steps = [
        Choice(MARKETING, ConsentStatus.GIVEN, notice=NOTICE),
        Choice(ANALYTICS, ConsentStatus.OBJECTED),
        Choice(MARKETING, ConsentStatus.GIVEN, notice=NOTICE, by=ExpressedBy.GUARDIAN),
        Variant(valid_days=3),
        Choice(ANALYTICS, ConsentStatus.GIVEN, valid_until=clock.now() + 7 * DAY),
        Variant(notices=(LATER_NOTICE,)),
        Variant(analytics="6(1)(b)", reminders="6(1)(f)"),
        Choice(MARKETING, ConsentStatus.WITHDRAWN),
        Variant(),
    ]
    days: list[tuple[dt.datetime, int, Permitted]] = []
    for step in steps:
        clock.advance(DAY)
        if isinstance(step, Variant):
            people.policies.activate(approve(people, step), OLLI)
        else:
            people.record_consent(email(1), step, TESTER)
            people.record_consent(email(2), step, TESTER)
        clock.advance(dt.timedelta(hours=1))
        days += [(clock.now(), number, seen(people, number)) for number in (1, 2)]
        assert [shown(people, number) for number in (1, 2)] == [permits for *_, permits in days[-2:]]
    assert len({permits for *_, permits in days}) > 4
    assert [shown(people, number, at) for at, number, _ in days] == [permits for *_, permits in days]


def test_a_yes_that_does_not_count_is_shown_with_the_reason(people: Gateway) -> None:
    people.record_consent(email(2), Choice(MARKETING, ConsentStatus.GIVEN, notice=NOTICE), TESTER)
    people.record_consent(email(1), Choice(MARKETING, ConsentStatus.GIVEN, notice="webshop-2020-01"), TESTER)
    child, adult = (people.show_consents(email(number), TESTER).value for number in (2, 1))
    assert (child.standing[MARKETING], child.closed[MARKETING]) == ("given", ("under_age",))
    assert (adult.standing[MARKETING], adult.closed[MARKETING]) == ("given", ("notice_outdated",))


def test_who_said_nothing_is_told_apart_from_nobody_by_nothing(people: Gateway) -> None:
    silent, unknown = (people.show_consents(email(number), TESTER).value for number in (2, 999))
    assert silent == unknown
    assert silent.closed[MARKETING] == ("unknown",)


def test_before_the_first_version_nothing_was_permitted(people: Gateway) -> None:
    long_ago = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    told = people.show_consents(email(1), TESTER, at=long_ago).value
    assert set(told.closed.values()) == {("policy_denies",)}
    assert PurposeId("customer_segmentation") in told.closed
