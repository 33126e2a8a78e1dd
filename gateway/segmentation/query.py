"""A definition as one SQLGlot query over a Relation: people by their attributes first, then only those people's events.

Values become literals through builders; no text is ever put together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from sqlglot import exp

from gateway.segmentation.definition import (
    All,
    Attribute,
    Event,
    Node,
    Not,
    PropertyNot,
    SegmentDefinition,
    Threshold,
    children,
    leaves,
)
from gateway.segmentation.evaluation import DECIMALS, holds_without_events
from gateway.segmentation.fields import check_columns
from gateway.vocabulary.fields import ValueType
from gateway.vocabulary.relations import EVENTS, PROFILES, Relation

CANDIDATES = "candidates"  # people who meet the attribute conditions, found once
ACTIVITY = "activity"  # their events, counted, summed and dated in one pass
_COMPARISONS: Mapping[str, type[exp.Binary]] = {
    "eq": exp.EQ, "neq": exp.NEQ, "gt": exp.GT, "gte": exp.GTE, "lt": exp.LT, "lte": exp.LTE,
}  # fmt: skip


def build_query(definition: SegmentDefinition, relation: Relation, *, at: dt.datetime) -> exp.Select:
    """Return the query whose ``person`` column are the members of ``definition`` at ``at``.

    :raises InvalidSegment: when the relation lacks a column of it, or a value is not of its column's type.
    """
    check_columns(definition, relation.profile_columns, relation.event_columns)
    return _Builder(relation, at).select(definition.where)


class _Builder:
    """Holds what one query needs on the way: the relation's types, the instant, and the event conditions met."""

    def __init__(self, relation: Relation, at: dt.datetime) -> None:
        self._profiles = relation.profile_columns
        self._events = relation.event_columns
        self._at = at
        self._aggregates: list[Any] = []
        self._beside = False  # whether the aggregates stand in a table of their own
        self._met: list[Event] = []

    def select(self, where: Node) -> exp.Select:
        """Return the query."""
        parts = list(_conjuncts(where))
        simple = [part for part in parts if not _has_event(part)]
        rest = [part for part in parts if _has_event(part)]
        people = exp.select("person").from_(PROFILES)
        if simple:
            people = people.where(*[self._condition(part, PROFILES) for part in simple])
        if not rest:
            return people
        self._beside = not _events_alone(rest)
        conditions = [self._condition(part, CANDIDATES) for part in rest]
        if self._beside:
            return self._joined(rest, people, conditions)
        return self._activity("person").having(*conditions).with_(CANDIDATES, as_=people, materialized=True)

    def _joined(self, rest: list[Node], people: exp.Select, conditions: list[Any]) -> exp.Select:
        """Keep people without events in view, and lay what their events come to beside them."""
        used = sorted({leaf.field for part in rest for _, leaf in leaves(part) if isinstance(leaf, Attribute)})
        people = people.select(*[_column(name) for name in used])
        named = [exp.alias_(value, f"a{place}") for place, value in enumerate(self._aggregates)]
        activity = self._activity("person", *named)
        return (
            exp.select(_column("person", CANDIDATES))
            .from_(CANDIDATES)
            .join(ACTIVITY, on=exp.EQ(this=_column("person", CANDIDATES), expression=_column("person", ACTIVITY)),
                  join_type="left")
            .where(*conditions)
            .with_(CANDIDATES, as_=people, materialized=True)
            .with_(ACTIVITY, as_=activity)
        )  # fmt: skip

    def _activity(self, *shown: Any) -> exp.Select:
        """Return the one pass over the candidates' events that any condition could count."""
        matched = exp.or_(*[self._matches(event) for event in self._met])
        people = exp.select("person").from_(CANDIDATES)
        return (
            exp.select(*shown)
            .from_(EVENTS)
            .where(matched, _column("person").isin(query=people))
            .group_by("person")
        )  # fmt: skip

    def _condition(self, node: Node, table: str) -> Any:
        if isinstance(node, Attribute):
            return self._compare(node, self._events if table == EVENTS else self._profiles, table)
        if isinstance(node, Event):
            return self._event(node)
        inner = [self._condition(child, table) for _, child in children(node)]
        if isinstance(node, Not | PropertyNot):
            # A missing value makes a comparison false: before it is denied it has to be false, not unknown.
            return exp.not_(exp.Coalesce(this=inner[0], expressions=[exp.false()]))
        return exp.and_(*inner) if hasattr(node, "all") else exp.or_(*inner)

    def _compare(self, node: Attribute, types: Mapping[str, ValueType], table: str) -> Any:
        column = _column(node.field, table)
        kind = types[node.field]
        match node.op:
            case "exists":
                absent = exp.Is(this=column, expression=exp.null())
                return exp.not_(absent) if node.exists else absent
            case "in":
                return exp.In(this=column, expressions=[_literal(value, kind) for value in node.in_])
            case "nin":
                return exp.not_(exp.In(this=column, expressions=[_literal(value, kind) for value in node.nin]))
            case "between":
                low, high = (_literal(value, kind) for value in node.between)
                return exp.Between(this=column, low=low, high=high)
            case op:
                return _COMPARISONS[op](this=column, expression=_literal(node.operand, kind))

    def _event(self, node: Event) -> Any:
        """Return the condition on what a person's matching events come to."""
        self._met.append(node)
        matching = exp.Where(this=self._matches(node))
        if node.last is not None:
            newest = self._aggregate(exp.Filter(this=exp.Max(this=_column("at")), expression=matching))
            bound = _instant(self._at - node.last.operand)
            return (exp.GT if node.last.op == "within" else exp.LTE)(this=newest, expression=bound)
        if node.sum is not None:
            total = exp.Filter(this=exp.Sum(this=_column(node.sum.field)), expression=matching)
            rounded = exp.Round(this=self._aggregate(total), decimals=exp.Literal.number(DECIMALS))
            return _threshold(_or_zero(rounded), node.sum)
        counted = self._aggregate(exp.Filter(this=exp.Count(this=exp.Star()), expression=matching))
        return _threshold(_or_zero(counted) if self._beside else counted, node.count)

    def _aggregate(self, value: Any) -> Any:
        if not self._beside:
            return value
        self._aggregates.append(value)
        return _column(f"a{len(self._aggregates) - 1}", ACTIVITY)

    def _matches(self, node: Event) -> Any:
        """Return the condition under which an event counts for ``node``."""
        parts: list[Any] = [
            exp.EQ(this=_column("event"), expression=exp.Literal.string(node.event)),
            exp.LTE(this=_column("at"), expression=_instant(self._at)),
        ]
        if node.within is not None:
            parts.append(exp.GT(this=_column("at"), expression=_instant(self._at - node.within)))
        if node.last is not None and node.last.op == "within":
            parts.append(exp.GT(this=_column("at"), expression=_instant(self._at - node.last.within)))
        if node.where is not None:
            parts.append(self._condition(node.where, EVENTS))
        return exp.and_(*parts)


def _events_alone(rest: list[Node]) -> bool:
    """Whether nobody without a matching event belongs to it, so that the events alone say who does."""
    only_events = all(isinstance(leaf, Event) for part in rest for _, leaf in leaves(part))
    return only_events and not all(holds_without_events(part) for part in rest)


def _conjuncts(node: Node) -> Iterator[Node]:
    if isinstance(node, All):
        for child in node.all:
            yield from _conjuncts(child)
    else:
        yield node


def _has_event(node: Node) -> bool:
    return any(isinstance(leaf, Event) for _, leaf in leaves(node))


def _threshold(value: Any, node: Threshold | None) -> Any:
    assert node is not None  # noqa: S101 - exactly one of count, sum and last, by the model
    if node.op == "between":
        low, high = (_literal(bound, ValueType.NUMBER) for bound in node.between)
        return exp.Between(this=value, low=low, high=high)
    return _COMPARISONS[node.op](this=value, expression=_literal(node.operand, ValueType.NUMBER))


def _or_zero(value: Any) -> Any:
    return exp.Coalesce(this=value, expressions=[exp.Literal.number(0)])


def _column(name: str, table: str | None = None) -> Any:
    return exp.column(name, table=table, quoted=True)


def _instant(at: dt.datetime) -> Any:
    return exp.cast(exp.Literal.string(at.astimezone(dt.UTC).isoformat()), "timestamptz")


def _literal(value: Any, kind: ValueType) -> Any:
    match kind:
        case ValueType.TEXT:
            return exp.Literal.string(value)
        case ValueType.NUMBER:
            # As text, so that the engine reads the very same double: a decimal literal would be rounded once more.
            return exp.cast(exp.Literal.string(repr(float(value))), "double")
        case ValueType.INTEGER:
            return exp.cast(exp.Literal.string(str(value)), "bigint")
        case ValueType.DATE:
            return exp.cast(exp.Literal.string(value.isoformat()), "date")
        case ValueType.INSTANT:
            return _instant(value)
        case ValueType.BOOLEAN:
            return exp.true() if value else exp.false()
