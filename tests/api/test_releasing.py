"""An operation about people answers with what was released, or with a 500 that says nothing of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from fastapi import FastAPI
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

import audit
from gateway.accountability.errors import LogUnwritable
from gateway.accountability.pending import PendingReceipt
from gateway.api import problems, releasing
from gateway.api.hardening import Hardening
from gateway.flows.read_members import ReadMembers
from gateway.flows.released import Released, released_chunks
from tests.api.conftest import MEMBERS, Caller, is_problem, subject

SECRET = "zqcanary7731"
PERSONAL = {
    "read_members", "read_delta", "query_consents", "query_consultations", "answer_request", "make_consent_receipt",
    "explain_person", "list_inbox", "decide_column",
}  # fmt: skip
RECEIPT = audit.Receipt(0, bytes(32), "log.example/test")
Handler = Callable[[], Any]


def test_the_operations_about_people_are_marked(app: FastAPI) -> None:
    routes = [route for route in walked(app.routes) if isinstance(route, APIRoute)]
    assert {route.operation_id for route in routes if releasing.is_marked(route.endpoint)} == PERSONAL


def walked(routes: Any) -> Iterator[Any]:
    for route in routes:
        yield route
        included = getattr(route, "original_router", None)
        yield from walked(included.routes if included else ())


@pytest.fixture
def served() -> Iterator[Callable[[Handler], TestClient]]:
    """A small application with one marked operation."""
    opened: list[TestClient] = []

    def serve(handler: Handler) -> TestClient:
        app = FastAPI()
        problems.install(app)
        app.get("/", response_model=None)(releasing.releases(handler))
        app.add_middleware(Hardening)
        opened.append(TestClient(app))
        return opened[-1]

    yield serve
    for client in opened:
        client.close()


def test_what_was_released_goes(served: Callable[[Handler], TestClient]) -> None:
    answer = served(lambda: Released(RECEIPT, {"told": SECRET})).get("/")
    assert (answer.status_code, answer.json()) == (200, {"told": SECRET})


class Queue:
    """A writer's queue whose disk the test holds."""

    def __init__(self, error: audit.AuditError | None = None) -> None:
        self.on_disk = threading.Event()
        self.error = error

    def wait(self) -> list[audit.Receipt]:
        assert self.on_disk.wait(10)
        if self.error is not None:
            raise self.error
        return [RECEIPT]

    async def durable(self) -> list[audit.Receipt]:
        return await asyncio.to_thread(self.wait)


def test_what_is_on_its_way_goes_once_it_is_durable(served: Callable[[Handler], TestClient]) -> None:
    queue, answers = Queue(), list[Any]()
    client = served(lambda: Released(PendingReceipt(queue), {"told": SECRET}))
    asking = threading.Thread(target=lambda: answers.append(client.get("/").json()))
    asking.start()
    asking.join(0.3)
    assert not answers
    queue.on_disk.set()
    asking.join(10)
    assert answers == [{"told": SECRET}]


def test_what_does_not_become_durable_is_a_503_without_a_byte_of_it(served: Callable[[Handler], TestClient]) -> None:
    queue = Queue(audit.LogFailed("the log cannot be written"))
    queue.on_disk.set()
    answer = served(lambda: Released(PendingReceipt(queue), {"told": SECRET})).get("/")
    is_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"]
    assert SECRET not in answer.text + str(answer.headers)


class Lookalike:
    """Has a receipt and a value, and is no Released."""

    receipt = RECEIPT
    value = SECRET


@pytest.mark.parametrize(
    "wrong",
    [{"told": SECRET}, [SECRET], SECRET, None, Response(SECRET), (RECEIPT, SECRET), Lookalike()],
    ids=["object", "list", "text", "nothing", "response", "pair", "lookalike"],
)
def test_anything_else_is_a_500_without_a_byte_of_it(served: Callable[[Handler], TestClient], wrong: Any) -> None:
    answer = served(lambda: wrong).get("/")
    assert is_problem(answer, 500, "integrity-failure")["reasons"] == ["unreleased"]
    assert SECRET not in answer.text + str(answer.headers)


def test_a_flow_that_forgets_its_receipt_gives_nothing_away(
    filled_call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where types are not asked: the page itself instead of the page released."""
    real = ReadMembers.page

    def forgetful(*arguments: Any) -> Any:
        return real(*arguments).value

    monkeypatch.setattr(ReadMembers, "page", forgetful)
    answer = filled_call.get("mailer", MEMBERS)
    assert answer.status_code >= 500
    assert "p_" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("kind", ["erasure", "access"])
def test_each_answer_about_somebody_has_its_entry(filled_call: Caller, kind: str) -> None:
    before = len(filled_call.entries())
    body = {"kind": kind, "subject": subject(1), "dry_run": kind == "erasure"}
    assert filled_call.post("desk", "/v1/requests", json=body).status_code == 200
    added = [entry for entry in filled_call.entries()[before:] if entry["action"] == "subject.accessed"]
    assert [(entry["actor"]["role"], len(entry["tags"]), entry["members"]) for entry in added] == [
        ("subject-desk", 1, 1)
    ]


# -- streams --------------------------------------------------------------------------------------------------------


def chunks(failing_at: int) -> Iterator[Released[bytes]]:
    def record(chunk: bytes) -> audit.Receipt:
        if int(chunk) >= failing_at:
            raise LogUnwritable("the log cannot be written")
        return RECEIPT

    return released_chunks([b"%d" % number for number in range(5)], record)


def test_a_stream_goes_chunk_by_chunk(served: Callable[[Handler], TestClient]) -> None:
    answer = served(lambda: releasing.streamed(chunks(9), "text/csv")).get("/")
    assert (answer.status_code, answer.text) == (200, "01234")
    assert served(lambda: releasing.streamed(iter(()), "text/csv")).get("/").content == b""


def test_a_stream_whose_first_entry_fails_is_a_503(served: Callable[[Handler], TestClient]) -> None:
    answer = served(lambda: releasing.streamed(chunks(0), "text/csv")).get("/")
    is_problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"]


def test_a_stream_whose_log_fails_later_breaks_off(served: Callable[[Handler], TestClient]) -> None:
    with served(lambda: releasing.streamed(chunks(2), "text/csv")).stream("GET", "/") as answer:
        assert b"".join(answer.iter_bytes()) == b"01"


@pytest.mark.parametrize("at", [0, 2])
def test_a_stream_of_anything_else_sends_nothing_of_it(served: Callable[[Handler], TestClient], at: int) -> None:
    def wrong() -> Iterator[Released[bytes]]:
        given: list[Any] = [Released(RECEIPT, b"1"), Released(RECEIPT, b"2")]
        given.insert(at, SECRET.encode())
        return cast("Iterator[Released[bytes]]", iter(given))

    with served(lambda: releasing.streamed(wrong(), "text/csv")).stream("GET", "/") as answer:
        assert SECRET.encode() not in b"".join(answer.iter_bytes())
