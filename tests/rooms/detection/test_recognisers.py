"""What the models add to the rules, on short notes written for this: their names stand in double brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from gateway.detection.recognisers import OTHER, Recognisers
from gateway.detection.redaction import Redactor
from gateway.detection.spans import Span

HERE = Path(__file__).parent
Places = list[tuple[int, int]]


@pytest.fixture(scope="module")
def models() -> Recognisers:
    return Recognisers()


class RulesAlone(Recognisers):
    """Finds numbers only."""

    def find(self, texts: Sequence[str], language: str) -> list[list[Span] | None]:
        return super().find(texts, language) if language == OTHER else [[] for _ in texts]


def notes(language: str) -> Iterator[tuple[str, Places]]:
    for line in (HERE / f"notes_{language}.txt").read_text("utf-8").splitlines():
        text, names = "", []
        for part in re.split(r"(\[\[.*?\]\])", line):
            if part.startswith("[["):
                names.append((len(text), len(text) + len(part) - 4))
            text += part.removeprefix("[[").removesuffix("]]")
        yield text, names


def scores(language: str, recognisers: Recognisers) -> tuple[float, float]:
    """Return precision and recall of names, by overlap."""
    made = [*notes(language)]
    redactor = Redactor()
    redactor._recognisers = recognisers  # to take the models out
    found = redactor.find(pa.array([text for text, _ in made]), {}, pa.array([language] * len(made)))
    right = wrong = hit = 0
    for (_, names), findings in zip(made, found, strict=True):
        people = [(one.start, one.end) for one in findings if one.category == "person"]
        hit += sum(any(low < end and start < high for low, high in people) for start, end in names)
        good = sum(any(low < end and start < high for start, end in names) for low, high in people)
        right, wrong = right + good, wrong + len(people) - good
    return right / (right + wrong), hit / sum(len(names) for _, names in made)


@pytest.mark.parametrize(("language", "least"), [("en", 0.85), ("fi", 0.8)])
def test_the_models_find_names_that_no_list_has(models: Recognisers, language: str, least: float) -> None:
    precision, recall = scores(language, models)
    _, alone = scores(language, RulesAlone())
    assert recall > alone
    assert 2 * precision * recall / (precision + recall) >= least


def test_there_are_models_for_english_and_finnish_only() -> None:
    assert Recognisers.languages == {"en", "fi"}


def test_a_model_is_loaded_for_its_language_only() -> None:
    recognisers = Recognisers()
    recognisers.find(["Order 111111-1111"], OTHER)
    assert [*recognisers._batches] == [OTHER]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Palautus Halosen Sähkö Oy:n myymälään", "fi"),
        ("the Bluetooth headset", "en"),
        ("I got a Dyson and a Hoover", "en"),
    ],
)
def test_things_and_companies_are_no_people_whatever_a_model_says(
    models: Recognisers, text: str, language: str
) -> None:
    (found,) = models.find([text], language)
    assert [one for one in found or () if one.category == "person"] == []


# Published examples of the authorities or of presidio's and python-stdnum's documentation.
NUMBERS = [
    "131052-308T", "AB 12 34 56 C", "811228-9874", "44051401359", "RSSMRA85T10A562S", "X1234567L", "54362315K",
    "10000000146", "078-05-1121", "BNZAA2318J", "8001015009087",
]  # fmt: skip


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_of_all_countries_are_found_in_a_text_of_any_language(models: Recognisers, number: str) -> None:
    (found,) = models.find([f"xx {number} yy"], OTHER)
    assert any(one.category == "national_id" and one.start <= 3 for one in found or ())


@pytest.mark.parametrize(("text", "expected"), [("Steuer-ID 65929970489", True), ("order 65929970489 left", False)])
def test_what_luck_passes_is_believed_beside_its_own_words_only(models: Recognisers, text: str, expected: bool) -> None:  # noqa: FBT001
    (found,) = models.find([text], OTHER)
    assert bool(found) is expected
