"""Many callers at once, and a real server on loopback."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from tests.api.conftest import DELTA, MEMBERS, Caller, choice, subject
from tests.builders import as_csv, customers, purchases


def at_once(*works: Callable[[], None]) -> None:
    """Run all of it at once; fail with what fails, and where nothing ends within a minute."""
    failures: list[BaseException] = []

    def watched(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            failures.append(error)

    threads = [threading.Thread(target=watched, args=(work,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "a deadlock"
    assert not failures, failures


def pull(call: Caller, who: str) -> None:
    for _ in range(4):
        query: dict[str, str] | None = {"limit": "40"}
        while query:
            answer = call.get(who, MEMBERS, params=query)
            assert answer.status_code == 200, answer.text
            cursor = answer.json()["next"]
            query = {"limit": "40", "cursor": cursor} if cursor else None
        assert call.get(who, DELTA).status_code == 200


def withdraw(call: Caller) -> None:
    for number in range(1, 25):
        assert call.post("desk", "/v1/consents", json=choice(number)).status_code == 202


def erase_and_look(call: Caller) -> None:
    for number in range(30, 36):
        erased = call.post("desk", "/v1/requests", json={"kind": "erasure", "subject": subject(number)})
        assert erased.status_code == 200, erased.text
        seen = call.post("desk", "/v1/requests", json={"kind": "access", "subject": subject(number + 50)})
        assert seen.status_code == 200, seen.text


def send(call: Caller) -> None:
    for start in range(1000, 1400, 100):
        numbers = range(start, start + 100)
        for who, rows in (("customers", customers(numbers)), ("purchases", purchases(numbers))):
            headers = {"Idempotency-Key": f"key-{start:08d}"}
            answer = call.post(who, f"/v1/sources/webshop_{who}/batches", content=as_csv(rows), headers=headers)
            assert answer.status_code == 201, answer.text


def test_pulling_while_choices_change_batches_come_and_people_go(filled_call: Caller) -> None:
    call = filled_call
    for who in ("mailer", "ads", "desk", "customers", "purchases"):
        call.key(who)
    works = [partial(pull, call, "mailer"), partial(pull, call, "ads")]
    at_once(*works, partial(withdraw, call), partial(erase_and_look, call), partial(send, call))
    assert call.get("mailer", MEMBERS).json()["size"] == 150 - 24 - 6 + 400
    assert call.get(None, "/readyz").status_code == 200


@pytest.fixture
def server(app: FastAPI) -> Iterator[str]:
    """A real server, as `gateway serve` starts it."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, access_log=False, log_level="warning", server_header=False)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        assert thread.is_alive()
        thread.join(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


def test_a_real_server(server: str, call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    source, mailer = ({"Authorization": f"Bearer {call.key(who)}"} for who in ("customers", "mailer"))
    with httpx2.Client(base_url=server, timeout=30, trust_env=False) as http:
        batch = as_csv(customers(range(1, 201)))
        key = {"Idempotency-Key": "key-00000001"}
        url = "/v1/sources/webshop_customers/batches"
        answer = http.post(url, content=iter([batch[:999], batch[999:]]), headers=source | key)
        assert (answer.status_code, answer.json()["rows"]) == (201, 200)
        assert http.post(url, content=batch, headers=source | key).status_code == 200
        sent = http.post(
            "/v1/sources/webshop_purchases/batches",
            content=as_csv(purchases(range(1, 201))),
            headers={"Authorization": f"Bearer {call.key('purchases')}"} | key,
        )
        assert sent.json()["rows"] == 800
        page = http.get(MEMBERS, headers=mailer)
        assert len(page.json()["members"]) == 200
        assert "server" not in page.headers
        tag = {"If-None-Match": page.headers["etag"]}
        assert http.get(MEMBERS, headers=mailer | tag).status_code == 304
        refused = http.post(url, content=b"x" * 70_000, headers={"Authorization": "Bearer none"} | key)
        assert refused.status_code == 401
        assert http.get("/docs").status_code == 200
    assert "example.org" not in stderr.getvalue()
