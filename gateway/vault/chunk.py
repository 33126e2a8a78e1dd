"""One chunk of rows as the vault sees it: normalised identifiers, hashed, and numbered where they are distinct."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gateway.foundation.arrays import Blocks
from gateway.vault.blind import BlindHash
from gateway.vault.columns import Indexes, distinct, lookup, random_blocks
from gateway.vault.errors import ColumnsDisagree
from gateway.vault.normalise import normalise

SUPPRESSIBLE = frozenset({"email", "phone", "customer_number", "national_id"})


@dataclass(frozen=True, slots=True)
class Identifiers:
    """Distinct identifiers of a chunk. ``codes`` (rows, types) numbers each row's, -1 where absent."""

    kinds: tuple[str, ...]
    texts: tuple[pa.Array, ...]  # normalised, one column per type
    codes: Indexes
    blinds: Blocks  # sorted
    kind_of: Indexes
    row_of: Indexes  # a row that has it


def read(columns: Mapping[str, pa.Array], regions: pa.Array | None, index: BlindHash) -> Identifiers:
    """Normalise and hash the identifier columns, strongest first."""
    kinds = tuple(columns)
    count = {len(column) for column in columns.values()} | ({len(regions)} if regions is not None else set())
    if len(count) != 1:
        msg = "the identifier columns are not of the same rows"
        raise ColumnsDisagree(msg)
    texts = tuple(normalise(kind, column, regions) for kind, column in columns.items())
    hashed = [_hash(index, kind, text) for kind, text in zip(kinds, texts, strict=True)]
    rows = np.concatenate([places for places, _ in hashed])
    types = np.repeat(np.arange(len(kinds)), [len(places) for places, _ in hashed])
    blinds, place = distinct(np.concatenate([blocks for _, blocks in hashed]))
    codes = np.full((count.pop(), len(kinds)), -1, np.int64)
    codes[rows, types] = place
    kind_of = np.empty(len(blinds), np.int64)
    row_of = np.empty(len(blinds), np.int64)
    kind_of[place], row_of[place] = types, rows
    return Identifiers(kinds, texts, codes, blinds, kind_of, row_of)


def suppressed(chunk: Identifiers, connection: sqlite3.Connection, suppression: BlindHash) -> npt.NDArray[np.bool_]:
    """Tell which rows are of people who asked never to come back."""
    out = np.zeros(len(chunk.codes), bool)
    if connection.execute("SELECT 1 FROM suppression LIMIT 1").fetchone() is None:
        return out
    for kind, text in zip(chunk.kinds, chunk.texts, strict=True):
        if kind in SUPPRESSIBLE:
            rows, macs = _hash(suppression, kind, text)
            unique, place = distinct(macs)
            hit = np.zeros(len(unique), bool)
            hit[lookup(connection, "suppression.mac", unique, "1")[0]] = True
            out[rows[hit[place]]] = True
    return out


def owners(chunk: Identifiers, connection: sqlite3.Connection) -> tuple[Indexes, Blocks]:
    """Slot of each distinct identifier, -1 where unknown; and the SubjectIds of the slots."""
    places, values = lookup(connection, "blind_index.blind", chunk.blinds, "t.subject")
    subjects, slots = distinct(random_blocks(b"".join(values), 16))
    owner = np.full(len(chunk.blinds), -1, np.int64)
    owner[places] = slots
    return owner, subjects


def without(chunk: Identifiers, rows: npt.NDArray[np.bool_]) -> Identifiers:
    """The chunk as if ``rows`` had no identifier."""
    codes = np.where(rows[:, None], -1, chunk.codes)
    return Identifiers(chunk.kinds, chunk.texts, codes, chunk.blinds, chunk.kind_of, chunk.row_of)


def _hash(index: BlindHash, kind: str, text: pa.Array) -> tuple[Indexes, Blocks]:
    places = np.flatnonzero(text.is_valid().to_numpy(zero_copy_only=False))
    values = text.drop_null()
    if not len(values):
        return places, np.empty((0, 16), np.uint8)
    coded = values.dictionary_encode()  # events repeat a person many times
    if len(coded.dictionary) * 2 > len(values):
        return places, index.of(kind, values)
    return places, index.of(kind, coded.dictionary)[coded.indices.to_numpy()]
