"""What a rule says of people and of the past is what the store's rows show: from the decision to the answer."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator

import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.policy import decide
from gateway.policy.pack import Condition, Pack, People, Rule, RuleKind
from gateway.store import Store
from gateway.vocabulary.decisions import Action, Permit
from gateway.vocabulary.names import PurposeId, RuleId
from tests.rooms.policy.packs import AT, ask, baseline, with_rules
from tests.rooms.store import kit

BANDS = ["10-14", "15-19", "20-24", "90+", None, "18-99"]
COUNTRIES = ["FI", "HU", "fi", "Suomi", None, "O'Hare"]
BITS = [2, 3, 0]
PEOPLE = [(band, country, bits) for band in BANDS for country in COUNTRIES for bits in BITS]
READING = Condition(actions=frozenset({Action.SEGMENT, Action.RELEASE}))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    numbers = list(range(len(PEOPLE)))
    with Store.open(tmp_path_factory.mktemp("rules") / "store.duckdb", baseline().catalogue) as opened:
        crm = kit.profiles(
            numbers,
            age_band=[band for band, _, _ in PEOPLE],
            country=[country for _, country, _ in PEOPLE],
        )
        kit.load(opened, crm, kit.masks(numbers, [bits for _, _, bits in PEOPLE]), at=AT - dt.timedelta(days=10))
        for age in (5, 50, 500):
            ago = age - (AT - kit.AT) / dt.timedelta(days=1)
            kit.load(opened, kit.events(numbers, [ago] * len(numbers), batch=f"e{age}", amount=[1.0] * len(numbers)))
        yield opened


def with_rule(kind: RuleKind, **about: object) -> Pack:
    made = dataclasses.replace(Rule(RuleId("test"), kind, "5(1)", {"en": "a test"}, READING), **about)  # type: ignore[arg-type]  # a kit of parts
    return with_rules(baseline(), [*baseline().rules, made])


def shown(store: Store, pack: Pack, sql: str = "SELECT person FROM profiles") -> list[int]:
    permit = decide(ask("segment", "direct_marketing", ["country", "birth_date", "amount"]), pack)
    assert isinstance(permit, Permit)
    found = store.relation(permit, AT).run(sqlglot.parse_one(sql, dialect="duckdb")).table
    return sorted(found.column("person").to_pylist())


people = st.builds(
    People,
    younger_than=st.none() | st.sampled_from([10, 15, 16, 20, 90]),
    regions=st.none() | st.frozensets(st.sampled_from(["FI", "HU", "SE"]), min_size=1),
    without_consents=st.none() | st.just(frozenset({PurposeId("direct_marketing")})),
).filter(lambda made: made != People())


def stays(person: tuple[str | None, str | None, int], about: People) -> bool:
    """Say slowly whether a person may stay: at least one part of the prohibition surely does not fit them."""
    band, country, bits = person
    sure = []
    if about.younger_than is not None:
        youngest = {"10-14": 10, "15-19": 15, "20-24": 20, "90+": 90}.get(band or "")
        sure.append(youngest is not None and youngest >= about.younger_than)
    if about.regions is not None:
        sure.append(country in {"FI", "HU"} - about.regions)
    if about.without_consents is not None:
        sure.append(bool(bits & 2))
    return any(sure)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(about=people)
def test_a_prohibition_of_some_people_leaves_out_whoever_may_be_one(store: Store, about: People) -> None:
    expected = [number for number, person in enumerate(PEOPLE) if person[2] & 2 and stays(person, about)]
    pack = with_rule(RuleKind.PROHIBITION, people=about)
    assert shown(store, pack) == expected
    assert sorted(set(shown(store, pack, "SELECT DISTINCT person FROM events"))) == expected


def test_an_old_answer_to_who_somebody_is_does_not_count(store: Store) -> None:
    adults = with_rule(RuleKind.PROHIBITION, people=People(younger_than=18))
    assert shown(store, adults)
    short = tuple(
        dataclasses.replace(entry, period=dt.timedelta(days=9)) if entry.field == "birth_date" else entry
        for entry in adults.catalogue.retention
    )
    pack = dataclasses.replace(adults, catalogue=dataclasses.replace(adults.catalogue, retention=short))
    permit = decide(ask("segment", "direct_marketing", ["country"]), pack)
    assert isinstance(permit, Permit)
    found = store.relation(permit, AT).run(sqlglot.parse_one("SELECT person FROM profiles", dialect="duckdb"))
    assert found.table.num_rows == 0


@pytest.mark.parametrize(("days", "seen"), [(4, 0), (6, 1), (49, 1), (51, 2), (700, 3)])
def test_events_before_the_look_back_are_not_there(store: Store, days: int, seen: int) -> None:
    pack = with_rule(RuleKind.OBLIGATION, look_back=dt.timedelta(days=days))
    permitting = sum(1 for _, _, bits in PEOPLE if bits & 2)
    assert len(shown(store, pack, "SELECT person FROM events")) == seen * permitting
