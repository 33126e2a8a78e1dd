from __future__ import annotations

import dataclasses
import re

import pytest

from gateway.policy import check, load_pack
from gateway.policy.pack import Expectation
from gateway.vocabulary.decisions import Reason
from gateway.vocabulary.names import FieldId

from .packs import ask, baseline, baseline_texts, changed


def failures(files: dict[str, str]) -> dict[str, tuple[str, ...]]:
    return {result.case: result.problems for result in check(load_pack(files)) if not result.passed}


def without_naming(rule: str) -> dict[str, str]:
    """Return the baseline's files in which no case says that it is there to show the rule."""
    naming = re.compile(rf"(?m)^(    rules: \[.*?)\b{rule}(?:, )?(.*\])$")
    files = baseline_texts()
    return files | {path: naming.sub(r"\1\2", text) for path, text in files.items() if path.startswith("cases/")}


def test_a_rule_without_its_cases_fails_the_check() -> None:
    files = {path: text.replace(", ]", "]") for path, text in without_naming("release-analytics").items()}
    missing = "no case that {} shows this rule: add one that names it in `rules`"
    assert failures(files) == {"rule release-analytics": (missing.format("permits"), missing.format("denies"))}


def test_a_case_that_only_claims_to_show_a_rule_does_not_count() -> None:
    files = {path: text.replace(", ]", "]") for path, text in without_naming("special-categories-default").items()}
    claimed = files["cases/segment.yaml"].replace(
        "rules: [segment-analytics]", "rules: [segment-analytics, special-categories-default]"
    )
    assert set(failures(files | {"cases/segment.yaml": claimed})) == {"rule special-categories-default"}


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
