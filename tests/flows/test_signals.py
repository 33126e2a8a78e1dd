"""What browsers signal: every no bites, no yes outdoes one, and the answer is the same for people whom nobody knows."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.consent import ConsentLedger
from gateway.flows.permissions import CheckPermissions, permitted_purposes
from gateway.flows.record_consent import Choice
from gateway.flows.record_signals import SignalsTaken, Told
from gateway.flows.recover import Recover
from gateway.foundation.clock import FrozenClock
from gateway.store import Store
from gateway.vocabulary.consents import ConsentStatus
from gateway.vocabulary.names import PurposeId, SubjectReference
from gateway.wiring import Gateway
from tests.builders import TESTER, as_csv, customers, ingest
from tests.purposes import ANALYTICS, MARKETING, NOTICE, email
from tests.rooms.consent.test_tcf import EPOCH, GOOD, encoded

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
NOBODY = 99
CATEGORY = {MARKETING: "marketing", ANALYTICS: "statistics"}  # as the baseline maps them; of TCF only ANALYTICS
CONSENTED = frozenset({8, 10})


class Broken(Exception):
    """What stands for any failure."""


@pytest.fixture
def people(gateway: Gateway, clock: FrozenClock) -> Gateway:
    """Two people who have said nothing; legitimate interest permits ANALYTICS."""
    ingest(gateway, as_csv(customers([1, 2], marketing_consent="")))
    clock.advance(HOUR)
    return gateway


def signal(gateway: Gateway, told: Told, number: int = 1) -> SignalsTaken:
    return gateway.record_signals(email(number), told, TESTER)


def says(gateway: Gateway, status: ConsentStatus, purpose: PurposeId = ANALYTICS) -> None:
    gateway.record_consent(email(1), Choice(purpose, status, notice=NOTICE), TESTER)


def who(gateway: Gateway) -> SubjectReference:
    found = gateway.house.find(email(1))
    assert found is not None
    return found


def permitted(gateway: Gateway) -> frozenset[PurposeId]:
    return permitted_purposes(gateway.house, who(gateway), gateway.house.clock.now())


def tc_string(day: dt.datetime, purposes: frozenset[int]) -> str:
    """Make a string as TCF v2.3 dates it: with the midnight of its day."""
    midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
    made = dataclasses.replace(GOOD, updated=int((midnight - EPOCH).total_seconds() * 10), purposes=purposes)
    return encoded(made)


@contextmanager
def without(owner: type, name: str) -> Iterator[None]:
    def refuse(*_: object, **__: object) -> None:
        raise Broken

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, refuse)
        yield


def test_a_refusing_tc_string_counts_from_its_receipt_and_a_consenting_one_from_its_day(
    people: Gateway, clock: FrozenClock
) -> None:
    says(people, ConsentStatus.GIVEN)
    clock.advance(2 * HOUR)
    assert signal(people, Told(tcf=tc_string(clock.now(), frozenset()))).choices == {ANALYTICS: "refused"}
    assert ANALYTICS not in permitted(people)
    clock.advance(HOUR)
    assert signal(people, Told(tcf=tc_string(clock.now(), CONSENTED))).choices == {ANALYTICS: "given"}
    assert ANALYTICS not in permitted(people)
    clock.advance(DAY)
    signal(people, Told(tcf=tc_string(clock.now(), CONSENTED)))
    assert ANALYTICS in permitted(people)


def test_a_tc_string_shown_again_takes_back_nothing_and_a_new_one_does(people: Gateway, clock: FrozenClock) -> None:
    old = tc_string(clock.now(), frozenset())
    signal(people, Told(tcf=old))
    clock.advance(DAY)
    says(people, ConsentStatus.GIVEN)
    clock.advance(DAY)
    signal(people, Told(tcf=old))
    assert ANALYTICS in permitted(people)
    signal(people, Told(tcf=tc_string(clock.now(), frozenset({1}))))
    assert ANALYTICS not in permitted(people)


@pytest.mark.parametrize(("purposes", "choices"), [(CONSENTED, {}), (frozenset[int](), {ANALYTICS: "refused"})])
def test_of_a_tc_string_dated_ahead_only_the_no_counts(
    people: Gateway, clock: FrozenClock, purposes: frozenset[int], choices: dict[PurposeId, str]
) -> None:
    taken = signal(people, Told(tcf=tc_string(clock.now() + 2 * DAY, purposes)))
    assert taken.choices == choices
    assert taken.unread == ("tcf_in_the_future" if purposes else None)
    assert (ANALYTICS in permitted(people)) == bool(purposes)  # as before


@pytest.mark.parametrize("yes", [True, False])
def test_of_a_call_that_says_both_only_the_no_is_kept(
    people: Gateway,
    clock: FrozenClock,
    yes: bool,  # noqa: FBT001 - what the category says; the string says the other
) -> None:
    string = tc_string(clock.now(), frozenset() if yes else CONSENTED)
    taken = signal(people, Told(tcf=string, categories={CATEGORY[ANALYTICS]: yes}, notice=NOTICE))
    assert taken.choices == {ANALYTICS: "refused"}
    assert [event.status for event in people.house.ledger.history(who(people))] == ["refused"]
    assert ANALYTICS not in permitted(people)


def test_the_strictest_no_is_told(people: Gateway) -> None:
    assert signal(people, Told(gpc=True, categories={"marketing": False})).choices == {MARKETING: "objected"}


calls = st.one_of(
    st.builds(lambda yes, purpose: (yes, purpose, "category"), st.booleans(), st.sampled_from([MARKETING, ANALYTICS])),
    st.builds(lambda yes, purpose: (yes, purpose, "api"), st.booleans(), st.sampled_from([MARKETING, ANALYTICS])),
    st.just((False, MARKETING, "gpc")),
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.tuples(calls, st.sampled_from([dt.timedelta(), HOUR, 60 * DAY])), max_size=6), calls)
def test_a_no_that_is_answered_bites_whatever_was_said_before(
    people: Gateway,
    clock: FrozenClock,
    before: list[tuple[tuple[bool, PurposeId, str], dt.timedelta]],
    last: tuple[bool, PurposeId, str],
) -> None:
    for (yes, purpose, channel), wait in [*before, (last, HOUR)]:
        clock.advance(wait)
        if channel == "api":
            says(people, ConsentStatus.GIVEN if yes else ConsentStatus.WITHDRAWN, purpose)
            continue
        told = Told(gpc=True) if channel == "gpc" else Told(categories={CATEGORY[purpose]: yes}, notice=NOTICE)
        answer = signal(people, told).choices[purpose]
        assert answer == "given" or purpose not in permitted(people)
    assert CheckPermissions(people.house)() == 0


def test_a_no_that_is_only_repeated_is_one_event(people: Gateway, clock: FrozenClock) -> None:
    for _ in range(3):
        signal(people, Told(gpc=True, categories={"statistics": False}))
        clock.advance(DAY)
    said = [(event.channel, event.status) for event in people.house.ledger.history(who(people))]
    assert sorted(said) == [("gpc", "objected"), ("tracking", "refused")]


def test_a_signal_that_is_in_the_ledger_stays_there(people: Gateway) -> None:
    with without(ConsentLedger, "settle"), without(Store, "set_permissions"), pytest.raises(Broken):
        signal(people, Told(categories={"statistics": False}))
    assert people.house.ledger.unsettled() == ()
    Recover(people.house)()
    assert ANALYTICS not in permitted(people)
    assert CheckPermissions(people.house)() == 0


def test_nobody_searches_the_ledger_for_who_has_spoken(people: Gateway) -> None:
    with without(ConsentLedger, "since"):
        signal(people, Told(categories={"statistics": False}))
    row = people.house.store.permissions(people.house.ledger.since(0)).to_pylist()[0]
    bit = people.house.catalogue.purposes[ANALYTICS].bit
    assert not row["permits"] >> bit & 1
    assert CheckPermissions(people.house)() == 0


@pytest.mark.parametrize("journey", ["signal", "choice"])
def test_of_nobody_as_much_is_written_as_of_somebody(people: Gateway, journey: str) -> None:
    """The durable steps are the same, so that their time tells little of anybody's existence."""

    def written(number: int) -> tuple[int, int, SignalsTaken | None]:
        house, taken = people.house, None
        entries, position = len(list(house.recorder.entries())), house.ledger.position
        if journey == "signal":
            taken = signal(people, Told(gpc=True), number)
        else:
            people.record_consent(email(number), Choice(MARKETING, ConsentStatus.REFUSED), TESTER)
        assert house.store.ledger_position == house.ledger.position > position
        return len(list(house.recorder.entries())) - entries, house.ledger.position - position, taken

    assert written(1) == written(NOBODY) == written(2)
