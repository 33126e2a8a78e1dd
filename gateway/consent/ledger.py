"""The consent ledger: what data subjects have chosen, in the order in which we learned of it."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from gateway.consent import checks, positions, words
from gateway.consent.rows import create
from gateway.consent.session import LedgerSession, raw, storage
from gateway.consent.standing import read_standing
from gateway.consent.state import BY_CODES, CODES, EXPRESSED, FAR, STATUSES, shortening
from gateway.foundation.arrays import BLOCK
from gateway.foundation.database import from_micros, to_micros
from gateway.vocabulary.consents import ConsentEvent
from gateway.vocabulary.names import BatchId, PurposeId, SubjectReference

_KEY = "subject, purpose, at, status, notice, channel, language, evidence, by, shortening"
_BLANKS = ", ".join("?" * 10)


class ConsentLedger:
    """An append-only ledger in the operational database.

    ``purposes`` are the purposes of the policy pack in force. Of a purpose that a later version dropped the ledger
    still takes what takes a permission away (Art. 7(3), 21), so that it bites if the purpose returns; of one that it
    was never open for it takes nothing. Rows leave on two paths only: a batch that no other store kept is undone, and
    a data subject is erased.
    """

    def __init__(self, engine: sa.Engine, *, purposes: Collection[PurposeId]) -> None:
        self._engine = engine
        create(engine)
        self.take(purposes)

    def take(self, purposes: Collection[PurposeId]) -> None:
        """Take events for these purposes from now on: the policy in force has changed."""
        in_force = frozenset(purposes)
        with self._connection() as sql:
            ever = frozenset(row[0] for row in sql.execute("SELECT purpose FROM consent_purpose"))
        if new := in_force - ever:
            with self._transaction() as sql:
                sql.executemany("INSERT OR IGNORE INTO consent_purpose VALUES (?)", [(each,) for each in sorted(new)])
        self._purposes = checks.Purposes(in_force, ever | in_force)

    def record(self, event: ConsentEvent) -> int:
        """Keep one event and return its position; the same event again returns the position it has."""
        checks.check_event(event, self._purposes)
        with self._transaction() as sql:
            known = words.Words(sql)
            values = _key(event, known)
            there = sql.execute(f"SELECT position FROM consent_event WHERE ({_KEY}) = ({_BLANKS})", values).fetchone()
            if there:
                return int(there[0])
            position = positions.take(sql)
            values += (position, to_micros(event.recorded_at))
            sql.execute(f"INSERT INTO consent_event({_KEY}, position, recorded_at) VALUES ({_BLANKS}, ?, ?)", values)
            return position

    def check(self, event: ConsentEvent) -> None:
        """Raise ``ConsentRefused`` for an event that cannot be kept; nothing is kept."""
        checks.check_event(event, self._purposes)

    def faults(self, consents: pa.Table, recorded_at: dt.datetime) -> list[tuple[pa.ChunkedArray, str, str]]:
        """Return for each rule that rows of a batch break which rows, the reason's code, and what to do."""
        found = checks.wrong_rows(checks.with_optional(consents), recorded_at, self._purposes)
        return [(wrong, reason, checks.explained(reason)) for wrong, reason in found if pc.any(wrong).as_py()]

    def write(self, batch: BatchId) -> LedgerSession:
        """Open a batch; other writers wait until it is committed or rolled back."""
        return LedgerSession(self._engine, batch, self._purposes)

    def standing(
        self,
        subjects: pa.Array | pa.ChunkedArray | None = None,
        *,
        at: dt.datetime,
        batch: LedgerSession | None = None,
    ) -> pa.Table:
        """Return the governing events of some subjects, or of all: one row for each subject and purpose.

        ``at`` is now: what is dated ahead of it gives nothing yet. The columns are those of ``standing.SCHEMA``. A
        subject without events has no row: nothing said means no.
        """
        if batch is not None:
            return batch.standing(subjects, at)
        with self._connection() as sql:
            return read_standing(sql, subjects, at)

    def history(self, subject: SubjectReference) -> list[ConsentEvent]:
        """Return one person's events in the order in which they were recorded; a batch's by their own instants."""
        with self._connection() as sql:
            text = words.texts(sql)
            rows = sql.execute(
                f"SELECT recorded_at, {_KEY} FROM consent_event WHERE subject = ? ORDER BY position, at, status",
                (subject,),
            ).fetchall()
        return [_event(row, text) for row in rows]

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


def _key(event: ConsentEvent, known: words.Words) -> tuple[Any, ...]:
    """Return the event as ``_KEY`` has it."""
    return (
        event.subject, known.id_of(event.purpose), to_micros(event.at), CODES[event.status],
        known.id_of(event.notice), known.id_of(event.channel), known.id_of(event.language), event.evidence or "",
        BY_CODES[event.by], shortening(event.valid_until),
    )  # fmt: skip


def _event(row: tuple[Any, ...], text: Mapping[int, str]) -> ConsentEvent:
    recorded, subject, purpose, at, status, notice, channel, language, evidence, by, shorter = row
    return ConsentEvent(
        subject, PurposeId(text[purpose]), STATUSES[status], from_micros(at), from_micros(recorded), text.get(notice),
        text[channel], text.get(language), evidence or None, EXPRESSED[by],
        FAR - dt.timedelta(microseconds=shorter) if shorter else None,
    )  # fmt: skip
