"""A pack as plain data, for a person to read and a machine to print."""

from __future__ import annotations

from typing import Any

from gateway.policy.pack import Condition, Pack, People, Rule
from gateway.vocabulary.contracts import ConsentColumn, FieldColumn, RecipientContract, SourceContract
from gateway.vocabulary.fields import AgeBand, Band, Bucket, Field, Prefix, Rounded, TopCode, Transform
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
    age = purpose.minimum_age
    return {
        "id": purpose.id,
        "title": dict(purpose.title),
        "legal_basis": purpose.legal_basis.value,
        "dpv": purpose.dpv,
        "bit": purpose.bit,
        "profiling": purpose.profiling,
        "consent_valid_days": purpose.consent_valid_for.days if purpose.consent_valid_for else None,
        "notices": list(purpose.notices),
        "minimum_age": age and {"otherwise": age.otherwise, "countries": dict(age.countries)},
        "explicit_consent": list(purpose.explicit_consent),
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
        case Band(edges=edges):
            return f"band({', '.join(map(str, edges))})"
        case Rounded(step=step):
            return f"round({step})"
        case TopCode(limit=limit):
            return f"top_code({limit})"
        case Bucket(buckets=buckets):
            return f"bucket({buckets})"
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
        "legal_entity": recipient.holder,
        "leave_within_days": recipient.leave_within_days,
        "safeguard": recipient.safeguard.value if recipient.safeguard else None,
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
        "people": _people(rule.people),
        "look_back_days": rule.look_back.days if rule.look_back else None,
    }


def _people(people: People | None) -> dict[str, Any] | None:
    if people is None:
        return None
    found: dict[str, Any] = {"minimum_age": people.minimum_age, "younger_than": people.younger_than}
    sets = {"regions": people.regions, "consents": people.consents, "without_consents": people.without_consents}
    found |= {name: None if members is None else sorted(members) for name, members in sets.items()}
    return {name: value for name, value in found.items() if value is not None}


def _when(when: Condition) -> dict[str, list[str]]:
    limits = {
        "actions": when.actions,
        "purposes": when.purposes,
        "sources": when.sources,
        "recipients": when.recipients,
        "jurisdictions": when.jurisdictions,
        "outside_jurisdictions": when.outside_jurisdictions,
    }
    return {name: sorted(map(str, members)) for name, members in limits.items() if members is not None}
