"""A contract proposed from what detection found; an officer decides, nothing is in force by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.intake.formats import FileFormat
from gateway.vocabulary.contracts import SourceKind
from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.findings import ColumnFinding
from gateway.vocabulary.names import FieldId, SourceId

CONFIDENT = 0.6  # below, a column stays undecided
# Strongest first: what the controller gives itself, then what is hard to change, then what people share.
IDENTIFIERS = ("customer_number", "national_id", "email", "phone")
_TIMES = ("date", "instant", "time", "timestamp", "datetime")


def propose_contract(source_id: SourceId, columns: Mapping[str, ColumnFinding], layout: FileFormat) -> dict[str, Any]:
    """Return one entry of ``sources.yaml`` and beside its keys ``undecided``, the columns for a person to decide.

    ``purposes`` is empty: only a person can say what for. Undecided columns are not under ``columns``, so that they
    would stay in quarantine.
    """
    ordered = [columns[name] for name in layout.header if name in columns]
    decided = _decided(ordered)
    subject = [field for field in IDENTIFIERS if field in {each.field for each in decided.values()}]
    time = _time(ordered, decided, subject)
    kind = SourceKind.EVENTS if time else SourceKind.PROFILES
    entry: dict[str, Any] = {
        "id": str(source_id),
        "title": {"en": str(source_id).replace("_", " ").capitalize()},
        "kind": kind.value,
        "purposes": [],
        "subject": subject,
    }
    if time:
        entry |= {"event": _event(source_id), "time": time}
    if layout.encoding != "utf-8":
        entry["encoding"] = layout.encoding
    if layout.kind == "csv" and layout.delimiter != ",":
        entry["delimiter"] = layout.delimiter
    entry["columns"] = {name: _column(each, decided.values()) for name, each in decided.items()}
    entry["undecided"] = [name for name in layout.header if name not in decided and name != time]
    return entry


def _decided(ordered: Iterable[ColumnFinding]) -> dict[str, ColumnFinding]:
    """Return the columns whose field is clear; of two for one field the surer, the other is for a person."""
    surest: dict[FieldId, ColumnFinding] = {}
    for each in ordered:
        if each.field is None or each.confidence < CONFIDENT or each.category == "consent":
            continue
        if each.field not in surest or each.confidence > surest[each.field].confidence:
            surest[each.field] = each
    chosen = {each.column for each in surest.values()}
    return {each.column: each for each in ordered if each.column in chosen}


def _column(finding: ColumnFinding, decided: Iterable[ColumnFinding]) -> str | dict[str, str]:
    if finding.category == "phone":
        country = next((each.column for each in decided if each.field == "country"), None)
        if country:
            return {"field": str(finding.field), "region_column": country}
    return str(finding.field)


def _time(ordered: list[ColumnFinding], decided: Mapping[str, ColumnFinding], subject: list[str]) -> str | None:
    """Return the column of instants of what looks like events: a number for the person, no name or address, a time."""
    direct = {each.field for each in decided.values() if each.kind is FieldKind.DIRECT_IDENTIFIER}
    if not subject or direct - {subject[0]}:
        return None
    return next((each.column for each in ordered if each.category in _TIMES and each.column not in decided), None)


def _event(source_id: SourceId) -> str:
    return str(source_id).rsplit("_", 1)[-1].removesuffix("s") or "event"
