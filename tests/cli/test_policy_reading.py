"""``gateway policy lint``, ``diff`` and ``why``; ``gateway consent why``: nothing changes, no value is repeated."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.support import CANARY, ROOT, SOMEBODY, Said, done, gateway, in_force, refused

BASELINE = ROOT / "policies" / "baseline"


def edit(pack: Path, file: str, old: str, new: str) -> None:
    text = (pack / file).read_text(encoding="utf-8")
    assert old in text
    (pack / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_baseline_is_lint_clean_with_its_segments() -> None:
    said = done(gateway("policy", "lint", "--strict", "--at", "2026-11-21", "--policies", BASELINE, "--json")).json
    assert said == {"findings": [], "errors": 0, "warnings": 0}


def test_warnings_fail_where_asked_and_errors_always(pack: Path) -> None:
    edit(pack, "fields.yaml", "length: 3", "length: 5")
    at = ("--at", "2026-11-21", "--policies", pack)
    warned = done(gateway("policy", "lint", *at))
    assert "transform_fine" in warned.out
    assert gateway("policy", "lint", "--strict", *at).status == 1
    edit(pack, "rules/permissions.yaml", "recipients: [insights]", "recipients: [mailer]")
    failed = gateway("policy", "lint", *at, "--json")
    assert failed.status == 1
    assert "rule_never_fires" in {finding["code"] for finding in failed.json["findings"]}


def test_a_segment_that_may_not_be_built_is_an_error(pack: Path) -> None:
    edit(pack, "segments/young_adults_nordic.yaml", 'age_band, in: ["20-24", "25-29"]', 'gender, in: ["x"]')
    edit(pack, "segments/young_adults_nordic.yaml", "  uk: Молодь з північних країн\n", "")
    said = gateway("policy", "lint", "--at", "2026-11-21", "--policies", pack, "--json")
    assert said.status == 1
    assert {(f["code"], f["key"]) for f in said.json["findings"]} == {
        ("segment_denied", "young_adults_nordic"),
        ("title_missing", "young_adults_nordic"),
    }


def test_another_version_beside_must_not_overlap(pack: Path, tmp_path: Path) -> None:
    newer = Path(shutil.copytree(pack, tmp_path / "newer"))
    edit(newer, "pack.yaml", "version: 1.0.0", "version: 1.1.0")
    said = gateway("policy", "lint", "--beside", pack, "--policies", newer, "--at", "2026-11-21", "--json")
    assert said.status == 1
    assert [finding["code"] for finding in said.json["findings"]] == ["overlapping_periods"]


def test_a_diff_tells_columns_segments_and_what_widens(pack: Path) -> None:
    edit(pack, "rules/permissions.yaml", "          - loyalty_tier\n          - total_spend\n          - amount\n"
         "          - quantity\n          - product_category\n\n  - id: segment-analytics",
         "          - loyalty_tier\n\n  - id: segment-analytics")  # fmt: skip
    narrower = done(gateway("policy", "diff", BASELINE, pack, "--json")).json
    assert narrower["widens"] is False
    whole = next(d for d in narrower["decisions"] if d["fields"] is None)
    assert whole["columns_lost"] == ["amount", "product_category", "quantity", "total_spend"]
    assert [(s["segment"], s["change"]) for s in narrower["segments"]] == [("loyal_buyers", "permit_to_deny")]
    wider = done(gateway("policy", "diff", pack, BASELINE))
    assert "! segment `amount` for direct_marketing: is permitted from now on" in wider.out
    assert "second person" in wider.out
    assert done(gateway("policy", "diff", pack, pack)).out == "  the two are the same\n"


@pytest.mark.parametrize("language", ["en", "fi", "hu", "uk"])
def test_why_answers_about_a_field_a_recipient_and_a_segment(language: str) -> None:
    def ask(*question: str) -> Said:
        return done(gateway("policy", "why", *question, "--language", language, "--policies", BASELINE, "--json"))

    field = ask("--field", "diet", "--action", "segment", "--purpose", "direct_marketing").json
    (answer,) = field["decisions"]
    assert (answer["decision"], answer["reasons"][0]["rule"]) == ("deny", "special-categories-default")
    assert answer["words"]
    recipient = ask("--recipient", "insights").json["decisions"]
    assert [each["purpose"] for each in recipient if each["decision"] == "permit"] == ["product_analytics"]
    segment = ask("--segment", "loyal_buyers").json["decisions"]
    assert [(each["action"], each["recipient"], each["decision"]) for each in segment] == [
        ("segment", None, "permit"), ("release", "ads", "permit"), ("release", "mailer", "permit"),
    ]  # fmt: skip


def test_diff_and_why_take_versions_of_the_registry(home: Path, pack: Path) -> None:
    """A folder that is there goes before a number; the version in force answers where nothing else is named."""
    edit(pack, "purposes.yaml", "Direct marketing", "Marketing by mail")
    in_force(home, pack)
    at = ("--home", home, "--json")
    told = done(gateway("policy", "diff", "1.0.0", "2.0.0", *at)).json
    assert (told["old"].partition(":")[0], told["new"].partition(":")[0]) == ("baseline@1.0.0", "baseline@2.0.0")
    assert told["entries"] == done(gateway("policy", "diff", BASELINE, "2.0.0", *at)).json["entries"]
    refused(gateway("policy", "diff", "1.0.0", "9.9.9", "--home", home), "not-found", "no such version")

    def asked(*more: str | Path) -> str:
        label: str = done(gateway("policy", "why", "--field", "city", *more, *at)).json["pack"]
        return label.partition(":")[0]

    assert asked() == asked("--version", "2.0.0") == "baseline@2.0.0"
    assert asked("--version", "1.0.0") == asked("--policies", BASELINE) == "baseline@1.0.0"
    assert gateway("policy", "why", "--field", "city", "--version", "1.0.0", "--policies", BASELINE).status == 2
    refused(gateway("policy", "why", "--field", "city", "--version", CANARY, "--home", home), "not-found")


def test_without_a_home_why_asks_the_pack_that_one_would_begin_with(tmp_path: Path) -> None:
    where = ("--home", tmp_path / "none")
    assert done(gateway("policy", "why", "--field", "city", *where, "--json")).json["pack"].startswith("baseline@1.0.0")
    refused(gateway("policy", "why", "--field", "city", "--version", "1.0.0", *where), "invalid-input", "gateway init")
    refused(gateway("policy", "diff", "1.0.0", "2.0.0", *where), "invalid-input", "gateway init")
    assert not (tmp_path / "none").exists()


def test_why_needs_a_question() -> None:
    assert gateway("policy", "why").status == 2
    assert gateway("policy", "why", "--segment", "loyal_buyers", "--field", "city").status == 2
    assert gateway("policy", "why", "--field", "city", "--language", "sv").status == 2
    refused(gateway("policy", "why", "--segment", CANARY), "invalid-input", "no segment")
    refused(gateway("policy", "diff", BASELINE, "/nowhere"), "invalid-input")


def test_why_of_a_person_names_the_choice_that_governs(home: Path) -> None:
    def ask(subject: str = SOMEBODY, purpose: str = "direct_marketing") -> dict[str, object]:
        said = gateway("consent", "why", "--subject", subject, "--purpose", purpose, "--home", home, "--json")
        return done(said).json

    yes = ask()
    assert (yes["permits"], yes["bit"], yes["covered"], yes["reasons"]) == (True, True, True, [])
    assert (yes["governing"]["status"], yes["governing"]["notice"]) == ("given", "webshop-2026-05")  # type: ignore[index] # a dictionary
    done(gateway("consent", "record", "--subject", SOMEBODY, "--purpose", "direct_marketing", "--status", "withdrawn",
                 "--home", home))  # fmt: skip
    no = ask()
    assert (no["permits"], no["bit"], no["reasons"]) == (False, False, ["withdrawn"])
    other = ask(purpose="customer_segmentation")
    assert (other["permits"], other["reasons"]) == (True, [])
    done(gateway("requests", "restrict", "--subject", SOMEBODY, "--home", home))
    assert ask()["reasons"] == ["restricted", "withdrawn"]
    assert ask(purpose="customer_segmentation")["reasons"] == ["restricted"]
    stranger = ask(f"email:{CANARY}@example.org")
    assert (stranger["permits"], stranger["reasons"], stranger["governing"]) == (False, ["not_stored"], None)
    assert CANARY not in json.dumps(stranger)
    refused(
        gateway("consent", "why", "--subject", SOMEBODY, "--purpose", CANARY, "--home", home),
        "invalid-input", "unknown purpose",
    )  # fmt: skip
