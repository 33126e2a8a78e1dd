"""A decision in words, in a language of the house, and the same as data."""

from __future__ import annotations

from typing import Any

from gateway.policy.pack import Pack
from gateway.policy.wording import PARTS, SENTENCES, article_in
from gateway.vocabulary.decisions import Decision, Deny, Permit, Reason
from gateway.vocabulary.languages import LANGUAGES, in_language
from gateway.vocabulary.names import FieldId, RuleId


def explain(decision: Decision, pack: Pack, language: str) -> tuple[str, ...]:
    """Return one line per reason; a Permit says first that, by which rules and why, then what it leaves out.

    ``language`` is ``en``, ``fi``, ``hu`` or ``uk``; another one is answered in English. The titles of fields, and what
    a rule says for itself, come from the pack.
    """
    told = language if language in LANGUAGES else LANGUAGES[0]
    match decision:
        case Deny(reasons=reasons):
            return tuple(reason_in(reason, pack, told) for reason in reasons)
        case Permit(rules=rules, withheld=withheld):
            named = [_rule_in(rule, pack, told) for rule in rules]
            left_out = (f"{PARTS['withheld'][told]}: {reason_in(reason, pack, told)}" for reason in withheld)
            return f"{SENTENCES['permitted'][told]}: {'; '.join(named)}", *left_out


def reason_in(reason: Reason, pack: Pack, language: str) -> str:
    """Return a reason as one line in a language of the house: what, why the rule says so, and what to do."""
    told = _fact(reason, pack, language)
    if reason.rationale:
        told += f": {in_language(reason.rationale, language).rstrip('.')}"
    if reason.remedy:
        told += f". {PARTS['remedy'][language]}: {in_language(reason.remedy, language)}"
    return told


def _fact(reason: Reason, pack: Pack, language: str) -> str:
    parts = []
    if reason.combination:
        fields = ", ".join(_titled(field, pack, language) for field in reason.combination)
        parts.append(f"{PARTS['fields'][language]} {fields}")
    elif reason.field:
        parts.append(f"{PARTS['field'][language]} {_titled(reason.field, pack, language)}")
    if reason.rule:
        parts.append(f"{PARTS['rule'][language]} `{reason.rule}`")
    if reason.article:
        parts.append(article_in(reason.article, language))
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
        "rationale": None if reason.rationale is None else dict(reason.rationale),
        "remedy": None if reason.remedy is None else dict(reason.remedy),
    }


def _rule_in(name: RuleId, pack: Pack, language: str) -> str:
    rule = next((rule for rule in pack.rules if rule.id == name), None)
    if rule is None:  # the answer is of another version
        return f"{PARTS['rule'][language]} `{name}`"
    article = article_in(rule.article, language)
    return f"{PARTS['rule'][language]} `{name}` ({article}): {in_language(rule.rationale, language).rstrip('.')}"


def _titled(field: FieldId, pack: Pack, language: str) -> str:
    entry = pack.catalogue.fields.get(field)
    title = in_language(entry.title, language) if entry else None
    return f"“{title}” (`{field}`)" if title else f"`{field}`"
