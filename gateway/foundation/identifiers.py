"""Names for entities: a prefix and 26 characters of randomness, never time-ordered (a creation time is data too)."""

from __future__ import annotations

import base64
import os
import secrets
from typing import Final

_DRAWN_AT_ONCE: Final = 128
_BYTES: Final = 16  # of one name

# Names not yet given out. Asking the kernel lets other threads take the interpreter over, which costs a busy web worker
# more than everything else about an audit entry: so it is asked for many names at once. A child process draws its own.
_drawn: list[str] = []
os.register_at_fork(after_in_child=_drawn.clear)


def random_name() -> str:
    """Return 128 random bits in lower-case base 32 (26 characters). From any thread; never the same twice."""
    try:
        return _drawn.pop()
    except IndexError:
        fresh = secrets.token_bytes(_DRAWN_AT_ONCE * _BYTES)
        names = [_base32(fresh[start : start + _BYTES]) for start in range(0, len(fresh), _BYTES)]
        name = names.pop()
        _drawn.extend(names)
        return name


def new_id(prefix: str) -> str:
    """Return ``<prefix>_`` and a random name."""
    return f"{prefix}_{random_name()}"


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()
