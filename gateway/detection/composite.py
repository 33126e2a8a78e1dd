"""Cells that hold several things: JSON, a name before an e-mail address, a line of contacts, an address in a link."""

# ruff: noqa: RUF001 -- apostrophes

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gateway.detection.headers import read_header

_AT = r"(?:@|%40|\s?[(\[{]\s?at\s?[)\]}]\s?)"
_EMAIL = re.compile(rf"[\w.+%-]{{1,64}}{_AT}[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{1,6}}", re.IGNORECASE)
_BRACKETED = re.compile(r"[^<>@]{2,80}<[^<>\s@]{1,64}@[^<>\s@]{3,120}>")
_LINK = re.compile(r"(?:https?://|www\.)\S{3,900}", re.IGNORECASE)
_PHONE = re.compile(r"(?<![\w.\-/])(?:\+|00|\(|0(?!\d?[./-]\d\d?[./-]))[\d(][\d ().\-/]{4,18}\d(?![\w-])")
_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}\.?")
# What stands before a number or an address: "Tel.", "puh:", "E-Mail =".
_LABEL = re.compile(
    r"\b(?:tel|telefon\w*|phone|mob|mobil\w*|mobile|cell|handy|puh|puhelin|gsm|fax|e-?mail\w*|mail|s-?posti|sähköposti|"
    r"e-?post|mejl|тел|телефон|моб|пошта|ел|емейл|name|nimi|név|namn|mailto|osoite|cím|адреса)\b\s?[.:=]*",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_][\w'’ʼ.-]*")
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
    | {"national_id", "username", "birth_year", "postcode", "gender", "age"}
)
_ASKED = 60  # values looked at
_SURE = 0.75  # of a header
_DEPTH = 6
_MOST = 200  # keys read of one cell
_LINE = 200  # characters of a line of contacts
_WORDS = 8  # words beside the numbers and addresses
_NAME = range(1, 5)  # words of a name
_CAPITAL = 0.6  # share of them that begin as names do
_DIGITS = range(7, 16)


def composites(values: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return how many of how many values are of each composite form."""
    asked = values[:_ASKED]
    return {form: (sum(map(test, asked)), len(asked)) for form, test in _TESTS.items()}


def _is_named(value: str) -> bool:
    """One e-mail address and the words of a name, in any order."""
    if _BRACKETED.fullmatch(value) is not None:
        return True
    rest, emails, phones = _taken_apart(value)
    return emails == 1 and not phones and not _digits(rest) and len(_named(rest)) in _NAME


def _is_link(value: str) -> bool:
    return _LINK.fullmatch(value) is not None and _EMAIL.search(value) is not None


def _is_contact(value: str) -> bool:
    """Several e-mail addresses and phone numbers, or one of them with a name or an address; no sentence."""
    if value.startswith(("{", "[")):
        return False
    rest, emails, phones = _taken_apart(value)
    named = _named(rest)
    return emails + phones > 1 or (emails + phones == 1 and 0 < len(named) <= _WORDS)


def _taken_apart(value: str) -> tuple[str, int, int]:
    """Return what is left without e-mail addresses and phone numbers, and how many of either there were."""
    if len(value) > _LINE or _LINK.match(value):
        return "", 0, 0
    rest, emails = _EMAIL.subn(" ", value)
    phones = [found.group() for found in _PHONE.finditer(rest)]
    phones = [one for one in phones if _digits(one) in _DIGITS and not _DATE.fullmatch(one)]
    for phone in phones:
        rest = rest.replace(phone, " ", 1)
    return rest, emails, len(phones)


def _named(rest: str) -> list[str]:
    """Return the words that are left, where most begin with a capital letter as names do; else none."""
    words = _WORD.findall(_LABEL.sub(" ", rest))
    capital = sum(word[0].isupper() for word in words)
    return words if capital >= _CAPITAL * len(words) else []


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _is_json(value: str) -> bool:
    return _parsed(value) is not None


def _is_profile(value: str) -> bool:
    """A JSON object with a personal key, or with an e-mail address among its values."""
    found = _parsed(value)
    return found is not None and (any(map(_tells, _keys(found))) or _EMAIL.search(value) is not None)


def _tells(key: str) -> bool:
    hit = read_header(key)
    return hit is not None and hit.category in _PERSONAL and hit.score >= _SURE


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
