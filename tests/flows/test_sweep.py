"""The sweep ends what time has ended, and finds and closes a mask that gives what the ledger does not."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa

from gateway.flows.permissions import CheckPermissions
from gateway.foundation.arrays import BLOCK
from gateway.foundation.clock import FrozenClock
from gateway.foundation.settings import Settings
from gateway.vocabulary.names import SubjectReference
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import as_csv, customers, ingest
from tests.cli.support import process

MARKETING = 2


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
    assert gateway.sweep() == type(tried)(5, 1, 0, 0, 1, 1, dry_run=False)
    assert mask(gateway, 5) & MARKETING
    clock.advance(dt.timedelta(days=700))
    assert gateway.sweep().due == 5
    assert [mask(gateway, number) & MARKETING for number in range(1, 6)] == [0] * 5
    assert gateway.sweep().due == 0


def test_the_command_says_so_by_its_exit(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    initialise(settings)
    with open_gateway(settings) as gateway:
        ingest(gateway, as_csv(customers(range(1, 5), marketing_consent="")))
        tamper(gateway, 1, 7)
    first = process("sweep", "--home", settings.home, "--json")
    assert (first.status, first.json["wider"], first.json["dry_run"]) == (1, 1, False)
    assert process("sweep", "--home", settings.home).status == 0
