"""Each doubt is found where it is planted, and nothing is doubted in the baseline pack."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from gateway.policy import load_pack
from gateway.policy.findings import Severity
from gateway.policy.lint import as_data, lint, overlaps

from .packs import AT, baseline_texts, changed

FIELDS, RULES = "fields.yaml", "rules/permissions.yaml"
EXTRA = """
  - id: {id}
    title: {{en: {title}, fi: {fi}, hu: {hu}, uk: {uk}}}
    category: {category}
    dpv: pd:Preference
    kind: attribute
    type: {type}
"""


def codes(files: dict[str, str], at: dt.datetime = AT) -> set[str]:
    return {finding.code for finding in lint(files, at)}


def with_field(
    name: str, category: str = "user.preference", kind: str = "text", title: str = "X", **titles: str
) -> dict[str, str]:
    files, others = baseline_texts(), {"fi": "X", "hu": "X", "uk": "X"} | titles
    files[FIELDS] += EXTRA.format(id=name, category=category, type=kind, title=title, **others)
    return files


def with_column(name: str) -> dict[str, str]:
    """Let a source bring the loyalty tier under another name."""
    return changed("sources.yaml", "      loyalty_tier: loyalty_tier\n", f"      {name}: loyalty_tier\n")


def with_rule(text: str) -> dict[str, str]:
    return baseline_texts() | {"rules/more.yaml": f"rules:\n{text}"}


def test_the_baseline_is_clean() -> None:
    assert lint(baseline_texts(), AT) == ()


PERMISSION = """
  - id: more
    kind: permission
    article: {article}
    rationale: {{en: A test., fi: Testi., hu: Próba., uk: Проба.}}
    when: {{actions: [{action}], purposes: [{purpose}]{limit}}}
    fields: {fields}
"""
PROHIBITION = """
  - id: more
    kind: prohibition
    article: 5(1)(c)
    rationale: {{en: A test., fi: Testi., hu: Próba., uk: Проба.}}
    {rest}
"""


def permission(action: str, purpose: str, fields: str, limit: str = "", article: str = "6(1)(f)") -> dict[str, str]:
    return with_rule(
        PERMISSION.format(action=action, purpose=purpose, fields=fields, limit=limit and f", {limit}", article=article)
    )


def prohibition(rest: str) -> dict[str, str]:
    return with_rule(PROHIBITION.format(rest=rest))


def obligation(rest: str) -> dict[str, str]:
    return with_rule(PROHIBITION.replace("prohibition", "obligation").format(rest=rest))


def nobody(permitted: str, prohibited: str) -> dict[str, str]:
    """Permit a field for one country's people, and leave another's out."""
    one = PERMISSION.format(
        action="segment", purpose="customer_segmentation", fields="[{ids: [gender]}]", limit="", article="6(1)(f)"
    )
    other = PROHIBITION.format(
        rest=f"when: {{actions: [segment], purposes: [customer_segmentation]}}\n    people: {{regions: [{prohibited}]}}"
    ).replace("id: more", "id: less")
    return with_rule(f"{one.rstrip()}\n    people: {{regions: [{permitted}]}}\n{other}")


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (permission("segment", "product_analytics", "[{ids: [diet]}]"), "contradiction"),
        (permission("segment", "product_analytics", "[{ids: [iban]}]"), "contradiction"),
        (prohibition("when: {purposes: [product_analytics]}"), "contradiction"),
        (permission("segment", "product_analytics", "[{ids: [city]}]"), "permission_without_effect"),  # no retention
        (permission("segment", "product_analytics", "[{ids: [feedback]}]"), "permission_without_effect"),
        (permission("release", "direct_marketing", "[]", "recipients: [insights]"), "rule_never_fires"),
        (permission("store", "direct_marketing", "[{ids: [email]}]", "sources: [webshop_purchases]"),
         "rule_never_fires"),
        (permission("segment", "direct_marketing", "[{ids: [city]}]"), "basis_differs"),
        (permission("segment", "product_analytics", "[{categories: [user.pets]}]"), "matcher_without_field"),
        (prohibition("fields: [{special: [union]}]"), "matcher_without_field"),
        (prohibition("when: {recipients: [ads]}"), "prohibition_unmeasured"),
        (prohibition("when: {actions: [release]}\n    never_together: [birth_date, country]"),
         "combination_in_contract"),
        (prohibition("when: {actions: [release], recipients: [ads]}\n    never_together: [city, gender]"),
         "combination_limited"),
        (prohibition("when: {actions: [release], purposes: [direct_marketing]}\n    never_together: [city, gender]"),
         "combination_limited"),
        (prohibition("when: {actions: [segment]}\n    fields: [{ids: [city]}]"), "case_missing"),
        (with_field("favourite_colour"), "field_without_rule"),
        (with_field("church", "user.account.membership"), "special_by_proxy"),
        (with_field("monthly_due", "user.financial.union_dues"), "special_by_proxy"),
        (with_field("shop_visit", title="Pharmacy purchases"), "special_by_proxy"),
        (with_field("nationality"), "special_by_proxy"),
        (with_field("first_order", kind="date"), "transform_fine"),
        (changed(FIELDS, "years: 5", "years: 2"), "transform_fine"),
        (changed(FIELDS, "length: 3", "length: 5"), "transform_fine"),
        (changed(FIELDS, "    reveals: [health, religion] # coeliac, halal, kosher\n", ""), "special_by_proxy"),
        (changed("retention.yaml", "days: 1095", "days: 500"), "retention_outlives_consent"),
        (changed("retention.yaml", "fields: [birth_date, country, language, registered_on]",
                 "fields: [birth_date, country, language, registered_on, city]"), "retention_without_permission"),
        (changed("purposes.yaml", "notices: [webshop-2026-05]", "notices: []"), "consent_under_any_notice"),
        (changed("purposes.yaml", "    consent:\n", "    explicit_consent: [union]\n    consent:\n"),
         "explicit_consent_without_field"),
        (changed("recipients.yaml", "expires: 2027-12-31", "expires: 2099-12-31"), "contract_without_end"),
        (changed("recipients.yaml", "purposes: [direct_marketing]", "purposes: [direct_marketing, product_analytics]"),
         "contract_without_permission"),
        (changed("recipients.yaml", "fields: [birth_date, country]", "fields: [birth_date, country, gender]"),
         "contract_field_closed"),
        (changed(RULES, "          - loyalty_tier\n          - total_spend\n          - feedback",
                 "          - total_spend\n          - feedback"), "collected_without_permission"),
        (obligation("look_back_days: 36500"), "look_back_without_effect"),
        (obligation("minimum_size: 9"), "minimum_without_effect"),
        (prohibition("when: {actions: [segment]}\n    never_together: [city, iban]"), "combination_unreachable"),
        (nobody("FI", "FI"), "nobody_left"),
        (nobody("FI", "SE"), None),
        (with_field("f1", title="X", fi="Uskontokunta"), "special_by_proxy"),
        (with_field("f1", hu="Gyógyszerek"), "special_by_proxy"),
        (with_field("f1", uk="Профспілка"), "special_by_proxy"),
        (with_column("erityisruokavalio"), "special_by_proxy"),
        (changed("cases/segment.yaml", "columns: [gender, total_spend]", "columns: [gender]"), "case_fails"),
    ],
)  # fmt: skip
def test_a_doubt_is_found_where_it_is_planted(files: dict[str, str], code: str | None) -> None:
    load_pack(files)
    if code is None:
        assert not codes(files) & {"nobody_left", "combination_unreachable"}
    else:
        assert code in codes(files)


def test_a_purpose_without_retention_or_permission_is_found() -> None:
    text = """
  - id: gifts
    bit: 9
    title: {en: Gifts, fi: Lahjat, hu: X, uk: X}
    legal_basis: 6(1)(f)
    dpv: dpv:Marketing
    profiling: false
"""
    files = baseline_texts()
    files["purposes.yaml"] += text
    assert {"purpose_without_retention", "purpose_without_permission"} <= codes(files)


def test_what_is_stored_and_never_used_is_found() -> None:
    files = baseline_texts()
    head, tail = files[RULES].split("  - id: segment-customers")
    files[RULES] = f"{head}  - id: segment-customers" + tail.replace("          - city\n", "")
    found = [each for each in lint(files, AT) if each.code == "stored_without_use"]
    assert [(each.file, each.key) for each in found] == [("sources.yaml", "webshop_customers, city")]


def test_a_rule_tells_why_in_each_language_of_the_pack() -> None:
    files = prohibition("fields: [{ids: [city]}]\n    remedy: {en: Leave it out., hu: Hagyja ki.}")
    files["rules/more.yaml"] = files["rules/more.yaml"].replace(", uk: Проба.", "")
    found = [finding for finding in lint(files, AT) if finding.code == "words_missing"]
    assert [(f.rule, f.message, f.severity.value) for f in found] == [
        ("more", "no rationale in uk", "warning"), ("more", "no remedy in fi, uk", "warning"),
    ]  # fmt: skip
    assert all(finding.file == "rules/more.yaml" and finding.line for finding in found)


def test_contracts_are_measured_at_the_instant() -> None:
    files = baseline_texts()
    last = dt.datetime(2027, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
    assert codes(files, last) == set()
    over = [
        f for f in lint(files, last + dt.timedelta(seconds=1)) if f.code in {"contract_expired", "rule_fires_no_more"}
    ]
    assert {f.key for f in over} == {
        "mailer", "ads", "insights", "research", "release-marketing", "release-analytics", "release-research",
        "no-place-age-and-gender-together", "nobody-further-abroad-gets-age-or-place",
    }  # fmt: skip


def test_a_finding_says_where_and_what_to_do_and_no_value() -> None:
    found = lint(permission("segment", "product_analytics", "[{ids: [diet]}]"), AT)
    first = next(finding for finding in found if finding.code == "contradiction")
    assert (first.severity, first.file, first.line, first.rule) == (Severity.ERROR, "rules/more.yaml", 3, "more")
    assert "special-categories-default" in first.message
    assert "diet" in first.message
    assert first.remedy
    assert as_data(first)["severity"] == "error"
    assert str(first).startswith("error: rules/more.yaml, line 3, more: ")


def test_the_order_of_the_files_changes_nothing() -> None:
    files = permission("segment", "product_analytics", "[{ids: [diet]}]")
    assert lint(dict(reversed(files.items())), AT) == lint(files, AT)


def version(number: str, supersedes: str | None, begins: str) -> dict[str, str]:
    files = changed("pack.yaml", "version: 1.0.0", f"version: {number}")
    head = files["pack.yaml"].replace("2026-01-01T00:00:00Z", begins)
    return files | {"pack.yaml": head + (f"supersedes: {supersedes}\n" if supersedes else "")}


FIRST = load_pack(version("1.0.0", None, "2026-01-01T00:00:00Z"))


@pytest.mark.parametrize(
    ("number", "supersedes", "begins", "expected"),
    [
        ("1.1.0", "1.0.0", "2026-06-01T00:00:00Z", []),
        ("1.1.0", "1.0.0", "2026-01-01T00:00:00Z", []),
        ("1.1.0", "1.0.0", "2025-06-01T00:00:00Z", ["overlapping_periods"]),
        ("1.1.0", None, "2026-06-01T00:00:00Z", ["overlapping_periods"]),
        ("1.2.0", "1.1.0", "2026-06-01T00:00:00Z", ["overlapping_periods"]),
        ("1.0.0", None, "2026-06-01T00:00:00Z", ["version_twice"]),
    ],
)
def test_two_versions_are_never_in_force_at_once(
    number: str, supersedes: str | None, begins: str, expected: list[str]
) -> None:
    second = load_pack(version(number, supersedes, begins))
    for order in itertools.permutations([FIRST, second]):
        assert [finding.code for finding in overlaps(order)] == expected


def test_one_version_named_twice_is_no_overlap() -> None:
    assert overlaps([FIRST, FIRST]) == ()
