"""What happens after a batch, and at the end of a person: settle, undo, shred. Each step may be run twice."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa

from gateway.foundation.database import to_micros, truncate_wal
from gateway.vault import known_names, records
from gateway.vault.blind import BlindHash
from gateway.vault.chunk import SUPPRESSIBLE
from gateway.vault.columns import COUNT, fixed, in_transaction
from gateway.vault.errors import BatchOpen
from gateway.vault.files import StoredPerson, VaultFiles, people, typed_blinds
from gateway.vault.returning import as_list
from gateway.vault.warrants import ShreddingReceipt
from gateway.vocabulary.names import BatchId

_AT_ONCE = 20_000  # people per statement when a batch is undone
_UNBIND = f"{COUNT}DELETE FROM blind_index WHERE blind IN (SELECT {fixed(2, 16)} FROM n)"
_FORGET = f"{COUNT}DELETE FROM subjects WHERE subject IN (SELECT {fixed(2, 16)} FROM n)"
_SETTLE = (
    "UPDATE records SET blinds = p.blinds, sealed = p.sealed, held = p.held, held_columns = p.held_columns"
    " FROM pending p WHERE p.person = records.person"
)
_DEK = 32


def unsettled(files: VaultFiles) -> BatchId | None:
    """The batch that is committed and neither settled nor undone."""
    row = files.reader.execute("SELECT batch FROM open_batch").fetchone()
    if row is not None:
        return BatchId(row[0])
    opened = files.keys.open_batch()
    return None if opened is None else opened[0]


def settle(files: VaultFiles, batch: BatchId) -> None:
    """The batch stays: superseded versions go, and it can be undone no more."""
    _not_while_writing(files)
    # Keys first: a note in keys.sqlite alone means a batch whose records were never committed.
    files.keys.settle_batch(batch)
    if files.reader.execute("SELECT 1 FROM open_batch WHERE batch = ?", (batch,)).fetchone() is None:
        return
    in_transaction(
        files.writer,
        (_SETTLE, ()),
        ("DELETE FROM pending", ()),
        *((sql, ()) for sql in known_names.SETTLE),
        ("DELETE FROM open_batch WHERE batch = ?", (batch,)),
    )
    known_names.forget(files)
    truncate_wal(files.writer)


def undo(files: VaultFiles, batch: BatchId) -> None:
    """Take back everything that came with the batch: people, bindings, versions, keys."""
    _not_while_writing(files)
    sql = "SELECT first_person, first_name FROM open_batch WHERE batch = ?"
    row = files.reader.execute(sql, (batch,)).fetchone()
    if row is not None:
        _undo_records(files, *row)
    files.keys.undo_batch(batch)


def drop_stray_keys(files: VaultFiles) -> None:
    """Destroy keys of a batch whose records were never committed: the process died while it was being written."""
    opened = files.keys.open_batch()
    if opened is None or files.reader.execute("SELECT 1 FROM open_batch WHERE batch = ?", (opened[0],)).fetchone():
        return
    files.keys.undo_batch(opened[0])


def _undo_records(files: VaultFiles, first_person: int, first_name: int) -> None:
    writer = files.writer
    writer.execute("BEGIN IMMEDIATE")
    try:
        _undo_versions(writer)
        while _undo_newest(writer, first_person):
            pass
        writer.execute("DELETE FROM names WHERE id >= ?", (first_name,))
        writer.execute("DELETE FROM pending_names")
        writer.execute("DELETE FROM open_batch")
    except BaseException:
        writer.execute("ROLLBACK")
        raise
    writer.execute("COMMIT")
    truncate_wal(writer)


def _undo_versions(writer: Any) -> None:
    """Unbind what pending versions bound, and drop them."""
    sql = "SELECT substr(p.blinds, length(r.blinds) + 1) FROM pending p JOIN records r USING (person)"
    cursor = writer.execute(sql)
    added = b"".join(row[0] for row in cursor.fetchall())
    _unbind(writer, added)
    writer.execute("DELETE FROM pending")


def _undo_newest(writer: Any, first_person: int) -> bool:
    """Remove some of the people that came with the batch; whether there were any."""
    sql = "SELECT person, subject, blinds FROM records WHERE person >= ? ORDER BY person DESC LIMIT ?"
    rows = writer.execute(sql, (first_person, _AT_ONCE)).fetchall()
    if not rows:
        return False
    _unbind(writer, b"".join(row[2] for row in rows))
    writer.execute(_FORGET, (len(rows), b"".join(row[1] for row in rows)))
    writer.execute("DELETE FROM records WHERE person >= ?", (rows[-1][0],))
    return True


def _unbind(writer: Any, blinds: bytes) -> None:
    _, keys = typed_blinds(blinds)
    writer.execute(_UNBIND, (len(keys), keys.tobytes()))


def shred(files: VaultFiles, person: int, *, suppress: bool, at: dt.datetime) -> ShreddingReceipt:
    """Destroy one person: suppression and names first, then the key, then everything the key opened.

    In this order a crash leaves a state from which the same call goes on.
    """
    _not_while_writing(files)
    stored = people(files.reader, np.array([person], np.int64))[0]
    wrapped = files.keys.wrapped(person)
    suppressed = names = 0
    if wrapped is not None:
        dek = files.keys.people(np.array([person], np.int64))[0, :_DEK].tobytes()
        if suppress:
            suppressed = _suppress(files, records.unseal(dek, stored.subject, stored.sealed)["i"], at)
        names = known_names.release(files, stored, dek)
    destroyed = files.keys.destroy_person(person)
    removed = _remove(files, stored)
    epoch = wrapped[0] if wrapped is not None else 0
    return ShreddingReceipt(at, epoch, destroyed, removed[0], removed[1], suppressed, names)


def _suppress(files: VaultFiles, identifiers: dict[str, Any], at: dt.datetime) -> int:
    macs = [
        (mac, to_micros(at))
        for kind, value in identifiers.items()
        if kind in SUPPRESSIBLE
        for mac in _macs(files.suppression, kind, as_list(value))
    ]
    sql = "INSERT OR IGNORE INTO suppression VALUES (?, ?)"
    in_transaction(files.writer, *((sql, row) for row in macs))
    return len(macs)


def _macs(suppression: BlindHash, kind: str, texts: list[str]) -> list[bytes]:
    return [row.tobytes() for row in suppression.of(kind, pa.array(texts, pa.string()))]


def _remove(files: VaultFiles, stored: StoredPerson) -> tuple[int, int]:
    """Delete a person's rows; the numbers of record versions and of identifiers."""
    _, keys = typed_blinds(stored.blinds)
    counts = in_transaction(
        files.writer,
        (_UNBIND, (len(keys), keys.tobytes())),
        ("DELETE FROM pending WHERE person = ?", (stored.person,)),
        ("DELETE FROM records WHERE person = ?", (stored.person,)),
        ("DELETE FROM subjects WHERE subject = ?", (stored.subject,)),
    )
    truncate_wal(files.writer)
    return counts[1] + counts[2], counts[0]


def _not_while_writing(files: VaultFiles) -> None:
    if files.writing is not None:
        msg = "a batch is being written: try again when it is done"
        raise BatchOpen(msg)
