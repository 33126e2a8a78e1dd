"""What every benchmark is asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arguments:
    """``people`` is the size of the made data; ``json`` asks for one JSON object as the last line."""

    people: int = 1_000_000
    json: bool = False
