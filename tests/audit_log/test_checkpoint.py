"""Checkpoints: three lines, one form, and no change that passes."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

import audit
from audit.encoding import MAX_NAME
from audit.merkle import EMPTY_ROOT
from audit.note import sign_note
from tests.audit_log.mutants import mutants

ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
SIGNER = audit.Signer("log.example/test", bytes(range(32)))
TREE = audit.Checkpoint("log.example/test", 3, bytes(range(32)))
SIGNED = sign_note(TREE.text, SIGNER)


def test_a_checkpoint_text_comes_back() -> None:
    text = f"example.com/behind-the-sofa\n20852163\n{ROOT}\n"  # the example of c2sp.org/tlog-checkpoint
    found = audit.Checkpoint.parse(text)
    assert (found.origin, found.size, found.text) == ("example.com/behind-the-sofa", 20852163, text)


@given(st.text("abcé/.-_0€", min_size=1, max_size=40), st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_every_checkpoint_comes_back(origin: str, size: int, root: bytes) -> None:
    tree = audit.Checkpoint(origin, size, root)
    assert audit.Checkpoint.parse(tree.text) == tree


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", "\n\n\n", "o\n5\n", f"o\n5\n{ROOT}", f"\n5\n{ROOT}\n", f"o\n5\n{ROOT}\n\n", f"o\n\n{ROOT}\n",
        f"o\n05\n{ROOT}\n", f"o\n-5\n{ROOT}\n", f"o\n+5\n{ROOT}\n", f"o\n\u0665\n{ROOT}\n", f"o\n5 \n{ROOT}\n",
        f"o\n{2**63}\n{ROOT}\n", f"o\n{'9' * 5000}\n{ROOT}\n", f"o\n0x5\n{ROOT}\n", f"o\n5\r\n{ROOT}\n",
        f"o\n5\n{ROOT[:-4]}\n", f"o\n5\n{ROOT[:-1]}\n", f"o\n5\n{ROOT[:-2]}J=\n", f"o\n5\n {ROOT}\n", "o\n5\nx\n",
        f"o\n5\n{base64.b64encode(bytes(33)).decode()}\n", f"o\n5\n{'A' * 100_000}\n",
        f"o\n0\n{ROOT}\n", f"o p\n5\n{ROOT}\n", f"o+p\n5\n{ROOT}\n", f"\ud800\n5\n{ROOT}\n",
        f"{'o' * (MAX_NAME + 1)}\n5\n{ROOT}\n",
        f"o\n5\n{ROOT}\nextension\n", f"o\n5\n{ROOT}\n" + "extension\n" * 1000,
    ],
)  # fmt: skip
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(audit.VerificationFailed):
        audit.Checkpoint.parse(text)


def test_an_empty_tree_has_the_root_of_the_empty_tree() -> None:
    tree = audit.Checkpoint("o", 0, EMPTY_ROOT)
    assert audit.Checkpoint.parse(tree.text) == tree


@given(st.text(max_size=80) | st.from_regex(r"[a-z]{0,3}\n[0-9]{0,3}\n[A-Za-z0-9+/=]{0,50}\n?"))
def test_any_text_is_read_as_itself_or_refused(text: str) -> None:
    try:
        found = audit.Checkpoint.parse(text)
    except audit.VerificationFailed:
        return
    assert found.text == text


@given(mutants(TREE.text.encode()))
def test_a_changed_text_is_refused_or_says_something_else(mutant: bytes) -> None:
    text = mutant.decode("utf-8", "surrogateescape")
    try:
        found = audit.Checkpoint.parse(text)
    except audit.VerificationFailed:
        return
    assert (found == TREE) == (text == TREE.text)


@given(mutants(SIGNED.encode()))
def test_no_changed_checkpoint_passes(mutant: bytes) -> None:
    if mutant != SIGNED.encode():
        with pytest.raises(audit.VerificationFailed):
            audit.Policy.of([SIGNER.vkey]).check(mutant)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    foreign = audit.Checkpoint("other.example", 1, bytes(32))
    with pytest.raises(audit.VerificationFailed, match="no key that the policy lists for its log"):
        audit.Policy.of([SIGNER.vkey]).check(sign_note(foreign.text, SIGNER))
