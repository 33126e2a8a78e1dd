"""The log comes first: where it cannot be written, nothing leaves and nothing is kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import DELTA, MEMBERS, Caller, choice, is_problem, subject
from tests.builders import as_csv, customers

NEW = as_csv(customers(range(501, 511)))
CALLS: dict[str, Callable[[Caller], Any]] = {
    "members": lambda call: call.get("mailer", MEMBERS),
    "members as a file": lambda call: call.get("mailer", MEMBERS, headers={"Accept": "text/csv"}),
    "the next page": lambda call: call.get("mailer", MEMBERS, params={"cursor": call.keys["cursor"]}),
    "delta": lambda call: call.get("mailer", DELTA),
    "access": lambda call: call.post("desk", "/v1/requests", json={"kind": "access", "subject": subject(1)}),
    "erasure": lambda call: call.post("desk", "/v1/requests", json={"kind": "erasure", "subject": subject(1)}),
    "consents": lambda call: call.post("desk", "/v1/consents/query", json={"subject": subject(1)}),
    "a choice": lambda call: call.post("desk", "/v1/consents", json=choice(1)),
    "a snapshot": lambda call: call.post("officer", "/v1/segments/loyal_buyers/snapshots"),
    "ingest": lambda call: call.post(
        "customers", "/v1/sources/webshop_customers/batches", content=NEW, headers={"Idempotency-Key": "key-00000001"}
    ),
    "an unknown key": lambda call: call.get(None, "/v1/segments"),
    "a wrong scope": lambda call: call.get("desk", "/v1/segments"),
}


@pytest.mark.parametrize("what", CALLS)
def test_without_the_log_nothing_leaves(filled_call: Caller, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    call = filled_call
    page = call.get("mailer", MEMBERS, params={"limit": 10}).json()
    call.keys["cursor"] = page["next"]
    for who in ("desk", "officer", "customers"):
        call.key(who)
    monkeypatch.setattr(os, "fdatasync", _refuse)
    answer = CALLS[what](call)
    body = is_problem(answer, 503, "unavailable")
    assert body["reasons"] == ["log-unwritable"]
    assert answer.headers["retry-after"] == "5"
    told = answer.text
    assert not any(member["pseudonym"] in told for member in page["members"])
    assert "example.org" not in told
    house = call.gateway.house
    assert house.vault.find("email", "person.501@example.org") is None
    assert house.vault.find("email", "person.1@example.org") is not None
    assert len(house.disclosures.list()) == 1
    is_problem(call.get(None, "/readyz"), 503, "unavailable")
    assert call.get(None, "/livez").json() == {"status": "alive"}


def _refuse(_handle: int) -> None:
    raise OSError(5, "Input/output error", str(Path("/home/person.1@example.org")))
