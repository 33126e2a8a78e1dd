"""Keys: each kind signs what its specification says, and nothing but its own signature passes."""

from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.encoding import MAX_NAME, decode_base64, read_number, read_utf8
from audit.errors import AuditError, VerificationFailed
from audit.keys import _SMALL_ORDER, MAX_VKEY, KeyKind, Signer, SigningKey, VerifierKey, signed_message
from audit.note import parse_note
from tests.audit_log.mutants import mutants

ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
HEAD = f"example.com/behind-the-sofa\n20852163\n{ROOT}\n"  # the example of c2sp.org/tlog-checkpoint
AT = 1_679_315_147
KEYS = {kind: SigningKey("key.example.org/one", kind, bytes(range(32))) for kind in KeyKind}
KINDS = pytest.mark.parametrize("kind", list(KeyKind))
# No two letters of a name decide anything here, so a few do.
NAMES = st.text("abcé/.-_0€\u2014", min_size=1, max_size=20)


def signature_of(line: str) -> bytes:
    return parse_note(f"\n\n{line}")[1][0].signature


SIGNATURES = {kind: signature_of(key.sign(HEAD, AT)) for kind, key in KEYS.items()}  # ML-DSA-44's is never the same


# ---- verifier keys


@given(NAMES, st.sampled_from(list(KeyKind)), st.binary(min_size=32, max_size=32))
def test_every_verifier_key_comes_back(name: str, kind: KeyKind, seed: bytes) -> None:
    key = SigningKey(name, kind, seed)
    assert VerifierKey.parse(key.vkey) == key.verifier == VerifierKey.of(name, kind, key.verifier.public)
    assert str(VerifierKey.parse(key.vkey)) == key.vkey


@KINDS
def test_a_key_id_is_the_hash_of_name_kind_and_key(kind: KeyKind) -> None:
    key = KEYS[kind].verifier
    digest = hashlib.sha256(key.name.encode() + b"\n" + bytes([int(kind)]) + key.public).digest()
    assert key.key_id == digest[:4]


def test_one_public_key_of_two_kinds_has_two_key_ids() -> None:
    plain, cosigning = KEYS[KeyKind.ED25519].verifier, KEYS[KeyKind.ED25519_COSIGNATURE].verifier
    assert plain.public == cosigning.public
    assert plain.key_id != cosigning.key_id


def test_an_ml_dsa_key_is_made_from_its_seed_as_rfc_9881_has_it() -> None:
    public = SigningKey("x", KeyKind.ML_DSA_44, bytes(range(32))).verifier.public  # RFC 9881 appendix C, ML-DSA-44
    assert public.hex().startswith("d7b2b47254aae0db45e7930d4a98d2c97d8f1397d1789dafa17024b316e9bec9")


@KINDS
@given(data=st.data())
def test_no_other_text_is_this_key(kind: KeyKind, data: st.DataObject) -> None:
    whole = KEYS[kind].vkey.encode()
    mutant = data.draw(mutants(whole))
    if mutant != whole:
        with pytest.raises(VerificationFailed):
            VerifierKey.parse(mutant.decode("utf-8", "surrogateescape"))


@given(st.text(max_size=80) | st.text("+aA0=", max_size=80) | st.from_regex(r"[a+]{1,3}\+[0-9a-f]{8}\+[A-Za-z0-9+/=]*"))
def test_any_text_is_refused_as_a_key_without_another_error(text: str) -> None:
    with pytest.raises(VerificationFailed):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "name", ["", "a b", "a+b", "a\nb", "a\u00a0b", "a\u2028b", "a\x00", "\ud800", "x" * 256, "é" * 128]
)
@KINDS
def test_names_that_no_key_may_have_are_refused(name: str, kind: KeyKind) -> None:
    with pytest.raises(AuditError):
        SigningKey(name, kind, bytes(32))
    with pytest.raises(VerificationFailed):
        VerifierKey.of(name, kind, KEYS[kind].verifier.public)


def test_the_longest_name_makes_a_key_that_is_read() -> None:
    key = SigningKey("é" * 127 + "x", KeyKind.ML_DSA_44, bytes(32))
    assert len(key.name.encode()) == MAX_NAME
    assert len(key.vkey.encode()) < MAX_VKEY
    assert VerifierKey.parse(key.vkey).check(HEAD, signature_of(key.sign(HEAD))) == 0


@pytest.mark.parametrize("kind", [0, 2, 3, 5, 7, 0xFA, 0xFF])
def test_kinds_that_are_not_ours_are_refused(kind: int) -> None:
    material = bytes([kind]) + KEYS[KeyKind.ED25519].verifier.public
    key_id = hashlib.sha256(b"x\n" + material).hexdigest()[:8]
    with pytest.raises(VerificationFailed, match="kind"):
        VerifierKey.parse(f"x+{key_id}+{base64.b64encode(material).decode()}")


@KINDS
@pytest.mark.parametrize("length", [0, 1, 31, 33, 64, 1311, 1313])
def test_public_keys_of_another_length_are_refused(kind: KeyKind, length: int) -> None:
    with pytest.raises(VerificationFailed, match="length"):
        VerifierKey.of("x", kind, bytes([7]) * length)


def test_keys_under_which_anybody_can_sign_are_refused() -> None:
    forged = 0
    points = [point[:-1] + bytes([point[-1] | sign]) for point in sorted(_SMALL_ORDER) for sign in (0, 0x80)]
    for public in points:
        forged += any(_accepts(public, point + bytes(32), bytes([n])) for point in points for n in range(16))
        for kind in (KeyKind.ED25519, KeyKind.ED25519_COSIGNATURE):
            with pytest.raises(VerificationFailed, match="anybody"):
                VerifierKey.of("x", kind, public)
    assert forged >= 8  # the eight points of small order; what is not their canonical form need not be read


def _accepts(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


# ---- what is signed


def test_an_ed25519_cosignature_signs_the_message_of_its_specification() -> None:
    message = signed_message(KeyKind.ED25519_COSIGNATURE, "witness.example.org", HEAD, AT)
    assert message.decode() == f"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\n{ROOT}\n"


def test_an_ml_dsa_key_signs_the_structure_of_its_specification() -> None:
    message = signed_message(KeyKind.ML_DSA_44, "w.example", HEAD, AT)
    assert message == (
        b"subtree/v1\n\0\x09w.example"
        + bytes.fromhex("00000000641850cb")
        + b"\x1bexample.com/behind-the-sofa"
        + bytes(8)
        + bytes.fromhex("00000000013e2dc3")
        + base64.b64decode(ROOT)
    )


# ---- signatures


@given(st.sampled_from(list(KeyKind)), st.integers(1, 2**63 - 1))
def test_what_a_key_signs_its_verifier_key_accepts_with_its_time(kind: KeyKind, at: int) -> None:
    line = KEYS[kind].sign(HEAD, at)
    assert KEYS[kind].verifier.check(HEAD, signature_of(line)) == (at if kind.is_timed else 0)


@KINDS
@given(data=st.data())
def test_no_changed_signature_passes(kind: KeyKind, data: st.DataObject) -> None:
    whole = SIGNATURES[kind]
    mutant = data.draw(mutants(whole) | st.binary(max_size=80) | st.just(whole + b"\0"))
    if mutant != whole:
        with pytest.raises(VerificationFailed):
            KEYS[kind].verifier.check(HEAD, mutant)


@KINDS
@given(data=st.data())
def test_no_signature_passes_for_another_text(kind: KeyKind, data: st.DataObject) -> None:
    signature = SIGNATURES[kind]
    mutant = data.draw(mutants(HEAD.encode())).decode("utf-8", "surrogateescape")
    if mutant != HEAD:
        with pytest.raises(VerificationFailed):
            KEYS[kind].verifier.check(mutant, signature)


@KINDS
def test_a_signature_is_of_one_kind_and_one_key_only(kind: KeyKind) -> None:
    signature = SIGNATURES[kind]
    others = [key.verifier for other, key in KEYS.items() if other is not kind]
    others.append(SigningKey(KEYS[kind].name, kind, bytes(32)).verifier)
    for other in others:
        with pytest.raises(VerificationFailed):
            other.check(HEAD, signature)


def test_an_ml_dsa_signature_is_bound_to_the_name_of_its_key() -> None:
    renamed = VerifierKey.of("other.example.org", KeyKind.ML_DSA_44, KEYS[KeyKind.ML_DSA_44].verifier.public)
    with pytest.raises(VerificationFailed, match="not valid"):
        renamed.check(HEAD, signature_of(KEYS[KeyKind.ML_DSA_44].sign(HEAD, AT)))


@pytest.mark.parametrize("kind", [KeyKind.ED25519_COSIGNATURE, KeyKind.ML_DSA_44])
def test_times_are_below_two_to_the_63(kind: KeyKind) -> None:
    key = KEYS[kind]
    for at in (-1, 2**63, 2**64):
        with pytest.raises(AuditError):
            key.sign(HEAD, at)
    at = 2**63  # signed by somebody who does not look
    forged = at.to_bytes(8, "big") + key._private.sign(signed_message(kind, key.name, HEAD, at))
    with pytest.raises(VerificationFailed, match="below"):
        key.verifier.check(HEAD, forged)


def test_only_an_ml_dsa_key_may_leave_out_the_time() -> None:
    line = KEYS[KeyKind.ML_DSA_44].sign(HEAD)
    assert KEYS[KeyKind.ML_DSA_44].verifier.check(HEAD, signature_of(line)) == 0
    with pytest.raises(AuditError, match="time"):
        KEYS[KeyKind.ED25519_COSIGNATURE].sign(HEAD)


@pytest.mark.parametrize("text", ["", "certificate\n", HEAD + "extension\n", HEAD[:-1], "\ud800\n"])
def test_an_ml_dsa_key_signs_checkpoints_only(text: str) -> None:
    with pytest.raises(AuditError):
        KEYS[KeyKind.ML_DSA_44].sign(text, AT)


@KINDS
def test_text_that_is_not_utf_8_is_not_signed(kind: KeyKind) -> None:
    with pytest.raises(AuditError):
        KEYS[kind].sign("\ud800\n", AT)


# ---- signers


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_seed_has_32_bytes(length: int) -> None:
    for kind in KeyKind:
        with pytest.raises(AuditError):
            SigningKey("x", kind, bytes(length))
    with pytest.raises(AuditError):
        Signer("x", bytes(32), ml_dsa_seed=bytes(length))


def test_a_signer_signs_with_all_its_keys_and_those_that_retire() -> None:
    old = Signer("log.example.org", bytes(32), ml_dsa_seed=bytes(32))
    new = Signer("log.example.org", bytes([1]) * 32, ml_dsa_seed=bytes([1]) * 32, retiring=[old])
    assert [VerifierKey.parse(vkey).kind for vkey in new.vkeys] == [1, 6, 1, 6]
    assert new.vkeys[2:] == old.vkeys
    assert new.vkey == new.vkeys[0]
    _, lines = parse_note(f"{HEAD}\n{new.sign(HEAD, AT)}")
    for line, vkey in zip(lines, new.vkeys, strict=True):
        key = VerifierKey.parse(vkey)
        assert (line.name, line.key_id) == (key.name, key.key_id)
        assert key.check(HEAD, line.signature) == (AT if key.kind.is_timed else 0)


def test_a_retiring_key_has_the_same_name_and_is_another_key() -> None:
    with pytest.raises(AuditError, match="another name"):
        Signer("a.example.org", bytes(32), retiring=[Signer("b.example.org", bytes([1]) * 32)])
    with pytest.raises(AuditError, match="twice"):
        Signer("a.example.org", bytes(32), retiring=[Signer("a.example.org", bytes(32))])


def test_no_key_shows_its_seed() -> None:
    seed = b"not to be seen, not to be shown."
    for key in (SigningKey("log.example.org", KeyKind.ML_DSA_44, seed), Signer("log.example.org", seed)):
        assert repr(key) in {"SigningKey('log.example.org')", "Signer('log.example.org')"}
        assert "seen" not in f"{key!s} {key!r}"


# ---- the small texts


@given(st.binary(max_size=60))
def test_base_64_comes_back(data: bytes) -> None:
    assert decode_base64(base64.b64encode(data).decode(), "here") == data


@given(st.text(max_size=20) | st.text("Aa+/=", max_size=12))
def test_base_64_is_read_in_one_form_only(text: str) -> None:
    try:
        data = decode_base64(text, "here")
    except VerificationFailed:
        return
    assert base64.b64encode(data).decode() == text


@given(st.integers(0, 2**63 - 1))
def test_numbers_come_back(number: int) -> None:
    assert read_number(str(number), "here") == number


@pytest.mark.parametrize(
    "text", ["", "00", "01", "-1", "+1", " 1", "1 ", "1\n", "1_0", "\u0661", str(2**63), "9" * 5000, "0x1"]
)
def test_other_numbers_are_refused(text: str) -> None:
    with pytest.raises(VerificationFailed):
        read_number(text, "here")


@settings(max_examples=50)
@given(st.binary(max_size=12) | st.text(max_size=12))
def test_text_is_utf_8_of_a_bounded_length(data: bytes | str) -> None:
    try:
        text = read_utf8(data, 10, "here")
    except VerificationFailed:
        return
    assert len(text.encode()) <= 10
    assert data in {text, text.encode()}
