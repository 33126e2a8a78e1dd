"""One meaning: the engine behind a Relation and the small evaluator agree on every definition, operator by operator."""

from __future__ import annotations

import datetime as dt
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.segmentation import SegmentDefinition, build_query, definition_digest, evaluate, fields_of
from gateway.segmentation.loading import load_segments
from gateway.store import Store
from gateway.vocabulary.names import SegmentId, SourceId
from tests.hidden import TITLE, Hiding
from tests.rooms.store import kit

CITIES = ["Oulu", "Szeged", "Львів", "it's; -- 'x'"]
DAYS = [0, 0.5, 1, 30, 31, 90, 180, -3]  # most stand exactly on the edge of a window

quarters = st.integers(-40, 400).map(lambda n: n / 4)
months = st.sampled_from([dt.date(2025, m, 1) for m in (1, 6, 12)])
COLUMNS: dict[str, Any] = {
    "city": st.sampled_from(CITIES),
    "total_spend": quarters,
    "visits": st.integers(0, 6),
    "registered_month": months,
    "subscriber": st.booleans(),
}
PROPERTIES: dict[str, Any] = {
    "amount": quarters,
    "quantity": st.integers(0, 4),
    "product_category": st.sampled_from(CITIES),
}
ORDERED = {"total_spend", "visits", "registered_month", "amount", "quantity"}


@st.composite
def comparisons(draw: Any, columns: dict[str, Any]) -> dict[str, Any]:
    name = draw(st.sampled_from(sorted(columns)))
    value = columns[name]
    ops = ["eq", "neq", "in", "nin", "exists"] + (["gt", "gte", "lt", "lte", "between"] if name in ORDERED else [])
    op = draw(st.sampled_from(ops))
    operand = {
        "in": st.lists(value, min_size=1, max_size=3),
        "nin": st.lists(value, min_size=1, max_size=3),
        "between": st.lists(value, min_size=2, max_size=2),
        "exists": st.booleans(),
    }.get(op, value)
    return {"field": name, op: draw(operand)}


def trees(leaf: st.SearchStrategy[Any], size: int) -> st.SearchStrategy[Any]:
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
            inner.map(lambda part: {"not": part}),
        ),
        max_leaves=size,
    )


thresholds = st.one_of(
    st.tuples(st.sampled_from(["eq", "neq", "gt", "gte", "lt", "lte"]), st.integers(0, 4)).map(lambda t: {t[0]: t[1]}),
    st.lists(st.integers(0, 4), min_size=2, max_size=2).map(lambda pair: {"between": pair}),
)
windows = st.sampled_from(["P1D", "P30D", "P90D", "PT12H", "P180D"])


@st.composite
def event_conditions(draw: Any) -> dict[str, Any]:
    node: dict[str, Any] = {"event": draw(st.sampled_from(["purchase", "visit"]))}
    if draw(st.booleans()):
        node["where"] = draw(trees(comparisons(PROPERTIES), 3))
    kind = draw(st.sampled_from(["count", "sum", "last"]))
    if kind == "last":
        return {**node, "last": {draw(st.sampled_from(["within", "before"])): draw(windows)}}
    threshold = draw(thresholds)
    node[kind] = {"field": draw(st.sampled_from(["amount", "quantity"])), **threshold} if kind == "sum" else threshold
    if draw(st.booleans()):
        node["within"] = draw(windows)
    return node


definitions = trees(st.one_of(comparisons(COLUMNS), event_conditions()), 6)


def optional(value: Any) -> Any:
    return st.one_of(st.none(), value)


people = st.lists(
    st.fixed_dictionaries({name: optional(value) for name, value in COLUMNS.items()}), min_size=30, max_size=30
)
happenings = st.lists(
    st.fixed_dictionaries(
        {
            "person": st.integers(0, 29),
            "event": st.sampled_from(["purchase", "visit"]),
            "days": st.sampled_from(DAYS),
            **{name: optional(value) for name, value in PROPERTIES.items()},
        }
    ),
    min_size=1,
    max_size=60,
)
permitted = st.lists(st.sampled_from([0, 1, 2, 3]), min_size=30, max_size=30)


def typed(batch: Any, rows: list[dict[str, Any]]) -> pa.Table:
    """Give all-null columns their types."""
    types = {"city": pa.string(), "total_spend": pa.float64(), "visits": pa.int64(), "registered_month": pa.date32(),
             "subscriber": pa.bool_(), "amount": pa.float64(), "quantity": pa.int64(),
             "product_category": pa.string()}  # fmt: skip
    table = batch.table
    for name in [name for name in types if name in rows[0]]:
        table = table.append_column(name, pa.array([row[name] for row in rows], types[name]))
    return table


class World:
    """Stores with random people, and the same people as rows."""

    def __init__(
        self, store: Store, profiles: list[dict[str, Any]], happened: list[dict[str, Any]], bits: list[int]
    ) -> None:
        self.store = store
        batch = kit.profiles(list(range(30)))
        kit.load(
            store,
            type(batch)(batch.source, batch.batch, batch.kind, typed(batch, profiles)),
            kit.masks(list(range(30)), bits),
        )
        batch = kit.events(
            [row["person"] for row in happened], [row["days"] for row in happened], event=[r["event"] for r in happened]
        )
        kit.load(store, type(batch)(SourceId("shop"), batch.batch, batch.kind, typed(batch, happened)))
        self.profiles = [{"person": n, **row} for n, row in enumerate(profiles) if bits[n] & 2]
        self.events = [{**row, "at": kit.AT - dt.timedelta(days=row["days"])} for row in happened]


@pytest.fixture(scope="module")
def worlds() -> Iterator[list[World]]:
    """Make a few worlds once; definitions are what varies most."""
    made: list[World] = []
    with tempfile.TemporaryDirectory() as folder:

        @settings(max_examples=6, deadline=None, database=None, derandomize=True)
        @given(profiles=people, happened=happenings, bits=permitted)
        def make(profiles: list[dict[str, Any]], happened: list[dict[str, Any]], bits: list[int]) -> None:
            place = Path(folder) / str(len(made))
            place.mkdir()
            made.append(World(kit.opened(place), profiles, happened, bits))

        make()
        yield made
        for world in made:
            world.store.close()


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(where=definitions, number=st.integers(0, 5))
def test_engine_and_evaluator_agree(worlds: list[World], where: dict[str, Any], number: int) -> None:
    world = worlds[number % len(worlds)]
    definition = SegmentDefinition.model_validate(
        {"id": "generated", "purpose": "direct_marketing", "title": {"en": "Generated"}, "where": where}
    )
    relation = world.store.relation(kit.permit(), kit.AT)
    result = relation.run(build_query(definition, relation, at=kit.AT)).table.column("person").to_pylist()
    assert len(result) == len(set(result))
    assert set(result) == evaluate(definition, world.profiles, world.events, kit.AT)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(where=definitions, number=st.integers(0, 5), chance=st.randoms(use_true_random=False))
def test_names_mean_the_conditions_that_they_stand_for(
    worlds: list[World], where: dict[str, Any], number: int, chance: random.Random
) -> None:
    hiding = Hiding(chance)
    hiding.segment("top", where)
    named = load_segments(hiding.files)[SegmentId("top")]
    twin = SegmentDefinition.model_validate(
        {"id": "top", "purpose": "direct_marketing", "title": TITLE, "where": where}
    )
    assert definition_digest(named) == definition_digest(twin)
    assert fields_of(named, kit.catalogue()) == fields_of(twin, kit.catalogue())
    world = worlds[number % len(worlds)]
    relation = world.store.relation(kit.permit(), kit.AT)
    answers = [relation.run(build_query(each, relation, at=kit.AT)) for each in (named, twin)]
    assert answers[0].query_digest == answers[1].query_digest
    assert set(answers[0].table.column("person").to_pylist()) == set(answers[1].table.column("person").to_pylist())
    assert evaluate(named, world.profiles, world.events, kit.AT) == evaluate(twin, world.profiles, world.events, kit.AT)
