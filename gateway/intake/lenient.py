"""A file that is only looked at, never taken in: what strict reading refuses becomes readable, if less exactly.

Bytes that do not fit are marked as such, records may be long, and columns are told by place whatever the header says.
"""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from gateway.foundation.errors import InvalidInput
from gateway.intake.encodings import LEGACY, MARKS, UNREADABLE, encoding_of

RECORD_BYTES = 64 * 1024 * 1024  # a longer record is refused here too: it has to be held whole
_BINARY = 0.1  # share of NUL from which a file is no text
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")
_WIDE = 0.3  # share of NUL at even or at odd places from which a text is UTF-16


def encoding_near(sample: bytes, *, name: str) -> str:
    """Return the encoding that a file's first bytes come nearest to; raises ``InvalidInput`` for what is no text."""
    if any(sample.startswith(mark) for mark, _ in MARKS):
        return encoding_of(sample, None, name=name)
    even, odd = (2 * sample[first::2].count(0) / max(len(sample), 1) for first in (0, 1))
    wide = "utf-16-be" if even > odd else "utf-16-le"
    if max(even, odd) >= _WIDE > min(even, odd) and not _CONTROLS.search(sample.decode(wide, "replace")):
        return wide
    if even + odd >= 2 * _BINARY:
        raise InvalidInput(f"{name}: binary content, not text", reasons=("binary_content",))
    return "utf-8" if _mostly_utf8(sample) else _legacy(sample, name)


def _mostly_utf8(sample: bytes) -> bool:
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(sample)  # not final: the sample may cut a character
    broken = text.count(UNREADABLE)
    return broken == 0 or sum(not character.isascii() for character in text) > 2 * broken


def _legacy(sample: bytes, name: str) -> str:
    try:
        return encoding_of(sample, None, name=name)
    except InvalidInput:  # several fit: for looking, the likeliest will do
        best = from_bytes(sample, cp_isolation=LEGACY, enable_fallback=False).best()
        return "cp1252" if best is None else codecs.lookup(best.encoding).name
