"""The same definitions, evaluated in memory: the reference that the engine must agree with, and the explanation."""

from __future__ import annotations

import datetime as dt
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway.segmentation.definition import (
    All,
    Any_,
    Attribute,
    Event,
    Node,
    Not,
    PropertyAll,
    PropertyAny,
    PropertyNot,
    SegmentDefinition,
    Threshold,
    children,
)

DECIMALS = 6  # of a sum: the order in which an engine adds must not decide who belongs
Row = Mapping[str, Any]
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "neq": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "in": lambda value, listed: value in listed,
    "nin": lambda value, listed: value not in listed,
    "between": lambda value, bounds: bounds[0] <= value <= bounds[1],
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One node of a definition for one person. ``why`` speaks of the outcome, never of a stored value."""

    place: str  # for example where.all[1]
    condition: str  # the definition's own words
    holds: bool
    why: str
    parts: tuple[Explanation, ...] = ()
    named: tuple[str, ...] = ()  # the segments and traits that the author wrote here instead of the condition


def evaluate(
    definition: SegmentDefinition, profiles: Iterable[Row], events: Iterable[Row], at: dt.datetime
) -> set[int]:
    """Return the ``person`` of each profile that belongs to the segment at ``at``.

    ``profiles`` have ``person`` and columns, ``events`` have ``person``, ``event``, ``at`` and properties.
    """
    by_person: dict[int, list[Row]] = {}
    for event in events:
        by_person.setdefault(event["person"], []).append(event)
    return {
        profile["person"]
        for profile in profiles
        if explain(definition, profile, by_person.get(profile["person"], ()), at).holds
    }


def explain(definition: SegmentDefinition, profile: Row, events: Sequence[Row], at: dt.datetime) -> Explanation:
    """Return the condition tree with what holds for one person, and why."""
    found = _explain("where", definition.where, profile, events, at)
    named: dict[str, tuple[str, ...]] = {}
    for use in definition.uses:
        named[use.place] = (*named.get(use.place, ()), str(use))
    return _naming(found, named) if named else found


def _naming(node: Explanation, named: Mapping[str, tuple[str, ...]]) -> Explanation:
    parts = tuple(_naming(part, named) for part in node.parts)
    return replace(node, parts=parts, named=named.get(node.place, ()))


def holds_without_events(node: Node) -> bool:
    """Whether a tree of event conditions holds for somebody of whom no event is known."""
    return _explain("", node, {}, (), dt.datetime.min.replace(tzinfo=dt.UTC) + dt.timedelta(days=36_501)).holds


def _explain(place: str, node: Node, profile: Row, events: Sequence[Row], at: dt.datetime) -> Explanation:
    if isinstance(node, Attribute):
        holds, why = _compare(node, profile)
        return Explanation(place, _text(node), holds, why)
    if isinstance(node, Event):
        holds, why = _event(node, events, at)
        return Explanation(place, _text(node), holds, why)
    parts = tuple(_explain(place + step, child, profile, events, at) for step, child in children(node))
    return _combined(place, node, parts)


def _combined(place: str, node: Node, parts: tuple[Explanation, ...]) -> Explanation:
    holding = sum(part.holds for part in parts)
    match node:
        case All() | PropertyAll():
            return Explanation(place, "all", holding == len(parts), f"{holding} of {len(parts)} hold", parts)
        case Any_() | PropertyAny():
            return Explanation(place, "any", holding > 0, f"{holding} of {len(parts)} hold", parts)
        case Not() | PropertyNot() | _:
            return Explanation(place, "not", holding == 0, "the opposite of what stands in it", parts)


def _compare(node: Attribute, row: Row) -> tuple[bool, str]:
    value = row.get(node.field)
    if node.op == "exists":
        return (value is not None) == node.exists, "a value is stored" if value is not None else "no value is stored"
    if value is None:
        return False, "no value is stored"
    holds = _COMPARE[node.op](value, _like(value, node.operand))
    return holds, "the stored value meets it" if holds else "the stored value does not meet it"


def _like(value: Any, operand: Any) -> Any:
    """Compare a stored double with doubles, as an engine does."""
    if not isinstance(value, float):
        return operand
    return [float(item) for item in operand] if isinstance(operand, list) else float(operand)


def _event(node: Event, events: Sequence[Row], at: dt.datetime) -> tuple[bool, str]:
    matching = [event for event in events if _matches(node, event, at)]
    found = f"{len(matching)} matching events"
    if node.last is not None:
        if not matching:
            return False, "no matching event"
        newest, bound = max(event["at"] for event in matching), at - node.last.operand
        return (newest > bound if node.last.op == "within" else newest <= bound), found
    if node.sum is not None:
        values = [event.get(node.sum.field) for event in matching]
        return _threshold(round(math.fsum(v for v in values if v is not None), DECIMALS), node.sum), found
    return _threshold(len(matching), node.count), found


def _matches(node: Event, event: Row, at: dt.datetime) -> bool:
    happened = event["event"] == node.event and event["at"] <= at
    if not happened or (node.within is not None and event["at"] <= at - node.within):
        return False
    return node.where is None or _explain("", node.where, event, (), at).holds


def _threshold(value: float, node: Threshold | None) -> bool:
    return node is not None and _COMPARE[node.op](float(value), _like(float(value), node.operand))


def _text(node: Attribute | Event) -> str:
    """Return a condition in the definition's own words."""
    said = node.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return ", ".join(f"{key}: {_plain(value)}" for key, value in said.items())


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_plain(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(_plain(item) for item in value) + "]" if isinstance(value, list) else str(value)
