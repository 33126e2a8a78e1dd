"""Whether what looks like a person's name is a thing's: a street, a brand, a shop, a sale, something on offer.

A street is called by a person's name, a sofa by a given one. What gives them away stands beside the name.
"""

from __future__ import annotations

import itertools
import re

from gateway.detection.names import Lexicon, Role
from gateway.detection.streets import is_compound
from gateway.detection.tokens import Token

_NAMED = Role.KNOWN | Role.LIKE | Role.NICK
_CALLED = re.compile(r" -[^\W\d_]")  # Aino Aalto -lasi
_MODEL = re.compile(r" [0-9]{1,4}(?![0-9.:,/\-])")
_POSSESSIVE = re.compile("['’][sS]")  # noqa: RUF001 -- as people type it


def is_thing(text: str, tokens: list[Token], low: int, high: int, words: Lexicon) -> bool:
    """Tell whether the words from ``low`` to ``high`` (inclusive) belong to the name of a thing or place."""
    before = tokens[low - 1] if low and tokens[low].gap == " " else None
    after = tokens[high + 1] if high + 1 < len(tokens) else None
    run = tokens[low : high + 1]
    end = run[-1].end
    return (
        _is_called(run, before, after, text, words)
        or _is_branded(run, before, after)
        or _CALLED.match(text, end) is not None
        or (words.language == "fi" and any(is_compound(one.word) for one in run))
        or _is_partners(run, after)
        or (_MODEL.match(text, end) is not None and not all(one.role & _NAMED for one in run))
    )


def _is_called(run: list[Token], before: Token | None, after: Token | None, text: str, words: Lexicon) -> bool:
    """Kossuth tér, the Emma chair, King's Cross; парк Шевченка, St James; стілець Віктор."""
    if len(run) > 1 and (run[0].role & Role.LEAD or (run[-1].role & Role.HEAD and not _is_given(run[-2]))):
        return True
    if before is not None and (before.role & Role.LEAD or (before.role & Role.GOODS and _is_nominative(run[0], words))):
        return True
    if any(_POSSESSIVE.match(text, one.end) for one in run[:-1]):
        return True
    if after is None or after.gap != " ":
        return False
    if _POSSESSIVE.match(text, run[-1].end):
        return after.capital and bool(run[-1].role & Role.ORDINARY)
    return bool(after.role & Role.HEAD)


def _is_given(token: Token) -> bool:
    return bool(token.role & Role.GIVEN) and not token.role & (Role.ORDINARY | Role.RARE | Role.FAMILY)


def _is_nominative(token: Token, words: Lexicon) -> bool:
    """Стілець Віктор, not the chair of Віктор (Віктора)."""
    return token.word in words.given and token.word[:-1] not in words.given


def _is_branded(run: list[Token], before: Token | None, after: Token | None) -> bool:
    beside = [*([] if before is None else [before]), *run]
    if any(one.role & Role.BRAND and not one.role & Role.KNOWN for one in beside):
        return True
    if after is None or after.gap != " " or not after.capital:
        return len(run) > 1 and all(one.role & Role.SALE for one in run)
    if after.role & Role.BRAND and not after.role & Role.KNOWN:
        return True
    return bool(run[-1].role & Role.SALE and after.role & (Role.STOP | Role.SALE))


def _is_partners(run: list[Token], after: Token | None) -> bool:
    """Marks & Spencer, but not Tom & Anna."""
    joined = "&" in run[0].gap or (after is not None and "&" in after.gap)
    return joined and not all(_is_given(one) for one in run)


def is_brand(tokens: list[Token], low: int, high: int, words: Lexicon) -> bool:
    """Tell whether these words are, or begin or end, a brand that is called like a person."""
    spoken = [one.word for one in tokens[max(0, low - 1) : high + 2]]
    return any("_".join(pair) in words.phrases for pair in itertools.pairwise(spoken))
