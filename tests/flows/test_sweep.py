"""The sweep ends what time has ended, and finds and closes a mask that gives what the ledger does not."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from gateway.flows.permissions import CheckPermissions
from gateway.flows.record_consent import Choice
from gateway.foundation.arrays import BLOCK
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import GatewayError, Unavailable
from gateway.foundation.settings import Settings
from gateway.store import Store
from gateway.vocabulary.consents import ConsentEvent, ConsentStatus
from gateway.vocabulary.names import PurposeId, RequestId, SubjectReference
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import PURCHASES, TESTER, a_customer, as_csv, customers, ingest, purchases
from tests.cli.support import process
from tests.drafts import draft_with
from tests.versions import OLLI, approved

MARKETING = 2
REFUSED = ConsentStatus.REFUSED


def who(gateway: Gateway, number: int) -> SubjectReference:
    found = gateway.house.find(("email", f"person.{number}@example.org"))
    assert found is not None
    return found


def tamper(gateway: Gateway, number: int, permits: int) -> None:
    """Set a mask behind the ledger's back, as a broken disk or a bug would."""
    row = gateway.house.store.permissions(pa.array([who(gateway, number)], BLOCK))
    gateway.house.store.set_permissions(row.set_column(2, "permits", pa.array([permits], pa.uint64())))


def mask(gateway: Gateway, number: int) -> int:
    [row] = gateway.house.store.permissions(pa.array([who(gateway, number)], BLOCK)).to_pylist()
    return int(row["permits"])


def test_a_mask_that_gives_too_much_is_found_and_closed(gateway: Gateway) -> None:
    ingest(gateway, as_csv(customers(range(1, 5), marketing_consent="")))
    tamper(gateway, 2, 7)
    tried = gateway.sweep(dry_run=True)
    assert (tried.people, tried.wider, tried.behind, tried.dry_run) == (4, 1, 0, True)
    assert mask(gateway, 2) == 7
    assert gateway.sweep().wider == 1
    assert mask(gateway, 2) == 5
    assert CheckPermissions(gateway.house)() == 0
    assert gateway.sweep().wider == 0


def test_a_mask_that_gives_too_little_follows_the_ledger(gateway: Gateway) -> None:
    ingest(gateway, as_csv(customers(range(1, 5))))
    tamper(gateway, 3, 0)
    swept = gateway.sweep()
    assert (swept.wider, swept.behind) == (0, 1)
    assert mask(gateway, 3) == 7


def test_time_ends_consents_and_childhoods_and_quarantine(gateway: Gateway, clock: FrozenClock) -> None:
    rows = customers(range(1, 5)) + customers([5], birth_date="2013-08-01") + customers([6], registered_on="soon")
    ingest(gateway, as_csv([{**row, "shoe_size": "42"} for row in rows]))
    assert mask(gateway, 5) & MARKETING == 0
    clock.advance(dt.timedelta(days=70))
    tried = gateway.sweep(dry_run=True)
    assert (tried.due, tried.batches, tried.columns) == (1, 1, 1)
    done = gateway.sweep()
    assert (done.people, done.due, done.wider, done.behind, done.batches, done.columns) == (5, 1, 0, 0, 1, 1)
    assert (done.overdue, done.dry_run) == (0, False)
    assert mask(gateway, 5) & MARKETING
    clock.advance(dt.timedelta(days=700))
    assert gateway.sweep().due == 5
    assert [mask(gateway, number) & MARKETING for number in range(1, 6)] == [0] * 5
    assert gateway.sweep().due == 0


def entries(gateway: Gateway, action: str = "retention.enforced") -> list[dict[str, Any]]:
    return [each for each in gateway.house.recorder.entries() if each["action"] == action]


def test_what_is_over_its_period_goes_on_record_and_with_its_bytes(gateway: Gateway, clock: FrozenClock) -> None:
    ingest(gateway, as_csv(customers(range(1, 5), city="Vanhakaupunki")))
    ingest(gateway, as_csv(purchases(range(1, 5))), PURCHASES)
    gateway.house.store.compact()
    file = gateway.house.home / "store.duckdb"
    assert b"Vanhakaupunki" in file.read_bytes()
    clock.advance(dt.timedelta(days=1000))
    ingest(gateway, as_csv([a_customer(1, city="Oulu", loyalty_tier="silver")]))
    clock.advance(dt.timedelta(days=96))
    known, tried = len(list(gateway.house.recorder.entries())), gateway.sweep(dry_run=True)
    assert len(list(gateway.house.recorder.entries())) == known
    assert (tried.events, tried.values["city"], tried.people_without_data) == (16, 3, 3)
    done = gateway.sweep(TESTER)
    assert (done.values, done.events, done.people_without_data) == (tried.values, 16, 3)
    assert b"Vanhakaupunki" not in file.read_bytes()
    assert gateway.house.store.profile_of(who(gateway, 1), on_behalf=RequestId("r"))["city"] == "Oulu"
    intent, ended = (each for each in entries(gateway) if each["reasons"] != ["undecided"])
    assert (intent["reasons"], ended["reasons"], intent["rows"]) == (["intent"], ["done"], done.overdue)
    assert intent["fields"] == sorted(done.values)
    assert (intent["actor"]["ref"], intent["policy"]) == ("test", gateway.house.catalogue.label)
    assert gateway.sweep().overdue == 0
    assert all(finding.ok for finding in gateway.doctor())


def test_what_is_finer_than_the_policy_in_force_wants_is_rewritten_on_record_and_with_its_bytes(
    gateway: Gateway,
) -> None:
    ingest(gateway, as_csv(customers(range(1, 5))))
    assert gateway.sweep(dry_run=True).coarsened == {}
    gateway.policies.activate(approved(gateway, draft_with(["coarser ages"])), OLLI)
    gateway.house.store.compact()
    file = gateway.house.home / "store.duckdb"
    assert b"35-39" in file.read_bytes()
    tried = gateway.sweep(dry_run=True)
    assert (tried.coarsened, tried.overdue, entries(gateway, "values.coarsened")) == ({"age_band": 4}, 0, [])
    assert gateway.sweep(TESTER).coarsened == tried.coarsened
    assert b"35-39" not in file.read_bytes()
    assert gateway.house.store.profile_of(who(gateway, 1), on_behalf=RequestId("r"))["age_band"] == "30-39"
    told = [(each["reasons"], each["fields"], each["rows"]) for each in entries(gateway, "values.coarsened")]
    assert told == [(["intent"], ["age_band"], 4), (["done"], ["age_band"], 4)]
    assert entries(gateway, "values.coarsened")[0]["policy"] == gateway.house.catalogue.label
    assert gateway.sweep().coarsened == {}
    ingest(gateway, as_csv([a_customer(1, birth_date="1997-03-14")]))
    assert gateway.house.store.profile_of(who(gateway, 1), on_behalf=RequestId("r"))["age_band"] == "20-29"
    assert all(finding.ok for finding in gateway.doctor())


def test_nothing_is_deleted_that_the_log_cannot_tell(gateway: Gateway, clock: FrozenClock) -> None:
    ingest(gateway, as_csv(customers(range(1, 5))))
    clock.advance(dt.timedelta(days=1100))
    gateway.sweep()
    ingest(gateway, as_csv(customers(range(1, 5), loyalty_tier="silver")))
    clock.advance(dt.timedelta(days=1100))
    overdue = gateway.sweep(dry_run=True).overdue
    assert overdue
    clock.advance(-dt.timedelta(days=1))  # the log takes no entry of a time before its last one
    gateway.record_consent(("email", "person.1@example.org"), Choice(PurposeId("direct_marketing"), REFUSED), TESTER)
    clock.advance(-dt.timedelta(hours=1))
    with pytest.raises(GatewayError):
        gateway.sweep()
    clock.advance(dt.timedelta(days=1, hours=1))
    assert gateway.sweep(dry_run=True).overdue == overdue


def test_a_crash_before_the_bytes_are_gone_is_made_good_at_the_next_opening(
    settings: Settings, gateway: Gateway, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(gateway, as_csv(customers(range(1, 5), city="Vanhakaupunki")))
    clock.advance(dt.timedelta(days=1100))

    def no_room() -> None:
        raise Unavailable("no room")

    monkeypatch.setattr(gateway.house.store, "compact", no_room)
    with pytest.raises(Unavailable):
        gateway.sweep()
    assert gateway.sweep(dry_run=True).unfinished
    gateway.house.store.close()
    with Store.open(settings.home / "store.duckdb", gateway.house.catalogue) as store:
        assert store.compaction_due()
        store.compact()
    assert b"Vanhakaupunki" not in (settings.home / "store.duckdb").read_bytes()


def contents(home: Path) -> dict[str, bytes]:
    """Return what stands in a home that nobody has open; by then all of SQLite's is in its main file."""
    files = (path for path in home.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm", "lock")))
    return {str(path.relative_to(home)): path.read_bytes() for path in files}


def test_a_dry_run_changes_nothing_and_says_what_waits(tmp_path: Path, clock: FrozenClock) -> None:
    settings = Settings(home=tmp_path / "home")
    initialise(settings, clock)
    with open_gateway(settings, clock) as gateway:
        ingest(gateway, as_csv(customers(range(1, 5)) + customers([6], registered_on="soon")))
    clock.advance(dt.timedelta(days=1100))
    before = contents(settings.home)
    with open_gateway(settings, clock, look=True) as gateway:
        tried = gateway.sweep(dry_run=True)
    assert contents(settings.home) == before
    assert (tried.batches, tried.unfinished, tried.overdue > 0) == (1, False, True)
    assert any("quarantine" in name for name in before)
    with open_gateway(settings, clock, look=True) as gateway:
        choice = ConsentEvent(
            who(gateway, 1), PurposeId("direct_marketing"), REFUSED, clock.now(), clock.now(), None, "test"
        )
        gateway.house.ledger.record(choice)  # and a crash before the store hears of it
    before = contents(settings.home)
    with open_gateway(settings, clock, look=True) as gateway:
        assert gateway.sweep(dry_run=True).unfinished
    assert contents(settings.home) == before


def test_the_command_says_so_by_its_exit(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    initialise(settings)
    with open_gateway(settings) as gateway:
        ingest(gateway, as_csv(customers(range(1, 5), marketing_consent="")))
        tamper(gateway, 1, 7)
    first = process("sweep", "--home", settings.home, "--json")
    assert (first.status, first.json["wider"], first.json["dry_run"], first.json["coarsened"]) == (1, 1, False, {})
    with open_gateway(settings) as gateway:
        gateway.policies.activate(approved(gateway, draft_with(["coarser ages"])), OLLI)
    again = process("sweep", "--home", settings.home)
    assert again.status == 0
    assert "coarsened, finer than the policy in force wants: 4 of age_band\n" in again.out
