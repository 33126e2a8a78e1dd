"""The closed, typed condition tree of a segment. No expression language: every node is one of these.

What a file may say beside them, the name of another segment or of a computed trait, is replaced by conditions when it
is read (``inlining``): nothing that asks, counts or explains ever meets a name.

A condition is true or false for a person, never a third thing:

- a comparison with a missing value is false, also ``neq`` and ``nin``; only ``exists: false`` is true of it;
- ``not`` is the plain opposite, so ``not: {field: city, eq: Oulu}`` is true where the city is missing and
  ``{field: city, neq: Oulu}`` is not;
- ``count`` and ``sum`` are 0 where no event matches (a sum skips missing amounts and is rounded to 6 decimals);
- ``last`` is false where the event never happened.

Windows end at the instant of the question and are open at their far end: ``within: P30D`` is ``(at - 30 days, at]``;
``last: {before: P90D}`` is the rest, ``last event <= at - 90 days``. Events after the instant do not count.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import BaseModel, Discriminator, Field, PrivateAttr, StringConstraints, Tag, model_validator

from gateway.segmentation.values import MAX_TEXT, Closed, Duration, Name, Number, OneOf, Value, Values
from gateway.vocabulary.languages import in_language
from gateway.vocabulary.names import PurposeId, SegmentId

MAX_DEPTH = 10
MAX_CONDITIONS = 100


class Attribute(OneOf):
    """A comparison of one stored column; in an event's ``where`` of one event property."""

    one_of: ClassVar[tuple[str, ...]] = ("eq", "neq", "gt", "gte", "lt", "lte", "in_", "nin", "between", "exists")

    field: Name
    eq: Value = None
    neq: Value = None
    gt: Value = None
    gte: Value = None
    lt: Value = None
    lte: Value = None
    in_: Values = Field(default=[], alias="in")
    nin: Values = Field(default=[])
    between: Annotated[list[Value], Field(min_length=2, max_length=2)] = Field(default=[])
    exists: bool = True


class Threshold(OneOf):
    """A comparison of a number."""

    one_of: ClassVar[tuple[str, ...]] = ("eq", "neq", "gt", "gte", "lt", "lte", "between")

    eq: Number = None
    neq: Number = None
    gt: Number = None
    gte: Number = None
    lt: Number = None
    lte: Number = None
    between: Annotated[list[Number], Field(min_length=2, max_length=2)] = Field(default=[])


class Sum(Threshold):
    """A comparison of the sum of an event property."""

    field: Name


class Last(OneOf):
    """How long ago the last such event was."""

    one_of: ClassVar[tuple[str, ...]] = ("within", "before")

    within: Duration = dt.timedelta(0)
    before: Duration = dt.timedelta(0)


def _keys(value: Any) -> set[Any]:
    """Return the keys of a node, read (a mapping) or made (a model, when it is written out again)."""
    if isinstance(value, BaseModel):
        return {field.alias or name for name, field in type(value).model_fields.items()}
    return set(value) if isinstance(value, dict) else set()


def _kind(keys: tuple[str, ...]) -> Any:
    def kind(value: Any) -> str | None:
        found = [key for key in keys if key in _keys(value)]
        return f"<{found[0]}>" if len(found) == 1 else None

    return Discriminator(
        kind,
        custom_error_type="no_condition",
        custom_error_message=f"a condition has exactly one of {', '.join(keys)}",
    )


class PropertyAll(Closed):
    """All of them hold for the event."""

    all: Annotated[list[PropertyCondition], Field(min_length=1)]


class PropertyAny(Closed):
    """At least one of them holds for the event."""

    any: Annotated[list[PropertyCondition], Field(min_length=1)]


class PropertyNot(Closed):
    """It does not hold for the event."""

    not_: PropertyCondition = Field(alias="not")


PropertyCondition = Annotated[
    Annotated[PropertyAll, Tag("<all>")]
    | Annotated[PropertyAny, Tag("<any>")]
    | Annotated[PropertyNot, Tag("<not>")]
    | Annotated[Attribute, Tag("<field>")],
    _kind(("all", "any", "not", "field")),
]


class Event(OneOf):
    """How often, how much or how long ago something happened."""

    one_of: ClassVar[tuple[str, ...]] = ("count", "sum", "last")

    event: Name
    where: PropertyCondition | None = None
    count: Threshold | None = None
    sum: Sum | None = None
    last: Last | None = None
    within: Duration | None = None

    @model_validator(mode="after")
    def _one_window(self) -> Event:
        if self.last is not None and self.within is not None:
            raise ValueError("last has its own window: leave within out")
        return self


class All(Closed):
    """All of them hold."""

    all: Annotated[list[Condition], Field(min_length=1)]


class Any_(Closed):  # noqa: N801 - `Any` is taken
    """At least one of them holds."""

    any: Annotated[list[Condition], Field(min_length=1)]


class Not(Closed):
    """It does not hold."""

    not_: Condition = Field(alias="not")


Condition = Annotated[
    Annotated[All, Tag("<all>")]
    | Annotated[Any_, Tag("<any>")]
    | Annotated[Not, Tag("<not>")]
    | Annotated[Event, Tag("<event>")]
    | Annotated[Attribute, Tag("<field>")],
    _kind(("all", "any", "not", "event", "field", "segment", "trait")),  # the last two are gone when it is read here
]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Title = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)]


@dataclass(frozen=True, slots=True)
class Use:
    """A segment or computed trait that an author named at ``place``; its own conditions stand there now."""

    kind: Literal["segment", "trait"]
    id: str
    place: str  # for example where.all[1]

    def __str__(self) -> str:
        """What it is, in words."""
        return f"{self.kind} `{self.id}`"


class SegmentHead(Closed):
    """What a segment is called, and for which purpose it is."""

    id: Annotated[SegmentId, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    purpose: Annotated[PurposeId, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    title: Annotated[dict[Language, Title], Field(min_length=1)]

    def title_in(self, language: str = "en") -> str:
        """Return the title in a language, or as ``in_language`` falls back."""
        return in_language(self.title, language)


class SegmentDefinition(SegmentHead):
    """A segment with all its conditions written out: what a file says, and what it names in other files."""

    where: Condition
    _uses: tuple[Use, ...] = PrivateAttr(default=())  # beside what is said: the digest is of the conditions alone

    @property
    def uses(self) -> tuple[Use, ...]:
        """The segments and traits that it is made of, also by way of others; each before what stands in it."""
        return self._uses

    @property
    def used(self) -> dict[str, list[str]]:
        """The ids of those, each once: ``segments`` and ``traits``."""
        return {f"{kind}s": sorted({use.id for use in self._uses if use.kind == kind}) for kind in ("segment", "trait")}

    def using(self, uses: tuple[Use, ...]) -> SegmentDefinition:
        """Return the definition with what its author named."""
        made = self.model_copy()
        made._uses = uses  # noqa: SLF001 - its own
        return made

    def written_at(self, place: str) -> str:
        """Return where an author finds a place of the tree: in its own file, or in that of what it names."""
        around = [use for use in self._uses if place.startswith(use.place) and place[len(use.place) :][:1] in _ENDS]
        if not around:
            return place
        inner = around[-1]
        rest = place.removeprefix(inner.place)
        there = f"where{rest}" if inner.kind == "segment" else rest.removeprefix(".")
        return f"{around[0].place} ({inner}{', ' if there else ''}{there})"


_ENDS = ("", ".", "[")


for _model in (PropertyAll, PropertyAny, PropertyNot, Event, All, Any_, Not, SegmentDefinition):
    _model.model_rebuild()

Node: TypeAlias = All | Any_ | Not | Event | Attribute | PropertyAll | PropertyAny | PropertyNot


def children(node: Node) -> tuple[tuple[str, Node], ...]:
    """Return what a node joins or denies, each with its place under the node; none for a comparison."""
    match node:
        case All() | PropertyAll():
            return tuple((f".all[{i}]", child) for i, child in enumerate(node.all))
        case Any_() | PropertyAny():
            return tuple((f".any[{i}]", child) for i, child in enumerate(node.any))
        case Not() | PropertyNot():
            return ((".not", node.not_),)
        case _:
            return ()


def leaves(node: Node, place: str = "where") -> Iterator[tuple[str, Attribute | Event]]:
    """Yield the comparisons under ``node`` with their places, without going into events."""
    if isinstance(node, Attribute | Event):
        yield place, node
    for step, child in children(node):
        yield from leaves(child, place + step)


def definition_digest(definition: SegmentDefinition) -> str:
    """Return the sha256 (hex) of what a definition says, however it is written down."""
    said = definition.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
