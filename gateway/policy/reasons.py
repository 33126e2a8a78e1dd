"""The reasons of a denial: a gap that no rule speaks of, or what a rule says, each with its remedy."""

from __future__ import annotations

from gateway.policy.pack import Rule
from gateway.policy.remedies import REMEDIES
from gateway.vocabulary.decisions import Reason
from gateway.vocabulary.names import FieldId

_ARTICLES = {"special_category": "9(1)", "no_retention": "5(1)(e)"}


def gap(code: str, field: FieldId | None = None) -> Reason:
    """Return the reason of a denial that no rule speaks: something is missing, unknown or over."""
    return Reason(code, article=_ARTICLES.get(code), field=field, remedy=REMEDIES[code])


def refusal(code: str, rule: Rule, field: FieldId | None = None) -> Reason:
    """Return the reason of a denial that a rule speaks, in the rule's own words where it has any."""
    combination = tuple(sorted(rule.fields)) if rule.together and rule.fields else ()
    return Reason(
        code,
        rule=rule.id,
        article=rule.article,
        rationale=rule.rationale,
        remedy=rule.remedy or REMEDIES[code],
        field=field,
        combination=combination,
    )
