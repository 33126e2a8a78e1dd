"""The analytical store: one DuckDB file, one process, reads only through a Permit."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self, TypeVar

import pyarrow as pa

from gateway.foundation.database import from_micros
from gateway.foundation.files import held
from gateway.store import checks, permissions, persons, snapshots
from gateway.store.compaction import SORTED_ROWS, Rewritten, rewrite
from gateway.store.connection import Gate, Limits, clear_leftovers, connect
from gateway.store.errors import StoreInUse
from gateway.store.excess import Excess, count_excess, end_excess
from gateway.store.forms import latest_change, record_forms
from gateway.store.meta import ERASED_SINCE, Followed, read_meta, read_policy, write_meta, write_policy
from gateway.store.overdue import Periods
from gateway.store.permissions import NO_TEXTS, Texts
from gateway.store.persons import ErasedRows
from gateway.store.relation import StoreRelation
from gateway.store.schema import columns_of, prepare_schema
from gateway.store.subjects import Subjects
from gateway.store.trial import Trial
from gateway.store.writing import Origin, StoreSession
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.decisions import Permit
from gateway.vocabulary.names import (
    BatchId,
    ReleaseId,
    RequestId,
    SegmentId,
    SnapshotId,
    SourceId,
    SubjectReference,
)
from gateway.vocabulary.relations import SegmentSnapshot

T = TypeVar("T")
UNSORTED_SHARE = 0.1  # of the event rows may have come since the last rewrite before point look-ups suffer


class Store:
    """Profiles, events, permissions, snapshots and releases. Usable from several threads of one process."""

    def __init__(self, path: Path, catalogue: Catalogue, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        self._columns = columns_of(catalogue)
        self._gate = Gate()
        self._stack = contextlib.ExitStack()
        self._connection: Any = None

    @classmethod
    def open(cls, path: Path, catalogue: Catalogue, limits: Limits | None = None) -> Self:
        """Open the file, make what is missing in it, and hold it for this process.

        :raises Conflict: when another process or another ``Store`` has it.
        :raises SchemaMismatch: when the catalogue changed the type of a stored column.
        """
        store = cls(path, catalogue, limits or Limits())
        store._stack.enter_context(held(path.with_name(f"{path.name}.lock")))
        try:
            clear_leftovers(path)
            store._connect()
            prepare_schema(store._connection, store._columns)
            store._in_transaction(lambda cursor: record_forms(cursor, store._columns))
        except BaseException:
            store.close()
            raise
        return store

    def prepare(self, catalogue: Catalogue) -> None:
        """Add the columns of a catalogue that is to come; none is dropped, and nobody sees them yet.

        :raises SchemaMismatch: when the catalogue changed the type of a stored column; nothing is added then.
        """
        columns = columns_of(catalogue)
        with self._gate.writing(), contextlib.closing(self._open_cursor()) as cursor:
            prepare_schema(cursor, columns)

    def adopt(self, catalogue: Catalogue) -> None:
        """Read and write by a catalogue from now on; raises what ``prepare`` raises.

        Values that came in another form than it wants are shown in the one that it wants, or not at all.
        """
        self.prepare(catalogue)
        columns = columns_of(catalogue)
        self._in_transaction(lambda cursor: record_forms(cursor, columns))
        self._columns = columns

    @property
    def policy(self) -> Followed | None:
        """The policy that the masks follow, or come to follow; ``None`` where none was ever set."""
        with self._reading() as cursor:
            return read_policy(cursor)

    def follow(self, policy: Followed) -> None:
        """Say which policy the masks follow: not yet everybody's before the first of them changes."""
        self._in_transaction(lambda cursor: write_policy(cursor, policy))

    def close(self) -> None:
        """Bring everything into the file and let it go."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._stack.close()

    def __enter__(self) -> Self:
        """Be the store itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    # Writing

    def write(self, batch: BatchId, source: SourceId, at: dt.datetime) -> StoreSession:
        """Begin the transaction of one batch, collected at ``at``; one writer at a time.

        :raises StoreInUse: when the batch is already stored, or this thread still has a session open.
        """
        self._gate.enter_writer()
        try:
            self._check_new(batch)
            return StoreSession(
                self._open_cursor(),
                self._columns,
                Origin(batch, source, self._after_changes(at)),
                leave=self._gate.leave_writer,
            )
        except BaseException:
            self._gate.leave_writer()
            raise

    def _after_changes(self, at: dt.datetime) -> dt.datetime:
        """Return ``at``, or the instant of the last change of a form: nothing passes for a value from before it."""
        with self._reading() as cursor:
            return max(at, from_micros(latest_change(cursor)))

    def _check_new(self, batch: BatchId) -> None:
        if self.has_batch(batch):
            msg = "the batch is already stored"
            raise StoreInUse(msg)

    def has_batch(self, batch: BatchId) -> bool:
        """Whether the batch was committed."""
        with self._reading() as cursor:
            return cursor.execute("SELECT 1 FROM batches WHERE batch = ?", [batch]).fetchone() is not None

    def batch_with_digest(self, source: SourceId, digest: str) -> BatchId | None:
        """Return the batch that already brought the same content from this source."""
        with self._reading() as cursor:
            row = cursor.execute(
                'SELECT batch FROM batches WHERE source = ? AND digest = ? ORDER BY "at" LIMIT 1', [source, digest]
            ).fetchone()
        return None if row is None else BatchId(row[0])

    def set_permissions(self, table: pa.Table, ledger_position: int | None = None) -> int:
        """Set masks outside a batch (a choice, a restriction); the next query sees them. Return how many were known."""

        def work(cursor: Any) -> int:
            if ledger_position is not None:
                write_meta(cursor, "ledger_position", str(ledger_position))
            return permissions.apply_permissions(cursor, table)

        return self._in_transaction(work)

    # Reading through a Permit

    def relation(self, permit: Permit, at: dt.datetime) -> StoreRelation:
        """Open what ``permit`` permits at ``at``.

        :raises QueryRefused: for a Permit that has run out or was given for storing.
        """
        return StoreRelation(permit, at, self._columns, self._reading)

    def members(self, snapshot: SnapshotId, permit: Permit, at: dt.datetime) -> Any:
        """Return the references of the members whom ``permit`` covers at ``at``, sorted: the check at release.

        :raises NotStored: for an unknown snapshot.
        :raises QueryRefused: for a Permit that has run out or is of another purpose.
        """
        with self._reading() as cursor:
            return snapshots.members(cursor, snapshots.snapshot_of(cursor, snapshot), permit, at, self._columns)

    def permitted(self, refs: Subjects, permit: Permit, at: dt.datetime) -> Any:
        """Return those of ``refs`` whom ``permit`` covers at ``at``, sorted."""
        with self._reading() as cursor:
            return snapshots.still_permitted(cursor, refs, permit, at, self._columns)

    def attributes(self, refs: Subjects, permit: Permit, at: dt.datetime) -> pa.Table:
        """Return the profile columns that ``permit`` opens, a row for each of ``refs`` in their order.

        The row of somebody whom the permit does not cover is empty.
        """
        with self._reading() as cursor:
            return snapshots.attributes(cursor, refs, permit, at, self._columns)

    # Another policy, tried

    @contextlib.contextmanager
    def trial(self, draft: Catalogue) -> Iterator[Trial]:
        """Open the rows as they would be read under a draft's catalogue, once everybody has masks; nothing is written.

        :raises SchemaMismatch: when the draft changes the type of a stored column.
        """
        with self._reading() as cursor:
            cursor.execute("BEGIN")
            try:
                yield Trial(cursor, {"now": self._columns, "then": columns_of(draft)})
            finally:
                cursor.execute("ROLLBACK")

    # Permissions

    def permissions(self, refs: Subjects) -> pa.Table:
        """Return ``person`` and the columns of ``PERMISSIONS`` of those of ``refs`` that are stored."""
        with self._reading() as cursor:
            return permissions.permissions_of(cursor, refs)

    def due_for_refresh(self, at: dt.datetime) -> Any:
        """Return the references whose mask time alone may have changed by ``at``."""
        with self._reading() as cursor:
            return permissions.due_for_refresh(cursor, at)

    def all_subjects(self, texts: Texts = NO_TEXTS) -> Iterator[pa.RecordBatch]:
        """Yield every subject's mask in bounded batches, with ``texts`` beside it.

        Writers that rewrite the file wait until it is read out.
        """
        with self._reading() as cursor:
            yield from permissions.all_permissions(cursor, texts)

    @property
    def ledger_position(self) -> int:
        """The consent ledger's position that the masks reflect; 0 for a new store."""
        with self._reading() as cursor:
            return int(read_meta(cursor, "ledger_position") or 0)

    # Snapshots and releases

    def save_snapshot(self, snapshot: SegmentSnapshot, members: Any) -> None:
        """Keep a snapshot with its members (the ``person`` column that a Relation gave)."""
        self._in_transaction(lambda cursor: snapshots.save_snapshot(cursor, snapshot, members))

    def snapshot(self, snapshot: SnapshotId) -> SegmentSnapshot:
        """Return a snapshot.

        :raises NotStored: when there is none.
        """
        with self._reading() as cursor:
            return snapshots.snapshot_of(cursor, snapshot)

    def latest_snapshot(self, segment: SegmentId) -> SegmentSnapshot | None:
        """Return the newest snapshot of a segment."""
        with self._reading() as cursor:
            return snapshots.latest_snapshot(cursor, segment)

    def record_release(self, release: ReleaseId, refs: Subjects) -> int:
        """Keep who is in a release; return how many of them are stored."""
        return self._in_transaction(lambda cursor: snapshots.record_release(cursor, release, refs))

    def release_members(self, release: ReleaseId) -> Any:
        """Return the references of those in a release who have not been erased since, sorted."""
        with self._reading() as cursor:
            return snapshots.release_members(cursor, release)

    # One person

    def profile_of(self, ref: SubjectReference, *, on_behalf: RequestId) -> dict[str, Any]:
        """Return all that is stored in one person's profile, for that person's own request (Art. 15).

        Empty when nothing is stored. ``collected`` says for each value when it was collected.
        """
        with self._reading() as cursor:
            return persons.profile_of(cursor, ref, on_behalf)

    def events_of(self, ref: SubjectReference, *, on_behalf: RequestId) -> pa.Table:
        """Return one person's events, for that person's own request (Art. 15)."""
        with self._reading() as cursor:
            return persons.events_of(cursor, ref, on_behalf)

    def subject_snapshots(self, ref: SubjectReference) -> tuple[SnapshotId, ...]:
        """Return the snapshots that a person is a member of, oldest first."""
        with self._reading() as cursor:
            return persons.snapshots_of(cursor, ref)

    def subject_releases(self, ref: SubjectReference) -> tuple[ReleaseId, ...]:
        """Return the releases that a person was in, oldest first."""
        with self._reading() as cursor:
            return persons.releases_of(cursor, ref)

    def count_rows(self, ref: SubjectReference) -> ErasedRows:
        """Return what an erasure of this person would delete."""
        with self._reading() as cursor:
            return persons.count_rows(cursor, ref)

    def erase(self, refs: Subjects) -> ErasedRows:
        """Delete all rows of these people; their bytes go with the next ``compact`` (Art. 17)."""
        return self._in_transaction(lambda cursor: persons.erase(cursor, refs))

    # Retention

    def excess(self, periods: Periods, at: dt.datetime) -> Excess:
        """Count what is over its retention period at ``at``, or finer than the form in force; nothing changes."""
        with self._reading() as cursor:
            cursor.execute("BEGIN")
            try:
                return count_excess(cursor, self._columns, periods, at)
            finally:
                cursor.execute("ROLLBACK")

    def minimise(self, periods: Periods, at: dt.datetime) -> Excess:
        """Delete and coarsen just that; the bytes go with the next ``compact`` (Art. 5(1)(c) and (e))."""
        return self._in_transaction(lambda cursor: end_excess(cursor, self._columns, periods, at))

    # The file

    def compact(self) -> Rewritten:
        """Rewrite the file without deleted bytes and with sorted events; waits until nobody reads or writes."""
        with self._gate.alone():
            self._connection.execute("CHECKPOINT")
            self._connection.close()
            try:
                return rewrite(self._path, self._limits)
            finally:
                self._connect()

    def compaction_due(self) -> bool:
        """Whether bytes of erased, overdue or finer data are still in the file."""
        with self._reading() as cursor:
            return int(read_meta(cursor, ERASED_SINCE) or 0) > 0

    def sort_needed(self) -> bool:
        """Whether so many events came since the last rewrite that one person's are no longer close together."""
        with self._reading() as cursor:
            rows = int(cursor.execute("SELECT count(*) FROM event_rows").fetchone()[0])
            return rows - int(read_meta(cursor, SORTED_ROWS) or 0) > rows * UNSORTED_SHARE

    def doctor(self) -> tuple[str, ...]:
        """Check the laws of the tables; return what does not hold, with its remedy."""
        with self._reading() as cursor:
            return checks.doctor(cursor)

    def _connect(self) -> None:
        self._connection = connect(self._path, self._limits)
        self._path.chmod(0o600)

    def _open_cursor(self) -> Any:
        if self._connection is None:
            msg = "the store is closed"
            raise StoreInUse(msg)
        return self._connection.cursor()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Any]:
        with self._gate.reading(), contextlib.closing(self._open_cursor()) as cursor:
            yield cursor

    def _in_transaction(self, work: Callable[[Any], T]) -> T:
        with self._gate.writing(), contextlib.closing(self._open_cursor()) as cursor:
            cursor.execute("BEGIN")
            try:
                result = work(cursor)
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            cursor.execute("COMMIT")
            return result
