"""Four eyes: no sequence of steps by one person opens anything; what another confirms is exactly what was proposed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gateway.flows.classify_columns import Classification, Classified, Effect, InboxItem, InboxState, Officer, Wish
from gateway.flows.release_segment import ReleaseRequest
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import InvalidInput, NotFound
from gateway.foundation.settings import Settings
from gateway.policy import Pack
from gateway.vocabulary.contracts import FieldColumn
from gateway.vocabulary.events import Actor, Role
from gateway.vocabulary.names import FieldId, RecipientId, SegmentId
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import CUSTOMERS, NOW, TESTER, as_csv, customers, ingest
from tests.drafts import draft_with
from tests.homes import copied, filled_home
from tests.versions import LIISA, OLLI, approved

KEY = Officer(Actor("client", "act_one", Role.OFFICER), "officer-1")
SAME_KEY = Officer(Actor("client", "act_one", Role.OFFICER), "officer-9")
OTHER_KEY = Officer(Actor("client", "act_two", Role.OFFICER), "officer-2")
ACCEPT, KEEP, IGNORE = Wish(None), Wish(Classification.KEPT_SEALED), Wish(Classification.IGNORED)
MAILER, LOYAL = RecipientId("mailer"), SegmentId("loyal_buyers")
EVIDENCE = "doc-1"


def field(name: str) -> Wish:
    return Wish(Classification.FIELD, FieldId(name))


def fill(gateway: Gateway) -> None:
    """Bring two columns in that nobody has declared."""
    ingest(gateway, as_csv([row | {"sukupuoli": "nainen", "hobby": "golf"} for row in customers(range(1, 6))]))


@pytest.fixture
def waiting(gateway: Gateway) -> Gateway:
    fill(gateway)
    return gateway


def decide(gateway: Gateway, officer: Officer, wish: Wish = ACCEPT, column: str = "sukupuoli") -> Classified:
    return gateway.inbox.decide(gateway.inbox.find(CUSTOMERS, column), wish, officer).value


def the(gateway: Gateway, column: str = "sukupuoli") -> InboxItem:
    (item,) = [item for item in gateway.inbox.list(TESTER).value if item.column == column]
    return item


def steps(gateway: Gateway) -> list[str]:
    return [
        e["action"] for e in gateway.house.recorder.entries() if e["action"].split(".")[0] in {"column", "deletion"}
    ]


def opened(pack: Pack) -> dict[str, str]:
    columns = pack.catalogue.sources[CUSTOMERS].columns
    return {
        name: c.field for name, c in columns.items() if name in {"sukupuoli", "hobby"} and isinstance(c, FieldColumn)
    }


class TestColumns:
    def test_one_proposes_and_another_opens(self, waiting: Gateway) -> None:
        label = waiting.house.catalogue.label
        done = decide(waiting, LIISA)
        assert (done.waits, done.decision, done.policy) == (True, None, label)
        assert "Liisa" in done.advice
        assert "another person" in done.advice
        item = the(waiting)
        assert (item.state, item.effect, item.decisions) == (InboxState.PROPOSED, Effect.SEALED, ())
        assert item.proposal is not None
        assert (item.proposal.by, item.proposal.field, item.proposal.void) == ("Liisa", "gender", False)
        assert waiting.inbox.list(TESTER, state=InboxState.PROPOSED).value == (item,)
        again = decide(waiting, LIISA)
        assert (again.waits, again.item) == (True, item)
        assert steps(waiting) == ["column.proposed"]
        assert opened(waiting.house.pack) == {}
        done = decide(waiting, OLLI)
        assert (done.waits, done.item.effect, done.item.proposal) == (False, Effect.READ, None)
        assert done.decision == item.proposal.id
        assert (done.item.decisions[-1].by, done.item.decisions[-1].confirmed_by) == ("Liisa", "Olli")
        assert steps(waiting) == ["column.proposed", "column.classified"]
        assert opened(waiting.house.pack) == {"sukupuoli": "gender"}

    @pytest.mark.parametrize(
        ("one", "other", "opens"),
        [(KEY, KEY, False), (KEY, SAME_KEY, False), (KEY, OLLI, False), (OLLI, KEY, False), (KEY, OTHER_KEY, True)],
    )
    def test_a_name_alone_is_not_enough_where_there_is_a_key(
        self, waiting: Gateway, one: Officer, other: Officer, *, opens: bool
    ) -> None:
        assert decide(waiting, one).waits
        assert decide(waiting, other).waits is not opens
        assert bool(opened(waiting.house.pack)) is opens

    @pytest.mark.parametrize("wish", [KEEP, IGNORE])
    def test_what_narrows_takes_effect_at_once_and_ends_what_waits(self, waiting: Gateway, wish: Wish) -> None:
        decide(waiting, LIISA)
        done = decide(waiting, OLLI, wish)
        assert (done.waits, done.item.proposal, done.item.state) == (False, None, InboxState.DECIDED)
        assert decide(waiting, OLLI).waits  # a proposal of its own now
        assert opened(waiting.house.pack) == {}

    def test_another_field_is_another_proposal(self, waiting: Gateway) -> None:
        decide(waiting, LIISA)
        assert decide(waiting, OLLI, field("product_category")).waits
        assert opened(waiting.house.pack) == {}

    def test_another_column_decided_in_between_changes_nothing(self, waiting: Gateway) -> None:
        decide(waiting, LIISA)
        decide(waiting, OLLI, IGNORE, "hobby")
        assert not decide(waiting, OLLI).waits

    def test_under_another_version_it_is_void_and_says_so(self, waiting: Gateway) -> None:
        decide(waiting, LIISA)
        waiting.policies.activate(approved(waiting, draft_with(["a higher minimum"])), OLLI)
        item = the(waiting)
        assert item.proposal is not None
        assert (item.state, item.proposal.void) == (InboxState.PENDING, True)
        done = decide(waiting, OLLI)
        assert (done.waits, done.renewed) == (True, True)
        assert "void" in done.advice
        assert opened(waiting.house.pack) == {}
        assert not decide(waiting, LIISA).waits
        assert opened(waiting.house.pack) == {"sukupuoli": "gender"}

    def test_a_field_that_the_rules_refuse_waits_too(self, waiting: Gateway) -> None:
        """Tomorrow's pack may let it in: then two have said so."""
        assert decide(waiting, LIISA, field("health_note")).waits
        assert the(waiting).decisions == ()

    def test_the_same_decision_again_opens_nothing(self, waiting: Gateway) -> None:
        decide(waiting, LIISA)
        decide(waiting, OLLI)
        assert not decide(waiting, LIISA).waits

    def test_a_dry_run_keeps_nothing(self, waiting: Gateway) -> None:
        entry = waiting.inbox.find(CUSTOMERS, "sukupuoli")
        done = waiting.inbox.decide(entry, ACCEPT, LIISA, dry_run=True).value
        assert (done.waits, done.item.effect, the(waiting).proposal) == (True, Effect.READ, None)
        assert "second person" in done.advice
        decide(waiting, LIISA)
        done = waiting.inbox.decide(entry, ACCEPT, OLLI, dry_run=True).value
        assert (done.waits, done.decision) == (False, None)
        assert the(waiting).state is InboxState.PROPOSED
        assert steps(waiting) == ["column.proposed"]

    def test_it_still_waits_in_a_home_that_was_closed(self, settings: Settings, clock: FrozenClock) -> None:
        initialise(settings, clock)
        with open_gateway(settings, clock) as gateway:
            fill(gateway)
            decide(gateway, LIISA)
        with open_gateway(settings, clock) as gateway:
            assert decide(gateway, LIISA).waits
            assert not decide(gateway, OLLI).waits

    def test_with_four_eyes_off_one_person_decides(self, settings: Settings, clock: FrozenClock) -> None:
        initialise(settings, clock)
        with open_gateway(settings, clock) as gateway:
            fill(gateway)
            decide(gateway, LIISA)
        with open_gateway(settings.model_copy(update={"four_eyes": False}), clock) as gateway:
            done = decide(gateway, LIISA)
            assert (done.waits, done.item.effect, done.item.proposal) == (False, Effect.READ, None)
            assert done.item.decisions[-1].confirmed_by is None


@dataclass(repr=False)
class Shared:
    """A gateway for many examples; what fails is told without it."""

    gateway: Gateway


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    settings, clock = Settings(home=tmp_path_factory.mktemp("eyes") / "home"), FrozenClock(NOW)
    initialise(settings, clock)
    with open_gateway(settings, clock) as gateway:
        fill(gateway)
        yield Shared(gateway)


WISHES = {"gender": field("gender"), "total_spend": field("total_spend"), "keep": KEEP, "ignore": IGNORE}
step = st.tuples(
    st.sampled_from(["sukupuoli", "hobby"]),
    st.sampled_from(sorted(WISHES)),
    st.sampled_from([LIISA, OLLI, KEY, SAME_KEY, OTHER_KEY]),
)


def two(one: Officer, other: Officer) -> bool:
    """Whether two officers of this test are two people, written out."""
    return {one, other} in ({LIISA, OLLI}, {KEY, OTHER_KEY}, {SAME_KEY, OTHER_KEY})


@examples(max_examples=20)
@given(st.lists(step, max_size=8))
def test_only_what_two_people_said_is_open(shared: Shared, taken: list[tuple[str, str, Officer]]) -> None:
    for column in ("sukupuoli", "hobby"):
        decide(shared.gateway, LIISA, KEEP, column)
    proposed: dict[str, tuple[str, Officer]] = {}
    expected: dict[str, str] = {}
    for column, name, officer in taken:
        try:
            decide(shared.gateway, officer, WISHES[name], column)
        except InvalidInput:  # another column holds the field
            assert name in {field for other, field in expected.items() if other != column}
            continue
        if name in {"keep", "ignore"}:
            expected.pop(column, None)
            proposed.pop(column, None)
        elif expected.get(column) == name:
            proposed.pop(column, None)
        elif column in proposed and proposed[column][0] == name and two(proposed[column][1], officer):
            expected[column] = name
            proposed.pop(column)
        elif column not in proposed or proposed[column][0] != name:
            proposed[column] = (name, officer)
        assert opened(shared.gateway.house.pack) == expected


@given(st.lists(st.tuples(st.sampled_from(["sukupuoli", "hobby"]), st.sampled_from(sorted(WISHES))), max_size=8))
@examples(max_examples=10)
def test_nothing_that_one_person_does_opens_anything(shared: Shared, taken: list[tuple[str, str]]) -> None:
    for column in ("sukupuoli", "hobby"):
        decide(shared.gateway, OLLI, KEEP, column)
    for (column, name), officer in zip(taken, itertools.cycle([KEY, SAME_KEY])):
        decide(shared.gateway, officer, WISHES[name], column)
        assert opened(shared.gateway.house.pack) == {}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return filled_home(Settings(home=tmp_path_factory.mktemp("told") / "home"), 120)


@pytest.fixture
def released(told: Settings, tmp_path: Path) -> Iterator[Gateway]:
    with copied(told, tmp_path / "copy") as gateway:
        release(gateway)
        yield gateway


def release(gateway: Gateway) -> None:
    gateway.release(ReleaseRequest(LOYAL, MAILER), TESTER)


class TestDeletions:
    def test_one_proposes_and_another_confirms(self, released: Gateway) -> None:
        held = released.confirm_deletion.ends(MAILER)
        for _ in range(2):
            done = released.confirm_deletion(MAILER, EVIDENCE, LIISA)
            assert (done.waits, done.releases) == (True, held)
        assert released.confirm_deletion.ends(MAILER) == held
        (waits,) = released.confirm_deletion.waiting()
        assert (waits.recipient, waits.evidence, waits.by, waits.void) == (MAILER, EVIDENCE, "Liisa", False)
        assert not released.confirm_deletion(MAILER, EVIDENCE, OLLI).waits
        assert released.confirm_deletion.ends(MAILER) == ()
        assert released.confirm_deletion.waiting() == ()
        assert steps(released) == ["deletion.proposed", "deletion.confirmed"]
        first, second = list(released.house.recorder.entries())[-2:]
        assert first["request"] == second["request"] == waits.id
        assert EVIDENCE not in repr((first, second))

    def test_more_that_was_released_since_makes_it_void(self, released: Gateway) -> None:
        released.confirm_deletion(MAILER, EVIDENCE, LIISA)
        release(released)
        (waits,) = released.confirm_deletion.waiting()
        assert waits.void
        done = released.confirm_deletion(MAILER, EVIDENCE, OLLI)
        assert (done.waits, done.renewed, len(released.confirm_deletion.ends(MAILER))) == (True, True, 2)
        assert "void" in done.advice

    def test_under_another_version_it_is_void(self, released: Gateway) -> None:
        released.confirm_deletion(MAILER, EVIDENCE, LIISA)
        released.policies.activate(approved(released, draft_with(["a segment gone"])), OLLI)
        assert released.confirm_deletion(MAILER, EVIDENCE, OLLI).renewed

    def test_other_evidence_is_another_proposal(self, released: Gateway) -> None:
        released.confirm_deletion(MAILER, EVIDENCE, LIISA)
        assert released.confirm_deletion(MAILER, "doc-2", OLLI).waits
        assert released.confirm_deletion.ends(MAILER)

    def test_anybody_denies_at_once(self, released: Gateway) -> None:
        with pytest.raises(NotFound):
            released.confirm_deletion.deny(MAILER, LIISA)
        released.confirm_deletion(MAILER, EVIDENCE, LIISA)
        assert released.confirm_deletion.deny(MAILER, LIISA, dry_run=True).receipt is None
        assert released.confirm_deletion.deny(MAILER, LIISA).denied
        assert released.confirm_deletion.waiting() == ()
        assert released.confirm_deletion(MAILER, EVIDENCE, OLLI).waits
        *_, denied, _ = released.house.recorder.entries()
        assert (denied["action"], denied["decision"]) == ("deletion.proposed", "deny")

    def test_what_ends_nothing_waits_for_nobody(self, released: Gateway) -> None:
        assert not released.confirm_deletion(RecipientId("ads"), EVIDENCE, LIISA).waits

    def test_nothing_that_one_person_does_ends_anything(self, released: Gateway) -> None:
        held = released.confirm_deletion.ends(MAILER)
        for evidence, officer in itertools.product([EVIDENCE, "doc-2", EVIDENCE], [KEY, SAME_KEY, OLLI]):
            released.confirm_deletion(MAILER, evidence, officer)
            if evidence == "doc-2":
                released.confirm_deletion.deny(MAILER, officer)
            assert released.confirm_deletion.ends(MAILER) == held
