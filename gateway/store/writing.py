"""One file on its way in: a transaction that is committed whole, or was never there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from gateway.foundation.database import to_micros
from gateway.store.errors import BatchRefused
from gateway.store.meta import read_oldest, write_meta, write_oldest
from gateway.store.permissions import Texts, apply_permissions, permissions_of
from gateway.store.schema import ARROW_TYPES, STAMP, Columns, instant
from gateway.store.staging import stage
from gateway.store.subjects import Subjects, subject_column
from gateway.vocabulary.batches import PseudonymisedBatch
from gateway.vocabulary.contracts import SourceKind
from gateway.vocabulary.fields import ValueType
from gateway.vocabulary.names import BatchId, SourceId
from gateway.vocabulary.relations import StoredCounts

_EVENT_TYPES = {"event": ValueType.TEXT, "at": ValueType.INSTANT}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows come from and when they were collected."""

    batch: BatchId
    source: SourceId
    at: dt.datetime


class StoreSession:
    """The write transaction of one batch; leave it by ``commit``, otherwise it is rolled back."""

    def __init__(self, cursor: Any, columns: Columns, origin: Origin, leave: Callable[[], None]) -> None:
        self._cursor = cursor
        self._columns = columns
        self._origin = origin
        self._leave = leave
        self._open = True
        self._profiles = 0
        self._events = 0
        cursor.execute("BEGIN")
        self._next = int(cursor.execute("SELECT coalesce(max(person) + 1, 0) FROM profile_rows").fetchone()[0])
        self._oldest = read_oldest(cursor)

    def __enter__(self) -> Self:
        """Be the session itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Roll back what was not committed."""
        self.rollback()

    def add(self, batch: PseudonymisedBatch) -> None:
        """Take rows in: profiles overlay what is known of a person (newest wins), events are appended.

        :raises BatchRefused: for anything but a pseudonymised batch of this session with catalogued columns.
        """
        given: object = batch  # callers without types exist
        if not isinstance(given, PseudonymisedBatch):
            msg = "the store takes only pseudonymised batches"
            raise BatchRefused(msg)
        if (batch.source, batch.batch) != (self._origin.source, self._origin.batch):
            msg = "the batch belongs to another session"
            raise BatchRefused(msg)
        of_profiles = batch.kind is SourceKind.PROFILES
        types = self._columns.profiles if of_profiles else {**_EVENT_TYPES, **self._columns.events}
        if not of_profiles:
            _complete(batch.table)
        names = self._stage(_checked(batch.table, types), types)
        if of_profiles:
            self._upsert_profiles(names)
            self._profiles += batch.table.num_rows
        else:
            self._append_events(names)
            self._events += batch.table.num_rows

    def set_permissions(self, table: pa.Table) -> int:
        """Set the masks of a table of ``PERMISSIONS``; return how many subjects were known.

        ``permits_until`` missing means closed: a mask without an end carries a far one.
        """
        return apply_permissions(self._cursor, table)

    def permissions(self, refs: Subjects, texts: Texts) -> pa.Table:
        """Return the masks of those of ``refs`` that the store knows, this session's rows counted, and ``texts``."""
        return permissions_of(self._cursor, refs, texts)

    def commit(self, digest: str, rows: int, at: dt.datetime, ledger_position: int) -> StoredCounts:
        """Make all of it durable: this is the commit point of an ingest. ``digest`` is the file's, in hex."""
        if self._events:
            self._cursor.execute(
                f"INSERT INTO event_rows BY NAME SELECT *, ? AS source, ? AS batch, {instant(self._origin.at)} "
                'AS collected_at FROM staged_events ORDER BY person, "at"',
                [self._origin.source, self._origin.batch],
            )
        self._cursor.execute(
            "INSERT INTO batches VALUES (?, ?, ?, ?, ?)", [self._origin.batch, self._origin.source, digest, rows, at]
        )
        write_meta(self._cursor, "ledger_position", str(ledger_position))
        self._cursor.execute("COMMIT")
        self._close()
        return StoredCounts(self._origin.batch, self._profiles, self._events)

    def rollback(self) -> None:
        """Undo all of it; does nothing after a commit."""
        if self._open:
            try:
                self._cursor.execute("ROLLBACK")
            finally:
                self._close()

    def _close(self) -> None:
        self._open = False
        self._cursor.close()
        self._leave()

    def _stage(self, table: pa.Table, types: Mapping[str, ValueType]) -> list[str]:
        """Bring the rows into a temporary table ``chunk`` with the person of each, newcomers numbered."""
        names = [name for name in table.column_names if name != "subject"]
        values = [_finite(name) if types[name] is ValueType.NUMBER else f'"{name}"' for name in names]
        stage(self._cursor, "incoming", table)
        self._cursor.execute(
            f"CREATE OR REPLACE TEMP TABLE chunk AS SELECT {', '.join(['subject', *values])}, "
            "row_number() OVER () AS position FROM incoming"
        )
        self._cursor.execute(
            "CREATE OR REPLACE TEMP TABLE known AS SELECT p.subject, p.person FROM profile_rows AS p "
            "SEMI JOIN chunk AS c ON c.subject = p.subject"
        )
        self._cursor.execute(
            "CREATE OR REPLACE TEMP TABLE newcomers AS "
            "SELECT subject, ? + row_number() OVER (ORDER BY first) - 1 AS person FROM "
            "(SELECT subject, min(position) AS first FROM chunk ANTI JOIN known USING (subject) GROUP BY subject)",
            [self._next],
        )
        self._next += int(self._cursor.execute("SELECT count(*) FROM newcomers").fetchone()[0])
        return names

    def _upsert_profiles(self, names: list[str]) -> None:
        """Insert newcomers; lay the non-null values of the others over what is known of them."""
        rows, subjects = self._cursor.execute("SELECT count(*), count(DISTINCT subject) FROM chunk").fetchone()
        if rows != subjects:
            newest = ", ".join(["subject", *(f'arg_max("{n}", position) AS "{n}"' for n in names)])
            self._cursor.execute(f"CREATE OR REPLACE TEMP TABLE chunk AS SELECT {newest} FROM chunk GROUP BY subject")
        now = instant(self._origin.at)
        origin = [self._origin.source, self._origin.batch]
        stamped = [f'"{n}"' for n in names]
        stamps = [f'CASE WHEN "{n}" IS NOT NULL THEN {now} END AS "{STAMP}{n}"' for n in names]
        self._cursor.execute(
            "INSERT INTO profile_rows BY NAME SELECT person, subject, 0 AS permits, ? AS source, ? AS batch, "
            f"{', '.join([f'{now} AS collected_at', *stamped, *stamps])} "
            "FROM chunk JOIN newcomers USING (subject)",
            origin,
        )
        overlay = [
            f'"{n}" = coalesce(c."{n}", p."{n}"), "{STAMP}{n}" = '
            f'CASE WHEN c."{n}" IS NOT NULL THEN {now} ELSE p."{STAMP}{n}" END'
            for n in names
        ]
        if self._cursor.execute("SELECT count(*) FROM known").fetchone()[0]:
            self._cursor.execute(
                "UPDATE profile_rows AS p SET source = ?, batch = ?, "
                f"{', '.join([f'collected_at = {now}', *overlay])} "
                "FROM (SELECT chunk.*, known.person FROM chunk JOIN known USING (subject)) AS c "
                "WHERE c.person = p.person",
                origin,
            )
        self._note_oldest(names)

    def _append_events(self, names: list[str]) -> None:
        """Give unknown people an empty profile that permits nothing, and stage the rows until the commit sorts them."""
        # collected_at is infinite: nothing was collected about the profile yet, so nothing of it can be too old.
        self._cursor.execute(
            "INSERT INTO profile_rows BY NAME SELECT person, subject, 0 AS permits, ? AS source, ? AS batch, "
            "'infinity'::TIMESTAMPTZ AS collected_at FROM newcomers",
            [self._origin.source, self._origin.batch],
        )
        quoted = [f'"{name}"' for name in names]
        self._cursor.execute(
            "CREATE TEMP TABLE IF NOT EXISTS staged_events AS "
            "SELECT * EXCLUDE (source, batch, collected_at) FROM event_rows LIMIT 0"
        )
        self._cursor.execute(
            f"INSERT INTO staged_events BY NAME SELECT person, {', '.join(quoted)} "
            "FROM chunk JOIN (FROM known UNION ALL FROM newcomers) USING (subject)"
        )

    def _note_oldest(self, names: list[str]) -> None:
        """Remember since when each column is filled: while that is recent, no reader needs to look at the stamps."""
        at = to_micros(self._origin.at)
        for name in names:
            if at < self._oldest.get(name, at + 1):
                write_oldest(self._cursor, name, at)
                self._oldest[name] = at


def _finite(name: str) -> str:
    # NaN and infinity are not quantities: they compare differently in every engine, so they count as missing.
    return f'CASE WHEN isfinite("{name}") THEN "{name}" END AS "{name}"'


def _checked(table: pa.Table, types: Mapping[str, ValueType]) -> pa.Table:
    """Return ``table`` with its columns in the stored types; name the column that does not fit."""
    if "subject" not in table.column_names or len(set(table.column_names)) != table.num_columns:
        msg = "column `subject`: it is missing, or a column name stands twice"
        raise BatchRefused(msg)
    columns: dict[str, Any] = {"subject": subject_column(table["subject"])}
    for name in table.column_names:
        if name == "subject":
            continue
        if name not in types:
            msg = f"column `{name}`: the catalogue does not store it for this kind of source"
            raise BatchRefused(msg)
        try:
            columns[name] = table[name].cast(ARROW_TYPES[types[name]])
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            msg = f"column `{name}`: its values are not of the type {types[name].value}"
            raise BatchRefused(msg) from None
    return pa.table(columns)


def _complete(table: pa.Table) -> None:
    for name in _EVENT_TYPES:
        if name not in table.column_names or table[name].null_count:
            msg = f"column `{name}`: every event has one"
            raise BatchRefused(msg)
