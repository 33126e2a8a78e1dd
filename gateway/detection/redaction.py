"""Free texts made fit to keep: the row's own identifiers first, then rules, then recognisers; closed when in doubt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial

import pyarrow as pa

from gateway.detection.folding import fold, places, tidy
from gateway.detection.names import KnownNames
from gateway.detection.own import own_spans, row_of
from gateway.detection.persons import Reading
from gateway.detection.recognisers import ENGLISH, OTHER, Recognisers
from gateway.detection.rules import rule_spans
from gateway.detection.spans import Finding, Span, findings, render, settle, uncovered

Anybodys = Callable[[str, str | None], tuple[list[Span], tuple[int, ...]]]
CLOSED = "[REDACTED]"
LONGEST = 20_000  # characters; a longer cell is not a note
# Digits that presidio's checked recognisers may know: not a date, and not a bare number of up to nine digits.
_NUMBERED = re.compile(
    r"(?=[\w:.-]{0,40}[0-9][\w:.-]{0,40}[0-9])(?![0-9]{1,9}(?![\w:.-]{0,40}\w))(?![0-9]{4}-[0-9]{2}-[0-9]{2}\b)"
    r"(?<![\w:.-])[\w:.-]{7,}"
)
_CODES = {
    "english": "en", "englanti": "en", "angol": "en", "англиська": "en", "eng": "en", "finnish": "fi", "suomi": "fi",
    "fin": "fi", "hungarian": "hu", "magyar": "hu", "hun": "hu", "ukrainian": "uk", "украінська": "uk", "ukr": "uk",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RedactionResult:
    """The texts as they may be kept, and how many findings there were by category (``redacted``: whole cells)."""

    texts: pa.Array
    counts: Mapping[str, int]


@dataclass(slots=True)
class _Cell:
    """One text on its way; ``text`` None means that the cell closes."""

    text: str | None
    spans: list[Span] = field(default_factory=list)
    asks: tuple[str, ...] = ()  # the languages that the recognisers are asked in
    original: str = ""


class Redactor:
    """Redacts columns of free text. The recognisers load when a text first needs them."""

    def __init__(self) -> None:
        self._recognisers = Recognisers()

    def redact(
        self,
        texts: pa.Array,
        own: Mapping[str, pa.Array],
        languages: pa.Array | None,
        names: KnownNames | None = None,
    ) -> RedactionResult:
        """Replace each finding in ``texts`` by ``[CATEGORY]``; null stays null.

        ``own`` maps a category (``given_name``, ``phone``, ``national_id``…) to the rows' own values, ``languages``
        says in which language each text is, ``names`` are names to know beside the packaged ones. A text that is too
        long or fails in any way becomes ``[REDACTED]``. Raises ``ValueError`` when the columns are not of one length.
        """
        return _result(self._cells(texts, own, languages, names))

    def find(
        self,
        texts: pa.Array,
        own: Mapping[str, pa.Array],
        languages: pa.Array | None,
        names: KnownNames | None = None,
    ) -> list[tuple[Finding, ...]]:
        """Return what :meth:`redact` would replace, as places in the texts, in order and without overlaps.

        Null has none. A text that ``redact`` would close is one finding of the category ``redacted``.
        """
        return [_found(cell) for cell in self._cells(texts, own, languages, names)]

    def _cells(
        self, texts: pa.Array, own: Mapping[str, pa.Array], languages: pa.Array | None, names: KnownNames | None
    ) -> list[_Cell | None]:
        columns = {category: _texts(values) for category, values in own.items()}
        written = _texts(texts)
        spoken = [_language(value) for value in _texts(languages)] if languages is not None else [None] * len(written)
        if any(len(column) != len(written) for column in (*columns.values(), spoken)):
            msg = "texts, identifiers and languages must have the same number of rows"
            raise ValueError(msg)
        anybodys = lru_cache(maxsize=8_192)(partial(_read_anybodys, names=names))
        cells = [
            None if text is None else _read(text, row_of(columns, row), spoken[row], anybodys)
            for row, text in enumerate(written)
        ]
        self._ask(cells)
        return cells

    def _ask(self, cells: Sequence[_Cell | None]) -> None:
        """Put the distinct texts that still look as if they hold something to the recognisers."""
        for language in (ENGLISH, OTHER):
            asking = [cell for cell in cells if cell is not None and language in cell.asks]
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


def _read(text: str, own: Mapping[str, str | None], language: str | None, anybodys: Anybodys) -> _Cell:
    """Find what can be found without a model; whatever goes wrong closes the cell."""
    if len(text) > LONGEST:
        return _Cell(None, original=text)
    try:
        tidied = tidy(text)
        found, puzzles = anybodys(tidied, language)
        spans = [*own_spans(fold(tidied), own, tidied), *found]
        rest = uncovered(tidied, spans)
        puzzled = any(not rest[place].isspace() for place in puzzles)
        return _Cell(tidied, spans, _asks(rest, language, puzzled=puzzled), text)
    except Exception:  # noqa: BLE001 -- closed by default: no failure may let a text through
        return _Cell(None, original=text)


def _read_anybodys(
    tidied: str, language: str | None, *, names: KnownNames | None
) -> tuple[list[Span], tuple[int, ...]]:
    """Find what the row's own identifiers have no part in, and where capitals remain that nothing explains."""
    folded = fold(tidied)
    ruled = rule_spans(folded, language)
    reading = Reading(uncovered(tidied, ruled), uncovered(folded, ruled), language, names)
    return [*ruled, *reading.spans], reading.puzzles


def _asks(rest: str, language: str | None, *, puzzled: bool) -> tuple[str, ...]:
    """Return whom to ask about what is left of a text: for a name (English only), for a number, or nobody."""
    names = (ENGLISH,) if puzzled and language == ENGLISH else ()
    return (*names, OTHER) if _NUMBERED.search(rest) else names


def _found(cell: _Cell | None) -> tuple[Finding, ...]:
    if cell is None:
        return ()
    if cell.text is not None:
        try:
            return findings(settle(cell.spans, cell.text), cell.text, places(cell.original))
        except Exception:  # noqa: BLE001, S110 -- as above: the whole text is one finding
            pass
    return (Finding(0, len(cell.original), CLOSED.strip("[]").lower(), 1.0),) if cell.original else ()


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
