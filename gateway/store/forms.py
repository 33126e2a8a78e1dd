"""In which form the values of a column came, and how they are shown where a policy wants another form.

A policy may come to want a coarser form, or a finer one, than stored values have. A value is then shown as what the raw
value would have become under the new form, where that can be told from the stored one, and otherwise not at all until
it comes again. Until a sweep rewrites what is stored (``coarsening.py``), a way back shows everything as it was.
"""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

from sqlglot import exp

from gateway.store.guard import DIALECT
from gateway.store.meta import read_all_meta, write_meta
from gateway.store.schema import DUCKDB_TYPES, PROFILE_ROWS, STAMP, Columns, Form
from gateway.vocabulary.fields import (
    AgeBand,
    Band,
    Bucket,
    Keep,
    Month,
    Prefix,
    Rounded,
    TopCode,
    Transform,
    ValueType,
    Year,
)

_CAME = "came:"
_TRANSFORMS = {kind.__name__: kind for kind in get_args(Transform)}


@dataclass(frozen=True, slots=True)
class Came:
    """Values collected at ``since`` (microseconds) or later, and before those of the next, are of one of these forms.

    Several are bands of one field: a label reaches as far in each of them, so no value passes for another.
    """

    since: int
    forms: tuple[Form, ...]


History = tuple[Came, ...]  # of one column, the oldest first
Histories = Mapping[tuple[str, str], History]  # by table and column


def read_forms(cursor: Any) -> dict[tuple[str, str], History]:
    """Return in which forms the values of each column came."""
    found = {}
    for name, value in read_all_meta(cursor, _CAME).items():
        table, column = name.split(".", 1)
        found[table, column] = tuple(_came(*each) for each in json.loads(value))
    return found


def record_forms(cursor: Any, columns: Columns) -> None:
    """Remember that values come in the forms of ``columns`` from now on."""
    histories = read_forms(cursor)
    for place, form in columns.forms.items():
        history = histories.get(place, ())
        if history and history[-1].forms == (form,):
            continue
        newest = _newest(cursor, *place)
        if newest is None:  # of the earlier forms there is no value
            history = (Came(0, (form,)),)
        else:
            history = (*history, Came(max(newest, *(came.since for came in history)) + 1, (form,)))
        write_history(cursor, place, history)


def write_history(cursor: Any, place: tuple[str, str], history: History) -> None:
    """Remember in which forms the values of a column are."""
    write_meta(cursor, f"{_CAME}{'.'.join(place)}", json.dumps([_plain(came) for came in history]))


def latest_change(cursor: Any) -> int:
    """Return before which instant (microseconds) nothing may be collected any more: it would pass for another form."""
    return max((came.since for history in read_forms(cursor).values() for came in history), default=0)


def shown(sql: str, stamp: str, history: History, wanted: Form, kind: ValueType) -> str:
    """Return the SQL of a value in the form that is ``wanted``; ``stamp`` is the SQL of when it was collected."""
    shapes = [coarsened(sql, came.forms, wanted, kind) or f"NULL::{DUCKDB_TYPES[kind]}" for came in history]
    if len(set(shapes)) < 2:  # noqa: PLR2004 - whenever it was collected, the same is shown
        return shapes[0] if shapes else f"NULL::{DUCKDB_TYPES[kind]}"
    starts = [came.since for came in history[1:]]
    earlier = [
        f"WHEN {stamp} < make_timestamptz({end}) THEN {shape}" for end, shape in zip(starts, shapes, strict=False)
    ]
    return f"CASE {' '.join(earlier)} ELSE {shapes[-1]} END"


def coarsened(sql: str, forms: tuple[Form, ...], wanted: Form, kind: ValueType) -> str | None:
    """Return the SQL of what a value of one of ``forms`` is in another; ``None`` where it cannot be told of any value.

    ``kind`` is the type of all. INVARIANT: what the SQL gives is what ``wanted`` makes of the raw value, or nothing
    (tests/laws/test_form_laws.py).
    """
    if any(form.field != wanted.field for form in forms):
        return None
    if forms == (wanted,):
        return sql
    labels = labels_in(forms, wanted)
    if labels is None:
        found = _computed(sql, forms[0].transform, wanted.transform, kind)
    else:
        pairs = " ".join(f"WHEN {_text(old)} THEN {_text(new)}" for old, new in labels.items())
        found = f"CASE {sql} {pairs} END" if labels else None
    return None if found is None else f"({found})::{DUCKDB_TYPES[kind]}"


def labels_in(forms: tuple[Form, ...], wanted: Form) -> dict[str, str] | None:
    """Return into which band of ``wanted`` each band of ``forms`` falls whole; ``None`` where they are no bands all."""
    each = [same_labels(form.transform, wanted.transform) for form in forms]
    found = [labels for labels in each if labels is not None]
    return {old: new for labels in found for old, new in labels.items()} if len(found) == len(each) else None


def _computed(sql: str, came: Transform, wanted: Transform, kind: ValueType) -> str | None:
    match came, wanted:
        case (Keep(), Prefix(length)):
            return f"left({sql}, {length})"
        case (Prefix(longer), Prefix(length)) if length <= longer:
            return f"left({sql}, {length})"
        case (Bucket(more), Bucket(fewer)) if more % fewer == 0:
            place = f"(substring({sql}, 2)::BIGINT % {fewer})::VARCHAR"
            return f"'b' || lpad({place}, {len(str(fewer - 1))}, '0')"
        case (Keep(), Month()):
            return f"date_trunc('month', {sql})"
        case (Keep() | Month(), Year()):
            return f"date_trunc('year', {sql})"
        case _:
            return _number(sql, came, wanted, kind)


def _number(sql: str, came: Transform, wanted: Transform, kind: ValueType) -> str | None:
    match came, wanted:
        case (Keep(), TopCode(limit)):
            return f"CASE WHEN {sql} > {limit} THEN {limit} ELSE {sql} END"
        case (TopCode(higher), TopCode(limit)) if limit <= higher:
            return f"CASE WHEN {sql} > {limit} THEN {limit} ELSE {sql} END"
        case (Keep(), Rounded(step)):
            return _rounded(sql, step, kind)
        case (Rounded(finer), Rounded(step)) if step % finer == 0 and step // finer % 2:
            # Of an even multiple the halves of ``step`` lie inside what was rounded already: it cannot be told.
            return _rounded(sql, step, kind)
        case _:
            return None


def _rounded(sql: str, step: int, kind: ValueType) -> str:
    if kind is ValueType.NUMBER:
        near = f"floor({sql} / {step} + 0.5) * {step}"
        return f"CASE WHEN isfinite({near}) THEN {near} END"
    rest = f"(({sql} % {step} + {step}) % {step})"
    half = f"CASE WHEN {rest} >= {step} - {rest} THEN {step} ELSE 0 END"
    return f"TRY_CAST({sql}::HUGEINT - {rest} + {half} AS BIGINT)"


class Told(enum.StrEnum):
    """What of the values that are stored can be told in the form that is wanted."""

    ALL = "all"
    SOME = "some"  # not of each value, or not of values of each form in which they came
    NONE = "none"


def told(history: History, wanted: Form, kind: ValueType) -> Told:
    """Return how much of a column is shown once another form is wanted."""
    found = {_told(form, wanted, kind) for came in history for form in came.forms}
    return Told.SOME if len(found) > 1 else next(iter(found), Told.NONE)


def _told(came: Form, wanted: Form, kind: ValueType) -> Told:
    if coarsened("", (came,), wanted, kind) is None:
        return Told.NONE
    labels = same_labels(came.transform, wanted.transform)
    whole = labels is None or (
        isinstance(came.transform, AgeBand | Band) and len(labels) == len(came.transform.reaches())
    )
    return Told.ALL if whole else Told.SOME


def same_labels(came: Transform, wanted: Transform) -> dict[str, str] | None:
    """Return into which band of ``wanted`` each band of ``came`` falls whole; ``None`` where they are no bands both."""
    match came, wanted:
        case (AgeBand() as old, AgeBand() as new) | (Band() as old, Band() as new):
            return {
                label: wider
                for label, (low, high) in old.reaches().items()
                for wider, (from_, to) in new.reaches().items()
                if from_ <= low and high <= to
            }
        case _:
            return None


def stamp_of(table: str, column: str) -> str:
    """Return the SQL of when a value of a column was collected."""
    stamp = exp.to_identifier(STAMP + column if table == PROFILE_ROWS else "collected_at", quoted=True)
    return stamp.sql(dialect=DIALECT)


def _newest(cursor: Any, table: str, column: str) -> int | None:
    """Return when the latest value of a column was collected, in microseconds."""
    value = exp.to_identifier(column, quoted=True)
    found = cursor.execute(
        f"SELECT epoch_us(max({stamp_of(table, column)})) FROM {table} WHERE {value.sql(dialect=DIALECT)} IS NOT NULL"
    ).fetchone()
    return None if found[0] is None else int(found[0])


def _text(value: str) -> str:
    return exp.Literal.string(value).sql(dialect=DIALECT)


def _plain(came: Came) -> list[Any]:
    forms = [[each.field, type(each.transform).__name__, dataclasses.astuple(each.transform)] for each in came.forms]
    return [came.since, forms]


def _came(since: int, forms: list[Any]) -> Came:
    return Came(since, tuple(_form(*each) for each in forms))


def _form(field: str, kind: str, values: list[Any]) -> Form:
    given = [tuple(value) if isinstance(value, list) else value for value in values]
    return Form(field, _TRANSFORMS[kind](*given))
