"""The closed, typed condition tree of a segment. No expression language: every node is one of these.

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
import math
import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from gateway.vocabulary.names import PurposeId, SegmentId

MAX_DEPTH = 10
MAX_CONDITIONS = 100
MAX_LIST = 1000
MAX_TEXT = 200  # characters
_INT64 = 2**63
_DURATION = re.compile(r"P(?:([0-9]{1,4})W|([0-9]{1,5})D|T([0-9]{1,5})H)")
_LONGEST = dt.timedelta(days=36_500)
_UNWRITABLE = re.compile("[\\0\ud800-\udfff]")  # no engine takes them, and no file holds them

Scalar: TypeAlias = bool | int | float | str | dt.date | dt.datetime


def _scalar(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a finite number is needed")
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        raise ValueError("the number is too large")
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise ValueError(f"the text is longer than {MAX_TEXT} characters")
    if isinstance(value, str) and _UNWRITABLE.search(value):
        raise ValueError("the text has a NUL or half a character in it")
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    if not isinstance(value, bool | int | float | str | dt.date):
        raise ValueError("a text, number, date, instant or true/false is needed")  # noqa: TRY004 - pydantic's protocol
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number is needed")  # noqa: TRY004 - pydantic's protocol
    return _scalar(value)


def _duration(value: Any) -> dt.timedelta:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("a length such as P180D, P6W or PT12H is needed")
    weeks, days, hours = (int(part or 0) for part in found.groups())
    length = dt.timedelta(weeks=weeks, days=days, hours=hours)
    if not dt.timedelta(0) < length <= _LONGEST:
        raise ValueError("a length between one hour and a hundred years is needed")
    return length


Value = Annotated[Any, BeforeValidator(_scalar)]
Number = Annotated[Any, BeforeValidator(_number)]
Duration = Annotated[dt.timedelta, BeforeValidator(_duration)]
Values = Annotated[list[Value], Field(min_length=1, max_length=MAX_LIST)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class _OneOf(_Closed):
    """A node of which exactly one of ``one_of`` is given."""

    one_of: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="after")
    def _exactly_one(self) -> _OneOf:
        if len([name for name in self.one_of if name in self.model_fields_set]) != 1:
            words = ", ".join(name.rstrip("_") for name in self.one_of)
            raise ValueError(f"exactly one of {words} is needed")
        return self

    @property
    def op(self) -> str:
        """The one that is given."""
        return self._given().rstrip("_")

    @property
    def operand(self) -> Any:
        """What it is given."""
        return getattr(self, self._given())

    def _given(self) -> str:
        return next(name for name in self.one_of if name in self.model_fields_set)


class Attribute(_OneOf):
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
    nin: Values = []
    between: Annotated[list[Value], Field(min_length=2, max_length=2)] = []
    exists: bool = True


class Threshold(_OneOf):
    """A comparison of a number."""

    one_of: ClassVar[tuple[str, ...]] = ("eq", "neq", "gt", "gte", "lt", "lte", "between")

    eq: Number = None
    neq: Number = None
    gt: Number = None
    gte: Number = None
    lt: Number = None
    lte: Number = None
    between: Annotated[list[Number], Field(min_length=2, max_length=2)] = []


class Sum(Threshold):
    """A comparison of the sum of an event property."""

    field: Name


class Last(_OneOf):
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


class PropertyAll(_Closed):
    """All of them hold for the event."""

    all: Annotated[list[PropertyCondition], Field(min_length=1)]


class PropertyAny(_Closed):
    """At least one of them holds for the event."""

    any: Annotated[list[PropertyCondition], Field(min_length=1)]


class PropertyNot(_Closed):
    """It does not hold for the event."""

    not_: PropertyCondition = Field(alias="not")


PropertyCondition = Annotated[
    Annotated[PropertyAll, Tag("<all>")]
    | Annotated[PropertyAny, Tag("<any>")]
    | Annotated[PropertyNot, Tag("<not>")]
    | Annotated[Attribute, Tag("<field>")],
    _kind(("all", "any", "not", "field")),
]


class Event(_OneOf):
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


class All(_Closed):
    """All of them hold."""

    all: Annotated[list[Condition], Field(min_length=1)]


class Any_(_Closed):  # noqa: N801 - `Any` is taken
    """At least one of them holds."""

    any: Annotated[list[Condition], Field(min_length=1)]


class Not(_Closed):
    """It does not hold."""

    not_: Condition = Field(alias="not")


Condition = Annotated[
    Annotated[All, Tag("<all>")]
    | Annotated[Any_, Tag("<any>")]
    | Annotated[Not, Tag("<not>")]
    | Annotated[Event, Tag("<event>")]
    | Annotated[Attribute, Tag("<field>")],
    _kind(("all", "any", "not", "event", "field")),
]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Title = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)]


class SegmentDefinition(_Closed):
    """A segment as it is written: what it is called, for which purpose, and who belongs to it."""

    id: Annotated[SegmentId, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    purpose: Annotated[PurposeId, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
    title: Annotated[dict[Language, Title], Field(min_length=1)]
    where: Condition

    def title_in(self, language: str = "en") -> str:
        """Return the title in a language, in English, or in whatever language there is."""
        return self.title.get(language) or self.title.get("en") or next(iter(self.title.values()))


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
