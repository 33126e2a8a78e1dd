"""Going back: alone where it allows no more than what is in force, and with a second person where it allows more."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gateway.flows.classify_columns import Classification, Wish
from gateway.flows.policy_versions import Officer, VersionState
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import Conflict
from gateway.foundation.settings import Settings
from gateway.vocabulary.events import Actor, Role
from gateway.vocabulary.names import FieldId
from gateway.wiring import Gateway, open_gateway
from tests.builders import CUSTOMERS, NOW, as_csv, customers, ingest
from tests.drafts import draft_with
from tests.versions import LIISA, OLLI, approved, decided, put_in_force, without_stale_cases

KEY = Officer(Actor("client", "act_one", Role.OFFICER), "officer-1")
SAME_KEY = Officer(Actor("client", "act_one", Role.OFFICER), "officer-9")
WHY = "too many left"


def follow(gateway: Gateway, changes: Iterable[str], number: str = "2.0.0", older: str = "1.0.0") -> None:
    gateway.policies.activate(approved(gateway, draft_with(changes, number, older)), OLLI)


def version(gateway: Gateway) -> str:
    return str(gateway.house.policy.base.catalogue.version)


def steps(gateway: Gateway) -> list[tuple[str, str | None]]:
    """The entries about the way back, with the proposal that they name."""
    found = [(e["action"], e.get("request")) for e in gateway.house.recorder.entries()]
    return [each for each in found if each[0] in {"policy.proposed", "policy.rolled_back"}]


@pytest.fixture
def narrowed(gateway: Gateway) -> Gateway:
    """A gateway under a version with a higher minimum size than the one before."""
    follow(gateway, ["a higher minimum"])
    return gateway


def test_what_allows_no_more_is_in_force_at_once(gateway: Gateway) -> None:
    follow(gateway, ["lower age"])
    shown = gateway.policies.roll_back("1.0.0", OLLI, reason=WHY)
    assert (shown.state, shown.proposal, shown.steps[-1].confirmed_by) == (VersionState.ACTIVE, None, None)
    assert (version(gateway), steps(gateway)) == ("1.0.0", [("policy.rolled_back", None)])


def test_that_the_version_before_began_earlier_is_nothing_more(gateway: Gateway, tmp_path: Path) -> None:
    pack = Path(shutil.copytree(Settings().policies, tmp_path / "pack"))
    for file, old, new in (
        ("pack.yaml", "2026-01-01T", "2026-02-01T"),
        ("purposes.yaml", "default: 16}", "default: 14}"),
    ):
        text = (pack / file).read_text(encoding="utf-8")
        assert old in text
        (pack / file).write_text(text.replace(old, new), encoding="utf-8")
    without_stale_cases(pack)
    put_in_force(gateway, pack)
    assert gateway.policies.roll_back("1.0.0", OLLI, reason=WHY).state is VersionState.ACTIVE


def test_what_allows_more_waits_for_a_second_person(narrowed: Gateway) -> None:
    shown = narrowed.policies.roll_back("1.0.0", LIISA, reason=WHY)
    assert shown.proposal is not None
    assert (shown.state, shown.proposal.by, shown.proposal.void) == (VersionState.SUPERSEDED, "Liisa", False)
    again = narrowed.policies.roll_back("1.0.0", LIISA, reason=WHY)
    assert (again.proposal, version(narrowed)) == (shown.proposal, "2.0.0")
    assert [each.proposal for each in narrowed.policies.list()] == [shown.proposal, None]
    done = narrowed.policies.roll_back("1.0.0", OLLI, reason="agreed")
    assert (done.state, done.proposal, version(narrowed)) == (VersionState.ACTIVE, None, "1.0.0")
    step = done.steps[-1]
    assert (step.by, step.note, step.confirmed_by) == ("Liisa", WHY, "Olli")
    name = shown.proposal.id
    assert steps(narrowed) == [("policy.proposed", name), ("policy.rolled_back", name)]
    assert WHY not in repr(list(narrowed.house.recorder.entries()))


def test_beside_a_key_a_name_is_nobody_else(narrowed: Gateway) -> None:
    for officer in (KEY, SAME_KEY, OLLI):
        assert narrowed.policies.roll_back("1.0.0", officer, reason=WHY).proposal is not None
    assert version(narrowed) == "2.0.0"


def test_with_four_eyes_off_one_person_goes_back(settings: Settings, new_home: Path) -> None:
    shutil.copytree(new_home, settings.home)
    with open_gateway(settings.model_copy(update={"four_eyes": False}), FrozenClock(NOW)) as gateway:
        follow(gateway, ["a higher minimum"])
        assert gateway.policies.roll_back("1.0.0", LIISA, reason=WHY).state is VersionState.ACTIVE


def test_under_another_version_it_is_void(narrowed: Gateway) -> None:
    narrowed.policies.roll_back("1.0.0", LIISA, reason=WHY)
    follow(narrowed, ["a higher minimum", "a segment gone"], "3.0.0", "2.0.0")
    waits = narrowed.policies.get("1.0.0").proposal
    assert waits is not None
    assert waits.void
    renewed = narrowed.policies.roll_back("1.0.0", OLLI, reason=WHY).proposal
    assert renewed is not None
    assert (renewed.by, renewed.void, version(narrowed)) == ("Olli", False, "3.0.0")


def test_a_column_that_was_opened_since_makes_it_void(narrowed: Gateway) -> None:
    """It would come into force with it: the proposal was of something else."""
    ingest(narrowed, as_csv([row | {"sukupuoli": "nainen"} for row in customers(range(1, 6))]))
    narrowed.policies.roll_back("1.0.0", LIISA, reason=WHY)
    wish = Wish(Classification.FIELD, FieldId("gender"))
    decided(narrowed, narrowed.inbox.find(CUSTOMERS, "sukupuoli"), wish)
    assert narrowed.policies.roll_back("1.0.0", OLLI, reason=WHY).proposal is not None
    assert version(narrowed) == "2.0.0"


def test_what_cannot_be_gone_back_to_is_not_proposed(narrowed: Gateway) -> None:
    number = approved(narrowed, draft_with(["lower age"], "3.0.0", "2.0.0"))
    with pytest.raises(Conflict):
        narrowed.policies.roll_back(number, LIISA, reason=WHY)
    assert steps(narrowed) == []


@pytest.fixture(scope="module")
def shared(new_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    home = Path(shutil.copytree(new_home, tmp_path_factory.mktemp("back") / "home"))
    with open_gateway(Settings(home=home), FrozenClock(NOW)) as gateway:
        follow(gateway, ["a higher minimum", "higher age"])
        follow(gateway, ["a higher minimum", "higher age", "a segment gone"], "3.0.0", "2.0.0")
        gateway.policies.roll_back("2.0.0", LIISA, reason=WHY)  # whether it waits or not
        yield gateway


@examples(max_examples=10)
@given(st.lists(st.tuples(st.sampled_from(["1.0.0", "2.0.0", "3.0.0"]), st.sampled_from([KEY, SAME_KEY])), max_size=6))
def test_nothing_that_one_person_does_goes_back_to_what_allows_more(
    shared: Gateway, taken: list[tuple[str, Officer]]
) -> None:
    for number, officer in taken:
        if number != version(shared):
            shared.policies.roll_back(number, officer, reason=WHY)
        assert version(shared) != "1.0.0"
