"""The record of processing activities (Art. 30(1)), made from what the policy answers: it cannot say otherwise."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from gateway.accountability.facts import Configuration, Facts, opened, withheld
from gateway.accountability.kept_words import KEPT, KEPT_UNTIL, KEPT_WHY
from gateway.accountability.measure_words import MEASURES
from gateway.accountability.record_words import say
from gateway.vocabulary.contracts import RecipientContract
from gateway.vocabulary.decisions import Decision, Permit
from gateway.vocabulary.fields import Field, FieldKind
from gateway.vocabulary.languages import in_language
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId
from gateway.vocabulary.purposes import MinimumAge, Purpose

NAME_FIELDS: Final = frozenset({"given_name", "family_name", "full_name", "street_address"})
_SEALED: Final = frozenset({FieldKind.DIRECT_IDENTIFIER})


def processing_activities(configuration: Configuration, facts: Facts, language: str = "en") -> dict[str, Any]:
    """Return the record: the controller, one activity for each purpose, and what is missing in it."""
    catalogue = configuration.catalogue
    purposes = sorted(catalogue.purposes.values(), key=lambda purpose: purpose.bit)
    activities = [_activity(configuration, facts, purpose, language) for purpose in purposes]
    return {
        "record": "Art. 30(1) GDPR",
        "language": language,
        "pack": catalogue.label,
        "made_at": facts.at.isoformat(),
        "controller": controller_of(configuration),
        "people": facts.people,
        "versions": [{"pack": each.label, "since": each.since.isoformat()} for each in facts.versions],
        "activities": activities,
        "sources": _sources(configuration, facts, language),
        "kept": _kept(configuration, facts, language),
        "security_measures": [in_language(words, language) for words in MEASURES.values()],
        "missing": [gap for activity in activities for gap in activity["missing"]],
    }


def controller_of(configuration: Configuration) -> dict[str, Any]:
    """Return who answers for the processing; the packs of this gateway know one controller."""
    controller = configuration.catalogue.controller
    return {
        "name": controller.name,
        "contact": controller.contact,
        "country": controller.country,
        "data_protection_officer": controller.data_protection_officer,
        "supervisory_authority": controller.supervisory_authority,
        "joint_controllers": [],
    }


def _activity(configuration: Configuration, facts: Facts, purpose: Purpose, language: str) -> dict[str, Any]:
    recipients = recipients_of(configuration, facts, purpose.id, language)
    data = fields_of(configuration, purpose.id, language)
    return {
        **basis_of(purpose, language),
        "people": facts.people_for.get(purpose.id),
        "data_subjects": [in_language(source.title, language) for source in configuration.people_of(purpose.id)],
        "special_categories": sorted({name for field in data for name in field["special_categories"]}),
        "data": data,
        "recipients": recipients,
        "transfers": [each["recipient"] for each in recipients if each["outside_eea"]],
        "missing": _missing(recipients),
    }


def basis_of(purpose: Purpose, language: str) -> dict[str, Any]:
    """Return what a purpose is, and on which legal basis."""
    return {
        "purpose": purpose.id,
        "title": in_language(purpose.title, language),
        "dpv": purpose.dpv,
        "legal_basis": f"Art. {purpose.legal_basis.value}",
        "legal_basis_dpv": purpose.legal_basis.dpv,
        "profiling": purpose.profiling,
        "explicit_consent": list(purpose.explicit_consent),
        "consent_notices": list(purpose.notices),
        "consent_valid_days": purpose.consent_valid_for.days if purpose.consent_valid_for else None,
        "minimum_age": _age(purpose.minimum_age),
    }


def _age(age: MinimumAge | None) -> dict[str, Any] | None:
    return None if age is None else {"otherwise": age.otherwise, "countries": dict(sorted(age.countries.items()))}


def fields_of(configuration: Configuration, purpose: PurposeId, language: str) -> list[dict[str, Any]]:
    """Return every field that a rule opens for a purpose or that is kept for it, each with what it is used for."""
    catalogue = configuration.catalogue
    periods = {rule.field: rule.period for rule in catalogue.retention if rule.purpose == purpose}
    stored, segmented = configuration.stored(purpose), configuration.segmented(purpose)
    released = {recipient: opened(answer) for recipient, answer in configuration.released(purpose).items()}
    names = {*periods, *stored, *segmented}.union(*released.values())
    found = [catalogue.fields[name] for name in names if name in catalogue.fields]
    return [
        {
            **_field(field, periods.get(field.id), language),
            "stored": field.id in stored,
            "segmented": field.id in segmented,
            "released_to": sorted(recipient for recipient, fields in released.items() if field.id in fields),
        }
        for field in sorted(found, key=lambda field: (field.category, field.id))
    ]


def _field(field: Field, period: dt.timedelta | None, language: str) -> dict[str, Any]:
    return {
        "field": field.id,
        "title": in_language(field.title, language),
        "category": field.category,
        "dpv": field.dpv,
        "kind": field.kind.value,
        "special_categories": sorted({field.special, *field.reveals} - {None}, key=str),
        "kept_as": kept_as(field, language),
        "retention_days": period.days if period is not None else None,
    }


def kept_as(field: Field, language: str) -> str:
    """Return the stored column of a field, or how else it is kept."""
    if field.kind in _SEALED:
        return say("sealed", language)
    return field.column or say("nothing", language)


def recipients_of(
    configuration: Configuration, facts: Facts, purpose: PurposeId, language: str
) -> list[dict[str, Any]]:
    """Return every recipient whose contract names the purpose, with what it may have at this moment."""
    contracts = configuration.catalogue.recipients
    answers = configuration.released(purpose)
    named = sorted(name for name, contract in contracts.items() if purpose in contract.purposes)
    return [_recipient(contracts[name], answers.get(name), facts, purpose, language) for name in named]


def _recipient(
    contract: RecipientContract, answer: Decision | None, facts: Facts, purpose: PurposeId, language: str
) -> dict[str, Any]:
    outside = contract.outside_eea
    receives: list[FieldId] = sorted(opened(answer)) if answer is not None else []
    permitted = isinstance(answer, Permit)
    return {
        "recipient": contract.id,
        "title": in_language(contract.title, language),
        "legal_entity": contract.holder,
        "country": contract.country,
        "outside_eea": outside,
        "safeguard": contract.safeguard.value if outside and contract.safeguard else None,
        "receives": ["pseudonym", *receives] if permitted else [],
        "refused_because": [] if permitted or answer is None else _why(answer),
        "minimum_size": answer.minimum_size if isinstance(answer, Permit) else contract.minimum_size,
        "pseudonyms": contract.mode.value,
        "contract_expires": contract.expires.isoformat(),
        "last_release": _last(facts, contract.id, purpose),
    }


def _why(answer: Decision) -> list[str]:
    return sorted({str(reason.rule or reason.code) for reason in withheld(answer)})


def _last(facts: Facts, recipient: RecipientId, purpose: PurposeId) -> dict[str, Any] | None:
    release = facts.releases.get((recipient, purpose))
    if release is None:
        return None
    return {"at": release.at.isoformat(), "segment": release.segment, "size": release.size}


def _missing(recipients: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [
        {"place": f"recipients.yaml: {each['recipient']}", "what": "safeguard", "article": "30(1)(e)"}
        for each in recipients
        if each["outside_eea"] and each["safeguard"] is None
    ]


def _sources(configuration: Configuration, facts: Facts, language: str) -> list[dict[str, Any]]:
    sources = sorted(configuration.catalogue.sources.values(), key=lambda source: source.id)
    return [
        {
            "source": source.id,
            "title": in_language(source.title, language),
            "kind": source.kind.value,
            "purposes": list(source.purposes),
            "last_batch": facts.batches[source.id].isoformat() if source.id in facts.batches else None,
        }
        for source in sources
    ]


def _kept(configuration: Configuration, facts: Facts, language: str) -> list[dict[str, Any]]:
    """Return what is kept beside the purposes, why and for how long."""
    catalogue = configuration.catalogue
    days: Mapping[str, int | None] = {
        "audit_log": facts.audit_retention_days,
        "quarantine": max((source.quarantine_days for source in catalogue.sources.values()), default=None),
    }
    return [
        {
            "id": name,
            "data": in_language(words, language),
            "why": in_language(KEPT_WHY[name], language),
            "days": days.get(name),
            "until": in_language(KEPT_UNTIL[name], language) if name in KEPT_UNTIL else None,
        }
        for name, words in KEPT.items()
        if name != "known_names" or NAME_FIELDS & set(catalogue.fields)
    ]
