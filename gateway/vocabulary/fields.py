"""The field catalogue: what a value is, how personal it is, and in which coarser form it may be kept."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.vocabulary.names import FieldId


class FieldKind(enum.StrEnum):
    """What a field does to a person's identifiability (Art. 4(1), 4(5))."""

    DIRECT_IDENTIFIER = "direct_identifier"  # sealed in the vault, never in the store
    INDIRECT_IDENTIFIER = "indirect_identifier"  # sealed in the vault; the store gets the generalised form only
    ATTRIBUTE = "attribute"
    FREE_TEXT = "free_text"  # redacted, then stored
    EVENT_PROPERTY = "event_property"


class ValueType(enum.StrEnum):
    """The type of a stored value."""

    TEXT = "text"
    NUMBER = "number"  # float64
    INTEGER = "integer"  # int64
    DATE = "date"
    INSTANT = "instant"  # UTC
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Keep:
    """Store the value as it is."""


@dataclass(frozen=True, slots=True)
class AgeBand:
    """A date of birth becomes an age band such as ``35-39``, ``years`` wide, at the day of collection."""

    years: int


@dataclass(frozen=True, slots=True)
class Prefix:
    """A text becomes its first ``length`` characters."""

    length: int


@dataclass(frozen=True, slots=True)
class Month:
    """A date becomes the first day of its month."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """A free text becomes itself with each finding replaced by its category."""


Transform = Keep | AgeBand | Prefix | Month | Redacted


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of the catalogue.

    ``column`` is the name under which the generalised value is stored (``birth_date`` is stored as ``age_band``);
    ``None`` for direct identifiers, which the store never sees. ``type`` is the type of the value as it comes in.
    ``identifier`` is the vault's identifier type when the field can find a person (``email``, ``phone``,
    ``customer_number``, ``national_id``…).
    """

    id: FieldId
    title: Mapping[str, str]
    category: str  # fideslang-style key, for example user.contact.email
    dpv: str  # W3C DPV term, for example pd:EmailAddress
    kind: FieldKind
    type: ValueType
    column: str | None
    transform: Transform
    identifier: str | None = None
    special: str | None = None  # Art. 9(1) or Art. 10 category when the field itself is one
    reveals: tuple[str, ...] = ()  # special categories it reveals indirectly
    finding: str | None = None  # the detection category that its values are expected to show

    @property
    def stored_type(self) -> ValueType:
        """The type of the value after its transform."""
        return ValueType.TEXT if isinstance(self.transform, AgeBand | Prefix | Redacted) else self.type
