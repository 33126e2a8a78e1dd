"""Audit subject tags: HMAC-SHA-256 under a person's own tag key, cut to 128 bits. They die with the key."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from gateway.foundation.arrays import BLOCK, Blocks, to_blocks
from gateway.vault.columns import as_bytes, sort_order, words
from gateway.vault.files import VaultFiles, persons
from gateway.vault.newcomers import NewPeople
from gateway.vault.text import scatter
from gateway.vocabulary.names import EntryId

_DOMAIN = b"tag/v1|"
_TAG = 16
_TAG_KEY = 32  # a person's material: 32 bytes of data encryption key, then the tag key
_BLOCK = 64  # SHA-256's block; RFC 2104 section 2
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_KEEP = 262_144  # people whose tag keys a session keeps at hand; 12 MB


class RecentKeys:
    """Tag keys of the newest people of a session, so that they need no unwrapping."""

    def __init__(self) -> None:
        self._chunks: list[tuple[Blocks, Blocks]] = []

    def __repr__(self) -> str:
        """Say nothing of the keys."""
        return "RecentKeys(…)"

    def add(self, people: NewPeople) -> None:
        """Keep one chunk's keys; forget the oldest."""
        self._chunks.append((people.subjects, people.material[:, _TAG_KEY:].copy()))
        while len(self._chunks) > 1 and sum(len(subjects) for subjects, _ in self._chunks) > _KEEP:
            del self._chunks[0]

    def clear(self) -> None:
        """Forget all."""
        self._chunks.clear()

    def fill(self, subjects: Blocks, keys: Blocks, missing: np.ndarray) -> None:
        """Put the keys at hand into ``keys`` and take them off ``missing``."""
        for known, theirs in self._chunks:
            rows = np.flatnonzero(missing)
            if not len(rows):
                return
            high, _ = words(known)  # sorted: newcomers stand in the order of their SubjectIds
            at = np.searchsorted(high, words(subjects[rows])[0]).clip(max=len(known) - 1)
            same = (known[at] == subjects[rows]).all(axis=1)
            keys[rows[same]] = theirs[at[same]]
            missing[rows[same]] = False


def tags(
    files: VaultFiles,
    connection: Callable[[], sqlite3.Connection],
    refs: pa.Array,
    entry_id: EntryId,
    recent: RecentKeys | None = None,
) -> pa.Array:
    """Tags of people for one audit entry; null for a null or unknown reference.

    ``connection`` is asked for only when somebody's key is not among ``recent``.
    """
    column = refs.combine_chunks() if isinstance(refs, pa.ChunkedArray) else refs
    there = column.is_valid().to_numpy(zero_copy_only=False)
    subjects = files.store.inverse(to_blocks(column.drop_null().cast(BLOCK)))
    keys = np.empty((len(subjects), 32), np.uint8)
    missing = np.ones(len(subjects), bool)
    if recent is not None:
        recent.fill(subjects, keys, missing)
    rows = np.flatnonzero(missing)
    if len(rows):
        rows = rows[sort_order(subjects[rows])]
        places, who = persons(connection(), subjects[rows])
        keys[rows[places]] = files.keys.people(who)[:, _TAG_KEY:]
        missing[rows[places]] = False
    there[there] = ~missing
    return scatter(_hmac_all(keys[~missing], _DOMAIN + entry_id.encode()), there)


def tags_of(key: bytes, entry_ids: Sequence[EntryId]) -> bytes:
    """One person's tags for many entries, one after the other."""
    padded = key.ljust(_BLOCK, b"\0")
    inner, outer = hashlib.sha256(padded.translate(_INNER) + _DOMAIN), hashlib.sha256(padded.translate(_OUTER))
    return b"".join(_tag(inner.copy(), outer.copy(), entry.encode()) for entry in entry_ids)


def _tag(inner: hashlib._Hash, outer: hashlib._Hash, entry: bytes) -> bytes:
    """RFC 2104 from the two keyed beginnings: hmac.digest would hand the interpreter to another thread each time."""
    inner.update(entry)
    outer.update(inner.digest())
    return outer.digest()[:_TAG]


def _hmac_all(keys: Blocks, message: bytes) -> Blocks:
    """HMAC-SHA-256 of one message under many keys of 32 bytes: RFC 2104 with both pads made as columns."""
    padded = np.zeros((len(keys), _BLOCK), np.uint8)
    padded[:, :32] = keys
    sha = hashlib.sha256
    inner = [sha(pad + message).digest() for pad in as_bytes(padded ^ np.uint8(0x36))]
    outer = [sha(pad + text).digest() for pad, text in zip(as_bytes(padded ^ np.uint8(0x5C)), inner, strict=True)]
    return np.frombuffer(b"".join(outer), np.uint8).reshape(-1, 32)[:, :_TAG]
