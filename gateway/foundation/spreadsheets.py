"""What a spreadsheet would run in a cell of a CSV file (OWASP, CSV injection): patterns for ``re`` and for Arrow alike.

A cell is run that starts with a sign, also a wide one, after whatever is not seen. Where a semicolon or a tab parts
the cells, as in most of Europe, the middle of one of ours starts a cell of theirs, and quotation marks do not hold.
"""

from __future__ import annotations

import re
from typing import Final

# Spaces, controls, format characters and what else Unicode has nothing to show for; tab and line ends part cells.
_UNSEEN = (
    (0x00, 0x08), (0x0B, 0x0C), (0x0E, 0x20), (0x7F, 0xA0), (0xAD, 0xAD), (0x34F, 0x34F), (0x600, 0x605),
    (0x61C, 0x61C), (0x6DD, 0x6DD), (0x70F, 0x70F), (0x890, 0x891), (0x8E2, 0x8E2), (0x115F, 0x1160),
    (0x1680, 0x1680), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x2000, 0x200F), (0x2028, 0x202F), (0x205F, 0x206F),
    (0x3000, 0x3000), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB),
    (0x110BD, 0x110BD), (0x110CD, 0x110CD), (0x13430, 0x1343F), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),
)  # fmt: skip
_SIGN = r"[=+\-@＝＋－＠]"  # noqa: RUF001 - the wide forms are meant
_BLANK = "".join(f"{chr(low)}-{chr(high)}" for low, high in _UNSEEN)
PARTING: Final = r"[;\t\r\n]"
RUN_INSIDE: Final = f'({PARTING})(["{_BLANK}]*{_SIGN})'  # theirs may open with a quotation mark of ours
HARMLESS_INSIDE: Final = r"\1'\2"
RUN_AT_START: Final = rf"^(?:[{_BLANK}]*{_SIGN}|[\t\r\n])"

_inside, _at_start = re.compile(RUN_INSIDE), re.compile(RUN_AT_START)


def harmless(text: str) -> str:
    """Return a cell that no spreadsheet runs."""
    text = _inside.sub(HARMLESS_INSIDE, text)
    return f"'{text}" if _at_start.match(text) else text
