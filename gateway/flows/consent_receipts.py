"""A person takes away what is on record of their choices, signed, in a form that other programs read."""

from __future__ import annotations

import datetime as dt
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.accountability import Released
from gateway.consent.receipts import TYPE, ReceiptFacts, Verdict, receipt_body
from gateway.flows.house import House
from gateway.flows.person_permissions import PersonAt, closed_by, person_at, uncounted
from gateway.foundation.errors import IntegrityFailure, InvalidInput, NotFound
from gateway.foundation.identifiers import new_id
from gateway.policy.person_why import SENTENCES
from gateway.policy.wording import SENTENCES as POLICY_SENTENCES
from gateway.rights.canonical import canonical_json
from gateway.rights.certificates import NONCE_BYTES, subject_commitment
from gateway.vault import normalised
from gateway.vocabulary.events import Actor, AuditAction, GatewayEvent
from gateway.vocabulary.languages import in_language
from gateway.vocabulary.names import PurposeId, SubjectReference

_NONCE = re.compile(f"[0-9A-Fa-f]{{{2 * NONCE_BYTES}}}")
_NOTHING = "no choice of this person is on record: record one first (`gateway consent record`)"


@dataclass(frozen=True, slots=True)
class ConsentReceipt:
    """A signed note (C2SP) over the canonical receipt, and the nonce that ties it to the person, for them alone."""

    id: str
    note: str
    nonce: str


@dataclass(frozen=True)
class ConsentReceipts:
    """Make a receipt (ISO/IEC TS 27560) of everything that a person has chosen, and of what it permits now."""

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
        on_its_way = house.recorder.begin(event, at=house.clock.now(), entry_id=entry, tags=tags)
        return Released(on_its_way, subject).map(lambda subject: self._receipt(subject, identifier, at, language))

    def _receipt(
        self, subject: SubjectReference | None, identifier: tuple[str, str], at: dt.datetime, language: str
    ) -> ConsentReceipt:
        house = self.house
        person = person_at(house, subject, at)
        if not person.history:
            raise NotFound(_NOTHING, reasons=("no_consent_on_record",))
        nonce = secrets.token_bytes(NONCE_BYTES)
        written = normalised(*identifier, house.catalogue.controller.country)
        facts = ReceiptFacts(
            new_id("rcp"), at, f"sha256:{subject_commitment(nonce, written)}", house.catalogue, person.history,
            _verdicts(house, person, at, language), language,
        )  # fmt: skip
        note = house.recorder.sign(canonical_json(receipt_body(facts)) + "\n")
        return ConsentReceipt(facts.id, note, nonce.hex())


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether a receipt is this home's, unchanged; and whether it is about a person, where somebody asks."""

    verified: bool
    concerns: bool | None = None


@dataclass(frozen=True)
class VerifyReceipt:
    """Check a receipt that somebody shows. The answer comes from the receipt alone, so that it tells of nobody else."""

    house: House

    def __call__(self, note: str, holder: tuple[tuple[str, str], str] | None = None) -> Verified:
        """Return what holds; ``holder`` is an identifier (type, value) and a nonce. ``InvalidInput``: no receipt."""
        try:
            body = read_receipt(self.house.recorder.verify(note))
        except IntegrityFailure:
            return Verified(verified=False)
        if holder is None:
            return Verified(verified=True)
        identifier, nonce = holder
        return Verified(verified=True, concerns=receipt_concerns(body, identifier, nonce_of(nonce)))


def _verdicts(house: House, person: PersonAt, at: dt.datetime, language: str) -> dict[PurposeId, Verdict]:
    return {name: _verdict(house, person, name, at, language) for name in {event.purpose for event in person.history}}


def _verdict(house: House, person: PersonAt, name: PurposeId, at: dt.datetime, language: str) -> Verdict:
    purpose = house.catalogue.purposes.get(name)
    if purpose is None:  # a later version of the policy dropped it
        return Verdict({"unknown_purpose": in_language(POLICY_SENTENCES["unknown_purpose"], language)})
    closed = {code: in_language(SENTENCES[code], language) for code in closed_by(house, person, purpose, at)}
    return Verdict(closed, uncounted(house, person, purpose, at))


def read_receipt(text: str) -> Mapping[str, Any]:
    """Return a receipt out of the text of a note that has been verified; ``InvalidInput`` for any other document."""
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict) or body.get("@type") != TYPE:
        raise InvalidInput("this is signed, and no consent receipt: it is another document", reasons=("no_receipt",))
    return body


def receipt_concerns(body: Mapping[str, Any], identifier: tuple[str, str], nonce: bytes) -> bool:
    """Whether a receipt is about the person with this identifier (type, value) and nonce."""
    try:
        told = str(body["dpv:hasDataSubject"]["dct:identifier"])
        region = str(body["dpv:hasDataController"]["dpv:hasJurisdiction"]).removeprefix("loc:")
    except (KeyError, TypeError):
        raise InvalidInput("the receipt has another form than this version makes", reasons=("no_receipt",)) from None
    return secrets.compare_digest(told, f"sha256:{subject_commitment(nonce, normalised(*identifier, region))}")


def nonce_of(text: str) -> bytes:
    """Return the nonce that came with a receipt; ``InvalidInput`` for any other text."""
    if not _NONCE.fullmatch(text.strip()):
        raise InvalidInput("a nonce has 64 hexadecimal digits: copy it whole", reasons=("invalid_nonce",))
    return bytes.fromhex(text.strip())
