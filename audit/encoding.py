"""The small texts that all formats here are made of: UTF-8, base 64, decimal numbers, key names, tree heads.

Each is read strictly: what is read, written again, is the same text. Every failure is ``VerificationFailed``.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from audit import merkle
from audit.errors import VerificationFailed

MAX_NUMBER: Final = 2**63 - 1  # of sizes, indices and POSIX seconds, as c2sp.org/tlog-cosignature bounds the last
MAX_NAME: Final = 255  # bytes: what one length byte of a signed message can say (c2sp.org/tlog-cosignature)
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_NAME: Final = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+")
_HEAD_LINES: Final = 3


def read_utf8(data: str | bytes, most: int, place: str) -> str:
    """Return ``data`` as text of at most ``most`` bytes of UTF-8; the size is looked at first."""
    if len(data) > most:
        raise VerificationFailed(place, f"it is longer than {most} bytes")
    try:
        text = data if isinstance(data, str) else data.decode()
        if len(text.encode()) > most:
            raise VerificationFailed(place, f"it is longer than {most} bytes")
    except UnicodeError:
        raise VerificationFailed(place, "it is not UTF-8") from None
    return text


def encode_base64(data: bytes) -> str:
    """Write base 64 with padding (RFC 4648 section 4)."""
    return base64.b64encode(data).decode()


def decode_base64(text: str, place: str) -> bytes:
    """Read canonical base 64: what is read, written again, is the same text."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise VerificationFailed(place, "this is not base 64") from None
    if encode_base64(data) != text:
        raise VerificationFailed(place, "this is not canonical base 64")
    return data


def read_number(text: str, place: str) -> int:
    """Read a canonical decimal number below 2**63."""
    if not _NUMBER.fullmatch(text) or int(text) > MAX_NUMBER:
        raise VerificationFailed(place, "this is not a decimal number below 2**63 without leading zeros")
    return int(text)


def is_key_name(name: str) -> bool:
    """Say whether ``name`` may name a key: UTF-8, not empty, no space, no plus, no control character."""
    return _NAME.fullmatch(name) is not None


def read_tree_head(text: str) -> tuple[str, int, bytes]:
    """Return origin, size and root of a checkpoint's text (c2sp.org/tlog-checkpoint), which has no extension lines.

    The origin is a key name of at most 255 bytes; the empty tree has the root of the empty tree.
    """
    place = "checkpoint"
    lines = text.split("\n", _HEAD_LINES + 1)
    if len(lines) != _HEAD_LINES + 1 or lines[-1] or not is_key_name(lines[0]):
        raise VerificationFailed(place, "it is not the three lines origin, size and root")
    if len(lines[0].encode()) > MAX_NAME:
        raise VerificationFailed(place, f"its origin is longer than {MAX_NAME} bytes")
    size = read_number(lines[1], place)
    root = decode_base64(lines[2], place)
    if len(root) != merkle.HASH_BYTES:
        raise VerificationFailed(place, "its root has not 32 bytes")
    if size == 0 and root != merkle.EMPTY_ROOT:
        raise VerificationFailed(place, "it is empty and has not the root of the empty tree")
    return lines[0], size, root
