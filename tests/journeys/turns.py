"""A process that takes its turn at a home: ``python -m tests.journeys.turns HOME``, told on stdin, answering on stdout.

One JSON object a line in each direction. It dies without a word where it was armed to (``tests.journeys.killed``).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import sys
from pathlib import Path
from typing import Any

from gateway.accountability import Recorder
from gateway.consent import ConsentLedger, LedgerSession
from gateway.flows import import_consents, ingest_batch
from gateway.flows.record_consent import Choice
from gateway.foundation.clock import FrozenClock
from gateway.foundation.errors import GatewayError
from gateway.foundation.settings import Settings
from gateway.store import Store, StoreSession
from gateway.vocabulary.consents import ConsentStatus
from gateway.vocabulary.names import PurposeId
from gateway.wiring import Gateway, open_gateway
from tests.builders import NOW, TESTER, a_customer, as_csv, ingest
from tests.journeys.killed import arm
from tests.purposes import NOTICE, Variant, approve, email, read, rows_of, stored
from tests.versions import OLLI

# Every step at which a journey makes something durable; the process dies before it or after it.
STEPS: dict[str, list[tuple[Any, str]]] = {
    "choose": [(Recorder, "record"), (ConsentLedger, "record"), (Store, "set_permissions")],
    "import_file": [
        (import_consents, "write_durably"), (Recorder, "record"), (LedgerSession, "commit"), (ConsentLedger, "settle"),
        (Store, "set_permissions"),
    ],
    "arrive": [
        (Recorder, "record"), (ingest_batch, "write_durably"), (LedgerSession, "commit"), (StoreSession, "commit"),
        (ConsentLedger, "settle"),
    ],
    "erase": [(Store, "set_permissions"), (Store, "erase"), (ConsentLedger, "erase")],
    "law": [(Store, "set_permissions"), (Recorder, "record"), (Store, "follow"), (ConsentLedger, "take")],
}  # fmt: skip


class Worker:
    """What is told by name is done by the method of that name."""

    def __init__(self, home: Path) -> None:
        self._settings, self._clock = Settings(home=home), FrozenClock(NOW)
        self._held = contextlib.ExitStack()
        self._gateway: Gateway | None = None

    @property
    def gateway(self) -> Gateway:
        assert self._gateway is not None
        return self._gateway

    def open(self, at: str) -> None:
        self._clock.advance(dt.datetime.fromisoformat(at) - self._clock.now())
        self._gateway = self._held.enter_context(open_gateway(self._settings, self._clock))

    def close(self) -> None:
        self._held.close()

    def wait(self, seconds: int) -> None:
        self._clock.advance(dt.timedelta(seconds=seconds))

    def choose(self, number: int, purpose: str, status: str, evidence: str) -> None:
        choice = Choice(PurposeId(purpose), ConsentStatus(status), notice=NOTICE, evidence=evidence)
        self.gateway.record_consent(email(number), choice, TESTER)

    def import_file(self, numbers: list[int], status: str, evidence: str) -> None:
        rest = f"direct_marketing,{status},{self._clock.now().isoformat()},{NOTICE},{evidence}"
        rows = [f"email,{email(each)[1]},{rest}\n" for each in numbers]
        text = "identifier_type,identifier,purpose,status,at,notice,evidence\n" + "".join(rows)
        self.gateway.import_consents(io.BytesIO(text.encode()), TESTER, name="choices.csv")

    def arrive(self, numbers: list[int], said: str, street: str) -> None:
        rows = [a_customer(each, marketing_consent=said, street_address=street) for each in numbers]
        ingest(self.gateway, as_csv(rows))

    def erase(self, number: int) -> None:
        self.gateway.erase(email(number), TESTER, suppress=False)

    def law(self, variant: dict[str, Any]) -> None:
        notices = tuple(variant.pop("notices"))
        self.gateway.policies.activate(approve(self.gateway, Variant(**variant, notices=notices)), OLLI)

    def look(self, numbers: list[int]) -> list[dict[str, Any]]:
        """Tell of each person what the next query sees, what the ledger says, and the evidence that it holds."""
        self.gateway.begin()
        self.gateway.refresh()
        house, now = self.gateway.house, self._clock.now()
        assert house.catalogue.version == house.versions.in_force(now).version
        return [
            {
                "number": row["number"],
                "seen": sorted(stored(self.gateway, row, now)),
                "right": sorted(read(self.gateway, who, row, now)),
                "evidence": [event.evidence for event in house.ledger.history(who)],
            }
            for who, row in rows_of(self.gateway, numbers).items()
        ]

    def arm(self, journey: str, step: int, when: str) -> None:
        steps = STEPS[journey]
        arm(steps[step % len(steps)], when)


def main() -> None:
    """Do what each line says, and answer."""
    worker = Worker(Path(sys.argv[1]))
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            answer = {"done": getattr(worker, name)(**arguments)}
        except GatewayError as error:
            answer = {"refused": error.slug, "says": error.message}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
