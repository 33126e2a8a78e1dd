"""A text's words, each with what it may be, whether it has a capital and what stands before it."""

from __future__ import annotations

import re
from typing import NamedTuple

from gateway.detection.names import Lexicon

ENDS = ".!?:;\n•"
_TOKEN = re.compile(r"([^\W\d_]+(?:['’ʼ‘`\-‑][^\W\d_]+)*)")  # noqa: RUF001 -- apostrophes that people type
_END = re.compile(f"[{ENDS}]")
_LOWEST = 4  # letters of a part that is a word rather than an ending


class Token(NamedTuple):
    """A tuple, since there are millions: a frozen dataclass takes three times as long to make."""

    start: int
    end: int
    word: str
    role: int
    capital: bool
    first: bool  # of a sentence, so that its capital says nothing
    gap: str  # what stands before it


def tokens_of(text: str, folded: str, words: Lexicon) -> list[Token]:
    """Return the words of a text; ``folded`` is the same text, folded."""
    pieces = _TOKEN.split(text)
    tokens: list[Token] = []
    role = words.role
    end = 0
    for gap, written in zip(pieces[::2], pieces[1::2], strict=False):
        start = end + len(gap)
        first = not end or (gap != " " and _END.search(gap) is not None)
        end = start + len(written)
        word, cut = folded[start:end], end
        if word.endswith("'s"):  # an English possessive is no part of the name
            word, cut = word[:-2], end - 2
        capital = written[0].isupper() and not _in_code(text, start, end) and _each_capital(text[start:cut])
        tokens.append(Token(start, cut, word, role(word), capital, first, gap))
    return tokens


def _in_code(text: str, start: int, end: int) -> bool:
    return text[end : end + 1].isdigit() or text[start - 1 : start].isdigit()


def _each_capital(written: str) -> bool:
    """Anna-Liisa, not Aino-kaulakoru; an ending after a hyphen (Kiss-sel) is no word."""
    if written.isalpha():
        return True
    parts = re.split("[-‑]", written)  # noqa: RUF001 -- a hyphen that does not break
    return all(part[:1].isupper() or len(part) <= _LOWEST for part in parts)
