"""A person takes away what is on record of their choices, signed, in a form that other programs read."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.accountability import Released
from gateway.consent.receipts import ReceiptFacts, receipt_body
from gateway.flows.house import House
from gateway.foundation.errors import InvalidInput, NotFound
from gateway.foundation.identifiers import new_id
from gateway.rights.canonical import canonical_json
from gateway.rights.certificates import NONCE_BYTES, subject_commitment
from gateway.vault import normalised
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent

TYPE = "dpv:ConsentReceipt"
_NOTHING = "no choice of this person is on record: record one first (`gateway consent record`)"


@dataclass(frozen=True, slots=True)
class ConsentReceipt:
    """A signed note (C2SP) over the canonical receipt, and the nonce that ties it to the person, for them alone."""

    id: str
    note: str
    nonce: str


@dataclass(frozen=True)
class ConsentReceipts:
    """Make a receipt (ISO/IEC TS 27560) of everything that a person has chosen."""

    house: House

    def __call__(self, identifier: tuple[str, str], actor: Actor, *, language: str = "en") -> Released[ConsentReceipt]:
        """Return the receipt, signed with the key of certificates; that it was asked for is on record first.

        ``NotFound`` where nothing is on record, in the same words for somebody whom nobody knows.
        """
        house = self.house
        subject = house.find(identifier)
        entry = house.recorder.new_entry_id()
        tags = house.vault.tags_of(subject, [entry]) if subject is not None else None
        event = GatewayEvent(actor=actor, action=AuditAction.SUBJECT_ACCESSED, decision="permit", fields=("consents",))
        at = house.clock.now()
        receipt = house.recorder.record(event, at=at, entry_id=entry, tags=tags)
        history = [] if subject is None else house.ledger.history(subject)
        if not history:
            raise NotFound(_NOTHING, reasons=("no_consent_on_record",))
        nonce = secrets.token_bytes(NONCE_BYTES)
        written = normalised(*identifier, house.catalogue.controller.country)
        facts = ReceiptFacts(
            new_id("rcp"), at, f"sha256:{subject_commitment(nonce, written)}", house.catalogue, history, language
        )
        note = house.recorder.sign(canonical_json(receipt_body(facts)) + "\n")
        return Released(receipt, ConsentReceipt(facts.id, note, nonce.hex()))


def read_receipt(text: str) -> Mapping[str, Any]:
    """Return a receipt out of the text of a note that has been verified; ``InvalidInput`` for any other document."""
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict) or body.get("@type") != TYPE:
        raise InvalidInput("this is signed, and no consent receipt: it is another document", reasons=("no_receipt",))
    return body


def receipt_concerns(body: Mapping[str, Any], identifier: tuple[str, str], nonce: bytes, region: str) -> bool:
    """Whether a receipt is about the person with this identifier (type, value) and nonce."""
    told = str(body["dpv:hasDataSubject"]["dpv:hasIdentifier"])
    return secrets.compare_digest(told, f"sha256:{subject_commitment(nonce, normalised(*identifier, region))}")
