"""C2SP signed notes (c2sp.org/signed-note v1.0.0): parse strictly, verify, sign."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from audit.encoding import decode_base64, is_key_name, read_utf8
from audit.errors import AuditError, VerificationFailed
from audit.keys import KEY_ID_BYTES, LINE_START, Signer, SigningKey, VerifierKey

__all__ = [
    "MAX_NOTE", "MAX_SIGNATURES", "SignatureLine", "Signer", "VerifierKey", "decode_base64", "is_key_name",
    "parse_note", "sign_note", "verified_keys", "verify_note",
]  # fmt: skip

MAX_NOTE: Final = 1_048_576  # bytes
MAX_SIGNATURES: Final = 128  # the specification asks for at least 16; a policy here may know 64 logs and 64 witnesses
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_PLACE: Final = "signed note"


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature line, not checked yet."""

    name: str
    key_id: bytes
    signature: bytes


def sign_note(text: str, signer: Signer | SigningKey, at: int = 0) -> str:
    """Return ``text``, which ends in a newline, with a blank line and the signature lines behind it.

    ``at`` is the POSIX time in seconds that kinds of keys with a time state. Raises ``AuditError``.
    """
    if not text.endswith("\n") or _CONTROL.search(text):
        raise AuditError("the text of a note ends in a newline and has no other control character")
    return read_utf8(f"{text}\n{signer.sign(text, at)}", MAX_NOTE, _PLACE)


def parse_note(note: str | bytes) -> tuple[str, list[SignatureLine]]:
    """Return the text and the signature lines. NOTHING is verified yet. Raises ``VerificationFailed``."""
    note = read_utf8(note, MAX_NOTE, _PLACE)
    if _CONTROL.search(note):
        raise VerificationFailed(_PLACE, "it has a control character")
    at = note.rfind("\n\n")
    if at < 0 or not note.endswith("\n"):
        raise VerificationFailed(_PLACE, "it has no blank line before its signatures, or does not end in a newline")
    lines = note[at + 2 : -1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise VerificationFailed(_PLACE, f"it has more than {MAX_SIGNATURES} signatures")
    return note[: at + 1], [_parse_line(line, number) for number, line in enumerate(lines, 1)]


def _parse_line(line: str, number: int) -> SignatureLine:
    place = f"signed note, signature line {number}"
    name, space, signature = line.removeprefix(LINE_START).partition(" ")
    if not line.startswith(LINE_START) or not space or not is_key_name(name):
        raise VerificationFailed(place, "it is not an em dash, a key name and a signature")
    data = decode_base64(signature, place)
    if len(data) <= KEY_ID_BYTES:
        raise VerificationFailed(place, "it is too short")
    return SignatureLine(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


def verified_keys(note: str | bytes, keys: Iterable[VerifierKey]) -> tuple[str, dict[VerifierKey, int]]:
    """Return the text of a note and which of ``keys`` signed it, with the POSIX time that each states (0: none).

    Lines of unknown keys are skipped, as the specification has it; a line of a known key that does not verify, or a
    second line of it, refuses the whole note. The result may be EMPTY: ask whether it holds whom you trust. Raises
    ``VerificationFailed``.
    """
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for key in keys:
        if known.setdefault((key.name, key.key_id), key) != key:
            raise VerificationFailed(_PLACE, f"two known keys are both {key.name} with one key id")
    text, lines = parse_note(note)
    signed: dict[VerifierKey, int] = {}
    for line in lines:
        signer = known.get((line.name, line.key_id))
        if signer is None:
            continue
        if signer in signed:
            raise VerificationFailed(_PLACE, f"{signer.name} signs it twice with one key")
        signed[signer] = signer.check(text, line.signature)
    return text, signed


def verify_note(note: str | bytes, vkeys: Sequence[str]) -> str:
    """Return the text of a note that at least one of ``vkeys`` signed.

    Lines of unknown keys are skipped; a line of a known key that does not verify refuses the whole note. Raises
    ``VerificationFailed``.
    """
    text, signed = verified_keys(note, [VerifierKey.parse(vkey) for vkey in vkeys])
    if not signed:
        raise VerificationFailed(_PLACE, "no known key signed it")
    return text
