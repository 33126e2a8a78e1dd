"""The evaluation set is what it says: labels, splits, check digits, counts, and nothing that could be real."""

from __future__ import annotations

import importlib
import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache

import pytest
from stdnum import ean, iban, luhn
from stdnum.de import idnr
from stdnum.fi import hetu, ytunnus
from stdnum.gb import nhs
from stdnum.hu import anum
from stdnum.se import personnummer
from stdnum.ua import edrpou, rntrc

from bench.corpus import LabelledNote, LabelledTable, Split, national, notes, tables
from bench.corpus.folding import romanised
from bench.corpus.kinds import KINDS
from bench.corpus.layouts import LAYOUTS, PROFILES
from bench.corpus.names import names
from bench.corpus.resources import keyed, lines, sections
from bench.corpus.shapes import NOTE_LANGUAGES, SPLITS, TABLE_LANGUAGES
from bench.detection import COPIES
from gateway.detection.national_ids import is_valid

NOTES = importlib.import_module("bench.corpus.notes")  # the package's own name is the function's
TABLES = importlib.import_module("bench.corpus.tables")
COUNTRIES = {"fi", "hu", "ua", "gb", "se", "de"}
ADDRESS = re.compile(r"[\w.+-]+(?:@|%40)([\w.-]+\w)")
HOST = re.compile(r"https?://([\w.-]+)")
RESERVED = re.compile(r"(?:.+\.)?(?:example(?:\.(?:com|net|org))?|test|invalid)")
ORACLES: Mapping[str, Callable[[str], bool]] = {
    "fi_hetu": hetu.is_valid,
    "ua_rntrc": rntrc.is_valid,
    "se_personnummer": personnummer.is_valid,
    "de_tax_id": idnr.is_valid,
    "gb_nhs": nhs.is_valid,
    "iban": iban.is_valid,
    "card": lambda value: luhn.is_valid(value.replace(" ", "")),
    "ean": ean.is_valid,
    "hu_taj": lambda value: is_valid("hu_taj", value),
    "hu_tax_id": lambda value: is_valid("hu_tax_id", value),
    "hu_personal_number": lambda value: is_valid("hu_personal_number", value),
    "gb_nino": lambda value: is_valid("gb_nino", value),
    "ua_passport": lambda value: re.fullmatch(r"[А-ЯІ]{2}(?: ?№? ?)\d{6}", value) is not None,  # noqa: RUF001 -- series
    "ua_id_card": lambda value: re.fullmatch(r"\d{9}", value) is not None,
    "hu_id_card": lambda value: re.fullmatch(r"\d{6} ?[A-Z]{2}", value) is not None,
}


@cache
def made_tables(split: Split) -> tuple[LabelledTable, ...]:
    return tuple(tables(split))


@cache
def made_notes(split: Split, language: str) -> tuple[LabelledNote, ...]:
    return tuple(notes(split, language))


def filled(table: LabelledTable, category: str) -> list[str]:
    """Return the values of a category without nulls and slips (a blank too many is one, and so is lower case)."""
    values = [value for column in table.columns if column.category == category for value in column.values]
    return [value for value in values if value and value not in {"-", "n/a"}]


@pytest.mark.parametrize("category", sorted(ORACLES))
@pytest.mark.parametrize("split", SPLITS)
def test_identifiers_pass_their_formula_but_for_typing_slips(split: Split, category: str) -> None:
    values = [value for table in made_tables(split) for value in filled(table, category)]
    passed = sum(ORACLES[category](value) for value in values)
    assert len(values) >= 100
    assert passed >= 0.97 * len(values)


def test_a_record_number_ends_with_its_check_digit() -> None:
    values = [value.strip() for table in made_tables("build") for value in filled(table, "ua_unzr")]
    passed = 0
    for value in values:
        digits = [int(digit) for digit in value if digit.isdigit()]
        passed += sum(weight * digit for weight, digit in zip((7, 3, 1) * 4, digits, strict=False)) % 10 == digits[-1]
    assert passed >= 0.97 * len(values) > 100


def test_companies_have_their_own_numbers() -> None:
    oracles = {"fi": ytunnus.is_valid, "hu": anum_of, "uk": edrpou.is_valid}
    for table in made_tables("build"):
        if table.language in oracles:
            values = filled(table, "company_id")
            assert sum(oracles[table.language](value) for value in values) >= 0.9 * len(values)


def anum_of(value: str) -> bool:
    return bool(anum.is_valid(value.strip()[:8]))


@pytest.mark.parametrize("language", NOTE_LANGUAGES)
@pytest.mark.parametrize("split", SPLITS)
def test_a_span_holds_what_its_label_says(split: Split, language: str) -> None:
    for note in made_notes(split, language):
        ends = 0
        for span in note.spans:
            found = note.text[span.start : span.end]
            assert span.start >= ends and found == found.strip() != ""  # noqa: PT018 -- one place
            ends = span.end
            if span.own and span.form == "plain":
                assert same(found, note.own[span.category], span.category)


def same(found: str, held: str, category: str) -> bool:
    """Tell whether a place shows a register's value, whatever case, diacritics and separators it lost."""
    if category == "phone":
        return digits(found)[-6:] == digits(held)[-6:]
    apart = str.maketrans("", "", " '’ʼ-")  # noqa: RUF001 -- apostrophes
    left, right = (LATIN.bare(text).translate(apart).lower() for text in (found, held))
    return bool(left == right)


LATIN = importlib.import_module("bench.corpus.folding")


def digits(text: str) -> str:
    return "".join(letter for letter in text if letter.isdigit())


@pytest.mark.parametrize("language", NOTE_LANGUAGES)
def test_the_notes_of_the_parts_share_no_template(language: str) -> None:
    build, frozen = (set(NOTES.templates(split, language)) for split in SPLITS)
    assert len(build) >= 30
    assert len(frozen) >= 70
    assert not {words_of(one) for one in build} & {words_of(one) for one in frozen}


@pytest.mark.parametrize("part", ["given", "family", "patronymic"])
@pytest.mark.parametrize("language", TABLE_LANGUAGES)
def test_the_parts_share_no_name(language: str, part: str) -> None:
    build, frozen = ({name.nom for name in names(language, split, part)} for split in SPLITS)
    assert not build & frozen


def test_the_tables_of_the_parts_share_no_template_and_no_header_list() -> None:
    build, frozen = (TABLES.templates(split) for split in SPLITS)
    assert not {tuple(sorted(kinds)) for kinds in build.values()} & {tuple(sorted(kinds)) for kinds in frozen.values()}
    assert not set(build) & set(frozen)


def test_no_header_of_one_part_stands_in_the_other_in_any_spelling_kind_or_language() -> None:
    build, frozen = (
        {plain(header) for line in keyed("headers", split).values() for header in line.split(" | ")} for split in SPLITS
    )
    assert len(frozen) > 1500
    assert not build & frozen


def test_the_frozen_part_has_headers_of_its_own_for_every_kind_it_has_and_every_language() -> None:
    for kinds in TABLES.templates("frozen").values():
        for kind in set(kinds) - {"national"}:
            assert {language for key, language in keyed("headers", "frozen") if key == kind} >= set(TABLE_LANGUAGES)
    for language, kinds in national.BY_LANGUAGE.items():
        assert all((kind, language) in keyed("headers", "frozen") for kind in kinds)


def test_the_parts_share_no_layout_no_street_no_city_and_few_values() -> None:
    for layouts in (*LAYOUTS.values(), {split: tuple(map(repr, PROFILES[split])) for split in SPLITS}):
        shared = set(layouts["build"]) & set(layouts["frozen"])
        assert not {one for one in shared if not re.fullmatch(r"\{\w+\}", one)}
    for language in TABLE_LANGUAGES:
        assert not set(sections("places", "build")[language]) & set(sections("places", "frozen")[language])
    for key, line in keyed("words", "frozen").items():
        own = set(line.split("|")) - set(keyed("words", "build").get(key, "").split("|"))
        assert len(own) >= len(line.split("|")) / 2, key


def test_each_part_has_enough_national_numbers_of_each_country() -> None:
    for split in SPLITS:
        a_copy = sum(kind == "national" for kinds in TABLES.templates(split).values() for kind in kinds)
        assert a_copy * COPIES >= 40
    assert len(lines("schemas", "frozen")) == len(TABLES.templates("frozen"))


def plain(header: str) -> str:
    """Return a header without what a style changes."""
    return "".join(letter for letter in LATIN.bare(header).casefold() if letter.isalnum())


def words_of(template: str) -> str:
    """Return a template's own words: two that differ in the slots only are one."""
    return plain(re.sub(r"^~|^[mf-]{2}\||\{[^}]*\}", "", template))


@pytest.mark.parametrize("split", SPLITS)
def test_every_kind_of_column_occurs(split: Split) -> None:
    kinds = {column.category for split in SPLITS for table in made_tables(split) for column in table.columns}
    assert kinds == set(KINDS)
    countries = Counter(column.country for table in made_tables(split) for column in table.columns)
    assert {country: count for country, count in countries.items() if country in COUNTRIES and count < 18} == {}
    assert set(countries) >= COUNTRIES
    assert {table.language for table in made_tables(split)} == set(TABLE_LANGUAGES)


@pytest.mark.parametrize("split", SPLITS)
def test_every_language_has_the_notes_it_is_said_to_have(split: Split) -> None:
    for language in NOTE_LANGUAGES:
        made = made_notes(split, language)
        spans = [span for note in made for span in note.spans]
        assert len(made) >= 240
        assert sum(span.own for span in spans) >= 200
        assert sum(not span.own and span.category in {"full_name", "given_name", "family_name"} for span in spans) >= 60
        assert sum(not note.spans for note in made) >= 30
        assert {"lower", "bare", "typo"} <= {kind for note in made for kind in note.noise}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert repr(list(tables("build", 1, copies=1))) == repr(list(tables("build", 1, copies=1)))
    assert repr(list(notes("frozen", "uk", 1, copies=1))) == repr(list(notes("frozen", "uk", 1, copies=1)))
    assert repr(list(notes("frozen", "uk", 1, copies=1))) != repr(list(notes("frozen", "uk", 2, copies=1)))


@pytest.mark.parametrize("split", SPLITS)
def test_every_domain_and_address_is_one_that_is_kept_for_examples(split: Split) -> None:
    cells = [value for table in made_tables(split) for column in table.columns for value in column.values if value]
    texts = [note.text for language in NOTE_LANGUAGES for note in made_notes(split, language)]
    hosts = set()
    for text in (text for text in [*cells, *texts] if "@" in text or "%40" in text or "://" in text):
        if re.match(r" ?@?[\w/-]+@\d", text) is None:  # a package and its version
            hosts |= {host.lower() for host in [*ADDRESS.findall(text), *HOST.findall(text)]}
    assert [host for host in hosts if not RESERVED.fullmatch(host)] == []
    for table in made_tables(split):
        for value in filled(table, "ip"):
            assert not ipaddress.ip_address(value.strip()).is_global


def test_a_table_has_headers_of_its_own_and_columns_of_one_length() -> None:
    for split in SPLITS:
        for table in made_tables(split):
            found = [column.header for column in table.columns]
            assert len(set(found)) == len(found)
            assert len({len(column.values) for column in table.columns}) == 1


def test_order_numbers_pass_check_digits_by_luck_only() -> None:
    values = [value for table in made_tables("build") for value in filled(table, "order_number")]
    nine = [value for value in values if re.fullmatch(r"\d{9}", value)]
    assert 0.03 < sum(is_valid("hu_taj", value) for value in nine) / len(nine) < 0.2


def test_declined_forms_are_right() -> None:
    forms = {
        ("fi", "family", "Virtanen"): {"ela": "Virtasesta", "all": "Virtaselle"},
        ("fi", "family", "Mäkinen"): {"ade": "Mäkisellä"},
        ("fi", "family", "Lahti"): {"abl": "Lahdelta"},
        ("fi", "given", "Pekka"): {"gen": "Pekan", "all": "Pekalle"},
        ("hu", "family", "Varga"): {"dat": "Vargának", "ne": "Vargáné"},
        ("hu", "given", "Gergő"): {"all": "Gergőhöz"},
        ("hu", "family", "Nagy"): {"ins": "Naggyal", "ek": "Nagyék"},
        ("uk", "given", "Леся"): {"dat": "Лесі", "roman": "Lesia"},
    }
    for (language, part, name), wanted in forms.items():
        found = next(one for one in names(language, "build", part) if one.nom == name)
        assert wanted.items() <= found.forms.items()


@pytest.mark.parametrize(
    ("name", "latin"),
    [("Згурський", "Zghurskyi"), ("Юрій", "Yurii"), ("Знам'янка", "Znamianka"), ("Щербухи", "Shcherbukhy")],
)
def test_romanisation_is_the_official_one(name: str, latin: str) -> None:
    assert romanised(name) == latin
