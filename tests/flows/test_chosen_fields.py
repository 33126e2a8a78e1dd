"""A rule on what a recipient may get holds for what chooses its members, and for pages of what left earlier."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.flows.read_members import PageRequest, ReadMembers
from gateway.flows.read_policy import lint_pack
from gateway.flows.recalls import recalls
from gateway.flows.release_segment import ReleaseRequest
from gateway.flows.segment_outlook import SegmentOutlook
from gateway.foundation.errors import NotPermitted
from gateway.foundation.settings import Settings
from gateway.policy import Pack
from gateway.policy.diff import diff, diff_words
from gateway.policy.pack import Condition, People, Rule, RuleKind
from gateway.release import SegmentTooSmall
from gateway.vocabulary.decisions import Action
from gateway.vocabulary.names import FieldId, RecipientId, RuleId, SegmentId
from gateway.wiring import Gateway
from tests.apart import Fixed, dumped, texts, written
from tests.builders import NOW, TESTER
from tests.homes import copied, filled_home
from tests.rooms.policy.packs import with_rules

PLAIN = RecipientId("plain_0")
AREA = frozenset({FieldId("postcode")})


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("chosen")
    return filled_home(Settings(home=folder / "home", policies=written(folder / "pack")), 100)


@pytest.fixture
def gateway(template: Settings, tmp_path: Path) -> Iterator[Gateway]:
    with copied(template, tmp_path / "home") as opened:
        yield opened


def closing(pack: Pack, action: Action, **about: object) -> Pack:
    rule = Rule(
        RuleId("no-area"), RuleKind.PROHIBITION, "5(1)(c)", {"en": "a test"}, Condition(actions=frozenset({action})),
        AREA,
    )  # fmt: skip
    return with_rules(pack, [*pack.rules, dataclasses.replace(rule, **about)])  # type: ignore[arg-type]  # a kit


def under(gateway: Gateway, pack: Pack) -> Gateway:
    house = dataclasses.replace(gateway.house, policy=Fixed(pack))  # type: ignore[arg-type]  # as it is read
    build = dataclasses.replace(gateway.build, house=house)
    releasing = dataclasses.replace(gateway.release, house=house, build=build)
    return dataclasses.replace(
        gateway, house=house, build=build, release=releasing, members=ReadMembers(house), outlook=SegmentOutlook(house)
    )


def released(gateway: Gateway, segment: str = "by_area_m") -> PageRequest:
    left = gateway.release(ReleaseRequest(SegmentId(segment), PLAIN), TESTER).value.disclosure
    return PageRequest(left.release, left.segment, PLAIN, "", 200)


def test_a_field_that_may_not_go_chooses_nobody_who_goes(gateway: Gateway) -> None:
    stricter = closing(gateway.house.pack, Action.RELEASE)
    with pytest.raises(NotPermitted, match="no-area"):
        released(under(gateway, stricter))
    assert released(under(gateway, stricter), "by_age_m")
    told = under(gateway, stricter).outlook(SegmentId("by_area_m"), TESTER)
    assert not any(each.permitted for each in told)
    assert "chosen by `postcode`: is denied" in "\n".join(diff_words(diff(gateway.house.pack, stricter, NOW)))


@pytest.mark.parametrize("action", [Action.RELEASE, Action.SEGMENT])
def test_what_a_version_recalls_is_read_no_more(gateway: Gateway, action: Action) -> None:
    page, house = released(gateway), gateway.house
    assert gateway.members.page(page, TESTER).value.members
    stricter = closing(house.pack, action)
    (recalled,) = recalls(house.disclosures.exposures, stricter, NOW)
    assert recalled.release == page.release
    with pytest.raises(NotPermitted, match="no-area"):
        under(gateway, stricter).members.page(page, TESTER)
    *_, entry = house.recorder.entries()
    assert (entry["action"], entry["decision"]) == ("release.read", "deny")


@pytest.mark.parametrize("action", [Action.RELEASE, Action.SEGMENT])
def test_whom_a_field_may_not_choose_any_more_is_left_out_of_the_pages(gateway: Gateway, action: Action) -> None:
    """Finns are, where the limit is on the field by which they were chosen."""
    page, pack = released(gateway), gateway.house.pack
    finns = People(regions=frozenset({"FI"}))
    with pytest.raises(SegmentTooSmall):
        under(gateway, closing(pack, action, people=finns)).members.page(page, TESTER)
    elsewhere = People(regions=frozenset({"SE"}))
    assert under(gateway, closing(pack, action, people=elsewhere)).members.page(page, TESTER).value.members
    other = closing(pack, action, people=finns, fields=frozenset({FieldId("city")}))
    assert under(gateway, other).members.page(page, TESTER).value.members


def test_a_segment_that_no_recipient_may_get_is_doubted() -> None:
    rule = {
        "id": "no-area", "kind": "prohibition", "article": "5(1)(c)", "rationale": {"en": "a test"},
        "when": {"actions": ["release"]}, "fields": [{"ids": ["postcode"]}],
    }  # fmt: skip
    found = {
        each["key"]
        for each in lint_pack(texts(1) | {"rules/more.yaml": dumped({"rules": [rule]})}, NOW).findings
        if each["code"] == "segment_goes_nowhere"
    }
    assert found == {"by_area_m", "by_area_a", "by_area_and_age_m", "by_area_and_age_a"}
