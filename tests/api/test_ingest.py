"""Batches over HTTP: all of one or nothing, and the same call twice is one batch."""

from __future__ import annotations

import json
import threading

import httpx2
import pytest

from gateway.foundation.settings import Settings
from tests.api.conftest import Caller, is_problem
from tests.builders import a_customer, as_csv, customers, purchases

BATCHES, PURCHASES = "/v1/sources/webshop_customers/batches", "/v1/sources/webshop_purchases/batches"


def send(call: Caller, data: bytes, key: str = "key-00000001", path: str = BATCHES, **headers: str) -> httpx2.Response:
    who = "customers" if path == BATCHES else "purchases"
    return call.post(who, path, content=data, headers={"Idempotency-Key": key, "Content-Type": "text/csv"} | headers)


def test_csv_and_ndjson(call: Caller) -> None:
    answer = send(call, as_csv(customers(range(1, 11))))
    assert answer.status_code == 201
    assert (answer.json()["rows"], answer.json()["new_subjects"], answer.json()["quarantined"]) == (10, 10, {})
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in purchases(range(1, 11)))
    events = send(call, lines, path=PURCHASES, **{"Content-Type": "application/x-ndjson"})
    assert events.status_code == 201
    assert events.json()["rows"] == 40


def test_quarantine_is_counted_by_reason_and_line(call: Caller) -> None:
    rows = customers(range(1, 6))
    rows[2]["birth_date"] = "yesterday"
    answer = send(call, as_csv(rows)).json()
    assert answer["rows"] == 4
    assert sum(answer["quarantined"].values()) == 1
    assert answer["quarantined_lines"] == [4]
    assert "yesterday" not in json.dumps(answer)


def test_the_same_call_again_gives_the_same_answer(call: Caller) -> None:
    data = as_csv(customers(range(1, 11)))
    first = send(call, data)
    size = len(call.entries())
    again = send(call, data)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert len(call.entries()) == size
    other_key = send(call, data, key="key-00000002")
    assert other_key.status_code == 201
    assert other_key.json()["already_ingested"] is True
    assert other_key.json()["rows"] == 0


def test_a_key_is_for_one_body_one_source_and_one_client(call: Caller) -> None:
    data = as_csv(customers(range(1, 11)))
    send(call, data)
    body = is_problem(send(call, as_csv(customers(range(1, 12)))), 422, "invalid-input")
    assert body["reasons"] == ["key_reused"]
    key = {"Idempotency-Key": "key-00000001"}
    assert call.post("officer", BATCHES, content=data, headers=key).status_code == 201  # a key of the officer's own
    other_source = call.post("officer", PURCHASES, content=data, headers=key)
    assert is_problem(other_source, 422)["reasons"] == ["key_reused"]


@pytest.mark.parametrize("key", [None, "short", "x" * 129])
def test_a_key_is_needed(call: Caller, key: str | None) -> None:
    headers = {} if key is None else {"Idempotency-Key": key}
    body = is_problem(call.post("customers", BATCHES, content=as_csv([a_customer(1)]), headers=headers), 422)
    assert body["errors"][0]["place"] == "header.Idempotency-Key"
    assert call.gateway.house.vault.find("email", "person.1@example.org") is None


def test_all_or_nothing(call: Caller) -> None:
    """A fault in the last line of a batch leaves nothing of its first."""
    data = as_csv(customers(range(1, 3001))) + b'C9,"an open quote\n'
    is_problem(send(call, data), 422, "invalid-input")
    assert call.gateway.house.vault.find("email", "person.1@example.org") is None
    assert call.entries()[-1]["action"] == "batch.refused"
    assert call.entries()[-1]["actor"]["ref"] == "webshop_customers"
    whole = send(call, as_csv(customers(range(1, 11))))  # a refused call does not use up its key
    assert whole.status_code == 201


def test_a_body_that_the_contract_does_not_describe(call: Caller) -> None:
    for body in (b"", b"\n", b"\xff\xfe\x00", b"name,other\nAino,1\n", b"[" * 5000, b'{"a":' * 5000):
        is_problem(send(call, body), 422, "invalid-input")


def test_an_unknown_source_is_refused_to_an_officer(call: Caller) -> None:
    answer = call.post(
        "officer", "/v1/sources/nowhere/batches", content=b"a\n1\n", headers={"Idempotency-Key": "k" * 8}
    )
    assert is_problem(answer, 403, "not-permitted")["reasons"] == ["unknown_source"]


@pytest.mark.parametrize("headers", [{"Content-Encoding": "gzip"}, {"Content-Type": "multipart/form-data"}])
def test_compressed_and_wrapped_bodies_are_415(call: Caller, headers: dict[str, str]) -> None:
    is_problem(send(call, b"anything", **headers), 415, "invalid-input")


def test_an_oversized_body_is_413(call: Caller) -> None:
    small = Settings(home=call.gateway.house.home, max_upload_bytes=1000)
    call.http.app.state.settings = small  # type: ignore[attr-defined] # the FastAPI app
    is_problem(send(call, b"x" * 1001), 413, "invalid-input")
    chunked = call.post(
        "customers", BATCHES, content=(b"y" * 100 for _ in range(11)), headers={"Idempotency-Key": "k" * 8}
    )
    is_problem(chunked, 413, "invalid-input")


def test_the_same_call_twice_at_once_is_one_batch(call: Caller) -> None:
    data = as_csv(customers(range(1, 301)))
    call.key("customers")
    answers: list[httpx2.Response] = []
    threads = [threading.Thread(target=lambda: answers.append(send(call, data))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].json()["rows"] == 300
