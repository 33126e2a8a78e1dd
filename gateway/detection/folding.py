"""Text folded for comparison: lower case, no diacritics, one character for one, so that places stay the same."""

# ruff: noqa: RUF001 -- letters that look alike are this module's subject

from __future__ import annotations

import itertools
import re
import unicodedata

_SPECIAL = {
    "ß": "s", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "a", "œ": "o", "ı": "i", "þ": "t",
    # Ukrainian letters that people type without their mark or on another keyboard.
    "ґ": "г", "є": "е", "ы": "и", "э": "е",
    # Every apostrophe that names are typed with.
    "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "′": "'", "‑": "-", "–": "-", "—": "-",
}  # fmt: skip
_CLUSTER = re.compile("[\x00-\x7f]?[^\x00-\x7f]+|[\x00-\x7f]")  # no composition reaches across an ASCII character
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


def places(text: str) -> list[int]:
    """Return for each character of ``tidy(text)``, and for its end, where in ``text`` it came from.

    Characters that were composed with others share the place where their cluster of non-ASCII characters begins.
    """
    if text.isascii():
        return [*range(len(text) + 1)]
    found: list[int] = []
    for cluster in _CLUSTER.finditer(text):
        tidied = tidy(cluster.group())
        same = len(tidied) == len(cluster.group())
        found += range(cluster.start(), cluster.end()) if same else _finely(cluster.group(), cluster.start(), tidied)
    return [*found, len(text)]


def _finely(cluster: str, start: int, tidied: str) -> list[int]:
    """Character by character where every mark belongs to the letter before it; else the whole cluster is one."""
    heads = [place for place, letter in enumerate(cluster) if not unicodedata.combining(letter)]
    pieces = [tidy(cluster[low:high]) for low, high in itertools.pairwise([*heads, len(cluster)])]
    if heads[:1] != [0] or "".join(pieces) != tidied:
        return [start] * len(tidied)
    return [start + head for head, piece in zip(heads, pieces, strict=True) for _ in piece]


def compact(text: str) -> str:
    """Return the letters and digits of ``text``, folded."""
    return "".join(character for character in fold(text) if character.isalnum())
