"""A rewrite that finds no room fails no batch that is kept, and leaves the old file in use."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from gateway.foundation.errors import Unavailable
from gateway.vocabulary.names import SegmentId
from gateway.wiring import Gateway
from tests.builders import PURCHASES, TESTER, as_csv, customers, ingest, purchases


def test_the_events_are_kept_and_the_old_file_serves(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(gateway, as_csv(customers(range(1, 151))))
    real = os.fsync

    def full(handle: int) -> None:
        if Path(f"/proc/self/fd/{handle}").readlink().name == ".store.duckdb.new":
            raise OSError(errno.ENOSPC, "no space left")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    report = ingest(gateway, as_csv(purchases(range(1, 151))), PURCHASES)
    assert (report.rows, report.already_ingested) == (600, False)
    assert gateway.build(SegmentId("loyal_buyers"), TESTER).size == 150
    with pytest.raises(Unavailable):
        gateway.house.store.compact()
    assert gateway.build(SegmentId("loyal_buyers"), TESTER).size == 150
    monkeypatch.setattr(os, "fsync", real)
    gateway.house.store.compact()
    assert gateway.build(SegmentId("loyal_buyers"), TESTER).size == 150
