"""People who are known already and come again: their record, overlaid with what is new."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from gateway.vault import records
from gateway.vault.borne import Bearers
from gateway.vault.files import StoredPerson

Version = tuple[bytes, bytes, bytes | None, bytes | None, int]  # blinds, sealed, held, held_columns, person
_IN_PLACE = "UPDATE records SET blinds = ?, sealed = ?, held = ?, held_columns = ? WHERE person = ?"
_BESIDE = "INSERT OR REPLACE INTO pending (blinds, sealed, held, held_columns, person) VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class News:
    """What a chunk says of one known person."""

    fields: dict[str, Any]
    identifiers: dict[str, Any]
    blinds: bytes  # of identifiers that are newly bound
    held: dict[str, Any]
    held_columns: bytes | None


def merged(stored: StoredPerson, dek: bytes, news: News, bearers: Bearers) -> Version | None:
    """The person's new version, old values overlaid with new ones; ``None`` when nothing changes."""
    sealed = _record(stored, dek, news, bearers)
    held, columns = stored.held, stored.held_columns
    if news.held_columns is not None:
        before = {} if held is None else records.unseal(dek, stored.subject, held, held=True)
        after = {**before, **news.held}
        if after != before:
            held = records.seal_all([dek], [stored.subject], [records.encode(after)], held=True)[0]
            columns = _union(columns or b"", news.held_columns)
    if sealed is None and held is stored.held:
        return None
    return stored.blinds + news.blinds, sealed or stored.sealed, held, columns, stored.person


def write(connection: sqlite3.Connection, versions: Iterable[Version], first: int) -> None:
    """Write new versions: in place for people who came with this batch, beside the old one for all others."""
    versions = list(versions)
    connection.executemany(_IN_PLACE, (v for v in versions if v[-1] >= first))
    connection.executemany(_BESIDE, (v for v in versions if v[-1] < first))


def _record(stored: StoredPerson, dek: bytes, news: News, bearers: Bearers) -> bytes | None:
    before = records.unseal(dek, stored.subject, stored.sealed)
    after = {"i": _joined(before["i"], news.identifiers), "f": {**before["f"], **news.fields}}
    if after == before and not news.blinds:
        return None
    bearers.changed(before["f"], after["f"])
    return records.seal_all([dek], [stored.subject], [records.encode(after)])[0]


def _joined(before: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Identifiers by type, one text or a sorted list of several."""
    out = dict(before)
    for kind, value in more.items():
        every = sorted({*as_list(before.get(kind)), *as_list(value)})
        out[kind] = every[0] if len(every) == 1 else every
    return out


def as_list(value: Any) -> list[str]:
    """The texts of one identifier type in a record."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def _union(one: bytes, other: bytes) -> bytes:
    width = max(len(one), len(other))
    bits = np.frombuffer(one.ljust(width, b"\0"), np.uint8) | np.frombuffer(other.ljust(width, b"\0"), np.uint8)
    return bits.tobytes()
