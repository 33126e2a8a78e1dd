"""A no reaches the recipients: who must still be told is known, since when, until when, and when it is done."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from gateway.flows.pending_leaves import PendingLeave, PendingLeaves
from gateway.flows.record_consent import Choice
from gateway.foundation.clock import FrozenClock
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentStatus
from gateway.vocabulary.names import PurposeId
from gateway.wiring import Gateway
from tests.apart import Fixed
from tests.builders import TESTER, as_csv, customers, filled, ingest
from tests.flows.test_laws_of_the_journey import ADS, LOYAL, MAILER, MARKETING, choose, release

DAY = dt.timedelta(days=1)


def after(gateway: Gateway, time: dt.timedelta) -> dt.datetime:
    clock = gateway.house.clock
    assert isinstance(clock, FrozenClock)
    clock.advance(time)
    return clock.now()


def owed(gateway: Gateway) -> PendingLeave:
    (only,) = gateway.pending_leaves()
    return only


@pytest.mark.parametrize(
    ("status", "purpose"),
    [
        (ConsentStatus.WITHDRAWN, MARKETING),
        (ConsentStatus.OBJECTED, MARKETING),
        (ConsentStatus.RESTRICTED, ALL_PURPOSES),
    ],
)
def test_a_no_is_owed_from_its_instant_until_the_next_delta(
    gateway: Gateway, status: ConsentStatus, purpose: PurposeId
) -> None:
    filled(gateway)
    base = release(gateway).disclosure
    after(gateway, 5 * DAY)
    choose(gateway, 7, status, purpose)
    said = gateway.house.clock.now()
    after(gateway, DAY)
    assert owed(gateway) == PendingLeave(MAILER, LOYAL, base.release, said, said + 3 * DAY, overdue=False)
    after(gateway, 3 * DAY)
    assert owed(gateway).overdue
    (late,) = (finding for finding in gateway.doctor() if finding.check == "recipients are told in time who left")
    assert not late.ok
    assert "loyal_buyers" in late.advice
    assert len(release(gateway, delta=True).data.splitlines()) == 2
    assert gateway.pending_leaves() == []


def test_each_recipient_owes_its_own_and_a_whole_list_settles_too(gateway: Gateway) -> None:
    filled(gateway)
    for recipient in (MAILER, ADS):
        release(gateway, recipient)
    choose(gateway, 7, ConsentStatus.WITHDRAWN)
    assert {each.recipient for each in gateway.pending_leaves()} == {MAILER, ADS}
    release(gateway, ADS)
    assert owed(gateway).recipient == MAILER


def test_an_erasure_is_owed(gateway: Gateway) -> None:
    filled(gateway)
    release(gateway)
    at = after(gateway, DAY)
    gateway.erase(("customer_number", "C00007"), TESTER)
    after(gateway, DAY)
    assert owed(gateway).since == at
    release(gateway, delta=True)
    assert gateway.pending_leaves() == []


def test_a_yes_that_ran_out_is_owed_from_then(gateway: Gateway) -> None:
    """Person 7 said yes until a day of their own; it is owed whether or not masks were refreshed since."""
    filled(gateway)
    end = after(gateway, DAY) + 10 * DAY
    yes = Choice(MARKETING, ConsentStatus.GIVEN, notice="webshop-2026-05", channel="test", valid_until=end)
    gateway.record_consent(("customer_number", "C00007"), yes, TESTER)
    release(gateway)
    after(gateway, 9 * DAY)
    assert gateway.pending_leaves() == []
    after(gateway, 5 * DAY)
    assert owed(gateway).since == end
    gateway.refresh()
    assert owed(gateway).since == end


def test_a_retention_period_that_ended_is_owed_from_then_to_the_hour(gateway: Gateway) -> None:
    filled(gateway)
    collected = gateway.house.clock.now()
    after(gateway, DAY)
    base = release(gateway).disclosure
    pack = gateway.house.pack
    retention = tuple(dataclasses.replace(entry, period=10 * DAY) for entry in pack.catalogue.retention)
    short = dataclasses.replace(pack, catalogue=dataclasses.replace(pack.catalogue, retention=retention))
    pending = PendingLeaves(dataclasses.replace(gateway.house, policy=Fixed(short)))  # type: ignore[arg-type]  # as it is read
    after(gateway, 8 * DAY)
    assert pending() == []
    after(gateway, 9 * DAY)
    (found,) = pending()
    assert found.release == base.release
    assert abs(found.since - (collected + 10 * DAY)) <= dt.timedelta(hours=1)


def test_somebody_who_only_left_the_segment_and_another_purpose_are_not_owed(gateway: Gateway) -> None:
    filled(gateway)
    release(gateway)
    choose(gateway, 7, ConsentStatus.OBJECTED, PurposeId("product_analytics"))
    ingest(gateway, as_csv(customers([8], loyalty_tier="none")))
    assert gateway.pending_leaves() == []


def test_of_a_list_whose_scope_is_over_nobody_can_be_told(gateway: Gateway) -> None:
    filled(gateway)
    release(gateway)
    choose(gateway, 7, ConsentStatus.WITHDRAWN)
    after(gateway, 100 * DAY)
    assert gateway.pending_leaves() == []


def test_a_recipient_that_deleted_its_list_owes_nothing(gateway: Gateway) -> None:
    filled(gateway)
    release(gateway)
    choose(gateway, 7, ConsentStatus.WITHDRAWN)
    gateway.confirm_deletion(MAILER, "doc-1", TESTER)
    assert gateway.pending_leaves() == []
