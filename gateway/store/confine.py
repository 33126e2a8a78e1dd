"""Which readings of ``events`` are already confined to permitted people by the query itself.

``events`` shows permitted people only, by a semi join with their profiles. A query that itself asks for
``person IN (SELECT person FROM …)`` of people who come straight out of ``profiles`` gets the same rows without that
join, so it is left out: this is what makes an enforced event segment as fast as one without enforcement. The proof is
narrow on purpose; whatever does not fit it keeps the join.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot import exp

from gateway.vocabulary.relations import EVENTS, PROFILES


def confined_tables(tree: exp.Select) -> list[exp.Table]:
    """Return the ``events`` nodes of a judged query whose rows can only be those of people in ``profiles``."""
    sources = {PROFILES} | {cte.alias for cte in tree.ctes if _is_people(cte.this, {PROFILES})}
    return [table for table in tree.find_all(exp.Table) if table.name == EVENTS and _is_confined(table, sources)]


def _is_confined(table: exp.Table, sources: set[str]) -> bool:
    select = table.parent.parent if isinstance(table.parent, exp.From) else None
    if not isinstance(select, exp.Select) or select.args.get("joins"):
        return False
    where = select.args.get("where")
    if where is None:
        return False
    return any(_asks_for_people(condition, table, sources) for condition in _conjuncts(where.this))


def _conjuncts(condition: Any) -> Iterator[exp.Expression]:
    if isinstance(condition, exp.Paren):
        yield from _conjuncts(condition.this)
    elif isinstance(condition, exp.And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def _asks_for_people(condition: exp.Expression, table: exp.Table, sources: set[str]) -> bool:
    if not isinstance(condition, exp.In) or not _is_person(condition.this, table.alias_or_name):
        return False
    query = condition.args.get("query")
    inner = query.this if isinstance(query, exp.Subquery) else query
    return isinstance(inner, exp.Select) and len(inner.expressions) == 1 and _is_people(inner, sources)


def _is_people(select: exp.Expression, sources: set[str]) -> bool:
    """Whether every ``person`` that ``select`` gives stands in one of ``sources``."""
    if not isinstance(select, exp.Select) or select.args.get("joins"):
        return False
    origin = select.args.get("from_")
    if origin is None or not isinstance(origin.this, exp.Table) or origin.this.name not in sources:
        return False
    given = [column for column in select.expressions if column.alias_or_name == "person"]
    return len(given) == 1 and _is_person(given[0].unalias(), origin.this.alias_or_name)


def _is_person(node: exp.Expression | None, table: str) -> bool:
    return isinstance(node, exp.Column) and node.name == "person" and node.table == table
