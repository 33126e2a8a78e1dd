"""A stored value in another form: what the new form makes of the raw value, or nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.pseudonymisation.transforms import generalise
from gateway.store import Store
from gateway.store.forms import coarsened
from gateway.store.schema import Form
from gateway.vocabulary.decisions import Permit
from gateway.vocabulary.fields import (
    AgeBand,
    Band,
    Bucket,
    Field,
    Keep,
    Month,
    Prefix,
    Rounded,
    TopCode,
    Transform,
    ValueType,
    Year,
)
from tests.rooms.store import kit

DAY = dt.date(2026, 7, 1)
WHOLE = st.integers(-10_000, 10_000)
EDGES = st.lists(WHOLE, min_size=1, max_size=6, unique=True).map(lambda edges: Band(tuple(sorted(edges))))
DATES = st.dates(dt.date(1920, 1, 1), DAY)
NUMBERS = st.one_of(st.just(Keep()), st.integers(2, 60).map(Rounded), WHOLE.map(TopCode))
# Raw type, stored type of both forms, raw values, forms.
PAIRS: dict[str, tuple[pa.DataType, ValueType, Any, Any]] = {
    "ages": (pa.date32(), ValueType.TEXT, DATES, st.integers(2, 50).map(AgeBand)),
    "dates": (pa.date32(), ValueType.DATE, DATES, st.sampled_from([Keep(), Month(), Year()])),
    "bands": (pa.int64(), ValueType.TEXT, WHOLE, EDGES),
    "whole numbers": (pa.int64(), ValueType.INTEGER, st.one_of(WHOLE, st.integers(-(2**62), 2**62)), NUMBERS),
    "numbers": (pa.float64(), ValueType.NUMBER, st.integers(-10**6, 10**6).map(lambda cents: cents / 100), NUMBERS),
    "texts": (
        pa.string(), ValueType.TEXT, st.text(max_size=6),
        st.one_of(st.just(Keep()), st.integers(1, 5).map(Prefix), st.sampled_from([2, 4, 12, 60, 1000]).map(Bucket)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("sort", PAIRS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_value_in_another_form_is_what_the_raw_one_would_be_or_nothing(sort: str, data: st.DataObject) -> None:
    kind, stored, values, forms = PAIRS[sort]
    raw = pa.array(data.draw(st.lists(st.none() | values, min_size=1, max_size=30)), kind)
    came, wanted = data.draw(forms), data.draw(forms)
    shown = in_another_form(generalise(raw, came, DAY), came, wanted, stored)
    meant = generalise(raw, wanted, DAY).to_pylist()
    assert all(each is None or each == right for each, right in zip(shown, meant, strict=True))


def in_another_form(values: pa.Array, came: Transform, wanted: Transform, kind: ValueType) -> list[Any]:
    sql = coarsened('"value"', Form("it", came), Form("it", wanted), kind) or "NULL"
    with duckdb.connect() as connection:
        connection.register("given", pa.table({"place": range(len(values)), "value": values}))
        return [row[0] for row in connection.execute(f"SELECT {sql} FROM given ORDER BY place").fetchall()]


@pytest.mark.parametrize(
    ("came", "wanted", "raw"),
    [
        (AgeBand(5), AgeBand(20), pa.array([dt.date(1990, 3, 4)])),
        (Keep(), Year(), pa.array([dt.date(1990, 3, 4)])),
        (Keep(), Month(), pa.array([dt.date(1990, 3, 4)])),
        (Month(), Year(), pa.array([dt.date(1990, 3, 4)])),
        (Prefix(3), Prefix(2), pa.array(["00520"])),
        (Keep(), Prefix(2), pa.array(["00520"])),
        (Band((0, 10, 50)), Band((10,)), pa.array([12])),
        (Bucket(12), Bucket(4), pa.array(["gold"])),
        (TopCode(90), TopCode(50), pa.array([60])),
        (Keep(), Rounded(10), pa.array([17])),
        (Rounded(10), Rounded(50), pa.array([17])),
    ],
)
def test_what_can_be_told_is_told(came: Transform, wanted: Transform, raw: pa.Array) -> None:
    stored, right = generalise(raw, came, DAY), generalise(raw, wanted, DAY)
    kind = {pa.int64(): ValueType.INTEGER, pa.date32(): ValueType.DATE}.get(stored.type, ValueType.TEXT)
    assert in_another_form(stored, came, wanted, kind) == right.to_pylist()


# The store, before and after a policy wants another form.


def shaped(transform: Transform, name: str = "city", column: str = "city") -> Field:
    base = next(field for field in kit.FIELDS if field.column == column)
    return dataclasses.replace(base, id=type(base.id)(name), transform=transform)


def catalogue(*fields: Field) -> Any:
    whole = kit.catalogue()
    columns = {field.column for field in fields}
    kept = {name: field for name, field in whole.fields.items() if field.column not in columns}
    return dataclasses.replace(whole, fields={**kept, **{field.id: field for field in fields}})


def permit(field: Field) -> Permit:
    given = kit.permit()
    assert field.column is not None
    opened = dataclasses.replace(given.columns[field.column], field=field.id, transform=field.transform)
    return dataclasses.replace(given, columns={**given.columns, field.column: opened})


def cities(store: Store, field: Field) -> list[str | None]:
    found: list[str | None] = store.attributes(kit.refs([1, 2]), permit(field), kit.AT)["city"].to_pylist()
    return found


FINE, COARSE = shaped(Prefix(4)), shaped(Prefix(2))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store.duckdb", catalogue(FINE)) as opened:
        kit.load(opened, kit.profiles([1], city=["Turk"]), kit.masks([1], [2]))
        yield opened


def test_a_coarser_form_holds_for_what_is_stored_from_the_next_query_on(store: Store) -> None:
    assert cities(store, FINE) == ["Turk", None]
    store.adopt(catalogue(COARSE))
    assert cities(store, COARSE) == ["Tu", None]


def test_a_finer_form_shows_what_comes_in_it_only_and_a_way_back_shows_no_more_than_before(store: Store) -> None:
    store.adopt(catalogue(COARSE))
    kit.load(store, kit.profiles([2], "b2", city=["Lo"]), kit.masks([2], [2]))  # at the instant of the change itself
    store.adopt(catalogue(FINE))
    assert cities(store, FINE) == ["Turk", None]
    store.adopt(catalogue(COARSE))
    assert cities(store, COARSE) == ["Tu", "Lo"]


def test_what_comes_finer_at_the_instant_of_a_change_stays_finer_for_ever(store: Store) -> None:
    store.adopt(catalogue(COARSE))
    store.adopt(catalogue(FINE))
    kit.load(store, kit.profiles([2], "b2", city=["Loim"]), kit.masks([2], [2]), at=kit.AT - dt.timedelta(days=3))
    store.adopt(catalogue(COARSE))
    assert cities(store, COARSE) == ["Tu", "Lo"]


def test_another_field_in_the_same_column_shows_nothing_of_the_former_one(store: Store) -> None:
    other = shaped(Prefix(4), name="district")
    store.adopt(catalogue(other))
    assert cities(store, other) == [None, None]


def test_what_opens_in_another_form_after_a_restart_is_shown_so(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.duckdb", catalogue(FINE)) as opened:
        kit.load(opened, kit.profiles([1], city=["Turk"]), kit.masks([1], [2]))
    with Store.open(tmp_path / "store.duckdb", catalogue(COARSE)) as opened:
        assert cities(opened, COARSE) == ["Tu", None]


def test_values_of_events_follow_as_well(tmp_path: Path) -> None:
    amount = shaped(Rounded(10), name="amount", column="amount")
    with Store.open(tmp_path / "store.duckdb", kit.catalogue()) as opened:
        kit.load(opened, kit.profiles([1], city=["Turku"]), kit.masks([1], [2]))
        kit.load(opened, kit.events([1], [3], amount=[17.0]))
        opened.adopt(catalogue(amount))
        kit.load(opened, kit.events([1], [2], "e2", amount=[20.0]))
        relation = opened.relation(permit(amount), kit.AT)
        found = relation.run(sqlglot.parse_one('SELECT amount FROM events ORDER BY "at"', dialect="duckdb"))
        assert found.table["amount"].to_pylist() == [20.0, 20.0]
