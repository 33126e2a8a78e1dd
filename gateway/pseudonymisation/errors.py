"""What this room refuses."""

from __future__ import annotations

from gateway.foundation.errors import NotPermitted


class NotRedacted(NotPermitted):
    """A free text came without its redacted form; the raw one is never stored instead."""


class IdentifierKept(NotPermitted):
    """A field that belongs into the vault would be stored as it is; it needs a coarser form or no column."""
