"""Purposes, notices, channels and languages as small numbers: an event then takes 40 bytes instead of 100."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

NONE = 0  # none was named


class Words:
    """The words of one connection; new ones become part of its transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ids: dict[str, int] = {}
        self._new: set[str] = set()

    def id_of(self, text: str | None) -> int:
        """Return a word's id, making one if need be."""
        if text is None:
            return NONE
        if text not in self._ids:
            added = self._connection.execute("INSERT OR IGNORE INTO consent_word(text) VALUES (?)", (text,))
            self._new |= {text} if added.rowcount else set()
            found = self._connection.execute("SELECT id FROM consent_word WHERE text = ?", (text,)).fetchone()
            self._ids[text] = int(found[0])
        return self._ids[text]

    def is_new(self, text: str) -> bool:
        """Whether no event before this transaction can have used the word."""
        return text in self._new

    def ids(self, column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
        """Return a column of words as ids, null as 0."""
        encoded = pc.dictionary_encode(column.cast(pa.string())).combine_chunks()
        if isinstance(encoded, pa.ChunkedArray):  # an empty one
            return np.empty(0, np.int64)
        known = np.array([*(self.id_of(word) for word in encoded.dictionary.to_pylist()), NONE], np.int64)
        places: npt.NDArray[np.int64] = encoded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)
        return known[places]


def texts(connection: sqlite3.Connection) -> dict[int, str]:
    """Return the text of every word."""
    return dict(connection.execute("SELECT id, text FROM consent_word"))


def ages(known: Mapping[int, str]) -> npt.NDArray[np.int64]:
    """Return by id how old a version of a notice is taken to be: the lower, the older; none at all is the lowest.

    The text alone decides, so that it does not matter which version came first.
    """
    found = np.zeros(max(known, default=0) + 1, np.int64)
    found[sorted(known, key=lambda each: known[each])] = range(1, len(known) + 1)
    return found


def column_of(ids: npt.NDArray[np.int64], known: dict[int, str]) -> pa.Array:
    """Return ids as a column of text, 0 as null: a dictionary, in which an id is its own code."""
    table = pa.array([known.get(i, "") for i in range(max(known, default=0) + 1)], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(ids.astype(np.int32), mask=ids == NONE), table)
