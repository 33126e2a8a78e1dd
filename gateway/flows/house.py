"""What every flow may reach: the rooms, built once by ``wiring``."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from pathlib import Path

from gateway.accountability import Recorder
from gateway.consent import ConsentLedger
from gateway.detection import Detector
from gateway.flows.policy_in_force import PolicyInForce
from gateway.foundation.clock import Clock
from gateway.foundation.database import open_sqlite, truncate_wal
from gateway.foundation.errors import Unavailable
from gateway.intake import Quarantine
from gateway.intake.inbox import Inbox
from gateway.policy import Pack
from gateway.release import Disclosures
from gateway.rights import Requests
from gateway.store import Store
from gateway.vault import Vault
from gateway.versions import Proposals, Versions
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.names import SubjectReference


@dataclass(frozen=True)
class Desk:
    """What can be reached beside a running service: the pack, and the log through the service's sequencer."""

    clock: Clock
    pack: Pack
    recorder: Recorder

    @property
    def catalogue(self) -> Catalogue:
        """What the pack in force catalogues."""
        return self.pack.catalogue


class Writing:
    """One journey that changes data at a time; each begins under the policy whose instant has come by then."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._around: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext
        self._journey: AbstractContextManager[None] = contextlib.nullcontext()

    def begin_with(self, around: Callable[[], AbstractContextManager[None]]) -> None:
        """Do this around each journey; where it fails, the journey does not begin."""
        self._around = around

    def __enter__(self) -> None:
        """Wait for the journey before; a journey within one's own is part of it."""
        self._lock.acquire()
        try:
            if self._depth == 0:
                journey = self._around()
                self._depth = 1  # what comes around the journey is part of it
                try:
                    journey.__enter__()
                finally:
                    self._depth = 0
                self._journey = journey
            self._depth += 1
        except BaseException:
            self._lock.release()
            raise

    def __exit__(self, *_: object) -> None:
        """Let the next journey begin."""
        self._depth -= 1
        try:
            if self._depth == 0:
                self._journey.__exit__(None, None, None)
        finally:
            self._lock.release()


@dataclass(frozen=True)
class House:
    """The rooms. ``writing`` keeps one journey that changes data at a time; readers need no lock."""

    home: Path
    clock: Clock
    policy: PolicyInForce
    vault: Vault
    ledger: ConsentLedger
    store: Store
    disclosures: Disclosures
    requests: Requests
    quarantine: Quarantine
    inbox: Inbox
    versions: Versions
    proposals: Proposals
    recorder: Recorder
    writing: Writing = field(default_factory=Writing)

    @property
    def detector(self) -> Detector:
        """Detection with the fields of the pack in force in mind."""
        return self.policy.detector

    @property
    def pack(self) -> Pack:
        """The pack in force."""
        return self.policy.pack

    @property
    def catalogue(self) -> Catalogue:
        """What the pack in force catalogues."""
        return self.pack.catalogue

    def find(self, identifier: tuple[str, str]) -> SubjectReference | None:
        """Return the person of an identifier (type, value); a phone without a country code is the controller's own."""
        kind, value = identifier
        if not _is_text(value):
            return None
        return self.vault.find(kind, value, self.catalogue.controller.country)

    def rest(self) -> None:
        """Cut the operational database's write-ahead log, so that no deleted byte stays in it."""
        try:
            with closing(open_sqlite(self.home / "operational.sqlite")) as connection:
                truncate_wal(connection)
        except sqlite3.OperationalError:
            raise Unavailable("the operational database is in use: try again when its readers are done") from None

    @property
    def pending(self) -> Path:
        """The file that names a batch whose commit has begun."""
        return self.home / "pending-batch"


def _is_text(value: str) -> bool:
    """Whether a value can be written down: a command line hands over bytes that are no text as half characters."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
