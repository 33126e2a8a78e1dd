# ruff: noqa: RUF001 -- Ukrainian texts; made-up people
from __future__ import annotations

from time import perf_counter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.detection import Finding, KnownNames
from gateway.detection.folding import fold, places, tidy
from gateway.detection.near import is_near
from gateway.detection.persons import Reading
from gateway.detection.redaction import LONGEST, Redactor
from gateway.detection.rules import rule_spans

REDACTOR = Redactor()


def find(text: str, own: dict[str, str] | None = None, language: str = "fi") -> tuple[Finding, ...]:
    columns = {category: pa.array([value]) for category, value in (own or {}).items()}
    return REDACTOR.find(pa.array([text]), columns, pa.array([language]))[0]


def people(text: str, language: str, names: KnownNames | None = None) -> list[str]:
    return [text[span.start : span.end] for span in Reading(text, fold(text), language, names).spans]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("fi", "Sovittu Matti Virtasen kanssa maanantaina", ["Matti Virtasen"]),
        ("fi", "Asia siirretty Korhoselle, joka palaa", ["Korhoselle"]),
        ("fi", "puhuin liisa korhosen kanssa", ["liisa korhosen"]),
        ("fi", "Rouva Quuxinen soitti", ["Quuxinen"]),
        ("fi", "Nouto Tampereen myymälästä joulukuussa", []),
        ("fi", "Aino-kaulakoru oli loppu", []),
        ("hu", "Beszéltem Kovács Katalinnal a rendelésről", ["Kovács Katalinnal"]),
        ("hu", "Tegnap Nagy úr telefonált", ["Nagy"]),
        ("hu", "Nagy késés volt a szállítással", []),
        ("hu", "A Katica gyerekágy elfogyott", []),
        ("uk", "Посилку забере Олена Шевченко завтра", ["Олена Шевченко"]),
        ("uk", "Скаргу передано Ковальчуку, чекаємо", ["Ковальчуку"]),
        ("uk", "Сукня «Марічка» маломірить", []),
        ("uk", "Доставка до Полтави затрималася", []),
        ("en", "Please release it to Margaret Okafor today", ["Margaret Okafor"]),
        ("en", "Mr Quuxley came in", ["Quuxley"]),
        ("en", "Will you send it in May or on Sunday?", []),
        ("en", "The Charlotte dress runs small", []),
        ("en", "Returned to the Harvey & Sons store", []),
    ],
)  # fmt: skip
def test_names_of_others_by_rules(language: str, text: str, expected: list[str]) -> None:
    assert people(text, language) == expected


def test_the_names_of_the_table_itself_are_known() -> None:
    text = "tilaus luovutettu zorbalalle ja xylille"
    names = KnownNames(given=frozenset({"Xyli"}), family=frozenset({"Zorbala"}))
    assert people(text, "fi") == []
    assert "xylille" in people(text, "fi", names)


@pytest.mark.parametrize("word", ["virtanne", "vritanen", "vitranen", "vitraselle", "virtsaen"])
def test_two_letters_that_changed_places_hide_no_own_name(word: str) -> None:
    assert is_near(word, "virtanen", beside=False)


@pytest.mark.parametrize(("word", "name"), [("laskun", "laine"), ("paketti", "pakkala"), ("kiitos", "kiiski")])
def test_other_words_are_not_near(word: str, name: str) -> None:
    assert not is_near(word, name, beside=True)


def test_a_slip_in_the_row_s_own_name_is_found() -> None:
    (found,) = find("Soitin Vitraselle eilen", {"family_name": "Virtanen"})
    assert (found.start, found.end, found.category) == (7, 17, "family_name")


PIECES = st.lists(
    st.sampled_from(
        ["Matti Virtanen", "soitti", "😀👩‍👩‍👧", "مرحبا", "שלום", "e\u0301 ", "A\u030a", "\u200b", "\ufeff",
         "040 555 0101", "matti@example.org",
         "Aino", "Ольга", "Kovácsné", "ﬁ", "İ", "\u1112\u1161\u11ab", "\n", "12.3.2020"]
    ),
    max_size=12,
)  # fmt: skip


@given(PIECES, st.sampled_from(["fi", "hu", "uk", "en", "xx"]))
@settings(max_examples=150, deadline=None)
def test_findings_are_in_order_apart_and_within_the_text(pieces: list[str], language: str) -> None:
    text = " ".join(pieces)
    found = find(text, {"given_name": "Aino", "phone": "0405550101"}, "fi" if language == "en" else language)
    at = 0
    for one in found:
        assert at <= one.start < one.end <= len(text)
        assert 0 < one.confidence <= 1
        at = one.end
    ends, starts = [0, *(one.end for one in found)], [*(one.start for one in found), len(text)]
    gone = "".join(text[low:high] for low, high in zip(ends, starts, strict=True))
    assert "aino" not in fold(tidy(gone)).split()
    assert "5550101" not in gone.replace(" ", "")


@given(PIECES)
def test_places_lead_back_to_the_original(pieces: list[str]) -> None:
    text = "".join(pieces)
    tidied, at = tidy(text), places(text)
    assert len(at) == len(tidied) + 1
    assert at == sorted(at)
    assert all(letter == text[place] for letter, place in zip(tidied, at, strict=False) if letter.isascii())


def test_offsets_hold_beside_emoji_and_right_to_left_text() -> None:
    text = "👩‍👩‍👧 שלום e\u0301 Aino soitti"
    (found,) = find(text, {"given_name": "Aino"})
    assert text[found.start : found.end] == "Aino"


def test_a_cell_of_ten_megabytes_is_one_finding_at_once() -> None:
    text = "Aino Virtanen " * 750_000
    start = perf_counter()
    (found,) = find(text, {"given_name": "Aino"})
    assert (found.start, found.end, found.category) == (0, len(text), "redacted")
    assert perf_counter() - start < 2.0


@pytest.mark.parametrize(
    "evil", ["Aa " * 6_000, "Matti Virtanen " * 1_300, "a-" * 9_900, "A'" * 9_900, "Matti ja " * 2_200, "x" * LONGEST]
)
def test_no_text_makes_the_rules_for_names_slow(evil: str) -> None:
    start = perf_counter()
    for language in ("fi", "hu", "uk", "en"):
        Reading(evil, fold(evil), language)
    assert perf_counter() - start < 4.0


@pytest.mark.parametrize(
    ("text", "language", "category"),
    [
        ("Код 19900420-74327 перевірено", "uk", "national_id"),
        ("NHS 943 476 5919 checked", "en", "national_id"),
        ("паспорт КМ 123456 надано", "uk", "national_id"),
        ("puh. 0405550101 illalla", "fi", "phone"),
    ],
)
def test_numbers_of_others(text: str, language: str, category: str) -> None:
    assert [span.category for span in rule_spans(fold(text), language)] == [category]


@pytest.mark.parametrize("text", ["Tilaus 1863456 puuttuu", "Paketti JJ013129285X ei päivity"])
def test_order_numbers_are_no_phones(text: str) -> None:
    assert rule_spans(fold(text), "fi") == []
