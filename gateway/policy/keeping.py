"""How long each stored column may be kept at all: until no purpose of the pack needs it any more (Art. 5(1)(e))."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from types import MappingProxyType

from gateway.vocabulary.catalogue import Catalogue


def keeping_periods(catalogue: Catalogue) -> Mapping[str, dt.timedelta]:
    """Return for each stored column the longest retention period that any purpose has for its field.

    A column that is not named may not be kept: no purpose has a period for it. How far back a purpose *sees* may be
    less (``look_back_days``); that is a limit on reading, and keeps nothing and deletes nothing.
    """
    longest: dict[str, dt.timedelta] = {}
    for entry in catalogue.retention:
        column = catalogue.fields[entry.field].column
        if column is not None:
            longest[column] = max(entry.period, longest.get(column, entry.period))
    return MappingProxyType(longest)
