"""The certificate of an erasure: what was done and what was looked for afterwards, naming nobody."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.rights.canonical import canonical_json
from gateway.rights.erasure import DataClass, Ground
from gateway.vocabulary.names import RequestId

NONCE_BYTES = 32


@dataclass(frozen=True, slots=True)
class RecipientNotice:
    """A recipient who is told (Art. 19), in which scopes, and since when the notice waits for it."""

    recipient: str
    scopes: tuple[str, ...]
    notified_at: dt.datetime
    acknowledged_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate states.

    ``probes`` holds what was looked for afterwards and how it came out, for example ``lookup_by_identifier: none``;
    ``irrecoverable_after`` is the instant from which no backup can bring the key back.
    """

    request: RequestId
    controller: str
    received_at: dt.datetime
    executed_at: dt.datetime
    classes: Sequence[DataClass]
    key_destroyed_at: dt.datetime
    recipients: Sequence[RecipientNotice]
    probes: Mapping[str, str]
    log_size: int
    log_root: str
    suppression: bool
    irrecoverable_after: dt.datetime | None = None
    key_reference: str | None = None  # the key store's own name for the destroyed key, never the key
    ground: Ground = "17(1)(b)"
    identity_level: str = "matched_identifier"


def subject_commitment(nonce: bytes, identifier: str) -> str:
    """Return SHA-256(nonce ‖ normalised identifier) as hex: whoever has the nonce can show that it is about them."""
    if len(nonce) != NONCE_BYTES:
        raise ValueError("a nonce has 32 random bytes")
    return hashlib.sha256(nonce + identifier.encode()).hexdigest()


def certificate_body(facts: CertificateFacts, *, commitment: str) -> dict[str, Any]:
    """Return the certificate; no identifier, no reference and no nonce stand in it."""
    return {
        "type": "erasure-certificate",
        "version": 1,
        "cert_id": f"cert_{facts.request}",
        "request": facts.request,
        "controller": facts.controller,
        "request_received_at": _instant(facts.received_at),
        "identity_level": facts.identity_level,
        "executed_at": _instant(facts.executed_at),
        "legal_ground": facts.ground,
        "classes": [item.as_json() for item in facts.classes],
        "rows_erased": sum(item.rows for item in facts.classes if item.action == "erase"),
        "key": {"reference": facts.key_reference, "destroyed_at": _instant(facts.key_destroyed_at)},
        "irrecoverable_after": _instant(facts.irrecoverable_after),
        "recipients": [
            {
                "recipient": notice.recipient,
                "scopes": sorted(notice.scopes),
                "notified_at": _instant(notice.notified_at),
                "acknowledged_at": _instant(notice.acknowledged_at),
            }
            for notice in sorted(facts.recipients, key=lambda notice: notice.recipient)
        ],
        "suppression": facts.suppression,
        "verification": [{"probe": probe, "result": facts.probes[probe]} for probe in sorted(facts.probes)],
        "subject_commitment": commitment,
        "log": {"size": facts.log_size, "root": facts.log_root},
        "scope_of_proof": "what the software did and logged, not that nobody copied data elsewhere",
    }


def certificate_text(facts: CertificateFacts, *, identifier: str, nonce: bytes) -> str:
    """Return the canonical text to be signed; ``identifier`` is normalised, the nonce goes to the person alone."""
    return canonical_json(certificate_body(facts, commitment=subject_commitment(nonce, identifier)))


def concerns(body: Mapping[str, Any], *, identifier: str, nonce: bytes) -> bool:
    """Whether a certificate is about the person with this identifier and nonce."""
    return hmac.compare_digest(str(body["subject_commitment"]), subject_commitment(nonce, identifier))


def _instant(at: dt.datetime | None) -> str | None:
    return None if at is None else at.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
