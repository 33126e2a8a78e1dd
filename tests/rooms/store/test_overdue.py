"""Retention deletes (Art. 5(1)(e)): just what is over its period, column by column and event by event, and its bytes.

The other side of the comparison is a plain list of what was told when.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.store import Limits, Store
from gateway.vocabulary.names import RequestId
from tests.rooms.store import kit

DAY = dt.timedelta(days=1)
OF_PEOPLE = ("city", "visits")
OF_EVENTS = ("amount", "quantity")
PEOPLE = range(5)
ON_BEHALF = RequestId("r1")

ages = st.integers(0, 6)  # days; periods and looks are of the same few, so that boundaries are hit
Periods = Mapping[str, dt.timedelta]


class Told(NamedTuple):
    """What one file said of one person ``ago`` days before; events carry their own days."""

    person: int
    ago: int
    values: dict[str, Any]


profiles_told = st.builds(
    Told, st.sampled_from(PEOPLE), ages,
    st.fixed_dictionaries({"city": st.sampled_from(["Oulu", "Turku", None]), "visits": st.sampled_from([0, 7, None])}),
)  # fmt: skip
events_told = st.builds(
    Told, st.sampled_from(PEOPLE), ages,
    st.fixed_dictionaries({"amount": st.sampled_from([1.5, None]), "quantity": st.sampled_from([2, None])}),
)  # fmt: skip
periods_of = st.dictionaries(
    st.sampled_from((*OF_PEOPLE, *OF_EVENTS)), ages.map(lambda days: dt.timedelta(days=days))
)  # fmt: skip


def fill(store: Store, profiles: Iterable[Told], events: list[Told]) -> None:
    kit.load(store, kit.profiles(list(PEOPLE), batch="p0"), kit.masks(list(PEOPLE), [2] * 5), at=kit.AT - 9 * DAY)
    told = sorted(profiles, key=lambda each: -each.ago)
    for number, each in enumerate(told, 1):
        values = {name: [value] for name, value in each.values.items() if value is not None}
        kit.load(store, kit.profiles([each.person], batch=f"p{number}", **values), at=kit.AT - each.ago * DAY)
    if events:
        columns = {name: [each.values[name] for each in events] for name in OF_EVENTS}
        days = [float(each.ago) for each in events]
        kit.load(store, kit.events([each.person for each in events], days, batch="e1", **columns))


def held(store: Store) -> tuple[dict[int, dict[str, Any]], dict[int, list[tuple[Any, ...]]]]:
    """Return what is in the file of each person: values with the day of collection, and events."""
    profiles, events = {}, {}
    for person in PEOPLE:
        row = store.profile_of(kit.ref(person), on_behalf=ON_BEHALF)
        profiles[person] = {n: (row[n], row["collected"][n]) for n in OF_PEOPLE if row[n] is not None}
        assert row["collected"].keys() == profiles[person].keys()
        rows = store.events_of(kit.ref(person), on_behalf=ON_BEHALF).to_pylist()
        events[person] = sorted(((each["at"], each["amount"], each["quantity"]) for each in rows), key=str)
    return profiles, events


def kept(
    before: tuple[dict[int, dict[str, Any]], dict[int, list[tuple[Any, ...]]]], periods: Periods
) -> tuple[dict[int, dict[str, Any]], dict[int, list[tuple[Any, ...]]]]:
    """Return, by a plain reading of the law, what is left of ``before``."""

    def young(name: str, at: dt.datetime) -> bool:
        return name in periods and kit.AT - at < periods[name]

    profiles = {
        person: {name: (value, at) for name, (value, at) in values.items() if young(name, at)}
        for person, values in before[0].items()
    }
    events = {
        person: [
            (at, amount if young("amount", at) else None, quantity if young("quantity", at) else None)
            for at, amount, quantity in rows
            if any(young(name, at) for name in OF_EVENTS)
        ]
        for person, rows in before[1].items()
    }
    return profiles, {person: sorted(rows, key=str) for person, rows in events.items()}


QUERIES = (
    "SELECT person, {profiles} FROM profiles ORDER BY person",
    'SELECT person, "at", {events} FROM events ORDER BY ALL',
    "SELECT count(*) AS n FROM profiles",
    "SELECT p.person, count(e.at) AS n FROM profiles AS p LEFT JOIN events AS e USING (person) GROUP BY 1 ORDER BY 1",
)  # fmt: skip


def answers(store: Store, seen: Periods, rows: dt.timedelta) -> list[Any]:
    relation = store.relation(kit.permit(columns=tuple(seen), retention=seen, kept=rows), kit.AT)
    named = {
        "profiles": ", ".join([n for n in OF_PEOPLE if n in seen] or ["person AS p"]),
        "events": ", ".join([n for n in OF_EVENTS if n in seen] or ["event"]),
    }
    return [
        sorted(map(str, relation.run(sqlglot.parse_one(sql.format(**named).replace(" ORDER BY ALL", ""),
                                                       dialect="duckdb")).table.to_pylist()))
        for sql in QUERIES
    ]  # fmt: skip


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    profiles=st.lists(profiles_told, max_size=5), events=st.lists(events_told, max_size=6), periods=periods_of,
    shorter=st.lists(ages, min_size=5, max_size=5),
)  # fmt: skip
def test_what_is_over_goes_and_nothing_else(
    profiles: list[Told], events: list[Told], periods: Periods, shorter: list[int]
) -> None:
    """Exactly the overdue goes; a dry run counts just that; no permit that the periods allow sees a difference."""
    cut = dict(zip((*OF_PEOPLE, *OF_EVENTS), shorter, strict=False))
    seen = {name: min(period, cut[name] * DAY) for name, period in periods.items()}
    rows = min(max((periods[n] for n in OF_EVENTS if n in periods), default=dt.timedelta(0)), shorter[4] * DAY)
    with tempfile.TemporaryDirectory() as folder, kit.opened(Path(folder)) as store:
        fill(store, profiles, events)
        before, answered = held(store), answers(store, seen, rows)
        expected = kept(before, periods)
        tried = store.excess(periods, kit.AT).overdue
        assert held(store) == before
        gone = store.minimise(periods, kit.AT).overdue
        assert gone == tried
        assert held(store) == expected
        assert gone.events == sum(len(before[1][p]) - len(expected[1][p]) for p in PEOPLE)
        lost = {n: sum((n in before[0][p]) - (n in expected[0][p]) for p in PEOPLE) for n in OF_PEOPLE}
        assert {n: c for n, c in gone.values.items() if n in OF_PEOPLE} == {n: c for n, c in lost.items() if c}
        assert gone.people_without_data == sum(not expected[0][p] and not expected[1][p] for p in PEOPLE)
        assert answers(store, seen, rows) == answered
        assert store.excess(periods, kit.AT).overdue.total == 0
        assert store.compaction_due() == (gone.total > 0)


MARKER = "Marker-of-an-old-value-51ab"


def test_the_bytes_go_and_a_value_that_came_since_stays(tmp_path: Path) -> None:
    with kit.opened(tmp_path) as store:
        people = list(range(100))
        old = kit.AT - 10 * DAY
        kit.load(store, kit.profiles(people, city=[MARKER] * 100), at=old)
        kit.load(store, kit.events(people, [10.0] * 100, product_category=[MARKER + "e"] * 100), at=old)
        kit.load(store, kit.profiles([1], batch="b2", city=["Oulu"]), at=kit.AT - DAY)
        store.compact()
        assert MARKER.encode() in (tmp_path / "store.duckdb").read_bytes()
        gone = store.minimise({"city": 9 * DAY, "product_category": 9 * DAY}, kit.AT).overdue
        assert (dict(gone.values), gone.events, gone.people_without_data) == ({"city": 99}, 100, 99)
        store.compact()
        assert not any(MARKER.encode() in path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
        assert store.profile_of(kit.ref(1), on_behalf=ON_BEHALF)["city"] == "Oulu"
        assert store.doctor() == ()


def test_a_column_that_the_catalogue_dropped_has_no_period(tmp_path: Path) -> None:
    with kit.opened(tmp_path) as store:
        kit.load(store, kit.profiles([1], city=["Oulu"], diet=["vegan"]))
        assert dict(store.minimise({"city": DAY}, kit.AT).overdue.values) == {"diet": 1}


def test_many_rows_go_within_the_memory_that_is_allowed(tmp_path: Path) -> None:
    with Store.open(tmp_path / "store.duckdb", kit.catalogue(), Limits(memory_mib=64)) as store:
        people = list(range(60_000))
        kit.load(store, kit.profiles(people, city=[f"{MARKER}{n}" for n in people]), at=kit.AT - 10 * DAY)
        assert dict(store.minimise({"city": DAY}, kit.AT).overdue.values) == {"city": 60_000}
