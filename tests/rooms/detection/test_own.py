# ruff: noqa: RUF001 -- Ukrainian texts; made-up data
"""The row's own identifiers in notes as people write them; see ``own_examples``."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.detection.dates import dates
from gateway.detection.folding import fold
from gateway.detection.near import could_be_near, heads_of
from gateway.detection.own import OwnIdentifiers
from gateway.detection.redaction import LONGEST, Redactor
from gateway.detection.romanised import skeleton
from gateway.detection.searching import names
from gateway.detection.spans import Rank, Span, settle, uncovered
from gateway.detection.streets import addresses
from tests.rooms.detection.own_examples import NOTES, PEOPLE

REDACTOR = Redactor()
KNOWN_MISSES = {"Юлиї"}  # another letter in a name of four


def read(marked: str) -> tuple[str, list[tuple[int, int]]]:
    text, marks = "", []
    for piece in re.split(r"(\{[^}]*\})", marked):
        if piece.startswith("{"):
            marks.append((len(text), len(text) + len(piece) - 2))
        text += piece.strip("{}")
    return text, marks


def own_spans(text: str, person: str) -> list[Span]:
    return OwnIdentifiers({category: [value] for category, value in PEOPLE[person].items()}).spans(0, fold(text), text)


@pytest.mark.parametrize("language", NOTES)
def test_own_identifiers_are_found_as_people_write_them(language: str) -> None:
    missed, marks = set(), 0
    for person, marked in NOTES[language]:
        text, places = read(marked)
        left = uncovered(text, own_spans(text, person))
        marks += len(places)
        missed |= {text[low:high] for low, high in places if any(one.isalnum() for one in left[low:high])}
    assert marks >= 60
    assert missed <= KNOWN_MISSES


@pytest.mark.parametrize("language", NOTES)
def test_nothing_else_is_taken_for_own(language: str) -> None:
    for person, marked in NOTES[language]:
        text, places = read(marked)
        kept = "".join(text[low:high] for low, high in settle_around(places, len(text)))
        left = uncovered(text, own_spans(text, person))
        rest = "".join(left[low:high] for low, high in settle_around(places, len(text)))
        assert re.sub(r"\W", "", rest) == re.sub(r"\W", "", kept), marked


def settle_around(places: list[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """Return what lies between the places."""
    edges = [0, *(edge for place in places for edge in place), length]
    return list(zip(edges[::2], edges[1::2], strict=True))


@pytest.mark.parametrize("text", [
    "Нині все добре, дякую", "Mary said more about the marina", "the 3rd of June", "3. kesäkuuta", "May I have 3",
    "Kossuth szobor előtt", "Sándor hívott", "Lajos bácsi", "Order 1985 in May", "The close was orderly",
])  # fmt: skip
def test_words_that_are_like_an_own_identifier_stay(text: str) -> None:
    own = {"given_name": "Ніна", "family_name": "Марчук", "birth_date": "1985-05-03",
           "street_address": "Kossuth Lajos utca 3.", "address": "5 Orchard Close"}  # fmt: skip
    columns = {category: [value] for category, value in own.items()}
    assert OwnIdentifiers(columns).spans(0, fold(text), text) == []


@pytest.mark.parametrize(
    "spellings",
    ["Юлія Yuliia Yulia Julia Iuliia Juliya", "Сергій Serhii Serhiy Sergii Sergiy", "Щербак Shcherbak Scherbak",
     "Хоменко Khomenko Homenko", "Гнатюк Hnatiuk Gnatyuk Hnatjuk", "Зеленський Zelenskyi Zelensky Zelenskiy"],
)  # fmt: skip
def test_a_name_is_found_under_every_spelling_and_alphabet(spellings: str) -> None:
    name, *others = (fold(word) for word in spellings.split())
    for other in others:
        assert set(names(f"note {other} here", name)) == {(5, 5 + len(other))}
        assert skeleton(other).rstrip("aeiou") == skeleton(name).rstrip("aeiou")


def test_the_same_day_in_other_words() -> None:
    for date in ("1985-05-03", "3.5.1985", "03/05/85", "3 May 1985"):
        for text in ("3 травня 1985", "1985. majus 3.", "3. toukokuuta 1985", "may 3rd, 1985", "3.5.85", "05/03/1985"):
            assert uncovered(text, [Span(*place, "", Rank.OWN) for place in dates(text, fold(date))]).strip(" .") == ""
        assert dates("4 травня 1985, 3 червня 1985, 3.6.1985, 2 1985", fold(date)) == []


@pytest.mark.parametrize("address", ["1051 Budapest, Kossuth Lajos utca 3.", "Kossuth Lajos utca 3., 1051 Budapest",
                                     "Flat 3, 12 Station Road", "м. Київ, вул. Хрещатик, 22"])  # fmt: skip
def test_a_town_or_a_flat_is_not_the_street(address: str) -> None:
    assert addresses("budapest es flat i kyiv i київ", fold(address)) == []
    assert addresses("a kossuth utcaban, station roadon, на хрещатику", fold(address))


PIECES = st.sampled_from([
    "Aino", "Mäkelä", "Кравець", "Kovács", "040 555 0101", "@", "a@a", "1-1", "((", ". ", "\u200b", "e\u0301",
    "\u202e", "שלום", "👩‍👧",
    "\x00", "3.5.1985", "May 3", "utca 3", "Ivan O'", "ﬃ", "İ", "İ̇", "ß", "\n", " ",
])  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join), st.lists(PIECES).map(" ".join))
VALUES = st.one_of(st.none(), st.text(max_size=12), PIECES)
CATEGORIES = ("given_name", "full_name", "email", "phone", "street_address", "birth_date", "national_id")


@given(TEXTS, st.fixed_dictionaries(dict.fromkeys(CATEGORIES, VALUES)))
@settings(max_examples=200, deadline=None)
def test_what_is_found_is_what_is_redacted(text: str, own: dict[str, str | None]) -> None:
    """Whatever the text and whoever the customer, the findings written into the text are the redacted text's."""
    columns = {category: pa.array([value], pa.string()) for category, value in own.items()}
    asked = (pa.array([text], pa.string()), columns, pa.array(["sv"]))
    found = REDACTOR.find(*asked)[0]
    edges = [0, *(edge for one in found for edge in (one.start, one.end)), len(text)]
    assert edges == sorted(edges)
    redacted = REDACTOR.redact(*asked).texts[0].as_py()
    assert re.findall(r"\[[A-Z_]+\]", redacted) == re.findall(r"\[[A-Z_]+\]", rendered(text, found))
    if text.isascii():  # nothing to compose
        assert redacted == rendered(text, found)


def rendered(text: str, found: object) -> str:
    parts, at = [], 0
    for one in found:  # type: ignore[attr-defined]  # findings
        parts += [text[at : one.start], f"[{one.category.upper()}]"]
        at = one.end
    return "".join([*parts, text[at:]])


NAMED = st.text("abcdefghijklmnopqrstuvwxyzäöåéőûабвгдежзиклмнопрст", min_size=3, max_size=14)
CODED = st.from_regex(r"[a-z]{0,3}[0-9]{6,12}", fullmatch=True)


@given(st.lists(PIECES, max_size=5), NAMED, CODED, st.lists(PIECES, max_size=5))
@settings(max_examples=250, deadline=None)
def test_what_stands_there_literally_goes(before: list[str], name: str, code: str, after: list[str]) -> None:
    """A name of three letters or more that stands as a word, and a code of six characters or more anywhere."""
    text = " ".join([*before, name, code, *after])
    own = OwnIdentifiers({"family_name": [name], "customer_number": [code]})
    left = uncovered(text, own.spans(0, fold(text), text))
    assert not re.search(rf"(?<![^\W\d_]){name}(?![^\W\d_])", left)
    assert code not in left


@pytest.mark.parametrize("person", ["juha", "laszlo", "serhii"])
@pytest.mark.parametrize(
    "unit", ["кравцю", "Hämäläinen", "maria anna ", "сергий ", "may 3 ", "kossuth ", "a'", ". A", "Aino & "]
)
def test_work_grows_with_the_length_of_a_cell_only(unit: str, person: str) -> None:
    """Counted in steps of the interpreter, since seconds depend on the machine."""
    steps = [_steps((unit * LONGEST)[: LONGEST // share], person) for share in (8, 4)]
    assert steps[1] < 3 * steps[0] + 2_000


def _steps(text: str, person: str) -> int:
    import sys  # noqa: PLC0415 -- only here

    columns = {category: pa.array([value]) for category, value in PEOPLE[person].items()}
    asked = (pa.array([text]), columns, pa.array(["sv"]))
    REDACTOR.find(*asked)
    count = 0

    def counted(*_: object) -> object:
        nonlocal count
        count += 1
        return counted

    before = sys.gettrace()
    sys.settrace(counted)  # type: ignore[arg-type]  # a tracer that only counts
    try:
        REDACTOR.find(*asked)
    finally:
        sys.settrace(before)
    return count


def test_initials_are_capitals() -> None:
    cases = (
        ("t. Leevi", "Leevi"),
        ("T. Leevi", "T. Leevi"),
        ("Leevi A., soita", "Leevi A."),
        ("O. Leevi.", "O. Leevi"),
    )
    for text, found in cases:
        (span,) = OwnIdentifiers({"family_name": ["Leevi"]}).spans(0, fold(text), text)
        assert text[span.start : span.end] == found


def test_a_word_without_end_is_no_name_with_a_slip() -> None:
    """The ways to slip are as many as the letters, each as long: one word of a whole cell would take seconds."""
    heads = heads_of("hamalainen")
    assert could_be_near("hamalaisen", heads)
    assert not could_be_near("hamalainen" * 5, heads)


def test_a_cell_of_ten_megabytes_is_closed_at_once() -> None:
    result = REDACTOR.redact(pa.array(["a" * 10_000_000]), {"given_name": pa.array(["Aino"])}, None)
    assert result.texts.to_pylist() == ["[REDACTED]"]


def test_settled_spans_of_names_keep_what_firm_ones_leave() -> None:
    text = "aa bb cc dd"
    spans = [Span(0, 11, "person", Rank.NAME), Span(3, 5, "email", Rank.RULE), Span(6, 8, "phone", Rank.OWN)]
    assert [(one.start, one.end, one.category) for one in settle(spans, text)] == [
        (0, 3, "person"), (3, 5, "email"), (6, 8, "phone"), (8, 11, "person"),
    ]  # fmt: skip
