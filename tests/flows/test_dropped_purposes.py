"""A purpose that a version drops: what takes a permission away is still recorded, and bites if the purpose returns."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable

import pytest

from gateway.consent import ConsentRefused
from gateway.flows.record_consent import Choice
from gateway.foundation.clock import FrozenClock
from gateway.vocabulary.consents import ConsentStatus
from gateway.vocabulary.names import PurposeId
from gateway.wiring import Gateway
from tests.builders import TESTER, as_csv, customers, ingest
from tests.purposes import NOTICE, REMINDERS, Variant, approve, email, rows_of, stored
from tests.versions import OLLI

NO = [ConsentStatus.WITHDRAWN, ConsentStatus.REFUSED, ConsentStatus.OBJECTED, ConsentStatus.INVALIDATED]
Says = Callable[[Gateway, int, ConsentStatus, PurposeId], None]


def put_in_force(gateway: Gateway, variant: Variant) -> None:
    gateway.policies.activate(approve(gateway, variant), OLLI)


def alone(gateway: Gateway, number: int, status: ConsentStatus, purpose: PurposeId = REMINDERS) -> None:
    gateway.record_consent(email(number), Choice(purpose, status, notice=NOTICE), TESTER)


def in_a_file(gateway: Gateway, number: int, status: ConsentStatus, purpose: PurposeId = REMINDERS) -> None:
    row = f"email,{email(number)[1]},{purpose},{status},{gateway.house.clock.now().isoformat()},{NOTICE}\n"
    text = "identifier_type,identifier,purpose,status,at,notice\n" + row
    done = gateway.import_consents(io.BytesIO(text.encode()), TESTER, name="choices.csv")
    if not done.recorded:
        raise ConsentRefused("", reasons=tuple(done.reasons))


def reminded(gateway: Gateway) -> set[int]:
    """Who permits reminders, by the masks."""
    rows = rows_of(gateway, range(1, 9)).values()
    return {row["number"] for row in rows if REMINDERS in stored(gateway, row, gateway.house.clock.now())}


@pytest.fixture
def dropped(gateway: Gateway, clock: FrozenClock) -> Gateway:
    """Eight people who said yes to reminders, and a version that has no such purpose."""
    ingest(gateway, as_csv(customers(range(1, 9))))
    put_in_force(gateway, Variant(reminders="6(1)(a)"))
    for number in range(1, 9):
        alone(gateway, number, ConsentStatus.GIVEN)
    assert reminded(gateway) == set(range(1, 9))
    put_in_force(gateway, Variant())
    clock.advance(dt.timedelta(hours=1))
    return gateway


@pytest.mark.parametrize("says", [alone, in_a_file])
@pytest.mark.parametrize("basis", ["6(1)(a)", "6(1)(f)"])
def test_a_no_is_recorded_and_bites_when_the_purpose_returns(dropped: Gateway, says: Says, basis: str) -> None:
    for number, status in enumerate(NO, 1):
        says(dropped, number, status, REMINDERS)
        who = dropped.house.find(email(number))
        assert who is not None
        assert dropped.house.ledger.history(who)[-1].status is status
    put_in_force(dropped, Variant(reminders=basis))
    assert reminded(dropped) == {5, 6, 7, 8}


@pytest.mark.parametrize("says", [alone, in_a_file])
@pytest.mark.parametrize("status", [ConsentStatus.GIVEN, ConsentStatus.REQUESTED])
def test_what_may_give_is_refused_for_known_and_unknown_alike(
    dropped: Gateway, says: Says, status: ConsentStatus
) -> None:
    position = dropped.house.ledger.position
    for number in (1, 999):
        with pytest.raises(ConsentRefused) as refusal:
            says(dropped, number, status, REMINDERS)
        assert refusal.value.reasons == ("purpose_not_in_force",)
    assert dropped.house.ledger.position == position


@pytest.mark.parametrize("says", [alone, in_a_file])
def test_a_purpose_that_was_never_in_force_is_unknown(gateway: Gateway, says: Says) -> None:
    ingest(gateway, as_csv(customers([1])))
    approve(gateway, Variant(reminders="6(1)(a)"))  # drafted and approved is not in force
    for status in (ConsentStatus.GIVEN, ConsentStatus.WITHDRAWN):
        with pytest.raises(ConsentRefused) as refusal:
            says(gateway, 1, status, REMINDERS)
        assert refusal.value.reasons == ("unknown_purpose",)


def test_of_nobody_it_is_answered_as_of_somebody(dropped: Gateway) -> None:
    before = dropped.house.ledger.position
    alone(dropped, 999, ConsentStatus.WITHDRAWN)
    assert len(dropped.house.ledger.since(before)) == 0
    entry = list(dropped.house.recorder.entries())[-1]
    assert (entry["action"], entry["purpose"], entry["decision"]) == ("consent.recorded", REMINDERS, "permit")
