"""Who is who: rows with identifiers, strongest first, to people. Pure; whole columns at once.

The rules, in order of weight: wrongly merging two people is worse than splitting one.

1. The strongest identifier of a row is its anchor. Rows with one anchor are one person; a known anchor is that person.
2. A row with an unknown anchor joins the person of its strongest known identifier, if that person has no identifier
   of any stronger type that the row has too. One anchor at most joins a person so.
3. Any other unknown anchor is a new person.
4. A weaker identifier that is free is bound to the row's person; one that is bound to somebody else stays there.

Where two rows of a chunk want the same thing the smaller anchor gets it, so the order of rows does not matter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gateway.vault.columns import Indexes

Flags = npt.NDArray[np.bool_]
Holdings = Callable[[Indexes], Flags]
NONE = -1


@dataclass(frozen=True, slots=True)
class Resolution:
    """People are slots: those known before first, then new ones."""

    person: Indexes  # slot of each row, -1 where none
    owner: Indexes  # slot of each distinct identifier, -1 where none
    slots: int
    conflicts: int


class _Holders:
    """Which identifier types each person has; what is stored of known people is read only when it matters."""

    def __init__(self, known: int, room: int, types: int, stored: Holdings) -> None:
        self.has = np.zeros((known + room, types), bool)
        self._unread = np.zeros(known + room, bool)
        self._unread[:known] = True
        self._stored = stored

    def of(self, slots: Indexes) -> Flags:
        wanted = np.unique(slots[self._unread[slots]])
        if len(wanted):
            self.has[wanted] |= self._stored(wanted)
            self._unread[wanted] = False
        flags: Flags = self.has[slots]
        return flags


def resolve(codes: Indexes, owner: Indexes, known: int, stored: Holdings, *, create: bool) -> Resolution:
    """Resolve rows.

    ``codes`` (rows, types) numbers each row's identifiers, strongest type first, -1 where absent; ``owner`` gives the
    slot (below ``known``) of each identifier that is in the index, else -1; ``stored`` tells which types known people
    have. Without ``create`` nobody is new and nothing is bound.
    """
    rows, types = codes.shape
    present = codes >= 0
    anchor_type = np.where(present.any(axis=1), present.argmax(axis=1), NONE)
    owner = owner.copy()
    holders = _Holders(known, rows, types, stored)
    person = np.full(rows, NONE, np.int64)
    slots, conflicts = known, 0
    for level in range(types):
        mine = np.flatnonzero(anchor_type == level)
        if not len(mine):
            continue
        table = codes[mine]
        slots = _anchor(table, owner, holders, level, slots, create=create)
        person[mine] = owner[table[:, level]]
        if create:
            conflicts += _bind(table, owner, holders, level)
    return Resolution(person, owner, slots, conflicts)


def _anchor(table: Indexes, owner: Indexes, holders: _Holders, level: int, slots: int, *, create: bool) -> int:
    """Give every anchor of one level its person; the number of slots after it."""
    anchors = table[:, level]
    unknown = owner[anchors] == NONE
    if unknown.any() and level + 1 < table.shape[1]:
        joined, to = _joins(table[unknown], owner, holders, level)
        owner[joined] = to
        holders.has[to, level] = True
    if not create:
        return slots
    fresh = np.unique(anchors[owner[anchors] == NONE])
    owner[fresh] = np.arange(slots, slots + len(fresh))
    holders.has[slots : slots + len(fresh), level] = True
    return slots + len(fresh)


def _joins(table: Indexes, owner: Indexes, holders: _Holders, level: int) -> tuple[Indexes, Indexes]:
    """Anchors that join a known person, and whom."""
    best = np.full(len(table), NONE, np.int64)
    by = np.zeros(len(table), np.int64)
    for kind in range(level + 1, table.shape[1]):
        code = table[:, kind]
        found = (best == NONE) & (code >= 0) & (owner[code] != NONE)
        best[found], by[found] = owner[code[found]], kind
    some = np.flatnonzero(best != NONE)
    if not len(some):
        return some, some
    stronger = np.arange(table.shape[1]) < by[some, None]
    clash = (holders.of(best[some]) & stronger & (table[some] >= 0)).any(axis=1)
    some = some[~clash]
    anchors, slots, kinds = table[some, level], best[some], by[some]
    order = np.lexsort((slots, kinds, anchors))
    anchors, slots = anchors[order], slots[order]
    first = np.unique(anchors, return_index=True)[1]
    anchors, slots = anchors[first], slots[first]  # ascending anchors, so the first of a slot is its smallest
    chosen = np.unique(slots, return_index=True)[1]
    return anchors[chosen], slots[chosen]


def _bind(table: Indexes, owner: Indexes, holders: _Holders, level: int) -> int:
    """Bind free weaker identifiers; the number of those that belong to somebody else."""
    person = owner[table[:, level]]
    backwards = np.argsort(table[:, level])[::-1]
    conflicts = 0
    for kind in range(level + 1, table.shape[1]):
        code = table[:, kind]
        order = backwards[(code[backwards] >= 0)]
        order = order[owner[code[order]] == NONE]
        owner[code[order]] = person[order]  # of equal places the last assignment stays: the smallest anchor
        ours = (code >= 0) & (owner[code] == person)
        holders.has[person[ours], kind] = True
        conflicts += int(((code >= 0) & ~ours).sum())
    return conflicts
