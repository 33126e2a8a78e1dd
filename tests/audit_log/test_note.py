"""Signed notes: the C2SP example, and nothing that differs from a signed one by a byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import audit
from audit.keys import KeyKind, SigningKey
from audit.note import MAX_NOTE, MAX_SIGNATURES, VerifierKey, parse_note, sign_note, verified_keys
from tests.audit_log.mutants import mutants

# The example of c2sp.org/signed-note.
VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n"
    "\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
SIGNER = audit.Signer("log.example/test", bytes(range(32)))
OTHER = audit.Signer("log.example/test", bytes(range(1, 33)))
SIGNED = audit.sign_note("certificate\n\nline two\n", SIGNER)


def test_the_example_of_the_specification() -> None:
    assert audit.verify_note(NOTE, [VKEY]) == "This is an example message.\n"
    assert str(VerifierKey.parse(VKEY)) == VKEY


def test_a_note_comes_back_as_its_text() -> None:
    assert audit.verify_note(SIGNED, [OTHER.vkey, SIGNER.vkey]) == "certificate\n\nline two\n"


def test_a_foreign_key_is_not_enough() -> None:
    with pytest.raises(audit.VerificationFailed, match="no known key"):
        audit.verify_note(SIGNED, [OTHER.vkey])
    with pytest.raises(audit.VerificationFailed, match="no known key"):
        audit.verify_note(SIGNED, [])


def test_lines_of_unknown_keys_are_skipped() -> None:
    grease = OTHER.sign("something else\n")
    assert audit.verify_note(SIGNED + grease, [SIGNER.vkey]) == "certificate\n\nline two\n"


def test_a_bad_line_of_a_known_key_refuses_the_note() -> None:
    with pytest.raises(audit.VerificationFailed, match="not valid"):
        audit.verify_note(SIGNED + OTHER.sign("something else\n"), [SIGNER.vkey, OTHER.vkey])


@given(at=st.integers(0, len(SIGNED.encode()) - 1), bit=st.integers(0, 7))
def test_no_flipped_bit_passes(at: int, bit: int) -> None:
    data = bytearray(SIGNED.encode())
    data[at] ^= 1 << bit
    with pytest.raises(audit.VerificationFailed):
        audit.verify_note(data.decode("utf-8", "surrogateescape"), [SIGNER.vkey])


def test_base_64_has_one_form_only() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = SIGNED[-3]  # before the one equals sign: its lowest two bits are not used
    for bits in (1, 2, 3):
        other = SIGNED[:-3] + alphabet[alphabet.index(last) ^ bits] + SIGNED[-2:]
        with pytest.raises(audit.VerificationFailed, match="canonical"):
            audit.verify_note(other, [SIGNER.vkey])


@given(st.text(max_size=200))
def test_the_parser_refuses_or_reads_any_text_without_another_error(text: str) -> None:
    for candidate in (text, f"{text}\n\n\u2014 {text} AAAA\n"):
        with pytest.raises(audit.VerificationFailed):
            audit.verify_note(candidate, [SIGNER.vkey])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "text\n",
        "text\n\n",
        SIGNED.removesuffix("\n"),
        SIGNED + "\n",
        SIGNED.replace("\n", "\r\n"),
        SIGNED + SIGNED.split("\n\n")[-1],
        SIGNED + "".join(f"\u2014 key{n} AAAAAAAA\n" for n in range(MAX_SIGNATURES)),
        "x" * 1_100_000 + SIGNED,
        SIGNED.replace("=\n", "\n"),
    ],
)
def test_malformed_notes_are_refused(note: str) -> None:
    with pytest.raises(audit.VerificationFailed):
        audit.verify_note(note, [SIGNER.vkey])


def test_a_note_may_carry_sixteen_signatures() -> None:
    lines = "".join(
        audit.Signer(f"witness{n}.example", bytes([n] * 32)).sign("certificate\n\nline two\n") for n in range(15)
    )
    assert audit.verify_note(SIGNED + lines, [SIGNER.vkey])
    assert len(parse_note(SIGNED + lines)[1]) == 16


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b"])
def test_key_names_are_checked(name: str) -> None:
    with pytest.raises(audit.AuditError):
        audit.Signer(name, bytes(32))


@pytest.mark.parametrize("text", ["no newline", "", "tab\t\n", "return\r\n"])
def test_texts_that_no_note_can_hold_are_not_signed(text: str) -> None:
    with pytest.raises(audit.AuditError):
        audit.sign_note(text, SIGNER)


def test_a_signer_does_not_show_its_key() -> None:
    assert repr(SIGNER) == "Signer('log.example/test')"


# ---- more keys, more kinds

HEAD = "log.example/test\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
BOTH = audit.Signer("log.example/test", bytes(range(32)), ml_dsa_seed=bytes(range(32)))
WITNESS = SigningKey("witness.example.org", KeyKind.ED25519_COSIGNATURE, bytes(32))
COSIGNED = sign_note(HEAD, BOTH, 5) + WITNESS.sign(HEAD, 7) + OTHER.sign("grease\n")
KNOWN = [VerifierKey.parse(vkey) for vkey in [*BOTH.vkeys, WITNESS.vkey]]


def test_all_kinds_of_keys_verify_with_their_times() -> None:
    assert verified_keys(COSIGNED, KNOWN) == (HEAD, dict(zip(KNOWN, [0, 5, 7], strict=True)))
    assert verified_keys(COSIGNED.encode(), KNOWN[1:2]) == (HEAD, {KNOWN[1]: 5})
    assert verified_keys(COSIGNED, []) == (HEAD, {})


@given(mutants(COSIGNED.encode()))
def test_a_changed_note_is_refused_or_says_the_same(mutant: bytes) -> None:
    try:
        text, signed = verified_keys(mutant, KNOWN)
    except audit.VerificationFailed:
        return
    assert not signed or text == HEAD  # a changed key name makes of its line one of an unknown key
    assert signed.items() <= dict(zip(KNOWN, [0, 5, 7], strict=True)).items()


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda data: b"\n\n\xe2\x80\x94 " + data + b"\n"))
def test_any_bytes_are_read_or_refused_without_another_error(data: bytes) -> None:
    for note in (data, data.decode("utf-8", "surrogateescape"), data.decode("latin-1")):
        try:
            _, signed = verified_keys(note, KNOWN)
        except audit.VerificationFailed:
            continue
        assert not signed


def test_a_note_may_carry_as_many_ml_dsa_signatures_as_a_policy_may_name() -> None:
    keys = [SigningKey(f"w{n}.example.org", KeyKind.ML_DSA_44, bytes([n]) * 32) for n in range(MAX_SIGNATURES)]
    signed = f"{HEAD}\n" + "".join(key.sign(HEAD, 1) for key in keys)
    assert len(signed.encode()) < MAX_NOTE
    assert len(verified_keys(signed, [key.verifier for key in keys])[1]) == MAX_SIGNATURES
    with pytest.raises(audit.VerificationFailed, match="more than"):
        parse_note(signed + keys[0].sign(HEAD, 1))


def test_a_second_line_of_a_key_is_skipped_unless_the_key_is_known() -> None:
    twice = COSIGNED + WITNESS.sign(HEAD, 9)
    assert audit.verify_note(twice, BOTH.vkeys) == HEAD
    with pytest.raises(audit.VerificationFailed, match="twice"):
        audit.verify_note(twice, [WITNESS.vkey])


def test_a_line_that_shares_only_the_name_or_only_the_id_with_a_known_key_is_skipped() -> None:
    line = SIGNED.split("\n\n")[-1]
    renamed = line.replace("log.example/test", "log.example/tset")
    assert renamed != line
    assert audit.verify_note(SIGNED + renamed + OTHER.sign("another text\n"), [SIGNER.vkey])


def test_a_known_key_is_known_once_however_often_it_is_listed() -> None:
    assert audit.verify_note(SIGNED, [SIGNER.vkey, SIGNER.vkey])


def test_a_line_of_a_kind_that_asks_for_a_checkpoint_refuses_another_text() -> None:
    forged = "certificate\n\n" + SIGNER.sign("certificate\n") + BOTH.keys[1].sign(HEAD)
    assert audit.verify_note(forged, [SIGNER.vkey])
    with pytest.raises(audit.VerificationFailed):
        audit.verify_note(forged, BOTH.vkeys)


@pytest.mark.parametrize("text", ["tab\t\n", "return\r\n", "\x00\n", "\x1f\n"])
def test_a_text_with_a_control_character_is_refused_though_it_is_signed(text: str) -> None:
    with pytest.raises(audit.VerificationFailed, match="control"):
        audit.verify_note(f"{text}\n{SIGNER.sign(text)}", [SIGNER.vkey])


TEXT = "Two lines of text\nand no more.\n"
LINE = SIGNER.sign(TEXT)


@pytest.mark.parametrize(
    "note",
    [
        TEXT,
        f"{TEXT}\n",
        TEXT + LINE,
        f"{TEXT}\n{LINE}"[:-1],
        f"{TEXT}\n{LINE}\n",
        f"\x01{TEXT}\n{LINE}",
        f"{TEXT}\t\n{LINE}",
        f"{TEXT}\n{LINE}".replace("\n", "\r\n"),
        f"\udcff{TEXT}\n{LINE}",
        f"{TEXT}\n{LINE}An unexpected line.\n",
        f"{TEXT}\n{LINE}\u2014 \n",
        f"{TEXT}\n{LINE}\u2014 two words AAAAAAAA\n",
        f"{TEXT}\n{LINE}\u2014 a+b AAAAAAAA\n",
        f"{TEXT}\n{LINE}\u2014  AAAAAAAA\n",
        f"{TEXT}\n{LINE}\u2014 name\n",
        f"{TEXT}\n{LINE}\u2014 name \n",
        f"{TEXT}\n{LINE}\u2014 name AAAAAA==\n",
        f"{TEXT}\n{LINE}\u2014 name AAAAAAAA AAAAAAAA\n",
        f"{TEXT}\n{LINE}\u2014 name AAAAAAA\n",
        f"{TEXT}\n{LINE}\u2014 name AAAA-_AA\n",
        f"{TEXT}\n{LINE}\u2014\u00a0name AAAAAAAA\n",
        f"{TEXT}\n{LINE}- name AAAAAAAA\n",
        f"{TEXT}\n{LINE} \u2014 name AAAAAAAA\n",
        f"{TEXT}\n{LINE[:60]}ABCD{LINE[60:]}",
    ],
)
def test_notes_with_one_malformed_part_are_refused(note: str) -> None:
    assert audit.verify_note(f"{TEXT}\n{LINE}", [SIGNER.vkey]) == TEXT
    with pytest.raises(audit.VerificationFailed):
        audit.verify_note(note, [SIGNER.vkey])
