"""Which rules concern a request, and which of its fields they leave."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.policy.pack import Condition, Pack, Rule, RuleKind
from gateway.policy.reasons import gap, refusal
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.contracts import FieldColumn
from gateway.vocabulary.decisions import Action, ProcessingRequest, Reason
from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.names import FieldId

_NEVER_OUTSIDE = {FieldKind.DIRECT_IDENTIFIER: "vault_only", FieldKind.FREE_TEXT: "free_text"}


class Holds(enum.Enum):
    """Whether a rule concerns a request; ``UNKNOWN`` where the request does not say what the rule asks about."""

    NO = 0
    YES = 1
    UNKNOWN = 2


@dataclass(frozen=True, slots=True)
class Applicable:
    """The rules of a pack that concern one request, each list in the order of their ids."""

    permissions: tuple[Rule, ...]
    prohibitions: tuple[Rule, ...]
    undecided: tuple[Rule, ...]  # prohibitions that cannot be measured on this request: they deny
    obligations: tuple[Rule, ...]

    @classmethod
    def to(cls, request: ProcessingRequest, pack: Pack) -> Applicable:
        """Sort the pack's rules by whether they concern the request.

        What cannot be measured is taken the stricter way: a permission does not open, a prohibition denies as
        indeterminate, an obligation binds.
        """
        measured = [(rule, holds(rule.when, request)) for rule in pack.rules]

        def those(kind: RuleKind, *wanted: Holds) -> tuple[Rule, ...]:
            return tuple(rule for rule, held in measured if rule.kind is kind and held in wanted)

        return cls(
            those(RuleKind.PERMISSION, Holds.YES),
            those(RuleKind.PROHIBITION, Holds.YES),
            those(RuleKind.PROHIBITION, Holds.UNKNOWN),
            those(RuleKind.OBLIGATION, Holds.YES, Holds.UNKNOWN),
        )

    def opening(self, field: FieldId) -> Iterable[Rule]:
        """Return the permissions that name the field."""
        return (rule for rule in self.permissions if rule.fields is not None and field in rule.fields)


def holds(when: Condition, request: ProcessingRequest) -> Holds:
    """Measure a condition: any part that fails fails it, else any part that cannot be measured leaves it unknown."""
    parts = (
        (when.actions, request.action),
        (when.purposes, request.purpose),
        (when.sources, request.source),
        (when.recipients, request.recipient),
    )
    limited = [(members, given) for members, given in parts if members is not None]
    if any(given is not None and given not in members for members, given in limited):
        return Holds.NO
    return Holds.UNKNOWN if any(given is None for _, given in limited) else Holds.YES


def whole_refusals(rules: Applicable) -> list[Reason]:
    """Return why the request as a whole is refused by rules: a prohibition without fields, or no permission."""
    reasons = [refusal("prohibited", rule) for rule in rules.prohibitions if rule.fields is None]
    reasons += [refusal("indeterminate", rule) for rule in rules.undecided if rule.fields is None]
    if not reasons and not rules.permissions:
        reasons.append(gap("no_rule_permits"))
    return reasons


def candidates(request: ProcessingRequest, catalogue: Catalogue) -> frozenset[FieldId]:
    """Return the fields that are asked for; ``fields=None`` asks for all that could be meant, whatever rules say.

    Independent of the rules on purpose: ``never_together`` is measured on these, so that a new prohibition on one
    field of a set cannot open the others.
    """
    if request.fields is not None:
        return request.fields
    if request.action is Action.STORE and request.source is not None:
        return source_fields(request, catalogue)
    if request.action is Action.RELEASE and request.recipient is not None:
        return frozenset(catalogue.recipients[request.recipient].fields)
    return frozenset(field.id for field in catalogue.fields.values() if field.kind is not FieldKind.DIRECT_IDENTIFIER)


def source_fields(request: ProcessingRequest, catalogue: Catalogue) -> frozenset[FieldId]:
    """Return the fields that the columns of the request's source hold."""
    columns = catalogue.sources[request.source].columns.values() if request.source is not None else ()
    return frozenset(column.field for column in columns if isinstance(column, FieldColumn))


def field_refusals(
    request: ProcessingRequest, catalogue: Catalogue, rules: Applicable, asked: frozenset[FieldId]
) -> dict[FieldId, list[Reason]]:
    """Return for each refused field why, in a fixed order: by field, rules first, each rule by id."""
    kept = {entry.field for entry in catalogue.retention if entry.purpose == request.purpose}
    refused: dict[FieldId, list[Reason]] = {}
    for field in sorted(asked):
        reasons = [*_by_rules(field, rules, asked), *_by_shape(field, request, catalogue)]
        if not reasons and not any(True for _ in rules.opening(field)):
            reasons.append(gap("no_rule_permits", field))
        if not reasons and field not in kept:
            reasons.append(gap("no_retention", field))
        if reasons:
            refused[field] = reasons
    return refused


def _by_rules(field: FieldId, rules: Applicable, asked: frozenset[FieldId]) -> Iterable[Reason]:
    for named, code in ((rules.prohibitions, "prohibited"), (rules.undecided, "indeterminate")):
        for rule in named:
            if rule.fields is None or field not in rule.fields:
                continue
            if not rule.together:
                yield refusal(code, rule, field)
            elif rule.fields <= asked:
                yield refusal("never_together" if code == "prohibited" else code, rule, field)


def _by_shape(field: FieldId, request: ProcessingRequest, catalogue: Catalogue) -> Iterable[Reason]:
    """Yield what holds whatever the rules say."""
    if request.action is Action.STORE:
        if field not in source_fields(request, catalogue):
            yield gap("field_not_in_source", field)
        return
    kind = catalogue.fields[field].kind
    if kind in _NEVER_OUTSIDE:
        yield gap(_NEVER_OUTSIDE[kind], field)
    contract = catalogue.recipients.get(request.recipient) if request.recipient is not None else None
    if request.action is Action.RELEASE and (contract is None or field not in contract.fields):
        yield gap("field_not_in_contract", field)
