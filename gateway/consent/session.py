"""One batch's events on one connection, in one transaction: all of them or none."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from types import TracebackType
from typing import Any, Self, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from gateway.consent import checks, positions
from gateway.consent.errors import LedgerBusy
from gateway.consent.standing import read_standing
from gateway.consent.state import BY_CODES, CODES, EXPRESSED, FAR
from gateway.consent.words import NONE, Words
from gateway.foundation.arrays import to_blocks
from gateway.foundation.database import to_micros
from gateway.foundation.errors import Unavailable
from gateway.vocabulary.consents import ConsentStatus, ExpressedBy
from gateway.vocabulary.names import BatchId

_UNDATED = np.iinfo(np.int64).min
_INTO = (
    "INSERT OR IGNORE INTO consent_event"
    "(subject, purpose, status, at, notice, by, shortening, language, evidence, channel, position, recorded_at)"
)
# Constants of a batch, and what nobody in it says, stand in the text: half as many values to bind per row.
_REST = "{by}, {shortening}, {language}, {evidence}, {channel}, {position}, {recorded}"
_DATED = _INTO + " VALUES (?1, ?2, ?3, ?5, ?4, " + _REST + ")"
# An undated choice says only what the source holds today. It counts when it differs from what this channel said last;
# otherwise every import would renew an old yes, and overrule a withdrawal made elsewhere in between. The notice is no
# difference: a new one in the contract is not a new choice. And an undated yes never overrules a no that has come since
# from another channel: nobody can show that it is the later of the two (Art. 7(1)).
_CHANGED = (
    _INTO
    + " SELECT ?1, ?2, ?3, {recorded}, ?4, "
    + _REST
    + """ WHERE (SELECT e.status * 4 + e.by FROM consent_event AS e
       WHERE e.subject = ?1 AND e.purpose = ?2 AND e.channel = {channel}
       AND (e.status <> {requested} OR ?3 = {requested})
       ORDER BY e.position DESC, e.at DESC, e.status DESC LIMIT 1)
      IS NOT ?3 * 4 + {by}
AND NOT (?3 = {given} AND coalesce(
      (SELECT e.status > {given} AND e.channel <> {channel} FROM consent_event AS e
       WHERE e.subject = ?1 AND e.purpose = ?2 AND e.status <> {requested}
       ORDER BY e.position DESC, e.at DESC, e.status DESC LIMIT 1), 0))"""
)
_FIRST = _INTO + " VALUES (?1, ?2, ?3, {recorded}, ?4, " + _REST + ")"
_CODES = {"given": CODES[ConsentStatus.GIVEN], "requested": CODES[ConsentStatus.REQUESTED]}
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

    def __init__(self, engine: sa.Engine, batch: BatchId, purposes: Collection[str]) -> None:
        self._batch, self._purposes = batch, purposes
        self._pooled: sa.PoolProxiedConnection | None = engine.raw_connection()
        self._sql = raw(self._pooled)
        self._first_uses: dict[str, int] = {}  # channels that this batch is the first to use, with their instant
        self._empty = self._sql.execute("SELECT 1 FROM consent_event LIMIT 1").fetchone() is None
        self._words = Words(self._sql)
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
        if consents.num_rows == 0:
            return 0
        consents = checks.with_optional(consents)
        checks.check_columns(consents, len(subjects), recorded_at, self._purposes)
        rows = _Columns(subjects, consents, self._words)
        recorded = to_micros(recorded_at)
        said = {"recorded": recorded, "position": self._position, "channel": self._words.id_of(channel)}
        first = self._alone(channel, recorded)
        before = self._sql.total_changes
        with storage():
            for statement, dated in ((_DATED, True), (_FIRST if first else _CHANGED, False)):
                places = rows.places(dated=dated)
                self._sql.executemany(statement.format(**said, **_CODES, **places), rows.bound(dated=dated))
        return self._sql.total_changes - before

    def _alone(self, channel: str, recorded: int) -> bool:
        """Whether nothing in the ledger can contradict an undated choice: only this channel at this instant spoke."""
        new = self._empty and self._words.is_new(channel)
        return new and self._first_uses.setdefault(channel, recorded) == recorded and len(self._first_uses) == 1

    def standing(self, subjects: pa.Array | pa.ChunkedArray | None) -> pa.Table:
        """Return the governing events as ``ConsentLedger.standing`` does, this batch's included."""
        return read_standing(self._sql, subjects)

    def commit(self) -> int:
        """Make the batch durable and return the ledger's position; it stays undoable until it is settled."""
        with storage():
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

    def places(self, *, dated: bool) -> dict[str, Any]:
        """Return where the statement finds what is seldom said: a bound value, or the silence itself."""
        start = 6 if dated else 5
        return _SILENCE | {name: f"?{place}" for place, name in enumerate(self._extras, start)}

    def bound(self, *, dated: bool) -> Iterable[tuple[Any, ...]]:
        """Give subject, purpose, status, notice, ``at`` of dated choices, and what is seldom said."""
        wanted = (self._at != _UNDATED) == dated
        data = self._subjects[wanted].tobytes()
        subjects = (data[i : i + 16] for i in range(0, len(data), 16))
        columns = [self._purpose, self._status, self._notice, *([self._at] if dated else []), *self._extras.values()]
        return zip(subjects, *(column[wanted].tolist() for column in columns), strict=True)


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
