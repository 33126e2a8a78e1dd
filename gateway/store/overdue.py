"""What may not be kept any longer (Art. 5(1)(e)): profile values by their own stamps, events by when they happened.

A value is over its period at the very instant from which no relation shows it, so a deletion changes no answer. Columns
that the catalogue has dropped are still in the file; they have no period, and all of them is overdue.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gateway.foundation.database import to_micros
from gateway.store.meta import count_erased, read_oldest, write_oldest
from gateway.store.schema import EVENT_HEAD, EVENT_ROWS, PROFILE_HEAD, PROFILE_ROWS, STAMP, instant, physical_columns

Periods = Mapping[str, dt.timedelta]  # how long a stored column may be kept; one that is not named, not at all


@dataclass(frozen=True, slots=True)
class Overdue:
    """Counts of what is over its retention period; of an event that goes whole no value is counted."""

    values: Mapping[str, int]  # by stored column; only columns that have any
    events: int
    people_without_data: int  # known by a reference and a mask only, once all that is overdue has gone

    @property
    def total(self) -> int:
        """Values and events."""
        return sum(self.values.values()) + self.events


@dataclass(frozen=True, slots=True)
class _Value:
    """A column of values: where it stands, and the SQL of a value that stays and of one that is overdue."""

    table: str
    name: str
    kept: str
    over: str


class Horizons:
    """The conditions of one instant, as SQL: deleting and only counting cannot differ."""

    def __init__(self, cursor: Any, periods: Periods, at: dt.datetime) -> None:
        self._cursor, self._periods, self._at = cursor, periods, at
        self._oldest = read_oldest(cursor)
        profiles = [name for name in physical_columns(cursor, PROFILE_ROWS) if name not in PROFILE_HEAD]
        self._profiles = [self._profile_value(name) for name in profiles if not name.startswith(STAMP)]
        properties = [name for name in physical_columns(cursor, EVENT_ROWS) if name not in EVENT_HEAD]
        self._event_kept = self._after('"at"', max((periods[n] for n in properties if n in periods), default=None))
        self._properties = [self._property(name) for name in properties]

    def kept(self) -> Mapping[tuple[str, str], str]:
        """Return, by table and stored column, the SQL that is true of the values that stay."""
        properties = {
            (value.table, value.name): f'("{value.name}" IS NOT NULL AND {value.kept})' for value in self._properties
        }
        return properties | {(value.table, value.name): value.kept for value in self._profiles}

    def count(self) -> Overdue:
        """Count, one pass over each table."""
        events, *of_events = self._counted(EVENT_ROWS, f"NOT ({self._event_kept})", self._properties)
        _, *of_profiles = self._counted(PROFILE_ROWS, "FALSE", self._profiles)
        values = zip((*self._properties, *self._profiles), (*of_events, *of_profiles), strict=True)
        return Overdue(_present({value.name: count for value, count in values}), events, self._people_without_data())

    def delete(self) -> Overdue:
        """Delete within the open transaction; the bytes stay in the file until it is rewritten."""
        without = self._people_without_data()
        events = self._changed(f"DELETE FROM {EVENT_ROWS} WHERE NOT ({self._event_kept})")
        values = {value.name: self._emptied(value) for value in (*self._properties, *self._profiles)}
        gone = Overdue(_present(values), events, without)
        count_erased(self._cursor, gone.total)
        return gone

    def _emptied(self, value: _Value) -> int:
        if value.over == "FALSE":
            return 0
        stamp = f', "{STAMP}{value.name}" = NULL' if value.table == PROFILE_ROWS else ""
        count = self._changed(f'UPDATE {value.table} SET "{value.name}" = NULL{stamp} WHERE {value.over}')
        if value.table == PROFILE_ROWS and value.name in self._periods:
            write_oldest(self._cursor, value.name, self._horizon(value.name) + 1)
        return count

    def _profile_value(self, name: str) -> _Value:
        there = f'"{name}" IS NOT NULL'
        kept = self._after(f'"{STAMP}{name}"', self._periods.get(name))
        young = name in self._periods and self._oldest.get(name, 0) > self._horizon(name)
        over = "FALSE" if young else f"{there} AND NOT ({kept})"
        return _Value(PROFILE_ROWS, name, f"({there} AND {kept})", over)

    def _property(self, name: str) -> _Value:
        kept = self._after('"at"', self._periods.get(name))
        over = "FALSE" if kept == self._event_kept else f'"{name}" IS NOT NULL AND {self._event_kept} AND NOT ({kept})'
        return _Value(EVENT_ROWS, name, kept, over)

    def _after(self, stamp: str, period: dt.timedelta | None) -> str:
        """Return the SQL that is true of what may be kept: as a relation shows it, and never of what has no stamp."""
        return "FALSE" if period is None else f"coalesce({stamp} > {instant(self._at - period)}, FALSE)"

    def _horizon(self, name: str) -> int:
        return to_micros(self._at - self._periods[name])

    def _people_without_data(self) -> int:
        kept = " OR ".join(value.kept for value in self._profiles) or "FALSE"
        found = self._cursor.execute(
            f"SELECT count(*) FROM (SELECT person FROM {PROFILE_ROWS} WHERE NOT ({kept})) "
            f"ANTI JOIN (SELECT person FROM {EVENT_ROWS} WHERE {self._event_kept}) USING (person)"
        ).fetchone()
        return int(found[0])

    def _counted(self, table: str, rows: str, values: list[_Value]) -> list[int]:
        counts = ", ".join(f"count(*) FILTER (WHERE {each})" for each in (rows, *(value.over for value in values)))
        return [int(count) for count in self._cursor.execute(f"SELECT {counts} FROM {table}").fetchone()]

    def _changed(self, statement: str) -> int:
        return int(self._cursor.execute(statement).fetchone()[0])


def _present(values: Mapping[str, int]) -> Mapping[str, int]:
    return MappingProxyType({name: count for name, count in sorted(values.items()) if count})
