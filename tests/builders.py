"""Fictional people and what they bought, as the baseline pack's two sources have them. RFC 2606 domains only."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping

from gateway.flows.ingest_report import IngestReport
from gateway.vocabulary.events import Actor
from gateway.vocabulary.names import SourceId
from gateway.wiring import Gateway

NOW = dt.datetime(2026, 7, 1, 9, 0, tzinfo=dt.UTC)
TESTER = Actor("operator", "test")
CUSTOMERS, PURCHASES = SourceId("webshop_customers"), SourceId("webshop_purchases")
CUSTOMER_COLUMNS = (
    "customer_no", "email", "phone", "given_name", "family_name", "street_address", "postcode", "city", "country",
    "language", "birth_date", "national_id", "registered_on", "loyalty_tier", "marketing_consent", "analytics_choice",
    "note",
)  # fmt: skip
PURCHASE_COLUMNS = ("customer_no", "purchased_at", "quantity", "amount")


def a_customer(number: int, **changes: str) -> dict[str, str]:
    """Return a fictional grown-up from Helsinki who said yes to direct marketing."""
    row = {
        "customer_no": f"C{number:05d}",
        "email": f"person.{number}@example.org",
        "phone": f"040 555 {number:04d}",
        "given_name": "Aino",
        "family_name": "Esimerkki",
        "street_address": f"Esimerkkikatu {number}",
        "postcode": "00530",
        "city": "Helsinki",
        "country": "FI",
        "language": "fi",
        "birth_date": "1987-03-14",
        "national_id": "",
        "registered_on": "2025-02-03",
        "loyalty_tier": "gold",
        "marketing_consent": "kyllä 2026-05-02",
        "analytics_choice": "",
        "note": "",
    }
    return row | changes


def customers(numbers: Iterable[int], **changes: str) -> list[dict[str, str]]:
    """Return fictional people who differ in their identifiers only."""
    return [a_customer(number, **changes) for number in numbers]


def purchases(numbers: Iterable[int], *, each: int = 4, amount: str = "25.00") -> list[dict[str, str]]:
    """Return ``each`` purchases of each person in spring 2026: enough for the segment `loyal_buyers`."""
    return [
        {"customer_no": f"C{n:05d}", "purchased_at": f"2026-05-{day + 1:02d}", "quantity": "1", "amount": amount}
        for n in numbers
        for day in range(each)
    ]


def as_csv(rows: list[dict[str, str]], columns: Iterable[str] | None = None) -> bytes:
    """Write rows as CSV; the header comes from the first row where no columns are named."""
    sink = io.StringIO()
    writer = csv.DictWriter(sink, list(columns or rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return sink.getvalue().encode()


def ingest(gateway: Gateway, data: bytes, source: SourceId = CUSTOMERS) -> IngestReport:
    """Take in bytes as the operator would."""
    return gateway.ingest(io.BytesIO(data), source, TESTER, name="made.csv")


def filled(gateway: Gateway, people: int = 150, **changes: str) -> Mapping[str, IngestReport]:
    """Take in so many people with four purchases each; all of them belong to `loyal_buyers`."""
    numbers = range(1, people + 1)
    return {
        "customers": ingest(gateway, as_csv(customers(numbers, **changes))),
        "purchases": ingest(gateway, as_csv(purchases(numbers)), PURCHASES),
    }
