"""Writes the demo's two source files: people, and what they bought; with a known number of rows that cannot be read."""

from __future__ import annotations

import csv
import datetime as dt
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.demo.cdnow import Purchase, read_purchases
from gateway.demo.people import COLUMNS, Person, make_people

PURCHASE_COLUMNS = ("customer_no", "purchased_at", "quantity", "amount")
Progress = Callable[[int, int], None]  # rows written, rows to write
Row = Sequence[str]
_REPORT_EVERY = 5_000


@dataclass(frozen=True, slots=True)
class DemoFiles:
    """The two files and what to expect of them."""

    customers: Path
    purchases: Path
    people: int  # readable rows of ``customers``: one person each
    purchase_rows: int  # readable rows of ``purchases``
    notes: int
    consents_given: int  # to direct marketing, children's included
    consents_refused: int
    objections: int  # to product analytics
    under_age: int  # under 16 on 2026-07-01
    expected_quarantined_customers: int
    expected_quarantined_purchases: int

    @property
    def expected_quarantined(self) -> int:
        """Rows of both files that cannot be read."""
        return self.expected_quarantined_customers + self.expected_quarantined_purchases


def write_demo_files(
    directory: Path, *, seed: int = 20260701, customers: int | None = None, progress: Progress | None = None
) -> DemoFiles:
    """Write ``webshop_customers.csv`` and ``webshop_purchases.csv`` ; the same seed gives the same bytes.

    ``customers`` (at least 1) limits them to the first so many; None writes all 23,570. Takes about two seconds.
    """
    purchases = read_purchases(customers)
    first, spent = _histories(purchases)
    people = make_people(first, spent, seed)
    spoilt_people, spoilt_purchases = _spoilt_people(people[0]), _spoilt_purchases()
    count = itertools.count(1)
    total = len(people) + len(purchases) + len(spoilt_people) + len(spoilt_purchases)

    def told(rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            yield row
            if progress and ((done := next(count)) % _REPORT_EVERY == 0 or done == total):
                progress(done, total)

    directory.mkdir(parents=True, exist_ok=True)
    people_file, purchases_file = directory / "webshop_customers.csv", directory / "webshop_purchases.csv"
    _write(people_file, COLUMNS, told(_mixed([tuple(person.values()) for person in people], spoilt_people)))
    _write(purchases_file, PURCHASE_COLUMNS, told(_mixed([_purchase(p) for p in purchases], spoilt_purchases)))
    return DemoFiles(
        people_file, purchases_file, people=len(people), purchase_rows=len(purchases),
        notes=_count(people, "note", bool),
        consents_given=_count(people, "marketing_consent", _is_yes),
        consents_refused=_count(people, "marketing_consent", _is_no),
        objections=_count(people, "analytics_choice", bool),
        under_age=_count(people, "birth_date", lambda text: text > "2010-07-01"),
        expected_quarantined_customers=len(spoilt_people), expected_quarantined_purchases=len(spoilt_purchases),
    )  # fmt: skip


def _histories(purchases: Sequence[Purchase]) -> tuple[list[dt.date], list[float]]:
    """Return each customer's first day and the money they spent."""
    grouped = [list(group) for _, group in itertools.groupby(purchases, key=lambda p: p.customer)]
    return [group[0].day for group in grouped], [sum(float(p.amount) for p in group) for group in grouped]


def _purchase(purchase: Purchase) -> Row:
    return (f"C{purchase.customer + 1:05d}", purchase.day.isoformat(), purchase.quantity, purchase.amount)


def _is_yes(text: str) -> bool:
    return " " in text  # a yes has a date after it, a no stands alone


def _is_no(text: str) -> bool:
    return bool(text) and not _is_yes(text)


def _count(people: Sequence[Person], column: str, test: Callable[[str], bool]) -> int:
    return sum(test(person[column]) for person in people)


def _spoilt_people(model: Person) -> list[Row]:
    """Fifteen rows that cannot be read; their customer numbers (C9…) belong to nobody."""
    kinds: tuple[tuple[int, dict[str, str]], ...] = (
        (5, {}),  # one column too few or too many, see below
        (4, {"birth_date": "1987-02-30"}),
        (3, {"customer_no": "", "email": "", "phone": "", "national_id": ""}),
        (3, {"marketing_consent": "perhaps later"}),
    )
    rows: list[Row] = []
    for many, change in kinds:
        for _ in range(many):
            n = len(rows)
            own = {"customer_no": f"C9{n:04d}", "email": f"nobody{n}@example.org", "phone": "", "national_id": ""}
            values = tuple((model | own | change | {"note": ""}).values())
            rows.append(values if change else (values[:-1] if n % 2 else (*values, "")))
    return rows


def _spoilt_purchases() -> list[Row]:
    """Eight rows that cannot be read."""
    return [
        ("C00003", "2025-03-01", "1"),
        ("C00003", "2025-03-01", "1", "9.99", "gift"),
        ("C00004", "2025-02-29", "1", "9.99"),
        ("C00004", "last Friday", "1", "9.99"),
        ("", "2025-03-02", "2", "19.98"),
        ("", "2025-03-03", "2", "19.98"),
        ("C00005", "2025-03-04", "1", "twelve"),
        ("C00005", "2025-03-05", "a few", "9.99"),
    ]


def _mixed(rows: Sequence[Row], spoilt: Sequence[Row]) -> Iterator[Row]:
    """Yield all rows with the spoilt ones spread evenly among them."""
    step = len(rows) // (len(spoilt) + 1)
    left = list(reversed(spoilt))
    for i, row in enumerate(rows, 1):
        yield row
        if left and step and i % step == 0:
            yield left.pop()
    yield from reversed(left)


def _write(path: Path, header: Row, rows: Iterator[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
