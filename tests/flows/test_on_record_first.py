"""What is destroyed or told about somebody is on record first; without the log nothing happens, and nothing is lost."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Sequence
from functools import partialmethod
from typing import Any, cast

import pyarrow as pa
import pytest

import audit
from gateway.flows.end_scopes import EndScopes
from gateway.flows.release_segment import ReleaseRequest
from gateway.flows.who_saw import WhoSawRequest
from gateway.foundation.arrays import BLOCK
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import GatewayError, NotFound, Unavailable
from gateway.foundation.settings import Settings
from gateway.vault import Vault
from gateway.vault.errors import ScopeUnknown
from gateway.vocabulary.names import RecipientId, RequestId, ScopeId, SegmentId
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import TESTER, as_csv, customers, filled, ingest

LOYAL, MAILER, ADS = SegmentId("loyal_buyers"), RecipientId("mailer"), RecipientId("ads")
AINO, STRANGER = ("email", "person.1@example.org"), ("email", "person.999@example.org")
DAY, A_WHILE = dt.timedelta(days=1), dt.timedelta(minutes=6)  # more than a clock may be set back


def entries(gateway: Gateway, *actions: str) -> list[dict[str, Any]]:
    return [each for each in gateway.house.recorder.entries() if each["action"] in actions]


def shown(entry: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: entry[name] for name in names if name in entry}


# -- erasure ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [AINO, STRANGER])
def test_an_erasure_that_the_log_refused_is_never_carried_out(
    settings: Settings, clock: FrozenClock, who: tuple[str, str]
) -> None:
    initialise(settings, clock)
    with open_gateway(settings, clock) as gateway:
        filled(gateway, 10)
        size = gateway.house.recorder.size
        clock.advance(-A_WHILE)
        with pytest.raises(Unavailable):
            gateway.erase(who, TESTER)
        clock.advance(A_WHILE)
        assert gateway.house.requests.list() == ()
    with open_gateway(settings, clock) as gateway:
        assert gateway.house.recorder.size == size
        assert gateway.house.find(AINO) is not None
        assert gateway.access(AINO, TESTER).value.package["data"]["profile"]
        assert gateway.erase(AINO, TESTER).value.found_after is False
        told = entries(gateway, "subject.erased")
        assert [(e["actor"]["ref"], e["reasons"]) for e in told] == [("test", ["intent"]), ("erasure", ["done"])]
        assert len({e["request"] for e in told} | {r.id for r in gateway.house.requests.list()}) == 2  # and the access


# -- access ----------------------------------------------------------------------------------------------------------

ASKED: dict[str, Callable[[Gateway], object]] = {
    "access": lambda gateway: gateway.access(AINO, TESTER),
    "access in no language": lambda gateway: gateway.access(AINO, TESTER, language="xx"),
    "who saw": lambda gateway: gateway.who_saw(WhoSawRequest(AINO, with_key=True), TESTER),
    "who saw, of a stranger": lambda gateway: gateway.who_saw(WhoSawRequest(STRANGER), TESTER),
    "who saw, by no decision": lambda gateway: gateway.who_saw(WhoSawRequest(AINO, RequestId("dec_no")), TESTER),
    "erasure": lambda gateway: gateway.erase(STRANGER, TESTER),
}


class Disk:
    """The log's disk, which fails from the n-th call on: to take an entry, to sync it, or to sign a checkpoint."""

    def __init__(self, failing_from: int) -> None:
        self.left = failing_from

    def __call__(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise audit.LogFailed("planned")
            return real(*args)

        return call


@pytest.mark.parametrize("asked", ASKED)
def test_wherever_the_log_fails_no_request_stays_open_that_nobody_can_end(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    filled(gateway, 10)
    for failing_from in range(20):
        disk = Disk(failing_from)
        with monkeypatch.context() as patch:
            for name in ("submit", "checkpoint"):
                patch.setattr(audit.Trail, name, disk(getattr(audit.Trail, name)))
            patch.setattr(audit.Pending, "wait", disk(audit.Pending.wait))
            with contextlib.suppress(GatewayError):
                ASKED[asked](gateway)
        assert [each for each in gateway.house.requests.list() if each.completed_at is None] == []
        if disk.left >= 0:
            break
    else:
        pytest.fail("the log was asked for more often than this test knows")
    registered = {each.id for each in gateway.house.requests.list()}
    assert registered <= {e["request"] for e in entries(gateway, "subject.accessed", "subject.erased")}


def test_the_log_tells_what_of_it_was_asked_for(gateway: Gateway) -> None:
    filled(gateway, 10)
    yes = gateway.who_saw.decide(AINO, TESTER, permit=True, reason="needed_for_rights")
    bogus = RequestId("dec_f4k2nq7wzc5xv3ydj6mrh2teaq")
    for wanted in (
        WhoSawRequest(AINO), WhoSawRequest(AINO, with_key=True), WhoSawRequest(AINO, yes),
        WhoSawRequest(AINO, yes, with_key=True),
    ):  # fmt: skip
        gateway.who_saw(wanted, TESTER)
    for who in (AINO, STRANGER):
        with pytest.raises(NotFound):
            gateway.who_saw(WhoSawRequest(who, bogus), TESTER)
    told = [shown(e, "decision", "reasons", "fields", "members") for e in entries(gateway, "subject.accessed")]
    permit = {"decision": "permit", "members": 1}
    deny = {"decision": "deny", "reasons": ["no_such_decision"], "fields": ["audit_log", "identities"]}
    assert told == [
        permit | {"fields": ["audit_log"]},
        permit | {"fields": ["audit_log", "audit_key"]},
        permit | {"fields": ["audit_log", "identities"]},
        permit | {"fields": ["audit_log", "identities", "audit_key"]},
        deny | {"members": 1},
        deny | {"members": 0},
    ]
    refused = gateway.who_saw(WhoSawRequest(AINO), TESTER).value.entries[-2]
    assert (refused["decision"], refused["reasons"]) == ("deny", ["no_such_decision"])  # she sees that it was tried


# -- what nobody decided on --------------------------------------------------------------------------------------------


@pytest.fixture
def undecided(settings: Settings, clock: FrozenClock) -> Settings:
    """A home with two rows set aside and a column that nobody declared, whose time is over."""
    initialise(settings, clock)
    with open_gateway(settings, clock) as gateway:
        rows = customers([1, 2, 3]) + customers([4, 5], registered_on="soon")
        ingest(gateway, as_csv([row | {"Maija Meikalainen": "42"} for row in rows]))
    clock.advance(70 * DAY)
    return settings


def waiting(gateway: Gateway) -> tuple[int, int]:
    house = gateway.house
    keys = house.vault.expired_batch_keys(house.clock.now())
    assert set(keys) == set(house.quarantine.expired(house.clock.now()))
    return len(keys), sum(house.vault.held_columns().values())


def test_what_waited_undecided_goes_on_record_and_once(undecided: Settings, clock: FrozenClock) -> None:
    with open_gateway(undecided, clock) as gateway:
        assert waiting(gateway) == (0, 0)
        names = ("batch", "source", "rows", "reasons", "decision")
        batch, columns = (shown(each, *names) for each in entries(gateway, "retention.enforced"))
        (accepted,) = entries(gateway, "batch.accepted")
        common = {"reasons": ["undecided"], "decision": "permit"}
        assert batch == common | {"batch": accepted["batch"], "rows": 2}
        assert columns == common | {"source": "webshop_customers", "rows": 3}  # no header: it may be a name
        ingest(gateway, as_csv(customers([6])))
        assert len(entries(gateway, "retention.enforced")) == 2


class Queue:
    """The log's queue, which is full after so many entries."""

    def __init__(self, room: int) -> None:
        self.room = room

    def __call__(self, trail: audit.Trail, entries: Sequence[bytes], *, put: Callable[..., Any]) -> audit.Pending:
        if not self.room:
            raise audit.LogBusy("planned")
        self.room -= 1
        return cast("audit.Pending", put(trail, entries))


@pytest.mark.parametrize(("room", "left"), [(0, (1, 3)), (1, (0, 3))])
def test_what_waited_undecided_stays_while_the_log_refuses(
    undecided: Settings, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch, room: int, left: tuple[int, int]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(audit.Trail, "submit", partialmethod(Queue(room), put=audit.Trail.submit))
        with pytest.raises(Unavailable), open_gateway(undecided, clock):
            pass
    with open_gateway(undecided, clock, look=True) as gateway:
        assert waiting(gateway) == left
    with open_gateway(undecided, clock) as gateway:
        assert waiting(gateway) == (0, 0)
        assert [each["rows"] for each in entries(gateway, "retention.enforced")] == [2, 3]


def test_a_file_that_comes_in_takes_nothing_away_without_an_entry(gateway: Gateway, clock: FrozenClock) -> None:
    ingest(gateway, as_csv([row | {"x_one": "42"} for row in customers([1, 2])] + customers([3], registered_on="soon")))
    clock.advance(70 * DAY)
    gateway.log.show(TESTER)
    clock.advance(-A_WHILE)
    with pytest.raises(Unavailable):
        ingest(gateway, as_csv(customers([4])))
    assert waiting(gateway) == (1, 2)
    clock.advance(A_WHILE)
    ingest(gateway, as_csv(customers([4])))
    assert waiting(gateway) == (0, 0)
    assert [each.get("rows") for each in entries(gateway, "retention.enforced")] == [1, 2]


@pytest.mark.parametrize("gone", ["key", "bytes"])
def test_what_nobody_can_read_goes_on_record_too(gateway: Gateway, clock: FrozenClock, gone: str) -> None:
    """A crash came between the end of its key and of its bytes, or its bytes are damaged."""
    report = ingest(gateway, as_csv(customers([1]) + customers([2], registered_on="soon")))
    assert report.batch is not None
    if gone == "key":
        gateway.house.vault.destroy_batch_key(report.batch)
    else:
        file = gateway.house.home / "quarantine" / f"{report.batch}.sealed"
        file.write_bytes(file.read_bytes()[:-40])
    clock.advance(70 * DAY)
    ingest(gateway, as_csv(customers([3])))
    (told,) = entries(gateway, "retention.enforced")
    assert (told["batch"], told.get("rows")) == (report.batch, None)
    assert report.batch not in gateway.house.quarantine.batches()
    assert waiting(gateway) == (0, 0)


# -- scopes ------------------------------------------------------------------------------------------------------------


def has_key(gateway: Gateway, scope: ScopeId) -> bool:
    try:
        gateway.house.vault.pseudonyms(scope, pa.array([], BLOCK))
    except ScopeUnknown:
        return False
    return True


def test_the_end_of_a_scope_is_on_record_before_its_key_goes(gateway: Gateway, clock: FrozenClock) -> None:
    filled(gateway)
    scopes = [gateway.release(ReleaseRequest(LOYAL, who), TESTER).value.disclosure.scope for who in (ADS, MAILER)]
    assert EndScopes(gateway.house)() == 0
    clock.advance(100 * DAY)
    gateway.log.show(TESTER)
    clock.advance(-A_WHILE)
    with pytest.raises(Unavailable):
        EndScopes(gateway.house)()
    assert [has_key(gateway, scope) for scope in scopes] == [True, True]
    assert entries(gateway, "scope.ended") == []
    clock.advance(A_WHILE)
    assert [EndScopes(gateway.house)() for _ in range(2)] == [2, 0]
    assert [has_key(gateway, scope) for scope in scopes] == [False, False]
    told = entries(gateway, "scope.ended")
    assert sorted((e["recipient"], e["segment"], e["purpose"]) for e in told) == [
        ("ads", LOYAL, "direct_marketing"), ("mailer", LOYAL, "direct_marketing"),
    ]  # fmt: skip
    assert {(e["actor"]["ref"], e["decision"], *e["reasons"]) for e in told} == {("scopes", "permit", "time_over")}


def test_an_end_that_failed_half_way_is_done_once_more(
    gateway: Gateway, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is left behind: not the key, and not the word that somebody was erased."""
    filled(gateway)
    base = gateway.release(ReleaseRequest(LOYAL, MAILER), TESTER).value.disclosure
    gateway.erase(AINO, TESTER)
    latest = gateway.release(ReleaseRequest(LOYAL, MAILER), TESTER).value.disclosure  # tells nobody of her any more
    clock.advance(100 * DAY)

    def stopped(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Vault, "close_scope", stopped)
        with pytest.raises(KeyboardInterrupt):
            EndScopes(gateway.house)()
    assert EndScopes(gateway.house)() == 1
    disclosures = gateway.house.disclosures
    assert len(disclosures.pending_tombstones(base.scope, LOYAL, base.release)) == 0
    assert not has_key(gateway, latest.scope)
