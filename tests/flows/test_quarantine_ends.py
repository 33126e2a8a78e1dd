"""What nobody has decided on goes when its time is over: rows that could not be read, and undeclared columns."""

from __future__ import annotations

import datetime as dt

from gateway.foundation.clock import FrozenClock
from gateway.foundation.settings import Settings
from gateway.vocabulary.names import BatchId
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import CUSTOMER_COLUMNS, TESTER, as_csv, customers, ingest

COLUMNS = [*CUSTOMER_COLUMNS, "x_one", "x_two"]
SOMEBODY = ("customer_number", "C00001")


def undecided(gateway: Gateway) -> dict[str, str]:
    return {c["column"]: c["value"] for c in gateway.access(SOMEBODY, TESTER).value.package["data"]["undecided"]}


def test_undeclared_cells_and_unread_rows_go_after_thirty_days(settings: Settings, clock: FrozenClock) -> None:
    initialise(settings, clock)
    with open_gateway(settings, clock) as gateway:
        rows = [row | {"x_one": "early", "x_two": ""} for row in customers(range(1, 4))]
        first = ingest(gateway, as_csv(rows, COLUMNS) + b"a,bad,row\n")
        clock.advance(dt.timedelta(days=20))
        rows = [row | {"x_one": "early", "x_two": "late"} for row in customers(range(1, 3))]
        ingest(gateway, as_csv(rows, COLUMNS))
        assert undecided(gateway) == {"x_one": "early", "x_two": "late"}
        assert gateway.house.quarantine.batches()
    clock.advance(dt.timedelta(days=11))
    with open_gateway(settings, clock) as gateway:
        assert BatchId(str(first.batch)) not in gateway.house.quarantine.batches()
        assert undecided(gateway)["x_two"] == "late"
        assert gateway.house.vault.held_columns()  # the second file's are not over yet
    clock.advance(dt.timedelta(days=20))
    with open_gateway(settings, clock) as gateway:
        assert undecided(gateway) == {}
        assert gateway.house.vault.held_columns() == {}
        assert gateway.access(SOMEBODY, TESTER).value.found
