"""The codes of a denial, each with the remedy that is told when the rule brings none of its own."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway.policy.pack import Rule
from gateway.vocabulary.decisions import Reason
from gateway.vocabulary.names import FieldId

REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "instant_without_zone": "ask with an instant that has its offset",
        "pack_not_effective": "wait for the pack's effective_from, or publish one that is in force",
        "unknown_purpose": "name a purpose of purposes.yaml",
        "unknown_source": "name a source of sources.yaml",
        "unknown_recipient": "name a recipient of recipients.yaml",
        "unknown_field": "name a field of fields.yaml",
        "source_missing": "say which source the data come from",
        "recipient_missing": "say which recipient the data go to",
        "purpose_not_in_source": "the officer adds the purpose to the source's contract",
        "purpose_not_in_contract": "the officer adds the purpose to the recipient's contract",
        "contract_expired": "renew the recipient's contract",
        "field_not_in_source": "the officer maps a column of the source to the field",
        "field_not_in_contract": "the officer adds the field to the recipient's contract",
        "prohibited": "leave it out",
        "never_together": "leave at least one of these fields out",
        "combination_reached": "leave out what completes the combination: the recipient has the rest already",
        "unknown_received_field": "keep in fields.yaml what a recipient has received, or remove the combination",
        "special_category": "a purpose on explicit consent that names the category, Art. 9(2)(a)",
        "not_stored": "the field is dropped on the way in: give it another transform",
        "indeterminate": "limit the rule to requests that it can be measured on",
        "vault_only": "a direct identifier never leaves the vault",
        "free_text": "a free text is not a segment column",
        "no_rule_permits": "the officer adds a permission",
        "no_retention": "the officer adds a period for the field and the purpose to retention.yaml",
        "nothing_remains": "see the other reasons",
        "no_subject_identifier": "the officer permits an identifier of the source's subject",
    }
)

_ARTICLES = {"special_category": "9(1)", "no_retention": "5(1)(e)"}


def gap(code: str, field: FieldId | None = None) -> Reason:
    """Return the reason of a denial that no rule speaks: something is missing, unknown or over."""
    return Reason(code, article=_ARTICLES.get(code), field=field, remedy=REMEDIES[code])


def refusal(code: str, rule: Rule, field: FieldId | None = None) -> Reason:
    """Return the reason of a denial that a rule speaks."""
    combination = tuple(sorted(rule.fields)) if rule.together and rule.fields else ()
    remedy = rule.remedy or REMEDIES[code]
    return Reason(code, rule=rule.id, article=rule.article, field=field, remedy=remedy, combination=combination)
