"""A value is released with the receipt of its own durable entry, and with nothing else."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Iterator
from typing import Any, cast

import pytest

import audit
from gateway.accountability import Released, released_chunks
from gateway.accountability.errors import EventRefused, LogCrowded, LogUnwritable
from gateway.accountability.pending import PendingReceipt

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
    for field in dataclasses.fields(released):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(released, field.name, "b")
    for name in ("value", "receipt"):
        with pytest.raises((AttributeError, TypeError)):
            setattr(released, name, "b")
    assert released == Released(receipt(), "a")


def test_it_is_not_written_down_with_its_value() -> None:
    assert SECRET not in repr(Released(receipt(), SECRET)) + str(Released(PendingReceipt(Queue()), {"told": SECRET}))


class Queue:
    """A writer's queue whose disk the test holds."""

    def __init__(self, error: Exception | None = None) -> None:
        self.on_disk = threading.Event()
        self.error = error

    def wait(self) -> list[audit.Receipt]:
        assert self.on_disk.wait(5)
        if self.error is not None:
            raise self.error
        return [receipt(7)]

    async def durable(self) -> list[audit.Receipt]:
        return await asyncio.to_thread(self.wait)


def test_what_is_on_its_way_is_prepared_and_opens_only_when_it_is_durable() -> None:
    queue, opened = Queue(), []
    released = Released(PendingReceipt(queue), "abc").map(len)
    thread = threading.Thread(target=lambda: opened.append(released.value))
    thread.start()
    thread.join(0.05)
    assert not opened
    queue.on_disk.set()
    thread.join(5)
    assert opened == [3]
    assert released.receipt == receipt(7)


def test_in_an_event_loop_others_go_on_meanwhile() -> None:
    async def story() -> Released[str]:
        queue = Queue()
        waiting = asyncio.ensure_future(Released(PendingReceipt(queue), "abc").durable())
        await asyncio.sleep(0.02)
        assert not waiting.done()
        queue.on_disk.set()
        return await waiting

    assert asyncio.run(story()) == Released(receipt(7), "abc")
    assert asyncio.run(Released(receipt(1), "a").durable()) == Released(receipt(1), "a")


def test_what_goes_wrong_meanwhile_is_told_when_the_entry_is_on_disk() -> None:
    """An error may tell something too, and without its entry nothing does."""
    queue, said = Queue(), list[str]()

    def wrong(_text: str) -> str:
        raise ValueError("too old")

    def ask() -> None:
        try:
            Released(PendingReceipt(queue), "abc").map(wrong)
        except ValueError as error:
            said.append(str(error))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(0.05)
    assert not said
    queue.on_disk.set()
    thread.join(5)
    assert said == ["too old"]
    broken = Queue(audit.LogFailed("no disk"))
    broken.on_disk.set()
    with pytest.raises(LogUnwritable):
        Released(PendingReceipt(broken), "abc").map(wrong)


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (audit.LogFailed("no disk"), LogUnwritable),
        (audit.LogBusy("too many"), LogCrowded),
        (audit.EntryRefused("another entry has the same id"), EventRefused),
    ],
)
def test_an_entry_that_does_not_become_durable_opens_nothing(error: Exception, named: type[Exception]) -> None:
    queue = Queue(error)
    queue.on_disk.set()
    released = Released(PendingReceipt(queue), SECRET)
    for open_it in (lambda: released.value, lambda: released.receipt, lambda: asyncio.run(released.durable())):
        with pytest.raises(named) as refusal:
            open_it()
        assert SECRET not in str(refusal.value)


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
