"""What an erasure would do, before it does (Art. 17)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Ground = Literal["17(1)(a)", "17(1)(b)", "17(1)(c)", "17(1)(d)", "17(1)(e)", "17(1)(f)"]


@dataclass(frozen=True, slots=True)
class DataClass:
    """One kind of data in one store: erased, or retained on a basis of Art. 17(3) until a day."""

    store: str  # vault, store, consent, release, quarantine, audit …
    name: str  # identifiers, profile, events, consents, memberships …
    rows: int
    basis_if_retained: str | None = None  # for example 17(3)(b)
    retain_until: dt.date | None = None

    @property
    def action(self) -> str:
        """Per class of data, never all or nothing."""
        return "erase" if self.basis_if_retained is None else "retain"

    def as_json(self) -> dict[str, Any]:
        """Return it as it stands in a plan and in a certificate."""
        return {
            "store": self.store,
            "class": self.name,
            "action": self.action,
            "rows": self.rows,
            "basis_if_retained": self.basis_if_retained,
            "retain_until": self.retain_until.isoformat() if self.retain_until else None,
        }


def erasure_plan(
    classes: Sequence[DataClass], *, recipients: Sequence[str], ground: Ground = "17(1)(b)", suppression: bool = True
) -> dict[str, Any]:
    """Return the plan of a dry run: which rows go, which stay and why, and whom we notify (Art. 19).

    No classes: nothing is held about the person, and the plan says so in the same shape.
    """
    gone = [item for item in classes if item.action == "erase"]
    kept = [item for item in classes if item.action == "retain"]
    return {
        "found": any(item.rows for item in classes),
        "legal_ground": ground,
        "classes": [item.as_json() for item in classes],
        "stores": sorted({item.store for item in gone if item.rows}),
        "rows_to_erase": sum(item.rows for item in gone),
        "rows_to_retain": sum(item.rows for item in kept),
        "key_to_destroy": bool(gone),
        "recipients_to_notify": sorted(set(recipients)),
        "suppression": suppression,
    }
