"""One text for one meaning: JSON as in RFC 8785, for objects without fractions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_EXACT = 2**53 - 1  # beyond, other readers round


def canonical_json(value: Any) -> str:
    """Return the canonical text; ``ValueError`` for floats, large integers and anything that JSON does not know."""
    return json.dumps(_ordered(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _ordered(value: Any) -> Any:
    match value:
        case None | bool():
            return value
        case str():
            return _whole(value)
        case int() if abs(value) <= _EXACT:
            return value
        case Mapping():
            return {_whole(key): _ordered(value[key]) for key in sorted(value, key=_units)}
        case list() | tuple():
            return [_ordered(item) for item in value]
    raise ValueError("canonical JSON has objects, lists, texts, booleans, null and integers up to 2^53 only")


def _units(key: str) -> bytes:
    """Keys are sorted by their UTF-16 code units (RFC 8785, section 3.2.3)."""
    return _whole(key).encode("utf-16-be")


def _whole(text: str) -> str:
    if not isinstance(text, str) or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("canonical JSON has whole characters only")
    return text
