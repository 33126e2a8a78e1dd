"""Which fields a definition asks for, and whether its values are of their types."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from gateway.segmentation.definition import Attribute, Event, SegmentDefinition, Sum, leaves
from gateway.segmentation.errors import InvalidSegment
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.fields import Field, FieldKind, ValueType
from gateway.vocabulary.names import FieldId

_ORDERED = frozenset({"gt", "gte", "lt", "lte", "between"})
_WITH_ORDER = frozenset({ValueType.NUMBER, ValueType.INTEGER, ValueType.DATE, ValueType.INSTANT})
_NUMERIC = frozenset({ValueType.NUMBER, ValueType.INTEGER})


def fields_of(definition: SegmentDefinition, catalogue: Catalogue) -> frozenset[FieldId]:
    """Return the catalogue fields whose stored columns a definition names; policy is asked about them.

    A direct identifier, which has no stored column, is named too: policy refuses it with its rule.

    :raises InvalidSegment: naming a column or event that the catalogue does not have, or a value of another type.
    """
    stored = [field for field in catalogue.fields.values() if field.column is not None]
    profiles = {str(f.column): f for f in stored if f.kind not in _NOT_OF_PROFILES}
    events = {str(f.column): f for f in stored if f.kind is FieldKind.EVENT_PROPERTY}
    known = {source.event for source in catalogue.sources.values()}
    found: set[FieldId] = set()
    for place, node in leaves(definition.where):
        if isinstance(node, Event):
            if node.event not in known:
                raise _unfit(definition, f"{place}.event", "no source brings an event of this name")
            pairs = [(p, c, _field(definition, p, c, events, catalogue)) for p, c in event_columns(place, node)]
        else:
            pairs = [(place, node, _field(definition, place, node, profiles, catalogue))]
        for where, comparison, field in pairs:
            _check_value(definition, where, comparison, field.stored_type)
            found.add(field.id)
    return frozenset(found)


_NOT_OF_PROFILES = frozenset({FieldKind.EVENT_PROPERTY, FieldKind.DIRECT_IDENTIFIER})


def event_columns(place: str, node: Event) -> Iterator[tuple[str, Attribute | Sum]]:
    """Yield what an event condition says of event properties, with the places."""
    if node.sum is not None:
        yield f"{place}.sum", node.sum
    if node.where is not None:
        for where, leaf in leaves(node.where, f"{place}.where"):
            if isinstance(leaf, Attribute):
                yield where, leaf


def check_columns(
    definition: SegmentDefinition, profiles: Mapping[str, ValueType], events: Mapping[str, ValueType]
) -> None:
    """Check a definition against the columns that a Relation has.

    :raises InvalidSegment: naming a column that is not open, or a value of another type.
    """
    for place, node in leaves(definition.where):
        pairs = event_columns(place, node) if isinstance(node, Event) else iter([(place, node)])
        columns = events if isinstance(node, Event) else profiles
        for where, comparison in pairs:
            if comparison.field not in columns:
                raise _unfit(definition, where, "this column is not open for this purpose")
            _check_value(definition, where, comparison, columns[comparison.field])


def _check_value(definition: SegmentDefinition, place: str, node: Attribute | Sum, kind: ValueType) -> None:
    """Check that what a column is compared with is of its type."""
    if isinstance(node, Sum):
        if kind not in _NUMERIC:
            raise _unfit(definition, place, f"column `{node.field}` has no sum: it holds {kind.value}")
        return
    if node.op == "exists":
        return
    if node.op in _ORDERED and kind not in _WITH_ORDER:
        raise _unfit(definition, f"{place}.{node.op}", f"column `{node.field}` has no order: it holds {kind.value}")
    values = node.operand if isinstance(node.operand, list) else [node.operand]
    if not all(_fits(value, kind) for value in values):
        hint = "; put it in quotes" if kind is ValueType.TEXT else ""
        raise _unfit(definition, f"{place}.{node.op}", f"column `{node.field}` holds {kind.value}{hint}")


def _unfit(definition: SegmentDefinition, place: str, words: str) -> InvalidSegment:
    """An error at the place where an author can find it, also where a named segment or trait brings it."""
    return InvalidSegment(definition.id, definition.written_at(place), words)


def _fits(value: object, kind: ValueType) -> bool:
    if isinstance(value, bool):
        return kind is ValueType.BOOLEAN
    if isinstance(value, dt.datetime):
        return kind is ValueType.INSTANT
    accepted: Mapping[ValueType, type | tuple[type, ...]] = {
        ValueType.TEXT: str,
        ValueType.NUMBER: (int, float),
        ValueType.INTEGER: int,
        ValueType.DATE: dt.date,
    }
    return kind in accepted and isinstance(value, accepted[kind])


def _field(
    definition: SegmentDefinition, place: str, node: Attribute | Sum, known: Mapping[str, Field], catalogue: Catalogue
) -> Field:
    field = known.get(node.field)
    if field is not None:
        return field
    named = catalogue.fields.get(FieldId(node.field))
    if named is not None and named.kind is FieldKind.DIRECT_IDENTIFIER:
        return named  # never stored; policy refuses it, and names its rule
    if named is not None and named.column != node.field:
        words = f"this field is stored as `{named.column}`: use that name"
    else:
        words = "the catalogue has no column of this name and kind"
    raise _unfit(definition, f"{place}.field", words)
