"""Proof files: read strictly, and true of one entry at one place in one tree only."""

from __future__ import annotations

import base64
import functools

import pytest
from hypothesis import given
from hypothesis import strategies as st

import audit
from audit.keys import KeyKind, Signer, SigningKey
from audit.merkle import Tree, leaf_hashes
from audit.note import sign_note
from audit.policy import Policy
from audit.proof import MAX_EXTRA, MAX_HASHES, MAX_PROOF, Proof
from tests.audit_log.mutants import mutants

SIGNER = Signer("log.example.org", bytes(range(32)), ml_dsa_seed=bytes(range(32)))
WITNESS = SigningKey("witness.example.org", KeyKind.ML_DSA_44, bytes(32))
POLICY = Policy.parse("".join(f"log {vkey}\n" for vkey in SIGNER.vkeys) + f"witness w {WITNESS.vkey}\nquorum w\n")
MOST = 70


def entry(number: int) -> bytes:
    return b"entry %d" % number


@functools.cache
def tree(size: int) -> tuple[Tree, audit.Checkpoint, str]:
    made = Tree()
    made.extend(leaf_hashes([entry(n) for n in range(size)]))
    found = audit.Checkpoint(SIGNER.name, size, made.root())
    return made, found, sign_note(found.text, SIGNER, 5) + WITNESS.sign(found.text, 7)


def proof(index: int, size: int, extra: bytes | None = None) -> Proof:
    made, _, signed = tree(size)
    return Proof(index, tuple(made.inclusion(index, size)), signed, extra)


PLACES = st.integers(1, MOST).flatmap(lambda size: st.tuples(st.integers(0, size - 1), st.just(size)))
WHOLE = proof(4, 7, b"extra data").text
HEAD, _, SIGNED = WHOLE.partition("\n\n")
HASH = base64.b64encode(bytes(32)).decode()


@given(PLACES, st.none() | st.binary(min_size=1, max_size=40))
def test_every_proof_comes_back_and_holds(place: tuple[int, int], extra: bytes | None) -> None:
    made = proof(*place, extra)
    assert Proof.parse(made.text) == Proof.parse(made.text.encode()) == made
    assert Proof.parse(made.text).text == made.text
    assert made.verify(entry(place[0]), POLICY) == tree(place[1])[1]


def test_a_file_looks_as_the_specification_has_it() -> None:
    made = proof(1, 3, b"abc")
    first, second = (base64.b64encode(value).decode() for value in made.hashes)
    assert made.text == f"c2sp.org/tlog-proof@v1\nextra YWJj\nindex 1\n{first}\n{second}\n\n{made.checkpoint}"
    alone = proof(0, 1)
    assert alone.text == f"c2sp.org/tlog-proof@v1\nindex 0\n\n{alone.checkpoint}"


@given(PLACES, st.data())
def test_a_proof_is_of_one_entry_at_one_place(place: tuple[int, int], data: st.DataObject) -> None:
    index, size = place
    made = proof(index, size)
    other = data.draw(st.integers(0, MOST))
    if other != index:
        with pytest.raises(audit.VerificationFailed):
            made.verify(entry(other), POLICY)
        with pytest.raises(audit.VerificationFailed):
            Proof(other, made.hashes, made.checkpoint).verify(entry(index), POLICY)
    with pytest.raises(audit.VerificationFailed):
        made.verify(entry(index) + b"\0", POLICY)
    if size > 1:
        at = data.draw(st.integers(0, len(made.hashes) - 1))
        for hashes in (made.hashes[:at] + made.hashes[at + 1 :], (*made.hashes, made.hashes[at])):
            with pytest.raises(audit.VerificationFailed):
                Proof(index, hashes, made.checkpoint).verify(entry(index), POLICY)


@given(mutants(WHOLE.encode()))
def test_a_changed_file_is_refused_or_proves_the_very_same(mutant: bytes) -> None:
    try:
        found = Proof.parse(mutant)
        assert found.text.encode() == mutant
        checkpoint = found.verify(entry(4), POLICY)
    except audit.VerificationFailed:
        return
    assert (found.index, checkpoint) == (4, tree(7)[1])  # a byte of the extra data, or of a line not needed


@given(
    st.binary(max_size=100)
    | st.text(max_size=100)
    | st.text(max_size=60).map(lambda text: f"c2sp.org/tlog-proof@v1\nindex 0\n{text}\n\n{SIGNED}")
)
def test_any_text_is_read_as_itself_or_refused_without_another_error(text: str | bytes) -> None:
    try:
        found = Proof.parse(text)
    except audit.VerificationFailed:
        return
    assert found.text == text


@pytest.mark.parametrize(
    "head",
    [
        "",
        "wrong\nindex 4",
        "c2sp.org/tlog-proof@v2\nindex 4",
        "c2sp.org/tlog-proof@v1",
        " c2sp.org/tlog-proof@v1\nindex 4",
        f"c2sp.org/tlog-proof@v1\n{HASH}",
        "c2sp.org/tlog-proof@v1\nindex",
        "c2sp.org/tlog-proof@v1\nindex ",
        "c2sp.org/tlog-proof@v1\nindex four",
        "c2sp.org/tlog-proof@v1\nindex -4",
        "c2sp.org/tlog-proof@v1\nindex 04",
        "c2sp.org/tlog-proof@v1\nindex 4 ",
        "c2sp.org/tlog-proof@v1\nindex  4",
        "c2sp.org/tlog-proof@v1\nIndex 4",
        "c2sp.org/tlog-proof@v1\r\nindex 4",
        "c2sp.org/tlog-proof@v1\nindex 7",
        f"c2sp.org/tlog-proof@v1\nindex {2**63}",
        f"c2sp.org/tlog-proof@v1\nindex {'9' * 5000}",
        "c2sp.org/tlog-proof@v1\nindex 4\nindex 4",
        "c2sp.org/tlog-proof@v1\nindex 4\nextra AAAA",
        "c2sp.org/tlog-proof@v1\nextra AAAA\nextra AAAA\nindex 4",
        "c2sp.org/tlog-proof@v1\nextra \nindex 4",
        "c2sp.org/tlog-proof@v1\nextra\nindex 4",
        "c2sp.org/tlog-proof@v1\nextra ####\nindex 4",
        "c2sp.org/tlog-proof@v1\nextra AAA\nindex 4",
        "c2sp.org/tlog-proof@v1\nextra AB==\nindex 4",
        f"c2sp.org/tlog-proof@v1\nextra {base64.b64encode(bytes(MAX_EXTRA + 1)).decode()}\nindex 4",
        "c2sp.org/tlog-proof@v1\nindex 4\n####",
        f"c2sp.org/tlog-proof@v1\nindex 4\n{HASH[:-4]}",
        f"c2sp.org/tlog-proof@v1\nindex 4\n{HASH} ",
        f"c2sp.org/tlog-proof@v1\nindex 4\n{base64.b64encode(bytes(64)).decode()}",
        "c2sp.org/tlog-proof@v1\nindex 4" + f"\n{HASH}" * (MAX_HASHES + 1),
        "c2sp.org/tlog-proof@v1\nindex 4" + f"\n{HASH}" * 20_000,
        "c2sp.org/tlog-proof@v1\nindex 4\n" + "A" * MAX_PROOF,
    ],
)
def test_malformed_heads_are_refused(head: str) -> None:
    assert Proof.parse(f"{HEAD}\n\n{SIGNED}")
    with pytest.raises(audit.VerificationFailed):
        Proof.parse(f"{head}\n\n{SIGNED}")


@pytest.mark.parametrize(
    "tail",
    ["", "\n", "\n\n", "\n\ncheckpoint\n", f"\n{SIGNED}", f"\n\n\n{SIGNED}", f"\n\n{SIGNED}\n", f"\n\n{SIGNED[:-1]}"],
)
def test_malformed_checkpoints_are_refused(tail: str) -> None:
    with pytest.raises(audit.VerificationFailed):
        Proof.parse(HEAD + tail)


@pytest.mark.parametrize(
    ("index", "hashes", "extra"),
    [
        (-1, (), None),
        (7, (), None),
        (2**63, (), None),
        (0, (bytes(31),), None),
        (0, (bytes(32),) * 64, None),
        (0, (), b""),
    ],
)
def test_a_proof_that_no_file_can_hold_is_not_made(index: int, hashes: tuple[bytes, ...], extra: bytes | None) -> None:
    with pytest.raises(audit.VerificationFailed):
        Proof(index, hashes, tree(7)[2], extra)


def test_the_longest_proof_comes_back() -> None:
    text = audit.Checkpoint(SIGNER.name, 2**63 - 1, bytes(32)).text
    made = Proof(2**62, (bytes(32),) * MAX_HASHES, sign_note(text, SIGNER, 5), bytes(MAX_EXTRA))
    assert Proof.parse(made.text) == made


def test_the_most_extra_data_that_a_file_may_have_comes_back() -> None:
    assert Proof.parse(proof(0, 1, bytes(MAX_EXTRA)).text).extra == bytes(MAX_EXTRA)


def test_the_policy_decides() -> None:
    made = proof(4, 7)
    for vkeys in ([], [Signer("log.example.org", bytes(32)).vkey], [Signer("other.example.org", bytes(32)).vkey]):
        with pytest.raises(audit.VerificationFailed, match="no key"):
            made.verify(entry(4), Policy.of(vkeys))
    alone = Proof(made.index, made.hashes, sign_note(tree(7)[1].text, SIGNER))
    assert alone.verify(entry(4), Policy.of(SIGNER.vkeys))
    with pytest.raises(audit.VerificationFailed, match="too few"):
        alone.verify(entry(4), POLICY)
