"""A person is found by any identifier, however it is typed."""

from __future__ import annotations

import pytest

from gateway.wiring import Gateway
from tests.builders import as_csv, customers, ingest


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("email", "  Person.7@Example.ORG "),
        ("phone", "+358 40 555 0007"),
        ("phone", "040-5550007"),
        ("phone", "00358405550007"),
        ("customer_number", "c00007"),
    ],
)
def test_the_same_person_by_any_of_them(gateway: Gateway, kind: str, typed: str) -> None:
    ingest(gateway, as_csv(customers(range(1, 10))))
    expected = gateway.house.find(("customer_number", "C00007"))
    assert expected is not None
    assert gateway.house.find((kind, typed)) == expected
