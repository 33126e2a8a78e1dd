"""Other people's names and what only looks like one, on notes written for this; streets of the customer base."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detection import KnownNames
from gateway.detection.folding import fold
from gateway.detection.inflection import beginning_of, forms_of, romanised
from gateway.detection.persons import Reading
from gateway.detection.redaction import Redactor

HERE = Path(__file__).parent
REDACTOR = Redactor()
Places = list[tuple[int, int]]


def notes(language: str, part: str) -> Iterator[tuple[str, Places]]:
    """The notes of a part: ``tuning``, which the rules were made on, or ``last``, looked at only in sum."""
    current = ""
    for line in (HERE / f"others_{language}.txt").read_text("utf-8").splitlines():
        if line.startswith("# "):
            current = line[2:]
        elif current == part:
            text, names = "", []
            for piece in re.split(r"(\[\[.*?\]\])", line):
                if piece.startswith("[["):
                    names.append((len(text), len(text) + len(piece) - 4))
                text += piece.removeprefix("[[").removesuffix("]]")
            yield text, names


def meet(one: tuple[int, int], others: Places) -> bool:
    return any(one[0] < high and low < one[1] for low, high in others)


def scores(language: str, part: str) -> tuple[float, float]:
    """Return F1 of names, by overlap, and the share of notes without names that stay as they are."""
    made = [*notes(language, part)]
    found = REDACTOR.find(pa.array([text for text, _ in made]), {}, pa.array([language] * len(made)))
    people = [[(one.start, one.end) for one in findings if one.category == "person"] for findings in found]
    wanted = [names for _, names in made]
    missed = sum(not meet(name, said) for names, said in zip(wanted, people, strict=True) for name in names)
    wrong = sum(not meet(one, names) for names, said in zip(wanted, people, strict=True) for one in said)
    right = sum(map(len, wanted)) - missed
    untouched = [not findings for names, findings in zip(wanted, found, strict=True) if not names]
    return 2 * right / (2 * right + missed + wrong), sum(untouched) / len(untouched)


@pytest.mark.parametrize(
    ("language", "part", "least", "untouched"),
    [
        ("en", "tuning", 0.85, 0.8), ("fi", "tuning", 0.9, 0.9), ("hu", "tuning", 0.9, 0.9), ("uk", "tuning", 0.9, 0.9),
        ("en", "last", 0.8, 0.75), ("fi", "last", 0.85, 0.85), ("hu", "last", 0.85, 0.9), ("uk", "last", 0.8, 0.85),
    ],
)  # fmt: skip
def test_names_of_others_and_what_only_looks_like_one(language: str, part: str, least: float, untouched: float) -> None:
    f1, kept = scores(language, part)
    assert f1 >= least
    assert kept >= untouched


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("hu", "jó lenne ha valaki szeretne visszahívni"),
        ("fi", "punainen tai sininen takki pian, valkoinen toisen kerran"),
        ("uk", "армійський наплічник та київський торт"),
        ("en", "the branch in york has a machine and a kit"),
    ],
)
def test_verbs_and_adjectives_that_end_as_names_do(language: str, text: str) -> None:
    assert not Reading(text, fold(text), language).spans


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("en", "Paul Smith rang about the lamp", "Paul Smith"),  # a brand, too, but brands do not ring
        ("en", "Please tell John Lewis that I called", "John Lewis"),
        ("hu", "Kovács Anna ruhája sérült", "Kovács Anna"),  # hers, not called like her
        ("uk", "Сукня Оксани порвана", "Оксани"),
        ("fi", "Halosen tilaus jäi", "Halosen"),
        ("en", "Refund please. Kind regards, m. quuxley", "m. quuxley"),
    ],
)
def test_who_acts_owns_or_signs_is_a_person(language: str, text: str, name: str) -> None:
    assert [text[one.start : one.end] for one in Reading(text, fold(text), language).spans] == [name]


STREETS = KnownNames(streets=frozenset({"hallavaarankuja", "kerekréti lajos utca", "вул перевальчака", "quux road"}))


@pytest.mark.parametrize(
    ("language", "text", "kept"),
    [
        ("fi", "osoite hallavaarankuja 5, kiitos", "osoite [STREET_ADDRESS], kiitos"),
        ("fi", "Asun Hallavaarankujalla nyt", "Asun [STREET_ADDRESS] nyt"),
        ("fi", "hallavaarankujaa pitkin", "hallavaarankujaa pitkin"),
        ("hu", "a kerekréti lajos utcában lakom", "a [STREET_ADDRESS] lakom"),
        ("uk", "живу на вулиці Перевальчака, 12", "живу на [STREET_ADDRESS]"),
        ("en", "we are at 12 quux road", "we are at [STREET_ADDRESS]"),
        ("en", "the quux broke", "the quux broke"),
    ],
)
def test_a_known_street_needs_a_second_sign(language: str, text: str, kept: str) -> None:
    assert REDACTOR.redact(pa.array([text]), {}, pa.array([language]), STREETS).texts.to_pylist() == [kept]


LETTERS = st.sampled_from(("aeiouynkptsrlhdvmg", "aeioubdgklmnrszcy", "абвгдеиіклмнопрстухцшщьюя"))
NAMES = LETTERS.flatmap(lambda letters: st.text(letters, min_size=2, max_size=9))


@given(NAMES, st.sampled_from(("", "nen", "kki", "s", "sz", "енко", "ськии", "ець", "ка")))
def test_all_forms_of_a_name_begin_as_the_name_does(name: str, end: str) -> None:
    whole = name + (end if end.isascii() == name.isascii() else "")
    for forms, written in zip(forms_of(whole), (whole, romanised(whole)), strict=False):
        assert all(stem.startswith(beginning_of(written)) for stem, _ in forms.stems)
