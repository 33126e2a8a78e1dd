"""The nightly sweep beside a running service."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict

from gateway.foundation.clock import FrozenClock
from tests.api.conftest import Caller, is_problem
from tests.builders import as_csv, customers, ingest


def test_a_sweep_is_the_flow_over_http(call: Caller, clock: FrozenClock) -> None:
    ingest(call.gateway, as_csv(customers(range(1, 5)) + customers([6], registered_on="soon")))
    clock.advance(dt.timedelta(days=800))
    tried = call.gateway.sweep(dry_run=True)
    assert (tried.people, tried.due, tried.batches) == (4, 4, 1)
    assert call.post("officer", "/v1/sweeps?dry_run=true").json() == asdict(tried)
    done = call.post("officer", "/v1/sweeps")
    # What is due by time is put right first, and is not behind any more when everybody is compared.
    assert (done.status_code, done.json()) == (200, asdict(tried) | {"behind": 0, "dry_run": False})
    again = call.post("officer", "/v1/sweeps").json()
    assert (again["people"], again["due"], again["batches"], again["wider"]) == (4, 0, 0, 0)


def test_a_word_that_is_no_yes_or_no_sweeps_nothing(call: Caller) -> None:
    is_problem(call.post("officer", "/v1/sweeps?dry_run=perhaps"), 422)
