"""What must hold whatever goes in: once is enough, no is no, small stays home, two scopes share nothing."""

from __future__ import annotations

import csv
import datetime as dt

import pytest

from gateway.flows.record_consent import Choice
from gateway.flows.release_segment import ReleasePackage, ReleaseRequest
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import InvalidInput, NotPermitted
from gateway.release import SegmentTooSmall
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentStatus
from gateway.vocabulary.names import PurposeId, RecipientId, SegmentId, SourceId
from gateway.wiring import Gateway
from tests.builders import CUSTOMERS, PURCHASES, TESTER, a_customer, as_csv, customers, filled, ingest, purchases

LOYAL, MAILER, ADS = SegmentId("loyal_buyers"), RecipientId("mailer"), RecipientId("ads")
MARKETING = PurposeId("direct_marketing")


def release(gateway: Gateway, recipient: RecipientId = MAILER, *, delta: bool = False) -> ReleasePackage:
    return gateway.release(ReleaseRequest(LOYAL, recipient, delta=delta), TESTER).value


def pseudonyms(package: ReleasePackage, change: str | None = None) -> set[str]:
    rows = csv.DictReader(package.data.decode().splitlines())
    return {row["pseudonym"] for row in rows if change is None or row["change"] == change}


def choose(gateway: Gateway, number: int, status: ConsentStatus, purpose: PurposeId = MARKETING) -> None:
    clock = gateway.house.clock
    assert isinstance(clock, FrozenClock)
    clock.advance(dt.timedelta(minutes=1))  # of two choices at one instant the stricter counts
    gateway.record_consent(("customer_number", f"C{number:05d}"), Choice(purpose, status, channel="test"), TESTER)


class TestIngest:
    def test_twice_is_once(self, gateway: Gateway) -> None:
        filled(gateway)
        before = (gateway.build(LOYAL, TESTER).size, gateway.house.ledger.position)
        again = filled(gateway)
        assert again["customers"].already_ingested
        assert again["purchases"].already_ingested
        assert (gateway.build(LOYAL, TESTER).size, gateway.house.ledger.position) == before

    def test_the_same_people_in_another_file_are_the_same_people(self, gateway: Gateway) -> None:
        filled(gateway)
        report = ingest(gateway, as_csv(customers(reversed(range(1, 151)), loyalty_tier="silver")))
        assert (report.rows, report.new_subjects) == (150, 0)

    def test_events_of_strangers_are_left_out_and_counted(self, gateway: Gateway) -> None:
        filled(gateway, 10)
        report = ingest(gateway, as_csv(purchases([3, 999])), PURCHASES)
        assert (report.rows, report.unresolved) == (4, 4)

    def test_a_source_without_a_contract_is_refused_on_record(self, gateway: Gateway) -> None:
        with pytest.raises(NotPermitted):
            ingest(gateway, as_csv(customers([1])), SourceId("nobody_knows"))
        assert list(gateway.house.recorder.entries())[-1]["action"] == "batch.refused"

    def test_a_column_that_contradicts_its_declaration_stops_the_batch(self, gateway: Gateway) -> None:
        rows = [a_customer(n, loyalty_tier=f"someone.{n}@example.com") for n in range(1, 200)]
        with pytest.raises(InvalidInput) as refusal:
            ingest(gateway, as_csv(rows))
        assert "loyalty_tier" in str(refusal.value)
        assert "example.com" not in str(refusal.value)
        assert gateway.house.vault.find("email", "person.1@example.org") is None

    def test_the_first_entry_of_a_batch_is_older_than_its_rows(self, gateway: Gateway) -> None:
        report = ingest(gateway, as_csv(customers([1, 2])))
        entry = list(gateway.house.recorder.entries())[-1]
        assert (entry["action"], entry["batch"], entry["members"]) == ("batch.accepted", report.batch, 2)


class TestConsent:
    def test_withdrawing_takes_exactly_that_person_out(self, gateway: Gateway) -> None:
        filled(gateway)
        before = pseudonyms(release(gateway))
        choose(gateway, 7, ConsentStatus.WITHDRAWN)
        delta = release(gateway, delta=True)
        after = pseudonyms(release(gateway))
        assert pseudonyms(delta, "entered") == set()
        assert before - after == pseudonyms(delta, "left")
        assert len(before - after) == 1
        assert after < before

    @pytest.mark.parametrize("status", [ConsentStatus.REFUSED, ConsentStatus.OBJECTED, ConsentStatus.EXPIRED])
    def test_no_other_word_than_given_lets_anybody_in(self, gateway: Gateway, status: ConsentStatus) -> None:
        filled(gateway)
        choose(gateway, 7, status)
        assert gateway.build(LOYAL, TESTER).size == 149

    def test_a_restriction_concerns_every_purpose_until_it_is_lifted(self, gateway: Gateway) -> None:
        filled(gateway)
        choose(gateway, 7, ConsentStatus.RESTRICTED, ALL_PURPOSES)
        assert gateway.build(LOYAL, TESTER).size == 149
        choose(gateway, 7, ConsentStatus.LIFTED, ALL_PURPOSES)
        assert gateway.build(LOYAL, TESTER).size == 150

    def test_missing_means_no(self, gateway: Gateway) -> None:
        filled(gateway, 150)
        ingest(gateway, as_csv(customers(range(201, 211), marketing_consent="")))
        ingest(gateway, as_csv(purchases(range(201, 211))), PURCHASES)
        assert gateway.build(LOYAL, TESTER).size == 150

    def test_a_consent_runs_out_by_itself(self, gateway: Gateway, clock: FrozenClock) -> None:
        filled(gateway)
        choose(gateway, 7, ConsentStatus.WITHDRAWN)
        clock.advance(dt.timedelta(days=731))
        assert gateway.build(LOYAL, TESTER).size is None

    def test_children_are_left_out_whatever_the_file_says(self, gateway: Gateway) -> None:
        filled(gateway)
        ingest(gateway, as_csv(customers(range(301, 311), birth_date="2014-02-02")))
        ingest(gateway, as_csv(purchases(range(301, 311))), PURCHASES)
        assert gateway.build(LOYAL, TESTER).size == 150

    def test_permissions_agree_with_the_ledger(self, gateway: Gateway) -> None:
        filled(gateway)
        for number, status in ((1, ConsentStatus.WITHDRAWN), (2, ConsentStatus.OBJECTED), (1, ConsentStatus.GIVEN)):
            choose(gateway, number, status)
        assert all(finding.ok for finding in gateway.doctor() if "ledger" in finding.check)

    def test_the_answer_does_not_tell_whether_somebody_is_known(self, gateway: Gateway) -> None:
        filled(gateway, 10)
        choose(gateway, 7, ConsentStatus.WITHDRAWN)
        choose(gateway, 999, ConsentStatus.WITHDRAWN)  # no error


class TestRelease:
    def test_two_recipients_share_no_pseudonym(self, gateway: Gateway) -> None:
        filled(gateway)
        mailer, ads = pseudonyms(release(gateway)), pseudonyms(release(gateway, ADS))
        assert len(mailer) == len(ads) == 150
        assert mailer.isdisjoint(ads)

    def test_a_list_is_sorted_by_pseudonym(self, gateway: Gateway) -> None:
        filled(gateway)
        lines = release(gateway).data.decode().splitlines()[1:]
        assert lines == sorted(lines)

    @pytest.mark.parametrize("people", [0, 1, 99])
    def test_under_the_minimum_nothing_leaves_and_nothing_is_told(self, gateway: Gateway, people: int) -> None:
        if people:
            filled(gateway, people)
        with pytest.raises(SegmentTooSmall) as refusal:
            release(gateway)
        assert str(people) not in str(refusal.value)
        assert gateway.build(LOYAL, TESTER).size is None
        entry = list(gateway.house.recorder.entries())
        assert any(e["action"] == "segment.released" and e["decision"] == "deny" for e in entry)

    def test_at_the_minimum_it_does(self, gateway: Gateway) -> None:
        filled(gateway, 100)
        assert len(pseudonyms(release(gateway))) == 100

    def test_when_a_segment_falls_under_the_minimum_everybody_leaves(self, gateway: Gateway) -> None:
        filled(gateway, 100)
        listed = pseudonyms(release(gateway))
        choose(gateway, 1, ConsentStatus.WITHDRAWN)
        delta = release(gateway, delta=True)
        assert pseudonyms(delta, "left") == listed
        assert pseudonyms(delta, "entered") == set()

    def test_an_erased_person_leaves_every_list(self, gateway: Gateway) -> None:
        filled(gateway)
        before = {r: pseudonyms(release(gateway, r)) for r in (MAILER, ADS)}
        gateway.erase(("customer_number", "C00007"), TESTER)
        for recipient, listed in before.items():
            left = pseudonyms(release(gateway, recipient, delta=True), "left")
            assert len(left) == 1
            assert left < listed

    def test_the_entry_is_durable_before_the_package_exists(self, gateway: Gateway) -> None:
        filled(gateway)
        released = gateway.release(ReleaseRequest(LOYAL, MAILER), TESTER)
        entry = list(gateway.house.recorder.entries())[released.receipt.index]
        assert (entry["action"], entry["recipient"], entry["members"]) == ("segment.released", MAILER, 150)
        assert entry["snapshot"] == released.value.disclosure.snapshot

    def test_a_recipient_without_a_contract_gets_nothing(self, gateway: Gateway) -> None:
        filled(gateway)
        with pytest.raises(NotPermitted):
            release(gateway, RecipientId("stranger"))


class TestWhoLooked:
    def test_every_entry_about_a_person_is_in_their_package(self, gateway: Gateway) -> None:
        filled(gateway)
        release(gateway)
        seen = [
            c["action"] for c in gateway.access(("customer_number", "C00007"), TESTER).value.package["consultations"]
        ]
        assert seen == ["batch.accepted", "batch.accepted", "segment.built", "segment.released", "subject.accessed"]

    def test_after_erasure_the_log_points_at_nobody_and_still_verifies(self, gateway: Gateway) -> None:
        filled(gateway)
        release(gateway)
        ref = gateway.house.vault.find("customer_number", "C00007")
        assert ref is not None
        gateway.erase(("customer_number", "C00007"), TESTER)
        assert not gateway.house.vault.exists(ref)
        assert gateway.access(("customer_number", "C00007"), TESTER).value.package["consultations"] == []


def test_a_source_of_profiles_must_be_declared_for_the_purpose(gateway: Gateway) -> None:
    """The stored columns are the generalised ones; no identifier has a place in the store."""
    filled(gateway, 5)
    ref = gateway.house.vault.find("customer_number", "C00003")
    assert ref is not None
    profile = gateway.house.store.profile_of(ref, on_behalf="req_test")  # type: ignore[arg-type]
    assert profile["age_band"] == "35-39"
    assert profile["postcode3"] == "005"
    assert {"email", "phone", "given_name", "birth_date", "postcode"}.isdisjoint(profile)
    assert profile["source"] == CUSTOMERS


class TestScopes:
    def test_an_epoch_that_is_over_leaves_no_key_and_new_pseudonyms(self, gateway: Gateway, clock: FrozenClock) -> None:
        filled(gateway)
        first = release(gateway)
        clock.advance(dt.timedelta(days=91))
        with pytest.raises(NotPermitted) as refusal:
            release(gateway, delta=True)
        assert refusal.value.reasons == ("no_previous_release",)
        second = release(gateway)
        assert pseudonyms(first).isdisjoint(pseudonyms(second))
        told = gateway.access(("customer_number", "C00007"), TESTER).value.package["releases"]
        assert [entry["pseudonym"] is None for entry in told] == [True, False]

    def test_somebody_released_in_an_old_epoch_can_still_be_erased(self, gateway: Gateway, clock: FrozenClock) -> None:
        filled(gateway)
        release(gateway)
        clock.advance(dt.timedelta(days=91))
        release(gateway)
        assert gateway.erase(("customer_number", "C00007"), TESTER).value.found_after is False
        assert len(pseudonyms(release(gateway, delta=True), "left")) == 1

    def test_a_recipient_gets_nothing_for_a_purpose_outside_its_contract(self, gateway: Gateway) -> None:
        filled(gateway)
        with pytest.raises(NotPermitted):
            gateway.release(ReleaseRequest(LOYAL, RecipientId("insights")), TESTER)

    def test_a_transaction_scope_gives_other_pseudonyms_each_time(self, gateway: Gateway) -> None:
        filled(gateway)
        request = ReleaseRequest(SegmentId("regular_buyers"), RecipientId("insights"))
        first, second = (gateway.release(request, TESTER).value for _ in range(2))
        assert pseudonyms(first).isdisjoint(pseudonyms(second))
        rows = list(csv.DictReader(first.data.decode().splitlines()))
        assert {(row["age_band"], row["country"]) for row in rows} == {("35-39", "FI")}
        assert len(rows) == 150

    def test_a_transaction_scope_has_no_deltas(self, gateway: Gateway) -> None:
        filled(gateway)
        request = ReleaseRequest(SegmentId("regular_buyers"), RecipientId("insights"), delta=True)
        with pytest.raises(NotPermitted):
            gateway.release(request, TESTER)
