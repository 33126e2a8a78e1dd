"""The consent ledger: what data subjects have chosen, in the order in which we learned of it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterator

import pyarrow as pa
import sqlalchemy as sa

from gateway.consent import checks, positions, words
from gateway.consent.rows import create
from gateway.consent.session import LedgerSession, raw, storage
from gateway.consent.standing import read_standing
from gateway.consent.state import CODES, STATUSES
from gateway.foundation.arrays import BLOCK
from gateway.foundation.database import from_micros, to_micros
from gateway.vocabulary.consents import ConsentEvent
from gateway.vocabulary.names import BatchId, PurposeId, SubjectReference


class ConsentLedger:
    """An append-only ledger in the operational database.

    ``purposes`` are the purposes of the policy pack; an event for any other is refused. Rows leave on two paths only:
    a batch that no other store kept is undone, and a data subject is erased.
    """

    def __init__(self, engine: sa.Engine, *, purposes: Collection[PurposeId]) -> None:
        self._engine, self._purposes = engine, frozenset(purposes)
        create(engine)

    def record(self, event: ConsentEvent) -> int:
        """Keep one event and return its position; the same event again returns the position it has."""
        checks.check_event(event, self._purposes)
        with self._transaction() as sql:
            known = words.Words(sql)
            found = (event.subject, known.id_of(event.purpose), to_micros(event.at), CODES[event.status])
            key = (*found, known.id_of(event.notice), known.id_of(event.channel))
            where = "subject = ? AND purpose = ? AND at = ? AND status = ? AND notice = ? AND channel = ?"
            there = sql.execute(f"SELECT position FROM consent_event WHERE {where}", key).fetchone()
            if there:
                return int(there[0])
            position = positions.take(sql)
            columns = "subject, purpose, at, status, notice, channel, position, recorded_at"
            values = (*key, position, to_micros(event.recorded_at))
            sql.execute(f"INSERT INTO consent_event({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", values)
            return position

    def write(self, batch: BatchId) -> LedgerSession:
        """Open a batch; other writers wait until it is committed or rolled back."""
        return LedgerSession(self._engine, batch, self._purposes)

    def standing(
        self, subjects: pa.Array | pa.ChunkedArray | None = None, *, batch: LedgerSession | None = None
    ) -> pa.Table:
        """Return subject, purpose, status, at and notice of the governing events of some subjects, or of all.

        A subject without events has no row: nothing said means no.
        """
        if batch is not None:
            return batch.standing(subjects)
        with self._connection() as sql:
            return read_standing(sql, subjects)

    def history(self, subject: SubjectReference) -> list[ConsentEvent]:
        """Return one person's events in the order in which they were recorded; a batch's by their own instants."""
        with self._connection() as sql:
            text = words.texts(sql)
            rows = sql.execute(
                "SELECT purpose, status, at, recorded_at, notice, channel FROM consent_event "
                "WHERE subject = ? ORDER BY position, at, status",
                (subject,),
            ).fetchall()
        return [
            ConsentEvent(
                subject, PurposeId(text[purpose]), STATUSES[status], from_micros(at), from_micros(recorded),
                text.get(notice), text[channel],
            )
            for purpose, status, at, recorded, notice, channel in rows
        ]  # fmt: skip

    @property
    def position(self) -> int:
        """The position given last: one per event recorded alone, one per batch; none is given twice."""
        with self._connection() as sql:
            return positions.last(sql)

    def since(self, position: int) -> pa.Array:
        """Return the subjects (``pa.binary(16)``, each once) with events after a position."""
        query = "SELECT DISTINCT subject FROM consent_event WHERE position > ?"
        with self._connection() as sql:
            return pa.array([row[0] for row in sql.execute(query, (position,))], BLOCK)

    def unsettled(self) -> tuple[BatchId, ...]:
        """Return the batches that are committed here and neither settled nor undone."""
        with self._connection() as sql:
            return tuple(BatchId(row[0]) for row in sql.execute("SELECT batch FROM consent_batch ORDER BY position"))

    def settle(self, batch: BatchId) -> None:
        """Say that the batch is kept everywhere: from now on it cannot be undone."""
        with self._transaction() as sql:
            sql.execute("DELETE FROM consent_batch WHERE batch = ?", (batch,))

    def undo(self, batch: BatchId) -> int:
        """Take back a batch that was never settled and return its number of events; 0 when there is none."""
        with self._transaction() as sql:
            found = sql.execute("SELECT position FROM consent_batch WHERE batch = ?", (batch,)).fetchone()
            if found is None:
                return 0
            sql.execute("INSERT INTO consent_removal(position) VALUES (?)", found)
            gone = sql.execute("DELETE FROM consent_event WHERE position = ?", found).rowcount
            sql.execute("DELETE FROM consent_removal")
            sql.execute("DELETE FROM consent_batch WHERE batch = ?", (batch,))
            return gone

    def erase(self, subject: SubjectReference) -> int:
        """Delete one person's events (Art. 17) and return their number."""
        with self._transaction() as sql:
            sql.execute("INSERT INTO consent_removal(subject) VALUES (?)", (subject,))
            gone = sql.execute("DELETE FROM consent_event WHERE subject = ?", (subject,)).rowcount
            sql.execute("DELETE FROM consent_removal")
            return gone

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        pooled = self._engine.raw_connection()
        try:
            yield raw(pooled)
        finally:
            pooled.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as sql, storage():
            sql.execute("BEGIN IMMEDIATE")
            try:
                yield sql
            except BaseException:
                sql.execute("ROLLBACK")
                raise
            sql.execute("COMMIT")
