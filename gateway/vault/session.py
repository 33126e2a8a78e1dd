"""One batch on its way into the vault: many chunks, all of them or none."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from gateway.foundation.arrays import Blocks
from gateway.vault import chunk as chunks
from gateway.vault import known_names, newcomers, records, returning
from gateway.vault.borne import Bearers, BorneNames
from gateway.vault.chunk import Identifiers
from gateway.vault.columns import Indexes, as_bytes
from gateway.vault.enrolment import Enrolment
from gateway.vault.errors import BatchOpen, ColumnsDisagree, VaultUnavailable
from gateway.vault.files import HELD, IDENTIFIER, VaultFiles, names, people, persons, typed_blinds
from gateway.vault.keystore import next_person
from gateway.vault.lifecycle import undo
from gateway.vault.newcomers import NewPeople
from gateway.vault.resolution import Flags, Resolution, resolve
from gateway.vault.returning import News, Version
from gateway.vault.tags import RecentKeys, tags
from gateway.vault.text import scatter
from gateway.vocabulary.names import BatchId, EntryId

_MOST_TYPES = 255  # a type's number is one byte
_DEK = 32
_NAMES = 262_144  # distinct names held before they are written


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A chunk once everybody in it is known by slot: the people known before first, then newcomers."""

    sealed: pa.Table
    held: pa.Table | None
    ids: Identifiers
    found: Resolution
    bound: Indexes  # codes of identifiers that are newly bound
    known: Blocks  # SubjectIds of the people known before
    fresh: NewPeople

    @property
    def subjects(self) -> Blocks:
        """SubjectId of each slot."""
        return np.concatenate([self.known, self.fresh.subjects[self.fresh.rank]])


class VaultSession:
    """Enrols chunks. Keys become durable chunk by chunk under the batch's note; everything else at ``commit``."""

    def __init__(self, files: VaultFiles, batch: BatchId) -> None:
        self._files = files
        self._batch = batch
        self._recent = RecentKeys()
        self._bearers = Bearers()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="vault")
        self._open = self._broken = False
        self._begin()

    def _begin(self) -> None:
        files = self._files
        first = next_person((files.reader, "records"), (files.keys.reader, "person_keys"))
        name = files.reader.execute("SELECT coalesce(max(id), -1) + 1 FROM names").fetchone()[0]
        files.writer.execute("BEGIN IMMEDIATE")
        try:
            files.writer.execute("INSERT INTO open_batch VALUES (1, ?, ?, ?)", (self._batch, first, name))
            files.keys.begin_batch(self._batch, first)
        except BaseException:
            files.writer.execute("ROLLBACK")
            raise
        self._first = self._next = first
        self._open = True
        files.writing = self._batch

    def enrol(
        self,
        identifiers: Mapping[str, pa.Array],
        sealed: pa.Table,
        held: pa.Table | None,
        regions: pa.Array | None,
        *,
        create: bool = True,
    ) -> Enrolment:
        """Find or make the person of each row, and seal what is told of them.

        ``identifiers``: text columns by type, strongest first. ``sealed``: fields by id. ``held``: undeclared columns
        as text. ``regions``: ISO 3166 country per row, for telephone numbers. Without ``create`` unknown people stay
        unknown and nothing is bound; known people are updated if there is more than identifiers.
        """
        with self._files.lock:
            self._check(identifiers, sealed, held)
            self._bearers.latest.clear()
            ids = chunks.read(identifiers, regions, self._files.index)
            self._wait()
            suppressed = chunks.suppressed(ids, self._files.writer, self._files.suppression)
            ids = chunks.without(ids, suppressed) if suppressed.any() else ids
            owner, known = chunks.owners(ids, self._files.writer)
            found = resolve(ids.codes, owner, len(known), self._stored_types(ids, known), create=create)
            bound = np.flatnonzero((owner < 0) & (found.owner >= 0)) if create else np.empty(0, np.int64)
            fresh = newcomers.make(found.slots - len(known))
            chunk = _Chunk(sealed, held, ids, found, bound, known, fresh)
            self._store(chunk, updates=create or held is not None or bool({*sealed.column_names} - {*identifiers}))
            has = found.person >= 0
            refs = self._files.store.of(chunk.subjects)[found.person[has]]
            return Enrolment(scatter(refs, has), len(fresh.rank), suppressed, ~has & ~suppressed, found.conflicts)

    def tags(self, refs: pa.Array, entry_id: EntryId) -> pa.Array:
        """Audit tags of people for one entry; people of the last chunks need no unwrapping."""
        with self._files.lock:
            return tags(self._files, self._written, refs, entry_id, self._recent)

    def new_names(self) -> BorneNames:
        """The names that the last chunk brought: a text may mention somebody of the same file."""
        with self._files.lock:
            return BorneNames.of(self._bearers.latest)

    def _written(self) -> sqlite3.Connection:
        self._wait()
        return self._files.writer

    def commit(self) -> None:
        """Make the batch durable: keys, then records. It stays undoable until ``Vault.settle``."""
        with self._files.lock:
            self._usable()
            self._wait()
            self._files.job = self._worker.submit(known_names.write, self._files, self._bearers.take())
            self._wait()
            try:
                self._files.writer.execute("COMMIT")
            except sqlite3.OperationalError as error:
                msg = f"the batch cannot be committed ({error.sqlite_errorname}): look at the disk, then try again"
                raise VaultUnavailable(msg) from None
            self._end()

    def rollback(self) -> None:
        """Take everything back that the batch brought; after ``commit`` too, as long as it is not settled."""
        with self._files.lock:
            if self._open:
                with contextlib.suppress(Exception):
                    self._wait()  # a job that failed is what is being rolled back
                if self._files.writer.in_transaction:  # a full disk may have rolled back already
                    self._files.writer.execute("ROLLBACK")
                self._end()
            undo(self._files, self._batch)

    def _end(self) -> None:
        self._worker.shutdown()
        self._open = False
        self._files.writing = None
        self._recent.clear()
        self._files.writer.execute("PRAGMA shrink_memory")

    def _usable(self) -> None:
        if not self._open or self._broken:
            msg = "the batch is committed, rolled back, or has failed and must be rolled back"
            raise BatchOpen(msg)

    def _check(self, identifiers: Mapping[str, pa.Array], sealed: pa.Table, held: pa.Table | None) -> None:
        self._usable()
        if not identifiers:
            msg = "at least one identifier column is needed"
            raise ColumnsDisagree(msg)
        rows = len(next(iter(identifiers.values())))
        if any(table.num_rows != rows for table in (sealed, held) if table is not None and table.num_columns):
            msg = "identifiers, sealed fields and held columns are not of the same rows"
            raise ColumnsDisagree(msg)

    def _wait(self) -> None:
        try:
            self._files.wait()
        except BaseException:
            self._broken = True
            raise

    def _stored_types(self, ids: Identifiers, known: Blocks) -> Callable[[Indexes], Flags]:
        def stored(slots: Indexes) -> Flags:
            numbers = names(self._files.writer, IDENTIFIER)
            columns = np.array([numbers.get(kind, -1) for kind in ids.kinds])
            _, who = persons(self._files.writer, known[slots])
            rows = people(self._files.writer, who)
            return np.array([np.isin(columns, typed_blinds(row.blinds)[0]) for row in rows], bool)

        return stored

    def _store(self, chunk: _Chunk, *, updates: bool) -> None:
        """Seal newcomers and new versions, and hand the rows to the writing thread."""
        steps: list[Callable[[], None]] = []
        if len(chunk.fresh.rank):
            steps.append(self._newcomers(chunk))
        if len(chunk.known) and updates:
            steps.append(self._returning(chunk))
        if len(chunk.bound):
            blinds = chunk.ids.blinds[chunk.bound]
            subjects = chunk.subjects[chunk.found.owner[chunk.bound]]
            steps.append(lambda: newcomers.insert_blinds(self._files.writer, blinds, subjects))
        if len(self._bearers.changes) > _NAMES:
            changes = self._bearers.take()
            steps.append(lambda: known_names.write(self._files, changes))
        if steps:
            self._files.job = self._worker.submit(_run, steps)

    def _newcomers(self, chunk: _Chunk) -> Callable[[], None]:
        fresh, base = chunk.fresh, len(chunk.known)
        count, first, files = len(fresh.rank), self._next, self._files
        rows = np.flatnonzero(chunk.found.person >= base)
        ranks = fresh.rank[chunk.found.person[rows] - base]
        codes = chunk.bound[chunk.found.owner[chunk.bound] >= base]
        whose = fresh.rank[chunk.found.owner[codes] - base]
        epoch, wrapped = files.keys.wrap_people(fresh.material)
        identifiers = newcomers.identifier_cells(chunk.ids, codes, whose, count)
        fields = records.latest(chunk.sealed, rows, ranks, count)
        self._bearers.came(fields)
        sealed = newcomers.seal(fresh, identifiers, fields)
        blinds = newcomers.typed(chunk.ids, codes, whose, self._names(IDENTIFIER, chunk.ids.kinds), count)
        held = self._held(chunk, rows, ranks, count)
        held_sealed = newcomers.seal_held(fresh, *held) if held[0] else []
        self._recent.add(fresh)
        self._next += count

        def write() -> None:
            files.keys.insert_people(first, epoch, wrapped)
            newcomers.insert(files.writer, first, fresh, blinds, sealed)
            if held_sealed:
                newcomers.insert_held(files.writer, first, held_sealed, held[1])

        return write

    def _returning(self, chunk: _Chunk) -> Callable[[], None]:
        files = self._files
        rows = np.flatnonzero((chunk.found.person >= 0) & (chunk.found.person < len(chunk.known)))
        slots, place = np.unique(chunk.found.person[rows], return_inverse=True)
        _, who = persons(files.writer, chunk.known[slots])
        stored = people(files.writer, who)
        deks = as_bytes(files.keys.people(who)[:, :_DEK])
        news = self._news(chunk, slots, rows, place)
        versions: list[Version] = []
        for person, dek, told in zip(stored, deks, news, strict=True):
            version = returning.merged(person, dek, told, self._bearers)
            if version is not None:
                versions.append(version)
        return lambda: returning.write(files.writer, versions, self._first)

    def _news(self, chunk: _Chunk, slots: Indexes, rows: Indexes, place: Indexes) -> list[News]:
        """What the chunk says of each known person that it names."""
        count = len(slots)
        at = np.full(chunk.found.slots, -1, np.int64)
        at[slots] = np.arange(count)
        codes = chunk.bound[at[chunk.found.owner[chunk.bound]] >= 0]
        whose = at[chunk.found.owner[codes]]
        types = self._names(IDENTIFIER, chunk.ids.kinds)
        blinds, lengths = newcomers.typed(chunk.ids, codes, whose, types, count)
        ends = np.cumsum(lengths).tolist()
        cells = newcomers.identifier_cells(chunk.ids, codes, whose, count)
        held, filled = self._held(chunk, rows, place, count)
        parts = zip(
            records.plain(records.objects(records.latest(chunk.sealed, rows, place, count), count)),
            records.plain(records.objects(cells, count)),
            (blinds[start:end] for start, end in zip([0, *ends], ends, strict=False)),
            records.plain(records.objects(held, count)),
            filled or [None] * count,
            strict=True,
        )
        return [News(*part) for part in parts]

    def _held(
        self, chunk: _Chunk, rows: Indexes, place: Indexes, count: int
    ) -> tuple[dict[str, records.Cells], list[bytes | None]]:
        """Held cells per person, and which columns they fill."""
        columns = {} if chunk.held is None else records.latest(chunk.held, rows, place, count)
        if not columns:
            return {}, []
        return columns, records.column_bits(columns, self._names(HELD, tuple(columns)), count)

    def _names(self, kind: str, wanted: tuple[str, ...]) -> dict[str, int]:
        """Numbers of names, made where they are new."""
        known = names(self._files.writer, kind)
        missing = [(kind, name) for name in wanted if name not in known]
        if not missing:
            return known
        self._files.writer.executemany("INSERT INTO names (kind, name) VALUES (?, ?)", missing)
        known = names(self._files.writer, kind)
        if kind == IDENTIFIER and max(known.values()) > _MOST_TYPES:
            msg = "the vault knows too many identifier types and held columns for another type"
            raise ColumnsDisagree(msg)
        return known


def _run(steps: list[Callable[[], None]]) -> None:
    for step in steps:
        step()
