"""What is wrong with a pack, told by file, line and key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from gateway.foundation.errors import InvalidInput

_SHOWN = 20


class PackError(InvalidInput):
    """A pack that must not decide. ``reasons`` has one line per problem: file, line, key path, remedy, no value."""

    slug: ClassVar[str] = "policy-pack-invalid"

    @classmethod
    def of(cls, problems: Iterable[str]) -> PackError:
        """Return one error for all problems found; the message shows the first of them."""
        found = tuple(problems)
        shown = "\n".join(f"  {problem}" for problem in found[:_SHOWN])
        more = f"\n  and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        return cls(f"the policy pack is refused:\n{shown}{more}", reasons=found)
