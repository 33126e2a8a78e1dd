"""Which encoding a file has, and its bytes as checked UTF-8; a guess that could be wrong is refused."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from charset_normalizer import CharsetMatches, from_bytes

from gateway.foundation.errors import InvalidInput

SAMPLE_BYTES = 256 * 1024  # how much of a file is looked at before it is read
CHUNK_BYTES = 4 * 1024 * 1024  # how much of a file is held while it is read
UNREADABLE = "\ufffd"

LEGACY = ["cp1252", "iso8859_1", "iso8859_15", "iso8859_2", "cp1250", "cp1251", "koi8_u"]
MARKS = (  # UTF-32 first: its mark begins with the one of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Python's registry also holds rot13, idna or unicode_escape, which are no encodings of a file.
_ALLOWED = re.compile(
    r"utf-8|utf-(16|32)-[lb]e|ascii|cp\d+|iso8859-\d+|koi8-[rtu]|mac-\w+|shift_jis|euc_jp|euc_kr|gb\w+|big5"
)
_CHAOS_MARGIN = 0.05  # share of implausible characters
_COHERENCE_MARGIN = 0.15  # likeness to a known language


def encoding_of(sample: bytes, declared: str | None, *, name: str) -> str:
    """Return the encoding of a file by its first bytes: declared, by its mark, UTF-8, or the one legacy that fits.

    Raises InvalidInput when a declared encoding is unknown or does not fit, and when several could be meant.
    """
    marked = next((encoding for mark, encoding in MARKS if sample.startswith(mark)), None)
    if declared is not None:
        return _declared(sample, declared, marked, name)
    if marked is not None:
        return marked
    if _fits(sample, "utf-8"):
        return "utf-8"
    if b"\0" in sample:
        msg = f"{name}: binary content, not text; if it is UTF-16 without a mark, declare `encoding` in the contract"
        raise InvalidInput(msg, reasons=("binary_content",))
    return _legacy(sample, name)


def _declared(sample: bytes, declared: str, marked: str | None, name: str) -> str:
    try:
        encoding = codecs.lookup(declared).name.removesuffix("-sig")
    except (LookupError, ValueError):
        encoding = ""
    if marked is not None and encoding and marked.startswith(encoding):  # utf-16 is utf-16-be by its mark
        encoding = marked
    if not _ALLOWED.fullmatch(encoding):
        msg = (
            f"{name}: the contract's `encoding` is not a text encoding of known byte order; "
            "write for example utf-8, utf-16-le or cp1250"
        )
        raise InvalidInput(msg, reasons=("unknown_encoding",))
    if not _fits(sample, encoding):
        msg = f"{name}: the file is not in the declared encoding {encoding}; correct `encoding` in the contract"
        raise InvalidInput(msg, reasons=("wrong_encoding",))
    return encoding


def _fits(sample: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(sample)  # not final: the sample may cut a character
    except UnicodeError:
        return False
    return True


def _legacy(sample: bytes, name: str) -> str:
    matches = from_bytes(sample[:SAMPLE_BYTES], cp_isolation=LEGACY, enable_fallback=False)
    best = matches.best()
    if best is None or _ambiguous(matches):
        msg = (
            f"{name}: not UTF-8, and the encoding cannot be told for certain; "
            "declare `encoding` in the contract, for example cp1252 or cp1250"
        )
        raise InvalidInput(msg, reasons=("ambiguous_encoding",))
    # One text under several names: cp1252 holds all of iso-8859-1 and what follows the sample may need it.
    same = {codecs.lookup(each).name for each in (best.encoding, *best.could_be_from_charset)}
    return "cp1252" if "cp1252" in same else codecs.lookup(best.encoding).name


def _ambiguous(matches: CharsetMatches) -> bool:
    best = matches[0]
    text = str(best)
    return any(
        str(other) != text
        and other.chaos - best.chaos < _CHAOS_MARGIN
        and best.coherence - other.coherence < _COHERENCE_MARGIN
        for other in list(matches)[1:]
    )


class LineCounter:
    """Counts line ends (LF, CR LF, CR) over pieces of a text, also where a CR LF is cut in two."""

    def __init__(self) -> None:
        self.lines = 0
        self._after_cr = False

    def feed(self, text: bytes) -> None:
        """Count the line ends of the next piece of UTF-8."""
        if not text:
            return
        self.lines += text.count(b"\n")
        if b"\r" in text:
            self.lines += text.count(b"\r") - text.count(b"\r\n")
        if self._after_cr and text.startswith(b"\n"):
            self.lines -= 1
        self._after_cr = text.endswith(b"\r")


def utf8_chunks(stream: BinaryIO, encoding: str, *, name: str, lenient: bool = False) -> Iterator[bytes]:
    """Return the stream's text as UTF-8 in pieces of about 4 MiB, without its mark.

    Raises InvalidInput with the line where bytes do not fit the encoding; ``lenient`` marks them, and NUL, instead.
    """
    decoder = codecs.getincrementaldecoder(encoding)("replace" if lenient else "strict")
    counter = LineCounter()
    first = True
    ended = False
    while not ended:
        piece = _read_full(stream, CHUNK_BYTES)
        ended = not piece
        try:
            text = decoder.decode(piece, ended)
        except UnicodeDecodeError as error:
            good = bytes(error.object)[: error.start].decode(encoding, "replace")
            counter.feed(good.encode("utf-8", "replace"))
            raise _undecodable(name, counter.lines + 1, encoding) from None
        except UnicodeError:  # a UTF-16 or UTF-32 stream without its mark
            raise _undecodable(name, counter.lines + 1, encoding) from None
        if first and text:
            text = text.removeprefix("\ufeff")
            first = False
        if lenient:
            text = text.replace("\0", UNREADABLE)
        data = text.encode("utf-8")  # no decoder lets half a surrogate pair through
        counter.feed(data)
        if data:
            yield data


def _undecodable(name: str, line: int, encoding: str) -> InvalidInput:
    msg = (
        f"{name}, line {line}: bytes that are not {encoding}; nothing of the file was taken in: "
        "save it anew, or declare its true `encoding` in the contract"
    )
    return InvalidInput(msg, reasons=("wrong_encoding",))


def _read_full(stream: BinaryIO, size: int) -> bytes:
    """Read ``size`` bytes unless the stream ends; sockets and pipes give less at a time."""
    pieces: list[bytes] = []
    missing = size
    while missing and (piece := stream.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
