"""What is stored finer than the form in force becomes what every query shows of it already (Art. 5(1)(c)).

A value that cannot be told in the form in force stays as it came. No query shows it; to rewrite it would be to delete
it, which its retention period does, or the value that comes next; and a later version may be able to show it. A number
whose rounding does not fit its type has none in that form: of it nothing stays, as if it came now.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from gateway.store.forms import Came, History, coarsened, labels_in, read_forms, shown, stamp_of, write_history
from gateway.store.meta import count_erased
from gateway.store.schema import EVENT_ROWS, PROFILE_ROWS, Columns, Form
from gateway.vocabulary.fields import ValueType


@dataclass(frozen=True, slots=True)
class _Finer:
    """A column of which some values came in another form than the one in force, as SQL."""

    table: str
    name: str
    history: History
    wanted: Form
    kind: ValueType
    kept: str

    @property
    def stamp(self) -> str:
        return stamp_of(self.table, self.name)

    def shown(self) -> str:
        """Return a value in the form in force."""
        return shown(f'"{self.name}"', self.stamp, self.history, self.wanted, self.kind)

    def changes(self) -> str:
        """Return what is true of the values of which less is known afterwards: a band may be of both forms."""
        found = []
        for came, span in self.spans():
            value = coarsened(f'"{self.name}"', came.forms, self.wanted, self.kind)
            if value is not None and came.forms != (self.wanted,):
                differs = "TRUE" if labels_in(came.forms, self.wanted) is None else f'{value} <> "{self.name}"'
                found.append(f"({span} AND {differs})")
        return f'"{self.name}" IS NOT NULL AND ({" OR ".join(found) or "FALSE"})'

    def spans(self) -> Iterator[tuple[Came, str]]:
        """Yield each part of the history with what is true of its values: none stands between the parts, or outside."""
        for place, came in enumerate(self.history):
            bounds = [f"{self.stamp} >= make_timestamptz({came.since})"] if place else []
            bounds += [
                f"{self.stamp} < make_timestamptz({later.since})" for later in self.history[place + 1 : place + 2]
            ]
            yield came, " AND ".join(bounds) or "TRUE"

    def left(self, came: Came, span: str) -> str:
        """Return what is true of the values of a rewritten part that stay finer: bands that fall apart."""
        if labels_in(came.forms, self.wanted) is None:
            return "FALSE"
        value = coarsened(f'"{self.name}"', (*came.forms, self.wanted), self.wanted, self.kind)
        return f'{span} AND "{self.name}" IS NOT NULL AND {value} IS NULL'


class Coarsening:
    """The conditions of one form in force, as SQL: rewriting and only counting cannot differ.

    ``kept`` is, by table and column, the SQL that is true of the values that are not overdue.
    """

    def __init__(self, cursor: Any, columns: Columns, kept: Mapping[tuple[str, str], str]) -> None:
        self._cursor = cursor
        kinds = {PROFILE_ROWS: columns.profiles, EVENT_ROWS: columns.events}
        histories = read_forms(cursor)
        self._columns = [
            _Finer(*place, histories[place], wanted, kinds[place[0]][place[1]], kept[place])
            for place, wanted in columns.forms.items()
            if any(came.forms != (wanted,) for came in histories.get(place, ()))
        ]

    def count(self) -> Mapping[str, int]:
        """Count, one pass over each table."""
        found: dict[str, int] = {}
        for table, group in itertools.groupby(sorted(self._columns, key=_table), _table):
            columns = list(group)
            counts = ", ".join(f"count(*) FILTER (WHERE {column.kept} AND {column.changes()})" for column in columns)
            row = self._cursor.execute(f"SELECT {counts} FROM {table}").fetchone()
            found |= {column.name: int(count) for column, count in zip(columns, row, strict=True)}
        return _present(found)

    def rewrite(self) -> Mapping[str, int]:
        """Rewrite within the open transaction, once what is overdue has gone.

        Stamps stay, so a value is kept and shown as long as before. The bytes stay in the file until it is rewritten.
        """
        found = {column.name: self._rewritten(column) for column in self._columns}
        count_erased(self._cursor, sum(found.values()))
        for column in self._columns:
            self._remember(column)
        return _present(found)

    def _rewritten(self, column: _Finer) -> int:
        value = column.shown()
        stamp = f", {column.stamp} = CASE WHEN {value} IS NOT NULL THEN {column.stamp} END"
        statement = (
            f'UPDATE {column.table} SET "{column.name}" = {value}{stamp if column.table == PROFILE_ROWS else ""} '
            f"WHERE {column.changes()}"
        )
        return int(self._cursor.execute(statement).fetchone()[0])

    def _remember(self, column: _Finer) -> None:
        """Remember the form of what was rewritten; of a part of which something stays finer, both."""
        history = tuple(Came(came.since, self._forms(column, came, span)) for came, span in column.spans())
        write_history(self._cursor, (column.table, column.name), history)

    def _forms(self, column: _Finer, came: Came, span: str) -> tuple[Form, ...]:
        if coarsened(f'"{column.name}"', came.forms, column.wanted, column.kind) is None:
            return came.forms
        left = f"SELECT 1 FROM {column.table} WHERE {column.left(came, span)} LIMIT 1"
        if self._cursor.execute(left).fetchone() is None:
            return (column.wanted,)
        return tuple(dict.fromkeys((*came.forms, column.wanted)))


def _table(column: _Finer) -> str:
    return column.table


def _present(counts: Mapping[str, int]) -> Mapping[str, int]:
    return MappingProxyType({name: count for name, count in sorted(counts.items()) if count})
