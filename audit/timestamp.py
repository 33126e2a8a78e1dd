"""RFC 3161 time stamps over a signed checkpoint: when it existed, by somebody who is neither the log nor a witness.

Asking and verifying need the package ``rfc3161-client`` (the extra ``timestamps``); it is imported when first used.
"""

from __future__ import annotations

import datetime as dt
import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import ModuleType
from typing import Any, Final

from cryptography import x509

from audit.errors import AuditError, VerificationFailed
from audit.fetch import FetchFailed, Server

MAX_REPLY: Final = 262_144  # bytes; one with a chain of three certificates has about 4,000
QUERY_TYPE: Final = "application/timestamp-query"
REPLY_TYPE: Final = "application/timestamp-reply"
_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_OK: Final = 200
_GRANTED: Final = 0
_PLACE: Final = "time stamp"
_CERTIFICATES: Final = 0xA0  # the tag [0] of the certificates in SignedData (RFC 5652 section 5.1)
_LONG: Final = 0x80  # a DER length from here on says how many bytes of length follow


@dataclass(frozen=True, slots=True)
class Stamped:
    """What a time stamp says: the note existed at ``at``; ``serial`` is the TSA's number for the stamp."""

    at: dt.datetime
    serial: int


def stamp(note: bytes, server: Server) -> bytes:
    """Ask a TSA for a time stamp over the SHA-256 of ``note``; return its reply (DER), as ``openssl ts`` reads it.

    The reply is of this request and these bytes; whether its signature is worth anything only ``verify_stamp`` says.
    Raises ``AuditError``.
    """
    library = _library()
    request = library.TimestampRequestBuilder().data(note).hash_algorithm(library.HashAlgorithm.SHA256).build()
    reply = server.post("", request.as_bytes(), QUERY_TYPE, limit=MAX_REPLY)
    if reply.status != _OK or reply.content_type != REPLY_TYPE:
        raise FetchFailed(f"the TSA answered with status {reply.status} and {reply.content_type}")
    decoded = _decode(library, reply.body)
    _need_imprint(decoded, note)
    if decoded.tst_info.nonce != request.nonce:
        raise VerificationFailed(_PLACE, "it answers another request")
    return reply.body


def verify_stamp(reply: bytes, note: bytes, roots: Sequence[x509.Certificate]) -> Stamped:
    """Check that a TSA with a certificate under one of ``roots`` stamped ``note``; return when.

    The certificates have to be valid at that time, not now. Raises ``VerificationFailed``.
    """
    library = _library()
    if not roots:
        raise VerificationFailed(_PLACE, "no root certificate is given to check it by")
    decoded = _decode(library, reply)
    _need_imprint(decoded, note)
    verifier = library.VerifierBuilder(roots=list(roots)).build()
    try:
        verifier.verify(decoded, sha256(note).digest())
    except Exception as failure:
        raise VerificationFailed(_PLACE, f"it does not verify ({failure})") from failure
    return Stamped(decoded.tst_info.gen_time, decoded.tst_info.serial_number)


def read_roots(data: bytes) -> list[x509.Certificate]:
    """Read root certificates (PEM). Raises ``VerificationFailed``."""
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError:
        raise VerificationFailed("root certificate", "it is not PEM") from None


def _library() -> ModuleType:
    try:
        return importlib.import_module("rfc3161_client")
    except ModuleNotFoundError:
        message = "time stamps need the package rfc3161-client: install the extra named timestamps"
        raise AuditError(message) from None


def _decode(library: ModuleType, reply: bytes) -> Any:
    """Return the decoded reply, whose status is granted."""
    if len(reply) > MAX_REPLY:
        raise VerificationFailed(_PLACE, f"it has more than {MAX_REPLY} bytes")
    try:
        decoded = library.decode_timestamp_response(sort_certificates(reply))
        if decoded.status == _GRANTED:
            _ = decoded.tst_info.gen_time, decoded.signed_data  # both are decoded when first asked for
            return decoded
    except Exception as failure:
        raise VerificationFailed(_PLACE, "it is not a reply of RFC 3161 in DER") from failure
    raise VerificationFailed(_PLACE, f"the TSA did not grant it (status {decoded.status})")


def _need_imprint(decoded: Any, note: bytes) -> None:
    imprint = decoded.tst_info.message_imprint
    if imprint.hash_algorithm.dotted_string != _SHA256 or imprint.message != sha256(note).digest():
        raise VerificationFailed(_PLACE, "it is not over the SHA-256 of this note")


def sort_certificates(reply: bytes) -> bytes:
    """Put the certificates of a reply in the order that DER asks for; no signature covers their order.

    TSAs write them as they come (``openssl ts`` with a chain is one), and strict readers refuse that. A reply that is
    not nested as RFC 3161 and RFC 5652 have it comes back as it is, for the strict reader to refuse.
    """
    # TimeStampResp, then its token (a ContentInfo), its content [0], and the SignedData in it.
    at, end = 0, len(reply)
    for child in (0, 1, 1, 0):
        parts = _parts(reply, at, end)
        if len(parts) <= child:
            return reply
        _, _, at, end = parts[child]
    for tag, _, start, stop in _parts(reply, at, end):
        if tag == _CERTIFICATES:
            certificates = sorted(reply[first:last] for _, first, _, last in _parts(reply, start, stop))
            found = b"".join(certificates)
            return reply[:start] + found + reply[stop:] if len(found) == stop - start else reply
    return reply


def _parts(data: bytes, at: int, end: int) -> list[tuple[int, int, int, int]]:
    """Return (tag, start, start of the content, end) of each DER value in a range; of none if one is not whole."""
    parts: list[tuple[int, int, int, int]] = []
    while at < end:
        start, tag, length, at = at, data[at], int.from_bytes(data[at + 1 : at + 2]), at + 2
        if length >= _LONG:
            count = length - _LONG
            length, at = int.from_bytes(data[at : at + count]), at + count
        parts.append((tag, start, at, at + length))
        at += length
        if at > end:
            return []
    return parts
