"""One batch's events on one connection, in one transaction: all of them or none."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from gateway.consent import checks, positions, undated
from gateway.consent.errors import LedgerBusy
from gateway.consent.standing import read_standing
from gateway.consent.state import BY_CODES, CODES, EXPRESSED, FAR
from gateway.consent.words import NONE, Words, ages, texts
from gateway.foundation.arrays import to_blocks
from gateway.foundation.database import to_micros
from gateway.foundation.errors import Unavailable
from gateway.vocabulary.consents import ExpressedBy
from gateway.vocabulary.names import BatchId

_UNDATED = np.iinfo(np.int64).min
_INTO = (
    "INSERT OR IGNORE INTO consent_event"
    "(subject, purpose, status, at, notice, by, shortening, language, evidence, channel, position, recorded_at)"
)
# Constants of a batch, and what nobody in it says, stand in the text: half as many values to bind per row.
_REST = "{by}, {shortening}, {language}, {evidence}, {channel}, {position}, {recorded}"
_DATED = _INTO + " VALUES (?1, ?2, ?3, ?5, ?4, " + _REST + ")"
_CHANGED = _INTO + " SELECT ?1, ?2, ?3, {recorded}, ?4, " + _REST + " WHERE " + undated.COUNTS
_FIRST = _INTO + " VALUES (?1, ?2, ?3, {recorded}, ?4, " + _REST + ")"
_SILENCE = {"by": BY_CODES[ExpressedBy.SELF], "shortening": 0, "language": NONE, "evidence": "''"}


def raw(connection: sa.PoolProxiedConnection) -> sqlite3.Connection:
    """Return the driver's own connection."""
    return cast("sqlite3.Connection", connection.driver_connection)


@contextlib.contextmanager
def storage() -> Iterator[None]:
    """Say what to do when the file is held by another writer, full or broken; no statement or value is shown."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise LedgerBusy("another writer holds the consent ledger: try again when it has finished") from None
        raise Unavailable("the consent ledger cannot be written: check the disk and its free space") from None


class LedgerSession:
    """An open batch; leaving the ``with`` block without ``commit`` keeps nothing."""

    def __init__(self, engine: sa.Engine, batch: BatchId, purposes: checks.Purposes) -> None:
        self._batch, self._purposes = batch, purposes
        self._pooled: sa.PoolProxiedConnection | None = engine.raw_connection()
        self._sql = raw(self._pooled)
        self._first_uses: dict[str, int] = {}  # channels that this batch is the first to use, with their instant
        self._empty = self._sql.execute("SELECT 1 FROM consent_event LIMIT 1").fetchone() is None
        self._words, self._noting = Words(self._sql), False
        try:
            with storage():
                self._sql.execute("BEGIN IMMEDIATE")
            self._refuse_a_second_time()
            self._position = positions.take(self._sql)
        except BaseException:
            self.rollback()
            raise

    def _refuse_a_second_time(self) -> None:
        if self._sql.execute("SELECT 1 FROM consent_batch WHERE batch = ?", (self._batch,)).fetchone():
            raise LedgerBusy("this batch is written already: settle or undo it first")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        """Roll back what has not been committed."""
        self.rollback()

    def add(
        self, subjects: pa.Array | pa.ChunkedArray, consents: pa.Table, *, recorded_at: dt.datetime, channel: str
    ) -> int:
        """Add the choices of a batch and return how many were new.

        ``subjects`` (``pa.binary(16)``) has the data subject of each row of ``consents``, which has the columns row,
        purpose, status, at and notice of a ``ParsedBatch``, and may have language, evidence, by and valid_until. An
        ``at`` of null counts from ``recorded_at``, if it is a change. ``ConsentRefused`` names the first row that
        cannot be, and then nothing of this call is kept.
        """
        checks.check_channel(channel)
        if consents.num_rows == 0:
            return 0
        consents = checks.with_optional(consents)
        checks.check_columns(consents, len(subjects), recorded_at, self._purposes)
        rows = _Columns(subjects, consents, self._words)
        rows.fold_undated(ages(texts(self._sql)))
        recorded = to_micros(recorded_at)
        said = {"recorded": recorded, "position": self._position, "channel": self._words.id_of(channel)}
        first = self._alone(channel, recorded)
        if not first:
            self._note_contraries(rows, said)
        before = self._sql.total_changes
        with storage():
            for statement, dated in ((_DATED, True), (_FIRST if first else _CHANGED, False)):
                places = rows.places(dated=dated)
                self._sql.executemany(statement.format(**said, **places), rows.bound(dated=dated))
        return self._sql.total_changes - before

    def _note_contraries(self, rows: _Columns, said: dict[str, int]) -> None:
        """Remember each undated no, recorded or not, so that no yes of the same batch comes after it."""
        with storage():
            for statement in undated.PREPARE if not self._noting else ():
                self._sql.execute(statement)
            self._noting = True
            self._sql.executemany(undated.NOTE.format(**said), rows.taking_away())

    def _alone(self, channel: str, recorded: int) -> bool:
        """Whether nothing in the ledger can contradict an undated choice: only this channel at this instant spoke."""
        new = self._empty and self._words.is_new(channel)
        return new and self._first_uses.setdefault(channel, recorded) == recorded and len(self._first_uses) == 1

    def standing(self, subjects: pa.Array | pa.ChunkedArray | None, at: dt.datetime) -> pa.Table:
        """Return the governing events as ``ConsentLedger.standing`` does, this batch's included."""
        return read_standing(self._sql, subjects, at)

    def commit(self, *, settled: bool = False) -> int:
        """Make the batch durable and return the ledger's position; it stays undoable until it is settled.

        ``settled``: it is kept nowhere else, so that nothing could ask for its undoing.
        """
        with storage():
            if not settled:
                self._sql.execute("INSERT INTO consent_batch VALUES (?, ?)", (self._batch, self._position))
            self._sql.execute("COMMIT")
        self.rollback()
        return self._position

    def rollback(self) -> None:
        """Forget what has not been committed and give the connection back."""
        if self._pooled is None:
            return
        if self._sql.in_transaction:
            self._sql.execute("ROLLBACK")
        self._pooled.close()
        self._pooled = None


class _Columns:
    """A batch's choices as numbers, in the order of their subjects: the index then grows page by page."""

    def __init__(self, subjects: pa.Array | pa.ChunkedArray, consents: pa.Table, known: Words) -> None:
        blocks = to_blocks(subjects)
        halves = np.ascontiguousarray(blocks).view(">u8")
        order = np.lexsort((halves[:, 1], halves[:, 0]))
        self._subjects = np.ascontiguousarray(blocks[order])
        codes = {known.id_of(str(status)): code for status, code in CODES.items()}
        table = np.zeros(max(codes) + 1, np.int64)
        table[list(codes)] = list(codes.values())
        self._purpose = known.ids(consents["purpose"])[order]
        self._status = table[known.ids(consents["status"])][order]
        self._notice = known.ids(consents["notice"])[order]
        self._at = _micros(consents["at"], _UNDATED)[order]
        self._extras = {name: column[order] for name, column in _extras(consents, known).items()}
        self._counts = np.ones(len(order), np.bool_)

    def fold_undated(self, older: npt.NDArray[np.int64]) -> None:
        """Leave out each undated choice that a stricter one of the same person contradicts.

        ``older`` ranks notices by id, the oldest first: of two notices the older one is the stricter.
        """
        rows = np.flatnonzero(self._at == _UNDATED)
        by = self._extras.get("by", np.full(len(self._at), _SILENCE["by"]))
        kind, rank = undated.kind_and_rank(self._status[rows], by[rows])
        halves = self._subjects[rows].view(">u8")
        group = [kind, self._purpose[rows], halves[:, 1], halves[:, 0]]
        order = np.lexsort((-older[self._notice[rows]], rank, *group))
        same = np.logical_and.reduce([key[order[1:]] == key[order[:-1]] for key in group])
        self._counts[rows[order[:-1][same]]] = False

    def places(self, *, dated: bool) -> dict[str, Any]:
        """Return where the statement finds what is seldom said: a bound value, or the silence itself."""
        start = 6 if dated else 5
        return _SILENCE | {name: f"?{place}" for place, name in enumerate(self._extras, start)}

    def taking_away(self) -> Iterable[tuple[bytes, int, int]]:
        """Give subject, purpose and status of the undated choices that take a permission away."""
        wanted = (self._at == _UNDATED) & (self._status >= undated.TAKES_AWAY)
        return zip(self._blocks(wanted), self._purpose[wanted].tolist(), self._status[wanted].tolist(), strict=True)

    def bound(self, *, dated: bool) -> Iterable[tuple[Any, ...]]:
        """Give subject, purpose, status, notice, ``at`` of dated choices, and what is seldom said."""
        wanted = self._counts & ((self._at != _UNDATED) == dated)
        columns = [self._purpose, self._status, self._notice, *([self._at] if dated else []), *self._extras.values()]
        return zip(self._blocks(wanted), *(column[wanted].tolist() for column in columns), strict=True)

    def _blocks(self, wanted: npt.NDArray[np.bool_]) -> Iterator[bytes]:
        data = self._subjects[wanted].tobytes()
        return (data[i : i + 16] for i in range(0, len(data), 16))


def _extras(consents: pa.Table, known: Words) -> dict[str, npt.NDArray[Any]]:
    """Return those columns as the ledger holds them in which anybody says anything."""
    said = {name for name in checks.OPTIONAL if consents[name].null_count < consents.num_rows}
    found: dict[str, npt.NDArray[Any]] = {}
    if "by" in said:
        codes = pc.index_in(consents["by"], value_set=pa.array([str(by) for by in EXPRESSED]))
        found["by"] = pc.fill_null(codes, BY_CODES[ExpressedBy.SELF]).to_numpy()
    if "valid_until" in said:
        found["shortening"] = to_micros(FAR) - _micros(consents["valid_until"], to_micros(FAR))
    if "language" in said:
        found["language"] = known.ids(consents["language"])
    if "evidence" in said:
        found["evidence"] = consents["evidence"].fill_null("").to_numpy()
    return found


def _micros(column: pa.ChunkedArray, missing: int) -> npt.NDArray[np.int64]:
    found: npt.NDArray[np.int64] = column.cast(checks.INSTANT).cast(pa.int64()).fill_null(missing).to_numpy()
    return found
