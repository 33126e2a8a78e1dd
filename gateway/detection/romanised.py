"""Ukrainian names across alphabets: whoever romanises them, and however, the consonants and most vowels agree.

A skeleton is what official romanisation, passports of other years and everyday spelling have in common: Юлія is
``iulia``, as are Yuliia, Yulia, Julija and Iuliia.
"""

# ruff: noqa: RUF001 -- Ukrainian letters

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# Cabinet of Ministers, resolution 55 of 2010, on folded letters, which have lost the marks of some Ukrainian ones.
ROMAN = {
    "а": "a", "б": "b", "в": "v", "г": "h", "д": "d", "е": "e", "ж": "zh", "з": "z", "и": "y", "і": "i", "к": "k",
    "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh",
    "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ь": "", "ю": "iu", "я": "ia", "'": "",
}  # fmt: skip
_TO_LATIN = str.maketrans(ROMAN | {"ы": "y", "э": "e", "ъ": ""})
_SPELLINGS = tuple(
    (re.compile(pattern), common)
    for pattern, common in (
        ("shch|sch", "sc"), ("x", "ks"), ("ck", "k"), ("tz", "ts"), ("kh|g", "h"), ("tch|cz", "ch"),
        ("sz", "sh"), ("w", "v"), ("[yj]", "i"), ("ie", "e"), ("io", "o"), ("(.)\\1+", r"\1"),
    )
)  # fmt: skip
_VOWELS = "aeiou"
_SHORTEST = 3  # letters before the ending
_LONG = 4
_ENDING = re.compile("(?:[aeiou]|[aeiou]?(?:m|v|h|hho|ho|mi|h|s)|mu|ho|ovi|evi|oi|iu|in(?:i|u|a|oi|im)?|i?ami|iah|ah)*")
_MUTATED = {"h": ("z", "zh", "s"), "k": ("ts", "ch"), "s": ("sh",)}


@lru_cache(maxsize=65_536)
def skeleton(word: str) -> str:
    """Return what the spellings of a folded word, Cyrillic or Latin, have in common."""
    latin = word.translate(_TO_LATIN)
    for pattern, common in _SPELLINGS:
        latin = pattern.sub(common, latin)
    return latin


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The part of a name's skeleton that its endings leave alone."""

    stem: str

    def holds(self, word: str) -> bool:
        """Tell whether the skeleton of a word is the name's, under an ending of Ukrainian or English."""
        if not word.startswith(self.stem):
            return False
        rest = word[len(self.stem) :]
        if len(self.stem) < _LONG:
            return len(rest) <= 2 and all(letter in _VOWELS for letter in rest)  # noqa: PLR2004 -- letters
        return len(rest) <= 5 and _ENDING.fullmatch(rest) is not None  # noqa: PLR2004 -- letters


@lru_cache(maxsize=65_536)
def skeletons_of(name: str) -> tuple[Skeleton, ...]:
    """Return the stems of one folded word of a name; none where it is too short to be told from other words."""
    stem = skeleton(name).rstrip(_VOWELS)
    stems = {stem}
    stems |= {
        stem[: -len(last)] + other for last, others in _MUTATED.items() if stem.endswith(last) for other in others
    }
    fleeting = re.fullmatch(r"(.{2,})([eoi])(ts|[^aeiou])", stem)
    if fleeting is not None:  # Kravets: Кравця; Fedir: Федора
        head, vowel, last = fleeting.groups()
        stems |= {head + other + last for other in (("e", "o") if vowel == "i" else ("",))}
    return tuple(Skeleton(one) for one in sorted(stems) if len(one) >= _SHORTEST)
