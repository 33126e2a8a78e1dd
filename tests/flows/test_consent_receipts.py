"""Receipts and signals through the whole house."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

import pytest

from gateway.flows.consent_receipts import nonce_of, read_receipt, receipt_concerns
from gateway.flows.permissions import permitted_purposes
from gateway.flows.record_consent import Choice
from gateway.flows.record_signals import Told
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import GatewayError, InvalidInput, NotFound
from gateway.foundation.settings import Settings
from gateway.vocabulary.catalogue import Signals
from gateway.vocabulary.consents import ConsentStatus, ExpressedBy
from gateway.vocabulary.names import PurposeId
from gateway.wiring import Gateway, verify_certificate
from tests.builders import TESTER, as_csv, customers, ingest
from tests.rooms.consent.test_tcf import GOOD, encoded

MARKETING, ANALYTICS = PurposeId("direct_marketing"), PurposeId("product_analytics")
AINO = ("email", "person.1@example.org")


@pytest.fixture
def people(gateway: Gateway, clock: FrozenClock) -> Gateway:
    ingest(gateway, as_csv(customers([1]) + customers([2], marketing_consent="")))
    clock.advance(dt.timedelta(hours=1))
    return gateway


def test_a_receipt_is_signed_and_the_persons_own(people: Gateway, settings: Settings) -> None:
    choice = Choice(MARKETING, ConsentStatus.WITHDRAWN, evidence="doc-9", language="fi", by=ExpressedBy.GUARDIAN)
    people.record_consent(AINO, choice, TESTER)
    made = people.consent_receipts(AINO, TESTER).value
    body = read_receipt(verify_certificate(settings, made.note))
    subject = people.house.find(AINO)
    assert subject is not None
    assert "person.1" not in made.note
    assert subject.hex() not in made.note
    assert body["dct:conformsTo"].endswith("dpv-27560#receipt-eu-gdpr")
    (record,) = body["dpv:hasRecordOfActivity"]
    assert record["dpv:hasProcess"]["dpv:hasPurpose"] == ["dpv:DirectMarketing"]
    assert record["dpv:hasLegalBasis"] == "eu-gdpr:A6-1-a"
    given, withdrawn = record["dpv:hasConsentStatus"]
    assert (given["@type"], withdrawn["@type"]) == ("dpv:ConsentGiven", "dpv:ConsentWithdrawn")
    assert withdrawn["dpv:isIndicatedBy"] == "dpv:GuardianOfDataSubject"
    assert given["dpv:hasDuration"]["rdf:value"] == "2028-05-01T00:00:00.000000Z"
    assert (record["gateway:permitted"], record["gateway:reason"]) == (False, ["withdrawn"])
    nonce = nonce_of(made.nonce)
    assert receipt_concerns(body, ("email", " Person.1@EXAMPLE.org"), nonce)
    assert not receipt_concerns(body, ("email", "person.2@example.org"), nonce)
    assert not receipt_concerns(body, AINO, bytes(32))
    again = read_receipt(verify_certificate(settings, people.consent_receipts(AINO, TESTER).value.note))
    assert again["dpv:hasDataSubject"] != body["dpv:hasDataSubject"]  # two receipts do not join
    with pytest.raises(GatewayError):
        verify_certificate(settings, made.note.replace("ConsentWithdrawn", "ConsentGiven"))
    assert json.dumps(list(people.house.recorder.entries())).count(made.id) == 0


@pytest.mark.parametrize("text", ["", "ab", "g" * 64, "0" * 63, "0" * 66, "0" * 32 + " " + "0" * 31])
def test_what_is_no_nonce_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        nonce_of(text)
    assert not text or text not in caught.value.message


def test_nobody_and_somebody_silent_get_the_same_words(people: Gateway) -> None:
    told = []
    for number in (2, 999):
        with pytest.raises(NotFound) as caught:
            people.consent_receipts(("email", f"person.{number}@example.org"), TESTER)
        told.append((caught.value.message, caught.value.reasons))
    assert told[0] == told[1]


@pytest.fixture
def signalled(people: Gateway, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """The house under a pack that says what signals mean."""
    signals = Signals(
        gpc=(MARKETING,), categories={"ads": MARKETING, "stats": ANALYTICS}, tcf={MARKETING: (2, 3)}, tcf_vendor=755
    )
    catalogue = dataclasses.replace(people.house.catalogue, signals=signals)
    monkeypatch.setattr(type(people.house), "catalogue", property(lambda _: catalogue))
    return people


def permitted(gateway: Gateway) -> frozenset[PurposeId]:
    subject = gateway.house.find(AINO)
    assert subject is not None
    return permitted_purposes(gateway.house, subject, gateway.house.clock.now())


def test_global_privacy_control_objects_and_again_after_a_yes(signalled: Gateway, clock: FrozenClock) -> None:
    assert MARKETING in permitted(signalled)
    taken = signalled.record_signals(AINO, Told(gpc=True, tcf="rubbish", categories={"moon": True}), TESTER)
    assert (taken.choices, taken.ignored) == ({MARKETING: "objected"}, 1)
    assert taken.unread == "tcf_without_disclosed_vendors"
    assert MARKETING not in permitted(signalled)
    clock.advance(dt.timedelta(days=1))
    signalled.record_consent(AINO, Choice(MARKETING, ConsentStatus.GIVEN, notice="webshop-2026-05"), TESTER)
    signalled.record_signals(AINO, Told(gpc=True), TESTER)
    assert MARKETING not in permitted(signalled)  # a yes of another channel lay between


def test_preferences_bite_and_do_not_tell_who_is_known(signalled: Gateway) -> None:
    told = Told(categories={"stats": False, "ads": False})
    known = signalled.record_signals(AINO, told, TESTER)
    assert permitted(signalled) & {MARKETING, ANALYTICS} == set()
    assert signalled.record_signals(("email", "person.999@example.org"), told, TESTER) == known


def test_a_tc_string_is_evidence(signalled: Gateway) -> None:
    taken = signalled.record_signals(AINO, Told(tcf=encoded(GOOD)), TESTER)
    assert (taken.choices, taken.unread) == ({MARKETING: "given"}, None)
    later = dataclasses.replace(GOOD, updated=18_000_000_000)
    assert signalled.record_signals(AINO, Told(tcf=encoded(later)), TESTER).unread == "tcf_in_the_future"
    events = signalled.show_consents(AINO, TESTER).value.events
    (kept,) = [event for event in events if event.channel == "tcf"]
    assert (kept.language, kept.notice) == ("fi", "tcf-5")
    assert (kept.evidence or "").startswith("tcf:sha256:")
