"""The classification inbox over HTTP: entries by an opaque id, decisions by officers, problems without a header."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from gateway.flows.register_clients import Scope
from tests.api.conftest import CLIENTS, Caller, is_problem
from tests.builders import as_csv, customers

INBOX = "/v1/inbox"
HEADER = "zqcanary Liisa"


@pytest.fixture
def waiting(call: Caller, monkeypatch: pytest.MonkeyPatch) -> Caller:
    """Two columns that nobody declared, and a second officer."""
    monkeypatch.setitem(CLIENTS, "second", ("officer-2", Scope.OFFICER))
    data = as_csv([row | {"sukupuoli": "nainen", HEADER: "golf"} for row in customers(range(1, 30))])
    sent = send(call, data, "first-key")
    assert sent["undeclared_columns"] == ["sukupuoli", HEADER]
    return call


def send(call: Caller, data: bytes, key: str) -> dict[str, Any]:
    answer = call.post(
        "customers", "/v1/sources/webshop_customers/batches", content=data, headers={"Idempotency-Key": key}
    )
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def listed(call: Caller, query: str = "") -> dict[str, dict[str, Any]]:
    answer = call.get("officer", f"{INBOX}{query}")
    assert answer.status_code == 200, answer.text
    return {entry["column"]: entry for entry in answer.json()["entries"]}


def address(call: Caller, column: str) -> str:
    return f"{INBOX}/{listed(call)[column]['entry']}/decisions"


def test_list_then_accept_then_the_next_batch_reads_it(waiting: Caller) -> None:
    entry = listed(waiting, "?state=pending&source=webshop_customers")["sukupuoli"]
    assert (entry["field"], entry["state"], entry["effect"]) == ("gender", "pending", "sealed")
    policy = waiting.get("officer", INBOX).json()["policy"]
    for _ in range(2):  # the same key twice still waits
        answer = waiting.post("officer", address(waiting, "sukupuoli"), json={"choice": "accept", "note": "clear"})
        assert answer.status_code == 202, answer.text
        body = answer.json()
        assert (body["waits"], body["decision"], body["policy"]) == (True, None, policy)
        assert body["item"] == listed(waiting, "?state=proposed")["sukupuoli"]
        assert (body["item"]["effect"], body["item"]["proposal"]["by"]) == ("sealed", "officer-1")
    answer = waiting.post("second", address(waiting, "sukupuoli"), json={"choice": "field", "field": "gender"})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["waits"], body["item"]["proposal"]) == (False, None)
    steps = [entry for entry in waiting.entries() if entry["action"].startswith("column.")]
    assert [step["action"] for step in steps] == ["column.proposed", "column.classified"]
    assert len({step["actor"]["ref"] for step in steps}) == 2
    assert (body["item"]["effect"], body["reingest"]) == ("read", True)
    assert waiting.get("officer", INBOX).json()["policy"] == body["policy"]
    (decision,) = listed(waiting, "?state=decided")["sukupuoli"]["decisions"]
    assert (decision["by"], decision["confirmed_by"], decision["note"]) == ("officer-1", "officer-2", "clear")
    data = as_csv([row | {"sukupuoli": "mies"} for row in customers(range(1, 30))])
    assert send(waiting, data, "second-key")["undeclared_columns"] == []


@pytest.mark.parametrize(
    ("choice", "effect"),
    [({"choice": "ignored"}, "ignored"), ({"choice": "kept_sealed"}, "sealed"),
     ({"choice": "field", "field": "gender"}, "read"), ({"choice": "field", "field": "health_note"}, "sealed")],
)  # fmt: skip
def test_an_officer_decides_otherwise(waiting: Caller, choice: dict[str, str], effect: str) -> None:
    tried = waiting.post("officer", address(waiting, HEADER), json=choice | {"dry_run": True})
    assert (tried.status_code, tried.json()["item"]["effect"], tried.json()["decision"]) == (201, effect, None)
    assert listed(waiting)[HEADER]["state"] == "pending"
    first = waiting.post("officer", address(waiting, HEADER), json=choice)
    assert first.status_code == (202 if choice["choice"] == "field" else 201)
    done = waiting.post("second", address(waiting, HEADER), json=choice).json()
    assert done["item"] == listed(waiting)[HEADER]
    assert (done["item"]["effect"], done["item"]["state"]) == (effect, "decided")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"choice": "accept"}, "no_proposal"),
        ({"choice": "field"}, "unfit_decision"),
        ({"choice": "field", "field": "email"}, "unfit_decision"),
        ({"choice": "field", "field": "zqzqzq"}, "unfit_decision"),
        ({"choice": "ignored", "field": "gender"}, "unfit_decision"),
        ({"choice": "ignored", "note": "a\u202eb"}, "unfit_words"),
        ({"choice": "ignored", "note": "x" * 501}, "malformed_request"),
        ({"choice": "zqzqzq"}, "malformed_request"),
        ({"choice": "ignored", "zqzqzq": 1}, "malformed_request"),
    ],
)
def test_what_cannot_be_is_a_problem_without_a_value(waiting: Caller, body: dict[str, Any], reason: str) -> None:
    answer = waiting.post("officer", address(waiting, HEADER), json=body)
    assert is_problem(answer, 422, "invalid-input")["reasons"] == [reason]
    assert "zqzqzq" not in answer.text
    assert "zqcanary" not in answer.text


def test_an_unknown_entry_is_not_found(waiting: Caller) -> None:
    answer = waiting.post("officer", f"{INBOX}/inb_zqzqzq/decisions", json={"choice": "ignored"})
    assert is_problem(answer, 404, "not-found")["reasons"] == ["unknown_entry"]
    is_problem(waiting.get("officer", f"{INBOX}?state=zqzqzq"), 422)
    assert listed(waiting, "?source=webshop_purchases") == {}


def test_the_log_knows_the_officer_and_no_header(waiting: Caller) -> None:
    waiting.post("officer", address(waiting, HEADER), json={"choice": "ignored"})
    entry = waiting.entries()[-1]
    assert (entry["action"], entry["actor"]["role"]) == ("column.classified", "officer")
    assert "zqcanary" not in repr(entry)


FIELD = {"choice": "field", "field": "gender"}
ASKED: dict[str, tuple[Callable[[Caller, str], Any], str]] = {
    "the list": (lambda call, _: call.get("officer", INBOX), "inbox.read"),
    "a source's": (lambda call, _: call.get("officer", f"{INBOX}?source=webshop_customers"), "inbox.read"),
    "a dry run": (lambda call, to: call.post("officer", to, json=FIELD | {"dry_run": True}), "inbox.read"),
    "a proposal": (lambda call, to: call.post("officer", to, json=FIELD), "column.proposed"),
    "a decision": (lambda call, to: call.post("officer", to, json={"choice": "ignored"}), "column.classified"),
}


@pytest.mark.parametrize("what", ASKED)
def test_an_answer_that_tells_a_header_has_one_entry_without_it(waiting: Caller, what: str) -> None:
    ask, action = ASKED[what]
    to = address(waiting, HEADER)
    before = len(waiting.entries())
    assert HEADER in ask(waiting, to).text
    (entry,) = waiting.entries()[before:]
    client = waiting.gateway.clients.identify(waiting.key("officer"))
    assert client is not None
    assert (entry["action"], entry["decision"], entry["actor"]["ref"]) == (action, "permit", client.actor)
    assert (entry.get("fields") == ["headers"]) is (action == "inbox.read")
    assert (entry.get("source") is None) is (what == "the list")
    assert "zqcanary" not in repr(entry)


def test_what_was_proposed_before_is_told_again_on_record(waiting: Caller) -> None:
    to = address(waiting, HEADER)
    waiting.post("officer", to, json=FIELD)
    before = len(waiting.entries())
    assert HEADER in waiting.post("officer", to, json=FIELD).text
    assert [entry["action"] for entry in waiting.entries()[before:]] == ["inbox.read"]


@pytest.mark.parametrize("what", ASKED)
def test_without_the_log_no_header_is_told(waiting: Caller, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    to = address(waiting, HEADER)
    monkeypatch.setattr(os, "fdatasync", refuse)
    answer = ASKED[what][0](waiting, to)
    assert is_problem(answer, 503, "unavailable")["reasons"] == ["log-unwritable"]
    assert "zqcanary" not in answer.text
    (found,) = [entry for entry in waiting.gateway.house.inbox.entries() if entry.finding.column == HEADER]
    assert found.decisions == ()


def refuse(_handle: int) -> None:
    raise OSError(5, "Input/output error")


def test_no_name_that_somebody_asks_for_comes_into_the_log(waiting: Caller) -> None:
    assert listed(waiting, "?source=zqcanary_liisa") == {}
    assert "zqcanary" not in repr(waiting.entries())
    assert (waiting.entries()[-1]["action"], waiting.entries()[-1].get("source")) == ("inbox.read", None)
