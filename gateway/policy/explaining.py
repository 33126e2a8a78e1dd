"""A decision in words, in a language of the house, and the same as data."""

from __future__ import annotations

from typing import Any

from gateway.policy.pack import Pack
from gateway.policy.wording import LANGUAGES, PARTS, SENTENCES
from gateway.vocabulary.decisions import Decision, Deny, Permit, Reason
from gateway.vocabulary.names import FieldId


def explain(decision: Decision, pack: Pack, language: str) -> tuple[str, ...]:
    """Return one line per reason; a Permit says first that, and by which rules, then what it leaves out.

    ``language`` is ``en``, ``fi``, ``hu`` or ``uk``; another one is answered in English. The titles of fields come
    from the pack; a remedy is the officer's own text in one language and stands in ``as_data``.
    """
    told = language if language in LANGUAGES else LANGUAGES[0]
    match decision:
        case Deny(reasons=reasons):
            return tuple(reason_in(reason, pack, told) for reason in reasons)
        case Permit(rules=rules, withheld=withheld):
            named = ", ".join(f"`{rule}`" for rule in rules)
            left_out = (f"{PARTS['withheld'][told]}: {reason_in(reason, pack, told)}" for reason in withheld)
            return f"{SENTENCES['permitted'][told]} ({PARTS['rule'][told]} {named})", *left_out


def reason_in(reason: Reason, pack: Pack, language: str) -> str:
    """Return a reason as one line in a language of the house."""
    parts = []
    if reason.combination:
        fields = ", ".join(_titled(field, pack, language) for field in reason.combination)
        parts.append(f"{PARTS['fields'][language]} {fields}")
    elif reason.field:
        parts.append(f"{PARTS['field'][language]} {_titled(reason.field, pack, language)}")
    if reason.rule:
        parts.append(f"{PARTS['rule'][language]} `{reason.rule}`")
    if reason.article:
        parts.append(PARTS["article"][language].format(reason.article))
    sentence = SENTENCES[reason.code][language]
    return f"{sentence} ({'; '.join(parts)})" if parts else sentence


def as_data(decision: Decision) -> dict[str, Any]:
    """Return a decision as plain data: its pack, its rules or reasons, what it opens and what it leaves out."""
    head = {"pack": decision.pack, "digest": decision.pack_digest}
    match decision:
        case Deny(reasons=reasons):
            return {"decision": "deny", **head, "reasons": [reason_data(reason) for reason in reasons]}
        case Permit() as permit:
            return {
                "decision": "permit",
                **head,
                "rules": list(permit.rules),
                "legal_basis": permit.legal_basis,
                "columns": {name: column.retention.days for name, column in permit.columns.items()},
                "minimum_size": permit.minimum_size,
                "some_people_only": bool(permit.rows.people),
                "valid_until": permit.valid_until.isoformat(),
                "withheld": [reason_data(reason) for reason in permit.withheld],
            }


def reason_data(reason: Reason) -> dict[str, Any]:
    """Return a reason as plain data."""
    return {
        "code": reason.code,
        "rule": reason.rule,
        "article": reason.article,
        "field": reason.field,
        "combination": list(reason.combination),
        "remedy": reason.remedy,
    }


def _titled(field: FieldId, pack: Pack, language: str) -> str:
    entry = pack.catalogue.fields.get(field)
    title = entry.title.get(language) if entry else None
    return f"“{title}” (`{field}`)" if title else f"`{field}`"
