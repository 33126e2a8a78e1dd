"""Errors: RFC 9457, with reason codes, and nothing of what was submitted; not in the log output either."""

from __future__ import annotations

import contextlib
import io
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.api import problems
from gateway.api.documents import PROBLEMS
from gateway.foundation import errors, logs
from gateway.wiring import Gateway
from tests.api.conftest import DELTA, MEMBERS, Caller, choice, is_problem, subject
from tests.builders import filled

# Long enough that no answer holds it by chance; with what breaks parsers, headers and templates.
STRANGE = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SUBMITTED = st.builds(lambda text: f"canary{secrets.token_hex(8)}{text}", STRANGE)
SPOTS = (
    "value", "type", "purpose", "status", "at", "notice", "unknown key", "nested key", "kind", "whole body",
    "not json", "query", "cursor", "since", "limit", "path", "source", "segment", "entry", "problem", "asset",
    "accept", "key", "idempotency key", "if none match", "content type", "encoding", "csv", "csv header", "method",
)  # fmt: skip


@contextlib.contextmanager
def log_output() -> Iterator[io.StringIO]:
    """Everything that the service would write to stderr."""
    with contextlib.redirect_stderr(io.StringIO()) as caught:
        logs.configure(json=True)
        try:
            yield caught
        finally:
            structlog.reset_defaults()


def submit(call: Caller, spot: str, text: str) -> Any:  # noqa: C901, PLR0912 - a table of places
    """Put ``text`` into one place of a request."""
    header = text.encode().replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")
    ascii_ = quote(text, safe="")
    consent = choice(1)
    match spot:
        case "value" | "type":
            return call.post("desk", "/v1/consents", json=consent | {"subject": subject(1) | {spot: text}})
        case "purpose" | "status" | "at" | "notice":
            return call.post("desk", "/v1/consents", json=consent | {spot: text})
        case "unknown key":
            return call.post("desk", "/v1/consents", json=consent | {text: 1})
        case "nested key":
            return call.post("desk", "/v1/consents", json=consent | {"subject": subject(1) | {text: {text: text}}})
        case "kind":
            return call.post("desk", "/v1/requests", json={"kind": text, "subject": subject(1)})
        case "whole body":
            return call.post("desk", "/v1/requests", json=text)
        case "not json":
            return call.post("desk", "/v1/requests", content=text, headers={"Content-Type": "application/json"})
        case "query":
            return call.get("officer", "/v1/segments/nothing", params={text: text})
        case "cursor" | "limit":
            return call.get("mailer", MEMBERS, params={spot: text})
        case "since":
            return call.get("mailer", DELTA, params={spot: text})
        case "path":
            return call.get("officer", f"/{ascii_}/")
        case "source":
            return call.post("officer", f"/v1/sources/{ascii_}/batches", headers={"Idempotency-Key": "k" * 8})
        case "segment":
            return call.get("mailer", f"/v1/segments/{ascii_}/members")
        case "entry":
            return call.get("auditor", f"/v1/audit/entries/{ascii_}/proof")
        case "problem":
            return call.get(None, f"/problems/{ascii_}")
        case "asset":
            return call.get(None, f"/assets/{ascii_}")
        case "accept":
            return call.get("mailer", MEMBERS, headers={"Accept": header})
        case "key":
            return call.get(None, "/v1/segments", headers={"Authorization": b"Bearer " + header})
        case "method":
            return call("officer", "PURGE", f"/v1/segments?{ascii_}")
        case "if none match":
            return call.get("mailer", MEMBERS, headers={"If-None-Match": header})
        case _:
            return upload(call, spot, text, header)


def upload(call: Caller, spot: str, text: str, header: bytes) -> Any:
    headers: dict[str, Any] = {"Idempotency-Key": secrets.token_hex(8)}
    body = b"customer_no,email\nC1,a@example.org\n"
    match spot:
        case "idempotency key":
            headers["Idempotency-Key"] = header
        case "content type":
            headers["Content-Type"] = header
        case "encoding":
            headers["Content-Encoding"] = header
        case "csv":
            body = text.encode()
        case "csv header":
            body = f'"{text.replace(chr(34), "")}",email\n1,2\n'.encode()
    return call.post("customers", "/v1/sources/webshop_customers/batches", content=body, headers=headers)


@pytest.mark.parametrize("spot", SPOTS)
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=SUBMITTED)
def test_nothing_submitted_ever_comes_back(call: Caller, spot: str, text: str) -> None:
    with log_output() as logged:
        answer = submit(call, spot, text)
    canary = text[:22]
    heads = json.dumps(list(answer.headers.items()))
    for place, told in (("body", answer.text), ("headers", heads), ("log output", logged.getvalue())):
        assert canary not in told, place
    assert canary not in json.dumps(call.entries())
    assert answer.status_code not in {307, 308}
    assert answer.status_code < 500
    if answer.status_code >= 400:
        is_problem(answer, answer.status_code)


@pytest.mark.parametrize("status", ["objected", "withdrawn"])
def test_identifiers_stand_in_bodies_only(call: Caller, status: str) -> None:
    """No address of the interface has a place for an identifier."""
    paths = call.get(None, "/openapi.json").json()["paths"]
    parameters = {
        parameter["name"]
        for methods in paths.values()
        for o in methods.values()
        for parameter in o.get("parameters", [])
    }
    assert parameters == {"source", "segment", "index", "cursor", "limit", "since", "old", "new", "shard", "path",
                          "Idempotency-Key", "if-none-match", "Sec-GPC", "language", "state", "entry", "version",
                          "against", "field", "recipient", "purpose", "action", "dry_run"}  # fmt: skip
    assert call.get("desk", "/v1/consents", params={"email": f"{status}@example.org"}).status_code == 405


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[" * 60_000, 400),
        (b'{"a":' * 10_000, 400),
        (b"{" + b" " * 70_000, 413),
        (b"9" * 50_000, 400),
        (b'{"subject": {"type": "email", "value": "\\ud800"}}', 422),
        (b"\xff\xfe", 422),
        (b"", 422),
        (b"null", 422),
        (b'{"subject": NaN}', 422),
    ],
)
def test_deep_huge_and_broken_json(call: Caller, body: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    is_problem(call.post("desk", "/v1/consents/query", content=body, headers=headers), status, "invalid-input")
    is_problem(call.post("desk", "/v1/consents/query", content=(body[at : at + 9] for at in range(0, len(body), 9)),
                         headers=headers), status)  # fmt: skip


def test_json_under_another_name_or_compressed(call: Caller) -> None:
    data = json.dumps({"subject": subject(1)}).encode()
    is_problem(call.post("desk", "/v1/consents/query", content=data, headers={"Content-Type": "text/plain"}), 422)
    is_problem(call.post("desk", "/v1/consents/query", content=data, headers={"Content-Encoding": "gzip"}), 415)


def test_what_is_not_there(call: Caller) -> None:
    assert is_problem(call.get(None, "/"), 404, "not-found")["reasons"] == ["no_such_address"]
    is_problem(call.get(None, "/assets/../application.py"), 404)
    is_problem(call.get(None, "/assets/%2e%2e/application.py"), 404)
    is_problem(call.get("officer", "/v1/segments/"), 404)
    answer = call("officer", "DELETE", "/v1/segments")
    is_problem(answer, 405, "invalid-input")
    assert answer.headers["allow"] == "GET"


def test_every_problem_has_its_page(call: Caller) -> None:
    slugs = {kind.slug for kind in problems.STATUS} | {slug for slug, _, _ in problems._REFUSED.values()}
    assert slugs == set(problems.TITLES) == set(PROBLEMS)
    for slug in slugs:
        page = call.get(None, f"/problems/{slug}")
        assert page.status_code == 200
        assert page.headers["content-type"] == "text/plain; charset=utf-8"
        assert page.text.startswith(f"# {slug}\n")
    for slug in ("nothing", "..%2f..%2freadme", "x" * 5000):
        is_problem(call.get(None, f"/problems/{slug}"), 404)


def test_every_kind_of_error_has_a_status() -> None:
    kinds = set(errors.GatewayError.__subclasses__())
    assert kinds == set(problems.STATUS)


class Unforeseen(Exception):
    """Carries data, as an unforeseen error may."""


@pytest.mark.parametrize("path", ["/v1/segments", "/readyz"])
def test_what_nobody_foresaw_is_a_problem_without_its_message(
    app: FastAPI, call: Caller, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    def broken(*_: object) -> None:
        raise Unforeseen("person.1@example.org")

    monkeypatch.setattr(type(app.state.gateway.segments), "all", broken)
    monkeypatch.setattr(Gateway, "ready", broken)
    with log_output() as logged:
        answer = call.get("officer", path)
    assert is_problem(answer, 503, "unavailable")["reasons"] == ["unexpected"]
    assert answer.headers["retry-after"] == "5"
    assert "person.1" not in answer.text + logged.getvalue()
    assert "Unforeseen" in logged.getvalue()


def test_every_answer_is_hardened(call: Caller) -> None:
    filled(call.gateway, 100)
    for answer in (
        call.get("mailer", MEMBERS),
        call.get(None, "/docs"),
        call.get(None, "/nothing"),
        call.get(None, "/v1/segments"),
        call.get(None, "/assets/docs.js"),
    ):
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        if "/v1" in str(answer.url):
            assert answer.headers["cache-control"] == "no-store"


def test_the_pages_lie_beside_the_code() -> None:
    assert {page.parent for page in PROBLEMS.values()} == {Path(__file__).parents[2] / "docs" / "problems"}
