"""Entries for people and their tools. These are views; the leaf stays what it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal

import msgspec

_COLUMNS: Final = (
    "index", "ts", "actor_type", "actor_ref", "action", "decision", "reasons", "purpose", "basis", "recipient",
    "source", "segment", "snapshot", "batch", "fields", "rows", "members", "policy", "query", "request", "id",
    "tags_root",
)  # fmt: skip


def export(leaves: Iterable[bytes], form: Literal["csv", "ndjson"]) -> Iterator[bytes]:
    """Walk the lines of an export."""
    return _csv(leaves) if form == "csv" else (leaf + b"\n" for leaf in leaves)


def _csv(leaves: Iterable[bytes]) -> Iterator[bytes]:
    yield _line(_COLUMNS)
    for index, leaf in enumerate(leaves):
        entry: dict[str, Any] = msgspec.json.decode(leaf)
        actor = entry["actor"]
        flat = entry | {"index": index, "actor_type": actor["type"], "actor_ref": actor["ref"]}
        yield _line([_cell(flat.get(name)) for name in _COLUMNS])


def _cell(value: Any) -> Any:
    return " ".join(value) if isinstance(value, list) else value


def _line(cells: Iterable[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()
