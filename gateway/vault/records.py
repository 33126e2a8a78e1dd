"""A person's sealed record: JSON under AES-256-GCM with the person's own key; and the JSON of many people at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.foundation.arrays import Blocks
from gateway.vault.columns import Indexes, as_bytes, random_blocks
from gateway.vault.errors import VaultDamaged

NONCE = 12  # bytes; random, and a key seals few records (NIST SP 800-38D section 8.2.2)
_RECORD = b"gw1|record|"
_HELD = b"gw1|held|"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode

Cells = list[Any]


def seal_all(keys: list[bytes], subjects: list[bytes], texts: Sequence[bytes], *, held: bool = False) -> list[bytes]:
    """Seal one text per person: nonce, ciphertext and tag."""
    domain = _HELD if held else _RECORD
    nonces = as_bytes(random_blocks(os.urandom(NONCE * len(keys)), NONCE))
    return [
        nonce + AESGCM(key).encrypt(nonce, text, domain + subject)
        for key, nonce, text, subject in zip(keys, nonces, texts, subjects, strict=True)
    ]


def unseal(key: bytes, subject: bytes, sealed: bytes, *, held: bool = False) -> dict[str, Any]:
    """Open one record; ``VaultDamaged`` when it was changed or belongs to somebody else."""
    try:
        text = AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], (_HELD if held else _RECORD) + subject)
        return _decode(text)
    except (InvalidTag, ValueError, msgspec.MsgspecError):
        msg = "a sealed record does not open under its person's key: a damaged vault.sqlite"
        raise VaultDamaged(msg) from None


def encode(record: Any) -> bytes:
    """One record as JSON."""
    return _encode(record)


def objects(columns: dict[str, Cells], count: int) -> list[Any]:
    """Rows as things that encode to JSON objects without their nulls.

    A Struct made for these columns costs a third of a dict per row.
    """
    if not columns:
        return [{}] * count
    names = list(columns)
    slots = [f"c{i}" for i in range(len(names))]
    row = msgspec.defstruct(
        "Row",
        [(slot, Any, None) for slot in slots],
        rename=dict(zip(slots, names, strict=True)),
        omit_defaults=True,
        gc=False,  # rows hold only texts and numbers: nothing that could make a circle
    )
    return list(map(row, *columns.values()))


def texts(identifiers: list[Any], fields: list[Any]) -> list[bytes]:
    """The JSON of records: ``i`` the identifiers that are bound, by type, and ``f`` the fields."""
    pair = msgspec.defstruct("Pair", [("i", Any), ("f", Any)], gc=False)
    return [_encode(pair(i, f)) for i, f in zip(identifiers, fields, strict=True)]


def plain(rows: list[Any]) -> list[dict[str, Any]]:
    """Rows as they will be read back from JSON: dates and numbers in the form that JSON gives them."""
    return [_decode(_encode(row)) for row in rows]


def latest(table: pa.Table, rows: Indexes, people: Indexes, count: int) -> dict[str, Cells]:
    """For each person the last value that is not null, per column.

    ``rows`` are rows of ``table`` in order and ``people`` (0 to ``count`` - 1) whose they are.
    """
    out: dict[str, Cells] = {}
    once = len(rows) == count
    every = np.full(count, -1, np.int64)
    every[people] = rows
    for name in table.column_names:
        column = table.column(name)
        if column.null_count == len(column):
            continue
        if once:
            picked = column.take(pa.array(every))
        else:
            valid = column.is_valid().to_numpy()[rows]
            last = np.full(count, -1, np.int64)
            last[people[valid]] = rows[valid]  # of equal places the last assignment stays
            picked = column.take(pa.array(last, mask=last < 0))
        out[name] = _cells(picked)
    return out


def _cells(column: pa.ChunkedArray) -> Cells:
    cells: Cells = column.to_pylist()
    if pa.types.is_floating(column.type):  # JSON has no NaN
        return [None if cell != cell else cell for cell in cells]  # noqa: PLR0124 -- only NaN differs from itself
    return cells


def column_bits(columns: dict[str, Cells], ids: dict[str, int], count: int) -> list[bytes | None]:
    """Which named columns each row fills, as a bitmap by the names' numbers; null where none."""
    width = max(ids.values(), default=0) + 1
    bits = np.zeros((count, width), bool)
    for name, cells in columns.items():
        bits[:, ids[name]] = [cell is not None for cell in cells]
    some: list[bool] = np.any(bits, axis=1).tolist()
    packed: Blocks = np.packbits(bits, axis=1, bitorder="little")
    return [text if any_ else None for text, any_ in zip(as_bytes(packed), some, strict=True)]


def bits_to_ids(bitmap: bytes) -> list[int]:
    """The numbers in a bitmap of ``column_bits``."""
    found: list[int] = np.flatnonzero(np.unpackbits(np.frombuffer(bitmap, np.uint8), bitorder="little")).tolist()
    return found
