"""Traits and nested segments are part of a pack: its digest, its checks, its comparison, and what is told of it."""

from __future__ import annotations

import pytest

from gateway.flows.policy_pack import check_pack, describe_pack, load_draft
from gateway.flows.read_policy import diff_packs, lint_pack, why_segment
from gateway.foundation.errors import InvalidInput
from gateway.policy import load_pack
from gateway.vocabulary.names import SegmentId
from tests.rooms.policy.packs import AT, baseline, baseline_texts

TRAIT = "traits/last_purchase.yaml"
NESTED = """
id: regulars_back
purpose: product_analytics
title: {en: Back, fi: Takaisin, hu: Vissza, uk: Назад}
where: {all: [{segment: regular_buyers}, {trait: last_purchase, within: P30D}]}
"""


def with_files(**files: str) -> dict[str, str]:
    """Return the baseline with these files more; ``__`` stands for a slash."""
    return baseline_texts() | {f"{name.replace('__', '/')}.yaml": text for name, text in files.items()}


def changed_trait() -> dict[str, str]:
    files = with_files(segments__regulars_back=NESTED)
    files[TRAIT] += "where: {field: amount, gte: 5}\n"
    return files


def test_a_trait_is_part_of_the_pack_and_of_its_digest() -> None:
    files = baseline_texts()
    files[TRAIT] += "# once more\n"
    assert load_pack(files).digest != baseline().digest
    assert describe_pack(baseline())[0]["traits"] == [TRAIT]
    assert TRAIT not in describe_pack(baseline())[0]["segments"]


@pytest.mark.parametrize(
    ("files", "word"),
    [
        (with_files(segments__a=NESTED.replace("regular_buyers", "regulars_back")), "directly or through others"),
        (with_files(segments__a=NESTED.replace("regular_buyers", "loyal_buyers")), r"another purpose \(Art. 5"),
        (with_files(segments__a=NESTED.replace("last_purchase", "nothing")), r"where.all\[1\].trait: .*no trait"),
        (with_files(traits__a="id: a\ntitle: {en: A}\nevent: purchase\ncount: 3\n"), "trait `traits/a.yaml`: count"),
        (with_files(**{"traits__b/c": NESTED}), "a pack has no such file"),
    ],
    ids=range(5),
)
def test_what_cannot_be_resolved_is_refused_before_it_is_a_draft(files: dict[str, str], word: str) -> None:
    with pytest.raises(InvalidInput, match=word):
        load_draft(files)
    with pytest.raises(InvalidInput, match=word):
        check_pack(load_pack(files))
    with pytest.raises(InvalidInput, match=word):
        lint_pack(files, AT)


def test_lint_names_a_trait_that_nobody_uses_or_that_lacks_a_language() -> None:
    files = with_files(traits__idle="id: idle\ntitle: {en: Idle, fi: Turha}\nevent: purchase\ncount: true\n")
    before = lint_pack(baseline_texts(), AT).findings
    found = [each for each in lint_pack(files, AT).findings if each not in before]
    assert {(each["code"], each["file"], each["key"]) for each in found} == {
        ("trait_unused", "traits/", "idle"),
        ("title_missing", "traits/", "idle"),
    }


def test_lint_denies_a_segment_for_what_its_trait_reads() -> None:
    trait = "id: worth\ntitle: {en: W, fi: W, hu: W, uk: W}\nevent: purchase\nsum: amount\n"
    files = with_files(
        traits__worth=trait, segments__rich=NESTED.replace("last_purchase, within: P30D", "worth, gte: 9")
    )
    assert not [each for each in lint_pack(files, AT).findings if each["key"] == "regulars_back"]
    files["rules/closed.yaml"] = CLOSED
    denied = [each["key"] for each in lint_pack(files, AT).findings if each["code"] == "segment_denied"]
    assert "regulars_back" in denied


CLOSED = """rules:
  - id: closed
    kind: prohibition
    article: 5(1)(c)
    rationale: {en: x, fi: x, hu: x, uk: x}
    when: {actions: [segment], purposes: [product_analytics]}
    fields: [{ids: [amount]}]
"""


def test_a_changed_trait_tells_the_segments_that_it_changes() -> None:
    old, new = load_pack(with_files(segments__regulars_back=NESTED)), load_pack(changed_trait())
    told, words = diff_packs(old, new, AT)
    assert [(each["section"], each["id"], each["change"]) for each in told["entries"]] == [("traits", TRAIT, "changed")]
    assert told["redefined"] == [
        {"segment": "lapsed_buyers", "uses": ["trait `last_purchase`"]},
        {"segment": "regulars_back", "uses": ["segment `regular_buyers`", "trait `last_purchase`"]},
    ]
    assert [line for line in words if "other conditions" in line] == [
        "  segment lapsed_buyers: other conditions, made of trait `last_purchase`",
        "  segment regulars_back: other conditions, made of segment `regular_buyers`, trait `last_purchase`",
    ]


def test_a_title_and_a_comment_change_no_conditions() -> None:
    files = baseline_texts()
    files[TRAIT] = files[TRAIT].replace("en: Last purchase", "en: The last purchase")
    assert diff_packs(baseline(), load_pack(files), AT)[0]["redefined"] == []


@pytest.mark.parametrize("language", ["en", "fi", "hu", "uk"])
def test_why_names_what_a_segment_is_made_of(language: str) -> None:
    pack = load_pack(with_files(segments__regulars_back=NESTED))
    told, words = why_segment(SegmentId("regulars_back"), pack, AT, language)
    assert told[0]["uses"] == {"segments": ["regular_buyers"], "traits": ["last_purchase"]}
    assert told[0]["fields"] == ["country"]
    assert [line.split(": ")[1] for line in words[-2:]] == ["regular_buyers", "last_purchase"]
