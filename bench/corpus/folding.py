"""Letters as they come out of other keyboards: without diacritics, and Ukrainian in Latin letters."""

# ruff: noqa: RUF001 -- letters that look alike are this module's subject

from __future__ import annotations

import unicodedata

_SINGLE = {"ß": "s", "ø": "o", "Ø": "O", "æ": "a", "Æ": "A", "ł": "l", "Ł": "L"}
# The Cabinet of Ministers' resolution 55 of 27 January 2010, within words; the others begin words.
_ROMAN = {
    "а": "a", "б": "b", "в": "v", "г": "h", "ґ": "g", "д": "d", "е": "e", "є": "ie", "ж": "zh", "з": "z", "и": "y",
    "і": "i", "ї": "i", "й": "i", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s",
    "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ь": "", "ю": "iu",
    "я": "ia", "'": "", "’": "",
}  # fmt: skip
_FIRST = {"є": "ye", "ї": "yi", "й": "y", "ю": "yu", "я": "ya"}


def bare(text: str) -> str:
    """Return ``text`` without diacritics, of the same length; Cyrillic letters stay as they are."""
    return "".join(_bare(letter) for letter in text)


def _bare(letter: str) -> str:
    if letter in _SINGLE:
        return _SINGLE[letter]
    if "\u0400" <= letter <= "\u04ff":
        return letter
    return unicodedata.normalize("NFD", letter)[0]


def romanised(text: str) -> str:
    """Return Ukrainian ``text`` in Latin letters; others stay."""
    written = []
    before = " "
    for position, letter in enumerate(text):
        low = letter.lower()
        new = _FIRST.get(low) if not before.isalpha() and before not in "'’" else None
        new = new if new is not None else _ROMAN.get(low, low)
        if low == "г" and position and text[position - 1].lower() == "з":
            new = "gh"
        written.append(new.capitalize() if letter.isupper() else new if low in _ROMAN else letter)
        before = letter
    return "".join(written)


def handle(text: str) -> str:
    """Return the letters of ``text`` as they stand in e-mail addresses."""
    latin = bare(romanised(text)).lower()
    return "".join(letter for letter in latin if letter.isascii() and letter.isalnum())
