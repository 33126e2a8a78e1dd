"""The fold of ``state.py`` over columns: one ordered read of the ledger, then a few numpy operations."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gateway.consent import words
from gateway.consent.state import CODES, EXPRESSED, FAR, STATUSES
from gateway.foundation.arrays import BLOCK, to_blocks
from gateway.foundation.database import to_micros
from gateway.vocabulary.consents import ConsentStatus

_WORD = pa.dictionary(pa.int32(), pa.string())  # the policy's masks need the codes only
SCHEMA = pa.schema(
    [
        ("subject", BLOCK),
        ("purpose", _WORD),
        ("status", _WORD),
        ("at", pa.timestamp("us", "UTC")),
        ("notice", _WORD),
        ("by", _WORD),
        ("valid_until", pa.timestamp("us", "UTC")),  # of a yes with an end of its own
    ]
)
_FETCH = 65_536  # events that are Python objects at a time
_LIFTED, _REQUESTED, _GIVEN, _OBJECTED, _RESTRICTED = (
    CODES[status]
    for status in (
        ConsentStatus.LIFTED, ConsentStatus.REQUESTED, ConsentStatus.GIVEN, ConsentStatus.OBJECTED,
        ConsentStatus.RESTRICTED,
    )
)  # fmt: skip
# Status and expresser as one number: one Python object less for each event.
_COLUMNS = "SELECT e.subject, e.purpose, e.at, e.status * 4 + e.by, e.notice, e.shortening FROM"
# The key of the table is in this order: SQLite reads it so and sorts nothing.
_PERSON = "e.purpose, e.at, e.status, e.shortening, e.by"
_ORDER = f"ORDER BY e.subject, {_PERSON}"
_ALL = f"{_COLUMNS} consent_event AS e {_ORDER}"
# CROSS JOIN fixes the order: the subjects asked for drive the look-ups, never a scan of the whole ledger.
_ASKED = (
    f"{_COLUMNS} consent_asked AS a CROSS JOIN consent_event AS e ON e.subject = a.subject "
    f"ORDER BY a.subject, {_PERSON}"
)
_STATUS_WORDS = pa.array([status.value for status in STATUSES])
_BY_WORDS = pa.array([by.value for by in EXPRESSED])
_Event = tuple[bytes, int, int, int, int, int]
_Numbers = npt.NDArray[np.int64]


def read_standing(connection: sqlite3.Connection, subjects: pa.Array | pa.ChunkedArray | None) -> pa.Table:
    """Return the governing events of some subjects, or of all, as seen by this connection's transaction."""
    if connection.execute("SELECT 1 FROM consent_event LIMIT 1").fetchone() is None:
        return SCHEMA.empty_table()
    known = words.texts(connection)
    if subjects is None:
        return _table(connection.execute(_ALL), known)
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS consent_asked (subject BLOB PRIMARY KEY) WITHOUT ROWID")
    connection.execute("DELETE FROM temp.consent_asked")
    data = to_blocks(subjects).tobytes()
    keys = sorted({data[i : i + 16] for i in range(0, len(data), 16)})
    connection.executemany("INSERT INTO temp.consent_asked VALUES (?)", zip(keys))
    return _table(connection.execute(_ASKED), known)


def _table(cursor: sqlite3.Cursor, known: dict[int, str]) -> pa.Table:
    return pa.Table.from_batches([_folded(events, known) for events in _whole_persons(cursor)], schema=SCHEMA)


def _whole_persons(cursor: sqlite3.Cursor) -> Iterator[list[_Event]]:
    """Give events in pieces that never cut one person's events in two."""
    rest: list[Any] = []
    while rows := cursor.fetchmany(_FETCH):
        rest += rows
        cut = len(rest) - 1
        while cut > 0 and rest[cut - 1][0] == rest[-1][0]:
            cut -= 1
        if cut:
            yield rest[:cut]
            del rest[:cut]
    if rest:
        yield rest


def _folded(events: list[_Event], known: dict[int, str]) -> pa.RecordBatch:
    subject, *numbers = zip(*events, strict=True)
    purpose, at, said, notice, shortening = (np.array(column, np.int64) for column in numbers)
    status, by = np.divmod(said, 4)
    blocks = np.frombuffer(b"".join(subject), ">u8").reshape(-1, 2)
    starts = _starts(blocks, purpose)
    chosen = starts if len(starts) == len(events) else _governing(starts, at, status)
    data = pa.py_buffer(np.ascontiguousarray(blocks[chosen]))
    columns = [
        pa.FixedSizeBinaryArray.from_buffers(BLOCK, len(chosen), [None, data]),
        words.column_of(purpose[chosen], known),
        _coded(status[chosen], _STATUS_WORDS),
        pa.array(at[chosen]).cast(SCHEMA.field("at").type),
        words.column_of(notice[chosen], known),
        _coded(by[chosen], _BY_WORDS),
        _ends(shortening[chosen]),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _coded(codes: _Numbers, known: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), known)


def _ends(shortening: _Numbers) -> pa.Array:
    ends = pa.array(to_micros(FAR) - shortening, mask=shortening == 0)
    return ends.cast(SCHEMA.field("valid_until").type)


def _starts(blocks: npt.NDArray[np.uint64], purpose: _Numbers) -> _Numbers:
    """Return where a new person or a new purpose begins."""
    fresh = (blocks[1:] != blocks[:-1]).any(axis=1) | (purpose[1:] != purpose[:-1])
    return np.concatenate([np.zeros(1, np.int64), np.flatnonzero(fresh) + 1])


def _governing(starts: _Numbers, at: _Numbers, status: _Numbers) -> _Numbers:
    """Return the place of each group's governing event; events are in the order of ``at``, then of restrictiveness."""
    place = np.arange(len(at))

    def latest(wanted: npt.NDArray[np.bool_]) -> _Numbers:
        return np.maximum.reduceat(np.where(wanted, place, -1), starts)

    restriction = latest((status == _LIFTED) | (status == _RESTRICTED))
    choice, asked = latest((status >= _GIVEN) & (status <= _OBJECTED)), latest(status == _REQUESTED)
    objection, yes = latest(status == _OBJECTED), latest(status == _GIVEN)
    restricted = (restriction >= 0) & (status[restriction] == _RESTRICTED)
    objected = (objection >= 0) & ((yes < 0) | (at[objection] >= at[yes]))
    otherwise = np.where(choice >= 0, choice, np.where(asked >= 0, asked, restriction))
    return np.where(restricted, restriction, np.where(objected, objection, otherwise))
