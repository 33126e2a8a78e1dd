"""Encoding and delimiter are told from the first bytes, or asked for; a proposal decides nothing by itself."""

# ruff: noqa: RUF001 - Ukrainian is written in Cyrillic

from __future__ import annotations

import pytest
import yaml

from gateway.intake import FileFormat, describe, propose_contract
from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.findings import ColumnFinding
from gateway.vocabulary.names import FieldId, SourceId
from tests.rooms.intake.made import CUSTOMERS, is_field, profiles

FINNISH = "nimi;kaupunki;palaute\nVäinö Mäkelä;Jyväskylä;Hyvää päivää, tämä oli erittäin hyvä kokemus\n"
UKRAINIAN = "ім'я;місто;відгук\nОлена;Київ;Дуже дякую за швидку доставку, все чудово працює\n"
HUNGARIAN = "név;város;vélemény\nÁrvíztűrő Gergő;Győr;Köszönöm a gyors kiszállítást, örülök\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(FINNISH, "cp1252"), (FINNISH, "utf-8"), (FINNISH, "utf-16"), (UKRAINIAN, "cp1251"), (UKRAINIAN, "koi8-u"),
     (UKRAINIAN, "utf-32"), (UKRAINIAN, "utf-8-sig")],
)  # fmt: skip
def test_an_encoding_is_told(text: str, encoding: str) -> None:
    found = describe(text.encode(encoding), None, name="made.csv")
    assert text.encode(encoding).decode(found.encoding).removeprefix("\ufeff") == text
    assert found.header == tuple(text.splitlines()[0].split(";"))
    assert found.delimiter == ";"


def test_a_declared_encoding_wins() -> None:
    found = describe(HUNGARIAN.encode("cp1250"), profiles({}, encoding="windows-1250"), name="made.csv")
    assert found == FileFormat("csv", "cp1250", ";", ("név", "város", "vélemény"))


def test_a_sample_may_cut_a_character_and_a_row() -> None:
    whole = UKRAINIAN.encode()
    for size in range(len("ім'я;місто;відгук\n".encode()), len(whole)):
        assert describe(whole[:size], None, name="made.csv").header == ("ім'я", "місто", "відгук")


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("a\tb\n1,2\t3;4\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ('a;b\n"x,y,z";1\n"x;y";2\n', ";"),
        ("a\n1\n2\n", ","),
        ("a,b;c\n1,2;3,4\n5;6,7,8\n9;1,1\n", ";"),
    ],
)
def test_the_delimiter_is_the_one_that_keeps_rows_even(text: str, delimiter: str) -> None:
    assert describe(text.encode(), None, name="made.csv").delimiter == delimiter


def test_declared_columns_tell_the_delimiter() -> None:
    contract = profiles({"a": is_field("email"), "b": is_field("city")})
    assert describe(b"x,a|b\n1,2|3\n", profiles({"b": is_field("city")}), name="made.csv").delimiter == "|"
    assert describe(b"a;b\n", contract, name="made.csv").delimiter == ";"


def test_json_lines_are_told_by_their_opening() -> None:
    found = describe(b'\n{"a": 1}\n{"b": 2}\n{"c": ', None, name="made.json")
    assert (found.kind, found.header) == ("ndjson", ("a", "b"))


def finding(column: str, category: str, field: str | None, kind: FieldKind | None, confidence: float) -> ColumnFinding:
    return ColumnFinding(column, category, kind, FieldId(field) if field else None, confidence, ("4 of 4 cells parse",))


DIRECT, ATTRIBUTE = FieldKind.DIRECT_IDENTIFIER, FieldKind.ATTRIBUTE


def test_a_proposal_of_profiles() -> None:
    found = [
        finding("sähköposti", "email", "email", DIRECT, 1.0),
        finding("puhelin", "phone", "phone", DIRECT, 0.9),
        finding("maa", "country", "country", ATTRIBUTE, 0.9),
        finding("s-posti 2", "email", "email", DIRECT, 0.8),
        finding("kaupunki", "city", "city", ATTRIBUTE, 0.3),
        finding("lupa", "consent", None, None, 0.9),
        finding("x_score_v2", "unknown", None, None, 0.0),
    ]
    layout = FileFormat("csv", "cp1252", ";", tuple(each.column for each in found))
    entry = propose_contract(SourceId("webshop_customers"), {each.column: each for each in found}, layout)
    assert entry["columns"] == {
        "sähköposti": "email",
        "puhelin": {"field": "phone", "region_column": "maa"},
        "maa": "country",
    }
    assert entry["subject"] == ["email", "phone"]
    assert entry["undecided"] == ["s-posti 2", "kaupunki", "lupa", "x_score_v2"]
    assert (entry["kind"], entry["purposes"], entry["encoding"], entry["delimiter"]) == ("profiles", [], "cp1252", ";")
    assert yaml.safe_load(yaml.safe_dump(entry, allow_unicode=True, sort_keys=False)) == entry


def test_a_proposal_of_events() -> None:
    found = [
        finding("no", "customer_number", "customer_number", DIRECT, 1.0),
        finding("bought", "date", None, None, 0.9),
        finding("sum", "amount", "amount", FieldKind.EVENT_PROPERTY, 0.9),
    ]
    layout = FileFormat("csv", "utf-8", ",", ("no", "bought", "sum"))
    entry = propose_contract(SourceId("webshop_purchases"), {each.column: each for each in found}, layout)
    assert (entry["kind"], entry["event"], entry["time"]) == ("events", "purchase", "bought")
    assert entry["undecided"] == []


def test_a_contract_finds_its_columns() -> None:
    header = ",".join(CUSTOMERS.columns)
    assert describe(f"{header}\n".encode(), CUSTOMERS, name="made.csv").header == tuple(CUSTOMERS.columns)
