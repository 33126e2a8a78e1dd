"""What is wrong with a definition, and where."""

from __future__ import annotations

from typing import ClassVar

from gateway.foundation.errors import InvalidInput


class InvalidSegment(InvalidInput):
    """A segment or trait that cannot be read or does not fit; ``place`` is a path such as ``where.all[1].gte``."""

    slug: ClassVar[str] = "invalid-segment"

    def __init__(self, name: str, place: str, words: str, *, what: str = "segment") -> None:
        super().__init__(f"{what} `{name}`: {place}: {words}", reasons=("invalid_segment",))
        self.place = place
