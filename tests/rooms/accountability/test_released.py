"""A value is released with the receipt of its own durable entry, and with nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, cast

import pytest

import audit
from gateway.accountability import Released, released_chunks
from gateway.accountability.errors import LogUnwritable

SECRET = "zqcanary7731"


def receipt(index: int = 0) -> audit.Receipt:
    return audit.Receipt(index, bytes(32), "log.example/test")


class Lookalike(audit.Receipt):
    """Says that it is a receipt, and no log gave it out."""


@pytest.mark.parametrize("wrong", [None, 0, "receipt", object(), (0, bytes(32), "log.example/test"), audit.Receipt])
def test_nothing_but_a_receipt_releases(wrong: Any) -> None:
    with pytest.raises(TypeError) as refusal:
        Released(wrong, SECRET)
    assert SECRET not in str(refusal.value)


def test_nor_does_what_only_looks_like_one() -> None:
    with pytest.raises(TypeError):
        Released(Lookalike(0, bytes(32), "log.example/test"), SECRET)
    with pytest.raises(TypeError, match="map"):
        Released(receipt(), Released(receipt(), SECRET))


def test_it_cannot_be_changed_afterwards() -> None:
    released = Released(receipt(), "a")
    for name in ("value", "receipt"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(released, name, "b")


def test_another_form_keeps_the_receipt_and_a_further_journey_has_its_own() -> None:
    released = Released(receipt(1), "abc")
    assert released.map(len) == Released(receipt(1), 3)
    assert released.then(lambda text: Released(receipt(2), text.upper())) == Released(receipt(2), "ABC")


class Told:
    """What a stream did, in order."""

    def __init__(self, room: int = 99) -> None:
        self.steps: list[str] = []
        self.room = room

    def chunks(self) -> Iterator[str]:
        for name in "abc":
            self.steps.append(f"read {name}")
            yield name

    def record(self, chunk: str) -> audit.Receipt:
        if self.room == 0:
            raise LogUnwritable("full")
        self.room -= 1
        self.steps.append(f"record {chunk}")
        return receipt()


def test_each_chunk_has_its_entry_before_it_leaves() -> None:
    told = Told()
    for chunk in released_chunks(told.chunks(), told.record):
        told.steps.append(f"send {chunk.value}")
    expected = [f"{step} {name}" for name in "abc" for step in ("read", "record", "send")]
    assert told.steps == expected


def test_of_a_log_that_cannot_be_written_no_further_chunk_leaves() -> None:
    told, sent = Told(room=2), []
    with pytest.raises(LogUnwritable):
        sent.extend(chunk.value for chunk in released_chunks(told.chunks(), told.record))
    stream = released_chunks(Told(room=2).chunks(), told.record)
    with pytest.raises(LogUnwritable):
        next(stream)
    assert not [step for step in told.steps if step == "record c"]


def test_a_record_that_gives_no_receipt_sends_nothing() -> None:
    forgetful = cast("Any", lambda _chunk: None)
    with pytest.raises(TypeError):
        next(released_chunks(["a"], forgetful))
