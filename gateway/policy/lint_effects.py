"""Doubts about rules that another rule, or the catalogue, leaves without any effect."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Iterable, Iterator

from gateway.policy.applying import Applicable, RequestKind
from gateway.policy.compiling import Compiled, compiled
from gateway.policy.engine import decide
from gateway.policy.findings import Finding, Pages, error, warning
from gateway.policy.lint_rules import Spoken, kinds_of
from gateway.policy.pack import Pack, Rule, RuleKind
from gateway.policy.people import Alternatives, admitted
from gateway.vocabulary.decisions import Action, Permit, ProcessingRequest, StoredAmong
from gateway.vocabulary.names import FieldId

MOST_CHOICES = 10_000  # of alternatives that are put together; beyond it nothing is doubted


def effect_findings(pack: Pack, pages: Pages, at: dt.datetime) -> Iterator[Finding]:
    """Yield the doubts about rules that change no answer, or that let nobody through."""
    whole = Spoken({kind: Applicable.to(kind, pack) for kind in kinds_of(pack.catalogue)})
    for rule in pack.rules:
        page = pages.page("rules", rule.id)
        for finding in _doubts(rule, pack, whole, max(at, pack.effective_from)):
            yield dataclasses.replace(finding, file=page.file, line=page.line, rule=rule.id)


def _doubts(rule: Rule, pack: Pack, whole: Spoken, at: dt.datetime) -> Iterator[Finding]:
    kinds = [kind for kind, rules in whole.heard.items() if rule in rules.obligations]
    if rule.look_back is not None and kinds and not any(_shortens(rule, kind, pack) for kind in kinds):
        yield warning("look_back_without_effect", "rules/", rule.id, "nothing that it is about is kept so long",
                      "a shorter `look_back_days`, or remove the rule: retention ends earlier")  # fmt: skip
    if rule.minimum_size is not None and kinds:
        stronger = [_larger(rule, whole.heard[kind]) for kind in kinds if kind.action is not Action.STORE]
        if stronger and all(stronger):
            yield warning("minimum_without_effect", "rules/", rule.id,
                          f"wherever it holds, so does the larger minimum of rule `{stronger[0]}`",
                          "a larger `minimum_size`, or remove the rule")  # fmt: skip
    if rule.together and rule.fields is not None and (closed := _never_opened(rule, pack, whole)):
        named = ", ".join(f"`{field}`" for field in closed)
        yield warning("combination_unreachable", "rules/", rule.id,
                      f"its fields cannot come together: nothing ever opens {named}",
                      "remove the rule, or the fields that nobody gets")  # fmt: skip
    if rule.kind is RuleKind.PERMISSION:
        yield from _nobody(rule, pack, whole, at)


def _shortens(rule: Rule, kind: RequestKind, pack: Pack) -> bool:
    """Whether any field is kept for the purpose for longer than the rule lets it be seen."""
    assert rule.look_back is not None  # noqa: S101 - asked of such rules only
    return any(
        entry.period > rule.look_back
        for entry in pack.catalogue.retention
        if entry.purpose == kind.purpose and (rule.fields is None or entry.field in rule.fields)
    )


def _larger(rule: Rule, rules: Applicable) -> str | None:
    """Return another obligation that asks for at least as many; of two that ask for the same, the first by id."""
    sizes = {each.id: each.minimum_size for each in rules.obligations if each.minimum_size is not None}
    mine = rule.minimum_size or 0
    return min((name for name, size in sizes.items() if size > mine or (size == mine and name < rule.id)), default=None)


def _never_opened(rule: Rule, pack: Pack, whole: Spoken) -> list[FieldId]:
    """Return the fields of a combination that no reading opens, other combinations aside."""
    reading = [compiled(kind, pack) for kind in whole.heard if kind.action is not Action.STORE]
    return sorted(field for field in rule.fields or () if not any(_opens(field, rules) for rules in reading))


def _opens(field: FieldId, rules: Compiled) -> bool:
    return not rules.whole and not rules.refused[field]


def _nobody(rule: Rule, pack: Pack, whole: Spoken, at: dt.datetime) -> Iterator[Finding]:
    """Yield a permission whose people all others leave out, wherever it opens anything."""
    reached = False
    for kind in whole.permission(rule):
        own = (admitted(rule, pack.catalogue, compiled(kind, pack).periods),)
        for fields in [frozenset({field}) for field in sorted(rule.fields or ())] or [frozenset[FieldId]()]:
            match decide(ProcessingRequest(kind.action, kind.purpose, at, fields, kind.source, kind.recipient), pack):
                case Permit(rows=rows):
                    reached = True
                    if not excludes_everybody([own, *rows.people]):
                        return
                case _:
                    continue
    if reached:
        yield error("nobody_left", "rules/", rule.id, "rules that leave people out leave nobody whom it is for",
                    "let the `people` of the one and of the others be different")  # fmt: skip


def excludes_everybody(groups: Iterable[Alternatives]) -> bool:
    """Tell whether no person can meet all groups: their stored values would have to be two things at once."""
    wanted = list(groups)
    choices = 1
    for group in wanted:
        choices *= max(len(group), 1)
    if choices > MOST_CHOICES:
        return False
    return not any(_possible(itertools.chain.from_iterable(chosen)) for chosen in itertools.product(*wanted))


def _possible(conditions: Iterable[object]) -> bool:
    left: dict[str, frozenset[str]] = {}
    for condition in conditions:
        if isinstance(condition, StoredAmong):
            left[condition.column] = left.get(condition.column, frozenset(condition.values)) & set(condition.values)
    return all(left.values())
