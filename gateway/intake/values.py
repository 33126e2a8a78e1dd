"""Numbers, whole numbers and yes-or-no out of text. What is not clearly one is a fault, never a guess.

Decimal mark: a point, unless the contract gives the column ``format: comma``. Blanks (plain, no-break, thin) may stand
between groups of three digits; with ``comma`` points may too.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from gateway.intake.texts import Parsed, by_distinct, mask, no_fault, try_cast, unread

COMMA = "comma"  # the ``format`` of a column whose decimal mark is a comma

_BLANKS = " \u00a0\u2009\u202f"
_MINUS = "\u2212"
_SURE = 10**18  # fits int64 with room to spare
_YES = frozenset({"true", "1", "yes", "y", "t", "kyllä", "igen", "так"})
_NO = frozenset({"false", "0", "no", "n", "f", "ei", "nem", "ні"})


def numbers(texts: pa.Array, form: str | None) -> Parsed:
    """Read float64; infinities and what is no number are faults."""
    if form != COMMA:
        quick = try_cast(texts, pa.float64())
        if quick is not None and pc.all(pc.is_finite(quick), min_count=0).as_py():
            return quick, no_fault(texts)
    groups, point = (_BLANKS + ".", ",") if form == COMMA else (_BLANKS, r"\.")
    whole = rf"(?:\d{{1,3}}(?:[{groups}]\d{{3}})+|\d+)(?:{point}\d*)?"
    pattern = rf"^[+-]?(?:{whole}|{point}\d+)(?:[eE][+-]?\d+)?$"
    tidy = _matching(texts, pattern, groups)
    values = pc.cast(pc.replace_substring(tidy, ",", "."), pa.float64())
    values = pc.if_else(pc.is_finite(values), values, pa.scalar(None, pa.float64()))
    return values, unread(texts, values)


def integers(texts: pa.Array, form: str | None) -> Parsed:
    """Read int64 of at most 18 digits; ``2.0`` is 2, ``2.5`` is a fault."""
    hexadecimal = pc.any(pc.match_substring(texts, "x", ignore_case=True)).as_py()  # Arrow would read 0x10 as 16
    quick = None if hexadecimal else try_cast(texts, pa.int64())
    if quick is not None and not mask(pc.greater_equal(pc.abs(quick), _SURE)).any():
        return quick, no_fault(texts)
    groups, point = (_BLANKS + ".", ",") if form == COMMA else (_BLANKS, r"\.")
    pattern = rf"^[+-]?(?:\d{{1,3}}(?:[{groups}]\d{{3}}){{1,5}}|\d{{1,18}})(?:{point}0*)?$"
    tidy = _matching(texts, pattern, groups)
    whole = pc.replace_substring_regex(tidy, rf"^\+|{point}0*$", "")
    values = pc.cast(whole, pa.int64())
    return values, unread(texts, values)


def _matching(texts: pa.Array, pattern: str, groups: str) -> pa.Array:
    signed = pc.replace_substring(texts, _MINUS, "-")
    matched = pc.if_else(pc.match_substring_regex(signed, pattern), signed, pa.scalar(None, pa.string()))
    return pc.replace_substring_regex(matched, f"[{groups}]", "")


def booleans(texts: pa.Array) -> Parsed:
    """Read yes or no, in words of four languages or as 1 and 0."""
    return by_distinct(texts, _boolean, pa.bool_())


def _boolean(text: str) -> bool | None:
    word = text.casefold()
    if word in _YES:
        return True
    return False if word in _NO else None
