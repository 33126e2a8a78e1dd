"""What a pack's rules come to for one kind of request, worked out once: an answer then looks up and measures little."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from gateway.policy.applying import (
    Applicable,
    RequestKind,
    candidates,
    field_refusals,
    periods_for,
    rule_refusals,
    whole_refusals,
)
from gateway.policy.pack import Pack, Rule
from gateway.policy.people import Alternatives, admitted, spared
from gateway.policy.reasons import gap, refusal
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.decisions import PermittedColumn, ProcessingRequest, Reason
from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.names import FieldId, RuleId

KINDS_KEPT = 4096  # of requests; more than any pack in use has, and no more than some megabytes
_NOTHING: frozenset[FieldId] = frozenset()


@dataclass(frozen=True, slots=True)
class Compiled:
    """The part of every answer that hangs on the kind of request only."""

    kind: RequestKind
    catalogue: Catalogue
    rules: Applicable
    whole: tuple[Reason, ...]  # why every such request is refused
    asked: frozenset[FieldId]  # by a request without fields
    refused: Mapping[FieldId, tuple[Reason, ...]]  # by field, combinations aside
    closed: Mapping[FieldId, tuple[Reason, ...]]  # by field, why nobody may be chosen by it; combinations aside
    combinations: tuple[Rule, ...]  # that close
    periods: Mapping[FieldId, dt.timedelta]  # how far back each field is seen
    profile_periods: Mapping[FieldId, dt.timedelta]  # the same, of what is stored of a person
    event_periods: Mapping[FieldId, dt.timedelta]  # the same, of what is stored of an event
    columns: Mapping[FieldId, PermittedColumn]
    permissions: Mapping[FieldId, tuple[RuleId, ...]]  # that open a field
    obligations: tuple[RuleId, ...]
    minimum_size: int  # 0 where no obligation sets one
    people: Mapping[FieldId, Alternatives]  # whom a field is open for, where that is not everybody
    members: Alternatives  # the same for a request that opens no field

    def refusals(self, request: ProcessingRequest, asked: frozenset[FieldId]) -> dict[FieldId, tuple[Reason, ...]]:
        """Return for each refused field of ``asked`` why, by field."""
        now = asked | request.chosen_by if request.chosen_by else asked
        seen = now | request.received if request.received else now
        found = {field: self.refused[field] for field in asked if self.refused[field]}
        closed = [rule.fields for rule in self.combinations if rule.fields is not None and rule.fields <= seen]
        for field in asked.intersection(chain.from_iterable(closed)):
            reasons = field_refusals(field, self.kind, self.catalogue, self.rules, seen)
            found[field] = tuple(self._reached(reason, now) for reason in reasons)
        return dict(sorted(found.items()))

    def known_too_well(self, request: ProcessingRequest) -> list[Reason]:
        """Return why nothing may go beside what chooses people and what has been received.

        A prohibition closes a field that chooses, a combination is complete without anything more, or one cannot be
        told.
        """
        chosen, received = request.chosen_by, request.received
        if not chosen and not received:
            return []
        found = [reason for field in sorted(chosen) for reason in self.closed[field]]
        if not (self.combinations or any(rule.together for rule in self.rules.narrowing)):
            return found
        unknown = sorted(received - self.catalogue.fields.keys())
        found += [gap("unknown_received_field", field) for field in unknown]
        known = chosen | received
        complete = [rule for rule in self.combinations if rule.fields is not None and rule.fields <= known]
        return found + [
            self._reached(refusal("never_together", rule, field), chosen)
            for rule in complete
            for field in sorted(rule.fields or ())
        ]

    def narrowing(
        self, request: ProcessingRequest, asked: frozenset[FieldId], opened: frozenset[FieldId]
    ) -> tuple[Rule, ...]:
        """Return the prohibitions that leave some people out of what is opened, or chosen by."""
        told, seen = opened | request.chosen_by, asked | request.chosen_by | request.received
        return tuple(rule for rule in self.rules.narrowing if _concerns(rule, told, seen))

    def groups(self, opened: frozenset[FieldId], narrowing: Iterable[Rule]) -> tuple[Alternatives, ...]:
        """Return what a person must meet: all groups, one alternative of each."""
        permitted = [self.people[field] for field in sorted(opened) if field in self.people]
        if not opened and self.members:
            permitted = [self.members]
        return tuple(dict.fromkeys([*permitted, *(spared(rule, self.catalogue, self.periods) for rule in narrowing)]))

    def _reached(self, reason: Reason, now: frozenset[FieldId]) -> Reason:
        """Tell a combination that only what was received before completes from one that would go at once."""
        if reason.code != "never_together" or now.issuperset(reason.combination):
            return reason
        rule = next(rule for rule in self.combinations if rule.id == reason.rule)
        return refusal("combination_reached", rule, reason.field)


def compiled(kind: RequestKind, pack: Pack) -> Compiled:
    """Return what the pack's rules come to, from what is kept with the pack where that is there."""
    found: Compiled | None = pack.compiled.get(kind)
    if found is None:
        if len(pack.compiled) >= KINDS_KEPT:
            pack.compiled.clear()
        found = pack.compiled[kind] = _compile(kind, pack)
    return found


def _compile(kind: RequestKind, pack: Pack) -> Compiled:
    catalogue, rules = pack.catalogue, Applicable.to(kind, pack)
    periods = periods_for(kind.purpose, catalogue, rules.obligations)
    columns = _columns(catalogue, periods)
    closing = (*rules.prohibitions, *rules.undecided)
    opening = {field: rules.opening(field) for field in catalogue.fields}
    people = {field: _alternatives(named, catalogue, periods) for field, named in opening.items()}
    return Compiled(
        kind=kind,
        catalogue=catalogue,
        rules=rules,
        whole=tuple(whole_refusals(rules)),
        asked=candidates(kind, catalogue),
        refused={field: field_refusals(field, kind, catalogue, rules, _NOTHING) for field in catalogue.fields},
        closed={field: tuple(rule_refusals(field, rules, _NOTHING)) for field in catalogue.fields},
        combinations=tuple(rule for rule in closing if rule.together),
        periods=periods,
        profile_periods={field: periods[field] for field in columns if not _of_event(catalogue, field)},
        event_periods={field: periods[field] for field in columns if _of_event(catalogue, field)},
        columns=columns,
        permissions={field: tuple(rule.id for rule in named) for field, named in opening.items()},
        obligations=tuple(rule.id for rule in rules.obligations),
        minimum_size=max((rule.minimum_size or 0 for rule in rules.obligations), default=0),
        people={field: group for field, group in people.items() if group},
        members=_alternatives(rules.permissions, catalogue, periods),
    )


def _alternatives(
    permissions: Iterable[Rule], catalogue: Catalogue, periods: Mapping[FieldId, dt.timedelta]
) -> Alternatives:
    """Return for whom any of the permissions is; nothing where one of them is for everybody."""
    found = [admitted(rule, catalogue, periods) for rule in permissions]
    return tuple(dict.fromkeys(found)) if all(found) else ()


def _concerns(rule: Rule, told: frozenset[FieldId], seen: frozenset[FieldId]) -> bool:
    if rule.fields is None:
        return True
    return rule.fields <= seen if rule.together else not rule.fields.isdisjoint(told)


def _of_event(catalogue: Catalogue, field: FieldId) -> bool:
    return catalogue.fields[field].kind is FieldKind.EVENT_PROPERTY


def _columns(catalogue: Catalogue, periods: Mapping[FieldId, dt.timedelta]) -> dict[FieldId, PermittedColumn]:
    return {
        field.id: PermittedColumn(field.column, field.id, field.stored_type, field.transform, periods[field.id])
        for field in catalogue.fields.values()
        if field.id in periods and field.column is not None and field.kind is not FieldKind.DIRECT_IDENTIFIER
    }
