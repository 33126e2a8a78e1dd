"""A Relation never shows a person or a column that its Permit does not open, whatever is asked of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from gateway.foundation.errors import NotPermitted
from gateway.segmentation import SegmentDefinition, build_query
from gateway.store import QueryRefused, Store
from gateway.vocabulary.decisions import Action
from tests.conformance.test_segments_agree import definitions
from tests.rooms.store import kit

PEOPLE = list(range(40))
ALLOWED = [n for n in PEOPLE if n % 3]  # bit 1 set
HIDDEN = "hidden-city"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with kit.opened(tmp_path_factory.mktemp("laws")) as opened:
        fill(opened)
        yield opened


def fill(store: Store) -> None:
    cities = ["Oulu" if n in ALLOWED else HIDDEN for n in PEOPLE]
    bits = [2 if n in ALLOWED else 1 for n in PEOPLE]
    batch = kit.profiles(
        PEOPLE,
        city=cities,
        diet=["halal"] * 40,
        total_spend=[float(n) for n in PEOPLE],
        visits=[n % 5 for n in PEOPLE],
        registered_month=[dt.date(2025, 6, 1)] * 40,
        subscriber=[n % 2 == 0 for n in PEOPLE],
    )
    kit.load(store, batch, kit.masks(PEOPLE, bits))
    twice = PEOPLE * 2
    ago = [float(n % 45) for n in range(80)]
    categories = ["books" if n in ALLOWED else HIDDEN for n in twice]
    kit.load(
        store, kit.events(twice, ago, amount=[float(n) for n in twice], quantity=twice, product_category=categories)
    )


def run(store: Store, sql: str, **permit: Any) -> list[dict[str, Any]]:
    query = sqlglot.parse_one(sql, dialect="duckdb")
    return store.relation(kit.permit(**permit), kit.AT).run(query).table.to_pylist()


REFUSED = [
    "SELECT * FROM profile_rows",
    "SELECT * FROM event_rows",
    "SELECT * FROM main.profiles",
    "SELECT * FROM confined_events",
    "SELECT * FROM snapshots",
    "SELECT * FROM information_schema.tables",
    "SELECT subject FROM profiles",
    "SELECT diet FROM profiles",
    "SELECT permits FROM profiles",
    "SELECT rowid FROM profiles",
    "SELECT profiles FROM profiles",
    "SELECT city FROM profiles WHERE diet = 'halal'",
    "SELECT person FROM profiles ORDER BY diet",
    "SELECT person FROM profiles WHERE EXISTS (SELECT 1 FROM profile_rows)",
    "SELECT person FROM profiles UNION SELECT person FROM profiles",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM range(5)",
    "SELECT getenv('HOME') FROM profiles",
    "SELECT current_setting('memory_limit') FROM profiles",
    "SELECT query('SELECT 1') FROM profiles",
    "SELECT COLUMNS('.*') FROM profiles",
    "SELECT * EXCLUDE (city) FROM profiles",
    "SELECT list(city) FROM profiles",
    "SELECT person FROM profiles TABLESAMPLE 50%",
    "SELECT person FROM profiles, LATERAL (SELECT 1)",
    "WITH profiles AS (SELECT 1 AS person) SELECT person FROM profiles",
    "WITH confined_events AS (SELECT person FROM profiles) SELECT person FROM confined_events",
    "WITH RECURSIVE r AS (SELECT person FROM profiles) SELECT person FROM r",
    "WITH a AS (WITH b AS (SELECT person FROM profiles) SELECT person FROM b) SELECT person FROM a",
    "WITH c AS (DELETE FROM profile_rows RETURNING person) SELECT person FROM c",
    "SELECT CAST(city AS STRUCT(a INTEGER)) FROM profiles",
    "SELECT CAST(city AS BIGINT) FROM profiles",
    "SELECT (SELECT city FROM profile_rows LIMIT 1) FROM profiles",
    "SELECT person FROM profiles QUALIFY row_number() OVER () = 1",
    "SELECT person FROM profiles FOR UPDATE",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_not_open_is_refused(store: Store, sql: str) -> None:
    with pytest.raises(QueryRefused) as refusal:
        run(store, sql)
    assert refusal.value.code
    assert refusal.value.__cause__ is None
    assert "Oulu" not in str(refusal.value)


TREES = [
    exp.select("person").from_(exp.Table(this=exp.Identifier(this="profile_rows AS profiles", quoted=False))),
    exp.select(exp.Column(this=exp.Identifier(this="subject FROM main.profile_rows --", quoted=False))).from_(
        "profiles"
    ),
    exp.select("person").from_("profiles").where(exp.Literal(this="1=1 OR diet = 'halal'", is_string=False)),
    exp.select("person").from_("profiles").where(exp.Var(this="1=1) UNION (SELECT person FROM profile_rows")),
    exp.select(exp.alias_("person", "x, subject", quoted=False)).from_("profiles"),
    exp.Command(this="COPY", expression="profile_rows TO 'x'"),
    "SELECT person FROM profiles",
    None,
]


@pytest.mark.parametrize("tree", TREES, ids=range(len(TREES)))
def test_a_tree_that_hides_text_is_judged_as_the_text_it_is(store: Store, tree: Any) -> None:
    with pytest.raises(QueryRefused):
        store.relation(kit.permit(), kit.AT).run(tree)


READING = [
    "SELECT * FROM profiles",
    "SELECT * FROM events",
    "SELECT e.person, e.product_category FROM events AS e",
    "SELECT e.product_category, e.person FROM events AS e JOIN profiles AS p ON true",
    "SELECT person FROM events WHERE person IN (SELECT person FROM events)",
    "SELECT person, product_category FROM events WHERE person IN (SELECT person FROM profiles)",
    "SELECT person, product_category FROM events WHERE person IN (SELECT person FROM profiles) OR amount > 0",
    "SELECT person, product_category FROM events WHERE NOT person IN (SELECT person FROM profiles WHERE visits = 1)",
    "SELECT person, product_category FROM events WHERE person NOT IN (SELECT person FROM profiles WHERE visits = 1)",
    "SELECT person, product_category FROM events WHERE (person IN (SELECT person FROM profiles)) = false",
    "SELECT person, product_category FROM events WHERE person IN (SELECT visits AS person FROM profiles)",
    "SELECT person, product_category FROM events WHERE quantity IN (SELECT person FROM profiles)",
    "SELECT person, product_category FROM events AS e WHERE person IN (SELECT e.person FROM profiles)",
    "SELECT person, product_category FROM events WHERE person IN (SELECT DISTINCT visits AS person FROM profiles)",
    (
        "WITH c AS (SELECT visits AS person FROM profiles) "
        "SELECT person, product_category FROM events WHERE person IN (SELECT person FROM c)"
    ),
    (
        "WITH c AS (SELECT person, visits FROM profiles) "
        "SELECT person, product_category FROM events WHERE person IN (SELECT visits FROM c)"
    ),
    (
        "WITH c AS (SELECT quantity AS person FROM events) "
        "SELECT person, product_category FROM events WHERE person IN (SELECT person FROM c)"
    ),
    (
        "WITH c AS (SELECT p.person + 1 AS person FROM profiles AS p) "
        "SELECT person, product_category FROM events WHERE person IN (SELECT person FROM c)"
    ),
    (
        "WITH c AS (SELECT p.person FROM profiles AS p JOIN events AS e ON e.person = p.person) "
        "SELECT person, product_category FROM events WHERE person IN (SELECT person FROM c)"
    ),
    (
        "SELECT a.person, b.product_category FROM events AS a JOIN events AS b ON true "
        "WHERE a.person IN (SELECT person FROM profiles)"
    ),
    (
        "SELECT person, product_category FROM events AS events WHERE person IN "
        "(SELECT person FROM (SELECT visits AS person FROM profiles) AS profiles)"
    ),
]


@pytest.mark.parametrize("sql", READING)
def test_nobody_who_does_not_permit_is_in_any_answer(store: Store, sql: str) -> None:
    try:
        rows = run(store, sql)
    except QueryRefused:
        return
    assert {row["person"] for row in rows if "person" in row} <= set(ALLOWED)
    assert HIDDEN not in {value for row in rows for value in row.values()}
    assert all("diet" not in row and "subject" not in row for row in rows)


def test_the_proof_that_spares_a_join_is_used_where_it_holds(store: Store) -> None:
    relation = store.relation(kit.permit(), kit.AT)
    plain = "SELECT person FROM events WHERE person IN (SELECT person FROM profiles WHERE visits = 1)"
    assert "confined_events" in relation.prepare(sqlglot.parse_one(plain, dialect="duckdb")).sql
    either = plain + " OR amount > 1"
    assert "confined_events" not in relation.prepare(sqlglot.parse_one(either, dialect="duckdb")).sql


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(where=definitions, leaving=st.lists(st.sampled_from(ALLOWED), min_size=1, max_size=10))
def test_withdrawing_never_widens_a_segment(withdrawing: Store, where: dict[str, Any], leaving: list[int]) -> None:
    definition = SegmentDefinition.model_validate(
        {"id": "generated", "purpose": "direct_marketing", "title": {"en": "Generated"}, "where": where}
    )
    withdrawing.set_permissions(kit.masks(ALLOWED, [2] * len(ALLOWED)))
    before = members(withdrawing, definition)
    withdrawing.set_permissions(kit.masks(leaving, [0] * len(leaving)))
    after = members(withdrawing, definition)
    assert after == before - set(leaving)
    assert before <= set(ALLOWED)


@pytest.fixture(scope="module")
def withdrawing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with kit.opened(tmp_path_factory.mktemp("withdrawing")) as opened:
        fill(opened)
        yield opened


def members(store: Store, definition: SegmentDefinition) -> set[int]:
    relation = store.relation(kit.permit(), kit.AT)
    return set(relation.run(build_query(definition, relation, at=kit.AT)).table.column("person").to_pylist())


def test_what_is_too_old_or_expired_is_not_open(store: Store) -> None:
    later = kit.AT + dt.timedelta(days=3)
    short = dt.timedelta(days=2)
    assert (
        store.relation(kit.permit(at=later, kept=short), later).run(exp.select("*").from_("profiles")).table.num_rows
        == 0
    )
    one = kit.permit(at=later, retention={"city": short, "amount": dt.timedelta(days=13)})
    rows = store.relation(one, later).run(exp.select("*").from_("profiles")).table.to_pylist()
    assert rows
    assert all(row["city"] is None and row["total_spend"] is not None for row in rows)
    happened = store.relation(one, later).run(exp.select("*").from_("events")).table.to_pylist()
    horizon = later - dt.timedelta(days=13)
    assert any(row["amount"] is None for row in happened)
    assert all((row["amount"] is not None) == (row["at"] > horizon) for row in happened)


def test_a_permit_ends_and_is_for_what_it_is_for(store: Store) -> None:
    permit = kit.permit()
    for wrong, at in ((permit, permit.valid_until), (kit.permit(action=Action.STORE), kit.AT), (None, kit.AT)):
        with pytest.raises(NotPermitted):
            store.relation(wrong, at)  # type: ignore[arg-type] # the point
    assert run(store, "SELECT person FROM profiles", mask=0) == []


def test_a_consent_that_has_run_out_closes_the_row_without_any_refresh(tmp_path: Path) -> None:
    with kit.opened(tmp_path) as store:
        kit.load(store, kit.profiles([1, 2]), kit.masks([1, 2], [2, 2], until=kit.AT))
        assert run(store, "SELECT person FROM profiles") == []
