"""Who may call is on record before it is so, and the log alone tells whose key is live."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gateway.accountability.errors import LogUnwritable
from gateway.flows.register_clients import Scope
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import Conflict, GatewayError, NotFound
from gateway.foundation.settings import Settings
from gateway.wiring import Gateway, initialise, open_gateway
from tests.builders import TESTER

STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "revoke"]), st.sampled_from(["mailer", "aino", "olli"]), st.sampled_from(Scope)),
    max_size=12,
)


def live(gateway: Gateway) -> set[tuple[str, str]]:
    """Return whose keys open, by the register."""
    return {(client.scope.value, client.actor) for client, _, is_live in gateway.clients.all() if is_live}


def on_record(gateway: Gateway) -> list[dict[str, Any]]:
    return [entry for entry in gateway.house.recorder.entries() if entry["action"].startswith("client.")]


def told(gateway: Gateway) -> set[tuple[str, str]]:
    """Return whose keys open, by nothing but the log."""
    found: set[tuple[str, str]] = set()
    for entry in on_record(gateway):
        assert entry["decision"] == "permit"
        name = (entry["reasons"][0], entry["request"])
        assert (name in found) is (entry["action"] == "client.revoked")
        found ^= {name}
    return found


@hypothesis_settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_log_alone_tells_whose_key_is_live(gateway: Gateway, steps: list[tuple[str, str, Scope]]) -> None:
    for what, reference, scope in steps:
        with contextlib.suppress(GatewayError):  # no such contract, one there already, none there
            getattr(gateway.clients, what)(reference, scope, TESTER)
    assert told(gateway) == live(gateway)
    for scope, actor in live(gateway):
        assert actor not in {"aino", "olli"}, scope


def refuse(_handle: int) -> None:
    raise OSError(5, "Input/output error")


def test_without_the_log_nobody_is_added_and_the_second_try_adds(settings: Settings, clock: FrozenClock) -> None:
    initialise(settings, clock)
    with open_gateway(settings, clock) as gateway, pytest.MonkeyPatch.context() as disk:
        disk.setattr(os, "fdatasync", refuse)
        with pytest.raises(LogUnwritable):
            gateway.clients.add("aino", Scope.OFFICER, TESTER)
        assert gateway.clients.all() == []
    with open_gateway(settings, clock) as gateway:
        assert gateway.clients.all() == []
        client = gateway.clients.identify(gateway.clients.add("aino", Scope.OFFICER, TESTER))
        assert client is not None
        assert on_record(gateway)[-1]["request"] == client.actor


def test_without_the_log_nobody_is_revoked_and_the_second_try_revokes(settings: Settings, clock: FrozenClock) -> None:
    """Nothing leaves with the key meanwhile; and a key that died unrecorded could never be put on record again."""
    initialise(settings, clock)
    with open_gateway(settings, clock) as gateway:
        key = gateway.clients.add("aino", Scope.OFFICER, TESTER)
        (before,) = live(gateway)
        with pytest.MonkeyPatch.context() as disk:
            disk.setattr(os, "fdatasync", refuse)
            with pytest.raises(LogUnwritable):
                gateway.clients.revoke("aino", Scope.OFFICER, TESTER)
        assert gateway.clients.identify(key) is not None
    with open_gateway(settings, clock) as gateway:
        gateway.clients.revoke("aino", Scope.OFFICER, TESTER)
        assert gateway.clients.identify(key) is None
        assert (on_record(gateway)[-1]["action"], on_record(gateway)[-1]["request"]) == ("client.revoked", before[1])
        with pytest.raises(NotFound):
            gateway.clients.revoke("aino", Scope.OFFICER, TESTER)


@pytest.mark.parametrize("what", ["add", "revoke"])
def test_of_two_at_once_one_is_on_record_and_one_is_told_so(gateway: Gateway, what: str) -> None:
    if what == "revoke":
        gateway.clients.add("aino", Scope.OFFICER, TESTER)
    before, start, failed = len(on_record(gateway)), threading.Barrier(4), list[Exception]()

    def one() -> None:
        start.wait()
        try:
            getattr(gateway.clients, what)("aino", Scope.OFFICER, TESTER)
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [type(error) for error in failed] == [Conflict if what == "add" else NotFound] * 3
    assert len(on_record(gateway)) == before + 1
    assert told(gateway) == live(gateway)
