"""How many people bear each name: ``known_names``, and beside it what the open batch changes (``pending_names``).

The counts follow the people: settled with the batch, dropped with it, and taken back before a person's key goes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from gateway.vault import records
from gateway.vault.borne import PARTS, BorneNames, names_of
from gateway.vault.columns import Indexes, as_bytes, in_transaction
from gateway.vault.files import StoredPerson, VaultFiles, people

MOST = 500_000  # distinct names that are held in memory; beyond them the rest is not looked for
WHOLE = 50_000  # people up to whom the check counts everybody; beyond, so many of them
_AT_ONCE = 20_000
_DEK = 32
_UPSERT = (
    "INSERT INTO {table} (name, bearers) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET bearers = bearers + excluded.bearers"
)
_CHANGE = _UPSERT.format(table="pending_names")
SETTLE = (
    (
        "INSERT INTO known_names SELECT name, bearers FROM pending_names WHERE bearers <> 0"
        " ON CONFLICT (name) DO UPDATE SET bearers = bearers + excluded.bearers"
    ),
    "DELETE FROM known_names WHERE bearers <= 0 AND name IN (SELECT name FROM pending_names)",
    "DELETE FROM pending_names",
)
_RELEASE = "UPDATE known_names SET bearers = bearers - 1 WHERE name = ?"
_LAST = "DELETE FROM known_names WHERE name = ? AND bearers <= 0"
_COUNTS = (
    "SELECT name, sum(bearers) FROM (SELECT * FROM known_names UNION ALL SELECT * FROM pending_names)"
    " GROUP BY name HAVING sum(bearers) <> 0"
)


def write(files: VaultFiles, changes: Mapping[str, int]) -> None:
    """Note what the open batch changes, inside its transaction."""
    rows = sorted((files.names.seal(name), change) for name, change in changes.items() if change)
    files.writer.executemany(_CHANGE, rows)


def load(files: VaultFiles) -> BorneNames:
    """Return the names of everybody, settled batches only; kept until they change."""
    if files.known is None:
        rows = files.reader.execute("SELECT name FROM known_names LIMIT ?", (MOST,))
        files.known = BorneNames.of(files.names.open(row[0]) for row in rows)
    return files.known


def forget(files: VaultFiles) -> None:
    """Drop what is held in memory: a batch was settled, or a person is no more."""
    files.known = None


def release(files: VaultFiles, stored: StoredPerson, dek: bytes) -> int:
    """Take one person's names out of the counts, and out of the record, so that it happens once; how many.

    Comes before the person's key is destroyed: after a crash in between, the same call finds no names any more.
    """
    settled, newest = _versions(files, stored, dek)
    before, after = names_of(settled["f"]) if settled else set(), names_of(newest["f"])
    if not before | after:
        return 0
    nameless = {**newest, "f": {name: value for name, value in newest["f"].items() if name not in PARTS}}
    sealed = records.seal_all([dek], [stored.subject], [records.encode(nameless)])[0]
    gone = [(files.names.seal(name),) for name in before]
    change = [
        (files.names.seal(name), by) for names, by in ((before - after, 1), (after - before, -1)) for name in names
    ]
    in_transaction(
        files.writer,
        *((_RELEASE, row) for row in gone),
        *((_LAST, row) for row in gone),
        *((_CHANGE, row) for row in change),
        ("UPDATE records SET sealed = ? WHERE person = ?", (sealed, stored.person)),
        ("UPDATE pending SET sealed = ? WHERE person = ?", (sealed, stored.person)),
    )
    forget(files)
    return len(after)


def _versions(files: VaultFiles, stored: StoredPerson, dek: bytes) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """The person's record as it stands without the open batch, if it does, and as it is now."""
    newest = records.unseal(dek, stored.subject, stored.sealed)
    opened = files.reader.execute("SELECT first_person FROM open_batch").fetchone()
    if opened is None:
        return newest, newest
    if stored.person >= opened[0]:
        return None, newest
    sealed = files.reader.execute("SELECT sealed FROM records WHERE person = ?", (stored.person,)).fetchone()[0]
    return records.unseal(dek, stored.subject, sealed), newest


def agree(files: VaultFiles) -> bool:
    """Whether the counts are those of the sealed records: all of up to ``WHOLE`` people, or so many of more.

    No name stands without a bearer in any case.
    """
    if files.reader.execute("SELECT 1 FROM known_names WHERE bearers <= 0 LIMIT 1").fetchone() is not None:
        return False
    noted = Counter({files.names.open(name): bearers for name, bearers in files.reader.execute(_COUNTS).fetchall()})
    counted = _recount(files)
    if int(files.reader.execute("SELECT count(*) FROM records").fetchone()[0]) <= WHOLE:
        return noted == counted
    return counted <= noted


def _recount(files: VaultFiles) -> Counter[str]:
    sql = "SELECT person FROM records ORDER BY person LIMIT ?"
    numbers = np.array(files.reader.execute(sql, (WHOLE,)).fetchall(), np.int64).reshape(-1)
    counted: Counter[str] = Counter()
    for start in range(0, len(numbers), _AT_ONCE):
        for fields in _opened(files, numbers[start : start + _AT_ONCE]):
            counted.update(names_of(fields))
    return counted


def _opened(files: VaultFiles, numbers: Indexes) -> list[dict[str, Any]]:
    deks = as_bytes(files.keys.people(numbers)[:, :_DEK])
    stored = people(files.reader, numbers)
    return [records.unseal(dek, one.subject, one.sealed)["f"] for one, dek in zip(stored, deks, strict=True)]
