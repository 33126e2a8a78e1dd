from __future__ import annotations

import dataclasses

import pytest

from gateway.policy import check, load_pack
from gateway.policy.pack import Expectation
from gateway.vocabulary.decisions import Reason
from gateway.vocabulary.names import FieldId

from .packs import ask, baseline, baseline_texts, changed


def failures(files: dict[str, str]) -> dict[str, tuple[str, ...]]:
    return {result.case: result.problems for result in check(load_pack(files)) if not result.passed}


def test_a_rule_without_its_cases_fails_the_check() -> None:
    files = baseline_texts()
    files["cases/release.yaml"] = files["cases/release.yaml"].replace("[release-analytics, no-place", "[no-place")
    assert failures(files) == {
        "rule release-analytics": ("no case that permits shows this rule: add one that names it in `rules`",)
    }


def test_a_case_that_only_claims_to_show_a_rule_does_not_count() -> None:
    files = changed("cases/segment.yaml", "rules: [special-categories-default]", "rules: []")
    files["cases/segment.yaml"] = files["cases/segment.yaml"].replace(
        "rules: [special-categories-default]", "rules: []"
    )
    files["cases/segment.yaml"] = files["cases/segment.yaml"].replace(
        "rules: [segment-analytics]", "rules: [segment-analytics, special-categories-default]"
    )
    assert set(failures(files)) == {"rule special-categories-default"}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("columns: [gender, total_spend]", "columns: [gender]", "unexpected column: total_spend"),
        ("columns: [gender, total_spend]", "columns: [gender, total_spend, city]", "missing column: city"),
        ("columns: [gender, total_spend]", "minimum_size: 5", "expected minimum size 5, the engine asks 100"),
        ("columns: [gender, total_spend]", "identifiers: [email]", "missing identifier: email"),
        ("columns: [gender, total_spend]", "withheld: [city]", "missing withheld field: city"),
    ],
)
def test_a_wrong_expectation_is_told(old: str, new: str, problem: str) -> None:
    assert failures(changed("cases/segment.yaml", old, new)) == {"customers-by-gender": (problem,)}


def test_a_yes_for_a_no_and_a_no_for_a_yes_are_told() -> None:
    pack = baseline()
    case = pack.cases[0]
    no = dataclasses.replace(
        case, request=ask("segment", "direct_marketing", ["city"]), expect=Expectation(permit=False, reasons=())
    )
    yes = dataclasses.replace(
        case, request=ask("segment", "direct_marketing", ["gender"]), expect=Expectation(permit=True)
    )
    other = dataclasses.replace(yes, expect=Expectation(permit=False, reasons=(Reason("x", field=FieldId("gender")),)))
    results = check(dataclasses.replace(pack, cases=(no, yes, other)))[:3]
    assert [result.problems for result in results] == [
        ("expected deny, the engine permits",),
        ("expected permit, the engine denies: no_rule_permits, field gender",),
        ("missing reason: x, field gender", "unexpected reason: no_rule_permits, field gender"),
    ]
