"""How long we have (Art. 12(3))."""

from __future__ import annotations

import calendar
import datetime as dt
from zoneinfo import ZoneInfo

from gateway.rights.holidays import is_working_day

# The day of receipt is the one on the wall of the controller.
_ZONES = {"FI": "Europe/Helsinki", "HU": "Europe/Budapest", "UA": "Europe/Kyiv", "GB": "Europe/London"}
_MONTHS, _EXTENDED = 1, 3  # two further months, counted from receipt (EDPB Guidelines 01/2022, section 5.3)


def deadline(received: dt.datetime, country: str, *, extended: bool = False) -> dt.date:
    """Return the last day for an answer to a request received at an instant.

    Regulation (EEC, Euratom) 1182/71, Art. 3: the same day of the next month, or that month's last day; a Saturday,
    Sunday or public holiday moves it to the next working day.
    """
    start = local_date(received, country)
    day = _months_later(start, _EXTENDED if extended else _MONTHS)
    while not is_working_day(day, country):
        day += dt.timedelta(days=1)
    return day


def local_date(at: dt.datetime, country: str) -> dt.date:
    """Return the date of an instant in a country; in UTC where we do not know its time."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    zone = _ZONES.get(country.upper().partition("-")[0])
    return at.astimezone(ZoneInfo(zone) if zone else dt.UTC).date()


def _months_later(day: dt.date, months: int) -> dt.date:
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return dt.date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
