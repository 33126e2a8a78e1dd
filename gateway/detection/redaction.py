"""Free texts made fit to keep: the row's own identifiers first, then rules, then recognisers; closed when in doubt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import pyarrow as pa

from gateway.detection.folding import fold, tidy
from gateway.detection.own import own_spans, row_of
from gateway.detection.recognisers import ENGLISH, OTHER, Recognisers
from gateway.detection.rules import rule_spans
from gateway.detection.spans import Span, render, settle, uncovered

Rules = Callable[[str, str | None], list[Span]]
CLOSED = "[REDACTED]"
LONGEST = 20_000  # characters; a longer cell is not a note
_CAPITAL = re.compile(r"\b[^\W\d_a-z]\w+")
_NUMBERED = re.compile(r"(?=[\w:.-]*[0-9][\w:.-]*[0-9])[\w:.-]{7,}")
_CODES = {
    "english": "en", "englanti": "en", "angol": "en", "англиська": "en", "eng": "en", "finnish": "fi", "suomi": "fi",
    "fin": "fi", "hungarian": "hu", "magyar": "hu", "hun": "hu", "ukrainian": "uk", "украінська": "uk", "ukr": "uk",
}  # fmt: skip
# Words that English sentences begin with; a capital on one of them is no sign of a name.
_ORDINARY_TEXT = """a about after again all also am an and any are as at be because been before both but by call called
    can cancelled changed complained could customer customers delivery did do does each email every excellent few first
    for from good great had has have having he hello her here hi his how however i if in is it its just last let like
    loved many may me more most much must my never new nice no not note now of ok on once one only or order ordered our
    out parcel phone please possible quick quite really received returned sent service she should since so some sorry
    still tell thank thanks that the their them then there these they this those to today too tomorrow very wants was
    we well were what when where which while who why will wishes with would yes yesterday you your"""
_ORDINARY = frozenset(_ORDINARY_TEXT.split())


@dataclass(frozen=True, slots=True)
class RedactionResult:
    """The texts as they may be kept, and how many findings there were by category (``redacted``: whole cells)."""

    texts: pa.Array
    counts: Mapping[str, int]


@dataclass(slots=True)
class _Cell:
    """One text on its way; ``text`` None means that the cell closes."""

    text: str | None
    language: str | None = None
    spans: list[Span] = field(default_factory=list)
    asks: bool = False


class Redactor:
    """Redacts columns of free text. The recognisers load when a text first needs them."""

    def __init__(self) -> None:
        self._recognisers = Recognisers()

    def redact(self, texts: pa.Array, own: Mapping[str, pa.Array], languages: pa.Array | None) -> RedactionResult:
        """Replace each finding in ``texts`` by ``[CATEGORY]``; null stays null.

        ``own`` maps a category (``given_name``, ``phone``, ``national_id``…) to the rows' own values, ``languages``
        says in which language each text is. A text that is too long or fails in any way becomes ``[REDACTED]``.
        Raises ``ValueError`` when the columns are not of one length.
        """
        columns = {category: _texts(values) for category, values in own.items()}
        written = _texts(texts)
        spoken = [_language(value) for value in _texts(languages)] if languages is not None else [None] * len(written)
        if any(len(column) != len(written) for column in (*columns.values(), spoken)):
            msg = "texts, identifiers and languages must have the same number of rows"
            raise ValueError(msg)
        rules = lru_cache(maxsize=8_192)(rule_spans)
        cells: list[_Cell | None] = []
        for row, text in enumerate(written):
            cells.append(None if text is None else _read(text, row_of(columns, row), spoken[row], rules))
        self._ask(cells)
        return _result(cells)

    def _ask(self, cells: Sequence[_Cell | None]) -> None:
        """Put the distinct texts that still look as if they hold something to the recognisers."""
        for language in (ENGLISH, OTHER):
            asking = [
                cell
                for cell in cells
                if cell is not None and cell.asks and (cell.language == ENGLISH) == (language == ENGLISH)
            ]
            distinct = list(dict.fromkeys(cell.text or "" for cell in asking))
            answers = dict(zip(distinct, self._recognisers.find(distinct, language), strict=True)) if distinct else {}
            for cell in asking:
                found = answers[cell.text or ""]
                if found is None:
                    cell.text = None
                else:
                    cell.spans += found


def _texts(column: pa.Array) -> list[str | None]:
    listed: list[str | None] = column.cast(pa.string()).to_pylist()
    return listed


def _language(value: str | None) -> str | None:
    if value is None:
        return None
    folded = fold(value.strip())
    return _CODES.get(folded, folded[:2]) or None


def _read(text: str, own: Mapping[str, str | None], language: str | None, rules: Rules) -> _Cell:
    """Find what can be found without a model; whatever goes wrong closes the cell."""
    if len(text) > LONGEST:
        return _Cell(None)
    try:
        tidied = tidy(text)
        folded = fold(tidied)
        spans = [*own_spans(folded, own), *rules(folded, language)]
        return _Cell(tidied, language, spans, asks=_asks(uncovered(tidied, spans), language))
    except Exception:  # noqa: BLE001 -- closed by default: no failure may let a text through
        return _Cell(None)


def _asks(rest: str, language: str | None) -> bool:
    """Tell whether what is left of a text may hold a name (English only) or a number worth a recogniser's time."""
    if _NUMBERED.search(rest):
        return True
    if language != ENGLISH:
        return False
    return any(match.group().lower() not in _ORDINARY for match in _CAPITAL.finditer(rest))


def _result(cells: Sequence[_Cell | None]) -> RedactionResult:
    counts: Counter[str] = Counter()
    texts = [None if cell is None else _write(cell, counts) for cell in cells]
    return RedactionResult(pa.array(texts, pa.string()), dict(counts))


def _write(cell: _Cell, counts: Counter[str]) -> str:
    if cell.text is None:
        counts["redacted"] += 1
        return CLOSED
    try:
        spans = settle(cell.spans, cell.text)
        text = render(cell.text, spans)
    except Exception:  # noqa: BLE001 -- as above
        counts["redacted"] += 1
        return CLOSED
    counts.update(span.category for span in spans)
    return text
