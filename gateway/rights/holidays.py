"""Public holidays, as far as they are certain.

From the countries' statutes as generally published: Finland (Church Act and the acts on Independence Day and May Day),
Hungary (Labour Code § 102), England and Wales (Banking and Financial Dealings Act 1971, with the customary substitute
days), Ukraine (Labour Code art. 73; the fixed days only, and whether they are free of work is suspended under martial
law). A day whose standing is not certain is left out: a deadline that comes a day early harms nobody. Other countries
have weekends only.
"""

from __future__ import annotations

import datetime as dt
from functools import cache

_FIXED = {
    "FI": ((1, 1), (1, 6), (5, 1), (12, 6), (12, 25), (12, 26)),
    "HU": ((1, 1), (3, 15), (5, 1), (8, 20), (10, 23), (11, 1), (12, 25), (12, 26)),
    "GB": (),
    "UA": ((1, 1), (3, 8), (5, 1), (5, 8), (6, 28), (7, 15), (8, 24), (10, 1), (12, 25)),
}
# Days after Easter Sunday: Good Friday, Easter Monday, Ascension, Whit Monday. Sundays need no mention.
_EASTER = {"FI": (-2, 1, 39), "HU": (-2, 1, 50), "GB": (-2, 1)}
_SATURDAY = 5


def easter(year: int) -> dt.date:
    """Return Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    ell = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * ell) // 433
    month = (h + ell - 7 * m + 90) // 25
    return dt.date(year, month, (h + ell - 7 * m + 33 * month + 19) % 32)


@cache
def holidays(country: str, year: int) -> frozenset[dt.date]:
    """Return a country's public holidays (ISO 3166; ``GB-ENG`` and ``GB`` are England and Wales)."""
    code = country.upper().partition("-")[0]
    days = {dt.date(year, month, day) for month, day in _FIXED.get(code, ())}
    days |= {easter(year) + dt.timedelta(days=after) for after in _EASTER.get(code, ())}
    if code == "GB":
        days |= _british(year)
    return frozenset(days)


def is_working_day(day: dt.date, country: str) -> bool:
    """Whether a period can end on a day."""
    return day.weekday() < _SATURDAY and day not in holidays(country, day.year)


def _british(year: int) -> set[dt.date]:
    """New Year, the May and August bank holidays and Christmas; a weekend day moves to the next working day."""
    days: set[dt.date] = {_monday(year, 5, 1), _monday(year, 5, 25), _monday(year, 8, 25)}
    for month, day in ((1, 1), (12, 25), (12, 26)):
        free = dt.date(year, month, day)
        while free.weekday() >= _SATURDAY or free in days:
            free += dt.timedelta(days=1)
        days.add(free)
    return days


def _monday(year: int, month: int, earliest: int) -> dt.date:
    first = dt.date(year, month, earliest)
    return first + dt.timedelta(days=-first.weekday() % 7)
