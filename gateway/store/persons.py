"""One person: what is stored of them, for their own request, and its deletion everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from gateway.store.errors import BatchRefused
from gateway.store.meta import count_erased
from gateway.store.schema import EVENT_ROWS, PROFILE_ROWS, STAMP, physical_columns
from gateway.store.subjects import Subjects, subject_table
from gateway.vocabulary.names import ReleaseId, RequestId, SnapshotId, SubjectReference

_TABLES = (PROFILE_ROWS, EVENT_ROWS, "snapshot_members", "release_members")
_PERSON = "(SELECT person FROM profile_rows WHERE subject = ?)"


@dataclass(frozen=True, slots=True)
class ErasedRows:
    """Rows that an erasure deleted, by kind."""

    profiles: int
    events: int
    snapshots: int
    releases: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.profiles + self.events + self.snapshots + self.releases


def profile_of(cursor: Any, ref: SubjectReference, on_behalf: RequestId) -> dict[str, Any]:
    """Return all that the file holds in the person's profile (Art. 15), also columns the catalogue has dropped.

    Empty when nothing is stored. ``collected`` says for each value when it was collected.
    """
    _requested(on_behalf)
    names = [name for name in physical_columns(cursor, PROFILE_ROWS) if name not in ("person", "subject")]
    shown = ", ".join(f'"{name}"' for name in names if name != "collected_at")
    rows = cursor.execute(
        f"SELECT {shown}, CASE WHEN isfinite(collected_at) THEN collected_at END AS collected_at "
        "FROM profile_rows WHERE subject = ?",
        [bytes(ref)],
    ).to_arrow_table()
    if rows.num_rows == 0:
        return {}
    values: dict[str, Any] = rows.to_pylist()[0]
    stamps = {name: values.pop(name) for name in names if name.startswith(STAMP) and name != "collected_at"}
    values["collected"] = {name.removeprefix(STAMP): at for name, at in stamps.items() if at is not None}
    return values


def events_of(cursor: Any, ref: SubjectReference, on_behalf: RequestId) -> pa.Table:
    """Return the person's events (Art. 15), oldest first; none for a person that is not known."""
    _requested(on_behalf)
    shown = ", ".join(f'"{name}"' for name in physical_columns(cursor, EVENT_ROWS) if name != "person")
    return cursor.execute(
        f'SELECT {shown} FROM event_rows WHERE person = {_PERSON} ORDER BY "at"', [bytes(ref)]
    ).to_arrow_table()


def snapshots_of(cursor: Any, ref: SubjectReference) -> tuple[SnapshotId, ...]:
    """Return the snapshots that the person is a member of, oldest first."""
    rows = cursor.execute(
        "SELECT s.snapshot FROM snapshots AS s JOIN snapshot_members AS m USING (snapshot) "
        f"WHERE m.person = {_PERSON} ORDER BY s.position",
        [bytes(ref)],
    ).fetchall()
    return tuple(SnapshotId(row[0]) for row in rows)


def releases_of(cursor: Any, ref: SubjectReference) -> tuple[ReleaseId, ...]:
    """Return the releases that the person was in, oldest first."""
    rows = cursor.execute(
        "SELECT r.release FROM releases AS r JOIN release_members AS m USING (release) "
        f"WHERE m.person = {_PERSON} ORDER BY r.position",
        [bytes(ref)],
    ).fetchall()
    return tuple(ReleaseId(row[0]) for row in rows)


def count_rows(cursor: Any, ref: SubjectReference) -> ErasedRows:
    """Return what an erasure of this person would delete."""
    counts = [
        int(cursor.execute(f"SELECT count(*) FROM {table} WHERE person = {_PERSON}", [bytes(ref)]).fetchone()[0])
        for table in _TABLES
    ]
    return ErasedRows(*counts)


def erase(cursor: Any, refs: Subjects) -> ErasedRows:
    """Delete every row of these people (Art. 17). Their bytes stay in the file until it is rewritten: ``compact``."""
    cursor.register("leaving_subjects", subject_table(refs))
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE leaving AS "
        "SELECT person FROM profile_rows WHERE subject IN (SELECT subject FROM leaving_subjects)"
    )
    counts = [
        int(cursor.execute(f"DELETE FROM {table} WHERE person IN (SELECT person FROM leaving)").fetchone()[0])
        for table in _TABLES
    ]
    count_erased(cursor, sum(counts))
    return ErasedRows(*counts)


def _requested(on_behalf: RequestId) -> None:
    if not on_behalf:
        msg = "a person's data is read on behalf of a request"
        raise BatchRefused(msg)
