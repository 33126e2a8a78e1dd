"""Entries for people and their tools. These are views; the leaf stays what it is.

``ndjson`` is the very bytes that are hashed; the other views leave the subject tags out: no tool can do anything with
them, and whoever holds the person's key reads the log. Every view is walked in bounded memory.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from gateway.accountability.entries import Entry
from gateway.accountability.errors import LogDamaged
from gateway.accountability.ocsf import datastore_activity

Form = Literal["csv", "ndjson", "ocsf", "cloudevents"]

# CloudEvents wants a reverse name in a domain of one's own; this is one that RFC 2606 reserves. Whoever runs the
# gateway may map it to theirs.
_EVENT_TYPE: Final = "org.example.segmentation-gateway."
_COLUMNS: Final = (
    "log", "index", "ts", "actor_type", "actor_role", "actor_ref", "action", "decision", "reasons", "purpose", "basis",
    "recipient", "source", "segment", "snapshot", "batch", "fields", "rows", "members", "policy", "query", "request",
    "id", "tags_root", "previous",
)  # fmt: skip
_entries = msgspec.json.Decoder(Entry)


@dataclass(frozen=True, slots=True)
class LogPart:
    """Leaves of one log that stand next to each other; ``start`` is the index of the first."""

    origin: str
    leaves: Iterable[bytes]
    start: int = 0


@dataclass(frozen=True, slots=True)
class _Placed:
    origin: str
    index: int
    leaf: bytes

    @property
    def entry(self) -> Entry:
        try:
            return _entries.decode(self.leaf)
        except (
            msgspec.MsgspecError,
            UnicodeDecodeError,
            RecursionError,
        ):  # what was not let in by the closed schema is not let out as if it had been
            raise LogDamaged(f"entry {self.index} of the audit log is not one of the gateway's") from None


def export(parts: Iterable[LogPart], form: Form) -> Iterator[bytes]:
    """Walk the lines of an export, one an entry (after the header line, for CSV). Raises ``LogDamaged``."""
    if form == "csv":
        yield _line(_COLUMNS)
    view = _VIEWS[form]
    for part in parts:
        for index, leaf in enumerate(part.leaves, part.start):
            yield view(_Placed(part.origin, index, leaf))


def _ndjson(placed: _Placed) -> bytes:
    return placed.leaf + b"\n"


def _csv(placed: _Placed) -> bytes:
    """Return a line of cells that no spreadsheet takes for a formula.

    Every cell is empty, a count, or a text of the closed schema, and those begin with a letter, a digit or ``*``:
    never with ``=``, ``+``, ``-``, ``@``, a tab or a line end.
    """
    entry = placed.entry
    flat = msgspec.structs.asdict(entry) | {
        "log": placed.origin, "index": placed.index, "actor_type": entry.actor.type, "actor_role": entry.actor.role,
        "actor_ref": entry.actor.ref, "previous": entry.previous and msgspec.structs.astuple(entry.previous),
    }  # fmt: skip
    return _line([_cell(flat[name]) for name in _COLUMNS])


def _cell(value: Any) -> Any:
    return " ".join(map(str, value)) if isinstance(value, tuple) else value


def _line(cells: Iterable[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def _ocsf(placed: _Placed) -> bytes:
    return msgspec.json.encode(datastore_activity(placed.entry, placed.origin, placed.index)) + b"\n"


def _cloudevents(placed: _Placed) -> bytes:
    """Return a CloudEvents 1.0 event in its JSON format; ``sequence`` is the extension of that name."""
    entry = placed.entry
    data = msgspec.to_builtins(entry)
    data.pop("tags", None)
    event = {
        "specversion": "1.0", "id": entry.id, "source": placed.origin, "type": _EVENT_TYPE + entry.action,
        "time": entry.ts, "sequence": f"{placed.index:020}", "datacontenttype": "application/json", "data": data,
    }  # fmt: skip
    if subject := _subject(entry):
        event["subject"] = subject
    return msgspec.json.encode(event) + b"\n"


def _subject(entry: Entry) -> str | None:
    """Say which thing of the gateway's the event is about; it never points at a person."""
    named = {"segments": entry.segment, "batches": entry.batch, "sources": entry.source, "requests": entry.request}
    return next((f"{kind}/{name}" for kind, name in named.items() if name), None)


_VIEWS: Final[dict[Form, Callable[[_Placed], bytes]]] = {
    "csv": _csv, "ndjson": _ndjson, "ocsf": _ocsf, "cloudevents": _cloudevents,
}  # fmt: skip
