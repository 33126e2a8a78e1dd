"""Values as JSON: instants in UTC, dates by ISO 8601, records by their field names."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import math
from collections.abc import Mapping
from typing import Any


def plain(value: Any) -> Any:  # noqa: C901 - one case per type
    """Return a value as JSON knows it; ``ValueError`` for bytes, which are always somebody's reference or key."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case decimal.Decimal():
            return str(value)
        case dt.datetime():
            at = value if value.tzinfo else value.replace(tzinfo=dt.UTC)  # the store keeps UTC without saying so
            return at.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
        case dt.date() | dt.time():
            return value.isoformat()
        case dt.timedelta():
            return value.total_seconds()
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    raise ValueError("this kind of value has no place in a package")
