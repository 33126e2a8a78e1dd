"""Doubts about rules: which can never speak, which are always beaten, which cannot be measured."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway.policy.applying import Applicable, RequestKind
from gateway.policy.compiling import compiled
from gateway.policy.engine import contract_end
from gateway.policy.findings import Finding, Pages, error, warning
from gateway.policy.pack import Pack, Rule, RuleKind
from gateway.policy.resolving import matched
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.decisions import Action, Reason
from gateway.vocabulary.names import FieldId, RuleId

# What an officer's later decision on a column may still supply: a permission may be written before it.
_WAITING = frozenset({"field_not_in_source"})
_BEATEN = frozenset({"prohibited", "indeterminate"})
_REMEDIES: Mapping[str, str] = {
    "prohibited": "remove the field from the permission, or limit the prohibition",
    "indeterminate": "limit the prohibition to requests on which it can be measured",
    "special_category": "remove the field, or let a purpose on explicit consent name the category (Art. 9(2)(a))",
    "no_retention": "add a period for the field and the purpose to retention.yaml",
    "field_not_in_contract": "remove the field from the permission, or add it to the recipient's contract",
}


@dataclass(frozen=True, slots=True)
class Spoken:
    """Which rules concern which kinds of requests; a kind is one that contracts allow."""

    heard: Mapping[RequestKind, Applicable]

    def permission(self, rule: Rule) -> list[RequestKind]:
        """Return the kinds for which a permission opens."""
        return [kind for kind, rules in self.heard.items() if rule in rules.permissions]

    def hears(self, rule: Rule) -> bool:
        """Tell whether a rule says something about any kind."""
        return any(rule in _saying(rules) for rules in self.heard.values())


def _saying(rules: Applicable) -> tuple[Rule, ...]:
    return (*rules.permissions, *rules.prohibitions, *rules.undecided, *rules.narrowing, *rules.obligations)


def kinds_of(catalogue: Catalogue, at: dt.datetime | None = None) -> Iterator[RequestKind]:
    """Yield the kinds of requests that contracts allow: at an instant, or whether or not they have ended."""
    for purpose in catalogue.purposes:
        yield RequestKind(Action.SEGMENT, purpose, None, None)
        for source in catalogue.sources.values():
            if purpose in source.purposes:
                yield RequestKind(Action.STORE, purpose, source.id, None)
        for recipient in catalogue.recipients.values():
            if purpose in recipient.purposes and (at is None or at < contract_end(recipient)):
                yield RequestKind(Action.RELEASE, purpose, None, recipient.id)


def rule_findings(pack: Pack, pages: Pages, at: dt.datetime) -> Iterator[Finding]:
    """Yield the doubts about each rule of a pack."""
    whole = Spoken({kind: Applicable.to(kind, pack) for kind in kinds_of(pack.catalogue)})
    now = Spoken({kind: whole.heard[kind] for kind in kinds_of(pack.catalogue, at)})
    for rule in pack.rules:
        page = pages.page("rules", rule.id)
        texts = _untold(rule, pack)
        for finding in (*_doubts(rule, pack, whole, now), *_empty_matchers(rule, pack, pages), *texts):
            yield dataclasses.replace(finding, file=page.file, line=page.line, rule=rule.id)


def _doubts(rule: Rule, pack: Pack, whole: Spoken, now: Spoken) -> Iterator[Finding]:
    if not whole.hears(rule):
        yield error("rule_never_fires", "rules/", rule.id, "no request that contracts allow meets its `when`",
                    "let purposes, sources and recipients fit their contracts, or remove the rule")  # fmt: skip
        return
    if not now.hears(rule):
        yield warning("rule_fires_no_more", "rules/", rule.id, "all contracts that it is about have ended",
                      "renew a contract or remove the rule")  # fmt: skip
    yield from _permission(rule, pack, whole) if rule.kind is RuleKind.PERMISSION else _closing(rule, pack, whole)


def _permission(rule: Rule, pack: Pack, whole: Spoken) -> Iterator[Finding]:
    kinds = whole.permission(rule)
    closed = {kind: compiled(kind, pack).whole for kind in kinds}
    if all(closed.values()):
        by = _rules_of(reason for reasons in closed.values() for reason in reasons)
        yield error("contradiction", "rules/", rule.id, f"it is always beaten by {by}",
                    "remove the permission, or limit the prohibition")  # fmt: skip
        return
    for field in sorted(rule.fields or ()):
        refused = [compiled(kind, pack).refused[field] for kind in kinds if not closed[kind]]
        if all(refused) and (finding := _without_effect(rule, field, [r for one in refused for r in one])):
            yield finding
    for purpose in sorted({kind.purpose for kind in kinds}):
        basis = pack.catalogue.purposes[purpose].legal_basis.value
        if rule.article.startswith("6(1)(") and rule.article != basis:
            yield warning("basis_differs", "rules/", rule.id, f"its article is not the basis {basis} of `{purpose}`",
                          "name the article of the purpose's own basis, or write two rules")  # fmt: skip


def _without_effect(rule: Rule, field: FieldId, reasons: list[Reason]) -> Finding | None:
    codes = {reason.code for reason in reasons}
    if codes & _WAITING:
        return None
    code = next((code for code in _REMEDIES if code in codes), min(codes))
    remedy = _REMEDIES.get(code, "remove the field from the permission")
    if codes & _BEATEN:
        message = f"the field `{field}` is always closed by {_rules_of(reasons)}"
        return error("contradiction", "rules/", rule.id, message, remedy)
    return error("permission_without_effect", "rules/", rule.id, f"the field `{field}` is always closed: {code}",
                 remedy)  # fmt: skip


def _rules_of(reasons: Iterable[Reason]) -> str:
    named: set[RuleId] = {reason.rule for reason in reasons if reason.rule is not None}
    return ", ".join(f"rule `{rule}`" for rule in sorted(named)) or "what no rule permits"


def _closing(rule: Rule, pack: Pack, whole: Spoken) -> Iterator[Finding]:
    unmeasured = sorted({kind.action for kind, rules in whole.heard.items() if rule in rules.undecided})
    if unmeasured:
        yield error("prohibition_unmeasured", "rules/", rule.id,
                    f"it cannot be measured on {', '.join(unmeasured)} and denies them all",
                    "limit it to the actions and purposes in which it can be measured")  # fmt: skip
    if rule.together and {rule.when.recipients, rule.when.purposes} != {None}:
        yield warning("combination_limited", "rules/", rule.id,
                      "companies that its `when` does not name may come to hold the whole combination",
                      "leave recipients and purposes out of its `when`, unless that is meant")  # fmt: skip
    if rule.together and rule.fields is not None:
        for recipient in pack.catalogue.recipients.values():
            if rule.fields <= set(recipient.fields):
                yield warning("combination_in_contract", "rules/", rule.id,
                              f"the contract of `{recipient.id}` names all fields of the combination",
                              "remove one of them from the contract")  # fmt: skip


def _untold(rule: Rule, pack: Pack) -> Iterator[Finding]:
    for key, texts in (("rationale", rule.rationale), ("remedy", rule.remedy)):
        missing = [language for language in pack.languages if texts is not None and not texts.get(language)]
        if missing:
            yield warning("words_missing", "rules/", rule.id, f"no {key} in {', '.join(missing)}",
                          "add it in each language of pack.yaml: English is told instead")  # fmt: skip


def _empty_matchers(rule: Rule, pack: Pack, pages: Pages) -> Iterator[Finding]:
    for index, matcher in enumerate(pages.matchers(rule.id)):
        if not any(matched(matcher, field) for field in pack.catalogue.fields.values()):
            yield error("matcher_without_field", "rules/", f"{rule.id}, fields[{index}]",
                        "no field of fields.yaml is what this asks for",
                        "correct the ids, categories, kinds, special or reveals, or remove it")  # fmt: skip
