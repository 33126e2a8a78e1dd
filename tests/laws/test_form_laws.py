"""A stored value in another form: what the new form makes of the raw value, or nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.pseudonymisation.transforms import generalise
from gateway.store import Store
from gateway.store.forms import coarsened
from gateway.store.schema import Form
from gateway.vocabulary.decisions import Permit, PermittedColumn
from gateway.vocabulary.fields import (
    AgeBand,
    Band,
    Bucket,
    Field,
    FieldKind,
    Keep,
    Month,
    Prefix,
    Rounded,
    TopCode,
    Transform,
    ValueType,
    Year,
)
from gateway.vocabulary.names import RequestId
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
    sql = coarsened('"value"', (Form("it", came),), Form("it", wanted), kind) or "NULL"
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
    shown = given.columns[field.column]
    opened = dataclasses.replace(shown, field=field.id, type=field.stored_type, transform=field.transform)
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


# The sweep: what is stored finer than the form in force is rewritten in it.

RAW = {
    pa.date32(): ValueType.DATE,
    pa.int64(): ValueType.INTEGER,
    pa.float64(): ValueType.NUMBER,
    pa.string(): ValueType.TEXT,
}
ALL = list(range(4))
OF_BOTH = {"value": FieldKind.ATTRIBUTE, "worth": FieldKind.EVENT_PROPERTY}
Place = tuple[str, int]  # a column, and a person or the number of an event


class Cell(NamedTuple):
    """What is stored of one raw value: in which form, and since when."""

    value: Any
    form: Transform
    stamp: dt.datetime


class Swept:
    """A store, and beside it a plain list of what each of its values is; ``sort`` is one of ``PAIRS``."""

    def __init__(self, folder: Path, sort: str, form: Transform) -> None:
        self.raw, self.stored, _, _ = PAIRS[sort]
        self.form = form
        self.store = Store.open(folder / "store.duckdb", self.catalogue())
        self.cells: dict[Place, Cell] = {}
        self.batches = 0
        self.bytes_left = False
        kit.load(self.store, kit.profiles(ALL, "p"), kit.masks(ALL, [2] * len(ALL)))

    def fields(self) -> list[Field]:
        made = (kit.field(name, kind, RAW[self.raw]) for name, kind in OF_BOTH.items())
        return [dataclasses.replace(field, transform=self.form) for field in made]

    def catalogue(self) -> Any:
        return kit.catalogue(*self.fields())

    def adopt(self, form: Transform) -> None:
        self.form = form
        self.store.adopt(self.catalogue())

    def tell(self, raw: list[Any], ago: int) -> None:
        """Take a raw value of each person, and an event with the same one."""
        values, at = generalise(pa.array(raw, self.raw), self.form, DAY), kit.AT - dt.timedelta(days=ago)
        batch, first, number = f"b{self.batches}", self.batches * len(ALL), len(ALL)
        kit.load(self.store, kit.profiles(ALL, f"{batch}p", value=values.to_pylist()), at=at)
        ages = [(first + place) / 1000 for place in range(number)]
        kit.load(self.store, kit.events(ALL, ages, f"{batch}e", worth=values.to_pylist()), at=at)
        self.batches += 1
        held = self.held()
        for place, value in enumerate(values.to_pylist()):
            if value is not None:
                self.cells["value", place] = Cell(value, self.form, held["value", place][1])
                self.cells["worth", first + place] = Cell(value, self.form, held["worth", first + place][1])

    def held(self) -> dict[Place, tuple[Any, dt.datetime]]:
        """Return what the file holds, with its stamps."""
        found: dict[Place, tuple[Any, dt.datetime]] = {}
        for person in ALL:
            row = self.store.profile_of(kit.ref(person), on_behalf=RequestId("r"))
            if "value" in row["collected"]:
                found["value", person] = row["value"], row["collected"]["value"]
            for event in self.store.events_of(kit.ref(person), on_behalf=RequestId("r")).to_pylist():
                if event["worth"] is not None:
                    number = round((kit.AT - event["at"]) / dt.timedelta(days=0.001))
                    found["worth", number] = event["worth"], event["collected_at"]
        return found

    def answers(self) -> list[Any]:
        """Return what a permit of the form in force shows: every value in its place, groups, and comparisons."""
        given = kit.permit()
        columns: dict[str, PermittedColumn] = {}
        for field in self.fields():
            columns[field.id] = PermittedColumn(field.id, field.id, field.stored_type, field.transform, kit.LONG)
        relation = self.store.relation(dataclasses.replace(given, columns=columns), kit.AT)
        return [relation.run(sqlglot.parse_one(sql, dialect="duckdb")).table.to_pylist() for sql in QUERIES]

    def told(self) -> dict[Place, Any]:
        """Return by the plain list what of each value can be told in the form in force."""
        found: dict[Place, Any] = {}
        for form in {cell.form for cell in self.cells.values()}:
            places = [place for place, cell in self.cells.items() if cell.form == form]
            stored = generalise(pa.nulls(0, self.raw), form, DAY).type
            values = pa.array([self.cells[place].value for place in places], stored)
            found |= dict(zip(places, in_another_form(values, form, self.form, self.stored), strict=True))
        return found

    def sweep(self, period: dt.timedelta) -> None:
        """Sweep; the store and the list then agree, and so do a dry run and no answer has changed."""
        over = {place for place, cell in self.cells.items() if place[0] == "value" and kit.AT - cell.stamp >= period}
        self.cells = {place: cell for place, cell in self.cells.items() if place not in over}
        told = {place: value for place, value in self.told().items() if value is not None}
        of_bands = isinstance(self.form, AgeBand | Band)
        counts = Counter(
            place[0] for place, value in told.items()
            if self.cells[place].form != self.form and not (of_bands and self.cells[place].value == value)
        )  # fmt: skip
        periods = {"value": period, "worth": kit.LONG}
        tried, before = self.store.excess(periods, kit.AT), self.answers()
        gone = self.store.minimise(periods, kit.AT)
        self.cells |= {place: Cell(value, self.form, self.cells[place].stamp) for place, value in told.items()}
        assert gone == tried
        assert (dict(gone.coarsened), gone.overdue.values.get("value", 0)) == (counts, len(over))
        assert self.held() == {place: (cell.value, cell.stamp) for place, cell in self.cells.items()}
        assert over or self.answers() == before
        self.bytes_left = self.bytes_left or bool(over or counts)
        assert self.store.compaction_due() == self.bytes_left
        assert not self.store.excess(periods, kit.AT).coarsened

    def agrees(self) -> None:
        """What a query shows of each value is what the plain list can tell."""
        told = self.told()
        profiles, events, *_ = self.answers()
        assert [row["value"] for row in profiles] == [told.get(("value", person)) for person in ALL]
        numbers = range(self.batches * len(ALL) - 1, -1, -1)
        assert [row["worth"] for row in events] == [told.get(("worth", number)) for number in numbers]


QUERIES = (
    "SELECT person, value FROM profiles ORDER BY person",
    'SELECT "at", worth FROM events ORDER BY "at"',
    "SELECT value, count(*) AS n FROM profiles GROUP BY value ORDER BY value",
    "SELECT person FROM profiles WHERE value IS NULL ORDER BY person",
)


@pytest.mark.parametrize("sort", PAIRS)
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_sweep_leaves_nothing_finer_than_can_be_told_and_changes_no_answer(sort: str, data: st.DataObject) -> None:
    _, _, values, forms = PAIRS[sort]
    few = data.draw(st.lists(forms, min_size=1, max_size=3))  # so that versions come back
    steps = st.tuples(st.sampled_from(few), st.lists(st.none() | values, min_size=4, max_size=4), st.integers(0, 3))
    with tempfile.TemporaryDirectory() as folder:
        kept = Swept(Path(folder), sort, few[0])
        with kept.store:
            for form, raw, ago in data.draw(st.lists(steps, min_size=1, max_size=4)):
                kept.adopt(form)
                kept.agrees()
                if data.draw(st.booleans()):
                    kept.sweep(data.draw(st.sampled_from([dt.timedelta(days=2), kit.LONG])))
                    kept.agrees()
                kept.tell(raw, ago)
                kept.agrees()


def test_after_a_sweep_a_way_back_shows_no_longer_what_was_finer(store: Store) -> None:
    store.adopt(catalogue(COARSE))
    assert store.minimise({"city": kit.LONG}, kit.AT).coarsened == {"city": 1}
    assert cities(store, COARSE) == ["Tu", None]
    store.adopt(catalogue(FINE))
    assert cities(store, FINE) == [None, None]


def test_the_finer_bytes_go_with_the_next_rewrite_of_the_file(tmp_path: Path) -> None:
    long, short = shaped(Prefix(40)), shaped(Prefix(2))
    with Store.open(tmp_path / "store.duckdb", catalogue(long)) as store:
        kit.load(store, kit.profiles([1], city=["Vanhakaupunki-of-old-51ab"]), kit.masks([1], [2]))
        store.adopt(catalogue(short))
        assert not store.compaction_due()
        store.minimise({"city": kit.LONG}, kit.AT)
        assert store.compaction_due()
        store.compact()
        assert cities(store, short) == ["Va", None]
        assert store.doctor() == ()
    assert b"of-old-51ab" not in (tmp_path / "store.duckdb").read_bytes()


def test_of_bands_that_fall_apart_each_value_keeps_its_own_form(tmp_path: Path) -> None:
    narrow, wide = (shaped(Band(edges), "visits", "visits") for edges in ((0, 10, 50), (5, 10)))
    seen = {"visits": kit.LONG}

    def bands(field: Field) -> Any:
        return opened.attributes(kit.refs([1, 2, 3]), permit(field), kit.AT)["visits"].to_pylist()

    with Store.open(tmp_path / "store.duckdb", catalogue(narrow)) as opened:
        kit.load(opened, kit.profiles([1, 2, 3], visits=["<0", "0-10", "10-50"]), kit.masks([1, 2, 3], [2] * 3))
        opened.adopt(catalogue(wide))
        assert bands(wide) == ["<5", None, "10+"]
        assert opened.minimise(seen, kit.AT).coarsened == {"visits": 2}
        assert bands(wide) == ["<5", None, "10+"]
        opened.adopt(catalogue(narrow))
        assert bands(narrow) == [None, "0-10", None]


def test_of_a_number_whose_rounding_does_not_fit_nothing_is_kept(tmp_path: Path) -> None:
    rough = shaped(Rounded(10), "visits", "visits")
    with Store.open(tmp_path / "store.duckdb", kit.catalogue()) as store:
        kit.load(store, kit.profiles([1, 2], visits=[2**63 - 1, 14]), kit.masks([1, 2], [2] * 2))
        store.adopt(catalogue(rough))
        assert store.minimise({"visits": kit.LONG}, kit.AT).coarsened == {"visits": 2}
        held = [store.profile_of(kit.ref(person), on_behalf=RequestId("r")) for person in (1, 2)]
        assert [row["visits"] for row in held] == [None, 10]
        assert [list(row["collected"]) for row in held] == [[], ["visits"]]
