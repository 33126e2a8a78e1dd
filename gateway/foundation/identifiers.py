"""Names for entities: a prefix and 26 characters of randomness, never time-ordered (a creation time is data too)."""

from __future__ import annotations

import base64
import secrets


def new_id(prefix: str) -> str:
    """Return ``<prefix>_`` and 128 random bits in lower-case base 32."""
    return f"{prefix}_{base64.b32encode(secrets.token_bytes(16)).decode().rstrip('=').lower()}"
