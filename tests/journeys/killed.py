"""Runs one journey in a process that kills itself: ``python -m tests.journeys.killed HOME JOURNEY STEP WHEN``."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.accountability import Recorder
from gateway.consent import ConsentLedger, LedgerSession
from gateway.flows import ingest_batch
from gateway.foundation.clock import FrozenClock
from gateway.foundation.settings import Settings
from gateway.intake import Sealing
from gateway.rights import Requests
from gateway.store import Store, StoreSession
from gateway.vault import Vault, VaultSession
from gateway.wiring import Gateway, open_gateway
from tests.builders import NOW, TESTER, as_csv, customers, ingest

# Every step at which something becomes durable, in order; the process dies before it and after it.
INGEST: dict[str, tuple[Any, str]] = {
    "enrol": (VaultSession, "enrol"),
    "stage": (StoreSession, "add"),
    "record": (Recorder, "record"),
    "pending": (ingest_batch, "write_durably"),
    "quarantine": (Sealing, "commit"),
    "vault": (VaultSession, "commit"),
    "ledger": (LedgerSession, "commit"),
    "store": (StoreSession, "commit"),
    "settle_vault": (Vault, "settle"),
    "settle_ledger": (ConsentLedger, "settle"),
}
BEGIN: dict[str, tuple[Any, str]] = {
    "intent": (Recorder, "record"),
    "request": (Requests, "open"),
}
ERASE: dict[str, tuple[Any, str]] = {
    "freeze": (Store, "set_permissions"),
    "rows": (Store, "erase"),
    "compact": (Store, "compact"),
    "consents": (ConsentLedger, "erase"),
    "shred": (Vault, "shred"),
    "forget": (Requests, "forget"),
}
STEPS = {"ingest": INGEST, "erase": BEGIN | ERASE}


def die(*_: Any, **__: Any) -> None:
    """End at once, as a power cut would: no handler, no cleaning up."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(place: tuple[Any, str], when: str) -> None:
    """Have the process die before or after the first call of a step."""
    owner, name = place
    real: Callable[..., Any] = getattr(owner, name)

    def step(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            die()
        real(*args, **kwargs)
        return die()

    setattr(owner, name, step)


def run(gateway: Gateway, journey: str) -> None:
    """Take in ten new people and change ten known ones; or erase one."""
    if journey == "ingest":
        ingest(gateway, as_csv(customers(range(141, 161), loyalty_tier="silver")) + b"a,bad,row\n")
    else:
        gateway.erase(("customer_number", "C00007"), TESTER)


def main() -> None:
    """Open the home, arm the step, walk the journey."""
    home, journey, step, when = sys.argv[1:]
    with open_gateway(Settings(home=Path(home)), FrozenClock(NOW)) as gateway:
        arm(STEPS[journey][step], when)
        run(gateway, journey)


if __name__ == "__main__":
    main()
