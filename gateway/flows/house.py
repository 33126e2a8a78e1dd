"""What every flow may reach: the rooms, built once by ``wiring``."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from gateway.accountability import Recorder
from gateway.consent import ConsentLedger
from gateway.detection import Detector
from gateway.foundation.clock import Clock
from gateway.foundation.database import open_sqlite, truncate_wal
from gateway.foundation.errors import Unavailable
from gateway.intake import Quarantine
from gateway.policy import Pack
from gateway.release import Disclosures
from gateway.rights import Requests
from gateway.store import Store
from gateway.vault import Vault
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


@dataclass(frozen=True)
class House:
    """The rooms. ``writing`` keeps one journey that changes data at a time; readers need no lock."""

    home: Path
    clock: Clock
    pack: Pack
    vault: Vault
    ledger: ConsentLedger
    store: Store
    disclosures: Disclosures
    requests: Requests
    quarantine: Quarantine
    detector: Detector
    recorder: Recorder
    writing: threading.RLock = field(default_factory=threading.RLock)

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
