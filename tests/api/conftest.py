"""The HTTP face on a real, open gateway, and a caller for each scope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from gateway.api.application import create_app
from gateway.flows.register_clients import Scope
from gateway.foundation.settings import Settings
from gateway.wiring import Gateway
from tests.builders import TESTER, filled

MEMBERS, DELTA = "/v1/segments/loyal_buyers/members", "/v1/segments/loyal_buyers/delta"
CLIENTS = {
    "customers": ("webshop_customers", Scope.SOURCE),
    "purchases": ("webshop_purchases", Scope.SOURCE),
    "mailer": ("mailer", Scope.RECIPIENT),
    "ads": ("ads", Scope.RECIPIENT),
    "insights": ("insights", Scope.RECIPIENT),
    "officer": ("officer-1", Scope.OFFICER),
    "desk": ("desk-1", Scope.SUBJECT_DESK),
    "auditor": ("auditor-1", Scope.AUDITOR),
}


@dataclass
class Caller:
    """Calls the interface as one of ``CLIENTS``."""

    http: TestClient
    gateway: Gateway
    keys: dict[str, str] = field(default_factory=dict)

    def key(self, who: str) -> str:
        if who not in self.keys:
            self.keys[who] = self.gateway.clients.add(*CLIENTS[who], TESTER)
        return self.keys[who]

    def __call__(self, who: str | None, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = dict(options.pop("headers", {}))
        if who is not None:
            headers["Authorization"] = f"Bearer {self.key(who)}"
        return self.http.request(method, path, headers=headers, **options)

    def get(self, who: str | None, path: str, **options: Any) -> httpx2.Response:
        return self(who, "GET", path, **options)

    def post(self, who: str | None, path: str, **options: Any) -> httpx2.Response:
        return self(who, "POST", path, **options)

    def entries(self) -> list[dict[str, Any]]:
        return list(self.gateway.house.recorder.entries())


@pytest.fixture
def app(gateway: Gateway, settings: Settings) -> FastAPI:
    return create_app(gateway, settings)


@pytest.fixture
def call(app: FastAPI, gateway: Gateway) -> Iterator[Caller]:
    with TestClient(app, follow_redirects=False) as http:
        yield Caller(http, gateway)


@pytest.fixture
def filled_call(call: Caller) -> Caller:
    """150 people, all of them in `loyal_buyers`."""
    filled(call.gateway)
    return call


def subject(number: int) -> dict[str, str]:
    """Name the person of `tests.builders` with this number."""
    return {"type": "email", "value": f"person.{number}@example.org"}


def choice(number: int, status: str = "withdrawn", purpose: str = "direct_marketing") -> dict[str, Any]:
    return {"subject": subject(number), "purpose": purpose, "status": status}


def is_problem(answer: httpx2.Response, status: int, slug: str | None = None) -> dict[str, Any]:
    """Hold an answer to RFC 9457 and to what this project adds, and return its body."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body.keys() - {"errors"} == {"type", "title", "status", "detail", "reasons"}
    assert body["status"] == status
    assert body["reasons"]
    assert all(isinstance(reason, str) for reason in body["reasons"])
    assert body["type"].startswith("/problems/")
    if slug:
        assert body["type"] == f"/problems/{slug}"
    return body
