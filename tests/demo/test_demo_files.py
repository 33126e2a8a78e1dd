"""The demo's data are the CDNOW histories unchanged, joined with people who do not exist, the same every time."""

from __future__ import annotations

import collections
import csv
import datetime as dt
import gzip
import hashlib
import itertools
from pathlib import Path

import phonenumbers
import pytest
from stdnum.fi import hetu
from stdnum.ua import rntrc

from gateway.demo import DemoFiles, write_demo_files
from gateway.demo.cdnow import SHIFT, read_purchases
from gateway.demo.people import COLUMNS

RESERVED = ("example.org", "example.com", "example.net", ".test")  # RFC 2606


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return write_demo_files(tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def people(files: DemoFiles) -> list[dict[str, str]]:
    with files.customers.open(encoding="utf-8", newline="") as file:
        rows = [dict(zip(COLUMNS, row, strict=False)) for row in csv.reader(file)][1:]
    return [row for row in rows if row["customer_no"] and not row["customer_no"].startswith("C9")]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_purchase_histories_are_those_of_the_master_file() -> None:
    lines = "".join(
        f"{p.customer + 1},{(p.day - SHIFT):%Y%m%d},{p.quantity},{p.amount}\n" for p in read_purchases()
    ).encode()
    # Of the package's CDNOW_master.txt, written as id,date,quantity,amount without padding.
    assert hashlib.sha256(lines).hexdigest() == "efa92cd6b3a17dd690d4850cabe803ebb3133458a220dff3126ad3a4e7ba42a6"
    assert lines.count(b"\n") == 69_659


def test_weekdays_hold_and_the_histories_end_when_june_2026_ends() -> None:
    assert SHIFT.days % 7 == 0
    days = [purchase.day for purchase in read_purchases()]
    assert (min(days), max(days)) == (dt.date(2025, 1, 1), dt.date(2026, 6, 30))


def test_the_stored_copy_is_small_and_carries_its_notice() -> None:
    copy = Path(read_purchases.__code__.co_filename).parent / "data" / "cdnow_master.csv.gz"
    assert copy.stat().st_size < 300_000
    assert copy.read_bytes()[4:8] == bytes(4)  # no time stamp
    assert gzip.decompress(copy.read_bytes()).startswith(b"customer,date,quantity,amount\n")
    assert "MIT" in copy.with_name("NOTICE.md").read_text("utf-8")


def test_every_customer_is_one_person(files: DemoFiles, people: list[dict[str, str]]) -> None:
    assert [person["customer_no"] for person in people] == [f"C{n:05d}" for n in range(1, 23_571)]
    assert files.people == 23_570
    assert files.purchase_rows == 69_659
    with files.purchases.open(encoding="utf-8", newline="") as file:
        named = {row["customer_no"] for row in csv.DictReader(file)} - {""}
    assert named == {person["customer_no"] for person in people}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_people(tmp_path: Path) -> None:
    one, same = (write_demo_files(tmp_path / name, customers=400) for name in ("one", "same"))
    other = write_demo_files(tmp_path / "other", customers=400, seed=1)
    assert digest(one.customers) == digest(same.customers)
    assert digest(one.purchases) == digest(same.purchases) == digest(other.purchases)
    assert digest(one.customers) != digest(other.customers)


def test_the_figures_are_those_promised(files: DemoFiles, people: list[dict[str, str]]) -> None:
    count = len(people)
    shares = {code: n / count for code, n in collections.Counter(person["country"] for person in people).items()}
    assert shares == pytest.approx({"FI": 0.40, "HU": 0.25, "UA": 0.20, "GB": 0.15}, abs=0.01)
    assert files.consents_given / count == pytest.approx(0.62, abs=0.015)
    assert files.consents_refused / count == pytest.approx(0.20, abs=0.015)
    assert files.objections / count == pytest.approx(0.02, abs=0.005)
    assert files.notes / count == pytest.approx(0.08, abs=0.01)
    assert 3 <= files.under_age <= 60
    assert files.expected_quarantined == 23


def test_as_many_rows_cannot_be_read_as_are_expected(files: DemoFiles) -> None:
    def readable_date(text: str) -> bool:
        try:
            return bool(dt.date.fromisoformat(text))
        except ValueError:
            return False

    def bad_person(row: list[str]) -> bool:
        person = dict(zip(COLUMNS, row, strict=False))
        return (
            len(row) != len(COLUMNS)
            or not readable_date(person["birth_date"])
            or not (person["customer_no"] or person["email"] or person["phone"])
            or person["marketing_consent"].startswith("perhaps")
        )

    def bad_purchase(row: list[str]) -> bool:
        return (
            len(row) != 4
            or not row[0]
            or not readable_date(row[1])
            or not row[2].isdigit()
            or not row[3].replace(".", "").isdigit()
        )

    for path, bad, expected in (
        (files.customers, bad_person, files.expected_quarantined_customers),
        (files.purchases, bad_purchase, files.expected_quarantined_purchases),
    ):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))[1:]
        assert sum(map(bad, rows)) == expected


def test_no_identifier_belongs_to_two_people(people: list[dict[str, str]]) -> None:
    for column in ("customer_no", "email", "national_id"):
        given = [person[column].lower().replace(" ", "") for person in people if person[column]]
        assert len(given) == len(set(given)), column


def test_email_domains_are_reserved_for_examples(people: list[dict[str, str]]) -> None:
    domains = {person["email"].rpartition("@")[2].lower() for person in people if person["email"]}
    assert domains
    assert all(domain.endswith(RESERVED) for domain in domains)
    assert all(person["email"].isascii() for person in people)


def test_telephone_numbers_are_unique_and_valid_where_they_are_used(people: list[dict[str, str]]) -> None:
    given = [(person["phone"], person["country"]) for person in people if person["phone"]]
    parsed = [phonenumbers.parse(number, country) for number, country in given]
    assert len({(number.country_code, number.national_number) for number in parsed}) == len(parsed)  # nobody shares one
    assert sum(map(phonenumbers.is_valid_number, parsed)) / len(parsed) >= 0.99
    assert len({"".join("9" if c.isdigit() else c for c in number) for number, _ in given}) > 12  # styles


def hungarian_is_valid(number: str, born: dt.date) -> bool:
    days = (born - dt.date(1867, 1, 1)).days
    total = sum(place * int(digit) for place, digit in enumerate(number[:9], 1))
    return number[0] == "8" and number[1:6] == f"{days:05d}" and total % 11 == int(number[9]) and len(number) == 10


def test_national_ids_have_valid_check_digits_and_say_the_date_of_birth(people: list[dict[str, str]]) -> None:
    signs = set()
    for person in (person for person in people if person["national_id"]):
        number, born = person["national_id"], dt.date.fromisoformat(person["birth_date"])
        match person["country"]:
            case "FI":
                assert hetu.is_valid(number)
                assert number[:6] == f"{born:%d%m%y}"
                signs.add(number[6])
            case "HU":
                assert hungarian_is_valid(number, born)
            case "UA":
                assert rntrc.is_valid(number)
                assert int(number[:5]) == (born - dt.date(1899, 12, 31)).days
            case _:
                plain = number.replace(" ", "")
                assert plain[:2].isalpha()
                assert plain[2:8].isdigit()
                assert plain[8] in "ABCD"
    assert signs >= set("-A")
    assert signs - set("-A")  # signs that came into use in 2023


def test_notes_mention_what_they_should_not(people: list[dict[str, str]]) -> None:
    notes = [person for person in people if person["note"]]
    for column in ("given_name", "phone", "national_id", "email"):
        assert sum(bool(p[column]) and p[column] in p["note"] for p in notes) > len(notes) / 20, column
    assert not any("{" in person["note"] for person in notes)
    assert any(f"{person['given_name']}lle" in person["note"] for person in notes)


def test_progress_ends_at_the_whole(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    made = write_demo_files(tmp_path, customers=50, progress=lambda done, total: told.append((done, total)))
    rows = made.people + made.purchase_rows + made.expected_quarantined
    assert told[-1] == (rows, rows)
    assert all(before[0] < after[0] for before, after in itertools.pairwise(told))
