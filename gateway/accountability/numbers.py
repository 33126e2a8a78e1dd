"""Numbers as each language writes them: groups of digits and plural forms (Unicode CLDR)."""

from __future__ import annotations

from typing import Final

from gateway.accountability.record_words import say

_NO_BREAK_SPACE: Final = "\u00a0"
_TEENS = range(11, 15)
_FEW = range(2, 5)


def grouped(number: int, language: str) -> str:
    """Return a number with its thousands apart: a comma is a decimal sign in Finnish, Hungarian and Ukrainian."""
    return f"{number:,}".replace(",", "," if language == "en" else _NO_BREAK_SPACE)


def days(number: int, language: str) -> str:
    """Return a number of days in words."""
    return say(f"days_{_form(number, language)}", language).format(number)


def _form(number: int, language: str) -> str:
    if language != "uk":
        return "one" if number == 1 else "many"
    if number % 100 in _TEENS:
        return "many"
    return "one" if number % 10 == 1 else "few" if number % 10 in _FEW else "many"
