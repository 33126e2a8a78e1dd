"""Minimum sizes: what is too small does not leave, and no answer tells how small it is."""

from __future__ import annotations

from gateway.foundation.errors import TooSmall

FLOOR = 5  # EDPB Guidelines 01/2025, example 9: five people or none; no contract goes under it
_STEP = 10


class SegmentTooSmall(TooSmall):
    """Under the minimum. INVARIANT: one text for every size under it, for zero and for a segment that nobody knows."""

    def __init__(self) -> None:
        super().__init__("the segment is not available: it does not exist or is under the minimum size")


def minimum_size_met(size: int | None, minimum: int) -> bool:
    """Whether a segment of ``size`` members may leave; an unknown size may not."""
    return size is not None and size >= max(minimum, FLOOR)


def require_minimum(size: int | None, minimum: int) -> None:
    """Raise ``SegmentTooSmall`` unless the size is met."""
    if not minimum_size_met(size, minimum):
        raise SegmentTooSmall


def rounded(size: int | None, minimum: int) -> int | None:
    """Return a size to the nearest ten (a five goes up); ``None`` for every size under the minimum."""
    if size is None or not minimum_size_met(size, minimum):
        return None
    return (size + _STEP // 2) // _STEP * _STEP
