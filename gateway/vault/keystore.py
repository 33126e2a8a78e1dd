"""``keys.sqlite``: every key of the vault, random and wrapped under the KEK (RFC 3394). Nothing else is in it."""

from __future__ import annotations

import datetime as dt
import secrets
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gateway.foundation.arrays import Blocks
from gateway.foundation.database import open_sqlite, to_micros, truncate_wal
from gateway.foundation.identifiers import new_id
from gateway.vault import aes
from gateway.vault.columns import COUNT, Indexes, digits, fixed, in_transaction, number, random_blocks
from gateway.vault.errors import ScopeUnknown, VaultDamaged
from gateway.vault.kek import KekProvider
from gateway.vault.schema import KEYS, SMALL_CACHE, reader
from gateway.vocabulary.names import BatchId, PurposeId, RecipientId, ScopeId

KEY = 32  # bytes of every key
PERSON = 64  # bytes of a person's material: data encryption key, then audit tag key
WRAPPED_PERSON = 72


class KeyStore:
    """Wraps, unwraps and destroys. Callers hold the vault's lock."""

    def __init__(self, directory: Path, kek: KekProvider) -> None:
        self._kek = kek
        self._lock = threading.RLock()  # a batch's keys are written by a thread of their own
        self.writer = open_sqlite(directory / KEYS)
        self.writer.execute(SMALL_CACHE)  # keys are only ever appended
        self.reader = reader(directory / KEYS)

    def __repr__(self) -> str:
        """Say nothing of what is inside."""
        return "KeyStore(…)"

    def close(self) -> None:
        """Close both connections."""
        self.reader.close()
        self.writer.close()

    def _write(self, *statements: tuple[str, object]) -> list[int]:
        with self._lock:
            return in_transaction(self.writer, *statements)

    def _truncate(self) -> None:
        with self._lock:
            truncate_wal(self.writer)

    def system_key(self, name: str) -> bytes:
        """Return a key that was made once, when first asked for."""
        row = self.reader.execute("SELECT epoch, wrapped FROM system_keys WHERE name = ?", (name,)).fetchone()
        if row is None:
            return self._keep(
                lambda epoch, wrapped: ("INSERT INTO system_keys VALUES (?, ?, ?)", (name, epoch, wrapped))
            )
        return self._open(*row)

    def has_system_key(self, name: str) -> bool:
        """Whether the key was made."""
        found = self.reader.execute("SELECT 1 FROM system_keys WHERE name = ?", (name,)).fetchone()
        return found is not None

    def _keep(self, insert: Callable[[int, bytes], tuple[str, tuple[object, ...]]]) -> bytes:
        key = secrets.token_bytes(KEY)
        epoch = self._kek.current_epoch
        wrapped = aes.wrap(self._kek.key(epoch), random_blocks(key, KEY)).tobytes()
        self._write(insert(epoch, wrapped))
        return key

    def _open(self, epoch: int, wrapped: bytes) -> bytes:
        key = aes.unwrap(self._kek.key(epoch), random_blocks(wrapped, len(wrapped)))
        if key is None:
            msg = "a key does not open under its key-encryption key: wrong key file, or a damaged keys.sqlite"
            raise VaultDamaged(msg)
        return key.tobytes()

    # -- people

    def wrap_people(self, material: Blocks) -> tuple[int, bytes]:
        """Wrap each person's 64 bytes under the current epoch."""
        epoch = self._kek.current_epoch
        return epoch, aes.wrap(self._kek.key(epoch), material).tobytes()

    def insert_people(self, first: int, epoch: int, wrapped: bytes) -> None:
        """Keep wrapped keys of people numbered from ``first``, durably."""
        sql = f"{COUNT}INSERT INTO person_keys SELECT ?3 + i, ?4, {fixed(2, WRAPPED_PERSON)} FROM n"
        self._write((sql, (len(wrapped) // WRAPPED_PERSON, wrapped, first, epoch)))

    def people(self, persons: Indexes) -> Blocks:
        """Unwrap the 64 bytes of each person; a person without a key is damage, not an answer."""
        sql = f"{COUNT}SELECT i, k.epoch, k.wrapped FROM n CROSS JOIN person_keys k ON k.person = {number(2)}"
        rows = self.reader.execute(sql, (len(persons), digits(persons))).fetchall()
        if len(rows) != len(persons):
            msg = "a person has a record and no key: the pair of files is damaged"
            raise VaultDamaged(msg)
        out = np.empty((len(persons), PERSON), np.uint8)
        epochs = np.fromiter((row[1] for row in rows), np.int64, len(rows))
        places = np.fromiter((row[0] for row in rows), np.int64, len(rows))
        wrapped = random_blocks(b"".join(row[2] for row in rows), WRAPPED_PERSON)
        for epoch in np.unique(epochs).tolist():
            mine = epochs == epoch
            opened = aes.unwrap(self._kek.key(epoch), wrapped[mine])
            if opened is None:
                msg = "a person's key does not open under its key-encryption key: a damaged keys.sqlite"
                raise VaultDamaged(msg)
            out[places[mine]] = opened
        return out

    def wrapped(self, person: int) -> tuple[int, bytes] | None:
        """Epoch and wrapped key of one person."""
        sql = "SELECT epoch, wrapped FROM person_keys WHERE person = ?"
        row: tuple[int, bytes] | None = self.reader.execute(sql, (person,)).fetchone()
        return row

    def destroy_person(self, person: int) -> int:
        """Delete one person's key and leave no byte of it in the log."""
        removed = self._write(("DELETE FROM person_keys WHERE person = ?", (person,)))[0]
        self._truncate()
        return removed

    # -- the open batch

    def open_batch(self) -> tuple[BatchId, int] | None:
        """The batch that is neither settled nor undone, and its first person."""
        row = self.reader.execute("SELECT batch, first_person FROM open_batch").fetchone()
        return None if row is None else (BatchId(row[0]), row[1])

    def begin_batch(self, batch: BatchId, first: int) -> None:
        """Note the batch before any key of it is kept."""
        self._write(("INSERT INTO open_batch VALUES (1, ?, ?)", (batch, first)))

    def settle_batch(self, batch: BatchId) -> None:
        """Forget that the batch was open."""
        self._write(("DELETE FROM open_batch WHERE batch = ?", (batch,)))

    def undo_batch(self, batch: BatchId) -> None:
        """Destroy every person's key that came with the batch."""
        mine = "(SELECT first_person FROM open_batch WHERE batch = ?)"
        self._write(
            (f"DELETE FROM person_keys WHERE person >= {mine}", (batch,)),
            ("DELETE FROM open_batch WHERE batch = ?", (batch,)),
        )
        self._truncate()

    # -- scopes

    def open_scope(self, recipient: RecipientId, purpose: PurposeId, label: str) -> ScopeId:
        """Make a scope with a random key, or name the one that is open."""
        known = self.scope(recipient, purpose, label)
        if known is not None:
            return known
        scope = ScopeId(new_id("scope"))
        sql = "INSERT INTO scopes VALUES (?, ?, ?, ?, ?, ?)"
        self._keep(lambda epoch, wrapped: (sql, (scope, recipient, purpose, label, epoch, wrapped)))
        return scope

    def scope(self, recipient: RecipientId, purpose: PurposeId, label: str) -> ScopeId | None:
        """The open scope of these three, if any."""
        sql = "SELECT id FROM scopes WHERE recipient = ? AND purpose = ? AND label = ?"
        row = self.reader.execute(sql, (recipient, purpose, label)).fetchone()
        return None if row is None else ScopeId(row[0])

    def scope_key(self, scope: ScopeId) -> bytes:
        """The key of an open scope."""
        row = self.reader.execute("SELECT epoch, wrapped FROM scopes WHERE id = ?", (scope,)).fetchone()
        if row is None:
            msg = "no such scope, or it has ended and its key is destroyed"
            raise ScopeUnknown(msg)
        return self._open(*row)

    def close_scope(self, scope: ScopeId) -> bool:
        """Destroy a scope's key; whether there was one."""
        removed = self._write(("DELETE FROM scopes WHERE id = ?", (scope,)))[0]
        self._truncate()
        return removed > 0

    # -- quarantine

    def batch_key(self, batch: BatchId, expires_at: dt.datetime) -> bytes:
        """The key of a batch's quarantine; a second call returns the first's and leaves its expiry."""
        row = self.reader.execute("SELECT epoch, wrapped FROM batch_keys WHERE batch = ?", (batch,)).fetchone()
        if row is not None:
            return self._open(*row)
        at = to_micros(expires_at)
        return self._keep(
            lambda epoch, wrapped: ("INSERT INTO batch_keys VALUES (?, ?, ?, ?)", (batch, at, epoch, wrapped))
        )

    def destroy_batch_key(self, batch: BatchId) -> bool:
        """Destroy the key of a batch's quarantine; whether there was one."""
        removed = self._write(("DELETE FROM batch_keys WHERE batch = ?", (batch,)))[0]
        self._truncate()
        return removed > 0

    def expired_batch_keys(self, now: dt.datetime) -> list[BatchId]:
        """Batches whose quarantine is over."""
        sql = "SELECT batch FROM batch_keys WHERE expires_at <= ? ORDER BY expires_at, batch"
        return [BatchId(row[0]) for row in self.reader.execute(sql, (to_micros(now),)).fetchall()]


def next_person(*connections: tuple[sqlite3.Connection, str]) -> int:
    """The first number that no table uses yet."""
    highest = (c.execute(f"SELECT coalesce(max(person), 0) FROM {table}").fetchone()[0] for c, table in connections)
    return 1 + int(max(highest))
