"""AES over whole columns: CMAC of one block (NIST SP 800-38B) and key wrap (RFC 3394, NIST SP 800-38F).

Both are made of AES on single blocks, so a column of n values costs one call, respectively 6 * blocks calls, to
OpenSSL whatever n is. Equality with the ``cryptography`` package and the published vectors is tested.
"""

from __future__ import annotations

import sys

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gateway.foundation.arrays import Blocks

_WRAP_IV = np.uint64(int.from_bytes(b"\xa6" * 8, "big"))
_STEPS = 6  # RFC 3394 section 2.2.1
_HALF = 8  # bytes of a semiblock
_RB = 0x87  # SP 800-38B section 5.3, the constant of a 128-bit block


def _ecb(key: bytes, data: Blocks, *, decrypt: bool = False) -> Blocks:
    # ECB only as the bare block cipher that both modes are built of; never on plaintext.
    cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 -- the primitive of CMAC and key wrap
    context = cipher.decryptor() if decrypt else cipher.encryptor()
    out = context.update(np.ascontiguousarray(data).reshape(-1).data)
    return np.frombuffer(out, np.uint8).reshape(data.shape)


class BlockCmac:
    """AES-256-CMAC of columns of 16-byte values, and its inverse for the holder of the key.

    The CMAC of one full block is ``E(block XOR K1)``: a permutation, so two values never share a result.
    """

    __slots__ = ("_key", "_subkey")

    def __init__(self, key: bytes) -> None:
        self._key = key
        zero = int.from_bytes(_ecb(key, np.zeros((1, 16), np.uint8)).tobytes(), "big")
        doubled = (zero << 1) & ((1 << 128) - 1)
        k1 = doubled ^ _RB if zero >> 127 else doubled
        self._subkey = np.frombuffer(k1.to_bytes(16, "big"), np.uint8)

    def __repr__(self) -> str:
        """Say nothing of the key."""
        return "BlockCmac(…)"

    def of(self, blocks: Blocks) -> Blocks:
        """CMAC of each row."""
        return _ecb(self._key, blocks ^ self._subkey) if len(blocks) else blocks

    def inverse(self, tags: Blocks) -> Blocks:
        """Return the row that each CMAC was made of."""
        return _ecb(self._key, tags, decrypt=True) ^ self._subkey if len(tags) else tags


def wrap(kek: bytes, keys: Blocks) -> Blocks:
    """Wrap each row of an (n, 8m) array under ``kek``; (n, 8m + 8). RFC 3394 section 2.2.1, index form."""
    n, width = keys.shape
    m = width // _HALF
    registers = np.ascontiguousarray(keys).view(np.uint64).T.copy()
    pair = np.empty((n, 2), np.uint64)
    pair[:, 0] = _WRAP_IV
    for step in range(1, _STEPS * m + 1):
        i = (step - 1) % m
        pair[:, 1] = registers[i]
        out = _ecb(kek, pair.view(np.uint8)).view(np.uint64)
        np.bitwise_xor(out[:, 0], _counter(step), out=pair[:, 0])
        registers[i] = out[:, 1]
    wrapped = np.empty((n, m + 1), np.uint64)
    wrapped[:, 0] = pair[:, 0]
    wrapped[:, 1:] = registers.T
    return wrapped.view(np.uint8)


def unwrap(kek: bytes, wrapped: Blocks) -> Blocks | None:
    """Undo ``wrap``; ``None`` when any row fails its integrity check (RFC 3394 section 2.2.2)."""
    n, width = wrapped.shape
    m = width // _HALF - 1
    words = np.ascontiguousarray(wrapped).view(np.uint64)
    registers = words[:, 1:].T.copy()
    head = words[:, 0].copy()
    pair = np.empty((n, 2), np.uint64)
    for step in range(_STEPS * m, 0, -1):
        i = (step - 1) % m
        np.bitwise_xor(head, _counter(step), out=pair[:, 0])
        pair[:, 1] = registers[i]
        out = _ecb(kek, pair.view(np.uint8), decrypt=True).view(np.uint64)
        head = out[:, 0]
        registers[i] = out[:, 1]
    if not bool((head == _WRAP_IV).all()):
        return None
    return np.ascontiguousarray(registers.T).view(np.uint8)


def _counter(step: int) -> np.uint64:
    # The step counter is big-endian in the standard; the machine's words may not be.
    return np.uint64(int.from_bytes(step.to_bytes(8, "big"), sys.byteorder))
