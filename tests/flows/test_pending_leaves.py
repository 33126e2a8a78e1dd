"""A no reaches the recipients: who must still be told is known, since when, until when, and when it is done."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.flows.build_segment import BuildSegment
from gateway.flows.end_scopes import EndScopes
from gateway.flows.house import House
from gateway.flows.pending_leaves import PendingLeave, PendingLeaves
from gateway.flows.record_consent import Choice
from gateway.flows.release_segment import ReleasePackage, ReleaseRequest, ReleaseSegment
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import NotFound, NotPermitted
from gateway.foundation.settings import Settings
from gateway.policy import Pack
from gateway.policy.pack import Condition, Rule, RuleKind
from gateway.vocabulary.consents import ALL_PURPOSES, ConsentStatus
from gateway.vocabulary.decisions import Action
from gateway.vocabulary.names import FieldId, PurposeId, ReleaseId, RuleId
from gateway.wiring import Gateway
from tests.apart import Fixed
from tests.builders import TESTER, as_csv, customers, ingest
from tests.flows.test_laws_of_the_journey import ADS, LOYAL, MAILER, MARKETING, choose, pseudonyms, release
from tests.homes import copied, filled_home
from tests.rooms.policy.packs import with_rules
from tests.versions import deleted

DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return filled_home(Settings(home=tmp_path_factory.mktemp("leaves") / "home"), 150)


@pytest.fixture
def gateway(template: Settings, tmp_path: Path) -> Iterator[Gateway]:
    """150 people, all of them in `loyal_buyers`."""
    with copied(template, tmp_path / "home") as opened:
        yield opened


def after(gateway: Gateway, time: dt.timedelta) -> dt.datetime:
    clock = gateway.house.clock
    assert isinstance(clock, FrozenClock)
    clock.advance(time)
    return clock.now()


def owed(gateway: Gateway) -> PendingLeave:
    (only,) = gateway.pending_leaves()
    return only


@pytest.mark.parametrize(
    ("status", "purpose"),
    [
        (ConsentStatus.WITHDRAWN, MARKETING),
        (ConsentStatus.OBJECTED, MARKETING),
        (ConsentStatus.RESTRICTED, ALL_PURPOSES),
    ],
)
def test_a_no_is_owed_from_its_instant_until_the_next_delta(
    gateway: Gateway, status: ConsentStatus, purpose: PurposeId
) -> None:
    base = release(gateway).disclosure
    after(gateway, 5 * DAY)
    choose(gateway, 7, status, purpose)
    said = gateway.house.clock.now()
    after(gateway, DAY)
    assert owed(gateway) == PendingLeave(MAILER, LOYAL, base.release, said, said + 3 * DAY, overdue=False)
    after(gateway, 3 * DAY)
    assert owed(gateway).overdue
    (late,) = (finding for finding in gateway.doctor() if finding.check == "recipients are told in time who left")
    assert not late.ok
    assert "loyal_buyers" in late.advice
    assert len(release(gateway, delta=True).data.splitlines()) == 2
    assert gateway.pending_leaves() == []


def test_each_recipient_owes_its_own_and_a_whole_list_settles_too(gateway: Gateway) -> None:
    for recipient in (MAILER, ADS):
        release(gateway, recipient)
    choose(gateway, 7, ConsentStatus.WITHDRAWN)
    assert {each.recipient for each in gateway.pending_leaves()} == {MAILER, ADS}
    release(gateway, ADS)
    assert owed(gateway).recipient == MAILER


def test_an_erasure_is_owed(gateway: Gateway) -> None:
    release(gateway)
    at = after(gateway, DAY)
    gateway.erase(("customer_number", "C00007"), TESTER)
    after(gateway, DAY)
    assert owed(gateway).since == at
    release(gateway, delta=True)
    assert gateway.pending_leaves() == []


def test_a_yes_that_ran_out_is_owed_from_then(gateway: Gateway) -> None:
    """Person 7 said yes until a day of their own; it is owed whether or not masks were refreshed since."""
    end = after(gateway, DAY) + 10 * DAY
    yes = Choice(MARKETING, ConsentStatus.GIVEN, notice="webshop-2026-05", channel="test", valid_until=end)
    gateway.record_consent(("customer_number", "C00007"), yes, TESTER)
    release(gateway)
    after(gateway, 9 * DAY)
    assert gateway.pending_leaves() == []
    after(gateway, 5 * DAY)
    assert owed(gateway).since == end
    gateway.refresh()
    assert owed(gateway).since == end


def test_a_retention_period_that_ended_is_owed_from_then_to_the_hour(gateway: Gateway) -> None:
    collected = gateway.house.clock.now()
    after(gateway, DAY)
    base = release(gateway).disclosure
    pack = gateway.house.pack
    retention = tuple(dataclasses.replace(entry, period=10 * DAY) for entry in pack.catalogue.retention)
    short = dataclasses.replace(pack, catalogue=dataclasses.replace(pack.catalogue, retention=retention))
    pending = PendingLeaves(dataclasses.replace(gateway.house, policy=Fixed(short)))  # type: ignore[arg-type]  # as it is read
    after(gateway, 8 * DAY)
    assert pending() == []
    after(gateway, 9 * DAY)
    (found,) = pending()
    assert found.release == base.release
    assert abs(found.since - (collected + 10 * DAY)) <= dt.timedelta(hours=1)


def test_somebody_who_only_left_the_segment_and_another_purpose_are_not_owed(gateway: Gateway) -> None:
    release(gateway)
    choose(gateway, 7, ConsentStatus.OBJECTED, PurposeId("product_analytics"))
    ingest(gateway, as_csv(customers([8], loyalty_tier="none")))
    assert gateway.pending_leaves() == []


@pytest.mark.parametrize("how", ["withdrawn", "erased"])
def test_what_a_list_owed_when_its_scope_ended_is_owed_until_it_is_deleted(gateway: Gateway, how: str) -> None:
    """Art. 19: also where the deadline would have come after the end, and a whole new list was released since."""
    base = release(gateway).disclosure
    ends = EndScopes(gateway.house).ends(base)
    after(gateway, ends - gateway.house.clock.now() - DAY)
    if how == "withdrawn":
        choose(gateway, 7, ConsentStatus.WITHDRAWN)
    else:
        gateway.erase(("customer_number", "C00007"), TESTER)
    assert (owed(gateway).due, owed(gateway).overdue, owed(gateway).by_deletion) == (ends, False, False)
    after(gateway, 2 * DAY)
    assert release(gateway).disclosure.scope != base.scope
    assert gateway.house.vault.close_scope(base.scope) is False  # its key is destroyed
    assert (owed(gateway).release, owed(gateway).overdue, owed(gateway).by_deletion) == (base.release, True, True)
    (late,) = (finding for finding in gateway.doctor() if finding.check == "recipients are told in time who left")
    assert "delete its list" in late.advice
    deleted(gateway, MAILER, "doc-1")
    assert gateway.pending_leaves() == []


def test_who_leaves_after_the_end_of_a_scope_leaves_no_list_of_it(gateway: Gateway) -> None:
    release(gateway)
    after(gateway, 100 * DAY)
    choose(gateway, 7, ConsentStatus.WITHDRAWN)
    assert gateway.pending_leaves() == []


def test_a_list_that_was_told_in_time_owes_nothing_after_its_scope(gateway: Gateway) -> None:
    release(gateway)
    choose(gateway, 7, ConsentStatus.WITHDRAWN)
    release(gateway, delta=True)
    after(gateway, 100 * DAY)
    assert gateway.pending_leaves() == []


def test_a_recipient_that_deleted_its_list_owes_nothing(gateway: Gateway) -> None:
    release(gateway)
    choose(gateway, 7, ConsentStatus.WITHDRAWN)
    deleted(gateway, MAILER, "doc-1")
    assert gateway.pending_leaves() == []


def under(gateway: Gateway, pack: Pack) -> House:
    return dataclasses.replace(gateway.house, policy=Fixed(pack))  # type: ignore[arg-type]  # as it is read


def with_contract(pack: Pack, **changes: object) -> Pack:
    contract = dataclasses.replace(pack.catalogue.recipients[MAILER], **changes)  # type: ignore[arg-type]  # a kit of parts
    recipients = {**pack.catalogue.recipients, MAILER: contract}
    return dataclasses.replace(pack, catalogue=dataclasses.replace(pack.catalogue, recipients=recipients))


def ended(pack: Pack) -> Pack:
    """The contract was over before the clock's day."""
    return with_contract(pack, expires=dt.date(2026, 6, 30))


def combined(pack: Pack) -> Pack:
    """The contract agrees on a field that may not come together with the one that chooses the members."""
    fields = frozenset({FieldId("city"), FieldId("amount")})
    when = Condition(actions=frozenset({Action.RELEASE}))
    rule = Rule(RuleId("stricter"), RuleKind.PROHIBITION, "5(1)(c)", {"en": "a test"}, when, fields, together=True)
    return with_rules(with_contract(pack, fields=(FieldId("city"),)), [*pack.rules, rule])


def withdrawn(pack: Pack) -> Pack:
    """The pack has the purpose no more."""
    purposes = {name: purpose for name, purpose in pack.catalogue.purposes.items() if name != MARKETING}
    return dataclasses.replace(pack, catalogue=dataclasses.replace(pack.catalogue, purposes=purposes))


def without_segment(pack: Pack) -> Pack:
    return dataclasses.replace(pack, segments={})


class TestWhatIsPermittedNoMore:
    """A whole list is refused; a delta says that everybody left, so that a no gets through."""

    def ask(self, house: House, *, delta: bool = True, since: ReleaseId | None = None) -> ReleasePackage:
        request = ReleaseRequest(LOYAL, MAILER, delta=delta, since=since)
        return ReleaseSegment(house, BuildSegment(house))(request, TESTER).value

    @pytest.mark.parametrize(
        ("change", "word"),
        [(ended, "contract_expired"), (combined, "stricter"), (withdrawn, "unknown_purpose"), (without_segment, "id")],
    )
    def test_everybody_leaves_and_then_nobody_is_owed(
        self, gateway: Gateway, change: Callable[[Pack], Pack], word: str
    ) -> None:
        base = release(gateway)
        choose(gateway, 7, ConsentStatus.WITHDRAWN)
        house = under(gateway, change(gateway.house.pack))
        assert [owed.release for owed in PendingLeaves(house)()] == [base.disclosure.release]
        with pytest.raises((NotPermitted, NotFound), match=word):
            self.ask(house, delta=False)
        exposed = house.disclosures.exposures.all()
        told = self.ask(house)
        assert {row["change"] for row in csv.DictReader(told.data.decode().splitlines())} == {"left"}
        assert pseudonyms(told) == pseudonyms(base)
        assert (told.disclosure.size, told.disclosure.entered, told.disclosure.left) == (0, 0, 150)
        assert PendingLeaves(house)() == []
        assert house.disclosures.exposures.all() == exposed
        entry = next(e for e in reversed(list(house.recorder.entries())) if e["action"] == "segment.released")
        assert (entry["decision"], entry["members"], entry["fields"]) == ("permit", 150, ["pseudonym"])
        assert entry["reasons"][0] == "leaves_only"

    def test_it_is_said_once_again_to_who_lost_it_and_undone_when_permission_returns(self, gateway: Gateway) -> None:
        base = release(gateway)
        house = under(gateway, ended(gateway.house.pack))
        self.ask(house)
        assert pseudonyms(self.ask(house)) == set()
        assert pseudonyms(self.ask(house, since=base.disclosure.release), "left") == pseudonyms(base)
        assert pseudonyms(release(gateway, delta=True), "entered") == pseudonyms(base)

    def test_the_erased_are_among_them(self, gateway: Gateway) -> None:
        base = release(gateway)
        gateway.erase(("customer_number", "C00007"), TESTER)
        house = under(gateway, ended(gateway.house.pack))
        assert pseudonyms(self.ask(house), "left") == pseudonyms(base)
        assert PendingLeaves(house)() == []

    def test_who_has_no_list_is_refused(self, gateway: Gateway) -> None:
        release(gateway, ADS)
        house = under(gateway, ended(gateway.house.pack))
        with pytest.raises(NotPermitted) as refusal:
            self.ask(house)
        assert "contract_expired" in refusal.value.reasons[0]
        entry = list(gateway.house.recorder.entries())[-1]
        assert (entry["action"], entry["decision"]) == ("segment.released", "deny")
        release(gateway)
        after(gateway, 100 * DAY)  # the scope's key is destroyed: there is no pseudonym to tell
        with pytest.raises(NotPermitted):
            self.ask(house)

    def test_what_is_deleted_has_nobody_to_leave(self, gateway: Gateway) -> None:
        release(gateway)
        deleted(gateway, MAILER, "doc-1")
        with pytest.raises(NotPermitted):
            self.ask(under(gateway, ended(gateway.house.pack)))
