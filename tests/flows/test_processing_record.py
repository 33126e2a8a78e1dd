"""The record of a living gateway: facts come from the stores, and every count is protected."""

from __future__ import annotations

import datetime as dt
import json

from gateway.flows.processing_record import ProcessingRecord
from gateway.flows.record_consent import Choice
from gateway.flows.release_segment import ReleaseRequest
from gateway.foundation.clock import FrozenClock
from gateway.store.arrivals import count_permitting
from gateway.vocabulary.consents import ConsentStatus
from gateway.vocabulary.names import PurposeId, RecipientId, SegmentId
from gateway.wiring import Gateway
from tests.builders import CUSTOMERS, NOW, PURCHASES, TESTER, as_csv, customers, filled, ingest

MARKETING = PurposeId("direct_marketing")
BUYERS, MAILER = SegmentId("loyal_buyers"), RecipientId("mailer")


def records(gateway: Gateway) -> ProcessingRecord:
    return ProcessingRecord(gateway.house, 730)


def test_an_empty_gateway_has_a_record_and_tells_no_number(gateway: Gateway) -> None:
    record = records(gateway).record()
    assert record["people"] is None
    assert all(activity["people"] is None for activity in record["activities"])
    assert all(source["last_batch"] is None for source in record["sources"])
    assert [version["pack"] for version in record["versions"]] == [record["pack"]] == [gateway.house.catalogue.label]


def test_facts_are_what_happened(gateway: Gateway, clock: FrozenClock) -> None:
    filled(gateway)
    clock.advance(dt.timedelta(hours=2))
    ingest(gateway, as_csv(customers([151])), CUSTOMERS)
    clock.advance(dt.timedelta(hours=1))
    gateway.release(ReleaseRequest(BUYERS, MAILER, "csv"), TESTER)
    record = records(gateway).record()
    last = {source["source"]: source["last_batch"] for source in record["sources"]}
    assert last == {CUSTOMERS: (NOW + dt.timedelta(hours=2)).isoformat(), PURCHASES: NOW.isoformat()}
    released = {
        each["recipient"]: each["last_release"] for activity in record["activities"] for each in activity["recipients"]
    }
    at = (NOW + dt.timedelta(hours=3)).isoformat()
    never = dict.fromkeys(("ads", "insights", "research"))
    assert released == {"mailer": {"at": at, "segment": BUYERS, "size": 150}, **never}
    clock.advance(dt.timedelta(hours=1))
    gateway.release(ReleaseRequest(BUYERS, MAILER, "csv"), TESTER)
    (newest,) = [r["last_release"] for a in records(gateway).record()["activities"] for r in a["recipients"]
                 if r["recipient"] == MAILER]  # fmt: skip
    assert newest["at"] == (NOW + dt.timedelta(hours=4)).isoformat()


def test_one_person_more_or_less_is_not_seen_until_a_ten_is_passed(gateway: Gateway) -> None:
    filled(gateway, 152)
    before = records(gateway).record()
    ingest(gateway, as_csv(customers([200])))
    after = records(gateway).record()
    assert (before["people"], after["people"]) == (150, 150)
    assert before["activities"] == after["activities"]


def test_a_number_under_the_minimum_is_told_nowhere(gateway: Gateway) -> None:
    filled(gateway, 99)
    gateway.build(BUYERS, TESTER)
    record, sheet = records(gateway).record(), records(gateway).dpia(MARKETING)
    assert record["people"] is None
    assert all(activity["people"] is None for activity in record["activities"])
    assert {each["size_class"] for each in sheet["segments"]} == {"under_minimum", "not_built"}
    assert "99" not in {word.strip('",:') for word in json.dumps([record["activities"], sheet["risks"]]).split()}


def test_who_withdraws_is_no_longer_counted(gateway: Gateway) -> None:
    filled(gateway, 110)
    for number in range(1, 21):
        choice = Choice(MARKETING, ConsentStatus.WITHDRAWN, at=NOW)
        gateway.record_consent(("email", f"person.{number}@example.org"), choice, TESTER)
    (marketing,) = [a for a in records(gateway).record()["activities"] if a["purpose"] == MARKETING]
    assert marketing["people"] is None  # 90: under the minimum
    assert records(gateway).record()["people"] == 110


def test_a_yes_counts_to_its_last_instant_and_no_longer(gateway: Gateway, clock: FrozenClock) -> None:
    """Exactly those whose yes holds at the instant are counted, whether or not anybody has refreshed a mask."""
    filled(gateway, 110)  # said yes on 2 May 2026, for 730 days
    ingest(gateway, as_csv(customers(range(1, 21), marketing_consent="kyllä 2026-06-02")))
    store, bit = gateway.house.store, gateway.house.catalogue.purposes[MARKETING].bit
    first, second = (dt.datetime(2026, month, 2, tzinfo=dt.UTC) + dt.timedelta(days=730) for month in (5, 6))
    moment = dt.timedelta(microseconds=1)
    told = {at: count_permitting(store, [bit], at) for at in (NOW, first - moment, first, second - moment, second)}
    assert list(told.values()) == [(110, {bit: held}) for held in (110, 110, 20, 20, 0)]
    clock.advance(first - moment - NOW)
    assert records(gateway).dpia(MARKETING)["description"]["people"] == 110
    clock.advance(moment)
    assert records(gateway).dpia(MARKETING)["description"]["people"] is None  # 20: under the minimum
    gateway.refresh()
    bits = [purpose.bit for purpose in gateway.house.catalogue.purposes.values()]
    assert count_permitting(store, bits, first) == (110, {each: 20 if each == bit else 110 for each in bits})


def test_the_record_reads_and_changes_nothing(gateway: Gateway) -> None:
    filled(gateway)
    entries = len(list(gateway.house.recorder.entries()))
    first = records(gateway).record("hu"), records(gateway).dpia(MARKETING, "hu")
    assert first == (records(gateway).record("hu"), records(gateway).dpia(MARKETING, "hu"))
    assert len(list(gateway.house.recorder.entries())) == entries
    told = json.dumps(first, ensure_ascii=False)
    assert "example.org" not in told.replace("privacy@example.org", "").replace("dpo@example.org", "")
    assert "Esimerkki" not in told
