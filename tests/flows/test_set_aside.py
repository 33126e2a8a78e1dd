"""Rows that were set aside can be read until they expire, and an erasure reaches them."""

from __future__ import annotations

import json

import pytest

from gateway.accountability import Recorder
from gateway.accountability.errors import LogUnwritable
from gateway.vocabulary.names import BatchId
from gateway.wiring import Gateway
from tests.builders import NOW, TESTER, a_customer, as_csv, customers, ingest


def set_aside(gateway: Gateway, batch: BatchId) -> list[bytes]:
    house = gateway.house
    return [row.raw for row in house.quarantine.rows(batch, house.vault.batch_key(batch, NOW))]


def test_a_row_set_aside_can_be_read_again(gateway: Gateway) -> None:
    report = ingest(gateway, as_csv([a_customer(1, registered_on="nonsense"), *customers([2])]))
    assert report.batch is not None
    assert b"person.1@example.org" in set_aside(gateway, report.batch)[0]


def test_an_erasure_takes_out_the_persons_rows_and_nobody_elses(gateway: Gateway) -> None:
    ingest(gateway, as_csv(customers([1, 2, 10])))
    rows = [a_customer(n, registered_on="nonsense") for n in (1, 2, 10)]
    report = ingest(gateway, as_csv([*rows, *customers([3])]))
    assert report.batch is not None
    answer = gateway.erase(("customer_number", "C00001"), TESTER).value
    left = set_aside(gateway, report.batch)
    assert [b"C00001" in raw for raw in left] == [False, False]
    told = json.loads((answer.certificate or "").split("\n", 1)[0])["classes"]
    assert [each["rows"] for each in told if each["store"] == "quarantine"] == [1]


def test_a_sealed_file_that_nobody_can_open_goes_with_an_erasure(gateway: Gateway) -> None:
    report = ingest(gateway, as_csv([a_customer(1, registered_on="nonsense"), *customers([2])]))
    assert report.batch is not None
    gateway.house.vault.destroy_batch_key(report.batch)
    assert gateway.erase(("customer_number", "C00002"), TESTER).value.found_after is False
    assert gateway.house.quarantine.batches() == ()


def test_what_fails_after_the_commit_point_is_no_refusal(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Recorder) -> str:
        raise LogUnwritable("planned")

    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "checkpoint", refuse)
        assert ingest(gateway, as_csv(customers([1, 2]))).rows == 2
    assert list(gateway.house.recorder.entries())[-1]["action"] == "batch.accepted"


def test_a_column_that_nobody_declared_may_have_any_name(gateway: Gateway) -> None:
    names = ['size 5"', "back\\slash", "per%20cent", "väri|koko"]
    rows = [a_customer(1) | {name: f"value {place}" for place, name in enumerate(names)}]
    assert ingest(gateway, as_csv(rows)).undeclared_columns == tuple(names)
    held = gateway.access(("customer_number", "C00001"), TESTER).value.package["data"]["undecided"]
    assert {each["column"] for each in held} == set(names)


def test_half_a_character_is_nobodys_identifier(gateway: Gateway) -> None:
    assert gateway.access(("email", "\ud800@example.org"), TESTER).value.found is False
