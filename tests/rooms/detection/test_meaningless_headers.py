# ruff: noqa: S311 -- made-up data
"""Columns known by their values alone: five tables in four languages, under headers that say nothing."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

import pyarrow as pa
import pytest

from gateway.detection import Detector
from tests.rooms.detection import support

RNG = random.Random(77)
ROWS = 40
Maker = Callable[[], str]
LATIN = "ABCEHKMOPTX"


def digits(count: int) -> str:
    return "".join(RNG.choice("0123456789") for _ in range(count))


def letters(count: int, among: str = "ABCEFGHJKLMNPRSTUVXY") -> str:
    return "".join(RNG.choice(among) for _ in range(count))


def one(*choices: str) -> str:
    return RNG.choice(choices)


def number() -> int:
    return RNG.randint(1, 90)


def imei() -> str:
    body = "35" + digits(12)
    total = sum(sum(divmod(int(digit) * (1 + place % 2), 10)) for place, digit in enumerate(body))
    return body + str(-total % 10)


def born() -> dt.date:
    return dt.date(1940, 1, 1) + dt.timedelta(days=RNG.randrange(24_000))


def lately() -> dt.date:
    return dt.date(2023, 1, 1) + dt.timedelta(days=RNG.randrange(1_000))


LOCAL: dict[str, dict[str, dict[str, Maker]]] = {
    "en": {
        "contacts": {
            "phone": lambda: one(f"07700 900{digits(3)}", f"020 7946 0{digits(3)}", f"+44 7700 900{digits(3)}"),
            "address": lambda: f"{number()} {one('High Street', 'Station Road', 'Mill Lane', 'Oak Close')}, Leeds",
        },
        "vehicles": {"plate": lambda: f"{letters(2)}{one('12', '55', '68', '21', '73')} {letters(3)}"},
        "dates": {
            "birth_date": lambda: f"{born():%d/%m/%y}",
            "date": lambda: f"{lately():%d/%m/%Y}",
        },
    },
    "fi": {
        "contacts": {
            "phone": lambda: one(f"040 {digits(3)} {digits(4)}", f"045-{digits(7)}", f"+358 50 {digits(7)}"),
            "address": lambda: f"{one('Mäntytie', 'Koivukuja', 'Satamakatu', 'Peltotie')} {number()} as. 3",
        },
        "vehicles": {"unknown": lambda: f"{letters(3)}-{digits(3)}"},
        "dates": {
            "birth_date": lambda: f"{born():%d.%m.%y}",
            "date": lambda: f"{lately():%d.%m.%Y}",
        },
    },
    "hu": {
        "contacts": {
            "phone": lambda: one(f"06 20 {digits(3)} {digits(4)}", f"06-70/{digits(7)}", f"+3630{digits(7)}"),
            "address": lambda: f"{one('Kossuth', 'Akácfa', 'Rákóczi')} {one('utca', 'u.', 'út', 'tér')} {number()}/B",
        },
        "vehicles": {"unknown": lambda: one(f"{letters(3)}-{digits(3)}", f"AB{letters(2)}-{digits(3)}")},
        "dates": {
            "birth_date": lambda: f"{born():%y.%m.%d}.",
            "date": lambda: f"{lately():%Y.%m.%d}.",
        },
    },
    "uk": {
        "contacts": {
            "phone": lambda: one(f"067 {digits(3)} {digits(2)} {digits(2)}", f"(093) {digits(3)}-{digits(4)}"),
            "address": lambda: f"{one('вул. Шевченка', 'просп. Перемоги', 'пров. Тихий')}, {number()}, кв. 12",
        },
        "vehicles": {"plate": lambda: f"{letters(2, LATIN)}{digits(4)}{letters(2, LATIN)}"},
        "dates": {
            "birth_date": lambda: f"{born():%d.%m.%Y}",
            "date": lambda: f"{lately():%Y-%m-%d} 10:20",
        },
    },
}  # fmt: skip
EVERYWHERE: dict[str, dict[str, Maker]] = {
    "devices": {
        "device_id": imei,
        "mac": lambda: ":".join(f"{RNG.randrange(256):02x}" for _ in range(6)),
        "ip": lambda: f"203.0.113.{RNG.randrange(255)}:{RNG.randrange(1_000, 65_000)}",
        "unknown": lambda: f"{letters(3)}-{digits(4)}",
    },
    "visits": {
        "cookie_id": lambda: one(
            f"GA1.2.{digits(9)}.17{digits(8)}", f"{digits(9)}.17{digits(8)}", f"fb.1.17{digits(11)}.{digits(10)}",
            f"GS1.1.17{digits(8)}.4.1.17{digits(8)}.0.0.0", f"EAIaIQob{letters(30)}_BwE",
        ),
        "coordinates": lambda: one(
            f"{60 + RNG.random():.5f}, {24 + RNG.random():.5f}", f"{number() % 60}°12'5.2\"N {number()}°1'59\"E",
            f'{{"type":"Point","coordinates":[{24 + RNG.random():.5f},{60 + RNG.random():.5f}]}}',
        ),
        "amount": lambda: f"{RNG.uniform(1, 900):.2f}",
    },
    "places": {"coordinates": lambda: f"{47 + RNG.random():.6f}", "amount": lambda: f"{RNG.uniform(1, 900):.1f}"},
}  # fmt: skip
TABLES = [(language, table, makers) for language, tables in LOCAL.items() for table, makers in tables.items()] + [
    (language, table, makers) for language in LOCAL for table, makers in EVERYWHERE.items()
]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(support.catalogue())


@pytest.mark.parametrize(("language", "table", "makers"), TABLES, ids=[f"{one[0]}-{one[1]}" for one in TABLES])
def test_values_carry_a_column_on_their_own(
    detector: Detector, language: str, table: str, makers: dict[str, Maker]
) -> None:
    columns = {f"col_{place}": [make() for _ in range(ROWS)] for place, make in enumerate(makers.values(), 1)}
    found = detector.classify(pa.table(columns))
    assert [one.category for one in found.values()] == [*makers], (language, table)


@pytest.mark.parametrize(
    ("header", "maker", "category"),
    [
        ("Rekisterinumero", LOCAL["fi"]["vehicles"]["unknown"], "plate"),
        ("Rendszám", LOCAL["hu"]["vehicles"]["unknown"], "plate"),
        ("idfa", lambda: f"{RNG.getrandbits(32):08X}-0000-4000-8000-{RNG.getrandbits(48):012X}", "advertising_id"),
        ("gaid", lambda: f"{RNG.getrandbits(32):08x}-0000-4000-8000-{RNG.getrandbits(48):012x}", "advertising_id"),
        ("Geburtsdatum", lambda: f"{lately():%d.%m.%y}", "birth_date"),
    ],
)
def test_the_header_speaks_where_values_cannot(detector: Detector, header: str, maker: Maker, category: str) -> None:
    found = detector.classify(pa.table({header: [maker() for _ in range(ROWS)]}))
    assert found[header].category == category


@pytest.mark.parametrize(("language", "region"), [("en", "GB"), ("fi", "FI"), ("hu", "HU"), ("uk", "UA")])
def test_phones_tell_their_usual_region(detector: Detector, language: str, region: str) -> None:
    """Of one sample: British numbers that belong to nobody are in no plan, so that few of them tell GB from DE."""
    RNG.seed(1)
    values = [LOCAL[language]["contacts"]["phone"]() for _ in range(ROWS)]
    assert f"most of region {region}" in detector.classify(pa.table({"c": values}))["c"].evidence[0]
