"""A consent receipt as ISO/IEC TS 27560 has it, in the W3C Data Privacy Vocabulary (JSON-LD).

The fields follow the DPV guide "Consent records and receipts using DPV" (w3id.org/dpv/guides/consent-27560).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.consent.state import ends_at, status_at
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentEvent, ConsentStatus, ExpressedBy
from gateway.vocabulary.names import PurposeId

SCHEMA = "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr"
_CONTEXT = {
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "loc": "https://w3id.org/dpv/loc#",
    "pd": "https://w3id.org/dpv/pd#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}
_STATES = {
    ConsentStatus.UNKNOWN: "dpv:ConsentUnknown",
    ConsentStatus.REQUESTED: "dpv:ConsentRequested",
    ConsentStatus.GIVEN: "dpv:ConsentGiven",
    ConsentStatus.REFUSED: "dpv:ConsentRefused",
    ConsentStatus.WITHDRAWN: "dpv:ConsentWithdrawn",
    ConsentStatus.EXPIRED: "dpv:ConsentExpired",
    ConsentStatus.INVALIDATED: "dpv:ConsentInvalidated",
}
# What is no state of a consent is a right that was used; the word beside it says which way.
_RIGHTS = {
    ConsentStatus.OBJECTED: "eu-gdpr:A21",
    ConsentStatus.RESTRICTED: "eu-gdpr:A18",
    ConsentStatus.LIFTED: "eu-gdpr:A18",
}
_EXPRESSED = {
    ExpressedBy.SELF: "dpv:DataSubject",
    ExpressedBy.GUARDIAN: "dpv:GuardianOfDataSubject",
    ExpressedBy.CONTROLLER: "dpv:DataController",
}
_OPEN_RIGHTS = ["eu-gdpr:A7-3", *(f"eu-gdpr:A{article}" for article in (15, 16, 17, 18, 20, 21, 77))]


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """What a receipt states. ``principal`` is a reference that only its holder can tie to themselves."""

    id: str
    issued_at: dt.datetime
    principal: str
    catalogue: Catalogue
    events: Sequence[ConsentEvent]  # in the order of the ledger; at least one
    language: str = "en"


def receipt_body(facts: ReceiptFacts) -> dict[str, Any]:
    """Return the receipt; no identifier and no subject reference stands in it."""
    controller = facts.catalogue.controller
    purposes = dict.fromkeys([*facts.catalogue.purposes, *(event.purpose for event in facts.events)])
    return {
        "@context": _CONTEXT,
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": SCHEMA,
        "dpv:hasIdentifier": facts.id,
        "dct:created": _instant(facts.issued_at),
        "dct:creator": "controller",
        "dct:language": facts.language,
        "policy": facts.catalogue.label,
        "dpv:hasDataSubject": {"@type": "dpv:DataSubject", "dpv:hasIdentifier": facts.principal},
        "dpv:hasEntity": {
            "controller": {
                "@type": "dpv:DataController",
                "dpv:hasName": controller.name,
                "dpv:hasContact": controller.contact,
                "dpv:hasJurisdiction": f"loc:{controller.country}",
                "data_protection_officer": controller.data_protection_officer,
                "dpv:hasAuthority": controller.supervisory_authority,
            }
        },
        "dpv:hasProcess": [_process(facts, purpose) for purpose in purposes if _concerns(facts, purpose)],
    }


def _concerns(facts: ReceiptFacts, purpose: PurposeId) -> bool:
    return any(event.purpose == purpose for event in facts.events)


def _process(facts: ReceiptFacts, name: PurposeId) -> dict[str, Any]:
    catalogue = facts.catalogue
    purpose = catalogue.purposes.get(name)
    valid_for = purpose.consent_valid_for if purpose else None
    kept = [rule for rule in catalogue.retention if rule.purpose == name]
    fields = [catalogue.fields[rule.field].dpv for rule in kept if rule.field in catalogue.fields]
    recipients = sorted(each.id for each in catalogue.recipients.values() if name in each.purposes)
    found: dict[str, Any] = {
        "dpv:hasIdentifier": name,
        "dpv:hasDataController": ["controller"],
        **_state(status_at(facts.events, name, facts.issued_at, valid_for)),
        "events": [_event(event, valid_for) for event in facts.events if event.purpose == name],
        "dpv:hasRecipient": recipients,
        "dpv:hasPersonalData": sorted(set(fields)),
        "dpv:hasStorageCondition": _stored(max((rule.period for rule in kept), default=None)),
        "dpv:hasApplicableLaw": "eu-gdpr",
        "dpv:hasRight": _OPEN_RIGHTS,
        "dpv:hasConsentControl": {"@type": "dpv:WithdrawConsent", "dpv:hasContact": catalogue.controller.contact},
    }
    if purpose is not None:
        title = purpose.title.get(facts.language) or purpose.title.get("en") or name
        found |= {"dpv:hasPurpose": [purpose.dpv], "dct:title": title, "dpv:hasLegalBasis": purpose.legal_basis.dpv}
    elif name == ALL_PURPOSES:
        found |= {"dpv:hasPurpose": ["dpv:Purpose"]}
    return found


def _stored(period: dt.timedelta | None) -> list[dict[str, str]]:
    """Return the longest retention period, in days as ISO 8601 writes them; nothing where none is set."""
    return [] if period is None else [{"@type": "dpv:StorageDuration", "rdf:value": f"P{period.days}D"}]


def _event(event: ConsentEvent, valid_for: dt.timedelta | None) -> dict[str, Any]:
    ends = ends_at(event, valid_for)
    notice = {"dpv:hasIdentifier": event.notice, "dct:language": event.language}
    return {
        **_state(event.status),
        "dct:date": _instant(event.at),
        "dct:created": _instant(event.recorded_at),
        "dct:valid": None if ends is None else _instant(ends),
        "dpv:isIndicatedBy": _EXPRESSED[event.by],
        "dpv:hasNotice": notice if event.notice else None,
        "evidence": event.evidence,
        "channel": event.channel,
    }


def _state(status: ConsentStatus) -> dict[str, Any]:
    if status in _STATES:
        return {"dpv:hasConsentStatus": _STATES[status]}
    return {"right": _RIGHTS[status], "status": status.value}


def _instant(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
