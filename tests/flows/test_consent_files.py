"""Files of choices: all in or none, each bad row with its line; and what they say bites."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path

import pytest

from gateway.consent import ConsentLedger, LedgerSession
from gateway.flows.import_consents import ConsentImport
from gateway.flows.permissions import CheckPermissions, permitted_purposes
from gateway.flows.record_consent import Choice
from gateway.flows.recover import Recover
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import InvalidInput
from gateway.store import Store
from gateway.vocabulary.consents import ConsentStatus
from gateway.vocabulary.names import PurposeId
from gateway.wiring import Gateway
from tests.builders import NOW, TESTER, as_csv, customers, ingest

MARKETING, ANALYTICS = PurposeId("direct_marketing"), PurposeId("product_analytics")
HEADER = "identifier_type,identifier,purpose,status,at,notice,language,channel,evidence,by,valid_until\n"


def email(number: int) -> str:
    return f"person.{number}@example.org"


def line(number: int, status: str, *, purpose: str = "direct_marketing", at: str = "2026-06-01", **more: str) -> str:
    parts = {"notice": "webshop-2026-05", "language": "fi", "channel": "", "evidence": "", "by": "", "valid_until": ""}
    parts |= more
    return ",".join(["email", email(number), purpose, status, at, *parts.values()]) + "\n"


def take(gateway: Gateway, *lines: str, dry_run: bool = False) -> ConsentImport:
    stream = io.BytesIO((HEADER + "".join(lines)).encode())
    return gateway.import_consents(stream, TESTER, name="choices.csv", dry_run=dry_run)


def permitted(gateway: Gateway, number: int) -> frozenset[PurposeId]:
    subject = gateway.house.find(("email", email(number)))
    assert subject is not None
    return permitted_purposes(gateway.house, subject, gateway.house.clock.now())


@pytest.fixture
def people(gateway: Gateway, clock: FrozenClock) -> Gateway:
    """Six people who have said nothing; the fifth is a child."""
    rows = customers(range(1, 7), marketing_consent="")
    rows[4]["birth_date"] = "2014-02-02"
    ingest(gateway, as_csv(rows))
    clock.advance(dt.timedelta(hours=1))
    return gateway


def test_a_file_bites_whole(people: Gateway) -> None:
    said = (
        line(1, "given", evidence="doc-1", channel="call_centre"), line(2, "requested"), line(3, "given"),
        line(3, "invalidated", at="2026-06-02", by="controller"), line(4, "objected", purpose="product_analytics"),
        line(99, "given"),
    )  # fmt: skip
    tried = take(people, *said, dry_run=True)
    assert (tried.recorded, tried.events, tried.unknown) == (False, 5, 1)
    assert people.house.ledger.standing(at=people.house.clock.now()).num_rows == 0
    done = take(people, *said)
    assert (done.recorded, done.rows, done.events, done.unknown, done.faulty) == (True, 6, 5, 1, 0)
    assert [MARKETING in permitted(people, number) for number in range(1, 5)] == [True, False, False, False]
    assert ANALYTICS not in permitted(people, 4)
    assert CheckPermissions(people.house)() == 0
    (event,) = people.house.ledger.history(people.house.find(("email", email(1))))
    assert (event.evidence, event.channel, event.language, event.by) == ("doc-1", "call_centre", "fi", "self")
    assert take(people, *said).events == 0
    entry = list(people.house.recorder.entries())[-1]
    assert (entry["action"], entry["rows"], entry["members"]) == ("consent.recorded", 6, 4)
    assert people.house.ledger.unsettled() == ()
    assert not people.house.pending.exists()


def test_what_a_file_says_is_in_the_stored_mask_at_once(people: Gateway) -> None:
    take(people, line(1, "given"), line(2, "given"))
    known = people.house.store.permissions(people.house.ledger.since(0))
    assert [mask & 2 for mask in known.column("permits").to_pylist()] == [2, 2]


BAD = [
    (line(1, "given", purpose="resale"), "unknown_purpose"),
    (line(1, "agreed"), "unknown_status"),
    (line(1, "given", purpose="*"), "not_for_all_purposes"),
    (line(1, "given", at="2099-01-01"), "in_the_future"),
    (line(1, "given", at="soon"), "not_an_instant"),
    (line(1, "given", by="controller"), "not_by_controller"),
    (line(1, "given", by="neighbour"), "unknown_expresser"),
    (line(1, "given", language="finnish"), "bad_language"),
    (line(1, "given", evidence="zq@example.org"), "bad_evidence"),
    (line(1, "given", valid_until="2026-05-01"), "bad_validity"),
    (line(1, "withdrawn", valid_until="2026-08-01"), "bad_validity"),
    (line(1, "given", at="", valid_until="2026-08-01"), "bad_validity"),
    (line(1, "given", channel="Two Words"), "bad_word"),
    ("email,,direct_marketing,given,,,,,,,\n", "no_identifier"),
    ("telepathy,zq,direct_marketing,given,,,,,,,\n", "unknown_identifier_type"),
    ("email,zq@example.org,,given,,,,,,,\n", "no_purpose"),
    ("email,zq@example.org,direct_marketing,,,,,,,,\n", "no_status"),
    ("email,zq@example.org\n", "wrong_number_of_columns"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD, ids=[f"{n}-{reason}" for n, (_, reason) in enumerate(BAD)])
def test_one_bad_row_keeps_the_file_out(people: Gateway, bad: str, reason: str) -> None:
    before = people.house.ledger.position
    report = take(people, line(1, "given"), bad, line(2, "given"))
    assert (report.recorded, report.rows, report.faulty) == (False, 3, 1)
    assert [(fault.line, fault.reason) for fault in report.faults] == [(3, reason)]
    assert "zq" not in str(report)
    assert people.house.ledger.position == before
    assert people.house.ledger.standing(at=people.house.clock.now()).num_rows == 0


def test_many_bad_rows_are_counted_and_the_first_are_named(people: Gateway) -> None:
    report = take(people, *(line(number, "agreed") for number in range(1, 301)))
    assert (report.faulty, len(report.faults), report.reasons) == (300, 100, {"unknown_status": 300})
    assert [fault.line for fault in report.faults] == list(range(2, 102))


def test_json_lines(people: Gateway) -> None:
    row = {"identifier_type": "email", "identifier": email(1), "purpose": "direct_marketing", "status": "given"}
    data = "".join(
        json.dumps(each) + "\n" for each in (row | {"notice": "webshop-2026-05"}, row | {"status": "lifted"})
    )
    report = people.import_consents(io.BytesIO(data.encode()), TESTER, name="choices.jsonl")
    assert report.recorded
    assert MARKETING in permitted(people, 1)


@pytest.mark.parametrize(("status", "day", "permits"), [
    ("withdrawn", 0, False), ("withdrawn", -1, True), ("objected", 0, False), ("requested", 0, True),
])  # fmt: skip
def test_a_no_with_a_day_alone_is_later_than_a_yes_of_that_day(
    people: Gateway,
    clock: FrozenClock,
    status: str,
    day: int,
    permits: bool,  # noqa: FBT001 - what is expected
) -> None:
    people.record_consent(("email", email(1)), Choice(MARKETING, ConsentStatus.GIVEN, notice="webshop-2026-05"), TESTER)
    clock.advance(dt.timedelta(hours=3))
    dated = (clock.now() + dt.timedelta(days=day)).date().isoformat()
    assert take(people, line(1, status, at=dated)).recorded
    assert (MARKETING in permitted(people, 1)) == permits
    clock.advance(dt.timedelta(days=3))
    assert take(people, line(2, status, at=dated)).recorded
    people.record_consent(
        ("email", email(2)), Choice(MARKETING, ConsentStatus.GIVEN, at=NOW, notice="webshop-2026-05"), TESTER
    )
    assert (MARKETING in permitted(people, 2)) == permits


class Broken(Exception):
    """What stands for any failure between two steps."""


@pytest.mark.parametrize("step", ["commit", "unlink", "settle", "set_permissions"])
def test_a_file_that_broke_off_is_in_or_out_for_good(people: Gateway, step: str) -> None:
    """What another journey let bite is not undone later."""
    owner = {"commit": LedgerSession, "unlink": Path, "settle": ConsentLedger, "set_permissions": Store}[step]

    def refuse(*_: object, **__: object) -> None:
        raise Broken

    take(people, line(1, "given"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, step, refuse)
        with pytest.raises(Broken):
            take(people, line(1, "withdrawn", at="2026-06-02"))
    people.record_consent(("email", email(2)), Choice(MARKETING, ConsentStatus.WITHDRAWN), TESTER)
    then = permitted(people, 1)
    assert (MARKETING in then) == (step in {"commit", "unlink"})
    Recover(people.house)()
    assert permitted(people, 1) == then
    assert CheckPermissions(people.house)() == 0
    assert people.house.ledger.unsettled() == ()
    actions = {each["action"] for each in people.house.recorder.entries()}
    assert ("batch.rolled_back" in actions) == (MARKETING in then)


@pytest.mark.parametrize("turned", [False, True])
def test_the_order_of_rows_decides_nothing(people: Gateway, *, turned: bool) -> None:
    """What one channel holds undated does not come after another's dated no, wherever in the file the two stand."""
    rows = [
        line(4, "given", at="", channel="crm"),
        line(4, "refused", at="2026-06-15T10:00:00Z", channel="letters", notice=""),
    ]
    take(people, *(reversed(rows) if turned else rows))
    assert MARKETING not in permitted(people, 4)


def test_nobody_searches_the_ledger_for_whom_a_file_concerns(people: Gateway) -> None:
    def refuse(*_: object) -> None:
        raise Broken

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ConsentLedger, "since", refuse)
        assert take(people, line(1, "given"), line(2, "given"), line(1, "refused", at="2026-06-03")).recorded
    assert CheckPermissions(people.house)() == 0
    assert [MARKETING in permitted(people, number) for number in (1, 2)] == [False, True]


@pytest.mark.parametrize(
    "data", [b"", HEADER.replace("notice", "mood").encode() + line(1, "given").encode(), b"identifier,purpose\nx,y\n"]
)
def test_a_file_that_is_none(people: Gateway, data: bytes) -> None:
    with pytest.raises(InvalidInput):
        people.import_consents(io.BytesIO(data), TESTER, name="choices.csv")


def test_a_child_needs_a_guardian(people: Gateway, clock: FrozenClock) -> None:
    take(people, line(5, "given"))
    assert MARKETING not in permitted(people, 5)
    take(people, line(5, "given", at="2026-06-02", by="guardian", evidence="form-7"))
    assert MARKETING in permitted(people, 5)
    clock.advance(dt.timedelta(days=1))
    people.refresh()
    assert CheckPermissions(people.house)() == 0
    take(people, line(5, "withdrawn", at="2026-07-01"))
    assert MARKETING not in permitted(people, 5)


def test_a_yes_ends_at_its_own_end(people: Gateway, clock: FrozenClock) -> None:
    take(people, line(1, "given", valid_until="2026-07-10"))
    assert MARKETING in permitted(people, 1)
    clock.advance(dt.datetime(2026, 7, 10, tzinfo=dt.UTC) - clock.now())
    assert MARKETING not in permitted(people, 1)
    assert people.refresh() == 1
    history = people.show_consents(("email", email(1)), TESTER).value
    assert history.standing[MARKETING] == "expired"
    assert people.show_consents(("email", email(1)), TESTER, at=NOW).value.standing[MARKETING] == "given"


def test_what_was_so_and_what_could_be_known(people: Gateway, clock: FrozenClock) -> None:
    monday, wednesday = (clock.now() + dt.timedelta(days=day) for day in (1, 3))
    take(people, line(1, "given"))
    clock.advance(dt.timedelta(days=5))
    take(people, line(1, "withdrawn", at=monday.isoformat()))

    def standing(**when: dt.datetime) -> str:
        return people.show_consents(("email", email(1)), TESTER, **when).value.standing[MARKETING]

    assert standing() == "withdrawn"
    assert standing(at=monday - dt.timedelta(seconds=1)) == "given"
    assert standing(at=wednesday) == "withdrawn"
    assert standing(at=wednesday, recorded=wednesday) == "given"
    assert standing(at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)) == "unknown"
