"""The terms of a consent receipt: the JSON-LD context that it carries, and our words in the Data Privacy Vocabulary.

Every key of a receipt is a term of this context, and what names a concept is read as its IRI and not as a text.
"""

from __future__ import annotations

from typing import Final

from gateway.vocabulary.consents import ConsentStatus, ExpressedBy
from gateway.vocabulary.purposes import LegalBasis

_NAMES_A_CONCEPT = (
    "dct:conformsTo", "dct:publisher", "dpv:hasApplicableLaw", "dpv:hasDataController", "dpv:hasDataSubject",
    "dpv:hasJurisdiction", "dpv:hasLegalBasis", "dpv:hasPersonalData", "dpv:hasPurpose", "dpv:hasRight",
    "dpv:hasStatus", "dpv:isIndicatedBy",
)  # fmt: skip
CONTEXT: Final = {
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "gateway": "urn:segmentation-gateway:",
    "legal-eu": "https://w3id.org/dpv/legal/eu#",
    "loc": "https://w3id.org/dpv/loc#",
    "pd": "https://w3id.org/dpv/pd#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    **{key: {"@type": "@id"} for key in _NAMES_A_CONCEPT},
    **{key: {"@type": "xsd:dateTime"} for key in ("dct:created", "dct:date", "dpv:isIndicatedAtTime")},
    "dpv:hasDuration": {"@type": "xsd:duration"},
}
RECEIPT_SCHEMA: Final = "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr"
RECORD_SCHEMA: Final = "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr"
LAW: Final = "legal-eu:law-GDPR"
STATES: Final = {
    ConsentStatus.UNKNOWN: "dpv:ConsentUnknown",
    ConsentStatus.REQUESTED: "dpv:ConsentRequested",
    ConsentStatus.GIVEN: "dpv:ConsentGiven",
    ConsentStatus.REFUSED: "dpv:ConsentRefused",
    ConsentStatus.WITHDRAWN: "dpv:ConsentWithdrawn",
    ConsentStatus.EXPIRED: "dpv:ConsentExpired",
    ConsentStatus.INVALIDATED: "dpv:ConsentInvalidated",
}
VALID: Final = "dpv:ConsentStatusValidForProcessing"
INVALID: Final = "dpv:ConsentStatusInvalidForProcessing"
# What is no state of a consent is a right that was used; the word beside it says which way.
USED_RIGHTS: Final = {
    ConsentStatus.OBJECTED: "eu-gdpr:A21",
    ConsentStatus.RESTRICTED: "eu-gdpr:A18",
    ConsentStatus.LIFTED: "eu-gdpr:A18",
}
EXPRESSED: Final = {
    ExpressedBy.SELF: "dpv:DataSubject",
    ExpressedBy.GUARDIAN: "dpv:GuardianOfDataSubject",
    ExpressedBy.CONTROLLER: "dpv:DataController",
}
_ALWAYS = ("15", "16", "18", "77")
# Withdrawal is of a consent (Art. 7(3)); what the law or a public task demands is not erased (Art. 17(3)(b)); only what
# rests on a consent or a contract is portable (Art. 20(1)(a)); 6(1)(e) and (f) alone may be objected to (Art. 21(1)).
_BY_BASIS = {
    LegalBasis.CONSENT: ("7-3", "17", "20"),
    LegalBasis.CONTRACT: ("17", "20"),
    LegalBasis.LEGAL_OBLIGATION: (),
    LegalBasis.VITAL_INTERESTS: ("17",),
    LegalBasis.PUBLIC_TASK: ("21",),
    LegalBasis.LEGITIMATE_INTERESTS: ("17", "21"),
}
COMPLAINT: Final = "eu-gdpr:A77"


def open_rights(basis: LegalBasis | None) -> list[str]:
    """Return the rights that a person has against processing on a legal basis, as DPV terms; None: on any."""
    articles = {*_ALWAYS, *(_BY_BASIS[basis] if basis else ())}
    return [f"eu-gdpr:A{article}" for article in sorted(articles, key=lambda text: int(text.partition("-")[0]))]
