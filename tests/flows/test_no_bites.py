"""A no bites at the next query, whatever went wrong before it and however it came in."""

from __future__ import annotations

import datetime as dt
import functools
import shutil
from pathlib import Path
from typing import Any

import pytest

from gateway.flows import ingest_batch
from gateway.flows.record_consent import Choice
from gateway.flows.release_segment import ReleaseRequest
from gateway.foundation.clock import FrozenClock
from gateway.foundation.settings import Settings
from gateway.intake import read_batches
from gateway.store import Store
from gateway.vocabulary.consents import ConsentStatus
from gateway.vocabulary.names import PurposeId, RecipientId, SegmentId
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import NOW, TESTER, a_customer, as_csv, customers, filled, ingest
from tests.versions import put_in_force

LOYAL, MAILER = SegmentId("loyal_buyers"), RecipientId("mailer")
MARKETING, ANALYTICS = PurposeId("direct_marketing"), PurposeId("product_analytics")


class DiskFull(Exception):
    """What stands for any failure between two stores."""


def choose(gateway: Gateway, number: int, status: ConsentStatus, purpose: PurposeId = MARKETING) -> None:
    clock = gateway.house.clock
    assert isinstance(clock, FrozenClock)
    clock.advance(dt.timedelta(minutes=1))
    gateway.record_consent(("customer_number", f"C{number:05d}"), Choice(purpose, status, channel="test"), TESTER)


def permits(gateway: Gateway, number: int) -> set[str]:
    package = gateway.access(("customer_number", f"C{number:05d}"), TESTER).value.package
    return {purpose["id"] for purpose in package["purposes"] if purpose["permitted_now"]}


def fail(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise DiskFull

    monkeypatch.setattr(owner, name, refuse)


def withdraw_without_the_store(gateway: Gateway, number: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        fail(patch, Store, "set_permissions")
        with pytest.raises(DiskFull):
            choose(gateway, number, ConsentStatus.WITHDRAWN)


def test_a_withdrawal_that_the_store_missed_is_caught_up_before_the_next_query(gateway: Gateway) -> None:
    filled(gateway)
    withdraw_without_the_store(gateway, 7)
    assert gateway.build.snapshot(LOYAL, TESTER)[0].size == 149


@pytest.mark.parametrize("then", ["another choice", "a file"])
def test_what_comes_after_does_not_hide_a_withdrawal_that_the_store_missed(
    settings: Settings, clock: FrozenClock, then: str
) -> None:
    initialise(settings, clock)
    with open_gateway(settings, clock) as gateway:
        filled(gateway)
        withdraw_without_the_store(gateway, 7)
        if then == "another choice":
            choose(gateway, 8, ConsentStatus.REFUSED)
        else:
            ingest(gateway, as_csv(customers([900])))
        assert all(finding.ok for finding in gateway.doctor() if "ledger" in finding.check)
    with open_gateway(settings, clock) as gateway:
        expected = 148 if then == "another choice" else 149
        assert gateway.build.snapshot(LOYAL, TESTER)[0].size == expected


def test_a_minor_stays_one_when_a_later_chunk_of_the_file_is_silent_about_age(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest_batch, "read_batches", functools.partial(read_batches, rows=20))
    rows = [a_customer(1, birth_date="2014-02-02"), *customers(range(2, 60)), a_customer(1, birth_date="")]
    ingest(gateway, as_csv(rows))
    assert MARKETING not in permits(gateway, 1)
    assert MARKETING in permits(gateway, 2)


@pytest.mark.parametrize(
    ("column", "purpose", "word", "no"),
    [
        ("marketing_consent", MARKETING, "kyllä", ConsentStatus.WITHDRAWN),
        ("analytics_choice", ANALYTICS, "given", ConsentStatus.OBJECTED),
    ],
)
def test_an_undated_yes_does_not_overrule_a_no_from_elsewhere(
    gateway: Gateway, clock: FrozenClock, column: str, purpose: PurposeId, word: str, no: ConsentStatus
) -> None:
    ingest(gateway, as_csv(customers([1], **{column: ""})))
    choose(gateway, 1, no, purpose)
    clock.advance(dt.timedelta(days=1))
    ingest(gateway, as_csv(customers([1], **{column: word})))
    assert purpose not in permits(gateway, 1)


def test_a_new_notice_in_the_contract_is_no_new_yes(settings: Settings, clock: FrozenClock, tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    shutil.copytree(settings.policies, pack)
    of_pack = Settings(home=settings.home, policies=pack)
    initialise(of_pack, clock)
    with open_gateway(of_pack, clock) as gateway:
        ingest(gateway, as_csv(customers([1], marketing_consent="kyllä")))
        choose(gateway, 1, ConsentStatus.WITHDRAWN)
    for file in pack.rglob("*.yaml"):
        file.write_text(file.read_text().replace("webshop-2026-05", "webshop-2026-09"))
    clock.advance(dt.timedelta(days=1))
    with open_gateway(of_pack, clock) as gateway:
        put_in_force(gateway, pack)
        ingest(gateway, as_csv(customers([1], marketing_consent="kyllä", city="Oulu")))
        assert MARKETING not in permits(gateway, 1)


def test_a_no_dated_ahead_of_our_clock_counts_and_a_yes_does_not(gateway: Gateway) -> None:
    ingest(gateway, as_csv(customers([1])))
    tomorrow = (NOW + dt.timedelta(days=1)).date().isoformat()
    report = ingest(gateway, as_csv([a_customer(1, marketing_consent=f"ei {tomorrow}"), *customers([2, 3])]))
    assert not report.quarantined
    assert MARKETING not in permits(gateway, 1)
    late = ingest(gateway, as_csv([a_customer(4, marketing_consent=f"kyllä {tomorrow}"), *customers([5])]))
    assert dict(late.quarantined) == {"consent_in_future:direct_marketing": 1}


def test_package_and_explanation_say_what_a_query_would_see(gateway: Gateway, clock: FrozenClock) -> None:
    ingest(gateway, as_csv(customers([1])))
    assert permits(gateway, 1) == {"customer_segmentation", MARKETING, ANALYTICS}
    clock.advance(dt.timedelta(days=731))  # nobody has built a segment since
    assert permits(gateway, 1) == {"customer_segmentation", ANALYTICS}
    assert not gateway.explain(LOYAL, ("customer_number", "C00001"), TESTER).value["permitted_now"]


@pytest.mark.parametrize("then", ["a choice", "their file"])
def test_an_erasure_that_broke_off_keeps_the_person_out(gateway: Gateway, then: str) -> None:
    filled(gateway)
    with pytest.MonkeyPatch.context() as patch:
        fail(patch, Store, "erase")
        with pytest.raises(DiskFull):
            gateway.erase(("customer_number", "C00007"), TESTER)
    if then == "a choice":
        choose(gateway, 7, ConsentStatus.REFUSED, ANALYTICS)
    else:
        ingest(gateway, as_csv(customers(range(1, 151), city="Oulu")))
    assert gateway.build.snapshot(LOYAL, TESTER)[0].size == 149
    assert gateway.erase(("customer_number", "C00007"), TESTER).value.found_after is False


def test_a_release_that_broke_off_is_no_base_for_a_delta(gateway: Gateway) -> None:
    filled(gateway)
    gateway.release(ReleaseRequest(LOYAL, MAILER), TESTER)
    with pytest.MonkeyPatch.context() as patch:
        fail(patch, Store, "record_release")
        with pytest.raises(DiskFull):
            gateway.release(ReleaseRequest(LOYAL, MAILER), TESTER)
    choose(gateway, 7, ConsentStatus.WITHDRAWN)
    delta = gateway.release(ReleaseRequest(LOYAL, MAILER, delta=True), TESTER).value.disclosure
    assert (delta.entered, delta.left) == (0, 1)
