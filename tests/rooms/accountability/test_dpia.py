"""The data sheet of an impact assessment: facts are the policy's, and what a person must judge is left blank."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from gateway.accountability.assessment_words import CRITERIA, QUESTIONS, RISKS
from gateway.accountability.dpia import dpia_sheet, size_class
from gateway.accountability.dpia_forms import BLANK, dpia_csv, dpia_markdown
from gateway.accountability.facts import Facts, SegmentInForce
from gateway.accountability.kept_words import KEPT, KEPT_UNTIL, KEPT_WHY
from gateway.accountability.measure_words import MEASURES
from gateway.accountability.record_words import WORDS
from gateway.flows.processing_record import configuration_of
from gateway.foundation.errors import NotFound
from gateway.policy import Pack
from gateway.vocabulary.languages import LANGUAGES
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, SegmentId
from tests.rooms.policy.packs import AT, baseline, changed

MARKETING, ANALYTICS = PurposeId("direct_marketing"), PurposeId("product_analytics")


def segment(size: int | None, taken_at: dt.datetime | None = AT, **changes: Any) -> SegmentInForce:
    made = SegmentInForce(
        SegmentId("buyers"), {"en": "Buyers", "fi": "Ostajat"}, MARKETING, (FieldId("amount"),), (), size, taken_at
    )
    return dataclasses.replace(made, **changes)


def sheet_of(pack: Pack | None = None, purpose: PurposeId = MARKETING, language: str = "en", **facts: Any) -> Any:
    configuration = configuration_of(pack or baseline(), AT)
    return dpia_sheet(configuration, Facts(at=AT, **facts), purpose, language)


def found(sheet: Any, part: str, name: str) -> Any:
    key = {"criteria": "criterion", "risks": "risk", "blanks": "id"}[part]
    return next((each for each in sheet[part] if each[key] == name), None)


def test_the_sheet_judges_nothing() -> None:
    sheet = sheet_of(segments=(segment(150),), people_for={MARKETING: 150})
    assert all(each["answer"] is None for each in sheet["blanks"])
    assert all(each["likelihood"] is None and each["severity"] is None for each in sheet["risks"])
    text = dpia_markdown(sheet)
    assert text.count(BLANK) == len(sheet["blanks"]) + 2 * len(sheet["risks"])
    for question in ("automated_decisions", "large_scale", "innovative_use", "prevents_rights"):
        assert found(sheet, "criteria", question)["finding"] == "open"


def test_fields_used_permitted_and_stored_stand_side_by_side() -> None:
    sheet = sheet_of(segments=(segment(150),))
    fields = {each["field"]: each for each in sheet["necessity"]["fields"]}
    assert fields["amount"]["used_by"] == ["buyers"]
    assert fields["city"]["used_by"] == []
    assert fields["city"]["stored"] is True
    assert fields["product_category"]["stored"] is False  # permitted, and no source brings it
    assert "city" in sheet["necessity"]["permitted_and_unused"]
    assert "amount" not in sheet["necessity"]["permitted_and_unused"]
    assert sheet["necessity"]["stored_and_closed"] == ["feedback"]


def test_criteria_and_risks_follow_the_policy() -> None:
    files = changed("purposes.yaml", "profiling: true\n    consent:", "profiling: false\n    consent:")
    from gateway.policy import load_pack  # noqa: PLC0415 - the only use

    assert found(sheet_of(), "risks", "profiling") is not None
    assert found(sheet_of(load_pack(files)), "risks", "profiling") is None
    assert found(sheet_of(load_pack(files)), "criteria", "evaluation_or_scoring")["finding"] == "open"
    assert found(sheet_of(), "criteria", "sensitive_data")["finding"] == "not_indicated"
    assert found(sheet_of(), "criteria", "vulnerable_subjects")["finding"] == "indicated"  # from 13 in one country
    assert found(sheet_of(purpose=ANALYTICS), "criteria", "vulnerable_subjects")["finding"] == "open"
    rules = [each["rule"] for each in found(sheet_of(), "risks", "small_segments")["rules"]]
    assert rules == ["minimum-size"]
    apart = [each["rule"] for each in found(sheet_of(), "risks", "combination")["rules"]]
    assert apart == ["no-place-age-and-gender-together"]


def test_a_transfer_is_a_risk() -> None:
    catalogue = baseline().catalogue
    mailer = RecipientId("mailer")
    abroad = dataclasses.replace(catalogue.recipients[mailer], country="US")
    changed_catalogue = dataclasses.replace(catalogue, recipients={**catalogue.recipients, mailer: abroad})
    sheet = sheet_of(dataclasses.replace(baseline(), catalogue=changed_catalogue))
    assert found(sheet, "risks", "transfer")["because"] == ["mailer: US"]
    assert found(sheet_of(), "risks", "transfer") is None


def test_only_a_legitimate_interest_is_weighed() -> None:
    assert found(sheet_of(), "blanks", "balancing") is None
    assert found(sheet_of(purpose=ANALYTICS), "blanks", "balancing") is not None


@pytest.mark.parametrize(
    ("size", "told"),
    [(None, "under_minimum"), (90, "<100"), (100, "100-999"), (990, "100-999"), (1000, "1000-9999"),
     (2_000_000, "1000000+")],
)  # fmt: skip
def test_a_size_is_told_as_a_class(size: int | None, told: str) -> None:
    assert size_class(segment(size)) == told
    assert size_class(segment(size, None)) == "not_built"


def test_a_refused_segment_says_why() -> None:
    sheet = sheet_of(segments=(segment(None, refusals=("special-categories-default",)),))
    assert sheet["segments"][0]["permitted"] is False
    assert "no: special-categories-default" in dpia_markdown(sheet)


def test_an_unknown_purpose_has_no_sheet() -> None:
    with pytest.raises(NotFound):
        sheet_of(purpose=PurposeId("unknown"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_sheet_speaks_every_language(language: str) -> None:
    sheet = sheet_of(language=language, segments=(segment(150),), people_for={MARKETING: 150})
    text, cells = dpia_markdown(sheet), dpia_csv(sheet)
    assert text.startswith(f"# {WORDS['sheet'][language]}")
    for each in (*sheet["criteria"], *sheet["risks"]):
        assert each["title"] in text
        assert each["title"] in cells.replace('""', '"')
    (rule,) = found(sheet, "risks", "small_segments")["rules"]
    assert rule["rationale"] == next(r for r in baseline().rules if r.id == "minimum-size").rationale[language]
    other = [texts["en"] for texts in CRITERIA.values()]
    assert language == "en" or not any(words in text for words in other)


def test_every_word_is_there_in_every_language() -> None:
    for words in (CRITERIA, RISKS, QUESTIONS, MEASURES, KEPT, KEPT_WHY, KEPT_UNTIL):
        for texts in words.values():
            assert list(texts) == list(LANGUAGES)
            assert len(set(texts.values())) == len(LANGUAGES)
