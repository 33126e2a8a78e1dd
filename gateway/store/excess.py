"""What of the stored values is too much: kept too long, or finer than the policy in force wants (Art. 5(1)(c), (e))."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.store.coarsening import Coarsening
from gateway.store.overdue import Horizons, Overdue, Periods
from gateway.store.schema import Columns


@dataclass(frozen=True, slots=True)
class Excess:
    """Counts; of a value that is overdue it does not count how fine it is."""

    overdue: Overdue
    coarsened: Mapping[str, int]  # values by stored column; only columns that have any


def count_excess(cursor: Any, columns: Columns, periods: Periods, at: dt.datetime) -> Excess:
    """Count at ``at``; nothing changes."""
    horizons = Horizons(cursor, periods, at)
    return Excess(horizons.count(), Coarsening(cursor, columns, horizons.kept()).count())


def end_excess(cursor: Any, columns: Columns, periods: Periods, at: dt.datetime) -> Excess:
    """Delete what is overdue and coarsen the rest within the open transaction."""
    horizons = Horizons(cursor, periods, at)
    return Excess(horizons.delete(), Coarsening(cursor, columns, horizons.kept()).rewrite())
