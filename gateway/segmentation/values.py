"""What may stand in a definition: plain values, lengths of time, and the shape that every node has."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

MAX_LIST = 1000
MAX_TEXT = 200  # characters
_INT64 = 2**63
_LENGTH = r"P(?:([0-9]{1,4})W|([0-9]{1,5})D|T([0-9]{1,5})H)"
_DURATION = re.compile(_LENGTH)
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


Value = Annotated[Any, BeforeValidator(_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})]
Number = Annotated[Any, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
Duration = Annotated[
    dt.timedelta, BeforeValidator(_duration), WithJsonSchema({"type": "string", "pattern": f"^{_LENGTH}$"})
]
Values = Annotated[list[Value], Field(min_length=1, max_length=MAX_LIST)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Closed(BaseModel):
    """A node that takes the keys it has and no other, and never repeats what it was given."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class OneOf(Closed):
    """A node of which exactly one of ``one_of`` is given."""

    one_of: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="after")
    def _exactly_one(self) -> OneOf:
        if len([name for name in self.one_of if name in self.model_fields_set]) != 1:
            words = ", ".join(name.rstrip("_") for name in self.one_of)
            raise ValueError(f"exactly one of {words} is needed")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler, /) -> JsonSchemaValue:
        """Say in the schema for editors what ``_exactly_one`` checks."""
        made = handler(core)
        if cls.one_of:
            handler.resolve_ref_schema(made)["oneOf"] = [{"required": [name.rstrip("_")]} for name in cls.one_of]
        return made

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
