"""Free texts made fit to keep: the row's own identifiers first, then rules, then recognisers; closed when in doubt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TypeVar

import pyarrow as pa

from gateway.detection.folding import fold, places, tidy
from gateway.detection.names import KnownNames
from gateway.detection.own import OwnIdentifiers
from gateway.detection.persons import Reading
from gateway.detection.recognisers import OTHER, Recognisers
from gateway.detection.rules import rule_spans
from gateway.detection.spans import Finding, Rank, Span, findings, render, settle, uncovered
from gateway.detection.streets import KnownStreets

Own = Callable[[str, str], list[Span]]
Anybodys = Callable[[str, str | None], tuple[list[Span], tuple[int, ...]]]
T = TypeVar("T")
CLOSED = "[REDACTED]"
_REMEMBERED = 1_024  # texts, since some are written again and again
LONGEST = 20_000  # characters; a longer cell is not a note
_DIGIT = re.compile("[0-9]")
# Digits that presidio's checked recognisers may know: not a date, not a bare number of up to nine digits, and not a
# parcel's number (Universal Postal Union, S10).
_NUMBERED = re.compile(
    r"(?=[\w:.-]{0,40}[0-9][\w:.-]{0,40}[0-9])(?![0-9]{1,9}(?![\w:.-]{0,40}\w))(?![0-9]{4}-[0-9]{2}-[0-9]{2}\b)"
    r"(?![A-Za-z]{2}[0-9]{9}[A-Za-z]{1,2}\b)(?<![\w:.-])[\w:.-]{7,}"
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


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a call was given."""

    texts: pa.Array
    own: Mapping[str, pa.Array]
    languages: pa.Array | None
    names: KnownNames | None

    def spoken(self) -> list[str | None]:
        """Return the code of each text's language; raise ``ValueError`` when the columns are not of one length."""
        columns = [*self.own.values(), *([] if self.languages is None else [self.languages])]
        if any(len(column) != len(self.texts) for column in columns):
            msg = "texts, identifiers and languages must have the same number of rows"
            raise ValueError(msg)
        if self.languages is None:
            return [None] * len(self.texts)
        listed = _texts(self.languages)
        codes = {value: _language(value) for value in set(listed)}
        return [codes[value] for value in listed]


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
        counts: Counter[str] = Counter()
        written = self._each(_Asked(texts, own, languages, names), partial(_write, counts=counts))
        return RedactionResult(pa.array(written, pa.string()), dict(counts))

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
        return self._each(_Asked(texts, own, languages, names), _found)

    def _each(self, asked: _Asked, finish: Callable[[_Cell | None], T]) -> list[T]:
        """Finish each cell as soon as it is read, but for those that the recognisers are asked about."""
        written, spoken = _texts(asked.texts), asked.spoken()
        mine = OwnIdentifiers({category: _texts(values) for category, values in asked.own.items()})
        anybodys = lru_cache(maxsize=_REMEMBERED)(partial(_read_anybodys, names=asked.names))
        waiting: dict[int, _Cell] = {}
        done: list[T] = []
        for row, text in enumerate(written):
            cell = None if text is None else _read(text, partial(mine.spans, row), spoken[row], anybodys)
            if cell is not None and cell.asks:
                waiting[row] = cell
            done.append(finish(None if row in waiting else cell))
        self._ask([*waiting.values()])
        for row, cell in waiting.items():
            done[row] = finish(cell)
        return done

    def _ask(self, cells: Sequence[_Cell | None]) -> None:
        """Put the distinct texts that still look as if they hold something to the recognisers."""
        for language in (*sorted(self._recognisers.languages), OTHER):
            asking = [cell for cell in cells if cell is not None and language in cell.asks]
            distinct = list(dict.fromkeys(cell.text or "" for cell in asking))
            answers = dict(zip(distinct, self._recognisers.find(distinct, language), strict=True)) if distinct else {}
            for cell in asking:
                found = answers[cell.text or ""]
                if found is None:
                    cell.text = None
                else:
                    cell.spans += _believed(cell.text or "", language, found)


def _texts(column: pa.Array) -> list[str | None]:
    listed: list[str | None] = column.cast(pa.string()).to_pylist()
    return listed


def _language(value: str | None) -> str | None:
    if value is None:
        return None
    folded = fold(value.strip())
    return _CODES.get(folded, folded[:2]) or None


def _read(text: str, own: Own, language: str | None, anybodys: Anybodys) -> _Cell:
    """Find what can be found without a model; whatever goes wrong closes the cell."""
    if len(text) > LONGEST:
        return _Cell(None, original=text)
    try:
        tidied = tidy(text)
        found, puzzles = anybodys(tidied, language)
        spans = [*own(fold(tidied), tidied), *found]
        rest = uncovered(tidied, spans)
        puzzled = bool(puzzles) and any(not rest[place].isspace() for place in puzzles)
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
    known = [] if names is None else [
        Span(low, high, "street_address", Rank.NAME) for low, high in _streets(names).places(folded, tidied)
    ]  # fmt: skip
    return [*ruled, *reading.spans, *known], reading.puzzles


@lru_cache(maxsize=4)  # as many as lexicons' names
def _streets(names: KnownNames) -> KnownStreets:
    return KnownStreets.of(names.streets)


def forget_streets() -> None:
    """Drop what is remembered of the streets of callers' tables."""
    _streets.cache_clear()


def _asks(rest: str, language: str | None, *, puzzled: bool) -> tuple[str, ...]:
    """Return whom to ask about what is left of a text: for a name (where a model exists), for a number, or nobody."""
    names = (language,) if puzzled and language in Recognisers.languages else ()
    return (*names, OTHER) if _DIGIT.search(rest) and _NUMBERED.search(rest) else names


def _believed(text: str, language: str, found: list[Span]) -> list[Span]:
    """Leave out what a model takes for a person though a word beside it says that it is a street or a sofa."""
    if not any(span.category == "person" for span in found):
        return found
    reading = Reading(text, fold(text), language)
    return [span for span in found if span.category != "person" or not reading.is_of_thing(span)]


def _found(cell: _Cell | None) -> tuple[Finding, ...]:
    if cell is None:
        return ()
    if cell.text is not None:
        try:
            return findings(settle(cell.spans, cell.text), cell.text, places(cell.original))
        except Exception:  # noqa: BLE001, S110 -- as above: the whole text is one finding
            pass
    return (Finding(0, len(cell.original), CLOSED.strip("[]").lower(), 1.0),) if cell.original else ()


def _write(cell: _Cell | None, counts: Counter[str]) -> str | None:
    if cell is None:
        return None
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
