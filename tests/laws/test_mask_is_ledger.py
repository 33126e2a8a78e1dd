"""The stored permission mask is what the ledger says, person by person and purpose by purpose, whatever happened.

The other side of the comparison is a plain reading of one person's events in Python: no columns, no masks.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.consent import status_at
from gateway.flows.permissions import CheckPermissions
from gateway.flows.record_consent import Choice
from gateway.foundation.arrays import BLOCK
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import GatewayError
from gateway.foundation.settings import Settings
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentEvent, ConsentStatus, ExpressedBy
from gateway.vocabulary.names import PurposeId, SubjectReference
from gateway.vocabulary.purposes import LegalBasis, Purpose
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import NOW, TESTER, a_customer, as_csv, ingest
from tests.cli.support import process

NOTICE = "webshop-2026-05"
DAY = dt.timedelta(days=1)
# Grown up; of age in Finland and not in Hungary; a child everywhere; of an age that nobody knows.
BIRTHS = ["1987-03-14", "2012-02-02", "2015-08-20", ""]
NUMBERS = range(1, 9)
PURPOSES = ["customer_segmentation", "direct_marketing", "product_analytics"]
CHOSEN = [each for each in ConsentStatus if each not in {"unknown", "restricted", "lifted"}]
SELDOM_NO = [ConsentStatus.GIVEN, ConsentStatus.GIVEN, *CHOSEN]

people = st.sampled_from(NUMBERS)
Permitted = frozenset[PurposeId]


def of_purpose(purpose: Purpose, events: list[ConsentEvent], of_age: dt.date | None, now: dt.datetime) -> bool:
    """Whether one person permits one purpose: Art. 6(1), 7, 8, 18 and 21, read one after the other."""
    status = status_at(events, purpose.id, now, purpose.consent_valid_for)
    if status is ConsentStatus.RESTRICTED:
        return False
    if purpose.legal_basis is not LegalBasis.CONSENT:
        assert purpose.legal_basis is LegalBasis.LEGITIMATE_INTERESTS
        return status in {"unknown", "given", "requested", "expired", "lifted"}
    if status is not ConsentStatus.GIVEN:
        return False
    told = [each for each in events if each.purpose == purpose.id and each.status is ConsentStatus.GIVEN]
    newest = max(each.at for each in told)
    ends = min((each.valid_until for each in told if each.at == newest and each.valid_until), default=None)
    [yes, *_] = [each for each in told if each.at == newest and each.valid_until == ends]
    adult = of_age is None or of_age <= now.date()
    return yes.notice in purpose.notices and (adult or yes.by is ExpressedBy.GUARDIAN)


def fold(gateway: Gateway, subject: SubjectReference, now: dt.datetime) -> Permitted:
    """Return what a person permits by the ledger, event by event."""
    events = [each for each in gateway.house.ledger.history(subject) if each.at <= now]
    [row] = gateway.house.store.permissions(pa.array([subject], BLOCK)).to_pylist()
    purposes = gateway.house.catalogue.purposes.values()
    return frozenset(each.id for each in purposes if of_purpose(each, events, row["of_age_from"], now))


def stored(gateway: Gateway, subject: SubjectReference, now: dt.datetime) -> Permitted:
    """Return what the next query would see of a person."""
    [row] = gateway.house.store.permissions(pa.array([subject], BLOCK)).to_pylist()
    mask = row["permits"] if row["permits_until"] > now else 0
    return frozenset(each.id for each in gateway.house.catalogue.purposes.values() if mask >> each.bit & 1)


def person(number: int, **changes: str) -> dict[str, str]:
    birth, country = BIRTHS[number % 4], ("FI", "HU")[number > 4]
    return a_customer(number, **{"birth_date": birth, "country": country, "marketing_consent": "", **changes})


def email(number: int) -> tuple[str, str]:
    return "email", f"person.{number}@example.org"


class MaskIsLedger(RuleBasedStateMachine):
    """People speak, files arrive, time passes; after each step no stored mask gives what the ledger does not."""

    @initialize()
    def start(self) -> None:
        self.folder, self.clock = TemporaryDirectory(), FrozenClock(NOW)
        chosen = Settings(home=Path(self.folder.name) / "home")
        initialise(chosen, self.clock)
        self.opened = open_gateway(chosen, self.clock)
        self.gateway = self.opened.__enter__()
        ingest(self.gateway, as_csv([person(number) for number in NUMBERS]))

    @rule(
        number=people, purpose=st.sampled_from(PURPOSES), status=st.sampled_from(SELDOM_NO),
        by=st.sampled_from(ExpressedBy), ago=st.integers(0, 5), lasts=st.sampled_from([None, 9, 40]),
        notice=st.sampled_from([NOTICE, NOTICE, NOTICE, "webshop-2020-01", None]),
    )  # fmt: skip
    def choose(  # noqa: PLR0913, PLR0917 - what a person may say
        self, number: int, purpose: str, status: ConsentStatus, by: ExpressedBy, ago: int, lasts: int | None,
        notice: str | None,
    ) -> None:  # fmt: skip
        given, at = status is ConsentStatus.GIVEN, self.clock.now() - ago * DAY
        by = ExpressedBy.SELF if given and by is ExpressedBy.CONTROLLER else by
        ends = at + lasts * DAY if given and lasts else None
        self._record(number, Choice(PurposeId(purpose), status, at, notice, by=by, valid_until=ends))

    @rule(number=people, status=st.sampled_from([ConsentStatus.RESTRICTED, ConsentStatus.LIFTED]))
    def restrict(self, number: int, status: ConsentStatus) -> None:
        self._record(number, Choice(ALL_PURPOSES, status))

    @rule(days=st.sampled_from([0, 1, 10, 45, 200, 731]))
    def wait(self, days: int) -> None:
        self.clock.advance(days * DAY + dt.timedelta(minutes=10))

    @rule(hours=st.sampled_from([1, 24, 24 * 400]), number=people)
    def set_the_clock_back(self, hours: int, number: int) -> None:
        """Nothing is recorded until the clock is right again, so nothing comes to be permitted."""
        back = dt.timedelta(hours=hours)
        self._record(
            number, Choice(PurposeId("direct_marketing"), ConsentStatus.REQUESTED)
        )  # the log knows what time it is
        position, before = self.gateway.house.ledger.position, self._stored()
        self.clock.advance(-back)
        with pytest.raises(GatewayError):
            self.gateway.record_consent(
                email(number), Choice(PurposeId("direct_marketing"), ConsentStatus.GIVEN), TESTER
            )
        self.gateway.refresh()
        self.clock.advance(back)
        assert self.gateway.house.ledger.position == position
        assert all(now <= before[who] for who, now in self._stored().items())

    @rule(
        number=people, said=st.sampled_from(["kyllä 2026-06-20", "yes", "ei 2026-06-21", "no", ""]),
        analytics=st.sampled_from(["", "objected 2026-06-25", "given 2026-06-26"]),
        told=st.sampled_from([{}, {"birth_date": ""}, {"birth_date": "", "country": "HU"}, {"country": ""}]),
    )  # fmt: skip
    def arrive(self, number: int, said: str, analytics: str, told: dict[str, str]) -> None:
        told = {**told, "note": f"{self.clock.now():%Y%m%d%H%M}"}  # no file is the same twice
        ingest(self.gateway, as_csv([person(number, marketing_consent=said, analytics_choice=analytics, **told)]))
        self._agrees(number)

    @rule(numbers=st.lists(people, min_size=1, max_size=4), status=st.sampled_from(CHOSEN), ago=st.integers(0, 5))
    def import_a_file(self, numbers: list[int], status: ConsentStatus, ago: int) -> None:
        at = (self.clock.now() - ago * DAY).isoformat()
        rows = [f"email,{email(n)[1]},direct_marketing,{status},{at},{NOTICE},self\n" for n in numbers]
        text = "identifier_type,identifier,purpose,status,at,notice,by\n" + "".join(rows)
        assert self.gateway.import_consents(io.BytesIO(text.encode()), TESTER, name="choices.csv").recorded
        for number in numbers:
            self._agrees(number)

    @rule(number=people)
    def erase(self, number: int) -> None:
        self.gateway.erase(email(number), TESTER, suppress=False)
        assert self.gateway.house.find(email(number)) is None

    @rule()
    def sweep(self) -> None:
        assert self.gateway.sweep().wider == 0
        for number in NUMBERS:
            self._agrees(number)

    @invariant()
    def no_mask_gives_what_the_ledger_does_not(self) -> None:
        now = self.clock.now()
        assert all(kept <= fold(self.gateway, who, now) for who, kept in self._stored().items())
        assert CheckPermissions(self.gateway.house)() == 0

    def _record(self, number: int, choice: Choice) -> None:
        self.gateway.record_consent(email(number), choice, TESTER)
        self._agrees(number)

    def _agrees(self, number: int) -> None:
        who, now = self.gateway.house.find(email(number)), self.clock.now()
        if who is not None:
            assert stored(self.gateway, who, now) == fold(self.gateway, who, now)

    def _stored(self) -> dict[SubjectReference, Permitted]:
        found = (self.gateway.house.find(email(number)) for number in NUMBERS)
        return {who: stored(self.gateway, who, self.clock.now()) for who in found if who is not None}

    def teardown(self) -> None:
        if hasattr(self, "gateway"):
            self.opened.__exit__(None, None, None)
            self.folder.cleanup()


TestMaskIsLedger = MaskIsLedger.TestCase
# Without shrinking: a step is slow, and the steps that led to a failure are told in full.
TestMaskIsLedger.settings = settings(
    max_examples=4, stateful_step_count=12, deadline=None, phases=(Phase.explicit, Phase.generate)
)


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
        choice = Choice(PurposeId(PURPOSES[turn % 3]), status, clock.now() - turn % 4 * DAY, NOTICE)
        home.record_consent(email(turn % 8 + 1), choice, TESTER)
        refused = Choice(ALL_PURPOSES, (ConsentStatus.RESTRICTED, ConsentStatus.LIFTED)[turn % 2])
        home.record_consent(email((turn + 3) % 8 + 1), refused, TESTER)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(speak, range(40)))
    for number in NUMBERS:
        who = home.house.find(email(number))
        assert who is not None
        assert stored(home, who, clock.now()) == fold(home, who, clock.now())
    assert home.house.store.ledger_position == home.house.ledger.position


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
    who = home.house.find(email(1))
    assert who is not None
    assert PurposeId("direct_marketing") not in stored(home, who, clock.now())
