"""Where records begin and end in CSV and JSON lines, and on which physical line; whole columns of offsets at a time.

CSV per RFC 4180, read as Arrow reads it: a quote opens only at the start of a field, a doubled quote stands for one,
and whatever follows the closing quote up to the delimiter belongs to the field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gateway.foundation.errors import InvalidInput

RECORD_BYTES = 1024 * 1024  # a longer record is a broken file, not a person

_LF, _CR, _QUOTE = 10, 13, 34
_Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Block:
    """Whole records: ``data[starts[i]:ends[i]]`` is record ``i`` without its line end, on physical ``lines[i]``."""

    data: bytes
    starts: _Offsets
    ends: _Offsets
    lines: _Offsets

    @property
    def blank(self) -> npt.NDArray[np.bool_]:
        """Which records are empty lines."""
        return np.equal(self.starts, self.ends)

    def record(self, index: int) -> bytes:
        """Return the bytes of one record."""
        return self.data[self.starts[index] : self.ends[index]]

    def after(self, count: int) -> Block:
        """Return the block without its first ``count`` records."""
        cut = int(self.starts[count]) if count < len(self.starts) else len(self.data)
        return Block(self.data[cut:], self.starts[count:] - cut, self.ends[count:] - cut, self.lines[count:])


def blocks(
    chunks: Iterable[bytes], *, delimiter: str | None, name: str, longest: int = RECORD_BYTES
) -> Iterator[Block]:
    """Cut UTF-8 pieces at record ends; ``delimiter=None`` means that quotes do not matter (JSON lines).

    Raises InvalidInput for a record over ``longest`` bytes and for a quote that never closes, each with its line.
    """
    carry, line = b"", 1
    for chunk in chunks:
        block, carry, line = cut(carry + chunk, line, delimiter, final=False)
        _check(block, carry, line, name, longest)
        if len(block.starts):
            yield block
    block, carry, line = cut(carry, line, delimiter, final=True)
    if carry:
        msg = f"{name}, line {line}: a quote is opened here and never closed; close it, or double it inside the field"
        raise InvalidInput(msg, reasons=("unclosed_quote",))
    if len(block.starts):
        yield block


def _check(block: Block, carry: bytes, line: int, name: str, longest: int) -> None:
    sizes = block.ends - block.starts
    if len(sizes) and sizes.max() > longest:
        line = int(block.lines[int(np.argmax(sizes > longest))])
    elif len(carry) <= longest:
        return
    msg = (
        f"{name}, line {line}: the record that starts here is longer than {longest // 1024**2} MiB; "
        "look for a missing line end or a quote that is left open"
    )
    raise InvalidInput(msg, reasons=("record_too_long",))


def cut(data: bytes, line: int, delimiter: str | None, *, final: bool) -> tuple[Block, bytes, int]:
    """Return the whole records of ``data``, which starts a record on ``line``; the rest; and the rest's line."""
    breaks = _breaks(data, final=final)
    inside = np.zeros(len(breaks) + 1, np.bool_)
    if delimiter is not None and b'"' in data:
        inside = _inside_quotes(data, np.append(breaks, len(data)), delimiter)
    stops = breaks[~inside[:-1]]
    starts = np.concatenate(([0], stops + 1))
    ends = _without_cr(data, stops)
    if final and starts[-1] < len(data) and not inside[-1]:
        ends = np.append(ends, len(data))
        starts = np.append(starts, len(data))
    lines = line + np.searchsorted(breaks, starts)
    rest = int(starts[-1])
    block = Block(data if rest == len(data) else data[:rest], starts[:-1], ends, lines[:-1])
    return block, data[rest:], int(lines[-1])


def _breaks(data: bytes, *, final: bool) -> _Offsets:
    """Offsets of the last byte of each line end; a CR at the very end may be half of one that is still to come."""
    octets = np.frombuffer(data, np.uint8)
    found = np.flatnonzero(octets == _LF)
    if b"\r" not in data:
        return found
    returns = np.flatnonzero(octets == _CR)
    last = len(octets) - 1
    before_lf = octets[np.minimum(returns + 1, last)] == _LF
    before_lf[returns == last] = not final
    lone = returns[~before_lf]
    breaks: _Offsets = np.sort(np.concatenate((found, lone))) if len(lone) else found
    return breaks


def _without_cr(data: bytes, stops: _Offsets) -> _Offsets:
    if b"\r\n" not in data or not len(stops):
        return stops
    octets = np.frombuffer(data, np.uint8)
    paired = (octets[stops] == _LF) & (stops > 0) & (octets[np.maximum(stops - 1, 0)] == _CR)
    ends: _Offsets = stops - paired
    return ends


def _inside_quotes(data: bytes, places: _Offsets, delimiter: str) -> npt.NDArray[np.bool_]:
    octets = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(octets == _QUOTE)
    openers = quotes[::2]
    before = octets[np.maximum(openers - 1, 0)]
    allowed = (before == ord(delimiter)) | (before == _LF) | (before == _CR) | (before == _QUOTE) | (openers == 0)
    if allowed.all():  # every second quote opens a field or doubles the one before it: counting them is exact
        return (np.searchsorted(quotes, places) & 1).astype(np.bool_)
    return _inside_by_scan(data, places, delimiter)


def _inside_by_scan(data: bytes, places: _Offsets, delimiter: str) -> npt.NDArray[np.bool_]:
    """Do the same with quotes in the midst of fields (``5" pipe``), which open nothing."""
    mark = re.escape(delimiter.encode())
    pattern = re.compile(rb"(?:\A|(?<=[\r\n" + mark + rb']))"[^"]*+(?:""[^"]*+)*+(?P<end>"|\Z)')
    spans = [(match.start(), match.end() if match["end"] else len(data) + 1) for match in pattern.finditer(data)]
    edges = np.array(spans, np.int64).reshape(-1, 2)
    opened = np.searchsorted(edges[:, 0], places, "right")
    closed = np.searchsorted(edges[:, 1], places, "right")
    return opened > closed
