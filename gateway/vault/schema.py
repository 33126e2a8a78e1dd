"""The two files of the vault: what is sealed, and the keys that open it. They hold nothing that joins but a number.

``vault.sqlite`` knows a person as ``person`` (a row number) and ``subject`` (the SubjectId); ``keys.sqlite`` knows
``person`` only. Row numbers follow the random SubjectIds within a chunk, so they tell nothing of the order in a file.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from gateway.foundation.database import open_sqlite

VAULT = "vault.sqlite"
KEYS = "keys.sqlite"
TYPED_BLIND = 17  # bytes per entry of ``blinds``: the identifier type's number, then the blind index

VAULT_DDL = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE blind_index (blind BLOB PRIMARY KEY, subject BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE subjects (subject BLOB PRIMARY KEY, person INTEGER NOT NULL) WITHOUT ROWID",
    (
        "CREATE TABLE records (person INTEGER PRIMARY KEY, subject BLOB NOT NULL, blinds BLOB NOT NULL,"
        " sealed BLOB NOT NULL, held BLOB, held_columns BLOB)"
    ),
    # The open batch's new versions of people who were known before it.
    (
        "CREATE TABLE pending (person INTEGER PRIMARY KEY, blinds BLOB NOT NULL, sealed BLOB NOT NULL,"
        " held BLOB, held_columns BLOB)"
    ),
    "CREATE TABLE names (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (kind, name))",
    # How many people bear each name that is known (sealed: see ``borne``), and by how much the open batch changes it.
    "CREATE TABLE known_names (name BLOB PRIMARY KEY, bearers INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE pending_names (name BLOB PRIMARY KEY, bearers INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE suppression (mac BLOB PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID",
    # At most one batch is open; it came with every person from ``first_person`` and every name from ``first_name``.
    (
        "CREATE TABLE open_batch (one INTEGER PRIMARY KEY CHECK (one = 1), batch TEXT NOT NULL,"
        " first_person INTEGER NOT NULL, first_name INTEGER NOT NULL)"
    ),
)
KEYS_DDL = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE system_keys (name TEXT PRIMARY KEY, epoch INTEGER NOT NULL, wrapped BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE person_keys (person INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, wrapped BLOB NOT NULL)",
    (
        "CREATE TABLE scopes (id TEXT PRIMARY KEY, recipient TEXT NOT NULL, purpose TEXT NOT NULL, label TEXT NOT NULL,"
        " epoch INTEGER NOT NULL, wrapped BLOB NOT NULL, UNIQUE (recipient, purpose, label)) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE batch_keys (batch TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, epoch INTEGER NOT NULL,"
        " wrapped BLOB NOT NULL) WITHOUT ROWID"
    ),
    (
        "CREATE TABLE open_batch (one INTEGER PRIMARY KEY CHECK (one = 1), batch TEXT NOT NULL,"
        " first_person INTEGER NOT NULL)"
    ),
)
SMALL_CACHE = "PRAGMA cache_size=-16384"
# Random keys visit the whole blind index chunk by chunk; wider pages are fewer visits (measured: a sixth less time).
_PAGE = "PRAGMA page_size=16384"


def make(path: Path, ddl: tuple[str, ...], pair: bytes) -> None:
    """Create one file with its tables and the mark that pairs it with the other."""
    with contextlib.closing(sqlite3.connect(path)) as fresh:  # before the write-ahead log fixes the size of a page
        fresh.execute(_PAGE)
        fresh.execute("VACUUM")
    connection = open_sqlite(path)
    try:
        connection.execute("BEGIN IMMEDIATE")
        for statement in ddl:
            connection.execute(statement)
        connection.execute("INSERT INTO meta VALUES ('pair', ?)", (pair,))
        connection.execute("COMMIT")
    finally:
        connection.close()


def reader(path: Path) -> sqlite3.Connection:
    """Open a second connection for questions: it sees committed rows only, while a batch is being written."""
    connection = open_sqlite(path)
    connection.execute(SMALL_CACHE)
    connection.execute("PRAGMA query_only=ON")
    return connection
