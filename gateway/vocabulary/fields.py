"""The field catalogue: what a value is, how personal it is, and in which coarser form it may be kept."""

from __future__ import annotations

import enum
import itertools
import math
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
class Drop:
    """Nothing is stored: the value serves on the way in only, or is sealed in the vault."""


TOP_AGE = 90  # few people are older: they share one band


@dataclass(frozen=True, slots=True)
class AgeBand:
    """A date of birth becomes an age band such as ``35-39``, ``years`` wide, at the day of collection."""

    years: int

    def label(self, age: int) -> str:
        """Return the band of an age in completed years; a band never reaches into the top one, ``90+``."""
        if age >= TOP_AGE:
            return f"{TOP_AGE}+"
        start = age - age % self.years
        end = min(start + self.years, TOP_AGE) - 1
        return f"{start}-{end}" if end > start else str(start)

    def reaches(self) -> dict[str, tuple[float, float]]:
        """Return from which age up to which (not with it) each band reaches."""
        starts = [*range(0, TOP_AGE, self.years), TOP_AGE]
        return dict(zip(map(self.label, starts), itertools.pairwise([*starts, math.inf]), strict=True))

    def from_age(self, age: int) -> tuple[str, ...]:
        """Return the bands in which everybody is ``age`` or older."""
        starts = {start: self.label(start) for start in (*range(0, TOP_AGE, self.years), TOP_AGE)}
        return tuple(label for start, label in starts.items() if start >= age)


@dataclass(frozen=True, slots=True)
class Prefix:
    """A text becomes its first ``length`` characters."""

    length: int


@dataclass(frozen=True, slots=True)
class Month:
    """A date becomes the first day of its month."""


@dataclass(frozen=True, slots=True)
class Year:
    """A date becomes the first day of its year."""


@dataclass(frozen=True, slots=True)
class Band:
    """A number becomes the band between two rising ``edges``, the lower included: ``<10``, ``10-50``, ``50+``."""

    edges: tuple[int, ...]

    def reaches(self) -> dict[str, tuple[float, float]]:
        """Return from which number up to which (not with it) each band reaches, in rising order."""
        first, last = self.edges[0], self.edges[-1]
        labels = [f"<{first}", *(f"{low}-{high}" for low, high in itertools.pairwise(self.edges)), f"{last}+"]
        return dict(zip(labels, itertools.pairwise([-math.inf, *self.edges, math.inf]), strict=True))


@dataclass(frozen=True, slots=True)
class Rounded:
    """A number becomes the nearest multiple of ``step``; a half goes up."""

    step: int


@dataclass(frozen=True, slots=True)
class TopCode:
    """A number over ``limit`` becomes ``limit``: the few at the top share one value."""

    limit: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """A text becomes one of ``buckets`` names by a hash; equal texts share one, and many texts share each.

    Coarsening, not pseudonymisation: the hash has no key.
    """

    buckets: int


@dataclass(frozen=True, slots=True)
class Redacted:
    """A free text becomes itself with each finding replaced by its category."""


Transform = Keep | Drop | AgeBand | Prefix | Month | Year | Band | Rounded | TopCode | Bucket | Redacted
_TO_TEXT = AgeBand | Prefix | Band | Bucket | Redacted


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of the catalogue.

    ``column`` is the name under which the generalised value is stored (``birth_date`` is stored as ``age_band``);
    ``None`` for direct identifiers and for what is dropped, which the store never sees. ``type`` is the type of the
    value as it comes in. ``identifier`` is the vault's identifier type when the field can find a person (``email``,
    ``phone``, ``customer_number``, ``national_id``…).
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
        return ValueType.TEXT if isinstance(self.transform, _TO_TEXT) else self.type
