"""National identifiers with right check digits, for made-up people, as people type them.

Formulas: Finnish hetu after the Digital and Population Data Services Agency (with the century signs of 2023);
Hungarian TAJ, tax identification sign and personal number after the annexes of Act XX of 1996; Ukrainian RNTRC and
EDRPOU as in python-stdnum; UNZR with the check digit of ICAO 9303; Swedish personnummer after Skatteverket (Luhn);
German IdNr after the Federal Central Tax Office (ISO 7064 mod 11,10); NHS number after the NHS Data Dictionary; NINO
after HMRC's NIM39110.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from random import Random

Maker = Callable[[Random, dt.date, str], str]  # a random source, a date of birth, m or f

_HETU_SIGNS = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_CYRILLIC = "АВЕІКМНОРСТ"  # noqa: RUF001 -- the letters of Ukrainian passport series
_NINO_FIRST, _NINO_SECOND = "ABCEGHJKLMNPRSTWXYZ", "ABCEGHJKLMNPRSTWXYZ"
_NINO_NEVER = {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"}
_REFUSED = 10  # a remainder that no digit can state


def _digits(random: Random, count: int) -> str:
    return "".join(random.choices("0123456789", k=count))


def _weighted(digits: str, weights: tuple[int, ...] | range) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


def luhn_digit(digits: str) -> str:
    """Return the digit that makes ``digits`` pass the Luhn sum."""
    total = sum(
        sum(divmod(int(digit) * 2, 10)) if place % 2 == 0 else int(digit)
        for place, digit in enumerate(reversed(digits))
    )
    return str(-total % 10)


def fi_hetu(random: Random, born: dt.date, gender: str) -> str:
    """Return a hetu; a third of them with a century sign of 2023."""
    signs = "+" if born.year < 1900 else "-" * 10 + "YXWVU" if born.year < 2000 else "A" * 10 + "BCDEF"
    serial = random.randrange(2, 900) // 2 * 2 + (gender == "m")
    digits = f"{born:%d%m%y}{serial:03d}"
    return f"{digits[:6]}{random.choice(signs)}{digits[6:]}{_HETU_SIGNS[int(digits) % 31]}"


def hu_taj(random: Random, born: dt.date, gender: str) -> str:  # noqa: ARG001 -- one signature for all
    """Return a TAJ, in threes more often than not."""
    digits = _digits(random, 8)
    digits += str(_weighted(digits, (3, 7) * 4) % 10)
    return random.choice(
        (digits, f"{digits[:3]} {digits[3:6]} {digits[6:]}", f"{digits[:3]}-{digits[3:6]}-{digits[6:]}")
    )


def hu_tax_id(random: Random, born: dt.date, gender: str) -> str:  # noqa: ARG001 -- one signature for all
    """Return an adóazonosító jel."""
    days = (born - dt.date(1867, 1, 1)).days
    while True:
        digits = f"8{days:05d}{_digits(random, 3)}"
        check = _weighted(digits, range(1, 10)) % 11
        if check != _REFUSED:
            return digits + str(check)


def hu_personal_number(random: Random, born: dt.date, gender: str) -> str:
    """Return a személyi szám."""
    sex = (1 if born.year < 2000 else 3) + (gender == "f")
    weights = range(10, 0, -1) if born.year >= 1997 else range(1, 11)
    while True:
        digits = f"{sex}{born:%y%m%d}{_digits(random, 3)}"
        check = _weighted(digits, weights) % 11
        if check != _REFUSED:
            whole = digits + str(check)
            return random.choice(
                (whole, f"{whole[0]}-{whole[1:7]}-{whole[7:]}", f"{whole[0]} {whole[1:7]} {whole[7:]}")
            )


def hu_id_card(random: Random, born: dt.date, gender: str) -> str:  # noqa: ARG001 -- one signature for all
    """Return an identity card number: six digits and two letters."""
    return _digits(random, 6) + random.choice(("", "", " ")) + "".join(random.choices("ABCDEHIJKLMNPRSTVXYZ", k=2))


def ua_rntrc(random: Random, born: dt.date, gender: str) -> str:
    """Return a РНОКПП: days since 1899-12-31, a serial that is odd for men, a check digit."""
    days = (born - dt.date(1899, 12, 31)).days
    digits = f"{days:05d}{_digits(random, 3)}{random.choice('02468' if gender == 'f' else '13579')}"
    return digits + str(_weighted(digits, (-1, 5, 7, 9, 4, 6, 10, 5, 7)) % 11 % 10)


def ua_edrpou(random: Random) -> str:
    """Return the code of a Ukrainian organisation, which is no person's."""
    digits = f"{random.randrange(3_100_000, 4_500_000)}"
    for base in (1, 3):
        weights = (7, 1, 2, 3, 4, 5, 6) if base == 1 else (9, 3, 4, 5, 6, 7, 8)
        check = _weighted(digits, weights) % 11
        if check != _REFUSED:
            break
    return digits + str(check % 10)


def ua_passport(random: Random, born: dt.date, gender: str) -> str:  # noqa: ARG001 -- one signature for all
    """Return the series and number of a passport booklet."""
    series = "".join(random.choices(_CYRILLIC, k=2))
    return series + random.choice(("", " ", " № ")) + _digits(random, 6)


def ua_id_card(random: Random, born: dt.date, gender: str) -> str:  # noqa: ARG001 -- one signature for all
    """Return the nine digits of a passport card."""
    return "00" + _digits(random, 7)


def ua_unzr(random: Random, born: dt.date, gender: str) -> str:
    """Return a record number of the demographic register: date of birth, serial, check digit."""
    digits = f"{born:%Y%m%d}{_digits(random, 3)}{random.choice('02468' if gender == 'f' else '13579')}"
    check = _weighted(digits, (7, 3, 1) * 4) % 10
    return f"{digits[:8]}-{digits[8:]}{check}"


def se_personnummer(random: Random, born: dt.date, gender: str) -> str:
    """Return a personnummer of ten or twelve digits."""
    digits = f"{born:%y%m%d}{_digits(random, 2)}{random.choice('02468' if gender == 'f' else '13579')}"
    digits += luhn_digit(digits)
    long = f"{born:%Y}"[:2] + digits
    sign = "+" if born.year <= 1926 else "-"
    return random.choice((f"{digits[:6]}{sign}{digits[6:]}", long, f"{long[:8]}-{long[8:]}"))


def de_tax_id(random: Random, born: dt.date, gender: str) -> str:  # noqa: ARG001 -- one signature for all
    """Return an IdNr: of its first ten digits one stands twice, another is missing."""
    kept = random.sample("0123456789", 9)
    while True:
        order = [*kept, random.choice(kept)]
        random.shuffle(order)
        if order[0] != "0":
            break
    rest = 10
    for digit in order:
        rest = ((int(digit) + rest) % 10 or 10) * 2 % 11
    whole = "".join(order) + str((11 - rest) % 10)
    return random.choice((whole, f"{whole[:2]} {whole[2:5]} {whole[5:8]} {whole[8:]}"))


def gb_nhs(random: Random, born: dt.date, gender: str) -> str:  # noqa: ARG001 -- one signature for all
    """Return an NHS number."""
    while True:
        digits = random.choice("4679") + _digits(random, 8)
        check = -_weighted(digits, range(10, 1, -1)) % 11
        if check != _REFUSED:
            whole = digits + str(check)
            return random.choice((whole, f"{whole[:3]} {whole[3:6]} {whole[6:]}"))


def gb_nino(random: Random, born: dt.date, gender: str) -> str:  # noqa: ARG001 -- one signature for all
    """Return a National Insurance number."""
    prefix = "BG"
    while prefix in _NINO_NEVER:
        prefix = random.choice(_NINO_FIRST) + random.choice(_NINO_SECOND)
    digits, suffix = _digits(random, 6), random.choice("ABCD")
    return random.choice((f"{prefix}{digits}{suffix}", f"{prefix} {digits[:2]} {digits[2:4]} {digits[4:]} {suffix}"))


MAKERS: Mapping[str, Maker] = {
    maker.__name__: maker
    for maker in (
        fi_hetu, hu_taj, hu_tax_id, hu_personal_number, hu_id_card, ua_rntrc, ua_passport, ua_id_card, ua_unzr,
        se_personnummer, de_tax_id, gb_nhs, gb_nino,
    )
}  # fmt: skip
BY_LANGUAGE: Mapping[str, tuple[str, ...]] = {
    "fi": ("fi_hetu",),
    "hu": ("hu_taj", "hu_tax_id", "hu_personal_number", "hu_id_card"),
    "uk": ("ua_rntrc", "ua_passport", "ua_id_card", "ua_unzr"),
    "en": ("gb_nhs", "gb_nino"),
    "sv": ("se_personnummer",),
    "de": ("de_tax_id",),
}
