"""A clock that was set back: no checkpoint states a time before the last one's, and no entry is lost over it."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import audit
from audit.errors import ClockWentBack
from audit.note import verified_keys
from audit.publisher import CLOCK_TOLERANCE
from tests.audit_log.slow import Slow, served, wait_for
from tests.crash import scratch

NAME = "log.example.org/clock"
SIGNER = audit.Signer(NAME, bytes(32), ml_dsa_seed=bytes(32))
NOW = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
TOLERANCE = CLOCK_TOLERANCE * SECOND


class Clock:
    def __init__(self, at: dt.datetime = NOW) -> None:
        self.at = at

    def __call__(self) -> dt.datetime:
        return self.at


def opened(folder: Path, clock: Clock, signer: audit.Signer = SIGNER) -> audit.Log:
    return audit.Log.open(folder, signer, audit.Surroundings(clock=clock))


def stated(note: str) -> int:
    """The time of the ML-DSA-44 line; the Ed25519 line states none."""
    return max(verified_keys(note, [key.verifier for key in SIGNER.keys])[1].values())


def posix(at: dt.datetime) -> int:
    return int(at.timestamp())


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch() as name:
        yield Path(name) / "log"


STEPS = st.tuples(st.integers(-3 * CLOCK_TOLERANCE, CLOCK_TOLERANCE), st.booleans())


@given(steps=st.lists(STEPS, min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_no_checkpoint_states_a_time_before_the_last_or_far_from_its_own(steps: Sequence[tuple[int, bool]]) -> None:
    with scratch() as name:
        folder, clock = Path(name) / "log", Clock()
        log, last = opened(folder, clock), posix(clock.at)  # the empty log's own checkpoint states it
        for number, (step, anew) in enumerate(steps):
            clock.at += step * SECOND
            if anew:
                with contextlib.suppress(ClockWentBack):
                    log.close()
                log = opened(folder, clock)
                last = max(last, stated(audit.PublishedLog(folder).note))
            log.append([b"%d" % number])
            if posix(clock.at) < last - CLOCK_TOLERANCE:
                with pytest.raises(audit.LogFailed, match="clock"):
                    log.checkpoint()
            else:
                time = stated(log.checkpoint())
                assert max(last, posix(clock.at)) == time <= posix(clock.at) + CLOCK_TOLERANCE
                last = time
        clock.at = max(clock.at, dt.datetime.fromtimestamp(last, dt.UTC))
        log.close()
        assert list(audit.PublishedLog(folder).entries()) == [b"%d" % number for number in range(len(steps))]


@pytest.mark.parametrize("past", [NOW - TOLERANCE - 2 * SECOND, NOW.replace(year=2001), NOW.replace(year=1960)])
def test_once_the_clock_is_right_the_same_publisher_goes_on(folder: Path, past: dt.datetime) -> None:
    clock = Clock()
    with opened(folder, clock) as log:
        log.append([b"one"])
        log.checkpoint()
        log.append([b"two"])
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        clock.at = past
        for _ in range(2):
            with pytest.raises(ClockWentBack, match=r"clock.*set it right"):
                log._publisher.publish()
        assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
        assert log.append([b"three"])[0].index == 2  # an entry states no time that this library would know
        clock.at = NOW
        assert stated(log._publisher.publish()) == posix(NOW)
    assert audit.verify_directory(folder).size == 3


@pytest.mark.parametrize("keys", [SIGNER, audit.Signer(NAME, bytes(32))])
def test_a_new_log_of_before_1970_is_refused_by_name(folder: Path, keys: audit.Signer) -> None:
    with pytest.raises(audit.LogRefused, match="clock"):
        opened(folder, Clock(NOW.replace(year=1960)), keys)
    with opened(folder, Clock(), keys) as log:
        assert log.append([b"x"])[0].index == 0


def test_keys_are_not_changed_while_the_clock_stands_in_the_past(folder: Path) -> None:
    new, clock = audit.Signer(NAME, bytes(range(32)), ml_dsa_seed=bytes(range(32)), retiring=[SIGNER]), Clock()
    with opened(folder, clock) as log:
        log.append([b"x"])
    clock.at = NOW.replace(year=2001)
    with pytest.raises(audit.AuditError, match="clock"):
        opened(folder, clock, new)
    assert audit.verify_directory(folder).size == 1
    clock.at = NOW
    opened(folder, clock, new).close()
    assert audit.PublishedLog(folder).policy == audit.Policy.of(new.vkeys)


def test_keys_that_state_no_time_are_asked_for_none(folder: Path) -> None:
    clock = Clock()
    with opened(folder, clock, audit.Signer(NAME, bytes(32))) as log:
        for clock.at in (NOW, NOW.replace(year=2001)):
            log.append([b"x"])
            log.checkpoint()
    assert audit.verify_directory(folder).size == 2


def test_a_clock_in_the_past_ends_no_sequencer_and_it_publishes_once_that_is_right(tmp_path: Path) -> None:
    class Late(Slow):
        """A writer whose clock stands in the past until it is ``right``."""

        def __init__(self) -> None:
            super().__init__()
            self.right = threading.Event()
            self.tried = 0

        def checkpoint(self) -> str:
            self.tried += 1
            if not self.right.is_set():
                raise ClockWentBack("the clock stands in the past: set it right")
            return super().checkpoint()

    writer = Late()
    with served(writer, tmp_path / "s") as sequencer, audit.LogClient(tmp_path / "s", tmp_path) as client:
        client.append([b"one"])
        wait_for(lambda: writer.tried > 2)  # it is tried again without being asked
        with pytest.raises(audit.LogFailed, match="clock"):
            client.checkpoint()
        client.append([b"two"])
        assert (sequencer._failure, writer.published) == (None, 0)
        writer.right.set()
        wait_for(lambda: writer.published == 2)
        assert client.checkpoint() == "2\n"
