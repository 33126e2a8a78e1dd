"""What a company has received is not forgotten by another name, another legal entity, or a contract that is gone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import gateway.flows.policy_versions as versions
from gateway.flows.release_segment import ReleaseRequest
from gateway.foundation.errors import Conflict, NotPermitted
from gateway.foundation.settings import Settings
from gateway.vocabulary.consents import ConsentStatus
from gateway.vocabulary.names import RecipientId, SegmentId
from gateway.wiring import Gateway
from tests.apart import dumped, texts, written
from tests.builders import NOW, TESTER
from tests.flows.test_laws_of_the_journey import choose
from tests.homes import copied, filled_home
from tests.versions import OLLI, approved, deleted, following, rolled_back

PLAIN, PAID = "plain_0", "paid_0"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Make a home whose company has three contracts that do not say so yet."""
    folder = tmp_path_factory.mktemp("renamed")
    path = written(folder / "pack") / "recipients.yaml"
    path.write_text(recipients(), encoding="utf-8")
    return filled_home(Settings(home=folder / "home", policies=folder / "pack"), 100)


@pytest.fixture
def gateway(template: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    monkeypatch.setattr(versions, "_check_cases", lambda _: None)  # this pack has none
    with copied(template, tmp_path / "home") as opened:
        yield opened


def recipients(company: str | None = None, without: str = "", **changes: dict[str, Any]) -> str:
    """Return recipients.yaml with all three contracts of one company, or of nobody, but one; some otherwise."""
    said = yaml.safe_load(texts(1)["recipients.yaml"])["recipients"]
    for each in said:
        del each["legal_entity"]
        each.update({"legal_entity": company} if company else {}, **changes.get(each["id"], {}))
    return dumped({"recipients": [each for each in said if each["id"] != without]})


def put_in_force(gateway: Gateway, text: str) -> str:
    number, older = following(gateway)
    files = texts(1)
    head = "".join(
        line for line in files["pack.yaml"].splitlines(keepends=True) if not line.startswith(("version", "supersedes"))
    )
    files |= {"recipients.yaml": text, "pack.yaml": f"{head}version: {number}\nsupersedes: {older}\n"}
    version = approved(gateway, files)
    gateway.policies.activate(version, OLLI)
    return version


def release(gateway: Gateway, segment: str, recipient: str) -> str:
    return gateway.release(ReleaseRequest(SegmentId(segment), RecipientId(recipient)), TESTER).value.disclosure.release


def refused(gateway: Gateway, segment: str, recipient: str) -> None:
    with pytest.raises(NotPermitted, match="apart-0"):
        release(gateway, segment, recipient)


def test_a_recipient_that_holds_data_is_ended_and_not_left_out(gateway: Gateway) -> None:
    release(gateway, "by_area_and_age_m", PLAIN)
    for text in (recipients(without=PLAIN), recipients(plain_0={"id": "plain_new"})):
        with pytest.raises(Conflict, match=f"`{PLAIN}`.*`expires`.*gateway segments deleted"):
            put_in_force(gateway, text)
    ended = {"expires": NOW.date() - dt.timedelta(days=1)}
    put_in_force(gateway, recipients("company_0", plain_0=ended))
    with pytest.raises(NotPermitted, match="contract_expired"):
        release(gateway, "by_habit_m", PLAIN)
    refused(gateway, "by_gender_m", PAID)


def test_once_its_deletion_is_confirmed_it_may_go(gateway: Gateway) -> None:
    release(gateway, "by_area_and_age_m", PLAIN)
    deleted(gateway, RecipientId(PLAIN), "doc-1")
    put_in_force(gateway, recipients(plain_0={"id": "plain_new"}))
    assert release(gateway, "by_gender_m", "plain_new")


def test_who_has_been_one_company_is_not_two_afterwards(gateway: Gateway) -> None:
    """Nor where the contract that brought the data came to the company later, and the other has left it since."""
    release(gateway, "by_area_and_age_m", PLAIN)
    assert gateway.outlook(SegmentId("by_gender_m"), TESTER)[1].recipient == PAID
    assert gateway.outlook(SegmentId("by_gender_m"), TESTER)[1].permitted
    put_in_force(gateway, recipients("company_0"))
    refused(gateway, "by_gender_m", PAID)
    put_in_force(gateway, recipients())
    refused(gateway, "by_gender_m", PAID)
    put_in_force(gateway, recipients(without=PAID))
    put_in_force(gateway, recipients("elsewhere", plain_0={"legal_entity": "company_0"}))
    refused(gateway, "by_gender_m", PAID)


def test_going_back_to_before_a_recipient_does_not_forget_what_it_holds(gateway: Gateway) -> None:
    first = gateway.house.policy.base.catalogue.version
    put_in_force(gateway, recipients(plain_0={"id": "plain_new"}))
    release(gateway, "by_area_and_age_m", "plain_new")
    rolled_back(gateway, first)
    assert gateway.house.policy.base.catalogue.version == first
    for name in (PLAIN, PAID):
        refused(gateway, "by_gender_m", name)


def test_whom_one_went_back_from_still_owes_who_left(gateway: Gateway) -> None:
    first = gateway.house.policy.base.catalogue.version
    put_in_force(gateway, recipients(plain_0={"id": "plain_new"}))
    held = release(gateway, "by_area_and_age_m", "plain_new")
    rolled_back(gateway, first)
    assert gateway.pending_leaves() == []
    choose(gateway, 7, ConsentStatus.WITHDRAWN)
    (owed,) = gateway.pending_leaves()
    assert (owed.recipient, owed.release, owed.overdue, owed.by_deletion) == ("plain_new", held, True, True)
    deleted(gateway, RecipientId("plain_new"), "doc-1")
    assert gateway.pending_leaves() == []


def test_a_list_that_deltas_reach_is_not_cut_off_from_them(gateway: Gateway) -> None:
    release(gateway, "by_area_and_age_m", PLAIN)
    once = recipients(plain_0={"scope": {"mode": "transaction"}})
    with pytest.raises(Conflict, match=f"mode of `{PLAIN}`"):
        put_in_force(gateway, once)
    deleted(gateway, RecipientId(PLAIN), "doc-1")
    put_in_force(gateway, once)
