"""Findings in one text: places with a category, made free of overlaps, and written as ``[CATEGORY]``."""

from __future__ import annotations

import bisect
import enum
import itertools
import operator
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_START = operator.attrgetter("start")
_WORD = re.compile(r"\w\w")  # less than that is a name's ending, as in Smith's


class Rank(enum.IntEnum):
    """Whose word counts more where two findings meet."""

    MODEL = 0
    NAME = 1
    RULE = 2
    CHECKED = 3
    OWN = 4


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``start`` to ``end`` (exclusive) are of a category."""

    start: int
    end: int
    category: str
    rank: Rank


_CONFIDENCE = {Rank.MODEL: 0.6, Rank.NAME: 0.8, Rank.RULE: 0.85, Rank.CHECKED: 0.95, Rank.OWN: 1.0}


@dataclass(frozen=True, slots=True)
class Finding:
    """A place in a text as its writer sent it: characters ``start`` to ``end`` (exclusive), and how sure that is."""

    start: int
    end: int
    category: str
    confidence: float


def findings(spans: Iterable[Span], text: str, at: Sequence[int]) -> tuple[Finding, ...]:
    """Return settled spans as findings in the original, to whose places ``at`` leads; blanks stay out."""
    found: list[Finding] = []
    for span in spans:
        cut = text[span.start : span.end]
        low = span.start + len(cut) - len(cut.lstrip())
        high = span.end - (len(cut) - len(cut.rstrip()))
        start = max(at[low], found[-1].end if found else 0)
        end = next((at[place] for place in range(high, len(at)) if at[place] > at[high - 1]), at[-1])
        if start < end:
            found.append(Finding(start, end, span.category, _CONFIDENCE[span.rank]))
    return tuple(found)


def settle(spans: Iterable[Span], text: str) -> list[Span]:
    """Return spans in order without overlaps that cover all of the given ones.

    Firm findings that overlap become one, under the category of the longest. What a model or the rules for names find
    keeps what they leave.
    """
    everything = sorted(spans, key=_START)
    if _is_settled(everything, text):
        return everything
    firm = _united(span for span in everything if span.rank > Rank.NAME)
    rest = [piece for span in everything if span.rank <= Rank.NAME for piece in _remainders(span, firm, text)]
    return sorted([*firm, *_united(rest)], key=_START)


def _is_settled(ordered: list[Span], text: str) -> bool:
    """Most texts' spans do not meet."""
    end = 0
    for span in ordered:
        if span.start < end or (span.rank <= Rank.NAME and not _WORD.search(text[span.start : span.end])):
            return False
        end = span.end
    return True


def _united(spans: Iterable[Span]) -> list[Span]:
    merged: list[tuple[Span, Span]] = []  # the union, and the member that names it
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if merged and span.start < merged[-1][0].end:
            union, name = merged[-1]
            name = max(name, span, key=lambda one: (one.end - one.start, one.rank))
            merged[-1] = (Span(union.start, max(union.end, span.end), name.category, name.rank), name)
        else:
            merged.append((span, span))
    return [union for union, _ in merged]


def _remainders(span: Span, firm: list[Span], text: str) -> list[Span]:
    pieces, start = [], span.start
    first = bisect.bisect_right(firm, span.start, key=lambda one: one.end)
    for other in itertools.takewhile(lambda one: one.start < span.end, firm[first : first + span.end - span.start]):
        pieces.append((start, other.start))
        start = max(start, other.end)
    pieces.append((start, span.end))
    return [Span(low, high, span.category, span.rank) for low, high in pieces if _WORD.search(text[low:high])]


def uncovered(text: str, spans: Iterable[Span]) -> str:
    """Return ``text`` with what the spans cover blanked out, places kept."""
    parts, at = [], 0
    for span in sorted(spans, key=_START):
        if span.end > at:
            start = max(at, span.start)
            parts += [text[at:start], " " * (span.end - start)]
            at = span.end
    return "".join([*parts, text[at:]]) if parts else text


def render(text: str, spans: Iterable[Span]) -> str:
    """Write each span as its category in capitals, in brackets."""
    parts, at = [], 0
    for span in spans:
        # What a model's remainder borders on keeps its blanks.
        cut = text[span.start : span.end]
        lead, tail = len(cut) - len(cut.lstrip()), len(cut) - len(cut.rstrip())
        parts += [text[at : span.start + lead], f"[{span.category.upper()}]"]
        at = span.end - tail
    return "".join([*parts, text[at:]])
