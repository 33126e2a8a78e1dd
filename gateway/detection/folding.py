"""Text folded for comparison: lower case, no diacritics, one character for one, so that places stay the same."""

# ruff: noqa: RUF001 -- letters that look alike are this module's subject

from __future__ import annotations

import re
import unicodedata

_SPECIAL = {
    "ß": "s", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "a", "œ": "o", "ı": "i", "þ": "t",
    # Ukrainian letters that people type without their mark or on another keyboard.
    "ґ": "г", "є": "е", "ы": "и", "э": "е",
    # Every apostrophe that names are typed with.
    "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "′": "'", "‑": "-", "–": "-", "—": "-",
}  # fmt: skip
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")


class _Folding(dict[int, int]):
    """Filled as characters are met; at most one entry per code point."""

    def __missing__(self, code: int) -> int:
        character = chr(code)
        digit = unicodedata.digit(character, None)
        if digit is not None and unicodedata.category(character) == "Nd":
            folded = str(digit)
        else:
            lower = character.lower()[:1]
            base = _SPECIAL.get(lower) or unicodedata.normalize("NFKD", lower)[:1] or character
            folded = base if len(base.lower()) != 1 else base.lower()
            folded = " " if folded.isspace() and folded != "\n" else _SPECIAL.get(folded, folded)
        self[code] = ord(folded)
        return self[code]


_TABLE = _Folding()


def fold(text: str) -> str:
    """Return ``text`` in lower case without diacritics, of the same length."""
    return text.translate(_TABLE)


def tidy(text: str) -> str:
    """Return ``text`` composed (NFC) and without invisible characters that would hide a name from a search."""
    return text if text.isascii() else _INVISIBLE.sub("", unicodedata.normalize("NFC", text))


def compact(text: str) -> str:
    """Return the letters and digits of ``text``, folded."""
    return "".join(character for character in fold(text) if character.isalnum())
