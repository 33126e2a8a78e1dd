"""Each operation opens to its scopes and to no other; a refusal is on record."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi import APIRouter

from gateway.api.authentication import Guarded
from tests.api.conftest import CLIENTS, DELTA, MEMBERS, Caller, choice, is_problem, subject
from tests.builders import TESTER

KEY = {"Idempotency-Key": "key-00000001"}
ALLOWED: dict[tuple[str, str], set[str]] = {
    ("POST", "/v1/sources/webshop_customers/batches"): {"customers", "officer"},
    ("GET", "/v1/inbox"): {"officer"},
    ("POST", "/v1/inbox/inb_unknown/decisions"): {"officer"},
    ("GET", "/v1/policies"): {"officer"},
    ("POST", "/v1/policies"): {"officer"},
    ("GET", "/v1/policies/9.9.9"): {"officer"},
    ("POST", "/v1/policies/9.9.9/simulation"): {"officer"},
    ("POST", "/v1/policies/9.9.9/approval"): {"officer"},
    ("POST", "/v1/policies/9.9.9/activation"): {"officer"},
    ("POST", "/v1/policies/9.9.9/rollback"): {"officer"},
    ("POST", "/v1/policies/9.9.9/withdrawal"): {"officer"},
    ("GET", "/v1/policies/9.9.9/lint"): {"officer"},
    ("GET", "/v1/policies/9.9.9/diff"): {"officer"},
    ("GET", "/v1/why?field=city"): {"officer"},
    ("POST", "/v1/consents"): {"desk", "officer"},
    ("POST", "/v1/consents/query"): {"desk", "officer"},
    ("POST", "/v1/consents/signals"): {"desk", "officer"},
    ("POST", "/v1/consents/import"): {"desk", "officer"},
    ("POST", "/v1/consents/receipt"): {"desk", "officer"},
    ("POST", "/v1/consents/receipt/verify"): {"desk", "officer"},
    ("POST", "/v1/consents/why"): {"officer"},
    ("POST", "/v1/requests"): {"desk", "officer"},
    ("GET", "/v1/segments"): {"mailer", "ads", "insights", "officer"},
    ("POST", "/v1/segments/loyal_buyers/snapshots"): {"officer"},
    ("GET", "/v1/segments/loyal_buyers/recipients"): {"officer"},
    ("GET", "/v1/pending-leaves"): {"officer"},
    ("POST", "/v1/recipients/mailer/deletions"): {"officer"},
    ("GET", MEMBERS): {"mailer", "ads", "insights"},
    ("GET", DELTA): {"mailer", "ads", "insights"},
    ("GET", "/v1/audit/checkpoint"): {"auditor", "officer"},
    ("GET", "/v1/audit/entries/0/proof"): {"auditor", "officer"},
    ("GET", "/v1/audit/consistency?old=1&new=1"): {"auditor", "officer"},
    ("GET", "/v1/audit/shards"): {"auditor", "officer"},
    ("GET", "/v1/audit/shards/2026q3/tile/0/000.p/1"): {"auditor", "officer"},
    ("GET", "/v1/records/processing"): {"officer"},
    ("GET", "/v1/records/dpia/direct_marketing"): {"officer"},
    ("POST", "/v1/sweeps"): {"officer"},
    ("POST", "/v1/consultations/query"): {"desk", "officer"},
    ("POST", "/v1/consultations/decisions"): {"officer"},
}
BODIES: dict[str, Any] = {
    "/v1/inbox/inb_unknown/decisions": {"choice": "accept"},
    "/v1/policies": {"files": {"pack.yaml": "id: x"}},
    "/v1/policies/9.9.9/approval": {},
    "/v1/policies/9.9.9/activation": {},
    "/v1/policies/9.9.9/rollback": {"reason": "wrong"},
    "/v1/policies/9.9.9/withdrawal": {},
    "/v1/consents": choice(1),
    "/v1/consents/query": {"subject": subject(1)},
    "/v1/consents/signals": {"subject": subject(1)},
    "/v1/consents/receipt": {"subject": subject(1)},
    "/v1/consents/receipt/verify": {"receipt": "none"},
    "/v1/consents/why": {"subject": subject(1), "purpose": "direct_marketing"},
    "/v1/recipients/mailer/deletions": {"evidence": "doc-1"},
    "/v1/requests": {"kind": "access", "subject": subject(1)},
    "/v1/consultations/query": {"subject": subject(1)},
    "/v1/consultations/decisions": {"subject": subject(1), "permit": True, "reason": "needed_for_rights"},
}


@pytest.mark.parametrize(("method", "path"), ALLOWED)
def test_every_scope_at_every_operation(call: Caller, method: str, path: str) -> None:
    options = {"json": BODIES[path]} if path in BODIES else {}
    for who, (_, scope) in CLIENTS.items():
        answer = call(who, method, path, headers=KEY, **options)
        refused = answer.status_code == 403 and answer.json()["reasons"][0] in {"missing_scope", "foreign_source"}
        assert refused is (who not in ALLOWED[method, path]), who
        if refused:
            is_problem(answer, 403, "not-permitted")
            entry = call.entries()[-1]
            client = call.gateway.clients.identify(call.key(who))
            assert client is not None
            assert entry["actor"] == {"type": "client", "role": scope, "ref": client.actor}
            assert (entry["action"], entry["decision"]) == ("request.refused", "deny")
            assert entry["reasons"] == answer.json()["reasons"]


@pytest.mark.parametrize("key", [None, "", "Bearer", "Bearer gw_unknown", "Basic Z3c6Z3c=", "Bearer \u00e9"])
def test_without_a_known_key_nothing_opens(call: Caller, key: str | None) -> None:
    """Not even far enough to say that a body is malformed."""
    headers = {} if key is None else {"Authorization": key.encode("latin-1")}
    for method, path in ALLOWED:
        answer = call(None, method, path, headers=headers, content=b"{" * 100_000)
        assert is_problem(answer, 401, "not-permitted")["reasons"] == ["unknown_key"]
        assert answer.headers["www-authenticate"] == "Bearer"
        assert call.entries()[-1]["reasons"] == ["unknown_key"]


def test_a_revoked_key_is_unknown_at_once(call: Caller) -> None:
    assert call.get("auditor", "/v1/audit/checkpoint").status_code == 200
    call.gateway.clients.revoke(*CLIENTS["auditor"], TESTER)
    is_problem(call.get("auditor", "/v1/audit/checkpoint"), 401)


def test_the_table_above_is_complete(call: Caller) -> None:
    paths = call.get(None, "/openapi.json").json()["paths"]
    operations = {(m.upper(), p) for p, methods in paths.items() if p.startswith("/v1") for m in methods}
    assert len(operations) == len(ALLOWED)


def test_an_operation_without_scopes_cannot_be_made() -> None:
    router = APIRouter(route_class=Guarded)
    with pytest.raises(TypeError, match="names the scopes"):
        router.get("/v1/open")(lambda: None)
