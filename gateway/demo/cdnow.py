"""The CDNOW purchase histories, moved 28 years forward (``data/NOTICE.md``)."""

from __future__ import annotations

import datetime as dt
import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path

SHIFT = dt.timedelta(days=10_227)  # 1,461 whole weeks, so that weekdays hold
_FILE = Path(__file__).parent / "data" / "cdnow_master.csv.gz"
_NEXT_CUSTOMER = "+"


@dataclass(frozen=True, slots=True)
class Purchase:
    """One purchase: the customer's place (0 is the first), its day, and the figures as they were written."""

    customer: int
    day: dt.date
    quantity: str
    amount: str  # US dollars


@cache
def _day(text: str) -> dt.date:
    return dt.date(int(text[:4]), int(text[4:6]), int(text[6:])) + SHIFT


def read_purchases(customers: int | None = None) -> tuple[Purchase, ...]:
    """Return the purchases of the first ``customers`` (all when None), by customer and then by day."""
    found: list[Purchase] = []
    customer = -1
    with gzip.open(_FILE, "rt", encoding="ascii") as file:
        next(file)  # the header
        for line in file:
            mark, day, quantity, amount = line.rstrip("\n").split(",")
            customer += mark == _NEXT_CUSTOMER
            if customers is not None and customer >= customers:
                break
            found.append(Purchase(customer, _day(day), quantity, amount))
    return tuple(found)
