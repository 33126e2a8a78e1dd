"""C2SP signed notes (c2sp.org/signed-note v1.0.0) with Ed25519 keys: parse strictly, verify, sign."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.errors import AuditError, VerificationFailed

MAX_NOTE: Final = 1_048_576  # bytes
MAX_SIGNATURES: Final = 64  # the specification asks for at least 16
_ED25519: Final = b"\x01"
_SEED_BYTES: Final = 32
_KEY_ID_BYTES: Final = 4
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")
_HEX_ID: Final = re.compile(r"[0-9a-f]{8}", re.ASCII)
_LINE_START: Final = "\u2014 "


def decode_base64(text: str, place: str) -> bytes:
    """Read canonical base 64: what is read, written again, is the same text."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise VerificationFailed(place, "this is not base 64") from None
    if base64.b64encode(data).decode() != text:
        raise VerificationFailed(place, "this is not canonical base 64")
    return data


def is_key_name(name: str) -> bool:
    """Say whether ``name`` may name a key: not empty, no space, no plus, no control character."""
    return bool(name) and "+" not in name and not any(c.isspace() or ord(c) < ord(" ") for c in name)


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:_KEY_ID_BYTES]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """An Ed25519 verifier key, ``<name>+<key id>+<base 64 of type and key>``."""

    name: str
    key_id: bytes
    public: bytes

    @classmethod
    def parse(cls, vkey: str) -> VerifierKey:
        """Read a verifier key; raises ``VerificationFailed``."""
        place = "verifier key"
        parts = vkey.split("+", 2)
        if len(parts) != 3 or not is_key_name(parts[0]) or not _HEX_ID.fullmatch(parts[1]):  # noqa: PLR2004 - three parts
            raise VerificationFailed(place, "it is not <name>+<8 hex digits>+<base 64>")
        material = decode_base64(parts[2], place)
        if material[:1] != _ED25519 or len(material) != 1 + _SEED_BYTES:
            raise VerificationFailed(place, "it is not an Ed25519 key")
        key = cls(parts[0], bytes.fromhex(parts[1]), material[1:])
        if key.key_id != _key_id(key.name, key.public):
            raise VerificationFailed(place, "its key id is not that of its name and key")
        return key

    def __str__(self) -> str:
        """Write the verifier key."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    def check(self, text: str, signature: bytes) -> None:
        """Raise ``VerificationFailed`` unless ``signature`` is this key's over ``text``."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            raise VerificationFailed("signed note", f"the signature of {self.name} is not valid") from None


class Signer:
    """A named Ed25519 key that signs notes. Its ``repr`` shows the name only."""

    def __init__(self, name: str, seed: bytes) -> None:
        if not is_key_name(name):
            raise AuditError("a key name is not empty and has no space, plus or control character")
        if len(seed) != _SEED_BYTES:
            raise AuditError("an Ed25519 seed has 32 bytes")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._key.public_key().public_bytes_raw()
        self._verifier = VerifierKey(name, _key_id(name, public), public)

    @property
    def name(self) -> str:
        """The key's name; for a log, its origin."""
        return self._verifier.name

    @property
    def vkey(self) -> str:
        """The verifier key to give to those who check."""
        return str(self._verifier)

    def sign(self, text: str) -> str:
        """Return the signature line over ``text``, with its newline."""
        signature = base64.b64encode(self._verifier.key_id + self._key.sign(text.encode())).decode()
        return f"{_LINE_START}{self.name} {signature}\n"

    def __repr__(self) -> str:
        """Show the name, never the key."""
        return f"Signer({self.name!r})"


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One signature line, not checked yet."""

    name: str
    key_id: bytes
    signature: bytes


def sign_note(text: str, signer: Signer) -> str:
    """Return ``text``, which ends in a newline, with a blank line and the signature line behind it."""
    if not text.endswith("\n") or _CONTROL.search(text):
        raise AuditError("the text of a note ends in a newline and has no other control character")
    note = f"{text}\n{signer.sign(text)}"
    if len(note.encode()) > MAX_NOTE:
        raise AuditError(f"a note has at most {MAX_NOTE} bytes")
    return note


def parse_note(note: str) -> tuple[str, list[SignatureLine]]:
    """Return the text and the signature lines. NOTHING is verified yet. Raises ``VerificationFailed``."""
    place = "signed note"
    if len(note.encode("utf-8", "replace")) > MAX_NOTE:
        raise VerificationFailed(place, f"it is longer than {MAX_NOTE} bytes")
    if _CONTROL.search(note) or any("\ud800" <= c <= "\udfff" for c in note):
        raise VerificationFailed(place, "it has a control character or is not UTF-8")
    at = note.rfind("\n\n")
    if at < 0 or not note.endswith("\n"):
        raise VerificationFailed(place, "it has no blank line before its signatures, or does not end in a newline")
    lines = note[at + 2 : -1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise VerificationFailed(place, f"it has more than {MAX_SIGNATURES} signatures")
    signatures = [_parse_line(line, number) for number, line in enumerate(lines, 1)]
    if len({(s.name, s.key_id) for s in signatures}) != len(signatures):
        raise VerificationFailed(place, "a key signs it twice")
    return note[: at + 1], signatures


def _parse_line(line: str, number: int) -> SignatureLine:
    place = f"signed note, signature line {number}"
    name, space, signature = line.removeprefix(_LINE_START).partition(" ")
    if not line.startswith(_LINE_START) or not space or not is_key_name(name):
        raise VerificationFailed(place, "it is not an em dash, a key name and a signature")
    data = decode_base64(signature, place)
    if len(data) <= _KEY_ID_BYTES:
        raise VerificationFailed(place, "it is too short")
    return SignatureLine(name, data[:_KEY_ID_BYTES], data[_KEY_ID_BYTES:])


def verify_note(note: str, vkeys: Sequence[str]) -> str:
    """Return the text of a note that at least one of ``vkeys`` signed.

    Lines of unknown keys are skipped; a line of a known key that does not verify refuses the whole note. Raises
    ``VerificationFailed``.
    """
    keys = {(key.name, key.key_id): key for key in map(VerifierKey.parse, vkeys)}
    text, lines = parse_note(note)
    known = 0
    for line in lines:
        key = keys.get((line.name, line.key_id))
        if key is not None:
            key.check(text, line.signature)
            known += 1
    if not known:
        raise VerificationFailed("signed note", "no known key signed it")
    return text
