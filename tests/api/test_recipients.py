"""What recipients hold and owe, over HTTP, for officers."""

from __future__ import annotations

import datetime as dt

import pytest

from gateway.flows.register_clients import Scope
from gateway.vocabulary.consents import ConsentStatus
from tests.api.conftest import CLIENTS, DELTA, MEMBERS, Caller, is_problem
from tests.builders import NOW
from tests.flows.test_laws_of_the_journey import choose

OUTLOOK, PENDING = "/v1/segments/loyal_buyers/recipients", "/v1/pending-leaves"
DELETIONS = "/v1/recipients/mailer/deletions"


def test_who_could_get_a_segment(call: Caller) -> None:
    answer = call.get("officer", OUTLOOK, params={"language": "hu"})
    assert answer.status_code == 200
    body = answer.json()
    assert body.keys() == {"segment", "recipients"}
    assert [(each["recipient"], each["permitted"]) for each in body["recipients"]] == [
        ("ads", True), ("insights", False), ("mailer", True), ("research", False),
    ]  # fmt: skip
    refused = body["recipients"][1]
    assert refused.keys() == {"recipient", "permitted", "reasons", "words"}
    assert "purpose_not_in_contract" in refused["reasons"][0]
    assert refused["words"] != refused["reasons"]
    assert body["recipients"][0]["reasons"] == []
    is_problem(call.get("officer", "/v1/segments/nothing/recipients"), 404, "not-found")
    is_problem(call.get("officer", OUTLOOK, params={"language": "xx"}), 422, "invalid-input")


def test_who_must_be_told_and_that_it_is_done(filled_call: Caller) -> None:
    call = filled_call
    release = call.get("mailer", MEMBERS).headers["x-release"]
    assert call.get("officer", PENDING).json() == {"pending": []}
    choose(call.gateway, 7, ConsentStatus.WITHDRAWN)
    (owed,) = call.get("officer", PENDING).json()["pending"]
    since, due = (dt.datetime.fromisoformat(owed.pop(key)) for key in ("since", "due"))
    assert (since, due) == (NOW + dt.timedelta(minutes=1), since + dt.timedelta(days=3))
    told = {"recipient": "mailer", "segment": "loyal_buyers", "release": release, "overdue": False}
    assert owed == told | {"by_deletion": False}
    assert len(call.get("mailer", DELTA).json()["changes"]) == 1
    assert call.get("officer", PENDING).json() == {"pending": []}


def test_a_confirmed_deletion(filled_call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    call = filled_call
    monkeypatch.setitem(CLIENTS, "second", ("officer-2", Scope.OFFICER))
    release = call.get("mailer", MEMBERS).headers["x-release"]
    for _ in range(2):  # the same key twice still waits
        answer = call.post("officer", DELETIONS, json={"evidence": "doc-2026-0107"})
        assert (answer.status_code, answer.json()["waits"], answer.json()["releases"]) == (202, True, [release])
    (waits,) = call.get("second", "/v1/inbox").json()["deletions"]
    assert (waits["recipient"], waits["by"], waits["evidence"]) == ("mailer", "officer-1", "doc-2026-0107")
    answer = call.post("second", DELETIONS, json={"evidence": "doc-2026-0107"})
    assert (answer.status_code, answer.json()["waits"], answer.json()["releases"]) == (201, False, [release])
    entry = call.entries()[-1]
    assert entry["request"] == waits["id"]
    assert (entry["action"], entry["recipient"]) == ("deletion.confirmed", "mailer")
    assert "doc-2026-0107" not in str(entry)
    is_problem(call.get("mailer", DELTA), 403, "not-permitted")
    is_problem(call.post("officer", "/v1/recipients/nobody/deletions", json={"evidence": "doc-1"}), 404, "not-found")
    for body in (
        {},
        {"evidence": ""},
        {"evidence": "x" * 101},
        {"evidence": "two words"},
        {"evidence": "a", "b": 1},
        {"evidence": "a", "deny": True},
    ):
        is_problem(call.post("officer", DELETIONS, json=body), 422, "invalid-input")


def test_what_waits_is_denied_at_once(filled_call: Caller) -> None:
    call = filled_call
    call.get("mailer", MEMBERS)
    is_problem(call.post("officer", DELETIONS, json={"deny": True}), 404, "not-found")
    call.post("officer", DELETIONS, json={"evidence": "doc-1"})
    assert call.post("officer", DELETIONS, json={"deny": True, "dry_run": True}).json()["denied"]
    answer = call.post("officer", DELETIONS, json={"deny": True})
    assert (answer.status_code, answer.json()["denied"], answer.json()["releases"]) == (201, True, [])
    assert call.get("officer", "/v1/inbox").json()["deletions"] == []
