"""Definitions: closed, bounded, and refused with a path and without what was written."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlglot
import yaml
from sqlglot import exp

from gateway.foundation.errors import InvalidInput
from gateway.segmentation import (
    SegmentDefinition,
    build_query,
    definition_digest,
    evaluate,
    explain,
    fields_of,
    load_segment,
)
from gateway.segmentation.errors import InvalidSegment
from gateway.segmentation.loading import load_segments
from gateway.vocabulary.fields import Field, FieldKind, Prefix, ValueType
from gateway.vocabulary.names import FieldId, SegmentId
from tests.rooms.policy.packs import baseline
from tests.rooms.store import kit

CANARY = "canary@example.org"


def text(where: Any, **changes: Any) -> str:
    plain = {"id": "some", "purpose": "direct_marketing", "title": {"en": "Some"}, "where": where, **changes}
    return yaml.safe_dump(plain)


def load(where: Any, **changes: Any) -> SegmentDefinition:
    return load_segment(text(where, **changes), name="some.yaml")


def nested(depth: int) -> Any:
    node: Any = {"field": "city", "eq": "Oulu"}
    for _ in range(depth):
        node = {"not": node}
    return node


BAD: list[tuple[Any, str]] = [
    ({"field": "city"}, "where"),
    ({"field": "city", "eq": "a", "neq": CANARY}, "where"),
    ({"field": "city", "like": CANARY}, "where.like"),
    ({"field": "city", "eq": None}, "where.eq"),
    ({"field": "city", "eq": {"a": CANARY}}, "where.eq"),
    ({"field": "city", "in": []}, "where.in"),
    ({"field": "city", "exists": "yes"}, "where.exists"),
    ({"field": "total_spend", "gt": float("inf")}, "where.gt"),
    ({"field": "total_spend", "gt": 2**63}, "where.gt"),
    ({"field": "total_spend", "between": [1]}, "where.between"),
    ({"field": CANARY, "eq": 1}, "where.field"),
    ({"field": "city", "event": "purchase"}, "where"),
    ({CANARY: 1}, "where"),
    ({"all": []}, "where.all"),
    ({"all": [{"field": "city", "eq": "a"}, {"any": [{"field": "city", "gte": [CANARY]}]}]}, "where.all[1].any[0].gte"),
    ({"event": "purchase"}, "where"),
    ({"event": "purchase", "count": {"gte": CANARY}}, "where.count.gte"),
    ({"event": "purchase", "count": {"gte": True}}, "where.count.gte"),
    ({"event": "purchase", "count": {}}, "where.count"),
    ({"event": "purchase", "sum": {"gte": 1}}, "where.sum.field"),
    ({"event": "purchase", "count": {"gte": 1}, "within": CANARY}, "where.within"),
    ({"event": "purchase", "count": {"gte": 1}, "within": "P0D"}, "where.within"),
    ({"event": "purchase", "count": {"gte": 1}, "within": "P99999D"}, "where.within"),
    ({"event": "purchase", "last": {"within": "P1D"}, "within": "P1D"}, "where"),
    ({"event": "purchase", "last": {"within": "P1D", "before": "P1D"}}, "where.last"),
    ({"event": "purchase", "where": {"event": "purchase", "count": {"gte": 1}}, "count": {"gte": 1}}, "where.where"),
    (nested(11), "where"),
    ({"all": [{"field": "city", "eq": str(n)} for n in range(101)]}, "where"),
]


@pytest.mark.parametrize(("where", "place"), BAD, ids=range(len(BAD)))
def test_a_bad_tree_is_refused_at_its_place(where: Any, place: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        load(where)
    assert f": {place}: " in str(refusal.value)
    assert CANARY not in str(refusal.value)
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize(
    "written",
    [
        "",
        "- a",
        "id: a\nid: b",
        "a: &x [1]\nb: *x",
        "a: !!python/object:os.system {}",
        "where: {field: [",
        "{[1]: 2}",
        "x" * 70_000,
        "[" * 5_000,
        "id: a",
        text(nested(1), id="Upper"),
        text(nested(1), extra=CANARY),
        text(nested(1), title={}),
        "id: a\ntitle: {en: a}\npurpose: p\nwhere: {field: a, eq: 2026-13-45}",
        "id: a\ntitle: {en: a}\npurpose: p\nwhere: {field: a, eq: 2026-01-01T00:00:00}",
        "id: a\ntitle: {en: a}\npurpose: p\nwhere: {field: a, eq: \x00}",
    ],
)
def test_what_is_not_a_definition_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        load_segment(written, name="some.yaml")
    assert CANARY not in str(refusal.value)


PLAIN = "id: a\ntitle: {en: a}\npurpose: p\nwhere: {field: a, gte: 1}\n"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("gte: 1", "gte: 1:30", "line 4, column 24: YAML reads this as no plain"),
        ("gte: 1", "gte: 010", "put it in quotes"),
        ("gte: 1", "gte: 0x1f", "put it in quotes"),
        ("gte: 1", "eq: yes", "put it in quotes"),
        ("gte: 1", "gte: 1, <<: {eq: 2}", "put it in quotes"),
        ("purpose: p\n", "<<: {purpose: p}\n", "line 3, column 1"),
        ("id: a", "id: &a a", "anchors"),
        ("id: a", "id: !!str a", "tags are not read"),
        ("purpose: p", "purpose: p\nid: b", "stands twice"),
        ("purpose: p", "purpose: p\x07", "line 3: a control character"),
        ("purpose: p", 'purpose: p\n"Anna\\n": b', "an unknown key"),
    ],
)
def test_what_only_looks_plain_is_refused_where_it_stands(old: str, new: str, told: str) -> None:
    load_segment(PLAIN, name="some.yaml")
    with pytest.raises(InvalidSegment, match=told) as refusal:
        load_segment(PLAIN.replace(old, new, 1), name="some.yaml")
    assert "Anna" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_limits_are_what_they_say() -> None:
    load(nested(9))
    load({"any": [{"field": "city", "eq": str(n)} for n in range(99)]})


def test_the_digest_is_of_what_is_said() -> None:
    one = load({"all": [{"field": "city", "in": ["a", "b"]}, {"event": "purchase", "last": {"within": "P7D"}}]})
    same = load_segment(
        "where:\n  all: [{in: [a, b], field: city}, {last: {within: P1W}, event: purchase}]\n"
        "title: {en: Some}\nid: some\npurpose: direct_marketing",
        name="other.yaml",
    )
    assert definition_digest(one) == definition_digest(same)
    assert definition_digest(one) != definition_digest(load({"field": "city", "in": ["a", "b"]}))
    assert len(definition_digest(one)) == 64


def test_fields_are_named_by_their_stored_columns() -> None:
    postcode = Field(
        FieldId("postcode"), {}, "u", "d", FieldKind.INDIRECT_IDENTIFIER, ValueType.TEXT, "postcode3", Prefix(3)
    )
    catalogue = kit.catalogue(postcode)
    definition = load(
        {
            "all": [
                {"field": "postcode3", "in": ["005"]},
                {"event": "purchase", "where": {"field": "quantity", "gt": 1}, "sum": {"field": "amount", "gte": 5}},
            ]
        }
    )
    assert fields_of(definition, catalogue) == {"postcode", "quantity", "amount"}
    assert fields_of(load({"field": "email", "exists": True}), catalogue) == {"email"}  # for policy to refuse
    assert fields_of(load({"field": "registered_month", "gte": dt.date(2025, 1, 1)}), catalogue) == {"registered_on"}


FOREIGN: list[tuple[Any, str]] = [
    ({"field": "shoe_size", "eq": 1}, "where.field: the catalogue has no column"),
    ({"field": "registered_on", "exists": True}, "registered_month"),
    ({"field": "amount", "gte": 1}, "where.field: .* and kind"),
    ({"event": "purchse", "count": {"gte": 1}}, "where.event: no source brings"),
    ({"event": "purchase", "where": {"field": "city", "eq": "a"}, "count": {"gte": 1}}, "where.where.field: "),
    ({"event": "purchase", "sum": {"field": "product_category", "gte": 1}}, "no sum"),
    ({"field": "city", "eq": 5}, "quotes"),
    ({"field": "city", "in": ["a", True]}, "where.in"),
    ({"field": "city", "gt": "a"}, "no order"),
    ({"field": "subscriber", "between": [True, False]}, "no order"),
    ({"field": "visits", "eq": 1.5}, "integer"),
    ({"field": "visits", "eq": True}, "integer"),
    ({"field": "total_spend", "eq": "1"}, "number"),
    ({"field": "registered_month", "eq": "2025-01-01"}, "date"),
    ({"field": "subscriber", "eq": 1}, "boolean"),
]


@pytest.mark.parametrize(("where", "word"), FOREIGN, ids=range(len(FOREIGN)))
def test_what_the_catalogue_does_not_have_is_told_by_its_place(where: Any, word: str) -> None:
    with pytest.raises(InvalidInput, match=word) as refusal:
        fields_of(load(where), kit.catalogue())
    assert not any(name in str(refusal.value) for name in ("shoe_size", "purchse"))


class Open:
    """A relation's columns, without a store behind them."""

    permit = kit.permit()
    at = kit.AT
    profile_columns: Mapping[str, ValueType] = {"city": ValueType.TEXT, "total_spend": ValueType.NUMBER}
    event_columns: Mapping[str, ValueType] = {"amount": ValueType.NUMBER}

    def run(self, query: Any) -> Any:
        raise NotImplementedError


def test_a_column_that_is_not_open_is_not_built_upon() -> None:
    for where in ({"field": "diet", "eq": "a"}, {"event": "purchase", "sum": {"field": "quantity", "gte": 1}}):
        with pytest.raises(InvalidInput, match="not open"):
            build_query(load(where), Open(), at=kit.AT)
    with pytest.raises(InvalidInput, match="quotes"):
        build_query(load({"field": "city", "eq": 5}), Open(), at=kit.AT)


def test_values_are_literals_whatever_they_hold() -> None:
    nasty = "x' OR 1=1; DROP TABLE profile_rows --"
    tree = sqlglot.parse_one(
        build_query(load({"field": "city", "eq": nasty}), Open(), at=kit.AT).sql("duckdb"), dialect="duckdb"
    )
    assert isinstance(tree, exp.Select)
    assert [literal.this for literal in tree.find_all(exp.Literal)] == [nasty]


def test_event_conditions_are_asked_of_candidates_only() -> None:
    where = {"all": [{"field": "city", "eq": "Oulu"}, {"event": "purchase", "count": {"gte": 3}, "within": "P180D"}]}
    sql = build_query(load(where), Open(), at=kit.AT).sql("duckdb")
    assert sql.index("\"city\" = 'Oulu'") < sql.index("FROM events")
    assert "MATERIALIZED" in sql
    assert "JOIN" not in sql


def happened(days: float, **properties: Any) -> dict[str, Any]:
    return {"person": 1, "event": "purchase", "at": kit.AT - dt.timedelta(days=days), **properties}


CASES: list[tuple[Any, dict[str, Any], list[dict[str, Any]], bool]] = [
    ({"field": "city", "neq": "Oulu"}, {"city": None}, [], False),
    ({"field": "city", "nin": ["Oulu"]}, {}, [], False),
    ({"not": {"field": "city", "eq": "Oulu"}}, {"city": None}, [], True),
    ({"field": "city", "exists": False}, {"city": None}, [], True),
    ({"field": "total_spend", "between": [1, 2]}, {"total_spend": 2.0}, [], True),
    ({"event": "purchase", "count": {"gte": 1}, "within": "P30D"}, {}, [happened(30)], False),
    ({"event": "purchase", "count": {"gte": 1}, "within": "P30D"}, {}, [happened(29.9)], True),
    ({"event": "purchase", "count": {"gte": 1}, "within": "P30D"}, {}, [happened(0)], True),
    ({"event": "purchase", "count": {"gte": 1}}, {}, [happened(-1)], False),
    ({"event": "purchase", "count": {"eq": 0}}, {}, [], True),
    ({"event": "purchase", "sum": {"field": "amount", "lt": 5}}, {}, [], True),
    ({"event": "purchase", "sum": {"field": "amount", "gte": 0.3}}, {},
     [happened(1, amount=0.1), happened(2, amount=0.2), happened(3, amount=None)], True),
    ({"event": "purchase", "last": {"before": "P90D"}}, {}, [], False),
    ({"event": "purchase", "last": {"before": "P90D"}}, {}, [happened(90)], True),
    ({"event": "purchase", "last": {"before": "P90D"}}, {}, [happened(200), happened(89)], False),
    ({"event": "purchase", "last": {"within": "P90D"}}, {}, [happened(90)], False),
]  # fmt: skip


@pytest.mark.parametrize(("where", "profile", "events", "belongs"), CASES, ids=range(len(CASES)))
def test_what_conditions_mean(where: Any, profile: Any, events: Any, belongs: bool) -> None:  # noqa: FBT001 - a case
    assert (evaluate(load(where), [{"person": 1, **profile}], events, kit.AT) == {1}) is belongs


@pytest.mark.parametrize(("where", "profile", "events", "belongs"), CASES, ids=range(len(CASES)))
def test_the_engine_means_the_same(tmp_path: Path, where: Any, profile: Any, events: Any, belongs: bool) -> None:  # noqa: FBT001 - a case
    with kit.opened(tmp_path) as store:
        values = {name: [value] for name, value in profile.items() if value is not None}
        kit.load(store, kit.profiles([1], **values), kit.masks([1], [2]))
        if events:
            ago = [(kit.AT - event["at"]) / dt.timedelta(days=1) for event in events]
            amounts = [event.get("amount", 1.0) for event in events]
            kit.load(store, kit.events([1] * len(events), ago, amount=amounts))
        relation = store.relation(kit.permit(), kit.AT)
        table = relation.run(build_query(load(where), relation, at=kit.AT)).table
        assert (table.num_rows == 1) is belongs


def test_an_explanation_says_why_and_shows_no_stored_value() -> None:
    definition = load(
        {
            "all": [
                {"field": "city", "in": ["Oulu"]},
                {"not": {"event": "purchase", "count": {"gte": 1}, "within": "P30D"}},
            ]
        }
    )
    found = explain(definition, {"city": CANARY}, [happened(3)], kit.AT)
    assert not found.holds
    first, second = found.parts
    assert (first.place, first.holds, first.why) == ("where.all[0]", False, "the stored value does not meet it")
    assert first.condition == "field: city, in: [Oulu]"
    assert second.parts[0].why == "1 matching events"
    assert second.parts[0].condition == "event: purchase, count: {gte: 1}, within: P30D"
    assert CANARY not in repr(found)


def test_the_pack_s_segments_load_in_four_languages() -> None:
    found = load_segments(baseline().segments)
    assert {"loyal_buyers", "lapsed_buyers", "young_adults_nordic"} <= set(found)
    assert {f"segments/{name}.yaml" for name in found} == set(baseline().written_in("segments"))
    for definition in found.values():
        assert {"en", "fi", "hu", "uk"} <= set(definition.title)
        assert json.dumps(definition_digest(definition))


def test_two_files_of_a_pack_do_not_share_an_id() -> None:
    written = "id: twice\npurpose: direct_marketing\ntitle: {fi: Kahdesti}\nwhere: {field: country, eq: FI}\n"
    with pytest.raises(InvalidSegment, match="another file"):
        load_segments({"segments/a.yaml": written, "segments/b.yaml": written})
    assert load_segments({"segments/a.yaml": written})[SegmentId("twice")].title_in("en") == "Kahdesti"


ODD = {"id": "odd", "purpose": "direct_marketing", "title": {"en": "Odd"}}


@pytest.mark.parametrize("value", ["\ud800", "\0"])
def test_a_text_that_no_engine_takes_is_refused_where_it_is_written(value: str) -> None:
    with pytest.raises(InvalidSegment, match="half a character"):
        load_segment(json.dumps(ODD | {"where": {"field": "city", "eq": value}}), name="odd")
