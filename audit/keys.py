"""Keys that sign and verify lines of notes: Ed25519, Ed25519 cosignatures, and ML-DSA-44 (c2sp.org/signed-note).

A key of kind 0x01 signs the text itself. Kinds 0x04 and 0x06 (c2sp.org/tlog-cosignature) sign it with a POSIX time in
seconds, which stands before the signature in eight bytes, and kind 0x06 signs tree heads only.
"""

from __future__ import annotations

import enum
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from audit.encoding import MAX_NAME, MAX_NUMBER, decode_base64, encode_base64, is_key_name, read_tree_head, read_utf8
from audit.errors import AuditError, VerificationFailed

LINE_START: Final = "\u2014 "
KEY_ID_BYTES: Final = 4
SEED_BYTES: Final = 32
MAX_VKEY: Final = 4096  # bytes; one of ML-DSA-44 with the longest name has 2,017
_TIME_BYTES: Final = 8
_HEX_ID: Final = re.compile(r"[0-9a-f]{8}", re.ASCII)
_VKEY_PARTS: Final = 3
_PLACE: Final = "verifier key"
# Ed25519 points of small order, without their sign bit: under such a "key" anybody can sign. RFC 8032 lets them pass.
_SMALL_ORDER: Final = frozenset(
    bytes.fromhex(point)
    for point in (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
)


def shard_seed(seed: bytes, origin: str) -> bytes:
    """Return the seed of a shard's key (HMAC-SHA-256 of its origin under ``seed``).

    Each shard has a public key of its own, since a policy lists no public key under two names (c2sp.org/tlog-policy).
    """
    return hmac.digest(seed, b"audit shard key/v1\n" + origin.encode(), "sha256")


class KeyKind(enum.IntEnum):
    """The signature type byte of a key, as c2sp.org/signed-note assigns it."""

    ED25519 = 0x01
    ED25519_COSIGNATURE = 0x04
    ML_DSA_44 = 0x06

    @property
    def is_timed(self) -> bool:
        """Whether its signatures state a time."""
        return self is not KeyKind.ED25519


_PUBLIC_BYTES: Final = {KeyKind.ED25519: 32, KeyKind.ED25519_COSIGNATURE: 32, KeyKind.ML_DSA_44: 1312}


def signed_message(kind: KeyKind, name: str, text: str, at: int) -> bytes:
    """Return the bytes that the key ``name`` of ``kind`` signs for the note text ``text`` at ``at`` (POSIX seconds).

    For ML-DSA-44, ``text`` is a checkpoint's; raises ``VerificationFailed`` when it is not.
    """
    if kind is KeyKind.ED25519:
        return text.encode()
    if kind is KeyKind.ED25519_COSIGNATURE:
        return f"cosignature/v1\ntime {at}\n{text}".encode()
    origin, size, root = read_tree_head(text)
    time, start, end = (number.to_bytes(_TIME_BYTES, "big") for number in (at, 0, size))
    return b"subtree/v1\n\0" + _counted(name) + time + _counted(origin) + start + end + root


def _counted(name: str) -> bytes:
    data = name.encode()
    return len(data).to_bytes(1, "big") + data


def _key_id(name: str, kind: KeyKind, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:KEY_ID_BYTES]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A verifier key, ``<name>+<key id>+<base 64 of kind and public key>``; only a well-formed one can be made."""

    name: str
    key_id: bytes
    kind: KeyKind
    public: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what is not a key; raises ``VerificationFailed``."""
        if not is_key_name(self.name) or len(self.name.encode()) > MAX_NAME:
            raise VerificationFailed(
                _PLACE, f"its name is empty, over {MAX_NAME} bytes or has a space, plus or control character"
            )
        if len(self.public) != _PUBLIC_BYTES[self.kind]:
            raise VerificationFailed(_PLACE, "its public key has the wrong length")
        if self.kind is not KeyKind.ML_DSA_44 and self.public[:-1] + bytes([self.public[-1] & 0x7F]) in _SMALL_ORDER:
            raise VerificationFailed(_PLACE, "under this public key anybody could sign")
        if self.key_id != _key_id(self.name, self.kind, self.public):
            raise VerificationFailed(_PLACE, "its key id is not that of its name and key")

    @classmethod
    def of(cls, name: str, kind: KeyKind, public: bytes) -> VerifierKey:
        """Make the key of a name and public key; raises ``VerificationFailed``."""
        return cls(name, _key_id(name, kind, public) if is_key_name(name) else b"", kind, public)

    @classmethod
    def parse(cls, vkey: str) -> VerifierKey:
        """Read a verifier key; raises ``VerificationFailed``."""
        parts = read_utf8(vkey, MAX_VKEY, _PLACE).split("+", _VKEY_PARTS - 1)
        if len(parts) != _VKEY_PARTS or not _HEX_ID.fullmatch(parts[1]):
            raise VerificationFailed(_PLACE, "it is not <name>+<8 hex digits>+<base 64>")
        material = decode_base64(parts[2], _PLACE)
        if material[:1] not in {bytes([kind]) for kind in KeyKind}:
            raise VerificationFailed(_PLACE, "it is not of kind 0x01, 0x04 (Ed25519) or 0x06 (ML-DSA-44)")
        return cls(parts[0], bytes.fromhex(parts[1]), KeyKind(material[0]), material[1:])

    def __str__(self) -> str:
        """Write the verifier key."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.kind]) + self.public)}"

    def check(self, text: str, signature: bytes) -> int:
        """Return the POSIX time that this key's ``signature`` over ``text`` states; 0 where it states none.

        A key of kind 0x06 may state 0 (c2sp.org/tlog-cosignature): "the tree is consistent", not "it is the latest".
        Raises ``VerificationFailed`` unless the signature is this key's.
        """
        at, rest = 0, signature
        if self.kind.is_timed:
            at, rest = int.from_bytes(signature[:_TIME_BYTES], "big"), signature[_TIME_BYTES:]
        if at > MAX_NUMBER:
            raise VerificationFailed("signed note", f"the time of {self.name} is not below 2**63")
        try:
            public = MLDSA44PublicKey if self.kind is KeyKind.ML_DSA_44 else Ed25519PublicKey
            public.from_public_bytes(self.public).verify(rest, signed_message(self.kind, self.name, text, at))
        except (InvalidSignature, ValueError):
            raise VerificationFailed("signed note", f"the signature of {self.name} is not valid") from None
        except UnsupportedAlgorithm:
            raise VerificationFailed("signed note", f"no way here to check the signature of {self.name}") from None
        return at


class SigningKey:
    """A named private key, from a seed of 32 bytes. Its ``repr`` shows the name only."""

    __slots__ = ("_private", "_verifier")

    def __init__(self, name: str, kind: KeyKind, seed: bytes) -> None:
        if len(seed) != SEED_BYTES:
            raise AuditError(f"a seed has {SEED_BYTES} bytes")
        self._private: Ed25519PrivateKey | MLDSA44PrivateKey = (
            MLDSA44PrivateKey.from_seed_bytes(seed)
            if kind is KeyKind.ML_DSA_44
            else Ed25519PrivateKey.from_private_bytes(seed)
        )
        self._verifier = VerifierKey.of(name, kind, self._private.public_key().public_bytes_raw())

    @property
    def name(self) -> str:
        """The key's name; for a log, its origin."""
        return self._verifier.name

    @property
    def kind(self) -> KeyKind:
        """What it signs with."""
        return self._verifier.kind

    @property
    def verifier(self) -> VerifierKey:
        """The key to check with."""
        return self._verifier

    @property
    def vkey(self) -> str:
        """The verifier key to give to those who check."""
        return str(self._verifier)

    def sign(self, text: str, at: int = 0) -> str:
        """Return the signature line over ``text`` at ``at`` (POSIX seconds), with its newline.

        Kind 0x01 states no time and takes no notice of ``at``; kind 0x04 needs one; kind 0x06 may leave it 0, which a
        log may and a witness may not (c2sp.org/tlog-witness), and signs checkpoints only. Raises ``AuditError``.
        """
        if not 0 <= at <= MAX_NUMBER or (at == 0 and self.kind is KeyKind.ED25519_COSIGNATURE):
            raise AuditError("the time of a signature lies from 1 (0 for ML-DSA-44) to 2**63 - 1 seconds")
        try:
            signature = self._private.sign(signed_message(self.kind, self.name, text, at))
        except UnicodeEncodeError:
            raise AuditError("the text of a note is UTF-8") from None
        time = at.to_bytes(_TIME_BYTES, "big") if self.kind.is_timed else b""
        return f"{LINE_START}{self.name} {encode_base64(self._verifier.key_id + time + signature)}\n"

    def __repr__(self) -> str:
        """Show the name, never the key."""
        return f"SigningKey({self.name!r})"


class Signer:
    """All keys of a log or of another issuer of notes, under one name. Its ``repr`` shows the name only.

    ``retiring`` are signers of the same name whose keys still sign while verifiers move to the new ones.
    """

    __slots__ = ("_keys",)

    def __init__(
        self, name: str, seed: bytes, *, ml_dsa_seed: bytes | None = None, retiring: Sequence[Signer] = ()
    ) -> None:
        keys = [SigningKey(name, KeyKind.ED25519, seed)]
        if ml_dsa_seed is not None:
            keys.append(SigningKey(name, KeyKind.ML_DSA_44, ml_dsa_seed))
        keys += [key for old in retiring for key in old.keys]
        if any(key.name != name for key in keys):
            raise AuditError("a retiring key has another name")
        if len({key.verifier.public for key in keys}) != len(keys):
            raise AuditError("a key is given twice")
        self._keys = tuple(keys)

    @property
    def name(self) -> str:
        """The keys' name; for a log, its origin."""
        return self._keys[0].name

    @property
    def keys(self) -> tuple[SigningKey, ...]:
        """All active keys, its own first, Ed25519 before ML-DSA-44."""
        return self._keys

    @property
    def vkey(self) -> str:
        """The verifier key of its own Ed25519 key."""
        return self._keys[0].vkey

    @property
    def vkeys(self) -> list[str]:
        """The verifier keys of all active keys."""
        return [key.vkey for key in self._keys]

    def sign(self, text: str, at: int = 0) -> str:
        """Return the signature lines of all keys over ``text`` at ``at`` (POSIX seconds). Raises ``AuditError``."""
        return "".join(key.sign(text, at) for key in self._keys)

    def __repr__(self) -> str:
        """Show the name, never a key."""
        return f"Signer({self.name!r})"
