"""The classification inbox over HTTP: entries by an opaque id, decisions by officers, problems without a header."""

from __future__ import annotations

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
