"""Signed notes and checkpoints: the C2SP examples, and nothing that differs from a signed one by a byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import audit
from audit.note import MAX_SIGNATURES, VerifierKey, parse_note

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


@given(at=st.integers(0, len(VKEY) - 1), bit=st.integers(0, 6))
def test_no_flipped_bit_of_a_key_passes(at: int, bit: int) -> None:
    data = bytearray(VKEY.encode())
    data[at] ^= 1 << bit
    with pytest.raises(audit.VerificationFailed):
        audit.verify_note(NOTE, [data.decode()])


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


ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="


def test_a_checkpoint_text_comes_back() -> None:
    text = f"example.com/behind-the-sofa\n20852163\n{ROOT}\n"  # the example of c2sp.org/tlog-checkpoint
    found = audit.Checkpoint.parse(text)
    assert (found.origin, found.size, found.text) == ("example.com/behind-the-sofa", 20852163, text)


@pytest.mark.parametrize(
    "text",
    [
        f"o\n05\n{ROOT}\n", f"o\n-5\n{ROOT}\n", f"o\n+5\n{ROOT}\n", f"o\n\u0665\n{ROOT}\n", f"o\n5\n{ROOT}",
        f"o\n5\n{ROOT}\nextension\n", f"\n5\n{ROOT}\n", f"o\n5\n{ROOT[:-4]}\n", f"o\n0\n{ROOT}\n", f"o\n5\n{ROOT}\n\n",
        "",
        f"o\n{'9' * 5000}\n{ROOT}\n",
    ],
)  # fmt: skip
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(audit.VerificationFailed):
        audit.Checkpoint.parse(text)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    foreign = audit.Checkpoint("other.example", 1, bytes(32))
    with pytest.raises(audit.VerificationFailed, match="another log"):
        audit.Checkpoint.verify(audit.sign_note(foreign.text, SIGNER), SIGNER.vkey)
