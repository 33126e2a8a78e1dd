"""Texts in, places out: JSON lines, block by block, each line answered in its place and none repeated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BufferedIOBase
from typing import Any

import msgspec
import pyarrow as pa

from gateway.detection import Detector, Finding

BLOCK = 512  # lines that are read together
LINE_BYTES = 1024 * 1024
_PIECE = 256 * 1024
_MOST_IDENTIFIERS = 64  # of one line
_LONGEST_KEY = 64  # characters

Scalar = str | int | float | None
Answer = dict[str, Any]


class _Line(msgspec.Struct):
    text: str | None
    identifiers: dict[str, Scalar] = {}
    lang: str | None = None
    id: Scalar | bool | msgspec.UnsetType = msgspec.UNSET


_DECODER = msgspec.json.Decoder(_Line)
_Read = _Line | str  # the line, or what is wrong with it


@dataclass(frozen=True)
class DetectText:
    """Find in each text where a person is identified; nothing is kept."""

    detector: Detector

    def __call__(self, stream: BufferedIOBase, *, language: str | None = None) -> Iterator[list[Answer]]:
        """Yield the answers of each block of lines as soon as its lines are there.

        An answer has ``spans`` (``start``, ``end`` in code points of the text as given, ``category``, ``confidence``)
        and the line's ``id`` where it has one; or it has ``error``, which names the line and never its content.
        ``language`` is that of the lines which give none.
        """
        number = 0
        for block in _blocks(stream):
            lines = [_read(line) for line in block]
            yield self._answers(lines, number, language)
            number += len(block)

    def _answers(self, lines: Sequence[_Read], before: int, language: str | None) -> list[Answer]:
        good = [line for line in lines if isinstance(line, _Line)]
        found = iter(self._found(good, language) if good else ())
        return [
            {"error": f"line {number}: {line}"} if isinstance(line, str) else _answer(line, next(found))
            for number, line in enumerate(lines, before + 1)
        ]

    def _found(self, lines: Sequence[_Line], language: str | None) -> list[tuple[Finding, ...]]:
        own: dict[str, list[str | None]] = {}
        for row, line in enumerate(lines):
            for key, value in line.identifiers.items():
                column = own.setdefault(self._column(key, own, row), [None] * len(lines))
                column[row] = None if value is None else str(value)
        return self.detector.find(
            pa.array([line.text for line in lines], pa.string()),
            {key: pa.array(values, pa.string()) for key, values in own.items()},
            pa.array([line.lang or language for line in lines], pa.string()),
        )

    def _column(self, key: str, own: dict[str, list[str | None]], row: int) -> str:
        """Return the category a key stands for; a second key for it in one line keeps its own name."""
        category = self.detector.category_of(key)
        return key if category in own and own[category][row] is not None else category


def _blocks(stream: BufferedIOBase) -> Iterator[list[bytes | None]]:
    """Cut what is there into lines, up to ``BLOCK`` at a time; None for a line over ``LINE_BYTES``, not held whole."""
    carry, skipping = b"", False
    while piece := stream.read1(_PIECE):
        first, *rest = piece.split(b"\n")
        carry = b"" if skipping else carry + first
        skipping = skipping or len(carry) > LINE_BYTES
        if not rest:
            continue
        lines = [None if skipping else carry, *rest[:-1]]
        carry, skipping = rest[-1], False
        for start in range(0, len(lines), BLOCK):
            yield lines[start : start + BLOCK]
    if carry or skipping:
        yield [None if skipping else carry]


def _read(line: bytes | None) -> _Read:
    if line is None:
        return f"longer than {LINE_BYTES} bytes"
    try:
        read = _DECODER.decode(line)
    except msgspec.ValidationError:
        return 'not of the form {"text": text, "identifiers"?: {name: text}, "lang"?: text, "id"?: anything simple}'
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return "not JSON"
    if len(read.identifiers) > _MOST_IDENTIFIERS or any(len(key) > _LONGEST_KEY for key in read.identifiers):
        return f"more than {_MOST_IDENTIFIERS} identifiers, or one with a name over {_LONGEST_KEY} characters"
    return read


def _answer(line: _Line, found: Sequence[Finding]) -> Answer:
    spans = [
        {"start": each.start, "end": each.end, "category": each.category, "confidence": round(each.confidence, 2)}
        for each in found
    ]
    return {"spans": spans} if line.id is msgspec.UNSET else {"spans": spans, "id": line.id}
