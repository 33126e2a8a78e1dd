"""A receipt is the JSON-LD that it says it is, and never says more than the mask gives."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from typing import Any

import pytest
from pyld import jsonld

from gateway.consent.receipt_terms import CONTEXT, INVALID, open_rights
from gateway.flows.consent_receipts import read_receipt
from gateway.flows.permissions import permitted_purposes
from gateway.flows.record_consent import Choice
from gateway.foundation.clock import FrozenClock
from gateway.foundation.settings import Settings
from gateway.policy.person_why import SENTENCES
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentStatus, ExpressedBy
from gateway.vocabulary.names import PurposeId
from gateway.vocabulary.purposes import LegalBasis
from gateway.wiring import Gateway, verify_certificate
from tests.builders import TESTER, a_customer, as_csv, ingest

MARKETING, ANALYTICS = PurposeId("direct_marketing"), PurposeId("product_analytics")
NOTICE = "webshop-2026-05"
DPV = "https://w3id.org/dpv#"
ADULT, CHILD, UNKNOWN = 1, 2, 3
Node = dict[str, Any]


@pytest.fixture
def people(gateway: Gateway, clock: FrozenClock) -> Gateway:
    rows = [
        a_customer(ADULT, marketing_consent=""),
        a_customer(CHILD, marketing_consent="", birth_date="2016-05-05"),
        a_customer(UNKNOWN, marketing_consent="", birth_date=""),
    ]
    ingest(gateway, as_csv(rows))
    clock.advance(dt.timedelta(hours=1))
    return gateway


def who(number: int) -> tuple[str, str]:
    return "email", f"person.{number}@example.org"


def say(gateway: Gateway, number: int, status: ConsentStatus, purpose: PurposeId = MARKETING, **more: Any) -> None:
    said = more.pop("notice", NOTICE)
    notice = said if status is ConsentStatus.GIVEN else None
    gateway.record_consent(who(number), Choice(purpose, status, notice=notice, **more), TESTER)


def receipt(gateway: Gateway, settings: Settings, number: int, language: str = "en") -> Node:
    note = gateway.consent_receipts(who(number), TESTER, language=language).value.note
    return dict(read_receipt(verify_certificate(settings, note)))


def record(body: Node, purpose: str = MARKETING) -> Node:
    return next(r for r in body["dpv:hasRecordOfActivity"] if r["dpv:hasProcess"]["dct:identifier"] == purpose)


def states(body: Node, purpose: str = MARKETING) -> list[str]:
    return [state["@type"] for state in record(body, purpose)["dpv:hasConsentStatus"]]


def nowhere(url: str, _: Any) -> Any:
    pytest.fail(f"the receipt needs {url} to be understood")


def expanded(body: Node) -> Node:
    (found,) = jsonld.expand(body, {"documentLoader": nowhere})
    return dict(found)


def leaves(node: Any) -> list[str]:
    """Every text of a receipt, or of its expansion; of a typed value the text alone."""
    if isinstance(node, dict) and "@value" in node:
        return [str(node["@value"])]
    if isinstance(node, dict):
        return [text for key, value in node.items() if key != "@context" for text in leaves(value)]
    return [text for each in node for text in leaves(each)] if isinstance(node, list) else [str(node)]


def literals(node: Any) -> list[str]:
    """Every text of an expansion that is no IRI."""
    if isinstance(node, dict):
        own = [str(node["@value"])] if "@value" in node else []
        return own + [text for value in node.values() for text in literals(value)]
    return [text for each in node for text in literals(each)] if isinstance(node, list) else []


def iri(text: str) -> str:
    prefix, colon, rest = text.partition(":")
    known = CONTEXT.get(prefix)
    return f"{known}{rest}" if colon and isinstance(known, str) else text


def test_nothing_of_a_receipt_is_lost_when_it_is_expanded(people: Gateway, settings: Settings) -> None:
    say(people, ADULT, ConsentStatus.GIVEN, language="fi", evidence="doc-9", by=ExpressedBy.GUARDIAN)
    say(people, ADULT, ConsentStatus.OBJECTED, ANALYTICS)
    people.record_consent(who(ADULT), Choice(ALL_PURPOSES, ConsentStatus.RESTRICTED), TESTER)
    body = receipt(people, settings, ADULT)
    whole = expanded(body)
    assert sorted(iri(text) for text in leaves(body)) == sorted(leaves(whole))
    assert not [text for text in literals(whole) if iri(text) != text]  # no concept is a mere text
    (controller,) = whole[f"{DPV}hasDataController"]
    assert controller[f"{DPV}hasName"] == [{"@value": people.house.catalogue.controller.name}]
    for each in whole[f"{DPV}hasRecordOfActivity"]:
        assert each[f"{DPV}hasDataController"] == [{"@id": controller["@id"]}]
        assert each[f"{DPV}hasApplicableLaw"] == [{"@id": "https://w3id.org/dpv/legal/eu#law-GDPR"}]
    (given,) = next(r for r in whole[f"{DPV}hasRecordOfActivity"] if f"{DPV}hasConsentStatus" in r)[
        f"{DPV}hasConsentStatus"
    ][:1]
    assert given["@type"] == [f"{DPV}ConsentGiven"]
    assert given[f"{DPV}isIndicatedBy"] == [{"@id": f"{DPV}GuardianOfDataSubject"}]
    assert given[f"{DPV}hasDuration"][0]["@type"] == [f"{DPV}UntilTimeDuration"]


@dataclasses.dataclass(frozen=True)
class Case:
    """What somebody says, how the receipt signs it, and why it permits nothing."""

    number: int
    said: tuple[tuple[ConsentStatus, dict[str, Any]], ...]
    signed: tuple[str, ...]
    reasons: tuple[str, ...] = ()


GIVEN, REFUSED, OBJECTED = ConsentStatus.GIVEN, ConsentStatus.REFUSED, ConsentStatus.OBJECTED
A_YES, GUARDIAN = (GIVEN, dict[str, Any]()), {"by": ExpressedBy.GUARDIAN}
CASES = {
    "a yes": Case(ADULT, (A_YES,), ("dpv:ConsentGiven",)),
    "a child's own yes": Case(CHILD, (A_YES,), (INVALID,), ("under_age",)),
    "a guardian's yes": Case(CHILD, ((GIVEN, GUARDIAN),), ("dpv:ConsentGiven",)),
    "both": Case(CHILD, ((GIVEN, GUARDIAN), A_YES), ("dpv:ConsentGiven", INVALID)),
    "a yes at an unknown age": Case(UNKNOWN, (A_YES,), (INVALID,), ("age_unknown",)),
    "a yes under a dead notice": Case(ADULT, ((GIVEN, {"notice": "shop-2019"}),), (INVALID,), ("notice_outdated",)),
    "a no": Case(ADULT, ((REFUSED, {}),), ("dpv:ConsentRefused",), ("refused",)),
    "asked": Case(ADULT, ((ConsentStatus.REQUESTED, {}),), ("dpv:ConsentRequested",), ("requested",)),
    "an objection": Case(ADULT, (A_YES, (OBJECTED, {})), ("dpv:ConsentGiven", INVALID), ("objected",)),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_yes_that_does_not_count_is_not_signed_as_one(
    people: Gateway, settings: Settings, clock: FrozenClock, case: Case
) -> None:
    for status, more in case.said:
        say(people, case.number, status, **more)
        clock.advance(dt.timedelta(seconds=1))
    body = receipt(people, settings, case.number, "fi")
    told = record(body)
    assert states(body) == list(case.signed)
    assert told["gateway:reason"] == list(case.reasons)
    assert told["gateway:explanation"] == [SENTENCES[reason]["fi"] for reason in case.reasons]
    assert told["gateway:permitted"] is not bool(case.reasons)
    assert told["dpv:hasStatus"].endswith("InvalidForProcessing" if case.reasons else "ValidForProcessing")


def test_a_yes_that_has_run_out_is_shown_with_its_end(people: Gateway, settings: Settings, clock: FrozenClock) -> None:
    say(people, ADULT, GIVEN)
    clock.advance(dt.timedelta(days=3000))
    body = receipt(people, settings, ADULT)
    assert states(body) == ["dpv:ConsentGiven", "dpv:ConsentExpired"]
    given, expired = record(body)["dpv:hasConsentStatus"]
    assert expired["dpv:isIndicatedAtTime"] == given["dpv:hasDuration"]["rdf:value"]


def test_a_receipt_agrees_with_the_mask_whatever_was_chosen(
    people: Gateway, settings: Settings, clock: FrozenClock
) -> None:
    chance = random.Random(7)  # noqa: S311 - the same walk each time
    statuses = [GIVEN, GIVEN, GIVEN, *(s for s in ConsentStatus if s is not ConsentStatus.UNKNOWN)]
    seen = set()
    for _ in range(40):
        number, status = chance.choice((ADULT, CHILD, UNKNOWN)), chance.choice(statuses)
        everything = status in {ConsentStatus.RESTRICTED, ConsentStatus.LIFTED}
        purpose = ALL_PURPOSES if everything else chance.choice((MARKETING, ANALYTICS))
        by = chance.choice((ExpressedBy.SELF, ExpressedBy.GUARDIAN))
        say(people, number, status, purpose, by=by, notice=chance.choice((NOTICE, "webshop-2019")))
        clock.advance(dt.timedelta(days=chance.choice((0, 30)), seconds=1))
        body = receipt(people, settings, number)
        subject = people.house.find(who(number))
        assert subject is not None
        permitted = permitted_purposes(people.house, subject, clock.now())
        for told in body["dpv:hasRecordOfActivity"]:
            name = told["dpv:hasProcess"]["dct:identifier"]
            if name != ALL_PURPOSES:
                seen.add(told["gateway:permitted"])
                assert told["gateway:permitted"] is (name in permitted)
                assert told["gateway:permitted"] is not bool(told["gateway:reason"])
            if told["@type"] == "dpv:ConsentRecord" and name not in permitted:
                assert told["dpv:hasConsentStatus"][-1:] == [] or states(body, name)[-1] != "dpv:ConsentGiven"
    assert seen == {True, False}


def test_rights_are_those_of_the_legal_basis(people: Gateway, settings: Settings) -> None:
    say(people, ADULT, GIVEN)
    say(people, ADULT, OBJECTED, ANALYTICS)
    body = receipt(people, settings, ADULT)
    consent, interest = record(body), record(body, ANALYTICS)
    assert interest["dpv:hasLegalBasis"] == "eu-gdpr:A6-1-f"
    assert "dpv:hasConsentControl" in consent
    assert "dpv:hasConsentControl" not in interest
    assert [each["dpv:hasRight"] for each in interest["dpv:hasOrganisationalMeasure"]] == ["eu-gdpr:A21"]
    named = {basis: {right.rpartition(":")[2] for right in open_rights(basis)} for basis in LegalBasis}
    assert {basis for basis, rights in named.items() if "A7-3" in rights} == {LegalBasis.CONSENT}
    assert {basis for basis, rights in named.items() if "A20" in rights} == {LegalBasis.CONSENT, LegalBasis.CONTRACT}
    assert {basis for basis, rights in named.items() if "A21" in rights} == {
        LegalBasis.PUBLIC_TASK, LegalBasis.LEGITIMATE_INTERESTS,
    }  # fmt: skip
    assert all(named[basis] >= {"A15", "A16", "A18", "A77"} for basis in LegalBasis)


def test_a_purpose_that_the_policy_dropped_is_told_and_permits_nothing(
    people: Gateway, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(people, ADULT, GIVEN)
    purposes = {name: each for name, each in people.house.catalogue.purposes.items() if name != MARKETING}
    catalogue = dataclasses.replace(people.house.catalogue, purposes=purposes)
    monkeypatch.setattr(type(people.house), "catalogue", property(lambda _: catalogue))
    told = record(receipt(people, settings, ADULT))
    assert (told["gateway:permitted"], told["gateway:reason"]) == (False, ["unknown_purpose"])
    assert "dpv:hasConsentStatus" not in told
