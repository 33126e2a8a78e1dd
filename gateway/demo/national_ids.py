"""National identification numbers with valid check digits, made up from a date of birth and a serial number."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

_HETU_CHECK = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_HETU_SIGNS = {19: "-YXWVU", 20: "ABCDEF"}  # the signs after the first of each century came into use in 2023
_HU_EPOCH = dt.date(1867, 1, 1)
_UA_EPOCH = dt.date(1899, 12, 31)
_UA_WEIGHTS = (-1, 5, 7, 9, 4, 6, 10, 5, 7)
_NINO_PREFIXES = [
    first + second
    for first in "ABCEGHJKLMNOPRSTWXYZ"
    for second in "ABCEGHJKLMNPRSTWXYZ"
    if first + second not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"}
]
_MODULUS = 11

# (date of birth, whether a man, serial from 0) -> number, or None where that serial has none
Maker = Callable[[dt.date, bool, int], str | None]


def finnish(born: dt.date, male: bool, serial: int) -> str | None:  # noqa: FBT001 - one of three plain columns
    """Return a henkilötunnus: ddmmyy, the century's sign, an individual number (odd for men), a check character."""
    individual = 2 + 2 * (serial % 448) + male
    signs = _HETU_SIGNS[born.year // 100]
    sign = signs[serial % len(signs)] if serial % 15 == 0 else signs[0]
    day = born.strftime("%d%m%y")
    return f"{day}{sign}{individual:03d}{_HETU_CHECK[int(f'{day}{individual:03d}') % 31]}"


def hungarian(born: dt.date, male: bool, serial: int) -> str | None:  # noqa: ARG001, FBT001 - all makers take the same
    """Return an adóazonosító jel: 8, days since 1867-01-01, three digits, a check digit (weights 1 to 9, modulo 11)."""
    number = f"8{(born - _HU_EPOCH).days:05d}{serial % 1000:03d}"
    check = sum(place * int(digit) for place, digit in enumerate(number, 1)) % _MODULUS
    return None if check == _MODULUS - 1 else f"{number}{check}"


def ukrainian(born: dt.date, male: bool, serial: int) -> str | None:  # noqa: FBT001 - one of three plain columns
    """Return a RNOKPP: days since 1899-12-31, a serial (its last digit odd for men), a check digit."""
    number = f"{(born - _UA_EPOCH).days:05d}{2 * (serial % 5000) + male:04d}"
    total = sum(weight * int(digit) for weight, digit in zip(_UA_WEIGHTS, number, strict=True))
    return f"{number}{total % _MODULUS % 10}"


def british(born: dt.date, male: bool, serial: int) -> str | None:  # noqa: ARG001, FBT001 - all makers take the same
    """Return a National Insurance number: a prefix, six digits, a letter A to D; it has no check digit."""
    prefix = _NINO_PREFIXES[serial % len(_NINO_PREFIXES)]
    digits = f"{serial * 7919 % 1_000_000:06d}"
    number = f"{prefix}{digits}{'ABCD'[serial % 4]}"
    return f"{prefix} {digits[:2]} {digits[2:4]} {digits[4:]} {number[-1]}" if serial % 3 else number


def unique(make: Maker, born: dt.date, male: bool, serial: int, seen: set[str]) -> str:  # noqa: FBT001 - as above
    """Return the first number from ``serial`` on that exists and is not in ``seen``, and add it there."""
    while (number := make(born, male, serial)) is None or number in seen:
        serial += 1
    seen.add(number)
    return number
