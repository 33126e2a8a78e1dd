"""Names of segments and of computed traits: replaced by conditions, or refused at the place where they are written."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.segmentation import SegmentDefinition, definition_digest, explain, fields_of, load_segment
from gateway.segmentation.definition import MAX_CONDITIONS, MAX_DEPTH
from gateway.segmentation.errors import InvalidSegment
from gateway.segmentation.loading import load_segments, load_traits
from gateway.segmentation.words import made_of, plain_rule
from gateway.vocabulary.names import SegmentId
from tests.apart import dumped
from tests.rooms.policy.packs import POLICIES, baseline
from tests.rooms.store import kit

CANARY = "canary@example.org"
TITLE = {"en": "X"}
BOUGHT = {"id": "bought", "title": TITLE, "event": "purchase", "within": "P540D", "count": True}
SPENT = {"id": "spent", "title": TITLE, "event": "purchase", "sum": "amount", "where": {"field": "quantity", "gt": 1}}
SINCE = {"id": "since", "title": TITLE, "event": "purchase", "last": True}
TRAITS = {f"traits/{trait['id']}.yaml": dumped(trait) for trait in (BOUGHT, SPENT, SINCE)}


def segment(name: str, where: Any, purpose: str = "direct_marketing") -> dict[str, str]:
    return {f"segments/{name}.yaml": dumped({"id": name, "purpose": purpose, "title": TITLE, "where": where})}


def load(*files: dict[str, str]) -> dict[str, SegmentDefinition]:
    return {str(name): one for name, one in load_segments({k: v for each in files for k, v in each.items()}).items()}


NAMED = load(
    segment(
        "outer", {"all": [{"segment": "inner"}, {"not": {"segment": "inner"}}, {"trait": "since", "before": "P9D"}]}
    ),
    segment("inner", {"any": [{"trait": "bought", "gte": 3}, {"trait": "spent", "between": [1, 9]}]}),
    TRAITS,
)
INNER = {
    "any": [
        {"event": "purchase", "count": {"gte": 3}, "within": "P540D"},
        {"event": "purchase", "where": {"field": "quantity", "gt": 1}, "sum": {"field": "amount", "between": [1, 9]}},
    ]
}


def test_names_are_replaced_by_the_conditions_of_their_files() -> None:
    latest = {"event": "purchase", "last": {"before": "P9D"}}
    twin = load(segment("outer", {"all": [INNER, {"not": INNER}, latest]}))["outer"]
    assert NAMED["outer"].where == twin.where
    assert definition_digest(NAMED["outer"]) == definition_digest(twin)
    assert plain_rule(NAMED["outer"]) == plain_rule(twin)


def test_what_an_author_named_is_told() -> None:
    assert NAMED["outer"].used == {"segments": ["inner"], "traits": ["bought", "since", "spent"]}
    assert NAMED["inner"].used == {"segments": [], "traits": ["bought", "spent"]}
    assert made_of(NAMED["inner"], "fi") == ["lasketut piirteet: bought, spent"]
    assert {len(made_of(NAMED["outer"], language)) for language in ("en", "fi", "hu", "uk")} == {2}
    told = explain(NAMED["outer"], {}, [], kit.AT)
    assert [part.named for part in told.parts] == [("segment `inner`",), (), ("trait `since`",)]
    assert told.parts[1].parts[0].parts[0].named == ("trait `bought`",)
    assert told.parts[0].condition == "any"


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ({"segment": "nothing"}, "where.segment"),
        ({"all": [{"not": {"segment": CANARY}}]}, "where.all[0].not.segment"),
        ({"segment": {CANARY: 1}}, "where.segment"),
        ({"segment": "inner", "within": "P1D"}, "where.within"),
        ({"any": [{"segment": "other"}]}, "where.any[0].segment"),
        ({"segment": "top"}, "where.segment"),
        ({"trait": "nothing", "gte": 1}, "where.trait"),
        ({"trait": [CANARY], "gte": 1}, "where.trait"),
        ({"trait": "bought"}, "where"),
        ({"trait": "bought", "gte": CANARY}, "where.gte"),
        ({"trait": "bought", "gte": 1, "lte": 3}, "where"),
        ({"trait": "bought", "within": "P1D"}, "where.within"),
        ({"trait": "since", "gte": 3}, "where.gte"),
        ({"trait": "since", "within": "P1D", "before": "P1D"}, "where"),
        ({"trait": "spent", "field": "amount", "gte": 1}, "where"),
        ({"trait": "spent", "segment": "inner"}, "where"),
        ({"event": "purchase", "where": {"segment": "inner"}, "count": {"gte": 1}}, "where.where"),
        ({"event": "purchase", "where": {"trait": "bought", "gte": 1}, "count": {"gte": 1}}, "where.where"),
        ({"all": {"segment": "inner"}}, "where.all"),
    ],
)
def test_a_bad_reference_is_refused_at_its_place(where: Any, place: str) -> None:
    files = (segment("top", where), segment("inner", INNER), segment("other", INNER, "product_analytics"), TRAITS)
    with pytest.raises(InvalidSegment) as refusal:
        load(*files)
    assert str(refusal.value).startswith(f"segment `segments/top.yaml`: {place}: ")
    assert CANARY not in str(refusal.value)


def test_a_segment_of_another_purpose_is_refused_with_the_article() -> None:
    with pytest.raises(InvalidSegment, match=r"another purpose \(Art. 5\(1\)\(b\)\)"):
        load(segment("top", {"segment": "other"}), segment("other", INNER, "product_analytics"))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"count": 1}, "count"),
        ({"count": False}, "count"),
        ({"sum": "amount"}, "file traits/bought.yaml"),
        ({"where": {"trait": "since", "before": "P1D"}}, "where"),
        ({"where": {"event": "purchase", "count": {"gte": 1}}}, "where"),
        ({"within": CANARY}, "within"),
        ({"title": {}}, "title"),
        ({"purpose": CANARY}, "purpose"),
        ({CANARY: 1}, "?"),
        ({"id": CANARY}, "id"),
    ],
)
def test_a_bad_trait_is_refused_in_its_file(change: dict[str, Any], place: str) -> None:
    with pytest.raises(InvalidSegment) as refusal:
        load({**TRAITS, "traits/bought.yaml": dumped({**BOUGHT, **change})})
    assert str(refusal.value).startswith(f"trait `traits/bought.yaml`: {place}: ")
    assert CANARY not in str(refusal.value)


def test_how_long_ago_has_no_window_of_its_own_in_the_trait() -> None:
    with pytest.raises(InvalidSegment, match="leave within out"):
        load({"traits/since.yaml": dumped({**SINCE, "within": "P3D"})})


def test_two_traits_do_not_share_an_id() -> None:
    with pytest.raises(InvalidSegment, match="another file"):
        load_traits({**TRAITS, "traits/zz.yaml": dumped(BOUGHT)})


def test_what_the_catalogue_lacks_is_named_where_it_is_written() -> None:
    wrong = {"traits/spent.yaml": dumped({**SPENT, "where": {"field": "shoe_size", "gt": 1}})}
    files = (segment("top", {"not": {"segment": "inner"}}), segment("inner", {"all": [{"trait": "spent", "gte": 1}]}))
    with pytest.raises(InvalidSegment, match=r"`top`: where.not \(trait `spent`, where.field\): .*no column"):
        fields_of(load(*files, wrong)["top"], kit.catalogue())
    foreign = segment("inner", {"any": [{"field": "shoe_size", "eq": 1}]})
    with pytest.raises(InvalidSegment, match=r"`top`: where.not \(segment `inner`, where.any\[0\].field\): "):
        fields_of(load(files[0], foreign)["top"], kit.catalogue())


def test_a_draft_takes_the_place_of_the_segment_that_has_its_id() -> None:
    beside = {**segment("inner", INNER), **segment("top", {"segment": "inner"}), **TRAITS}
    (draft,) = segment("inner", {"trait": "since", "within": "P3D"}).values()
    assert load_segment(draft, name="draft", beside=beside).used == {"segments": [], "traits": ["since"]}
    (circle,) = segment("inner", {"segment": "top"}).values()
    with pytest.raises(InvalidSegment, match="directly or through others"):
        load_segment(circle, name="draft", beside=beside)
    with pytest.raises(InvalidSegment, match="no trait of this id"):
        load_segment(draft, name="draft")


edges = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=8)  # too few for the limits


@given(edges=edges)
def test_a_circle_is_always_refused_and_nothing_else_is(edges: list[tuple[int, int]]) -> None:
    named: dict[int, list[int]] = {number: [] for number in range(7)}
    for one, other in edges:
        named[one].append(other)
    files = [
        segment(f"s{one}", {"any": [{"field": "city", "eq": "a"}, *({"segment": f"s{n}"} for n in others)]})
        for one, others in named.items()
    ]
    if in_a_circle(named):
        with pytest.raises(InvalidSegment, match=r"where.any\[\d\].segment: .*directly or through others"):
            load(*files)
    else:
        assert set(load(*files)) == {f"s{number}" for number in named}


def in_a_circle(named: dict[int, list[int]]) -> bool:
    """Take away, again and again, whatever names nothing that is left."""
    left = {one: set(others) for one, others in named.items()}
    while gone := {one for one, others in left.items() if not others & left.keys()}:
        left = {one: others for one, others in left.items() if one not in gone}
    return bool(left)


def test_a_chain_that_doubles_is_refused_before_it_is_built() -> None:
    chain = [segment("s0", {"all": [{"field": "city", "eq": "a"}]})]
    chain += [segment(f"s{n}", {"any": [{"segment": f"s{n - 1}"}, {"segment": f"s{n - 1}"}]}) for n in range(1, 200)]
    began = time.perf_counter()
    with pytest.raises(InvalidSegment, match=f"at most .* and {MAX_CONDITIONS} conditions, those of the segments"):
        load(*chain)
    assert time.perf_counter() - began < 5


def test_segments_name_each_other_only_so_deep() -> None:
    chain = [segment("s1", {"field": "city", "eq": "a"})]
    chain += [segment(f"s{n}", {"segment": f"s{n - 1}"}) for n in range(2, MAX_DEPTH + 1)]
    assert load(*chain)[f"s{MAX_DEPTH}"].where == load(chain[0])["s1"].where
    with pytest.raises(InvalidSegment, match=f"at most {MAX_DEPTH} deep"):
        load(*chain, segment("one_more", {"segment": f"s{MAX_DEPTH}"}))
    assert load_segments({}) == {}
    assert SegmentId("outer") in load_segments({**segment("outer", INNER)})


def test_the_guide_s_example_is_one() -> None:
    guide = (POLICIES / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n# (\S+)\n(.*?)```", guide, re.DOTALL)
    found = load_segments(dict(blocks))[SegmentId("frequent_buyers_in_finland")]
    assert found.used == {"segments": ["frequent_buyers"], "traits": ["purchases_in_a_year"]}
    assert fields_of(found, baseline().catalogue) == {"country"}
