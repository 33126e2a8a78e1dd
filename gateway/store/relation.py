"""The only way to read: what one Permit opens at one instant, as two virtual tables."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Self

import duckdb
import pyarrow as pa
from sqlglot import exp

from gateway.foundation.database import to_micros
from gateway.store.confine import confined_tables
from gateway.store.errors import QueryRefused
from gateway.store.forms import Histories, read_forms, shown
from gateway.store.guard import CONFINED, DIALECT, Opened, judged, render
from gateway.store.meta import read_oldest
from gateway.store.schema import EVENT_ROWS, PROFILE_ROWS, STAMP, Columns, Form, instant
from gateway.vocabulary.decisions import Action, Permit, PermitsAlso, PersonCondition, StoredAmong
from gateway.vocabulary.fields import ValueType
from gateway.vocabulary.relations import EVENTS, PROFILES, QueryResult

OpenCursor = Callable[[], AbstractContextManager[Any]]


def check_permit(permit: Permit, at: dt.datetime) -> None:
    """Refuse a Permit that has run out or is for another action than reading."""
    given: object = permit  # callers without types exist
    if not isinstance(given, Permit):
        raise QueryRefused("no_permit")
    if permit.valid_until <= at:
        raise QueryRefused("permit_expired")
    if permit.request.action not in (Action.SEGMENT, Action.RELEASE):
        raise QueryRefused("permit_is_not_for_reading")


@dataclass(frozen=True, slots=True)
class Stored:
    """What is known of stored values beside the rows: columns, their oldest values, and in which forms they came."""

    columns: Columns
    oldest: Mapping[str, int]
    came: Histories

    @classmethod
    def read(cls, cursor: Any, columns: Columns) -> Self:
        """Return what is known at this moment."""
        return cls(columns, read_oldest(cursor), read_forms(cursor))

    def profile(self, name: str, wanted: Form, kind: ValueType) -> str:
        """Return the SQL of a profile value in the form that is wanted."""
        history = self.came.get((PROFILE_ROWS, name), ())
        if history and self.oldest.get(name, 0) >= history[-1].since:  # no value is left of the earlier forms
            history = history[-1:]
        return shown(f'"{name}"', f'"{STAMP}{name}"', history, wanted, kind)

    def event(self, name: str, wanted: Form, kind: ValueType) -> str:
        """Return the SQL of an event's value in the form that is wanted."""
        return shown(f'"{name}"', "collected_at", self.came.get((EVENT_ROWS, name), ()), wanted, kind)


def permitted(permit: Permit, at: dt.datetime, stored: Stored) -> str:
    """Return the condition on ``profile_rows`` under which a person takes part: their own permission, now."""
    parts = [f"(permits & {int(permit.rows.mask)}::UBIGINT) <> 0", f"permits_until > {instant(at)}"]
    return " AND ".join([*parts, *(_any_of(group, at, stored) for group in permit.rows.people)])


def _any_of(group: tuple[tuple[PersonCondition, ...], ...], at: dt.datetime, stored: Stored) -> str:
    """Return SQL that is true where one alternative holds; of what is not known it is never true."""
    alternatives = [" AND ".join(["TRUE", *(_condition(each, at, stored) for each in every)]) for every in group]
    return f"({' OR '.join(f'({each})' for each in alternatives) or 'FALSE'})"


def _condition(condition: PersonCondition, at: dt.datetime, stored: Stored) -> str:
    match condition:
        case PermitsAlso(mask):
            return f"(permits & {int(mask)}::UBIGINT) = {int(mask)}::UBIGINT"
        case StoredAmong(column, values, period):
            form = stored.columns.forms.get((PROFILE_ROWS, column))
            if form is None:
                return "FALSE"
            name = stored.profile(column, form, stored.columns.profiles[column])
            stamp = exp.to_identifier(STAMP + column, quoted=True).sql(dialect=DIALECT)
            among = ", ".join(exp.Literal.string(value).sql(dialect=DIALECT) for value in values)
            return f"({name} IN ({among}) AND {stamp} > {instant(at - period)})" if among else "FALSE"


def profile_value(permit: Permit, name: str, at: dt.datetime, stored: Stored) -> str:
    """Return the SQL of one profile column: empty where the value was collected longer ago than its retention."""
    column = permit.columns[name]
    value = stored.profile(name, Form(column.field, column.transform), column.type)
    horizon = at - column.retention
    if stored.oldest.get(name, 0) > to_micros(horizon):  # no value is that old: spare the look at the stamps
        return f'{value} AS "{name}"'
    return f'CASE WHEN "{STAMP}{name}" > {instant(horizon)} THEN {value} END AS "{name}"'


@dataclass(frozen=True, slots=True)
class Prepared:
    """A query that has been judged, as the text that runs."""

    sql: str
    digest: str  # sha256 hex of ``sql``


@dataclass(frozen=True, slots=True)
class Rows:
    """Where a relation's rows stand."""

    profiles: str = "main.profile_rows"
    events: str = "main.event_rows"


STORED = Rows()


class StoreRelation:
    """``profiles`` and ``events`` of the people who permit the purpose now, with the columns that are permitted."""

    def __init__(
        self, permit: Permit, at: dt.datetime, columns: Columns, cursor: OpenCursor, rows: Rows = STORED
    ) -> None:
        check_permit(permit, at)
        self.permit = permit
        self.at = at
        self.profile_columns: Mapping[str, ValueType] = _open(permit, columns.profiles)
        self.event_columns: Mapping[str, ValueType] = _open(permit, columns.events)
        self._columns = columns
        self._cursor = cursor
        self._rows = rows

    def run(self, query: Any) -> QueryResult:
        """Judge ``query`` (a SQLGlot SELECT over the virtual tables) and run it.

        :raises QueryRefused: for any other table, a column that is not open, or an operation that is not listed.
        """
        with self._cursor() as cursor:
            cursor.execute("BEGIN")
            try:
                prepared = self._prepare(query, Stored.read(cursor, self._columns))
                table = _run(cursor, prepared.sql)
            finally:
                cursor.execute("ROLLBACK")
        return QueryResult(table, prepared.digest)

    def prepare(self, query: Any) -> Prepared:
        """Judge ``query`` and return the text that would run, without running it."""
        with self._cursor() as cursor:
            return self._prepare(query, Stored.read(cursor, self._columns))

    def execute(self, prepared: Prepared) -> pa.Table:
        """Run a text that this relation prepared."""
        with self._cursor() as cursor:
            return _run(cursor, prepared.sql)

    def _prepare(self, query: Any, stored: Stored) -> Prepared:
        tree = judged(query, Opened(self.profile_columns, self.event_columns))
        used = {column.name for column in tree.find_all(exp.Column)}
        for table in confined_tables(tree):
            table.set("alias", exp.TableAlias(this=exp.to_identifier(table.alias_or_name)))
            table.set("this", exp.to_identifier(CONFINED))
        named = {table.name for table in tree.find_all(exp.Table)}
        bodies = {
            PROFILES: self._profiles(used, stored),
            EVENTS: self._events(used, stored),
            CONFINED: self._confined(used, stored),
        }
        opened = ", ".join(f'"{name}" AS NOT MATERIALIZED ({bodies[name]})' for name in bodies if name in named)
        text = render(tree)
        text = f"WITH {opened}, {text.removeprefix('WITH ')}" if tree.ctes else f"WITH {opened} {text}"
        return Prepared(text, hashlib.sha256(text.encode()).hexdigest())

    def _profiles(self, used: set[str], stored: Stored) -> str:
        columns = [profile_value(self.permit, name, self.at, stored) for name in self.profile_columns if name in used]
        horizon = instant(self.at - self.permit.rows.profiles_for)
        return (
            f"SELECT {', '.join(['person', *columns])} FROM {self._rows.profiles} "
            f"WHERE {permitted(self.permit, self.at, stored)} AND collected_at > {horizon}"
        )

    def _events(self, used: set[str], stored: Stored) -> str:
        people = f"SELECT person FROM {self._rows.profiles} WHERE {permitted(self.permit, self.at, stored)}"
        return f"{self._confined(used, stored)} AND person IN ({people})"

    def _confined(self, used: set[str], stored: Stored) -> str:
        columns = [self._event_value(name, stored) for name in self.event_columns if name in used]
        horizon = instant(self.at - self.permit.rows.events_for)
        shown = ", ".join(["person", "event", '"at"', *columns])
        return f'SELECT {shown} FROM {self._rows.events} WHERE "at" > {horizon}'

    def _event_value(self, name: str, stored: Stored) -> str:
        column = self.permit.columns[name]
        value = stored.event(name, Form(column.field, column.transform), column.type)
        if column.retention >= self.permit.rows.events_for:
            return f'{value} AS "{name}"'
        return f'CASE WHEN "at" > {instant(self.at - column.retention)} THEN {value} END AS "{name}"'


def _open(permit: Permit, columns: Mapping[str, ValueType]) -> Mapping[str, ValueType]:
    return {name: kind for name, kind in columns.items() if name in permit.columns}


def _run(cursor: Any, sql: str) -> pa.Table:
    try:
        return cursor.execute(sql).to_arrow_table()
    except duckdb.Error:  # DuckDB quotes the value that it could not convert
        raise QueryRefused("query_failed") from None
