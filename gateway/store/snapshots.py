"""Who was in a segment when it was built, and who was in a release: by person, so that erasure reaches both."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gateway.store.errors import BatchRefused, NotStored, QueryRefused
from gateway.store.relation import Stored, check_permit, permitted, profile_value
from gateway.store.schema import Columns, instant
from gateway.store.subjects import Subjects, as_references, subject_table
from gateway.vocabulary.decisions import Permit
from gateway.vocabulary.names import ReleaseId, SegmentId, SnapshotId
from gateway.vocabulary.relations import SegmentSnapshot

_FIELDS = "snapshot, segment, purpose, taken_at, size, definition_digest, query_digest, pack"


def save_snapshot(cursor: Any, snapshot: SegmentSnapshot, persons: Any) -> None:
    """Keep a snapshot and its members (int64, as a Relation gave them)."""
    cursor.register("members", pa.table({"person": persons.cast(pa.int64())}))
    found = cursor.execute(
        "SELECT count(DISTINCT person) FROM members SEMI JOIN profile_rows USING (person)"
    ).fetchone()
    if found[0] != snapshot.size or len(persons) != snapshot.size:
        msg = "a snapshot's size is the number of its members, each of them stored and named once"
        raise BatchRefused(msg)
    values = [snapshot.id, snapshot.segment, snapshot.purpose, snapshot.taken_at, snapshot.size]
    values += [snapshot.definition_digest, snapshot.query_digest, snapshot.pack]
    cursor.execute(
        "INSERT INTO snapshots SELECT ?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(position) + 1, 0) FROM snapshots)",
        values,
    )
    cursor.execute("INSERT INTO snapshot_members SELECT ?, person FROM members ORDER BY person", [snapshot.id])


def latest_snapshot(cursor: Any, segment: SegmentId) -> SegmentSnapshot | None:
    """Return the newest snapshot of ``segment``."""
    return _snapshot(cursor, "segment = ? ORDER BY position DESC LIMIT 1", segment)


def snapshot_of(cursor: Any, snapshot: SnapshotId) -> SegmentSnapshot:
    """Return a snapshot by its id.

    :raises NotStored: when there is none.
    """
    found = _snapshot(cursor, "snapshot = ?", snapshot)
    if found is None:
        msg = "no such snapshot: build the segment first"
        raise NotStored(msg)
    return found


def members(cursor: Any, snapshot: SegmentSnapshot, permit: Permit, at: dt.datetime, columns: Columns) -> Any:
    """Return the references of the members whom the permit covers now, sorted: the second check."""
    check_permit(permit, at)
    if permit.request.purpose != snapshot.purpose:
        raise QueryRefused("purpose_differs")
    return _subjects(
        cursor,
        f"SELECT subject FROM profile_rows WHERE {_shown(permit, at, Stored.read(cursor, columns))} AND person IN "
        "(SELECT person FROM snapshot_members WHERE snapshot = ?) ORDER BY subject",
        snapshot.id,
    )


def still_permitted(cursor: Any, refs: Subjects, permit: Permit, at: dt.datetime, columns: Columns) -> Any:
    """Return those of ``refs`` whom the permit covers now, sorted."""
    check_permit(permit, at)
    cursor.register("asked", subject_table(refs))
    return _subjects(
        cursor,
        f"SELECT subject FROM profile_rows WHERE {_shown(permit, at, Stored.read(cursor, columns))} "
        "AND subject IN (SELECT subject FROM asked) ORDER BY subject",
    )


def attributes(cursor: Any, refs: Subjects, permit: Permit, at: dt.datetime, columns: Columns) -> pa.Table:
    """Return the profile columns that the permit opens, a row for each of ``refs`` in their order.

    The row of a person whom the permit does not cover is empty.
    """
    check_permit(permit, at)
    asked = subject_table(refs)
    names = [name for name in columns.profiles if name in permit.columns]
    cursor.register("asked", asked)
    stored = Stored.read(cursor, columns)
    shown = ["subject", *(profile_value(permit, name, at, stored) for name in names)]
    found = cursor.execute(
        f"SELECT {', '.join(shown)} FROM profile_rows "
        f"WHERE {_shown(permit, at, stored)} AND subject IN (SELECT subject FROM asked)"
    ).to_arrow_table()
    places = pc.index_in(asked["subject"], value_set=as_references(found["subject"]))
    return found.select(names).take(places)


def record_release(cursor: Any, release: ReleaseId, refs: Subjects) -> int:
    """Keep who is in ``release``; return how many of them are stored."""
    cursor.register("released", subject_table(refs))
    cursor.execute(
        "INSERT INTO releases SELECT ?, (SELECT coalesce(max(position) + 1, 0) FROM releases)",
        [release],
    )
    inserted = cursor.execute(
        "INSERT INTO release_members SELECT ?, person FROM profile_rows "
        "WHERE subject IN (SELECT subject FROM released) ORDER BY person",
        [release],
    ).fetchone()
    return int(inserted[0])


def release_members(cursor: Any, release: ReleaseId) -> Any:
    """Return the references of those in ``release`` who have not been erased since, sorted."""
    return _subjects(
        cursor,
        "SELECT subject FROM profile_rows WHERE person IN (SELECT person FROM release_members WHERE release = ?) "
        "ORDER BY subject",
        release,
    )


def _shown(permit: Permit, at: dt.datetime, stored: Stored) -> str:
    return f"{permitted(permit, at, stored)} AND collected_at > {instant(at - permit.rows.profiles_for)}"


def _subjects(cursor: Any, sql: str, *values: str) -> Any:
    return as_references(cursor.execute(sql, list(values)).to_arrow_table()["subject"])


def _snapshot(cursor: Any, condition: str, value: str) -> SegmentSnapshot | None:
    rows = cursor.execute(f"SELECT {_FIELDS} FROM snapshots WHERE {condition}", [value]).to_arrow_table().to_pylist()
    if not rows:
        return None
    row = rows[0]
    row["id"] = SnapshotId(row.pop("snapshot"))
    row["taken_at"] = row["taken_at"].astimezone(dt.UTC)
    return SegmentSnapshot(**row)
