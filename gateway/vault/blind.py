"""Keyed hashes of identifiers: the blind index and the suppression list (HMAC-SHA-256 cut to 128 bits, RFC 2104)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from cryptography.hazmat.primitives import hashes, hmac

from gateway.foundation.arrays import Blocks

_INDEX = b"gw1|bi|"
_SUPPRESSION = b"gw1|supp|"
_SIZE = 16


class BlindHash:
    """HMAC of ``domain | type | value`` for columns; one copy of a prepared state per value (0.6 µs each)."""

    __slots__ = ("_domain", "_key")

    def __init__(self, key: bytes, domain: bytes) -> None:
        self._key = key
        self._domain = domain

    @classmethod
    def index(cls, key: bytes) -> BlindHash:
        """The blind index, under K_index."""
        return cls(key, _INDEX)

    @classmethod
    def suppression(cls, key: bytes) -> BlindHash:
        """The suppression list, under K_suppression."""
        return cls(key, _SUPPRESSION)

    def __repr__(self) -> str:
        """Say nothing of the key."""
        return "BlindHash(…)"

    def of(self, kind: str, values: pa.Array) -> Blocks:
        """Hash a column of normalised text without nulls; (n, 16)."""
        base = hmac.HMAC(self._key, hashes.SHA256())
        base.update(self._domain + kind.encode() + b"|")
        copy = base.copy
        digests: list[bytes] = []
        keep = digests.append
        for value in values.cast(pa.binary()).to_pylist():
            state = copy()
            state.update(value)
            keep(state.finalize())
        return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)[:, :_SIZE]
