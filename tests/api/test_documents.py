"""What the interface says of itself: complete, stable, and without a word to anybody outside."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from gateway.api.documents import HERE
from tests.api.conftest import Caller

OPERATIONS = {
    "POST /v1/sources/{source}/batches": "ingest_batch",
    "GET /v1/inbox": "list_inbox",
    "POST /v1/inbox/{entry}/decisions": "decide_column",
    "GET /v1/policies": "list_policies",
    "POST /v1/policies": "draft_policy",
    "GET /v1/policies/{version}": "get_policy",
    "POST /v1/policies/{version}/simulation": "simulate_policy",
    "POST /v1/policies/{version}/approval": "approve_policy",
    "POST /v1/policies/{version}/activation": "activate_policy",
    "POST /v1/policies/{version}/rollback": "roll_back_policy",
    "POST /v1/policies/{version}/withdrawal": "withdraw_policy",
    "GET /v1/policies/{version}/lint": "lint_policy",
    "GET /v1/policies/{version}/diff": "diff_policy",
    "GET /v1/why": "explain_policy",
    "POST /v1/consents": "record_consent",
    "POST /v1/consents/query": "query_consents",
    "POST /v1/consents/signals": "record_signals",
    "POST /v1/consents/import": "import_consents",
    "POST /v1/consents/receipt": "make_consent_receipt",
    "POST /v1/consents/receipt/verify": "verify_consent_receipt",
    "POST /v1/consents/why": "explain_person",
    "POST /v1/requests": "answer_request",
    "GET /v1/segments": "list_segments",
    "POST /v1/segments/{segment}/snapshots": "build_snapshot",
    "GET /v1/segments/{segment}/recipients": "list_possible_recipients",
    "GET /v1/pending-leaves": "list_pending_leaves",
    "POST /v1/recipients/{recipient}/deletions": "confirm_deletion",
    "GET /v1/segments/{segment}/members": "read_members",
    "GET /v1/segments/{segment}/delta": "read_delta",
    "GET /v1/audit/checkpoint": "read_checkpoint",
    "GET /v1/audit/entries/{index}/proof": "prove_entry",
    "GET /v1/audit/consistency": "prove_consistency",
    "GET /v1/audit/shards": "list_shards",
    "GET /v1/audit/shards/{shard}/{path}": "read_log_file",
    "GET /v1/records/processing": "read_processing_record",
    "GET /v1/records/dpia/{purpose}": "read_dpia_sheet",
    "POST /v1/sweeps": "sweep",
    "POST /v1/consultations/query": "query_consultations",
    "POST /v1/consultations/decisions": "decide_identities",
    "GET /livez": "livez",
    "GET /readyz": "readyz",
}


@pytest.fixture
def document(call: Caller) -> dict[str, Any]:
    found: dict[str, Any] = call.get(None, "/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_the_operations_are_these(document: dict[str, Any]) -> None:
    assert {name: each["operationId"] for name, each in operations(document).items()} == OPERATIONS


def test_each_operation_is_good_to_read(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        assert operation["summary"][0].isupper(), name
        assert len(operation["description"]) > 20, name
        assert operation["tags"], name
        assert all("description" in parameter for parameter in operation.get("parameters", [])), name
        good = [answer for status, answer in operation["responses"].items() if status[0] in "23"]
        assert all(answer["description"] for answer in good), name
    assert {tag["name"] for tag in document["tags"]} == {t for o in operations(document).values() for t in o["tags"]}


def test_each_error_is_a_problem_and_each_operation_names_its_key(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        errors = {status: each for status, each in operation["responses"].items() if int(status) >= 400}
        for answer in errors.values():
            assert answer["content"] == {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }
        if " /v1" in name:
            assert operation["security"] == [{"ApiKey": []}]
            assert {"401", "403", "503"} <= errors.keys()
        else:
            assert "security" not in operation
    assert document["components"]["securitySchemes"]["ApiKey"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    for name in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)):
        assert name in document["components"]["schemas"]


def test_every_schema_is_described(document: dict[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), name


def test_no_document_leads_outside(call: Caller) -> None:
    outside = re.compile(r"https?://|//cdn|@import|srcset", re.IGNORECASE)
    for path in ("/docs", "/openapi.json", "/assets/docs.js"):
        assert not outside.search(call.get(None, path).text), path
    page = call.get(None, "/docs").text
    named = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert {name for name in named if name != "data:," and call.get(None, name).status_code != 200} == set()
    assert "<script>" not in page
    assert "style=" not in page
    style = call.get(None, "/assets/vendor/swagger-ui.css").text
    assert set(re.findall(r"url\(\"?([a-z]+:)", style)) <= {"data:"}


def test_vendored_files_are_what_they_were() -> None:
    folder = HERE / "assets" / "vendor"
    for name, digest in json.loads((folder / "VENDOR.json").read_text())["files"].items():
        made = base64.b64encode(hashlib.sha384((folder / name).read_bytes()).digest()).decode()
        assert f"sha384-{made}" == digest, name


def test_health(call: Caller) -> None:
    assert call.get(None, "/livez").json() == {"status": "alive"}
    assert call.get(None, "/readyz").json() == {"status": "ready"}
