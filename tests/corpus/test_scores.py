"""The measures measure: who knows the truth scores 1, who is silent 0, who cries everywhere is not precise."""

from __future__ import annotations

import pytest

from bench.corpus import LabelledColumn, LabelledNote, LabelledTable, Span, notes, tables
from bench.detecting import ANY_COUNTRY, Found, Said
from bench.scores import NAMES, ColumnScores, Counts, NoteScores


def knowing(note: LabelledNote) -> list[Found]:
    return [Found(span.start, span.end, span.category, span.category in NAMES) for span in note.spans]


@pytest.mark.parametrize("language", ["fi", "hu", "uk", "en"])
def test_who_knows_the_notes_scores_one_and_who_is_silent_nothing(language: str) -> None:
    best, silent = NoteScores(), NoteScores()
    for note in notes("build", language, copies=2):
        best.add(note, knowing(note))
        silent.add(note, [])
    assert (best.own.recall, best.person.f(), best.ids.recall, best.untouched.recall) == (1, 1, 1, 1)
    assert (silent.own.recall, silent.person.recall, silent.ids.recall, silent.untouched.recall) == (0, 0, 0, 1)


def test_who_knows_the_columns_scores_one_and_who_suspects_all_is_half_right() -> None:
    best, anxious = ColumnScores(), ColumnScores()
    for table in tables("build", copies=1):
        truth = [
            Said(one.category, one.direct, one.personal, one.country, one.kind == "special_category")
            for one in table.columns
        ]
        best.add(table, truth)
        anxious.add(table, [Said("x", direct=True, personal=True, national=ANY_COUNTRY, special=True)] * len(truth))
    assert (best.direct.f(), best.balanced_accuracy, best.special.f(2)) == (1, 1, 1)
    assert set(best.national) == {"fi", "hu", "ua", "gb", "se", "de"}
    assert (anxious.direct.recall, anxious.balanced_accuracy) == (1, 0.5)
    assert (anxious.direct.precision or 1) < 0.5


def test_an_ending_may_stay_and_a_name_may_not() -> None:
    note = LabelledNote(
        "Soitin Virtaselle eilen", "fi", {"family_name": "Virtanen"}, (Span(7, 17, "family_name", own=True),)
    )
    for end, right in ((17, 1), (15, 1), (13, 0)):
        scores = NoteScores()
        scores.add(note, [Found(7, end, "family_name", name=True)])
        assert scores.own.right == right


def test_a_name_where_none_is_counts_against_precision() -> None:
    scores = NoteScores()
    note = LabelledNote("Aino-kaulakoru oli loppu", "fi", {}, ())
    scores.add(note, [Found(0, 4, "given_name", name=True)])
    assert (scores.person.wrong, scores.untouched.missed) == (1, 1)


def test_a_find_that_swallows_the_text_is_a_false_name_though_a_name_is_in_it() -> None:
    note = LabelledNote(
        "We rang Siobhan about the lamp and the chairs", "en", {}, (Span(8, 15, "given_name", own=False),)
    )
    scores = NoteScores()
    scores.add(note, [Found(0, len(note.text), "person", name=True)])
    assert (scores.person.right, scores.person.wrong, scores.spans["all"].wrong) == (1, 1, 1)


def test_only_ids_addresses_of_mail_and_phones_count_as_ids() -> None:
    scores = NoteScores()
    spans = (Span(0, 9, "phone", own=False), Span(10, 21, "address", own=False))
    scores.add(LabelledNote("040123456 Satamatie 3", "fi", {}, spans), [])
    assert (scores.ids.missed, scores.spans["all"].missed) == (1, 2)


@pytest.mark.parametrize(("said", "right"), [("fi", 1), (ANY_COUNTRY, 1), ("se", 0), (None, 0)])
def test_a_national_number_is_of_its_country(said: str | None, right: int) -> None:
    column = LabelledColumn("x", ("1",), "fi_hetu", "direct_identifier", personal=True, direct=True, country="fi")
    scores = ColumnScores()
    scores.add(
        LabelledTable("t", "fi", (column,)), [Said("x", direct=True, personal=True, national=said, special=False)]
    )
    assert scores.national["fi"].right == right


def test_f2_weighs_a_miss_more_than_a_false_alarm() -> None:
    assert (Counts(8, 2, 0).f(2) or 0) < (Counts(8, 0, 2).f(2) or 0)
    assert Counts().f() is None
