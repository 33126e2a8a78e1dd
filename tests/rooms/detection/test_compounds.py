"""Headers that stand in no list are read by their parts, and a shop's or a company's data are nobody's."""

from __future__ import annotations

import hashlib
import random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_97_10

from gateway.detection import Detector
from gateway.detection.headers import read_header
from tests.rooms.detection import support

RNG = random.Random(11)  # noqa: S311 -- made-up data
IBANS = [
    f"FI{mod_97_10.calc_check_digits(f'{number}FI')}{number}"
    for number in (str(RNG.randrange(10**13, 10**14)) for _ in range(40))
]
PHONES = [f"+35840123{n:04d}" for n in range(40)]
DIGESTS = [hashlib.sha256(bytes([n])).hexdigest() for n in range(40)]
PEOPLE = ["Matti Virtanen", "Anna Korhonen", "Liisa Nieminen", "Kalle Laine", "Juha Heikkinen", "Sari Koskinen",
          "Pekka Lehtonen", "Maria Salminen", "Antti Laitinen", "Laura Heinonen"]  # fmt: skip


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(support.catalogue())


def one(detector: Detector, header: str, values: list[str], **beside: list[str]) -> str:
    columns = {header: values, **{name: held[: len(values)] for name, held in beside.items()}}
    return detector.classify(pa.table({name: pa.array(held, pa.string()) for name, held in columns.items()}))[
        header
    ].category


@pytest.mark.parametrize(
    ("header", "category"),
    [
        ("Kundentelefonnummer", "phone"), ("TEL_KLIENTA", "phone"), ("guardianPhoneNbr", "phone"),
        ("cust_frst_nm", "given_name"), ("oppilaan sukunimi", "family_name"), ("tanuló neve", "full_name"),
        ("ПІБ_абонента", "full_name"), ("Schülername", "full_name"), ("brth_dt", "birth_date"),
        ("Wohnanschrift des Mieters", "address"), ("igazolvány száma", "national_id"),
        ("посвідчення_особи", "national_id"), ("паспорт нового зразка", "national_id"),
        ("huoltajan_email_txt", "email"), ("elevens födelsedatum", "birth_date"), ("kotitalouden tulot", "income"),
        ("fld_henkilötunnus", "fi_hetu"), ("ujjlenyomat sablon", "biometric"), ("Vorstrafenregister", "criminal"),
        ("supplier_phone", "technical"), ("beszállító bankszámlaszáma", "technical"), ("Filialadresse", "technical"),
        ("IBAN компанії", "technical"), ("varaston kaupunki", "technical"), ("file_sha256", "technical"),
        ("autómárka", "technical"), ("phone_model", "technical"), ("email_verified", "technical"),
        ("cég adószáma", "business_id"), ("supplier_contact_phone", "phone"),
    ],
)  # fmt: skip
def test_headers_are_read_by_their_parts(header: str, category: str) -> None:
    found = read_header(header)
    assert found is not None
    assert found.category == category


@pytest.mark.parametrize("header", ["support", "transport", "rating", "process_step", "import", "kondition", "Bestand"])
def test_words_that_only_contain_a_known_one_say_nothing_personal(header: str) -> None:
    found = read_header(header)
    assert found is None or found.category in {"technical", "quantity"}


@given(st.text(max_size=200))
def test_any_header_is_read_in_bounded_time_and_without_an_error(header: str) -> None:
    found = read_header(header)
    assert found is None or 0 < found.score <= 1


@pytest.mark.parametrize(
    ("header", "values", "category"),
    [
        ("vendor_iban", IBANS, "technical"), ("iban", IBANS, "iban"), ("customer_iban", IBANS, "iban"),
        ("shop_phone", PHONES, "technical"), ("phone", PHONES, "phone"),
        ("supplier_email", [f"info@shop{n}.example.org" for n in range(40)], "technical"),
        ("supplier_email", [f"anna.kask{n}@example.org" for n in range(40)], "email"),
        ("order_state", PEOPLE, "full_name"), ("store_name", PEOPLE, "technical"),
        ("stat", ["open", "closed", "in progress", "waiting"], "unknown"), ("stat", ["ч", "ж"], "gender"),
        ("utas", [f"A-{n}" for n in range(1000, 1040)], "customer_number"),
    ],
)  # fmt: skip
def test_who_a_header_speaks_of_decides_whose_the_values_are(
    detector: Detector, header: str, values: list[str], category: str
) -> None:
    assert one(detector, header, values) == category


def test_a_bare_digest_is_a_persons_only_in_a_table_about_people(detector: Detector) -> None:
    assert one(detector, "sha256", DIGESTS, size=["1"] * 40, path=["a"] * 40) == "unknown"
    assert one(detector, "sha256", DIGESTS, email=[f"p{n}@example.org" for n in range(40)]) == "hashed_identifier"


@pytest.mark.parametrize(
    "line",
    [
        "Tel: {phone}; E-mail: {mail}", "{mail} ({name})", "{name}, {phone}", "{name} | {mail} | {phone}",
        "{phone}, +358 9 1234567", "вул. Лісова 5, Київ, {phone}", "{mail}; b@example.org",
    ],
)  # fmt: skip
def test_several_identifiers_in_a_cell_are_found_in_any_layout(detector: Detector, line: str) -> None:
    cells = [
        line.format(phone=PHONES[n], mail=f"person{n}@example.org", name=PEOPLE[n % len(PEOPLE)]) for n in range(30)
    ]
    assert one(detector, "c", cells) in {"contact_line", "email_name"}


@pytest.mark.parametrize(
    "cell",
    [
        "60.17{n}, 24.93{n}", "60,17{n}; 24,93{n}", "N 60.17{n} E 24.93{n}", "lat=60.17{n} lon=24.93{n}",
        "geo:60.17{n},24.93{n}", "(60.17{n}, 24.93{n})", "60.17{n}° N, 24.93{n}° E",
    ],
)  # fmt: skip
def test_places_are_found_in_any_notation(detector: Detector, cell: str) -> None:
    assert one(detector, "c", [cell.format(n=1000 + n) for n in range(30)]) == "coordinates"
