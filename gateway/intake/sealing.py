"""The sealed file: a plain header, then chunks under AES-256-GCM (NIST SP 800-38D), each bound to its place.

Format: ``b"SGQ1"``, header length (4 bytes, big-endian), header (JSON: batch, expires), then chunks of a kind (1 byte),
length (4 bytes) and nonce (12 bytes) + ciphertext. A chunk's associated data are header, kind and number, so none can
be dropped, moved or taken from another file; the last one is of kind ``END``.
"""

from __future__ import annotations

import datetime as dt
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.foundation.errors import IntegrityFailure

MAGIC = b"SGQ1"
ROWS, TABLE, END = b"R", b"T", b"E"

_NONCE = 12
_MAX_HEADER = 4096
_PLACE = struct.Struct(">cQ")
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Header:
    """What may be known of a sealed file without its key."""

    batch: str
    expires: dt.datetime


class Sealer:
    """Writes one sealed file; plaintext never leaves memory."""

    def __init__(self, file: BinaryIO, key: bytes, header: Header) -> None:
        self._file = file
        self._cipher = AESGCM(key)
        self._header = msgspec.json.encode(header)
        self._count = 0
        file.write(MAGIC + _LENGTH.pack(len(self._header)) + self._header)

    def write(self, kind: bytes, plain: bytes) -> None:
        """Seal the next chunk."""
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._cipher.encrypt(nonce, plain, self._header + _PLACE.pack(kind, self._count))
        self._file.write(kind + _LENGTH.pack(len(sealed)) + sealed)
        self._count += 1


def read_header(file: BinaryIO) -> tuple[Header, bytes]:
    """Return the plain header and its bytes; the file stands at the first chunk.

    Raises IntegrityFailure when this is no sealed file.
    """
    if file.read(len(MAGIC)) == MAGIC:
        length = file.read(_LENGTH.size)
        if len(length) == _LENGTH.size and _LENGTH.unpack(length)[0] <= _MAX_HEADER:
            plain = file.read(_LENGTH.unpack(length)[0])
            try:
                return msgspec.json.decode(plain, type=Header), plain
            except msgspec.MsgspecError:
                pass
    raise IntegrityFailure("a quarantine file has lost its header")


def unseal(file: BinaryIO, key: bytes, wanted: bytes) -> Iterator[bytes]:
    """Return the plain chunks of kind ``wanted``.

    Raises IntegrityFailure for another key and for a file that was changed, cut or put together anew.
    """
    _, header = read_header(file)
    cipher = AESGCM(key)
    number = 0
    while True:
        kind, sealed = _chunk(file)
        try:
            plain = cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], header + _PLACE.pack(kind, number))
        except (InvalidTag, ValueError):
            raise IntegrityFailure("a quarantine file was changed, or this is not its key") from None
        if kind == END:
            return
        if kind == wanted:
            yield plain
        number += 1


def _chunk(file: BinaryIO) -> tuple[bytes, bytes]:
    head = file.read(1 + _LENGTH.size)
    if len(head) == 1 + _LENGTH.size:
        length = _LENGTH.unpack(head[1:])[0]
        sealed = file.read(length)
        if len(sealed) == length:
            return head[:1], sealed
    raise IntegrityFailure("a quarantine file ends too early")
