# ruff: noqa: S311 -- Ukrainian headers and values; made-up data
from __future__ import annotations

import hashlib
import random
import re
import time

import numpy as np
import pyarrow as pa
import pytest

from gateway.detection import Detector
from gateway.vocabulary.batches import RawBatch
from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.names import SourceId
from tests.rooms.detection import support

GIVEN = {
    "fi": ["Aino", "Eero", "Helmi", "Onni", "Jukka", "Pirkko"],
    "en": ["Olivia", "Harry", "Freya", "George", "Alfie", "Ivy"],
    "hu": ["Anna", "Bence", "Zsófia", "Gergő", "Ágnes", "Márton"],
    "uk": ["Олена", "Петро", "Ольга", "Андрій", "Марія", "Іван"],
}
FAMILY = {
    "fi": ["Virtanen", "Mäkelä", "Niemi", "Korhonen", "Koskinen"],
    "en": ["Smith", "Taylor", "O'Brien", "Hughes", "Cooper"],
    "hu": ["Kovács", "Szabó", "Tóth", "Nagy", "Horváth"],
    "uk": ["Шевченко", "Коваль", "Бондаренко", "Мельник", "Зеленський"],
}
ADDRESS = {
    "fi": "Mannerheimintie {} A 5",
    "en": "{} High Street",
    "hu": "Kossuth Lajos utca {}.",
    "uk": "вул. Шевченка, {}",
}
PHONE = {"fi": "040 {} {}", "en": "07700 {}{}", "hu": "06 20 {} {}", "uk": "067 {} {}"}
NATIONAL = {"fi": support.hetu, "en": support.nino, "hu": support.hu_tax_id, "uk": support.ua_rntrc}
KIND = {"fi": "fi_hetu", "en": "gb_nino", "hu": "hu_tax_id", "uk": "ua_rntrc"}
NOTE = {
    "fi": "Asiakas toivoo että {} soittaa hänelle ensi viikolla",
    "en": "The customer asked us to call {} back next week",
    "hu": "Az ügyfél kéri hogy {} hívja vissza jövő héten",
    "uk": "Клієнт просить щоб {} передзвонила наступного тижня",
}
HEADERS = {
    "en": ["customer_no", "email", "phone", "given_name", "family_name", "street_address", "birth_date", "national_id",
           "note", "total_spend"],
    "fi": ["asiakasnro", "sähköposti", "puhelin", "etunimi", "sukunimi", "katuosoite", "syntymäaika", "henkilötunnus",
           "palaute", "ostot_eur"],
    "hu": ["Ügyfélszám", "E-mail cím", "Telefonszám", "Keresztnév", "Vezetéknév", "Lakcím", "Születési idő",
           "Adóazonosító jel", "Megjegyzés", "Összeg"],
    "uk": ["номер_клієнта", "електронна пошта", "Телефон", "Ім'я", "Прізвище", "Адреса", "Дата народження", "РНОКПП",
           "Примітка", "Сума"],
}  # fmt: skip
EXPECTED = ["customer_number", "email", "phone", "given_name", "family_name", "address", "birth_date", None,
            "free_text", "amount"]  # fmt: skip


def people(language: str, rows: int = 300) -> list[list[str]]:
    rng = random.Random(11)
    columns: list[list[str]] = [[] for _ in EXPECTED]
    for row in range(rows):
        given, family = rng.choice(GIVEN[language]), rng.choice(FAMILY[language])
        born = f"{rng.randrange(1940, 2006)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
        values = [
            str(10_000 + row), f"person{row}@example.org",
            PHONE[language].format(rng.randrange(100, 999), rng.randrange(1000, 9999)),
            given, family, ADDRESS[language].format(rng.randrange(1, 99)), born, NATIONAL[language](rng),
            NOTE[language].format(given), f"{rng.randrange(10, 900)}.{rng.randrange(10, 99)}",
        ]  # fmt: skip
        for column, value in zip(columns, values, strict=True):
            column.append(value)
    return columns


def table(language: str, headers: list[str], rows: int = 300) -> pa.Table:
    return pa.table(people(language, rows), names=headers)


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(support.catalogue())


@pytest.mark.parametrize("language", GIVEN)
def test_local_headers_and_values_agree(detector: Detector, language: str) -> None:
    found = detector.classify(table(language, HEADERS[language]))
    expected = [category or KIND[language] for category in EXPECTED]
    assert [found[header].category for header in HEADERS[language]] == expected
    assert all(finding.confidence >= 0.8 for finding in found.values())


@pytest.mark.parametrize("language", GIVEN)
def test_english_headers_and_values_agree(detector: Detector, language: str) -> None:
    found = detector.classify(table(language, HEADERS["en"]))
    assert [found[header].category for header in HEADERS["en"]] == [category or KIND[language] for category in EXPECTED]


@pytest.mark.parametrize("language", GIVEN)
def test_values_carry_where_headers_say_nothing(detector: Detector, language: str) -> None:
    headers = [f"x{number}" for number in range(len(EXPECTED))]
    found = [finding.category for finding in detector.classify(table(language, headers)).values()]
    assert [found[place] for place in (1, 2, 5, 6, 7, 8)] == [
        "email", "phone", "address", "birth_date", KIND[language], "free_text"
    ]  # fmt: skip
    assert found[0] == "unknown"


@pytest.mark.parametrize("language", GIVEN)
def test_findings_name_the_catalogue_field(detector: Detector, language: str) -> None:
    found = list(detector.classify(table(language, HEADERS[language])).values())
    names = ["customer_number", "email", "phone", "given_name", "family_name", "street_address", "birth_date",
             "national_id", "feedback"]  # fmt: skip
    assert [finding.field for finding in found][:9] == names
    assert found[7].kind is FieldKind.DIRECT_IDENTIFIER


@pytest.mark.parametrize("language", GIVEN)
def test_evidence_holds_no_value(detector: Detector, language: str) -> None:
    data = table(language, HEADERS[language])
    told = " ".join(word for finding in detector.classify(data).values() for word in finding.evidence)
    for column in data.column_names:
        for value in data.column(column).to_pylist():
            assert not re.search(rf"(?<!\w){re.escape(value)}(?!\w)", told)


def test_names_stand_in_the_addresses_of_their_rows(detector: Detector) -> None:
    rng = random.Random(2)
    rows = [(rng.choice(GIVEN["fi"]), rng.choice(FAMILY["fi"])) for _ in range(100)]
    data = pa.table(
        {
            "c1": [given for given, _ in rows],
            "c2": [family for _, family in rows],
            "c3": [f"{given}.{family}@example.org".lower().replace("ä", "a") for given, family in rows],
            "c4": [rng.choice(["Lumi", "Kivi", "Puro"]) for _ in rows],
        }
    )
    found = detector.classify(data)
    assert [found[name].category for name in data.column_names] == ["given_name", "family_name", "email", "unknown"]


@pytest.mark.parametrize(
    ("header", "values", "category"),
    [
        ("hash", [hashlib.sha256(bytes([n])).hexdigest() for n in range(40)], "unknown"),
        ("c", [hashlib.md5(bytes([n])).hexdigest() for n in range(40)], "hashed_identifier"),  # noqa: S324 -- a digest to find
        ("c", [f"192.0.2.{n}" for n in range(40)], "ip"),
        ("c", [f"https://example.org/p/{n}" for n in range(40)], "url"),
        ("c", [f"{n}@例え.test" for n in range(40)], "email"),
        ("tili", [support.iban(random.Random(n)) for n in range(40)], "iban"),
        ("c", [support.card(random.Random(n)) for n in range(40)], "card"),
        ("c", [support.hu_taj(random.Random(n)) for n in range(40)], "hu_taj"),
        ("c", ["fi", "hu", "uk", "en"], "language"),
        ("c", ["FI", "HU", "UA", "GB"], "country"),
        ("c", ["SW1A 1AA", "M1 1AE", "B33 8TH"], "postcode"),
        ("c", ["given", "refused", "withdrawn"], "consent"),
        ("c", ["nainen", "mies", "muu"], "gender"),
        ("Postinumero", ["00530", "33100", "20100"], "postcode"),
        ("registered_on", ["2025-01-03", "2026-05-06", "2024-02-02"], "date"),
        ("kaupunki", ["Helsinki", "Espoo", "Kuusamo"], "city"),
        ("Місто", ["Київ", "Львів", "Жашків"], "city"),
        ("markkinointilupa", ["kyllä 2026-05-02", "ei", "kyllä 1.2.2026"], "consent"),
        ("qty", ["1", "2", "14"], "quantity"),
        ("taj", ["111111110"], "hu_taj"),
        ("email", [], "email"),
        ("x_score_v2", ["q7-a", "q9-b"], "unknown"),
        ("x", [], "unknown"),
    ],
)
def test_single_columns(detector: Detector, header: str, values: list[str], category: str) -> None:
    assert detector.classify(pa.table({header: pa.array(values, pa.string())}))[header].category == category


@pytest.mark.parametrize(
    "values",
    [
        [str(4_000_000_000 + number * 7) for number in range(300)],
        [str(random.Random(number).randrange(10**9, 10**10)) for number in range(300)],
        [str(random.Random(number).randrange(10**8, 10**9)) for number in range(300)],
        [f"ORD-{number:07}" for number in range(300)],
        [f"{number / 7:.2f}" for number in range(300)],
        [str(1950 + number % 70) for number in range(300)],
        ["Helsinki", "Budapest", "Київ", "London"] * 20,
        ["gold", "silver", "bronze"] * 20,
        ["4111111111111111", "1759013776", "8365670003"],  # right ones, but too few to speak without a header
    ],
    ids=["orders", "ten digits", "nine digits", "codes", "amounts", "years", "cities", "tiers", "few"],
)
@pytest.mark.parametrize("header", ["order_no", "value", "x"])
def test_hard_negatives_are_no_direct_identifiers(detector: Detector, header: str, values: list[str]) -> None:
    found = detector.classify(pa.table({header: values}))[header]
    assert found.kind is not FieldKind.DIRECT_IDENTIFIER
    raw = support.batch(**{header: values})
    assert detector.check(raw, support.contract({header: "loyalty_tier"})).contradictions == ()


def test_the_same_seed_gives_the_same_findings() -> None:
    data = table("fi", HEADERS["fi"], rows=3_000)
    first, second = (Detector(support.catalogue(), seed=4).classify(data) for _ in range(2))
    assert first == second


def test_the_cost_does_not_grow_with_the_rows(detector: Detector) -> None:
    rng = np.random.default_rng(1)
    columns = {name: values * 437 for name, values in zip(HEADERS["fi"], people("fi"), strict=True)}
    columns |= {f"n{place}": rng.integers(10**9, 10**10, 131_100).astype(str).tolist() for place in range(6)}
    raw = RawBatch(SourceId("webshop"), pa.table(columns).slice(0, 131_072), np.arange(131_072))
    agreed = support.contract(dict(zip(HEADERS["fi"], ["customer_number", "email"], strict=False)))
    detector.check(raw, agreed)
    start = time.perf_counter()
    detector.check(raw, agreed)
    assert time.perf_counter() - start < 1.0  # 0.1 s on a quiet machine; room for a loaded one


def test_an_identifier_that_never_changes_is_the_shops_where_people_do(detector: Detector) -> None:
    people = [f"person{number}@example.org" for number in range(40)]
    account = ["FI2112345600000785"] * 40
    beside = detector.classify(pa.table({"email": people, "iban": account}))["iban"]
    assert (beside.category, beside.field) == ("constant", None)
    alone = detector.classify(pa.table({"amount": [f"{number}.50" for number in range(40)], "iban": account}))["iban"]
    assert alone.category == "iban"  # the rows may be one person's


@pytest.mark.parametrize("header", ["id", "_id", "NRO", "azonosító", "код", "№"])
def test_a_bare_number_is_a_persons_where_the_rows_are_people(detector: Detector, header: str) -> None:
    numbers = [str(100_000 + 7 * row) for row in range(40)]
    people = {"first_name": ["Anna", "Matti"] * 20, "email": [f"person{row}@example.org" for row in range(40)]}
    assert detector.classify(pa.table({**people, header: numbers}))[header].category == "customer_number"
    things = {"colour": ["red", "blue"] * 20, "price": [f"{row}.50" for row in range(40)]}
    assert detector.classify(pa.table({**things, header: numbers}))[header].category == "unknown"
    counted = detector.classify(pa.table({**people, "customer_no": numbers, header: numbers[::-1]}))
    assert counted[header].category == "unknown"  # the order's, or the row's
