"""A pack as plain data, for a person to read and a machine to print."""

from __future__ import annotations

from typing import Any

from gateway.policy.pack import Condition, Pack, Rule
from gateway.vocabulary.contracts import ConsentColumn, FieldColumn, RecipientContract, SourceContract
from gateway.vocabulary.fields import AgeBand, Field, Prefix, Transform
from gateway.vocabulary.purposes import Purpose


def describe(pack: Pack) -> dict[str, Any]:
    """Return the pack as dictionaries, lists, texts and numbers only; lists are in a fixed order."""
    catalogue = pack.catalogue
    return {
        "pack": catalogue.pack,
        "version": catalogue.version,
        "digest": catalogue.digest,
        "label": pack.label,
        "title": dict(pack.title),
        "effective_from": pack.effective_from.isoformat(),
        "supersedes": pack.supersedes,
        "controller": catalogue.controller.name,
        "purposes": [_purpose(purpose, pack) for purpose in catalogue.purposes.values()],
        "fields": [_field(field) for field in catalogue.fields.values()],
        "sources": [_source(source) for source in catalogue.sources.values()],
        "recipients": [_recipient(recipient) for recipient in catalogue.recipients.values()],
        "rules": [_rule(rule) for rule in pack.rules],
        "cases": len(pack.cases),
        "segments": sorted(pack.segments),
    }


def _purpose(purpose: Purpose, pack: Pack) -> dict[str, Any]:
    retention = {item.field: item.period.days for item in pack.catalogue.retention if item.purpose == purpose.id}
    return {
        "id": purpose.id,
        "title": dict(purpose.title),
        "legal_basis": purpose.legal_basis.value,
        "dpv": purpose.dpv,
        "bit": purpose.bit,
        "profiling": purpose.profiling,
        "consent_valid_days": purpose.consent_valid_for.days if purpose.consent_valid_for else None,
        "notices": list(purpose.notices),
        "minimum_age": purpose.minimum_age,
        "retention_days": retention,
    }


def _field(field: Field) -> dict[str, Any]:
    return {
        "id": field.id,
        "title": dict(field.title),
        "category": field.category,
        "dpv": field.dpv,
        "kind": field.kind.value,
        "type": field.type.value,
        "column": field.column,
        "transform": transform_name(field.transform) if field.column else None,
        "identifier": field.identifier,
        "special": field.special,
        "reveals": list(field.reveals),
    }


def transform_name(transform: Transform) -> str:
    """Return the transform in a word, for example ``age_band(5)``."""
    match transform:
        case AgeBand(years=years):
            return f"age_band({years})"
        case Prefix(length=length):
            return f"prefix({length})"
        case _:
            return type(transform).__name__.lower()


def _source(source: SourceContract) -> dict[str, Any]:
    columns = {
        name: column.field
        if isinstance(column, FieldColumn)
        else f"consent:{column.purpose}"
        if isinstance(column, ConsentColumn)
        else None
        for name, column in source.columns.items()
    }
    return {
        "id": source.id,
        "title": dict(source.title),
        "kind": source.kind.value,
        "purposes": list(source.purposes),
        "subject": list(source.subject),
        "columns": columns,
    }


def _recipient(recipient: RecipientContract) -> dict[str, Any]:
    return {
        "id": recipient.id,
        "title": dict(recipient.title),
        "purposes": list(recipient.purposes),
        "fields": list(recipient.fields),
        "scope": recipient.mode.value,
        "epoch_days": recipient.epoch_days,
        "minimum_size": recipient.minimum_size,
        "expires": recipient.expires.isoformat(),
        "country": recipient.country,
        "formats": list(recipient.formats),
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "kind": rule.kind.value,
        "article": rule.article,
        "rationale": rule.rationale,
        "when": _when(rule.when),
        "fields": None if rule.fields is None else sorted(rule.fields),
        "never_together": rule.together,
        "minimum_size": rule.minimum_size,
        "remedy": rule.remedy,
    }


def _when(when: Condition) -> dict[str, list[str]]:
    limits = {
        "actions": when.actions,
        "purposes": when.purposes,
        "sources": when.sources,
        "recipients": when.recipients,
    }
    return {name: sorted(map(str, members)) for name, members in limits.items() if members is not None}
