"""The judge of queries: what may be asked of a Relation is a closed list of tables, columns and operations.

What is judged is the text, parsed back: a tree may carry raw text in odd places, but a parsed text has no place where
text is not structure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError
from sqlglot.optimizer.qualify import qualify

from gateway.store.errors import QueryRefused
from gateway.vocabulary.fields import ValueType
from gateway.vocabulary.relations import EVENTS, PROFILES

DIALECT = "duckdb"
CONFINED = "confined_events"  # events whose people the query itself takes from profiles
MAX_TEXT = 200_000
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")

_STRUCTURE = (
    exp.Select, exp.From, exp.Where, exp.Group, exp.Having, exp.With, exp.CTE, exp.Subquery, exp.Table, exp.TableAlias,
    exp.Join, exp.Order, exp.Ordered, exp.Limit, exp.Distinct, exp.Alias, exp.Column, exp.Identifier, exp.Star,
    exp.Paren, exp.Literal, exp.Boolean, exp.Null, exp.DataType, exp.Cast, exp.Filter, exp.Case, exp.If, exp.Exists,
)  # fmt: skip
_OPERATIONS = (
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.In, exp.Between, exp.Is, exp.Neg,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod,
)  # fmt: skip
_FUNCTIONS = (
    exp.Count, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.Coalesce, exp.Round, exp.Abs, exp.Least, exp.Greatest,
    exp.Window, exp.WindowSpec, exp.RowNumber, exp.Ntile,
)  # fmt: skip
ALLOWED = frozenset((*_STRUCTURE, *_OPERATIONS, *_FUNCTIONS))

_TYPES = frozenset(
    {
        exp.DType.TEXT, exp.DType.VARCHAR, exp.DType.DOUBLE, exp.DType.BIGINT, exp.DType.INT, exp.DType.DATE,
        exp.DType.TIMESTAMPTZ, exp.DType.BOOLEAN,
    }
)  # fmt: skip
_SQL_TYPES = {
    ValueType.TEXT: "VARCHAR",
    ValueType.NUMBER: "DOUBLE",
    ValueType.INTEGER: "BIGINT",
    ValueType.DATE: "DATE",
    ValueType.INSTANT: "TIMESTAMPTZ",
    ValueType.BOOLEAN: "BOOLEAN",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """The columns that are open, by virtual table."""

    profiles: Mapping[str, ValueType]
    events: Mapping[str, ValueType]

    def schema(self) -> dict[str, object]:
        """Return the virtual tables as SQLGlot's qualifier wants them."""
        return {
            PROFILES: {"person": "BIGINT"} | {name: _SQL_TYPES[kind] for name, kind in self.profiles.items()},
            EVENTS: {"person": "BIGINT", "event": "VARCHAR", "at": "TIMESTAMPTZ"}
            | {name: _SQL_TYPES[kind] for name, kind in self.events.items()},
        }


def judged(query: Any, opened: Opened) -> exp.Select:
    """Return ``query`` parsed back from its own text, with every column bound to its table, or refuse it.

    :raises QueryRefused: naming the reason, and the column or function it concerns.
    """
    tree = _parsed_back(query)
    for node in tree.walk():
        _check_node(node)
    _check_names(tree)
    _check_columns(tree, opened)
    try:
        bound = qualify(tree, dialect=DIALECT, schema=opened.schema(), quote_identifiers=True)
    except SqlglotError:
        raise QueryRefused("not_resolvable") from None
    if not isinstance(bound, exp.Select):
        raise QueryRefused("not_a_select")
    return bound


def render(tree: exp.Expression) -> str:
    """Return the text that runs."""
    return tree.sql(dialect=DIALECT, comments=False, identify=True, unsupported_level=ErrorLevel.RAISE)


def _parsed_back(query: Any) -> exp.Select:
    if not isinstance(query, exp.Select):
        raise QueryRefused("not_a_select")
    try:
        text = query.sql(dialect=DIALECT, comments=False, unsupported_level=ErrorLevel.RAISE)
        if len(text) > MAX_TEXT:
            raise QueryRefused("too_long")
        statements = sqlglot.parse(text, dialect=DIALECT)
    except SqlglotError:
        raise QueryRefused("not_parsable") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Select):
        raise QueryRefused("not_a_select")
    return statements[0]


def _check_node(node: Any) -> None:
    if type(node) not in ALLOWED:
        raise QueryRefused("operation_not_allowed", _shown(node.key))
    allowed = _ALLOWED_ARGS.get(type(node))
    extra = [] if allowed is None else [key for key, value in node.args.items() if value and key not in allowed]
    if extra:
        raise QueryRefused("operation_not_allowed", _shown(extra[0]))
    if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
        raise QueryRefused("table_function", None)
    if isinstance(node, exp.DataType) and node.this not in _TYPES:
        raise QueryRefused("operation_not_allowed", "datatype")
    if isinstance(node, exp.With) and not (node.parent is not None and node.parent.parent is None):
        raise QueryRefused("nested_with")


# Select and Table carry most of a dialect's extras (samples, pivots, laterals, INTO, locks…): these arguments only.
_ALLOWED_ARGS: Mapping[type[exp.Expression], frozenset[str]] = {
    exp.Select: frozenset(
        {"with_", "kind", "expressions", "distinct", "from_", "joins", "where", "group", "having", "order", "limit"}
    ),
    exp.Table: frozenset({"this", "alias"}),
    exp.Join: frozenset({"this", "on", "using", "side", "kind"}),
    exp.With: frozenset({"expressions"}),
    exp.CTE: frozenset({"this", "alias", "materialized", "scalar"}),
    exp.Star: frozenset(),
    exp.Cast: frozenset({"this", "to"}),
    exp.Subquery: frozenset({"this", "alias"}),
    exp.Column: frozenset({"this", "table"}),
}


def _check_names(tree: exp.Select) -> None:
    """Refuse any table but the virtual ones and the query's own, and names that could hide another."""
    own = [cte.alias for cte in tree.ctes]
    virtual = {PROFILES, EVENTS}
    if len({name.lower() for name in own} | virtual | {CONFINED}) != len(own) + len(virtual) + 1:
        raise QueryRefused("name_taken")
    if not all(_PLAIN_NAME.fullmatch(node.name) for node in tree.find_all(exp.Identifier)):
        raise QueryRefused("odd_name")
    for table in tree.find_all(exp.Table):
        if table.name not in virtual and table.name not in own:
            raise QueryRefused("table_not_open", table.name)


def _check_columns(tree: exp.Select, opened: Opened) -> None:
    """Name the first column that neither a virtual table nor the query itself has."""
    known = {"person", "event", "at", *opened.profiles, *opened.events}
    known |= {node.alias for node in tree.find_all(exp.Alias)}
    for column in tree.find_all(exp.Column):
        if column.name not in known and not isinstance(column.this, exp.Star):
            raise QueryRefused("column_not_open", column.name)


def _shown(word: str) -> str | None:
    return word if _PLAIN_NAME.fullmatch(word) else None
