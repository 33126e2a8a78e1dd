"""What files say before names are replaced by conditions: segments, computed traits, and the references to both.

A trait is a number about a person that is computed when it is asked for and stored nowhere. It says how often (``count:
true``), how much (``sum: <property>``) or how long ago (``last: true``) something happened, and a segment compares it:
``{trait: purchases, gte: 3}``, ``{trait: last_purchase, before: P365D}``. It has no purpose of its own: it is computed
for the purpose, and under the permit, of the segment that names it, so that every limit of its inputs holds.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from gateway.segmentation.definition import Language, Last, PropertyCondition, SegmentHead, Threshold, Title
from gateway.segmentation.values import Closed, Duration, Name, OneOf


def _yes(value: Any) -> Any:
    if value is not True:
        raise ValueError("only true stands here: what it is compared with stands in the segment")
    return value


Yes = Annotated[bool, BeforeValidator(_yes)]
TraitId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class WrittenSegment(SegmentHead):
    """A segment as its file says it; ``where`` may name segments and traits and is looked at when they are known."""

    where: Any


class Trait(OneOf):
    """A computed trait: which events of a person, and what is measured of them."""

    one_of: ClassVar[tuple[str, ...]] = ("count", "sum", "last")

    id: TraitId
    title: Annotated[dict[Language, Title], Field(min_length=1)]
    event: Name
    where: PropertyCondition | None = None
    within: Duration | None = None
    count: Yes = True
    sum: Name = ""
    last: Yes = True

    @model_validator(mode="after")
    def _one_window(self) -> Trait:
        if self.op == "last" and self.within is not None:
            raise ValueError("last has its own window, where the trait is used: leave within out")
        return self


class SegmentReference(Closed):
    """Membership in another segment of the same pack and purpose."""

    segment: Name


class TraitName(Closed):
    """A trait, by its id."""

    trait: Name


class MeasuredTrait(TraitName, Threshold):
    """A comparison of how often or how much."""


class LatestTrait(TraitName, Last):
    """A comparison of how long ago."""
