"""People who are new in a chunk: SubjectIds, keys and sealed records, made as columns and written by statement."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from gateway.foundation.arrays import Blocks
from gateway.vault import records
from gateway.vault.chunk import Identifiers
from gateway.vault.columns import COUNT, Indexes, as_bytes, fixed, piece, pieces, random_blocks, sort_order
from gateway.vault.keystore import PERSON
from gateway.vault.records import Cells
from gateway.vault.schema import TYPED_BLIND

_DEK = 32
_RECORDS = (
    f"{COUNT}INSERT INTO records SELECT ?2 + i, {fixed(3, 16)}, {piece(4, 5, 6)}, {piece(7, 8, 9)}, NULL, NULL FROM n"
)
_SUBJECTS = f"{COUNT}INSERT INTO subjects SELECT {fixed(3, 16)}, ?2 + i FROM n"
_BLINDS = f"{COUNT}INSERT INTO blind_index SELECT {fixed(2, 16)}, {fixed(3, 16)} FROM n"
_HELD = "UPDATE records SET held = ?, held_columns = ? WHERE person = ?"


@dataclass(frozen=True, slots=True)
class NewPeople:
    """Newcomers in the order of their random SubjectIds; ``rank`` finds them by the order they were resolved in."""

    subjects: Blocks
    rank: Indexes
    material: Blocks  # (n, 64): data encryption key, then audit tag key

    def __repr__(self) -> str:
        """Say nothing of the keys."""
        return f"NewPeople({len(self.subjects)})"

    @property
    def deks(self) -> list[bytes]:
        """Data encryption keys."""
        return as_bytes(self.material[:, :_DEK])


def make(count: int) -> NewPeople:
    """Draw SubjectIds and keys."""
    drawn = random_blocks(os.urandom(16 * count), 16)
    order = sort_order(drawn)
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count)
    return NewPeople(drawn[order], rank, random_blocks(os.urandom(PERSON * count), PERSON))


def identifier_cells(chunk: Identifiers, codes: Indexes, people: Indexes, count: int) -> dict[str, Cells]:
    """Normalised identifiers by type: text, or a list of texts where a person has several of one type."""
    cells: dict[str, Cells] = {}
    for kind, name in enumerate(chunk.kinds):
        mine = chunk.kind_of[codes] == kind
        rows, whose = chunk.row_of[codes[mine]], people[mine]
        if not len(rows):
            continue
        place = np.full(count, -1, np.int64)
        place[whose] = rows
        cells[name] = chunk.texts[kind].take(pa.array(place, mask=place < 0)).to_pylist()
        for who in np.flatnonzero(np.bincount(whose, minlength=count) > 1).tolist():
            cells[name][who] = sorted(chunk.texts[kind].take(pa.array(rows[whose == who])).to_pylist())
    return cells


def typed(
    chunk: Identifiers, codes: Indexes, people: Indexes, ids: dict[str, int], count: int
) -> tuple[bytes, Indexes]:
    """Each person's ``blinds``, one after the other, and their lengths."""
    order = np.argsort(people, kind="stable")
    numbers = np.array([ids[kind] for kind in chunk.kinds], np.uint8)
    entries = np.empty((len(codes), TYPED_BLIND), np.uint8)
    entries[:, 0] = numbers[chunk.kind_of[codes[order]]]
    entries[:, 1:] = chunk.blinds[codes[order]]
    return entries.tobytes(), np.bincount(people, minlength=count) * TYPED_BLIND


def insert(
    connection: sqlite3.Connection, first: int, people: NewPeople, blinds: tuple[bytes, Indexes], sealed: list[bytes]
) -> None:
    """Write records and subjects, numbered from ``first``."""
    count, subjects = len(sealed), people.subjects.tobytes()
    lengths = np.fromiter(map(len, sealed), np.int64, count)
    columns = (blinds[0], *pieces(blinds[1]), b"".join(sealed), *pieces(lengths))
    connection.execute(_RECORDS, (count, first, subjects, *columns))
    connection.execute(_SUBJECTS, (count, first, subjects))


def insert_blinds(connection: sqlite3.Connection, blinds: Blocks, subjects: Blocks) -> None:
    """Bind identifiers; ``blinds`` are sorted."""
    connection.execute(_BLINDS, (len(blinds), blinds.tobytes(), subjects.tobytes()))


def insert_held(
    connection: sqlite3.Connection, first: int, sealed: list[bytes | None], columns: list[bytes | None]
) -> None:
    """Write what is held of newcomers, where anything is."""
    rows = ((s, c, first + i) for i, (s, c) in enumerate(zip(sealed, columns, strict=True)) if s is not None)
    connection.executemany(_HELD, rows)


def seal(people: NewPeople, identifiers: dict[str, Cells], fields: dict[str, Cells]) -> list[bytes]:
    """Seal the newcomers' records."""
    count = len(people.subjects)
    texts = records.texts(records.objects(identifiers, count), records.objects(fields, count))
    return records.seal_all(people.deks, as_bytes(people.subjects), texts)


def seal_held(people: NewPeople, columns: dict[str, Cells], filled: list[bytes | None]) -> list[bytes | None]:
    """Seal what is held, for those newcomers of whom anything is."""
    rows = records.objects(columns, len(filled))
    some = [i for i, bits in enumerate(filled) if bits is not None]
    deks, subjects = people.deks, as_bytes(people.subjects)
    texts = [records.encode(rows[i]) for i in some]
    sealed = records.seal_all([deks[i] for i in some], [subjects[i] for i in some], texts, held=True)
    out: list[bytes | None] = [None] * len(filled)
    for i, text in zip(some, sealed, strict=True):
        out[i] = text
    return out
