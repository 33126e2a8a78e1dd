"""Held cells, of columns that nobody has decided on: they go when their time is over."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from gateway.foundation.database import truncate_wal
from gateway.vault import records
from gateway.vault.columns import in_transaction
from gateway.vault.errors import BatchOpen
from gateway.vault.files import HELD, StoredPerson, VaultFiles, names, people

_AT_ONCE = 20_000
_DEK = 32
_HOLDERS = "SELECT person FROM records WHERE held_columns IS NOT NULL AND person > ? ORDER BY person LIMIT ?"
_REPLACE = "UPDATE records SET held = ?, held_columns = ? WHERE person = ?"
Replaced = tuple[bytes | None, bytes | None, int]


def drop_held(files: VaultFiles, columns: Collection[str]) -> int:
    """Remove everybody's cells of these columns and forget their names; the number of people touched."""
    if files.writing is not None:
        msg = "a batch is being written: try again when it is done"
        raise BatchOpen(msg)
    known = names(files.reader, HELD)
    over = {name: known[name] for name in columns if name in known}
    if not over:
        return 0
    touched, last = 0, -1
    while holders := [row[0] for row in files.reader.execute(_HOLDERS, (last, _AT_ONCE)).fetchall()]:
        touched += _drop(files, np.array(holders, np.int64), over)
        last = holders[-1]
    in_transaction(files.writer, *(("DELETE FROM names WHERE id = ?", (number,)) for number in over.values()))
    truncate_wal(files.writer)
    return touched


def _drop(files: VaultFiles, holders: np.ndarray, over: dict[str, int]) -> int:
    deks = files.keys.people(holders)[:, :_DEK]
    replaced = [
        _without(stored, dek.tobytes(), over)
        for stored, dek in zip(people(files.reader, holders), deks, strict=True)
        if not set(over.values()).isdisjoint(records.bits_to_ids(stored.held_columns or b""))
    ]
    in_transaction(files.writer, *((_REPLACE, version) for version in replaced))
    return len(replaced)


def _without(stored: StoredPerson, dek: bytes, over: dict[str, int]) -> Replaced:
    """The person's held cells, sealed anew without those columns."""
    cells = records.unseal(dek, stored.subject, stored.held or b"", held=True)
    left = {name: cell for name, cell in cells.items() if name not in over}
    if not left:
        return None, None, stored.person
    bits = np.unpackbits(np.frombuffer(stored.held_columns or b"", np.uint8), bitorder="little")
    bits[list(over.values())] = 0
    sealed = records.seal_all([dek], [stored.subject], [records.encode(left)], held=True)[0]
    return sealed, np.packbits(bits, bitorder="little").tobytes(), stored.person
