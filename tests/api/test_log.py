"""Checkpoints and proofs over HTTP, checked with the library alone, as an outsider would."""

from __future__ import annotations

import pytest

import audit
from tests.api.conftest import Caller, is_problem
from tests.builders import filled


def vkey(call: Caller) -> str:
    """As published in the log's folder."""
    return str(call.gateway.house.recorder._log.vkey)


def test_an_entry_is_proved_offline(filled_call: Caller) -> None:
    answer = filled_call.get("auditor", "/v1/audit/entries/2/proof")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    leaf = filled_call.gateway.house.recorder._log.entry(2)
    assert audit.verify_proof(answer.text, leaf, vkey(filled_call)) == 2
    with pytest.raises(audit.VerificationFailed):
        audit.verify_proof(answer.text, leaf + b" ", vkey(filled_call))


def test_a_checkpoint_is_signed_and_the_log_only_grows(call: Caller) -> None:
    def checkpoint() -> tuple[int, bytes]:
        note = call.get("auditor", "/v1/audit/checkpoint").text
        audit.verify_note(note, [vkey(call)])
        parsed = audit.Checkpoint.parse(note.split("\n\n")[0] + "\n")
        return parsed.size, parsed.root

    old, old_root = checkpoint()
    filled(call.gateway, 20)
    new, new_root = checkpoint()
    body = call.get("auditor", "/v1/audit/consistency", params={"old": old, "new": new}).json()
    proof = [bytes.fromhex(step) for step in body["proof"]]
    assert old < new
    audit.verify_consistency(old, old_root, new, new_root, proof)
    with pytest.raises(audit.VerificationFailed):
        audit.verify_consistency(old, old_root, new, old_root, proof)


def test_what_the_log_never_had(call: Caller) -> None:
    is_problem(call.get("auditor", "/v1/audit/entries/999/proof"), 404, "not-found")
    is_problem(call.get("auditor", "/v1/audit/consistency", params={"old": 1, "new": 999}), 404, "not-found")
    is_problem(call.get("auditor", "/v1/audit/consistency", params={"old": 2, "new": 1}), 404, "not-found")
    for index in ("-1", "one", "9" * 5000):
        is_problem(call.get("auditor", f"/v1/audit/entries/{index}/proof"), 422, "invalid-input")
