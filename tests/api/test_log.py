"""Checkpoints and proofs over HTTP, checked with the library alone, as an outsider would."""

from __future__ import annotations

import pytest

import audit
from tests.api.conftest import Caller, is_problem
from tests.builders import filled

QUARTER = "2026q3"  # of the tests' clock
HERE = f"/v1/audit/shards/{QUARTER}"


def policy(call: Caller) -> audit.Policy:
    """What an outsider believes: the log's keys, as the log publishes them."""
    return audit.Policy.parse(call.get("auditor", f"{HERE}/policy").content)


def leaf(call: Caller, index: int) -> bytes:
    return call.gateway.house.recorder.shards()[QUARTER].entry(index)


def test_an_entry_is_proved_offline(filled_call: Caller) -> None:
    answer = filled_call.get("auditor", "/v1/audit/entries/2/proof")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    proof, entry = audit.Proof.parse(answer.text), leaf(filled_call, 2)
    assert proof.index == 2
    assert proof.verify(entry, policy(filled_call)).size > 2
    with pytest.raises(audit.VerificationFailed):
        proof.verify(entry + b" ", policy(filled_call))
    named = filled_call.get("auditor", "/v1/audit/entries/2/proof", params={"shard": QUARTER})
    audit.Proof.parse(named.text).verify(entry, policy(filled_call))


def test_a_checkpoint_is_signed_and_the_log_only_grows(call: Caller) -> None:
    def checkpoint() -> tuple[int, bytes]:
        found = policy(call).check(call.get("auditor", "/v1/audit/checkpoint").text)
        return found.size, found.root

    old, old_root = checkpoint()
    filled(call.gateway, 20)
    new, new_root = checkpoint()
    body = call.get("auditor", "/v1/audit/consistency", params={"old": old, "new": new}).json()
    proof = [bytes.fromhex(step) for step in body["proof"]]
    assert old < new
    audit.verify_consistency(old, old_root, new, new_root, proof)
    with pytest.raises(audit.VerificationFailed):
        audit.verify_consistency(old, old_root, new, old_root, proof)


def test_the_shards_are_listed_with_the_keys_that_verify_them(call: Caller) -> None:
    (shard,) = call.get("auditor", "/v1/audit/shards").json()["shards"]
    assert (shard["name"], shard["minimum"]) == (QUARTER, 0)
    assert shard["size"] == len(call.entries())
    assert shard["vkeys"] == policy(call).vkeys
    assert len(shard["vkeys"]) == 2  # Ed25519 and ML-DSA-44
    assert shard["origin"] == policy(call).check(call.get("auditor", f"{HERE}/checkpoint").text).origin


def test_reading_entries_is_on_record_and_reading_hashes_is_not(call: Caller) -> None:
    size = policy(call).check(call.get("auditor", f"{HERE}/checkpoint").text).size
    for path in ("checkpoint", "policy", f"tile/0/000.p/{size}"):
        assert call.get("auditor", f"{HERE}/{path}").status_code == 200
    assert len(call.entries()) == size
    bundle = call.get("auditor", f"{HERE}/tile/entries/000.p/{size}")
    assert bundle.headers["content-type"] == "application/octet-stream"
    assert bundle.headers["cache-control"] == "no-store"
    assert leaf(call, 0) in bundle.content
    last = call.entries()[-1]
    assert (last["action"], last["actor"]["role"]) == ("log.read", "auditor")
    assert len(call.entries()) == size + 1


@pytest.mark.parametrize(
    "path",
    ["tags/" + "0" * 32, "journal/" + "0" * 20, "tile/0/001", "tile/0/0", "tile/entries/000", "tile/9/000", "minimum",
     "..%2f2026q3%2fpolicy", "..%2f..%2fkek", "%2e%2e/%2e%2e/kek", "policy/", "Checkpoint", "a" * 60],
)  # fmt: skip
def test_nothing_else_of_the_folder_is_given(filled_call: Caller, path: str) -> None:
    is_problem(filled_call.get("auditor", f"{HERE}/{path}"), 404, "not-found")


def test_what_the_log_never_had(call: Caller) -> None:
    is_problem(call.get("auditor", "/v1/audit/entries/999/proof"), 404, "not-found")
    is_problem(call.get("auditor", "/v1/audit/consistency", params={"old": 1, "new": 999}), 404, "not-found")
    is_problem(call.get("auditor", "/v1/audit/consistency", params={"old": 2, "new": 1}), 404, "not-found")
    for path in ("checkpoint", "entries/0/proof", "consistency?old=1&new=1"):
        joint = "&" if "?" in path else "?"
        is_problem(call.get("auditor", f"/v1/audit/{path}{joint}shard=2026q2"), 404, "not-found")
        is_problem(call.get("auditor", f"/v1/audit/{path}{joint}shard=2026q5"), 422, "invalid-input")
    is_problem(call.get("auditor", "/v1/audit/shards/2026q2/checkpoint"), 404, "not-found")
    is_problem(call.get("auditor", "/v1/audit/shards/audit/checkpoint"), 422, "invalid-input")
    for index in ("-1", "one", "9" * 5000):
        is_problem(call.get("auditor", f"/v1/audit/entries/{index}/proof"), 422, "invalid-input")
