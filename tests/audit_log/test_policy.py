"""Trust policies: read as c2sp.org/tlog-policy has it, and satisfied by exactly the checkpoints that they describe."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

import audit
from audit.keys import KeyKind, Signer, SigningKey, VerifierKey
from audit.note import sign_note
from audit.policy import MAX_DEFINED, MAX_POLICY, Policy
from tests.audit_log.mutants import mutants

TREE = audit.Checkpoint("log.example.org", 3, bytes(range(32)))
LOG = Signer(TREE.origin, bytes(range(32)), ml_dsa_seed=bytes(range(32)))
W = [
    SigningKey(f"w{n}.example.org", (KeyKind.ED25519_COSIGNATURE, KeyKind.ML_DSA_44)[n % 2], bytes([n]) * 32)
    for n in range(6)
]
SIGNED = sign_note(TREE.text, LOG, 5)
LINES = [key.sign(TREE.text, 100 + n) for n, key in enumerate(W)]
LOGS = "".join(f"log {vkey}\n" for vkey in LOG.vkeys)
EXAMPLE = f"""# The shape of the specification's example.
{LOGS}
witness X1 {W[0].vkey}
witness X2 {W[1].vkey} https://w1.example.org/
witness X3 {W[2].vkey}
group X-witnesses 2 X1 X2 X3

witness Y1 {W[3].vkey}
\t witness \t Y2\t{W[4].vkey} \t
  # a comment behind spaces
witness Y3 {W[5].vkey}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""
POLICY = Policy.parse(EXAMPLE)


def policy(lines: str) -> Policy:
    witnesses = "".join(f"witness w{n} {key.vkey}\n" for n, key in enumerate(W))
    return Policy.parse(f"{LOGS}{witnesses}{lines}")


# ---- reading


def test_the_canonical_text_says_the_same_in_one_form() -> None:
    assert POLICY.text == (
        f"{LOGS}witness X1 {W[0].vkey}\nwitness X2 {W[1].vkey} https://w1.example.org/\nwitness X3 {W[2].vkey}\n"
        f"witness Y1 {W[3].vkey}\nwitness Y2 {W[4].vkey}\nwitness Y3 {W[5].vkey}\n"
        "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses 1 Y1 Y2 Y3\ngroup X-and-Y 2 X-witnesses Y-witnesses\n"
        "quorum X-and-Y\n"
    )
    assert Policy.parse(POLICY.text) == POLICY
    assert POLICY.vkeys == LOG.vkeys
    assert POLICY.witnesses["X2"].url == "https://w1.example.org/"
    assert POLICY.witnesses["X2"].key == W[1].verifier


@pytest.mark.parametrize("text", ["quorum none\n", "quorum none", b"  quorum\tnone  ", "\n\n#\n\t#\nquorum none\n\n"])
def test_only_the_quorum_is_needed(text: str | bytes) -> None:
    assert Policy.parse(text) == Policy((), {}, (), "none")
    assert Policy.parse(text).text == "quorum none\n"


def test_names_and_urls_are_opaque_octets() -> None:
    kelvin, name = "\u212a".encode(), b"\x80K\xff"
    text = b"witness %s %s http://\xe9/ \nwitness K %s\ngroup %s all K %s\nquorum %s\n# \xfe" % (
        name, W[0].vkey.encode(), W[1].vkey.encode(), kelvin, name, kelvin,
    )  # fmt: skip
    found = Policy.parse(text)
    assert found.text.encode("utf-8", "surrogateescape") == text.replace(b" \n", b"\n").replace(
        b"all K", b"2 K"
    ).removesuffix(b"# \xfe")
    assert Policy.parse(found.text) == found
    with pytest.raises(audit.VerificationFailed, match="not defined"):
        Policy.parse(b"witness K %s\nquorum %s\n" % (W[0].vkey.encode(), kelvin))


def test_only_spaces_and_tabs_part_words() -> None:
    with pytest.raises(audit.VerificationFailed):
        Policy.parse(f"witness\u00a0w {W[0].vkey}\nquorum w\n")
    assert list(Policy.parse(f"witness a\u00a0b {W[0].vkey}\nquorum a\u00a0b\n").witnesses) == ["a\u00a0b"]


def test_keywords_may_be_names() -> None:
    found = Policy.parse(f"witness all {W[0].vkey}\nwitness any {W[1].vkey}\ngroup group 2 all any\nquorum group\n")
    assert found.groups[0].members == ("all", "any")


def renamed(key: SigningKey, kind: KeyKind) -> str:
    return str(VerifierKey.of("other.example.org", kind, key.verifier.public))


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("", "no quorum"),
        ("quorum\n", "quorum <name>"),
        ("quorum w0 w1\n", "quorum <name>"),
        ("quorum w0\nquorum w0\n", "second"),
        ("quorum none\nquorum none\n", "second"),
        ("quorum g\ngroup g any w0\n", "not defined"),
        ("quorum nobody\n", "not defined"),
        ("quorum none # a comment\n", "quorum <name>"),
        ("quibble\nquorum none\n", "none of log"),
        ("QUORUM none\n", "none of log"),
        ("\ufeffquorum none\n", "none of log"),
        ("log\nquorum none\n", "<vkey>"),
        ("log garbage\nquorum none\n", "hex digits"),
        (f"log {LOG.vkey}\nquorum none\n", "listed already"),
        (f"log {renamed(LOG.keys[0], KeyKind.ED25519)}\nquorum none\n", "listed already"),
        (f"log {renamed(W[0], KeyKind.ED25519)}\nquorum none\n", "listed already"),
        (f"witness x {renamed(W[0], KeyKind.ED25519_COSIGNATURE)}\nquorum none\n", "listed already"),
        (f"witness x {renamed(LOG.keys[0], KeyKind.ED25519_COSIGNATURE)}\nquorum none\n", "listed already"),
        (f"log {SigningKey('x', KeyKind.ED25519_COSIGNATURE, b'9' * 32).vkey}\nquorum none\n", "office"),
        (f"witness x {SigningKey('x', KeyKind.ED25519, b'9' * 32).vkey}\nquorum none\n", "office"),
        (f"log {SigningKey('x', KeyKind.ED25519, b'9' * 32).vkey} url two\nquorum none\n", "url"),
        (f"witness x {SigningKey('x', KeyKind.ML_DSA_44, b'9' * 32).vkey} url two\nquorum none\n", "url"),
        ("witness x\nquorum none\n", "<vkey>"),
        (f"witness none {SigningKey('x', KeyKind.ML_DSA_44, b'9' * 32).vkey}\nquorum none\n", "taken"),
        (f"witness w0 {SigningKey('x', KeyKind.ML_DSA_44, b'9' * 32).vkey}\nquorum none\n", "taken"),
        ("group w0 any w1\nquorum none\n", "taken"),
        ("group none any w1\nquorum none\n", "taken"),
        ("group g any w0\ngroup g any w1\nquorum none\n", "taken"),
        ("group g any\nquorum none\n", "member"),
        ("group g\nquorum none\n", "member"),
        ("group g 0 w0\nquorum none\n", "threshold"),
        ("group g 2 w0\nquorum none\n", "threshold"),
        ("group g -1 w0\nquorum none\n", "decimal"),
        ("group g +1 w0\nquorum none\n", "decimal"),
        ("group g 01 w0\nquorum none\n", "decimal"),
        ("group g \u0661 w0\nquorum none\n", "decimal"),
        (f"group g {'9' * 5000} w0\nquorum none\n", "decimal"),
        ("group g ALL w0\nquorum none\n", "decimal"),
        ("group g any nobody\nquorum none\n", "not defined"),
        ("group g any none w0\nquorum none\n", "not defined"),
        ("group g any g\nquorum none\n", "not defined"),
        ("group g any h\ngroup h any g\nquorum none\n", "not defined"),
        ("group g all w0 w0\nquorum none\n", "member already"),
        ("group g any w0\ngroup h any w0 w1\nquorum h\n", "member already"),
        ("group g any w0\ngroup h any g\ngroup i any g\nquorum i\n", "member already"),
        ("quorum none\r\n", "control"),
        ("quorum none\n\x7f", "control"),
        ("quorum none\n#\x00", "control"),
        ("quorum none\n#\ud800", "no octet"),
        ("quorum none\n#" + "x" * MAX_POLICY, "longer"),
        ("quorum none\n#" + "é" * (MAX_POLICY // 2), "longer"),
    ],
)
def test_what_the_specification_forbids_is_refused(lines: str, why: str) -> None:
    assert policy("quorum none\n")
    with pytest.raises(audit.VerificationFailed, match=why):
        policy(lines)


def test_a_policy_may_be_as_large_as_the_limit_and_as_deep() -> None:
    lines = [f"log {SigningKey(f'l{n}', KeyKind.ED25519, n.to_bytes(32, 'big')).vkey}" for n in range(MAX_DEFINED)]
    lines += [
        f"witness w{n} {SigningKey(f'w{n}', KeyKind.ED25519_COSIGNATURE, n.to_bytes(32, 'little')).vkey}"
        for n in range(1, MAX_DEFINED + 1)
    ]
    lines += ["group g1 1 w1"] + [f"group g{n} 2 w{n} g{n - 1}" for n in range(2, MAX_DEFINED + 1)]
    found = Policy.parse("\n".join([*lines, f"quorum g{MAX_DEFINED}"]))
    assert MAX_DEFINED >= 32
    assert Policy.parse(found.text) == found
    assert found._has_quorum({f"w{n}" for n in range(1, MAX_DEFINED + 1)})
    assert not found._has_quorum({f"w{n}" for n in range(2, MAX_DEFINED + 1)})
    key = SigningKey("more", KeyKind.ML_DSA_44, bytes(32)).vkey
    for more in (f"log {key}", f"witness more {key}", f"group more any g{MAX_DEFINED}"):
        with pytest.raises(audit.VerificationFailed, match=r"it is one \w+ more"):
            Policy.parse("\n".join([*lines, more, "quorum none"]))


def test_keys_that_share_name_and_key_id_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audit.keys._key_id", lambda *_: bytes(4))  # such a pair takes 2**32 tries to find
    one, two = (SigningKey("same.example.org", KeyKind.ED25519, bytes([n]) * 32).vkey for n in (1, 2))
    with pytest.raises(audit.VerificationFailed, match="key id"):
        Policy.of([one, two])
    with pytest.raises(audit.VerificationFailed, match="key id"):
        audit.verify_note(SIGNED, [one, two])


def test_a_policy_of_keys_asks_for_no_witness() -> None:
    assert Policy.of(LOG.vkeys) == Policy.parse(f"{LOGS}quorum none")
    for smuggled in (f"{LOG.vkey}\nquorum none", f"{LOG.vkey} url", f"#{LOG.vkey}", ""):
        with pytest.raises(audit.VerificationFailed):
            Policy.of([smuggled])


@given(st.data())
def test_a_changed_policy_is_refused_or_read_in_one_form_and_trusts_no_new_key(data: st.DataObject) -> None:
    try:
        found = Policy.parse(data.draw(mutants(EXAMPLE.encode())))
    except audit.VerificationFailed:
        return
    assert Policy.parse(found.text) == found
    assert Policy.parse(found.text).text == found.text
    assert set(found.vkeys) <= set(POLICY.vkeys)
    assert {w.key for w in found.witnesses.values()} <= {w.key for w in POLICY.witnesses.values()}


@given(
    st.binary(max_size=60)
    | st.text(max_size=60)
    | st.from_regex(r"((log|witness|group|quorum|none|any|[ \t#w1])+\n){1,4}")
)
def test_any_text_is_read_in_one_form_or_refused_without_another_error(text: bytes | str) -> None:
    try:
        found = Policy.parse(text)
    except audit.VerificationFailed:
        return
    assert Policy.parse(found.text) == found


# ---- checking


@given(st.sets(st.integers(0, 5)))
def test_the_example_is_satisfied_by_two_of_x_and_one_of_y(witnesses: set[int]) -> None:
    signed = SIGNED + "".join(LINES[n] for n in witnesses)
    names = ["X1", "X2", "X3", "Y1", "Y2", "Y3"]
    assert POLICY.cosigned(signed) == {names[n]: 100 + n for n in witnesses}
    if len(witnesses & {0, 1, 2}) >= 2 and witnesses & {3, 4, 5}:
        assert POLICY.check(signed) == POLICY.check(signed.encode()) == TREE
    else:
        with pytest.raises(audit.VerificationFailed, match="too few"):
            POLICY.check(signed)


@given(st.data())
def test_a_quorum_is_what_counting_by_hand_says(data: st.DataObject) -> None:
    free = {f"w{n}": None for n in range(6)}
    groups: dict[str, tuple[int, list[str]]] = {}
    for name in "abcd"[: data.draw(st.integers(0, 4))]:
        members = data.draw(st.lists(st.sampled_from(list(free)), min_size=1, max_size=4, unique=True))
        groups[name] = (data.draw(st.integers(1, len(members))), members)
        free = {n: None for n in [*free, name] if n not in members}
    quorum = data.draw(st.sampled_from(["w0", *groups, "none"]))
    cosigned = data.draw(st.sets(st.sampled_from([f"w{n}" for n in range(6)])))

    def holds(name: str) -> bool:
        if name not in groups:
            return name in cosigned | {"none"}
        return sum(map(holds, groups[name][1])) >= groups[name][0]

    lines = "".join(f"group {name} {k} {' '.join(members)}\n" for name, (k, members) in groups.items())
    assert policy(f"{lines}quorum {quorum}\n")._has_quorum(set(cosigned)) == holds(quorum)


def test_a_single_witness_may_be_the_quorum() -> None:
    assert policy("quorum w1\n").check(SIGNED + LINES[1]) == TREE
    with pytest.raises(audit.VerificationFailed, match="too few"):
        policy("quorum w1\n").check(SIGNED + LINES[0])


def test_a_witness_that_states_no_time_does_not_count() -> None:
    signed = SIGNED + W[1].sign(TREE.text)
    assert policy("quorum none\n").cosigned(signed) == {}
    with pytest.raises(audit.VerificationFailed, match="too few"):
        policy("quorum w1\n").check(signed)


def test_any_one_key_of_the_log_is_enough_and_one_is_needed() -> None:
    for key in LOG.keys:
        assert Policy.of([key.vkey]).check(SIGNED) == TREE
        assert Policy.of(LOG.vkeys).check(sign_note(TREE.text, key)) == TREE
    for vkeys in ([], [Signer(TREE.origin, bytes(32)).vkey]):
        with pytest.raises(audit.VerificationFailed, match="no key"):
            Policy.of(vkeys).check(SIGNED)
    with pytest.raises(audit.VerificationFailed, match="no key"):
        policy("quorum w0\n").check(f"{TREE.text}\n{LINES[0]}")


def test_a_key_speaks_for_the_log_of_its_name_only() -> None:
    other = Signer("other.example.org", bytes([9]) * 32)
    with pytest.raises(audit.VerificationFailed, match="no key"):
        Policy.of([*LOG.vkeys, other.vkey]).check(sign_note(TREE.text, other))


def test_a_known_line_that_fails_refuses_and_an_unknown_one_is_skipped() -> None:
    grease = SigningKey("grease.example.org", KeyKind.ML_DSA_44, bytes(32)).sign(
        "o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    )
    other = audit.Checkpoint(TREE.origin, 4, bytes(32)).text
    assert policy("quorum w0\n").check(SIGNED + grease + LINES[0]) == TREE
    for key in W[:2]:
        with pytest.raises(audit.VerificationFailed, match="not valid"):
            policy("quorum none\n").check(SIGNED + key.sign(other, 100))
    with pytest.raises(audit.VerificationFailed, match="not valid"):
        Policy.of(LOG.vkeys).check(sign_note(TREE.text, LOG.keys[0]) + LOG.keys[1].sign(other))


def test_what_is_signed_is_a_checkpoint() -> None:
    with pytest.raises(audit.VerificationFailed, match="checkpoint"):
        Policy.of([LOG.vkey]).check(sign_note("log.example.org\nnot a checkpoint\n", LOG.keys[0]))


CHECKED = policy("group g 2 w0 w1\nquorum g\n")
WHOLE = SIGNED + "".join(LINES[:2])


@given(mutants(WHOLE.encode()))
def test_a_changed_checkpoint_is_refused_or_is_the_very_same(mutant: bytes) -> None:
    try:
        found = CHECKED.check(mutant)
    except audit.VerificationFailed:
        return
    assert found == TREE
    assert CHECKED.cosigned(mutant) == {"w0": 100, "w1": 101}


@given(st.binary(max_size=100) | st.text(max_size=100))
def test_no_arbitrary_text_passes(text: bytes | str) -> None:
    with pytest.raises(audit.VerificationFailed):
        Policy.of(LOG.vkeys).check(text)


def test_the_order_of_lines_means_nothing() -> None:
    head, _, tail = WHOLE.rpartition("\n\n")
    for lines in itertools.permutations(tail.splitlines(keepends=True)):
        assert CHECKED.check(f"{head}\n\n{''.join(lines)}") == TREE
