"""Cells of undeclared columns wait under the person's key; the name they are held by says from where and until when."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from urllib.parse import quote, unquote

import pyarrow as pa

from gateway.vocabulary.contracts import SourceContract
from gateway.vocabulary.names import SourceId


@dataclass(frozen=True, slots=True)
class HeldColumn:
    """An undeclared column of a source, and the day on which it goes if nobody has decided."""

    source: SourceId
    until: dt.date
    column: str

    @property
    def name(self) -> str:
        """The name that the vault keeps it under: without quotes and control characters, which a header may have."""
        return f"{self.source}|{self.until.isoformat()}|{quote(self.column, safe='')}"

    @classmethod
    def read(cls, name: str) -> HeldColumn:
        """Read such a name."""
        source, until, column = name.split("|", 2)
        return cls(SourceId(source), dt.date.fromisoformat(until), unquote(column))


def held(undeclared: pa.Table, contract: SourceContract, at: dt.datetime) -> pa.Table | None:
    """Name a batch's undeclared columns for the vault; ``None`` where it has none."""
    if not undeclared.num_columns:
        return None
    until = (at + dt.timedelta(days=contract.quarantine_days)).date()
    return undeclared.rename_columns([HeldColumn(contract.id, until, c).name for c in undeclared.column_names])


def over(names: list[str], at: dt.datetime) -> list[str]:
    """Return those whose time is over."""
    return [name for name in names if HeldColumn.read(name).until <= at.date()]
