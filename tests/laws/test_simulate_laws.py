"""Simulate = what then happens: the numbers before protection are those that the draft, once in force, brings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gateway.flows.measure_draft import Measured, measure
from gateway.flows.policy_pack import load_draft
from gateway.foundation.errors import NotFound, NotPermitted
from gateway.vocabulary.names import PurposeId, SegmentId
from gateway.wiring import Gateway
from tests.builders import NOW, TESTER
from tests.drafts import CHANGES, draft_with, make_shop, opened_copy
from tests.versions import OLLI, approved

LOOKED_AT = ("loyal_buyers", "lapsed_buyers", "regular_buyers", "young_adults_nordic", "gold", "gold_loyal")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_shop(tmp_path_factory.mktemp("shop"))


def members(gateway: Gateway, segment: str) -> frozenset[int]:
    """Who is in a segment, by the snapshot that the gateway builds; nobody where it builds none."""
    try:
        snapshot, _ = gateway.build.snapshot(SegmentId(segment), TESTER)
    except (NotPermitted, NotFound):
        return frozenset()
    with gateway.house.store._reading() as cursor:
        rows = cursor.execute("SELECT person FROM snapshot_members WHERE snapshot = ?", [snapshot.id]).fetchall()
    return frozenset(person for (person,) in rows)


def allowing(gateway: Gateway) -> dict[PurposeId, frozenset[bytes]]:
    """Who permits each purpose, by the masks in the store."""
    found: dict[PurposeId, set[bytes]] = {name: set() for name in gateway.house.catalogue.purposes}
    for batch in gateway.house.store.all_subjects():
        for row in batch.to_pylist():
            for purpose in gateway.house.catalogue.purposes.values():
                if row["permits"] >> purpose.bit & 1 and row["permits_until"] > NOW:
                    found[purpose.id].add(row["subject"])
    return {name: frozenset(people) for name, people in found.items()}


def foretold(measured: Measured) -> dict[str, tuple[int, int, int, int]]:
    return {s.segment: (s.now.size, s.then.size, s.entered, s.left) for s in measured.segments}


def happened(
    before: dict[str, frozenset[int]], after: dict[str, frozenset[int]], names: Iterable[str]
) -> dict[str, tuple[int, int, int, int]]:
    pairs = {name: (before[name], after[name]) for name in names}
    return {name: (len(a), len(b), len(b - a), len(a - b)) for name, (a, b) in pairs.items()}


@settings(max_examples=2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(changes=frozenset(CHANGES))
@example(changes=frozenset({"higher age"}))
@example(changes=frozenset({"coarser ages", "a segment by tens"}))
@given(changes=st.frozensets(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=4))
def test_simulate_is_what_then_happens(
    home: Path, tmp_path_factory: pytest.TempPathFactory, changes: frozenset[str]
) -> None:
    files = draft_with(sorted(changes))
    with opened_copy(home, tmp_path_factory.mktemp("copy")) as gateway:
        measured = measure(gateway.house, load_draft(files), NOW)
        before, permitted = {name: members(gateway, name) for name in LOOKED_AT}, allowing(gateway)
        gateway.policies.activate(approved(gateway, files), OLLI)
        after, permitting = {name: members(gateway, name) for name in LOOKED_AT}, allowing(gateway)
        told = foretold(measured)
        assert told == happened(before, after, told)
        assert all(not before[name] and not after[name] for name in set(LOOKED_AT) - told.keys())
        for name, people in permitting.items():
            moved = (len(people - permitted[name]), len(permitted[name] - people))
            assert moved == measured.purposes.get(name, (0, 0)), name
