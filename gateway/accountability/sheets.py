"""Sections of a document, as Markdown for people and as CSV for spreadsheets; neither can be broken by a title."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.foundation.spreadsheets import harmless

CSV_HEADER = ("section", "item", "property", "value")
_MARKUP = re.compile(r"[\\`*\[\]<>|~&#!$]|(?<![^\W_])_|_(?![^\W_])")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, and a table under it. The first column names the row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    level: int = 2


def to_markdown(title: str, sections: Iterable[Section]) -> str:
    """Return the document as Markdown (GFM tables)."""
    lines = [f"# {escaped(title)}"]
    for section in sections:
        lines += ["", f"{'#' * section.level} {escaped(section.title)}", ""]
        lines += [_row(section.columns), f"|{'---|' * len(section.columns)}"]
        lines += [_row(row) for row in section.rows]
    return "\n".join(lines) + "\n"


def to_csv(sections: Iterable[Section]) -> str:
    """Return the document as CSV (RFC 4180): each cell of each table is a row of its own."""
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\r\n")
    writer.writerow(CSV_HEADER)
    for section in sections:
        for row in section.rows:
            for name, value in list(zip(section.columns, row, strict=True))[1:]:
                writer.writerow([harmless(text) for text in (section.title, row[0], name, value)])
    return sink.getvalue()


def escaped(text: str) -> str:
    """Return a text on one line, with every sign that Markdown or HTML would take for its own escaped."""
    return _MARKUP.sub(lambda found: f"\\{found[0]}", " ".join(text.split()))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(escaped, cells))} |"
