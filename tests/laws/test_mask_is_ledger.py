"""The stored permission mask is what the ledger says, person by person and purpose by purpose, whatever happened.

The other side of the comparison is the plain reading of ``tests.purposes``.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.consent import ConsentRefused, LedgerSession
from gateway.flows.permissions import CheckPermissions, permitted_purposes
from gateway.flows.policy_versions import VersionState
from gateway.flows.record_consent import Choice
from gateway.flows.record_signals import Told
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import GatewayError, Unavailable
from gateway.foundation.settings import Settings
from gateway.store import Store, StoreSession
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentStatus, ExpressedBy
from gateway.vocabulary.names import PurposeId, SegmentId
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import NOW, TESTER, a_customer, as_csv, ingest
from tests.cli.support import process
from tests.crash import FULL
from tests.purposes import (
    ANALYTICS,
    LATER_NOTICE,
    MARKETING,
    NOTICE,
    REMINDERS,
    Variant,
    approve,
    differing,
    email,
    read,
    rows_of,
    stored,
)
from tests.versions import LIISA, OLLI, rolled_back

DAY, MINUTE = dt.timedelta(days=1), dt.timedelta(minutes=1)
# Grown up; of age in Finland and not in Hungary; a child everywhere; of an age that nobody knows.
BIRTHS = ["1987-03-14", "2012-02-02", "2015-08-20", ""]
NUMBERS = range(1, 9)
PURPOSES = [PurposeId("customer_segmentation"), MARKETING, ANALYTICS, REMINDERS]
CHOSEN = [each for each in ConsentStatus if each not in {"unknown", "restricted", "lifted"}]
SELDOM_NO = [ConsentStatus.GIVEN, ConsentStatus.GIVEN, *CHOSEN]
MAY_GIVE = {ConsentStatus.GIVEN, ConsentStatus.REQUESTED}

people = st.sampled_from(NUMBERS)
variants = st.builds(
    Variant,
    valid_days=st.sampled_from([730, 30]),
    notices=st.sampled_from([(NOTICE,), (LATER_NOTICE,), (NOTICE, LATER_NOTICE)]),
    older=st.booleans(),
    analytics=st.sampled_from(["6(1)(f)", "6(1)(b)"]),
    reminders=st.sampled_from([None, "6(1)(a)", "6(1)(f)"]),
)


class BrokeOff(Exception):
    """What stands for a crash, or any other failure, between two stores."""


@contextlib.contextmanager
def breaking(owner: Any, name: str) -> Iterator[None]:
    """Let a step fail, and with it the journey."""

    def refuse(*_: Any, **__: Any) -> None:
        raise BrokeOff

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, refuse)
        try:
            yield
        except BrokeOff:
            return
        pytest.fail("the journey did not come to this step")


def person(number: int, **changes: str) -> dict[str, str]:
    birth, country = BIRTHS[number % 4], ("FI", "HU")[number > 4]
    return a_customer(number, **{"birth_date": birth, "country": country, "marketing_consent": "", **changes})


class MaskIsLedger(RuleBasedStateMachine):
    """People speak, files arrive, officers change the law, time passes, things break: mask and ledger stay one."""

    @initialize(variant=variants)
    def start(self, variant: Variant) -> None:
        self.folder, self.clock = TemporaryDirectory(), FrozenClock(NOW)
        self.settings = Settings(home=Path(self.folder.name) / "home")
        initialise(self.settings, self.clock)
        self.said: list[tuple[int, Choice]] = []
        self.files = 0
        self._open()
        self._in_force(variant)
        ingest(self.gateway, as_csv([person(number) for number in NUMBERS]))
        self.living = {number: ("FI", "HU")[number > 4] for number in NUMBERS}

    @rule(
        number=people, purpose=st.sampled_from(PURPOSES), status=st.sampled_from(SELDOM_NO),
        by=st.sampled_from(ExpressedBy), ago=st.sampled_from([0, 0, 1, 5]), lasts=st.sampled_from([None, 9, 40]),
        notice=st.sampled_from([NOTICE, NOTICE, LATER_NOTICE, "webshop-2020-01", None]), ahead=st.integers(0, 2),
    )  # fmt: skip
    def choose(  # noqa: PLR0913, PLR0917 - what a person may say
        self, number: int, purpose: PurposeId, status: ConsentStatus, by: ExpressedBy, ago: int, lasts: int | None,
        notice: str | None, ahead: int,
    ) -> None:  # fmt: skip
        given, at = status is ConsentStatus.GIVEN, self.clock.now() - ago * DAY + ahead * MINUTE
        by = ExpressedBy.SELF if given and by is ExpressedBy.CONTROLLER else by
        ends = at + lasts * DAY if given and lasts else None
        choice = Choice(purpose, status, at, notice, by=by, valid_until=ends)
        if purpose not in self.gateway.house.catalogue.purposes and (status in MAY_GIVE or not self._ever(purpose)):
            position = self.gateway.house.ledger.position
            with pytest.raises(ConsentRefused):
                self.gateway.record_consent(email(number), choice, TESTER)
            assert self.gateway.house.ledger.position == position
            return
        self._record(number, choice)

    @rule(number=people, status=st.sampled_from([ConsentStatus.RESTRICTED, ConsentStatus.LIFTED]))
    def restrict(self, number: int, status: ConsentStatus) -> None:
        self._record(number, Choice(ALL_PURPOSES, status))

    @rule(number=people, gpc=st.booleans(), yes=st.booleans())
    def signal(self, number: int, gpc: bool, yes: bool) -> None:  # noqa: FBT001 - what a browser says
        categories = dict.fromkeys(self.gateway.house.catalogue.signals.categories, yes)
        self.gateway.record_signals(email(number), Told(gpc, categories=categories, notice=NOTICE), TESTER)
        self._agree()

    @rule(days=st.sampled_from([0, 1, 10, 45, 200, 731]))
    def wait(self, days: int) -> None:
        self.clock.advance(days * DAY + 10 * MINUTE)

    @rule(number=people, variant=variants, hours=st.sampled_from([1, 24, 24 * 400]), reopened=st.booleans())
    def set_the_clock_back(self, number: int, variant: Variant, hours: int, reopened: bool) -> None:  # noqa: FBT001
        """Nothing is recorded, decided or asked until the clock is right again; so nothing comes to be permitted."""
        self._record(number, Choice(MARKETING, ConsentStatus.REQUESTED))  # the log knows what time it is
        house, before, back = self.gateway.house, rows_of(self.gateway, NUMBERS), dt.timedelta(hours=hours)
        state = house.ledger.position, house.versions.steps()
        self.clock.advance(-back)
        given = Choice(MARKETING, ConsentStatus.GIVEN, notice=NOTICE)
        refused: list[Callable[[], Any]] = [
            lambda: self.gateway.record_consent(email(number), given, TESTER),
            lambda: approve(self.gateway, variant),
            lambda: self.gateway.build.snapshot(SegmentId("loyal_buyers"), TESTER),
            lambda: ingest(self.gateway, as_csv([person(number, city="Oulu")])),
        ]
        for journey in refused:
            with pytest.raises(GatewayError):
                journey()
        self.gateway.refresh()
        if reopened:
            with contextlib.suppress(Unavailable):  # far back: what is durable is published when the clock is right
                self._close()
            with contextlib.suppress(GatewayError):  # an erasure that broke off is not taken up before its time
                self._open()
                self._close()
        self.clock.advance(back)
        if reopened:
            self._open()
        assert (self.gateway.house.ledger.position, self.gateway.house.versions.steps()) == state
        after, now = rows_of(self.gateway, NUMBERS), self.clock.now()
        assert all(
            stored(self.gateway, row, now) <= stored(self.gateway, before[who], now) for who, row in after.items()
        )

    @rule(
        number=people, said=st.sampled_from(["kyllä 2026-06-20", "yes", "ei 2026-06-21", "no", ""]),
        analytics=st.sampled_from(["", "objected 2026-06-25", "given 2026-06-26"]),
        told=st.sampled_from([{}, {"birth_date": ""}, {"birth_date": "", "country": "HU"}, {"country": ""}]),
        breaks=st.sampled_from([None, None, (LedgerSession, "commit"), (StoreSession, "commit")]),
    )  # fmt: skip
    def arrive(
        self, number: int, said: str, analytics: str, told: dict[str, str], breaks: tuple[Any, str] | None
    ) -> None:
        self.files += 1
        street = f"Esimerkkikatu {self.files}"  # no file is the same twice
        rows = [
            person(number, marketing_consent=said, analytics_choice=analytics, **told),
            person(99, street_address=street),
        ]
        position = self.gateway.house.ledger.position
        if breaks is None:
            ingest(self.gateway, as_csv(rows))
            self.living[number] = rows[0]["country"] or self.living[number]
        else:
            histories = self._histories()
            with breaking(*breaks):
                ingest(self.gateway, as_csv(rows))
            # What broke off before is taken up with it: an erasure, for one.
            assert all(histories[each] == events for each, events in self._histories().items())
            assert self.gateway.house.ledger.position >= position
        self._agree()

    @rule(numbers=st.lists(people, min_size=1, max_size=4), status=st.sampled_from(CHOSEN), ago=st.integers(0, 5))
    def import_a_file(self, numbers: list[int], status: ConsentStatus, ago: int) -> None:
        at = (self.clock.now() - ago * DAY).replace(microsecond=ago).isoformat()
        rows = [f"email,{email(n)[1]},direct_marketing,{status},{at},{NOTICE},self\n" for n in numbers]
        text = "identifier_type,identifier,purpose,status,at,notice,by\n" + "".join(rows)
        assert self.gateway.import_consents(io.BytesIO(text.encode()), TESTER, name="choices.csv").recorded
        self._agree()

    @rule(number=people, breaks=st.booleans())
    def erase(self, number: int, breaks: bool) -> None:  # noqa: FBT001 - a fact
        if breaks and self.gateway.house.find(email(number)) is not None:
            with breaking(Store, "erase"):
                self.gateway.erase(email(number), TESTER, suppress=False)
            self._agree()
            return
        self.gateway.erase(email(number), TESTER, suppress=False)
        assert self.gateway.house.find(email(number)) is None
        self.said = [each for each in self.said if each[0] != number]
        self.living[number] = ""

    @rule(number=people, status=st.sampled_from([ConsentStatus.WITHDRAWN, ConsentStatus.GIVEN]))
    def break_off_between_ledger_and_store(self, number: int, status: ConsentStatus) -> None:
        self.gateway.begin()  # a version whose instant has come is another journey's
        choice = Choice(MARKETING, status, self.clock.now(), NOTICE)
        if self.gateway.house.find(email(number)) is not None:
            position = self.gateway.house.ledger.position
            with breaking(Store, "set_permissions"):
                self.gateway.record_consent(email(number), choice, TESTER)
            if self.gateway.house.ledger.position > position:  # else it was the one before that is not there yet
                self.said.append((number, choice))

    @rule(variant=variants, breaks=st.booleans())
    def put_in_force(self, variant: Variant, breaks: bool) -> None:  # noqa: FBT001 - a fact
        if self._scheduled():
            return
        if breaks:  # what comes to be in force is so before any other journey
            number = approve(self.gateway, variant)
            with breaking(Store, "follow"):
                self.gateway.policies.activate(number, OLLI)
            with breaking(Store, "follow"):
                self.gateway.build.snapshot(SegmentId("loyal_buyers"), TESTER)
            self.gateway.refresh()
        else:
            self._in_force(variant)
        self._agree()

    @rule(variant=variants, days=st.sampled_from([1, 10]))
    def schedule(self, variant: Variant, days: int) -> None:
        if not self._scheduled():
            number = approve(self.gateway, variant)
            self.gateway.policies.activate(number, OLLI, at=self.clock.now() + days * DAY)

    @rule()
    def withdraw_what_is_scheduled(self) -> None:
        for number in self._scheduled():
            self.gateway.policies.withdraw(number, LIISA)
        self.query()

    @rule(data=st.data())
    @precondition(lambda self: len(self.gateway.policies.list()) > 2)
    def roll_back(self, data: st.DataObject) -> None:
        self.query()
        over = [each.version.version for each in self.gateway.policies.list() if each.state is VersionState.SUPERSEDED]
        number = data.draw(st.sampled_from(over), label="to version")
        rolled_back(self.gateway, number)
        assert self.gateway.house.catalogue.version == number
        self._agree()

    @rule()
    def restart(self) -> None:
        self._close()
        self._open()

    @rule()
    def sweep(self) -> None:
        self.gateway.refresh()
        assert self.gateway.sweep().wider == 0
        self._agree()

    @rule()
    def query(self) -> None:
        """The mask that a query sees is the ledger's, of everybody, under the version in force by the registry."""
        self.gateway.begin()
        self.gateway.refresh()
        house = self.gateway.house
        assert house.catalogue.version == house.versions.in_force(self.clock.now()).version
        self._agree()

    @invariant()
    def no_mask_gives_what_the_ledger_does_not(self) -> None:
        house, now = self.gateway.house, self.clock.now()
        if house.store.ledger_position == house.ledger.position:  # else the next query begins with catching up
            assert all(seen <= right for seen, right in differing(self.gateway, NUMBERS, now))
            assert CheckPermissions(house)() == 0
        for who, row in rows_of(self.gateway, NUMBERS).items():
            assert permitted_purposes(house, who, now) == read(self.gateway, who, row, now)

    @invariant()
    def nobody_is_of_age_before_their_birthday(self) -> None:
        today, asked = self.clock.now().date(), self.gateway.house.catalogue.purposes[MARKETING].minimum_age
        assert asked is not None
        leaving = self.gateway.house.requests.being_erased()  # their row is emptied, and they permit nothing
        for row in (row for who, row in rows_of(self.gateway, NUMBERS).items() if who not in leaving):
            if row["of_age_from"] is None or row["of_age_from"] <= today:
                born = dt.date.fromisoformat(BIRTHS[row["number"] % 4])  # who never told is never of age
                assert born.replace(year=born.year + asked.of(self.living[row["number"]])) <= today

    @invariant()
    def nothing_that_was_said_is_lost(self) -> None:
        histories = self._histories()
        for number, choice in self.said:
            if number in histories:
                events = {(e.purpose, e.status, e.notice, e.by, e.valid_until) for e in histories[number]}
                assert (choice.purpose, choice.status, choice.notice, choice.by, choice.valid_until) in events

    def _open(self) -> None:
        self.opened = open_gateway(self.settings, self.clock)
        self.gateway = self.opened.__enter__()

    def _close(self) -> None:
        self.opened.__exit__(None, None, None)
        del self.gateway

    def _in_force(self, variant: Variant) -> None:
        self.gateway.policies.activate(approve(self.gateway, variant), OLLI)

    def _scheduled(self) -> list[str]:
        shown = self.gateway.policies.list()
        return [each.version.version for each in shown if each.state is VersionState.SCHEDULED]

    def _ever(self, purpose: PurposeId) -> bool:
        """Whether a version that has been in force had the purpose."""
        started = {VersionState.ACTIVE, VersionState.SUPERSEDED}
        shown = (each for each in self.gateway.policies.list() if each.state in started)
        return any(purpose in self.gateway.policies.pack(each.version.version).catalogue.purposes for each in shown)

    def _record(self, number: int, choice: Choice) -> None:
        self.gateway.record_consent(email(number), choice, TESTER)
        if self.gateway.house.find(email(number)) is not None:
            self.said.append((number, choice))
        self._agree()

    def _histories(self) -> dict[int, Any]:
        found = {number: self.gateway.house.find(email(number)) for number in NUMBERS}
        return {number: self.gateway.house.ledger.history(who) for number, who in found.items() if who is not None}

    def _agree(self) -> None:
        """Everybody's mask is the ledger's when what is due has been looked at, as each query does first."""
        self.gateway.refresh()
        now = self.clock.now()
        for who, row in rows_of(self.gateway, NUMBERS).items():
            seen, right = stored(self.gateway, row, now), read(self.gateway, who, row, now)
            assert seen == right

    def teardown(self) -> None:
        if hasattr(self, "gateway"):
            try:
                self.query()
            finally:
                self._close()
                self.folder.cleanup()


TestMaskIsLedger = MaskIsLedger.TestCase
# Without shrinking: a step is slow, and the steps that led to a failure are told in full.
TestMaskIsLedger.settings = settings(
    max_examples=60 if FULL else 4, stateful_step_count=30 if FULL else 12, deadline=None,
    phases=(Phase.explicit, Phase.generate),
)  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, clock: FrozenClock) -> Iterator[Gateway]:
    chosen = Settings(home=tmp_path / "home")
    initialise(chosen, clock)
    with open_gateway(chosen, clock) as gateway:
        ingest(gateway, as_csv([person(number, birth_date="1987-03-14") for number in NUMBERS]))
        yield gateway


def test_choices_from_several_threads_leave_what_the_ledger_says(home: Gateway, clock: FrozenClock) -> None:
    """A machine client and an officer at one time: journeys that write follow one another."""

    def speak(turn: int) -> None:
        status = CHOSEN[turn % len(CHOSEN)]
        choice = Choice(PURPOSES[turn % 3], status, clock.now() - turn % 4 * DAY, NOTICE)
        home.record_consent(email(turn % 8 + 1), choice, TESTER)
        refused = Choice(ALL_PURPOSES, (ConsentStatus.RESTRICTED, ConsentStatus.LIFTED)[turn % 2])
        home.record_consent(email((turn + 3) % 8 + 1), refused, TESTER)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(speak, range(40)))
    assert not differing(home, NUMBERS, clock.now())
    assert home.house.store.ledger_position == home.house.ledger.position


def test_who_waited_does_not_take_what_came_first_for_the_future(home: Gateway, clock: FrozenClock) -> None:
    """Two choices of one person at one time: the one that waits for the other is made after it."""
    with ThreadPoolExecutor(1) as thread:
        with home.house.writing:
            waiting = thread.submit(home.record_consent, email(1), Choice(ANALYTICS, ConsentStatus.OBJECTED), TESTER)
            time.sleep(0.3)  # it is at the door
            clock.advance(dt.timedelta(seconds=1))
            home.record_consent(email(1), Choice(MARKETING, ConsentStatus.GIVEN, notice=NOTICE), TESTER)
        waiting.result()
    assert not differing(home, NUMBERS, clock.now())


def test_a_choice_dated_ahead_bites_when_its_instant_comes(home: Gateway, clock: FrozenClock) -> None:
    """A source's clock is ahead of ours: nobody need speak again, and no night need pass."""
    ahead = clock.now() + 3 * MINUTE
    home.record_consent(email(1), Choice(MARKETING, ConsentStatus.GIVEN, ahead, NOTICE), TESTER)
    seen: list[bool] = []
    for _ in range(3):
        home.refresh()
        seen.append(MARKETING in stored(home, rows_of(home, [1]).popitem()[1], clock.now()))
        clock.advance(2 * MINUTE)
    assert seen == [False, False, True]


def test_a_second_process_is_refused_and_changes_nothing(home: Gateway, clock: FrozenClock) -> None:
    """One process holds the home (docs/adr/0009): the other is told so at once, before it reads anything."""
    position = home.house.ledger.position
    said = process(
        "consent", "record", "--home", home.house.home, "--subject", "email:person.1@example.org",
        "--purpose", "direct_marketing", "--status", "given", "--notice", NOTICE,
    )  # fmt: skip
    assert said.status == 1
    assert "person.1" not in said.out + said.err
    assert home.house.ledger.position == position
    assert all(MARKETING not in stored(home, row, clock.now()) for row in rows_of(home, NUMBERS).values())
