"""Versions of the policy over HTTP: two officers, one registry, and problems without a value."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.flows.policy_versions import Officer
from gateway.flows.register_clients import Scope
from gateway.foundation.settings import Settings
from gateway.vocabulary.events import Actor
from tests.api.conftest import CLIENTS, Caller, is_problem
from tests.builders import TESTER
from tests.versions import REPORT, renumbered

POLICIES, NEXT = "/v1/policies", "/v1/policies/1.1.0"


@pytest.fixture
def files() -> dict[str, str]:
    return renumbered(Settings().policies, "1.1.0", "1.0.0")


@pytest.fixture
def drafted(call: Caller, files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Caller:
    """A draft of `officer-1`, simulated, and a second officer."""
    monkeypatch.setitem(CLIENTS, "second", ("officer-2", Scope.OFFICER))
    answer = call.post("officer", POLICIES, json={"files": files, "note": "as agreed"})
    assert (answer.status_code, answer.json()["state"]) == (201, "draft"), answer.text
    call.gateway.policies.record_simulation("1.1.0", REPORT, Officer(Actor("operator", "test"), "test"))
    return call


def listed(call: Caller) -> dict[str, Any]:
    answer = call.get("officer", POLICIES)
    assert answer.status_code == 200, answer.text
    return {each["version"]: each["state"] for each in answer.json()["versions"]}


def test_drafted_by_one_and_approved_by_another_it_is_in_force(drafted: Caller, files: dict[str, str]) -> None:
    refusal = drafted.post("officer", f"{NEXT}/approval", json={})
    assert is_problem(refusal, 403, "not-permitted")["reasons"] == ["second_person_needed"]
    assert drafted.post("second", f"{NEXT}/approval", json={"note": "read"}).status_code == 201
    answer = drafted.post("officer", f"{NEXT}/activation", json={})
    assert (answer.status_code, answer.json()["state"]) == (201, "active"), answer.text
    assert listed(drafted) == {"1.0.0": "superseded", "1.1.0": "active"}
    assert drafted.get("officer", POLICIES).json()["policy"] == answer.json()["label"]
    whole = drafted.get("officer", NEXT).json()
    assert whole["files"] == files
    assert [(step["step"], step["by"]) for step in whole["steps"]] == [
        ("simulated", "test"), ("approved", "officer-2"), ("activated", "officer-1"),
    ]  # fmt: skip
    back = drafted.post("second", f"{POLICIES}/1.0.0/rollback", json={"reason": "too many left"})
    assert (back.status_code, back.json()["state"]) == (201, "active")
    assert listed(drafted) == {"1.0.0": "active", "1.1.0": "superseded"}


def test_a_way_back_that_allows_more_waits_for_a_second_key(drafted: Caller, files: dict[str, str]) -> None:
    raised = {
        path: text.replace("minimum_size: 100", "minimum_size: 140") if path.startswith(("rules/", "cases/")) else text
        for path, text in files.items()
    }
    pack = raised["pack.yaml"].replace("version: 1.1.0", "version: 1.2.0")
    drafted.post("officer", POLICIES, json={"files": raised | {"pack.yaml": pack}})
    drafted.gateway.policies.record_simulation("1.2.0", REPORT, Officer(Actor("operator", "test"), "test"))
    drafted.post("second", f"{POLICIES}/1.2.0/approval", json={})
    assert drafted.post("officer", f"{POLICIES}/1.2.0/activation", json={}).json()["state"] == "active"
    told = [drafted.post("officer", f"{POLICIES}/1.0.0/rollback", json={"reason": "too many left"}) for _ in range(2)]
    assert [(waits.status_code, waits.json()["state"]) for waits in told] == [(202, "superseded")] * 2
    proposal = drafted.get("second", f"{POLICIES}/1.0.0").json()["proposal"]
    assert (proposal["by"], [waits.json()["proposal"] for waits in told]) == ("officer-1", [proposal] * 2)
    done = drafted.post("second", f"{POLICIES}/1.0.0/rollback", json={"reason": "agreed"})
    assert (done.status_code, done.json()["state"], done.json()["proposal"]) == (201, "active", None)
    assert done.json()["steps"][-1]["confirmed_by"] == "officer-2"


def test_a_second_key_of_one_officer_is_no_second_person(drafted: Caller) -> None:
    drafted.gateway.clients.revoke(*CLIENTS["officer"], TESTER)
    drafted.keys.pop("officer")
    refusal = drafted.post("officer", f"{NEXT}/approval", json={})
    assert is_problem(refusal, 403)["reasons"] == ["second_person_needed"]


def test_from_an_instant_or_withdrawn(drafted: Caller) -> None:
    drafted.post("second", f"{NEXT}/approval", json={})
    early = drafted.post("officer", f"{NEXT}/activation", json={"at": "2026-06-30T00:00:00Z"})
    assert is_problem(early, 422)["reasons"] == ["start_in_the_past"]
    later = drafted.post("officer", f"{NEXT}/activation", json={"at": "2026-07-02T00:00:00+03:00"})
    assert (later.json()["state"], later.json()["starts"]) == ("scheduled", "2026-07-01T21:00:00Z")
    assert drafted.post("officer", f"{NEXT}/withdrawal", json={}).json()["state"] == "withdrawn"
    assert listed(drafted) == {"1.0.0": "active", "1.1.0": "withdrawn"}


@pytest.mark.parametrize(
    ("path", "body", "status", "reason"),
    [
        ("", {"files": {"zqzq.txt": "zqzqzq"}}, 422, None),
        ("", {"files": {"../pack.yaml": "zqzqzq"}}, 422, "malformed_request"),
        ("", {"files": {"pack.yaml": 1}}, 422, "malformed_request"),
        ("", {}, 422, "malformed_request"),
        ("/zqzqzq!/approval", {}, 422, "malformed_request"),
        ("/9.9.9/approval", {}, 404, "unknown_version"),
        ("/1.0.0/approval", {}, 409, "not_simulated"),
        ("/1.0.0/activation", {}, 409, "not_approved"),
        ("/1.0.0/activation", {"at": "zqzqzq"}, 422, "malformed_request"),
        ("/1.0.0/rollback", {"reason": "why"}, 409, "never_in_force"),
        ("/1.0.0/rollback", {}, 422, "malformed_request"),
        ("/1.0.0/withdrawal", {}, 409, "in_force"),
    ],
)
def test_what_cannot_be_is_a_problem_without_a_value(
    call: Caller, path: str, body: dict[str, Any], status: int, reason: str | None
) -> None:
    answer = call.post("officer", f"{POLICIES}{path}", json=body)
    reasons = is_problem(answer, status)["reasons"]
    assert reason is None or reasons == [reason]
    assert "zqzqzq" not in answer.text
    assert listed(call) == {"1.0.0": "active"}


def test_a_draft_is_bounded(call: Caller) -> None:
    is_problem(call.post("officer", POLICIES, content=b"{" + b" " * (4 * 1024 * 1024)), 413)
    is_problem(call.post("officer", "/v1/inbox/inb_x/decisions", content=b"{" + b" " * 65_536), 413)


def test_a_dry_run_keeps_nothing(call: Caller, files: dict[str, str]) -> None:
    answer = call.post("officer", POLICIES, json={"files": files, "dry_run": True})
    assert (answer.status_code, answer.json()["state"]) == (201, "draft")
    assert listed(call) == {"1.0.0": "active"}
