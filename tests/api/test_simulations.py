"""A draft simulated over HTTP: what it says is what then happens, and until then nothing does."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.flows.register_clients import Scope
from tests.api.conftest import CLIENTS, Caller, is_problem
from tests.drafts import draft_with

DRAFT, MEMBERS = "/v1/policies/2.0.0", "/v1/segments/regular_buyers/members"


@pytest.fixture
def drafted(filled_call: Caller, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """150 regular buyers, and a draft under which that segment asks for a field that its purpose may not use."""
    monkeypatch.setitem(CLIENTS, "second", ("officer-2", Scope.OFFICER))
    answer = filled_call.post("officer", "/v1/policies", json={"files": draft_with(["a segment refused"])})
    assert answer.status_code == 201, answer.text
    return filled_call


def simulated(call: Caller) -> dict[str, Any]:
    answer = call.post("officer", f"{DRAFT}/simulation")
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def members(call: Caller) -> int:
    answer = call.get("insights", MEMBERS, params={"limit": 1000})
    assert answer.status_code == 200, answer.text
    return len(answer.json()["members"])


def test_a_segment_that_a_draft_closes_is_closed_when_it_is_in_force(drafted: Caller) -> None:
    assert members(drafted) == 150
    found = simulated(drafted)
    told = {each["segment"]: each for each in found["segments"]}
    regular = told["regular_buyers"]
    assert regular["effect"] == "refused"
    assert [regular[side]["people"] for side in ("now", "then", "left", "entered")] == [150, None, 150, None]
    assert told["loyal_buyers"]["effect"] == "untouched"
    assert any("segment regular_buyers: refused from then on" in line for line in found["words"])
    assert members(drafted) == 150
    steps = drafted.get("officer", DRAFT).json()["steps"]
    assert [(step["step"], step["by"], step["report"]) for step in steps] == [
        ("simulated", "officer-1", found["digest"]),
    ]  # fmt: skip
    assert drafted.post("second", f"{DRAFT}/approval", json={}).status_code == 201
    assert drafted.post("officer", f"{DRAFT}/activation", json={}).status_code == 201
    refusal = is_problem(drafted.get("insights", MEMBERS), 403)
    assert any("loyalty_tier" in reason for reason in refusal["reasons"])
    assert any("loyalty_tier" in reason for reason in regular["reasons"])
    assert drafted.get("mailer", "/v1/segments/loyal_buyers/members").status_code == 200


def test_nobody_but_an_officer_simulates_and_only_what_was_drafted(drafted: Caller) -> None:
    for who in ("auditor", "desk", "mailer"):
        is_problem(drafted.post(who, f"{DRAFT}/simulation"), 403)
    assert is_problem(drafted.post("officer", "/v1/policies/9.9.9/simulation"), 404)["reasons"] == ["unknown_version"]
    assert drafted.get("officer", DRAFT).json()["state"] == "draft"
    simulated(drafted)
    assert drafted.get("officer", DRAFT).json()["state"] == "simulated"
    is_problem(drafted.post("officer", f"{DRAFT}/approval", json={}), 403)  # who drafted it does not approve it
