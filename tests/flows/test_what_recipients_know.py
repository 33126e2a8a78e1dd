"""What a recipient has received counts: in refusals, beforehand, after a crash, on pages, and until it is deleted."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.flows.build_segment import BuildSegment
from gateway.flows.read_members import PageRequest, ReadMembers
from gateway.flows.recalls import recalls
from gateway.flows.release_segment import ReleasePackage, ReleaseRequest, ReleaseSegment
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import InvalidInput, NotFound, NotPermitted
from gateway.foundation.settings import Settings
from gateway.policy import Pack
from gateway.policy.pack import Condition, Rule, RuleKind
from gateway.release import Disclosure, Disclosures
from gateway.vocabulary.decisions import Action
from gateway.vocabulary.names import FieldId, RecipientId, ReleaseId, RuleId, SegmentId
from gateway.wiring import Gateway
from tests.apart import Fixed, written
from tests.builders import NOW, TESTER
from tests.homes import copied, filled_home
from tests.rooms.policy.packs import with_rules
from tests.versions import deleted

PLAIN, AGED, PAID = (RecipientId(f"{sort}_0") for sort in ("plain", "aged", "paid"))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("know")
    return filled_home(Settings(home=folder / "home", policies=written(folder / "pack")), 100)


@pytest.fixture
def gateway(template: Settings, tmp_path: Path) -> Iterator[Gateway]:
    with copied(template, tmp_path / "home") as opened:
        yield opened


def release(
    gateway: Gateway, segment: str, recipient: RecipientId = PLAIN, *, delta: bool = False, since: str | None = None
) -> ReleasePackage:
    base = ReleaseId(since) if since else None
    return gateway.release(ReleaseRequest(SegmentId(segment), recipient, "csv", delta, base), TESTER).value


def under(gateway: Gateway, pack: Pack) -> ReadMembers:
    return ReadMembers(dataclasses.replace(gateway.house, policy=Fixed(pack)))  # type: ignore[arg-type]  # as it is read


def test_a_refusal_names_the_rule_the_fields_and_the_releases_that_brought_the_other_part(gateway: Gateway) -> None:
    area, age = release(gateway, "by_area_m"), release(gateway, "by_age_a", AGED)
    with pytest.raises(NotPermitted) as refusal:
        release(gateway, "by_gender_m", PAID)
    reason = next(r for r in refusal.value.reasons if "apart-0" in r)
    assert all(f"`{name}`" in reason for name in ("postcode", "birth_date", "gender"))
    assert f"`postcode` by `{area.disclosure.release}`" in reason
    assert f"`birth_date` by `{age.disclosure.release}`" in reason
    assert "`gender` by" not in reason
    assert len(gateway.house.disclosures.list()) == 2


def test_what_may_go_is_told_beforehand_and_is_what_then_happens(gateway: Gateway) -> None:
    release(gateway, "by_area_and_age_m")
    told = {each.recipient: each for each in gateway.outlook(SegmentId("by_gender_m"), TESTER, "fi")}
    assert {name: each.permitted for name, each in told.items()} == {PLAIN: False, PAID: False, AGED: False}
    assert told[PLAIN].words != told[PLAIN].reasons
    with pytest.raises(NotPermitted) as refusal:
        release(gateway, "by_gender_m")
    assert refusal.value.reasons == told[PLAIN].reasons
    others = {each.recipient: each for each in gateway.outlook(SegmentId("by_habit_m"), TESTER)}
    assert others[PLAIN].permitted
    assert "purpose_not_in_contract" in others[AGED].reasons[0]
    release(gateway, "by_habit_m")
    checked = [e for e in gateway.house.recorder.entries() if e["action"] == "segment.checked" and e.get("recipient")]
    assert [e["decision"] for e in checked] == ["deny", "deny", "deny", "deny", "permit", "permit"]


def test_a_crash_before_the_bytes_counts_as_told(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_ledger: Disclosures, _disclosure: Disclosure) -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(Disclosures, "record", broken)
        with pytest.raises(OSError):  # noqa: PT011 - a bare disk error
            release(gateway, "by_area_and_age_m")
    with pytest.raises(NotPermitted):
        release(gateway, "by_gender_m")


def test_a_page_gives_what_the_contract_has_come_to_agree_on_only_when_it_may_and_then_it_counts(
    gateway: Gateway,
) -> None:
    """Another pack lets the recipient have its members' gender: the page tells it, so the page is what counts."""
    first = release(gateway, "by_age_m").disclosure
    pack = gateway.house.pack
    contract = dataclasses.replace(pack.catalogue.recipients[PLAIN], fields=(FieldId("country"), FieldId("postcode")))
    recipients = {**pack.catalogue.recipients, PLAIN: contract}
    wider = dataclasses.replace(pack, catalogue=dataclasses.replace(pack.catalogue, recipients=recipients))
    request = PageRequest(first.release, first.segment, PLAIN, "", 10)
    page = under(gateway, wider).page(request, TESTER).value
    assert set(page.members[0]) == {"pseudonym", "country", "postcode3"}
    with pytest.raises(NotPermitted):
        release(gateway, "by_gender_m")


def test_a_page_that_would_complete_a_combination_is_refused(gateway: Gateway) -> None:
    first = release(gateway, "by_area_and_age_m").disclosure
    pack = gateway.house.pack
    contract = dataclasses.replace(pack.catalogue.recipients[PLAIN], fields=(FieldId("gender"),))
    recipients = {**pack.catalogue.recipients, PLAIN: contract}
    wider = dataclasses.replace(pack, catalogue=dataclasses.replace(pack.catalogue, recipients=recipients))
    with pytest.raises(NotPermitted):
        under(gateway, wider).page(PageRequest(first.release, first.segment, PLAIN, "", 10), TESTER)
    assert release(gateway, "by_habit_m")


class TestAChangedDefinition:
    """A segment keeps its id and comes to choose by other fields: what it chose by before is known already."""

    def changed(self, gateway: Gateway, segment: str, like: str) -> ReleaseSegment:
        pack = gateway.house.pack
        text = pack.segments[f"segments/{like}.yaml"].replace(f"id: {like}", f"id: {segment}")
        house = dataclasses.replace(
            gateway.house,
            policy=Fixed(dataclasses.replace(pack, segments={**pack.segments, f"segments/{segment}.yaml": text})),  # type: ignore[arg-type]  # as it is read
        )
        return ReleaseSegment(house, BuildSegment(house))

    def test_is_measured_with_what_the_old_one_told(self, gateway: Gateway) -> None:
        release(gateway, "by_area_and_age_m")
        again = self.changed(gateway, "by_area_and_age_m", "by_gender_m")
        with pytest.raises(NotPermitted, match="apart-0"):
            again(ReleaseRequest(SegmentId("by_area_and_age_m"), PLAIN), TESTER)
        told = again(ReleaseRequest(SegmentId("by_area_and_age_m"), PLAIN, delta=True), TESTER).value.disclosure
        assert (told.size, told.entered, told.left) == (0, 0, 100)

    def test_a_delta_of_it_tells_the_new_fields_from_then_on(self, gateway: Gateway) -> None:
        release(gateway, "by_area_m")
        again = self.changed(gateway, "by_area_m", "by_age_m")
        again(ReleaseRequest(SegmentId("by_area_m"), PLAIN, delta=True), TESTER)
        with pytest.raises(NotPermitted, match="apart-0"):
            release(gateway, "by_gender_m")


class TestDeletion:
    def test_only_a_confirmed_deletion_ends_a_limit(self, gateway: Gateway) -> None:
        first = release(gateway, "by_area_and_age_m").disclosure
        clock = gateway.house.clock
        assert isinstance(clock, FrozenClock)
        clock.advance(dt.timedelta(days=200))  # other epochs, other pseudonyms: it holds all the same
        with pytest.raises(NotPermitted):
            release(gateway, "by_gender_m")
        assert gateway.confirm_deletion.ends(PLAIN) == (first.release,)
        deleted(gateway, PLAIN, "doc-2026-0107")
        *_, entry = gateway.house.recorder.entries()
        assert (entry["action"], entry["recipient"]) == ("deletion.confirmed", PLAIN)
        assert gateway.confirm_deletion.ends(PLAIN) == ()
        assert release(gateway, "by_gender_m")

    def test_what_another_contract_brought_stays(self, gateway: Gateway) -> None:
        release(gateway, "by_area_m")
        release(gateway, "by_age_a", AGED)
        deleted(gateway, PAID, "doc-1")
        with pytest.raises(NotPermitted):
            release(gateway, "by_gender_m")

    def test_what_is_deleted_is_no_base_and_has_no_pages(self, gateway: Gateway) -> None:
        first = release(gateway, "by_area_m").disclosure
        deleted(gateway, PLAIN, "doc-1")
        with pytest.raises(NotFound):
            gateway.members.page(PageRequest(first.release, first.segment, PLAIN, "", 10), TESTER)
        for since in (None, first.release):
            with pytest.raises(NotPermitted) as refusal:
                release(gateway, "by_area_m", delta=True, since=since)
            assert refusal.value.reasons == ("no_previous_release",)

    def test_evidence_is_a_reference(self, gateway: Gateway) -> None:
        for evidence in ("", "two words", "x" * 101, "ä", "a\n", "person@example.org"):
            with pytest.raises(InvalidInput):
                deleted(gateway, PLAIN, evidence)

    def test_nobody_confirms_for_a_stranger(self, gateway: Gateway) -> None:
        with pytest.raises(NotFound):
            deleted(gateway, RecipientId("stranger"), "doc-1")


class TestRecalls:
    def apart(self, pack: Pack, *fields: str) -> Pack:
        rule = Rule(
            RuleId("stricter"), RuleKind.PROHIBITION, "5(1)(c)", {"en": "a test"},
            Condition(actions=frozenset({Action.RELEASE})), frozenset(map(FieldId, fields)), together=True,
        )  # fmt: skip
        return with_rules(pack, [*pack.rules, rule])

    def test_the_pack_in_force_recalls_nothing(self, gateway: Gateway) -> None:
        for segment in ("by_area_m", "by_age_m", "by_habit_m"):
            release(gateway, segment)
        house = gateway.house
        assert recalls(house.disclosures.exposures, house.pack, house.clock.now()) == ()

    def test_of_a_combination_the_release_that_completed_it_is_recalled(self, gateway: Gateway) -> None:
        release(gateway, "by_area_m")
        second = release(gateway, "by_age_a", AGED).disclosure
        house = gateway.house
        stricter = self.apart(house.pack, "postcode", "birth_date")
        (found,) = recalls(house.disclosures.exposures, stricter, house.clock.now())
        assert (found.release, found.recipient, found.at) == (second.release, AGED, second.at)
        assert {reason.rule for reason in found.reasons} == {"stricter"}

    def test_a_field_that_segments_may_no_longer_use_recalls_them(self, gateway: Gateway) -> None:
        first = release(gateway, "by_area_m").disclosure
        house = gateway.house
        closed = Rule(
            RuleId("closed"), RuleKind.PROHIBITION, "5(1)(c)", {"en": "a test"},
            Condition(actions=frozenset({Action.SEGMENT})), frozenset({FieldId("postcode")}),
        )  # fmt: skip
        found = recalls(house.disclosures.exposures, with_rules(house.pack, [*house.pack.rules, closed]), NOW)
        assert [each.release for each in found] == [first.release]
