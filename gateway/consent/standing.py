"""The fold of ``state.py`` over columns: one ordered read of the ledger, then a few numpy operations."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gateway.consent import words
from gateway.consent.state import (
    BY_CODES,
    CODES,
    EXPIRED,
    EXPRESSED,
    FAR,
    GIVEN,
    LIFTED,
    OBJECTED,
    REQUESTED,
    RESTRICTED,
    STATUSES,
)
from gateway.foundation.arrays import BLOCK, to_blocks
from gateway.foundation.database import to_micros
from gateway.vocabulary.consents import ALL_PURPOSES, MAY_GIVE, ExpressedBy

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
        # The guardian's yes that stands behind the person's own: for a child it governs (see ``state.py``).
        ("guardian_at", pa.timestamp("us", "UTC")),
        ("guardian_notice", _WORD),
        ("guardian_until", pa.timestamp("us", "UTC")),
        ("no_behind", pa.bool_()),  # whether a no governs where this yes does not count
        ("coming", pa.timestamp("us", "UTC")),  # when the first word that is dated ahead begins to count
    ]
)
_FETCH = 65_536  # events that are Python objects at a time
_MAY_GIVE = [CODES[status] for status in MAY_GIVE]
_NEVER = np.iinfo(np.int64).max
_GUARDIAN = BY_CODES[ExpressedBy.GUARDIAN]
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
_Flags = npt.NDArray[np.bool_]


def read_standing(
    connection: sqlite3.Connection, subjects: pa.Array | pa.ChunkedArray | None, at: dt.datetime
) -> pa.Table:
    """Return what governs at ``at``, now, of some subjects, or of all, as seen by this connection's transaction."""
    if connection.execute("SELECT 1 FROM consent_event LIMIT 1").fetchone() is None:
        return SCHEMA.empty_table()
    known = words.texts(connection)
    if subjects is None:
        return _table(connection.execute(_ALL), known, to_micros(at))
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS consent_asked (subject BLOB PRIMARY KEY) WITHOUT ROWID")
    connection.execute("DELETE FROM temp.consent_asked")
    data = to_blocks(subjects).tobytes()
    keys = sorted({data[i : i + 16] for i in range(0, len(data), 16)})
    connection.executemany("INSERT INTO temp.consent_asked VALUES (?)", zip(keys))
    return _table(connection.execute(_ASKED), known, to_micros(at))


def _table(cursor: sqlite3.Cursor, known: dict[int, str], now: int) -> pa.Table:
    return pa.Table.from_batches([_folded(events, known, now) for events in _whole_persons(cursor)], schema=SCHEMA)


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


def _folded(events: list[_Event], known: dict[int, str], now: int) -> pa.RecordBatch:
    subject, *numbers = zip(*events, strict=True)
    purpose, at, said, notice, shortening = (np.array(column, np.int64) for column in numbers)
    status, by = np.divmod(said, 4)
    blocks = np.frombuffer(b"".join(subject), ">u8").reshape(-1, 2)
    starts = _starts(blocks, purpose)
    notice = _older_last(notice, _starts(blocks, purpose, at, said, shortening), words.ages(known))
    happened = (at <= now) | ~np.isin(status, _MAY_GIVE)
    fold = _Fold(starts, status, happened)
    chosen = fold.governing(at)
    behind = fold.guardians(by, chosen)
    data = pa.py_buffer(np.ascontiguousarray(blocks[chosen]))
    columns = [
        pa.FixedSizeBinaryArray.from_buffers(BLOCK, len(chosen), [None, data]),
        words.column_of(purpose[chosen], known),
        _coded(status[chosen], _STATUS_WORDS),
        pa.array(at[chosen]).cast(SCHEMA.field("at").type),
        words.column_of(notice[chosen], known),
        _coded(by[chosen], _BY_WORDS),
        _ends(shortening[chosen]),
        *_behind(behind, at, notice, shortening, known),
        pa.array(fold.noes(chosen)),
        _coming(np.minimum.reduceat(np.where(happened, _NEVER, at), starts)),
    ]
    batch = pa.RecordBatch.from_arrays(columns, schema=SCHEMA)
    # The end of a restriction that nobody has asked for: it ends nothing when its instant comes, and governs nothing.
    idle = ~happened[chosen] & np.isin(purpose[chosen], [i for i, text in known.items() if text == ALL_PURPOSES])
    return batch.filter(pa.array(~idle)) if idle.any() else batch


def _behind(
    place: _Numbers, at: _Numbers, notice: _Numbers, shortening: _Numbers, known: dict[int, str]
) -> list[pa.Array]:
    """Return instant, notice and end of the events at ``place``; nothing where that is negative."""
    nobody = place < 0
    notices = words.column_of(np.where(nobody, words.NONE, notice[place]), known)
    instants = pa.array(at[place], mask=nobody).cast(SCHEMA.field("guardian_at").type)
    return [instants, notices, _ends(np.where(nobody, 0, shortening[place]))]


def _coded(codes: _Numbers, known: pa.Array) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), known)


def _ends(shortening: _Numbers) -> pa.Array:
    ends = pa.array(to_micros(FAR) - shortening, mask=shortening == 0)
    return ends.cast(SCHEMA.field("valid_until").type)


def _coming(instants: _Numbers) -> pa.Array:
    return pa.array(instants, mask=instants == _NEVER).cast(SCHEMA.field("coming").type)


def _starts(blocks: npt.NDArray[np.uint64], *columns: _Numbers) -> _Numbers:
    """Return where a new person, or a new value of one of the columns, begins."""
    fresh = (blocks[1:] != blocks[:-1]).any(axis=1)
    for column in columns:
        fresh |= column[1:] != column[:-1]
    return np.concatenate([np.zeros(1, np.int64), np.flatnonzero(fresh) + 1])


def _older_last(notice: _Numbers, starts: _Numbers, older: _Numbers) -> _Numbers:
    """Return the notices so that of events alike in all else, which begin at ``starts``, the oldest comes last."""
    if len(starts) == len(notice):
        return notice
    run = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(notice)))
    return notice[np.lexsort((-older[notice], run))]


class _Fold:
    """Events in the order of person, purpose, instant, then of restrictiveness; each purpose of a person is a group.

    What has not ``happened`` yet governs nothing, but where a group holds nothing else.
    """

    def __init__(self, starts: _Numbers, status: _Numbers, happened: _Flags) -> None:
        self._starts, self._status, self._happened = starts, status, happened
        self._place = np.arange(len(status))

    def _latest(self, wanted: _Flags) -> _Numbers:
        """Return the place of each group's last event of those ``wanted``; -1 where there is none."""
        return np.maximum.reduceat(np.where(wanted & self._happened, self._place, -1), self._starts)

    def _is(self, place: _Numbers, status: int) -> _Flags:
        found: _Flags = (place >= 0) & (self._status[place] == status)
        return found

    def governing(self, at: _Numbers) -> _Numbers:
        """Return the place of each group's governing event."""
        if len(self._starts) == len(self._status):
            return self._starts
        status = self._status
        restriction = self._latest((status == LIFTED) | (status == RESTRICTED))
        objection, yes = self._latest(status == OBJECTED), self._latest(status == GIVEN)
        end, asked = self._latest(status == EXPIRED), self._latest(status == REQUESTED)
        choice = np.maximum(yes, self._latest((status > EXPIRED) & (status <= OBJECTED)))
        choice = np.where((end > choice) & ((choice < 0) | self._is(choice, GIVEN)), end, choice)
        objected = (objection >= 0) & ((yes < 0) | (at[objection] >= at[yes]))
        otherwise = np.where(choice >= 0, choice, np.where(asked >= 0, asked, restriction))
        found = np.where(objected, objection, otherwise)
        found = np.where(self._is(restriction, RESTRICTED), restriction, found)
        return np.where(found >= 0, found, self._starts)

    def guardians(self, by: _Numbers, chosen: _Numbers) -> _Numbers:
        """Return the place of the guardian's yes behind each governing yes of another, -1 where none stands."""
        status = self._status
        yes = self._latest((status == GIVEN) & (by == _GUARDIAN))
        no = self._latest((status > GIVEN) & (status <= OBJECTED))
        return np.where((status[chosen] == GIVEN) & (by[chosen] != _GUARDIAN) & (yes > no), yes, -1)

    def noes(self, chosen: _Numbers) -> _Flags:
        """Return behind which governing yes, also one that has expired, a no stands."""
        status = self._status
        no = self._latest((status > EXPIRED) & (status <= OBJECTED))
        found: _Flags = ((status[chosen] == GIVEN) | (status[chosen] == EXPIRED)) & (no >= 0)
        return found
