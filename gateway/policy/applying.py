"""Which rules concern a request, and which of its fields they leave."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from gateway.policy.pack import Condition, Pack, Rule, RuleKind
from gateway.policy.people import Periods, measurable
from gateway.policy.reasons import gap, refusal
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.contracts import FieldColumn
from gateway.vocabulary.decisions import Action, Reason
from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, SourceId

_NEVER_OUTSIDE = {FieldKind.DIRECT_IDENTIFIER: "vault_only", FieldKind.FREE_TEXT: "free_text"}


@dataclass(frozen=True, slots=True)
class RequestKind:
    """What of a request the conditions of rules are about."""

    action: Action
    purpose: PurposeId
    source: SourceId | None
    recipient: RecipientId | None


class Holds(enum.Enum):
    """Whether a rule concerns a request; ``UNKNOWN`` where the request does not say what the rule asks about."""

    NO = 0
    YES = 1
    UNKNOWN = 2


@dataclass(frozen=True, slots=True)
class Applicable:
    """The rules of a pack that concern one kind of request, each list in the order of their ids."""

    permissions: tuple[Rule, ...]
    prohibitions: tuple[Rule, ...]
    undecided: tuple[Rule, ...]  # prohibitions that cannot be measured on this request: they deny
    narrowing: tuple[Rule, ...]  # prohibitions of some people only: they leave those people out
    obligations: tuple[Rule, ...]

    @classmethod
    def to(cls, kind: RequestKind, pack: Pack) -> Applicable:
        """Sort the pack's rules by whether they concern the kind of request.

        What cannot be measured is taken the stricter way: a permission does not open, a prohibition denies as
        indeterminate, an obligation binds.
        """
        measured = [(rule, _held(rule, kind, pack.catalogue)) for rule in pack.rules]
        duties = tuple(rule for rule, held in measured if rule.kind is RuleKind.OBLIGATION and held is not Holds.NO)
        periods = periods_for(kind.purpose, pack.catalogue, duties)
        measured = [
            (rule, held if _measurable(rule, kind, pack.catalogue, periods) else Holds.UNKNOWN)
            for rule, held in measured
            if held is not Holds.NO
        ]

        def those(sort: RuleKind, wanted: Holds, *, narrowing: bool = False) -> tuple[Rule, ...]:
            return tuple(
                rule
                for rule, held in measured
                if rule.kind is sort and held is wanted and narrowing == _narrows(rule, held)
            )

        return cls(
            those(RuleKind.PERMISSION, Holds.YES),
            those(RuleKind.PROHIBITION, Holds.YES),
            those(RuleKind.PROHIBITION, Holds.UNKNOWN),
            those(RuleKind.PROHIBITION, Holds.YES, narrowing=True),
            duties,
        )

    def opening(self, field: FieldId) -> tuple[Rule, ...]:
        """Return the permissions that name the field."""
        return tuple(rule for rule in self.permissions if rule.fields is not None and field in rule.fields)


def _narrows(rule: Rule, held: Holds) -> bool:
    return rule.kind is RuleKind.PROHIBITION and rule.people is not None and held is Holds.YES


def _measurable(rule: Rule, kind: RequestKind, catalogue: Catalogue, periods: Periods) -> bool:
    """Tell whether a rule's person conditions can be put to rows; when data are stored there is no row to ask yet."""
    return rule.people is None or (kind.action is not Action.STORE and measurable(rule.people, catalogue, periods))


def _held(rule: Rule, kind: RequestKind, catalogue: Catalogue) -> Holds:
    """Measure a rule's condition; that of a combination on whatever the recipient's legal entity may be given.

    A combination is closed over everything that a company receives: through whichever contract, for whichever purpose
    and in whichever order its parts come.
    """
    kinds = _of_its_company(kind, catalogue) if rule.together and kind.recipient is not None else [kind]
    found = {holds(rule.when, each, _country(each, catalogue)) for each in kinds}
    return next((held for held in (Holds.YES, Holds.UNKNOWN) if held in found), Holds.NO)


def _of_its_company(kind: RequestKind, catalogue: Catalogue) -> Iterator[RequestKind]:
    """Yield the request with each contract and each purpose of the recipient's legal entity in its place."""
    own = catalogue.recipients.get(kind.recipient) if kind.recipient is not None else None
    for contract in catalogue.recipients.values():
        if own is not None and contract.holder == own.holder:
            for purpose in {kind.purpose, *contract.purposes}:
                yield replace(kind, recipient=contract.id, purpose=purpose)


def _country(kind: RequestKind, catalogue: Catalogue) -> str | None:
    contract = catalogue.recipients.get(kind.recipient) if kind.recipient is not None else None
    return None if contract is None else contract.country


def holds(when: Condition, kind: RequestKind, country: str | None) -> Holds:
    """Measure a condition: any part that fails fails it, else any part that cannot be measured leaves it unknown.

    ``country`` is the recipient's.
    """
    parts = (
        (when.actions, kind.action),
        (when.purposes, kind.purpose),
        (when.sources, kind.source),
        (when.recipients, kind.recipient),
        (when.jurisdictions, country),
    )
    limited = [(members, given) for members, given in parts if members is not None]
    outside = when.outside_jurisdictions
    if any(given is not None and given not in members for members, given in limited):
        return Holds.NO
    if outside is not None and country in outside:
        return Holds.NO
    unknown = any(given is None for _, given in limited) or (outside is not None and country is None)
    return Holds.UNKNOWN if unknown else Holds.YES


def periods_for(purpose: PurposeId, catalogue: Catalogue, obligations: Iterable[Rule]) -> dict[FieldId, dt.timedelta]:
    """Return how long each field is seen for a purpose: its retention, and no further back than any obligation says."""
    periods = {entry.field: entry.period for entry in catalogue.retention if entry.purpose == purpose}
    for rule in obligations:
        if rule.look_back is not None:
            named = periods.keys() if rule.fields is None else rule.fields & periods.keys()
            periods |= {field: min(periods[field], rule.look_back) for field in named}
    return periods


def whole_refusals(rules: Applicable) -> list[Reason]:
    """Return why the request as a whole is refused by rules: a prohibition without fields, or no permission."""
    reasons = [refusal("prohibited", rule) for rule in rules.prohibitions if rule.fields is None]
    reasons += [refusal("indeterminate", rule) for rule in rules.undecided if rule.fields is None]
    if not reasons and not rules.permissions:
        reasons.append(gap("no_rule_permits"))
    return reasons


def candidates(kind: RequestKind, catalogue: Catalogue) -> frozenset[FieldId]:
    """Return what a request without fields asks for: all that could be meant, whatever rules say.

    Independent of the rules on purpose: ``never_together`` is measured on these, so that a new prohibition on one
    field of a set cannot open the others.
    """
    if kind.action is Action.STORE and kind.source is not None:
        return source_fields(kind, catalogue)
    if kind.action is Action.RELEASE and kind.recipient is not None:
        return frozenset(catalogue.recipients[kind.recipient].fields)
    return frozenset(field.id for field in catalogue.fields.values() if field.kind is not FieldKind.DIRECT_IDENTIFIER)


def source_fields(kind: RequestKind, catalogue: Catalogue) -> frozenset[FieldId]:
    """Return the fields that the columns of the request's source hold."""
    columns = catalogue.sources[kind.source].columns.values() if kind.source is not None else ()
    return frozenset(column.field for column in columns if isinstance(column, FieldColumn))


def field_refusals(
    field: FieldId, kind: RequestKind, catalogue: Catalogue, rules: Applicable, seen: frozenset[FieldId]
) -> tuple[Reason, ...]:
    """Return why a field is refused: rules first, each by its id.

    ``seen`` are the fields that would be known together: those asked for, those that choose people, and those received
    before.
    """
    reasons = [*rule_refusals(field, rules, seen), *_by_shape(field, kind, catalogue)]
    if not reasons and not _explicitly_consented(field, kind.purpose, catalogue):
        reasons.append(gap("special_category", field))
    if not reasons and not rules.opening(field):
        reasons.append(gap("no_rule_permits", field))
    if not reasons and field not in periods_for(kind.purpose, catalogue, ()):
        reasons.append(gap("no_retention", field))
    return tuple(reasons)


def rule_refusals(field: FieldId, rules: Applicable, seen: frozenset[FieldId]) -> Iterable[Reason]:
    """Yield why prohibitions close a field, each rule by its id; ``seen`` as above."""
    for named, code in ((rules.prohibitions, "prohibited"), (rules.undecided, "indeterminate")):
        for rule in named:
            if rule.fields is None or field not in rule.fields:
                continue
            if not rule.together:
                yield refusal(code, rule, field)
            elif rule.fields <= seen:
                yield refusal("never_together" if code == "prohibited" else code, rule, field)


def _explicitly_consented(field: FieldId, purpose: PurposeId, catalogue: Catalogue) -> bool:
    """Tell whether nothing in the field needs Art. 9(2), or the purpose's explicit consent names all that does."""
    entry = catalogue.fields[field]
    sensitive = {entry.special, *entry.reveals} - {None}
    return sensitive <= set(catalogue.purposes[purpose].explicit_consent)


def _by_shape(field: FieldId, kind: RequestKind, catalogue: Catalogue) -> Iterable[Reason]:
    """Yield what holds whatever the rules say."""
    if kind.action is Action.STORE:
        if field not in source_fields(kind, catalogue):
            yield gap("field_not_in_source", field)
        return
    entry = catalogue.fields[field]
    if entry.kind in _NEVER_OUTSIDE:
        yield gap(_NEVER_OUTSIDE[entry.kind], field)
    elif entry.column is None:
        yield gap("not_stored", field)
    contract = catalogue.recipients.get(kind.recipient) if kind.recipient is not None else None
    if kind.action is Action.RELEASE and (contract is None or field not in contract.fields):
        yield gap("field_not_in_contract", field)
