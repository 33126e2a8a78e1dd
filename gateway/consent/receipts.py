"""A consent receipt as ISO/IEC TS 27560 has it, in the W3C Data Privacy Vocabulary (JSON-LD).

The form follows the DPV guide "Consent records and receipts using DPV" (w3id.org/dpv/guides/consent-27560): a receipt
is a cover around one record for each purpose that the person spoke about. What DPV has no term for, the permission and
its reasons first of all, stands under a prefix of our own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.consent.receipt_terms import (
    COMPLAINT,
    CONTEXT,
    EXPRESSED,
    INVALID,
    LAW,
    RECEIPT_SCHEMA,
    RECORD_SCHEMA,
    STATES,
    USED_RIGHTS,
    VALID,
    open_rights,
)
from gateway.consent.state import ends_at
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentEvent, ConsentStatus
from gateway.vocabulary.languages import in_language
from gateway.vocabulary.names import PurposeId
from gateway.vocabulary.purposes import Purpose

TYPE: Final = "dpv:ConsentReceipt"
_CONTROLLER, _PERSON = "_:controller", "_:person"
Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a purpose is permitted at the instant of the receipt, and which yeses do not count for it."""

    closed: Mapping[str, str]  # code of each reason and its words; none where the purpose is permitted
    uncounted: Mapping[ConsentEvent, Sequence[str]] = field(default_factory=dict)  # by age or notice; codes


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """What a receipt states. ``principal`` is a reference that only its holder can tie to themselves.

    ``verdicts`` has an entry for every purpose of ``events`` but ``*``.
    """

    id: str
    issued_at: dt.datetime
    principal: str
    catalogue: Catalogue
    events: Sequence[ConsentEvent]  # in the order of the ledger; at least one
    verdicts: Mapping[PurposeId, Verdict]
    language: str = "en"


def receipt_body(facts: ReceiptFacts) -> Node:
    """Return the receipt; no identifier and no subject reference stands in it."""
    spoken = {event.purpose for event in facts.events}
    purposes = [*(name for name in facts.catalogue.purposes if name in spoken)]
    purposes += sorted(spoken - set(purposes))
    return {
        "@context": CONTEXT,
        "@type": TYPE,
        "dct:conformsTo": RECEIPT_SCHEMA,
        "dpv:hasIdentifier": facts.id,
        "dct:created": _instant(facts.issued_at),
        "dct:publisher": _CONTROLLER,
        "dct:language": facts.language,
        "dpv:hasPolicy": {"@type": "dpv:Policy", "dct:identifier": facts.catalogue.label},
        "dpv:hasDataSubject": {"@id": _PERSON, "@type": "dpv:DataSubject", "dct:identifier": facts.principal},
        "dpv:hasDataController": _controller(facts.catalogue),
        "dpv:hasRecordOfActivity": [_record(facts, purpose) for purpose in purposes],
    }


def _controller(catalogue: Catalogue) -> Node:
    known = catalogue.controller
    return {
        "@id": _CONTROLLER,
        "@type": "dpv:DataController",
        "dpv:hasName": known.name,
        "dpv:hasContact": known.contact,
        "dpv:hasJurisdiction": f"loc:{known.country}",
        "dpv:hasDataProtectionOfficer": {
            "@type": "dpv:DataProtectionOfficer",
            "dpv:hasContact": known.data_protection_officer,
        },
        "dpv:hasAuthority": {"@type": "dpv:DataProtectionAuthority", "dpv:hasName": known.supervisory_authority},
    }


def _record(facts: ReceiptFacts, name: PurposeId) -> Node:
    """Return the record of a purpose; it is one of consents only where consent is the legal basis."""
    purpose = facts.catalogue.purposes.get(name)
    consents = purpose is not None and purpose.needs_consent
    record: Node = {
        "@type": "dpv:ConsentRecord" if consents else "dpv:DataProcessingRecord",
        "dct:identifier": f"{facts.id}:{name}",
        "dpv:hasDataSubject": _PERSON,
        "dpv:hasDataController": _CONTROLLER,
        "dpv:hasJurisdiction": f"loc:{facts.catalogue.controller.country}",
        "dpv:hasApplicableLaw": LAW,
        "dpv:hasRight": _rights(facts.catalogue, purpose),
        "dpv:hasProcess": _process(facts, name),
        "dpv:hasOrganisationalMeasure": [_used(event) for event in _events(facts, name) if event.status in USED_RIGHTS],
    }
    if purpose is not None:
        record["dpv:hasLegalBasis"] = purpose.legal_basis.dpv
    if name != ALL_PURPOSES:
        record |= _permission(facts.verdicts[name])
    if purpose is not None and consents:
        record |= {"dct:conformsTo": RECORD_SCHEMA} | _consent(facts, purpose)
    else:
        record["gateway:choice"] = [_choice(event) for event in _events(facts, name) if event.status not in USED_RIGHTS]
    return record


def _events(facts: ReceiptFacts, name: PurposeId) -> list[ConsentEvent]:
    return sorted((event for event in facts.events if event.purpose == name), key=lambda event: event.at)


def _process(facts: ReceiptFacts, name: PurposeId) -> Node:
    catalogue, purpose = facts.catalogue, facts.catalogue.purposes.get(name)
    kept = [rule for rule in catalogue.retention if rule.purpose == name]
    fields = {catalogue.fields[rule.field].dpv for rule in kept if rule.field in catalogue.fields}
    recipients = sorted(each.id for each in catalogue.recipients.values() if name in each.purposes)
    process: Node = {
        "@type": "dpv:Process",
        "dct:identifier": name,
        "dpv:hasPersonalData": sorted(fields),
        "dpv:hasRecipient": [
            {"@type": "dpv:Recipient", "dct:identifier": each, "dpv:hasName": catalogue.recipients[each].holder}
            for each in recipients
        ],
        "dpv:hasStorageCondition": _stored(max((rule.period for rule in kept), default=None)),
    }
    if purpose is not None:
        process["dpv:hasPurpose"] = [purpose.dpv]
        process["dct:title"] = in_language(purpose.title, facts.language) or name
    elif name == ALL_PURPOSES:
        process["dpv:hasPurpose"] = ["dpv:Purpose"]
    return process


def _stored(period: dt.timedelta | None) -> list[Node]:
    """Return the longest retention period, in days as ISO 8601 writes them; nothing where none is set."""
    return [] if period is None else [{"@type": "dpv:StorageDuration", "dpv:hasDuration": f"P{period.days}D"}]


def _rights(catalogue: Catalogue, purpose: Purpose | None) -> list[Node]:
    controller = catalogue.controller
    return [
        {
            "@type": ["dpv:DataSubjectRight", right],
            "dpv:isExercisedAt": controller.supervisory_authority if right == COMPLAINT else controller.contact,
        }
        for right in open_rights(purpose.legal_basis if purpose else None)
    ]


def _permission(verdict: Verdict) -> Node:
    return {
        "gateway:permitted": not verdict.closed,
        "gateway:reason": list(verdict.closed),
        "gateway:explanation": list(verdict.closed.values()),
    }


def _consent(facts: ReceiptFacts, purpose: Purpose) -> Node:
    verdict = facts.verdicts[purpose.id]
    said = [event for event in _events(facts, purpose.id) if event.status in STATES]
    return {
        "dpv:hasStatus": INVALID if verdict.closed else VALID,
        "dpv:hasConsentControl": {
            "@type": "dpv:WithdrawConsent",
            "dpv:isExercisedAt": facts.catalogue.controller.contact,
        },
        "dpv:hasConsentStatus": [
            *(_state(event, purpose, verdict.uncounted.get(event, ())) for event in said),
            *_ended(facts, purpose, said),
        ],
    }


def _state(event: ConsentEvent, purpose: Purpose, why: Sequence[str]) -> Node:
    """Return what was said as a state of the consent; a yes that does not count is none that may be relied on."""
    state = {"@type": INVALID, "gateway:reason": list(why)} if why else {"@type": STATES[event.status]}
    ends = ends_at(event, purpose.consent_valid_for)
    until = {} if ends is None else {"@type": "dpv:UntilTimeDuration", "rdf:value": _instant(ends)}
    return _choice(event) | state | ({"dpv:hasDuration": until} if until else {})


def _ended(facts: ReceiptFacts, purpose: Purpose, said: Sequence[ConsentEvent]) -> list[Node]:
    """Return what became of a yes that nobody took back and that permits nothing; whoever reads on sees it last."""
    verdict = facts.verdicts[purpose.id]
    counted = [event for event in said if event not in verdict.uncounted]
    if not verdict.closed or not counted or counted[-1].status is not ConsentStatus.GIVEN:
        return []
    end = ends_at(counted[-1], purpose.consent_valid_for)
    expired = end is not None and end <= facts.issued_at
    return [
        {
            "@type": STATES[ConsentStatus.EXPIRED] if expired else INVALID,
            "dpv:isIndicatedAtTime": _instant(end if end is not None and expired else facts.issued_at),
            "dpv:isIndicatedBy": _CONTROLLER,
            "gateway:reason": list(verdict.closed),
        }
    ]


def _used(event: ConsentEvent) -> Node:
    """Return a right that was used (Art. 18, 21)."""
    return _choice(event) | {"@type": "dpv:RightExerciseActivity", "dpv:hasRight": USED_RIGHTS[event.status]}


def _choice(event: ConsentEvent) -> Node:
    notice = {"@type": "dpv:ConsentNotice", "dct:identifier": event.notice, "dct:language": event.language}
    told = {
        "gateway:status": event.status.value,
        "dpv:isIndicatedAtTime": _instant(event.at),
        "dct:created": _instant(event.recorded_at),
        "dpv:isIndicatedBy": EXPRESSED[event.by],
        "dpv:hasIndicationMethod": event.channel,
        "dpv:hasNotice": _said(notice) if event.notice else None,
        "gateway:evidence": event.evidence,
    }
    return _said(told)


def _said(node: Node) -> Node:
    """Leave out what nobody said: a null is nothing in JSON-LD."""
    return {key: value for key, value in node.items() if value is not None}


def _instant(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
