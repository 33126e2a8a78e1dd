"""Who saw my data, over HTTP: names of employees only by a decision, proofs that hold without us, nothing unasked."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import Any

import pytest

import audit
from tests.api.conftest import CLIENTS, Caller, is_problem, subject
from tests.builders import filled

QUERY, DECISIONS = "/v1/consultations/query", "/v1/consultations/decisions"
EMPLOYEES = ("desk-1", "officer-1", "auditor-1")


@pytest.fixture
def looked_at(call: Caller) -> Caller:
    """Ten people, of whom two were looked at by the desk and by an officer."""
    filled(call.gateway, 10)
    for number in (1, 2):
        for who in ("desk", "officer"):
            call.post(who, "/v1/requests", json={"kind": "access", "subject": subject(number)})
    return call


def query(call: Caller, number: int = 1, who: str = "desk", **more: Any) -> dict[str, Any]:
    answer = call.post(who, QUERY, json={"subject": subject(number)} | more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def decide(call: Caller, number: int = 1, *, permit: bool = True) -> str:
    reason = "needed_for_rights" if permit else "protects_employee"
    body = {"subject": subject(number), "permit": permit, "reason": reason}
    answer = call.post("officer", DECISIONS, json=body)
    assert answer.status_code == 201
    return str(answer.json()["decision"])


def everything(body: dict[str, Any]) -> str:
    return json.dumps(body) + "".join(base64.b64decode(entry["entry"]).decode() for entry in body["entries"])


def test_who_looked_is_told_by_role_only(looked_at: Caller) -> None:
    body = query(looked_at)
    assert body["identities"] is False
    assert {entry["actor"]["role"] for entry in body["entries"]} == {"operator", "subject-desk", "officer"}
    assert not any(reference in everything(body) for reference in EMPLOYEES)
    assert "audit_key" not in body
    assert all("reference" not in entry["actor"] for entry in body["entries"])


def test_each_entry_comes_with_its_proof(looked_at: Caller) -> None:
    policy = audit.Policy.parse(looked_at.get("auditor", "/v1/audit/shards/2026q3/policy").content)
    body = query(looked_at)
    for entry in body["entries"]:
        leaf = base64.b64decode(entry["entry"])
        assert audit.Proof.parse(entry["proof"]).verify(leaf, policy).size <= body["searched"][0]["to"]
        written = json.loads(leaf)
        assert dt.datetime.fromisoformat(written["ts"]) == dt.datetime.fromisoformat(entry["ts"])
        assert written["action"] == entry["action"]
        if path := entry.get("tag_proof"):
            hashes = [bytes.fromhex(step) for step in path["hashes"]]
            tag = audit.leaf_hash(bytes.fromhex(entry["tag"]))
            audit.verify_inclusion(tag, path["index"], path["of"], hashes, bytes.fromhex(written["tags_root"]))
        else:
            assert entry["tag"] in written["tags"]
    (part,) = body["searched"]
    assert (part["shard"], part["from"], policy.check(part["checkpoint"]).size) == ("2026q3", 0, part["to"])


def test_the_question_is_on_record_before_its_answer(looked_at: Caller) -> None:
    body = query(looked_at)
    entry = looked_at.entries()[-1]
    assert (entry["action"], entry["actor"]["role"], entry["request"]) == (
        "subject.accessed", "subject-desk", body["request"],
    )  # fmt: skip
    assert body["entries"][-1]["request"] == body["request"]


def test_an_officers_yes_names_them(looked_at: Caller) -> None:
    body = query(looked_at, decision=decide(looked_at))
    assert body["identities"] is True
    named = {entry["actor"]["role"]: entry["actor"]["reference"] for entry in body["entries"]}
    assert named == {"operator": "test", "subject-desk": "desk-1", "officer": "officer-1"}


def test_anything_else_in_its_place_is_not_found(looked_at: Caller) -> None:
    yes, no, strangers = decide(looked_at), decide(looked_at, permit=False), decide(looked_at, 999)
    said = []
    for number, decision in ((2, yes), (999, yes), (1, no), (1, strangers), (999, strangers), (1, "dec_invented")):
        answer = looked_at.post("desk", QUERY, json={"subject": subject(number), "decision": decision})
        said.append(is_problem(answer, 404, "not-found"))
    assert all(body == said[0] for body in said)
    assert decision not in json.dumps(said)


def test_somebody_unknown_gets_the_same_shape(looked_at: Caller) -> None:
    known, unknown = query(looked_at), query(looked_at, 999)
    assert known.keys() == unknown.keys()
    assert unknown["entries"] == []
    assert [part.keys() for part in known["searched"]] == [part.keys() for part in unknown["searched"]]


def test_the_persons_key_comes_when_asked_for(looked_at: Caller) -> None:
    key = query(looked_at, with_key=True)["audit_key"]
    assert len(bytes.fromhex(key)) == 32
    assert query(looked_at, 2, with_key=True)["audit_key"] != key


@pytest.mark.parametrize(
    "body",
    [
        {}, {"subject": subject(1), "more": 1}, {"subject": subject(1), "decision": "Dec 1"},
        {"subject": subject(1), "decision": "zqcanary" * 40}, {"subject": {"type": "name", "value": "zqcanary"}},
        {"subject": subject(1), "with_key": "zqcanary"},
    ],
)  # fmt: skip
def test_what_has_another_form_is_refused(call: Caller, body: dict[str, Any]) -> None:
    assert "zqcanary" not in json.dumps(is_problem(call.post("desk", QUERY, json=body), 422, "invalid-input"))
    decided = {"permit": True, "reason": "zqcanary because I say so"} | body
    assert "zqcanary" not in json.dumps(is_problem(call.post("officer", DECISIONS, json=decided), 422))


def test_a_damaged_tag_file_is_no_empty_answer(looked_at: Caller) -> None:
    for file in (looked_at.gateway.house.home / "audit").glob("*/tags/*"):
        file.unlink()
    is_problem(looked_at.post("desk", QUERY, json={"subject": subject(1)}), 500, "integrity-failure")


def test_every_client_of_the_tests_is_an_employee_or_a_contract() -> None:
    people = {reference for reference, scope in CLIENTS.values() if scope not in {"source", "recipient"}}
    assert people == set(EMPLOYEES)
