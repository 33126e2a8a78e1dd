"""What must not come together does not, however it is cut: by segments, purposes, contracts, formats, deltas, time."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from gateway.flows.build_segment import BuildSegment
from gateway.flows.release_segment import Format, ReleaseRequest, ReleaseSegment
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import NotPermitted
from gateway.foundation.settings import Settings
from gateway.policy import decide
from gateway.release import Disclosure
from gateway.segmentation import SegmentDefinition, fields_of, load_segment
from gateway.segmentation.loading import load_segments
from gateway.vocabulary.decisions import Action, Decision, ProcessingRequest
from gateway.vocabulary.names import RecipientId, SegmentId
from gateway.wiring import Gateway, initialise, open_gateway
from tests.apart import CONTRACTS, EVERYBODY, NEVER, PURPOSES, Fixed, dumped, written
from tests.builders import NOW, TESTER, filled
from tests.conformance.test_segments_agree import comparisons, event_conditions, trees
from tests.hidden import TITLE, Hiding
from tests.rooms.policy.packs import AT, baseline

COMPANIES, PEOPLE = 40, 100


@pytest.fixture(scope="module")
def open_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("combinations")
    made, clock = Settings(home=folder / "home", policies=written(folder / "pack", COMPANIES)), FrozenClock(NOW)
    initialise(made, clock)
    with open_gateway(made, clock) as gateway:
        filled(gateway, PEOPLE)
        yield gateway


def asked(releasing: ReleaseSegment, request: ReleaseRequest) -> Disclosure | tuple[str, ...]:
    """Return what left, or the reasons for which nothing did."""
    try:
        return releasing(request, TESTER).value.disclosure
    except NotPermitted as refusal:
        return refusal.reasons


def with_files(gateway: Gateway, files: dict[str, str]) -> ReleaseSegment:
    """Return the release of segments under the pack with these files more."""
    pack = gateway.house.pack
    more = dataclasses.replace(pack, segments={**pack.segments, **files})
    house = dataclasses.replace(gateway.house, policy=Fixed(more))  # type: ignore[arg-type]  # as it is read
    return ReleaseSegment(house, BuildSegment(house))


def machine(gateway: Gateway) -> type[RuleBasedStateMachine]:
    companies = iter(range(COMPANIES))

    class OneCompany(RuleBasedStateMachine):
        """One legal entity with three contracts, and a naive record of what it has been told."""

        learned: frozenset[str]

        def __init__(self) -> None:
            super().__init__()
            self.company = next(companies)
            self.learned = frozenset()

        @rule(
            segment=st.sampled_from(sorted(EVERYBODY)), sort=st.sampled_from(sorted(CONTRACTS)),
            form=st.sampled_from(["csv", "ndjson", "parquet"]), delta=st.booleans(),
        )  # fmt: skip
        def release(self, segment: str, sort: str, form: Format, *, delta: bool) -> None:
            name = f"{segment}_{CONTRACTS[sort][0]}"
            self.released(gateway.release, name, sort, EVERYBODY[segment][1], form, delta=delta)

        @rule(
            parts=st.lists(st.sampled_from(sorted(EVERYBODY)), min_size=1, max_size=2),
            name=st.sampled_from(["one", "other"]), sort=st.sampled_from(sorted(CONTRACTS)), delta=st.booleans(),
            chance=st.randoms(use_true_random=False),
        )  # fmt: skip
        def release_hidden(self, parts: list[str], name: str, sort: str, chance: random.Random, *, delta: bool) -> None:
            """A segment that is new, or comes to say something else, by way of traits and of segments nested in it."""
            hiding = Hiding(chance, PURPOSES[CONTRACTS[sort][0]], prefix=name)
            hiding.segment(name, {chance.choice(["all", "any"]): [EVERYBODY[part][0] for part in parts]})
            chosen = frozenset[str]().union(*(EVERYBODY[part][1] for part in parts))
            self.released(with_files(gateway, hiding.files), name, sort, chosen, "csv", delta=delta)

        def released(
            self, releasing: ReleaseSegment, segment: str, sort: str, chosen: frozenset[str], form: Format, *,
            delta: bool,
        ) -> None:  # fmt: skip
            told = self.learned | chosen
            whole = told | frozenset(CONTRACTS[sort][1])
            request = ReleaseRequest(SegmentId(segment), RecipientId(f"{sort}_{self.company}"), form, delta)
            answer = asked(releasing, request)
            if isinstance(answer, Disclosure) and (answer.size or not delta):  # else it says that all left, and no more
                self.learned = told if delta else whole
                assert answer.size == PEOPLE
                assert not any(never <= self.learned for never in NEVER)
            elif answer != ("no_previous_release",):
                assert any(never <= whole for never in NEVER), answer

        @rule(days=st.integers(1, 3))
        def wait(self, days: int) -> None:
            clock = gateway.house.clock
            assert isinstance(clock, FrozenClock)
            clock.advance(dt.timedelta(hours=days))

    return OneCompany


def test_no_way_of_cutting_gives_a_company_what_must_not_come_together(open_house: Gateway) -> None:
    run_state_machine_as_test(
        machine(open_house),
        settings=settings(
            max_examples=20,
            stateful_step_count=10,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],  # shrinking would need a fresh company for each attempt
        ),
    )


conditions = trees(st.one_of(comparisons({"city": st.just("x")}), comparisons({"total_spend": st.integers(0, 9)}),
                             comparisons({"postcode3": st.just("005")}),
                             event_conditions().map(lambda node: node | {"event": "purchase"})), 8)  # fmt: skip


@given(where=conditions, chance=st.randoms(use_true_random=False))
def test_every_column_that_a_definition_names_anywhere_counts(where: dict[str, Any], chance: random.Random) -> None:
    """Whatever node of the tree it stands in: under a negation, in an alternative, in an event's sum or filter.

    And in whatever file: behind computed traits, in segments nested in segments.
    """
    said = {"id": "drawn", "purpose": "direct_marketing", "title": TITLE, "where": where}
    hiding = Hiding(chance)
    hiding.segment("drawn", where)
    catalogue = baseline().catalogue
    stored = {field.column: field.id for field in catalogue.fields.values() if field.column}
    plain, hidden = load_segment(dumped(said), name="drawn"), load_segments(hiding.files)[SegmentId("drawn")]
    assert fields_of(plain, catalogue) == fields_of(hidden, catalogue) == {stored[name] for name in named(where)}
    assert decided(plain) == decided(hidden)


def decided(definition: SegmentDefinition) -> Decision:
    fields = fields_of(definition, baseline().catalogue)
    return decide(ProcessingRequest(Action.SEGMENT, definition.purpose, AT, fields=fields), baseline())


def named(node: Any) -> set[str]:
    """Find the columns naively: every ``field`` at any depth."""
    if isinstance(node, dict):
        own = {node["field"]} if "field" in node else set()
        return own.union(*(named(part) for part in node.values()))
    return set().union(*(named(part) for part in node)) if isinstance(node, list) else set()
