"""Cells that hold several things: JSON, a name before an e-mail address, a line of contacts, an address in a link."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gateway.detection.headers import read_header

_EMAIL = re.compile(r"[\w.+%-]{1,64}(?:@|%40)[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}")
_NAMED = re.compile(r"[^<>@]{2,80}<[^<>\s@]{1,64}@[^<>\s@]{3,120}>")
_LINK = re.compile(r"(?:https?://|www\.)\S{3,900}", re.IGNORECASE)
_PHONE = re.compile(r"\+?[\d(][\d ().\-/]{5,18}\d")
_LIST = re.compile(r"[,;|]| / ")
_PERSONAL = frozenset(
    {
        "email",
        "phone",
        "given_name",
        "family_name",
        "full_name",
        "birth_date",
        "address",
        "ip",
        "customer_number",
        "iban",
    }
    | {"national_id", "username"}
)
_ASKED = 60  # values looked at
_DEPTH = 6
_MOST = 200  # keys read of one cell
_LINE = 120  # characters of a line of contacts
_WORDS = 9


def composites(values: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return how many of how many values are of each composite form."""
    asked = values[:_ASKED]
    return {form: (sum(map(test, asked)), len(asked)) for form, test in _TESTS.items()}


def _is_named(value: str) -> bool:
    return _NAMED.fullmatch(value) is not None


def _is_link(value: str) -> bool:
    return _LINK.fullmatch(value) is not None and _EMAIL.search(value) is not None


def _is_contact(value: str) -> bool:
    """A few pieces between separators, of which one is an e-mail address or two one is a phone number."""
    if len(value) > _LINE or value.startswith(("{", "[")) or len(value.split()) > _WORDS:
        return False
    pieces = [piece.strip() for piece in _LIST.split(value) if piece.strip()]
    phones = sum(_PHONE.fullmatch(piece) is not None and sum(map(str.isdigit, piece)) > 6 for piece in pieces)  # noqa: PLR2004 -- digits of a phone number
    emails = sum(_EMAIL.fullmatch(piece) is not None for piece in pieces)
    others = sum(not any(map(str.isdigit, piece)) for piece in pieces)
    return len(pieces) > 1 and (emails > 0 or (phones > 0 and others > 0)) and emails < len(pieces)


def _is_json(value: str) -> bool:
    return _parsed(value) is not None


def _is_profile(value: str) -> bool:
    """A JSON object with a personal key, or with an e-mail address among its values."""
    found = _parsed(value)
    return found is not None and (any(map(_tells, _keys(found))) or _EMAIL.search(value) is not None)


def _tells(key: str) -> bool:
    hit = read_header(key)
    return hit is not None and hit.category in _PERSONAL and hit.score == 1


def _parsed(value: str) -> Any:
    if not (value.startswith(("{", "[")) and value.endswith(("}", "]"))):
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None


def _keys(found: Any, depth: int = 0) -> Iterator[str]:
    if depth > _DEPTH:
        return
    if isinstance(found, dict):
        for key, inner in list(found.items())[:_MOST]:
            yield key
            yield from _keys(inner, depth + 1)
    elif isinstance(found, list):
        for inner in found[:_MOST]:
            yield from _keys(inner, depth + 1)


_TESTS: dict[str, Callable[[str], bool]] = {
    "email_name": _is_named,
    "email_url": _is_link,
    "contact_line": _is_contact,
    "json": _is_json,
    "json_profile": _is_profile,
}
