"""The vault's open files and prepared keys, and the questions about people that sessions and the vault share."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from gateway.foundation.arrays import Blocks
from gateway.foundation.database import open_sqlite
from gateway.vault.aes import BlockCmac
from gateway.vault.blind import BlindHash
from gateway.vault.borne import BorneNames, NameSeal
from gateway.vault.columns import COUNT, Indexes, digits, fixed, number, random_blocks
from gateway.vault.errors import VaultDamaged, VaultUnavailable
from gateway.vault.kek import KekProvider
from gateway.vault.keystore import KeyStore
from gateway.vault.schema import TYPED_BLIND, VAULT, reader
from gateway.vocabulary.names import BatchId

SYSTEM_KEYS = ("index", "store", "suppression", "names-index", "names-seal")
IDENTIFIER, HELD = "identifier", "held"


@dataclass(frozen=True, slots=True)
class StoredPerson:
    """The current version of one person's rows."""

    person: int
    subject: bytes
    blinds: bytes
    sealed: bytes
    held: bytes | None
    held_columns: bytes | None


@dataclass
class VaultFiles:
    """Connections and keys. ``writer`` belongs to whoever writes a batch; ``reader`` sees committed rows only."""

    directory: Path
    keys: KeyStore = field(repr=False)
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    writing: BatchId | None = None
    job: Future[None] | None = field(default=None, repr=False)  # the last chunk's rows, on their way to the files
    known: BorneNames | None = field(default=None, repr=False)  # everybody's names, once they were asked for

    def __post_init__(self) -> None:
        """Open both connections and prepare the system keys."""
        for name in SYSTEM_KEYS:
            if not self.keys.has_system_key(name):
                msg = f"keys.sqlite has no key `{name}`: the file is damaged or not this vault's"
                raise VaultDamaged(msg)
        index, store, suppression, *names_key = (self.keys.system_key(name) for name in SYSTEM_KEYS)
        self.index = BlindHash.index(index)
        self.suppression = BlindHash.suppression(suppression)
        self.store = BlockCmac(store)
        self.names = NameSeal(b"".join(names_key))
        self.writer = open_sqlite(self.directory / VAULT)
        self.reader = reader(self.directory / VAULT)

    @classmethod
    def open(cls, directory: Path, kek: KekProvider) -> VaultFiles:
        """Open the pair; ``VaultDamaged`` when the KEK does not open it or the two are not of one vault."""
        keys = KeyStore(directory, kek)
        try:
            files = cls(directory, keys)
        except BaseException:
            keys.close()
            raise
        if files.pair(files.reader) != files.pair(keys.reader):
            files.close()
            msg = "vault.sqlite and keys.sqlite are not of one vault: restore both from one backup"
            raise VaultDamaged(msg)
        return files

    @staticmethod
    def pair(connection: Any) -> bytes | None:
        """The mark that both files share."""
        row = connection.execute("SELECT value FROM meta WHERE name = 'pair'").fetchone()
        return None if row is None else row[0]

    def wait(self) -> None:
        """Let the last chunk's rows be written; raises what went wrong with them."""
        job, self.job = self.job, None
        if job is None:
            return
        try:
            job.result()
        except sqlite3.OperationalError as error:
            msg = f"the vault's files cannot be written ({error.sqlite_errorname}): look at the disk, then try again"
            raise VaultUnavailable(msg) from None

    def close(self) -> None:
        """Close all connections, when nothing uses them any more; an open batch is lost with them."""
        with contextlib.suppress(Exception):
            self.wait()
        self.reader.close()
        self.writer.close()
        self.keys.close()


def persons(connection: Any, subjects: Blocks) -> tuple[Indexes, Indexes]:
    """Person numbers of those subjects that exist: places in ``subjects``, and numbers."""
    sql = f"{COUNT}SELECT i, t.person FROM n CROSS JOIN subjects t ON t.subject = {fixed(2, 16)}"
    rows = connection.execute(sql, (len(subjects), subjects.tobytes())).fetchall()
    found = np.array(rows, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def people(connection: Any, numbers: Indexes) -> list[StoredPerson]:
    """The current rows of people who exist, in the order of ``numbers``."""
    newest = ", ".join(
        f"CASE WHEN p.person IS NULL THEN r.{column} ELSE p.{column} END"
        for column in ("blinds", "sealed", "held", "held_columns")
    )
    sql = (
        f"{COUNT}SELECT r.person, r.subject, {newest} FROM n CROSS JOIN records r ON r.person = {number(2)}"
        " LEFT JOIN pending p ON p.person = r.person"
    )
    return [StoredPerson(*row) for row in connection.execute(sql, (len(numbers), digits(numbers))).fetchall()]


def typed_blinds(data: bytes) -> tuple[Blocks, Blocks]:
    """Type numbers and blind indexes of one or many ``blinds``."""
    entries = random_blocks(data, TYPED_BLIND)
    return entries[:, 0], np.ascontiguousarray(entries[:, 1:])


def names(connection: Any, kind: str) -> dict[str, int]:
    """Numbers of the identifier types or of the held columns."""
    return dict(connection.execute("SELECT name, id FROM names WHERE kind = ?", (kind,)).fetchall())
