# ruff: noqa: S311, RUF001 -- made-up data, some in Ukrainian
from __future__ import annotations

import hashlib
import json
import random
import uuid

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection import Detector
from gateway.detection.headers import read_header
from gateway.detection.lexicon import ENTRIES
from gateway.detection.special import SPECIAL
from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.findings import ColumnKind
from tests.rooms.detection import support

RNG = random.Random(4)
MAILS = [f"person{number}@example.org" for number in range(40)]
PLATES = [f"{RNG.choice(['ABC', 'XYZ', 'KLM'])}-{RNG.randrange(100, 999)}" for _ in range(40)]
UUIDS = [str(uuid.UUID(int=RNG.getrandbits(128), version=4)) for _ in range(40)]
IMEIS = [number for number in (str(35 * 10**13 + n * 7919) for n in range(400)) if sum(
    sum(divmod(int(d) * (2 if i % 2 else 1), 10)) for i, d in enumerate(number)) % 10 == 0]  # fmt: skip
UNZRS = [
    number for number in (f"19650{n % 9 + 1}10-{10000 + n}" for n in range(400)) if sum(
        int(digit) * (7, 3, 1)[place % 3] for place, digit in enumerate(number.replace("-", "")[:-1])
    ) % 10 == int(number[-1])
]  # fmt: skip
COMMITS = [hashlib.sha1(bytes([n]), usedforsecurity=False).hexdigest() for n in range(40)]


@pytest.fixture(scope="module")
def detector() -> Detector:
    return Detector(support.catalogue())


def one(detector: Detector, header: str, values: list[str]) -> str:
    return detector.classify(pa.table({header: pa.array(values, pa.string())}))[header].category


@pytest.mark.parametrize(
    ("header", "values", "category"),
    [
        ("c", [f"02:00:5e:00:53:{n:02x}" for n in range(40)], "mac"),
        ("c", [f"GA1.2.{10**8 + n}.{16 * 10**8 + n}" for n in range(40)], "cookie_id"),
        ("c", [f"60.{10000 + n}, 24.{20000 + n}" for n in range(40)], "coordinates"),
        ("c", [f"Person {mail} <{mail}>".replace("@example.org ", " ") for mail in MAILS], "email_name"),
        ("link", [f"https://example.org/u?e={mail.replace('@', '%40')}" for mail in MAILS], "email_url"),
        ("c", [f"+358 40 123 45{n} / {mail}" for n, mail in enumerate(MAILS, 10)], "contact_line"),
        ("c", [json.dumps({"user": {"e": mail}}) for mail in MAILS], "json_profile"),
        ("c", [json.dumps({"last_name": "x" * n}) for n in range(9)], "json_profile"),
        ("c", [json.dumps({"w": n, "h": 2}) for n in range(9)], "unknown"),
        ("c", IMEIS, "device_id"),
        ("idfa", UUIDS, "advertising_id"),
        ("session_id", UUIDS, "technical"),
        ("c", UUIDS, "unknown"),
        ("Rendszám", PLATES, "plate"),
        ("login", ["kat12", "j_33", "xx9"], "username"),
        ("c", UNZRS, "ua_unzr"),
        ("c", [f"2024{n % 9 + 1:02}10-{10000 + n}" for n in range(40)], "unknown"),
        ("c", [f"КВ {100000 + n}" for n in range(40)], "ua_passport"),
        ("Szig szám", [f"{100000 + n}AB" for n in range(40)], "hu_id_card"),
        ("номер id картки", [f"00{1000000 + n}" for n in range(40)], "ua_id_card"),
        ("c", [f"rs{1000 + n}(A;G)" for n in range(40)], "genetic"),
        ("yearly_income", ["41200.00", "52000.50"], "income"),
        ("syntymävuosi", ["1961", "1988", "2001"], "birth_year"),
        ("age", ["61", "88", "21"], "age"),
        ("SZULDAT", ["1961-02-03", "1980-12-01"], "birth_date"),
        ("commit", COMMITS, "technical"),
        ("etag", [hashlib.md5(bytes([n]), usedforsecurity=False).hexdigest() for n in range(40)], "technical"),
        ("c", COMMITS, "unknown"),
        ("email_sha1", COMMITS, "hashed_identifier"),
        ("app_version", [f"10.{n}.3.{n}" for n in range(40)], "technical"),
        ("c", [f"10.{n}.3.{n % 7}" for n in range(40)], "unknown"),
        ("store_city", ["Helsinki", "Espoo", "Oulu"], "technical"),
        ("адреса складу", ["вул. Лісова, 3", "вул. Польова, 14"], "technical"),
        ("notes", [f"+44 7700 9000{n}" for n in range(10, 50)], "phone"),
        ("email", ["gold", "silver"], "unknown"),
        ("process_name", ["start", "stop", "retry"], "unknown"),
    ],
)  # fmt: skip
def test_single_columns(detector: Detector, header: str, values: list[str], category: str) -> None:
    assert one(detector, header, values) == category


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256"])
def test_digests_of_the_emails_beside_them_are_recognised_and_said(detector: Detector, algorithm: str) -> None:
    digests = [hashlib.new(algorithm, mail.encode(), usedforsecurity=False).hexdigest() for mail in MAILS]
    found = detector.classify(pa.table({"checksum": digests, "mail": MAILS}))["checksum"]
    assert found.category == "hashed_identifier"
    assert f"unsalted {algorithm}" in found.evidence[0]


@pytest.mark.parametrize(
    ("category", "values"),
    [
        ("health", ["asthma", "E11.9", "none", "migreeni", "цукровий діабет"]),
        ("religion", ["Lutheran", "ortodoksi", "római katolikus", "іслам"]),
        ("politics", ["Kokoomus", "Fidesz", "Слуга народу", "Labour"]),
        ("orientation", ["heterosexual", "homoseksuaali", "biszexuális"]),
        ("diet", ["vegan", "halal", "kóser", "безглютенова", "no restrictions"]),
        ("pharmacy", ["insulin", "ibuprofén", "метформін 500"]),
        ("criminal", ["theft 2014", "rattijuopumus", "шахрайство"]),
    ],
)
def test_special_categories_are_found_by_their_values_and_named_with_the_article(
    detector: Detector, category: str, values: list[str]
) -> None:
    found = detector.classify(pa.table({"c": values}))["c"]
    assert (found.category, found.kind, found.field) == (category, ColumnKind.SPECIAL_CATEGORY, None)
    assert found.article == SPECIAL[category].article
    assert found.article in " ".join(found.evidence)


@pytest.mark.parametrize("header", sorted({word for word, category in ENTRIES.items() if category in SPECIAL}))
def test_special_categories_are_found_by_their_headers(detector: Detector, header: str) -> None:
    found = detector.classify(pa.table({header: ["a1", "b2", "c3"]}))[header]
    assert (found.kind, found.article is not None) == (ColumnKind.SPECIAL_CATEGORY, True)


@pytest.mark.parametrize(
    ("category", "values"),
    [
        ("full_name", ["Anna Nagy", "Nagy Péter", "Mary Smith", "Juha Mäkinen", "Олена Коваль", "Lars Berg",
                       "Eva Horváth", "Jan Novak", "Mika Virtanen"]),
        ("given_name", ["Anna", "Péter", "Mary", "Juha", "Олена", "Lars", "Eva", "Jan", "Mika"]),
        ("family_name", ["Nagy", "Horváth", "Smith", "Mäkinen", "Коваленко", "Svensson", "Schneider", "Virtanen",
                         "Шевчук"]),
        ("unknown", ["lamp", "chair", "Table", "rug", "sofa", "mirror", "desk", "shelf", "stool"]),
        ("unknown", ["Alma", "Malm", "Ivar", "Billy"]),  # products may bear names: too few to say
    ],
)  # fmt: skip
def test_names_are_known_by_their_lists(detector: Detector, category: str, values: list[str]) -> None:
    assert one(detector, "c", values) == category


@pytest.mark.parametrize(
    "header",
    [
        "temperature",
        "destination",
        "market",
        "fare",
        "percentage",
        "average",
        "message",
        "species",
        "genre",
        "unit_test",
    ],
)
def test_ordinary_headers_are_in_no_abbreviation(header: str) -> None:
    hit = read_header(header)
    assert hit is None or hit.category in {"technical", "quantity", "free_text"}


@given(st.text(max_size=80))
def test_any_header_is_read(header: str) -> None:
    hit = read_header(header)
    assert hit is None or 0 < hit.score <= 1


@given(st.lists(st.one_of(st.none(), st.text(max_size=60)), max_size=20), st.text(max_size=20))
def test_any_column_is_classified_and_special_ones_say_why(values: list[str | None], header: str) -> None:
    found = Detector(support.catalogue()).classify(pa.table({header: pa.array(values, pa.string())}))[header]
    assert (found.kind == ColumnKind.SPECIAL_CATEGORY) == (found.article is not None)
    assert found.kind is not FieldKind.DIRECT_IDENTIFIER or found.confidence > 0


@pytest.mark.parametrize(
    "cell", ["[" * 5000, '{"a":' * 3000, "a@" * 4000, "<" * 900, "(" * 900, "1,2;" * 900, "%40" * 900]
)
def test_hostile_cells_do_no_harm(detector: Detector, cell: str) -> None:
    assert one(detector, "c", [cell, cell + "]", cell + "}"]) in {"unknown", "free_text"}
