"""The store as it would be read under another policy: other masks beside the stored rows, and nothing is written.

The masks stand in a temporary table of one connection, inside a transaction that is rolled back; the file is not
touched. Memory is bounded: what does not fit spills beside the file.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from sqlglot import exp

from gateway.store.errors import SchemaMismatch
from gateway.store.forms import Told, read_forms, told
from gateway.store.guard import DIALECT
from gateway.store.relation import Rows, StoreRelation
from gateway.store.schema import EVENT_ROWS, PROFILE_ROWS, Columns, Form, instant, physical_columns, tables_of
from gateway.store.staging import stage
from gateway.vocabulary.decisions import Permit

# Each side's masks of everybody: under the policy in force and under the draft, in the order of the stored rows.
MASKS = pa.schema(
    [
        ("person", pa.int64()),
        ("now_permits", pa.uint64()),
        ("now_until", pa.timestamp("us", "UTC")),
        ("then_permits", pa.uint64()),
        ("then_until", pa.timestamp("us", "UTC")),
    ]
)
SIDES = ("now", "then")
_TABLE = "trial_masks"


@dataclass(frozen=True, slots=True)
class Reshaped:
    """A stored column whose values are shown in another form then."""

    column: str
    now: Form
    then: Form
    told: Told  # what of the values that are stored now


class Trial:
    """Relations over the stored rows with the masks that ``add`` gave; whoever has none takes no part."""

    def __init__(self, cursor: Any, columns: Mapping[str, Columns]) -> None:
        self._cursor, self._columns = cursor, columns
        stage(cursor, _TABLE, MASKS.empty_table())
        for side in SIDES:
            for table, wanted in tables_of(columns[side]).items():
                if table in (PROFILE_ROWS, EVENT_ROWS):
                    self._show(side, table, wanted)

    def add(self, masks: pa.Table) -> None:
        """Take the masks of some people, with the columns of ``MASKS``."""
        self._cursor.from_arrow(masks.select(MASKS.names).cast(MASKS)).insert_into(_TABLE)

    def relation(self, side: str, permit: Permit, at: dt.datetime) -> StoreRelation:
        """Open what ``permit`` permits ``now`` or ``then``; its ``prepare`` and ``execute`` are for use, not ``run``.

        :raises QueryRefused: as ``Store.relation`` does.
        """
        rows = Rows(f"temp.{side}_{PROFILE_ROWS}", f"temp.{side}_{EVENT_ROWS}")
        return StoreRelation(permit, at, self._columns[side], lambda: contextlib.nullcontext(self._cursor), rows)

    def changed(self, bits: Mapping[str, tuple[int, int]], at: dt.datetime) -> dict[str, tuple[int, int]]:
        """Return for each name how many people gain and lose it; ``bits`` has its mask now and then, 0 for none."""
        if not bits:
            return {}
        counts = []
        for now, then in bits.values():
            was, will = (
                f"(({side}_permits & {int(mask)}::UBIGINT) <> 0 AND {side}_until > {instant(at)})"
                for side, mask in zip(SIDES, (now, then), strict=True)
            )
            counts += [f"count(*) FILTER (WHERE {will} AND NOT {was})", f"count(*) FILTER (WHERE {was} AND NOT {will})"]
        row = self._cursor.execute(f"SELECT {', '.join(counts)} FROM temp.{_TABLE}").fetchone()
        return dict(zip(bits, zip(row[::2], row[1::2], strict=True), strict=True))

    def reshaped(self) -> tuple[Reshaped, ...]:
        """Return the columns that have values and whose form is another then, each with what of it can be told."""
        now, then = (self._columns[side] for side in SIDES)
        histories, found = read_forms(self._cursor), []
        for place, form in sorted(then.forms.items(), key=lambda each: each[0]):
            history, kind = histories.get(place), (then.events if place[0] == EVENT_ROWS else then.profiles)[place[1]]
            if history and place in now.forms and now.forms[place] != form:
                found.append(Reshaped(place[1], now.forms[place], form, told(history, form, kind)))
        return tuple(found)

    def _show(self, side: str, table: str, wanted: Mapping[str, str]) -> None:
        """Make the view of a table on one side; a column that the file has not got yet is empty there."""
        present = physical_columns(self._cursor, table)
        for name, kind in wanted.items():
            if name in present and present[name] != kind:
                raise SchemaMismatch(
                    f"column `{name}` of `{table}` changed its type: give the field a new column name in the catalogue"
                )
        empty = [f"NULL::{kind} AS {_quoted(name)}" for name, kind in wanted.items() if name not in present]
        if table == EVENT_ROWS:
            shown, source = "e.*", f"main.{table} AS e"
        else:
            shown = f"p.* REPLACE (m.{side}_permits AS permits, m.{side}_until AS permits_until)"
            source = f"main.{table} AS p JOIN temp.{_TABLE} AS m ON m.person = p.person"
        columns = ", ".join([shown, *empty])
        self._cursor.execute(f"CREATE TEMP VIEW {side}_{table} AS SELECT {columns} FROM {source}")


def _quoted(name: str) -> str:
    return exp.to_identifier(name, quoted=True).sql(dialect=DIALECT)
