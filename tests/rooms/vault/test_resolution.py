import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.vault.resolution import resolve

KINDS = 3
PER_KIND = 4


class Naive:
    """The four rules, one row at a time, smaller anchors first within a level."""

    def __init__(self, owner: dict[int, int], has: dict[int, set[int]]) -> None:
        self.owner, self.has, self.conflicts = dict(owner), {p: set(k) for p, k in has.items()}, 0

    def run(self, rows: list[list[int]], *, create: bool) -> list[int]:
        person = [-1] * len(rows)
        for level in range(KINDS):
            mine = [i for i, row in enumerate(rows) if row[level] >= 0 and all(c < 0 for c in row[:level])]
            self._join([rows[i] for i in mine], level)
            for anchor in sorted({rows[i][level] for i in mine}):
                if create and anchor not in self.owner:
                    self.owner[anchor] = max(self.has, default=-1) + 1
                    self.has[self.owner[anchor]] = {level}
            for i in mine:
                person[i] = self.owner.get(rows[i][level], -1)
            if create:
                self._bind(sorted((rows[i] for i in mine), key=lambda row: row[level]), level)
        return person

    def _join(self, rows: list[list[int]], level: int) -> None:
        wishes = []
        for row in rows:
            known = [(k, row[k]) for k in range(level + 1, KINDS) if row[k] >= 0 and row[k] in self.owner]
            if row[level] in self.owner or not known:
                continue
            kind, code = known[0]
            slot = self.owner[code]
            if not any(row[k] >= 0 and k in self.has[slot] for k in range(level, kind)):
                wishes.append((row[level], kind, slot))
        first: dict[int, int] = {}
        for anchor, _, slot in sorted(wishes):
            first.setdefault(anchor, slot)
        for anchor, slot in sorted(first.items()):
            if level not in self.has[slot] or slot not in [self.owner.get(a) for a in first if a != anchor]:
                self.owner[anchor] = slot
                self.has[slot].add(level)

    def _bind(self, rows: list[list[int]], level: int) -> None:
        for kind in range(level + 1, KINDS):
            for row in rows:
                if row[kind] >= 0:
                    slot = self.owner[row[level]]
                    holder = self.owner.setdefault(row[kind], slot)
                    self.conflicts += holder != slot
                    if holder == slot:
                        self.has[slot].add(kind)


def _row() -> st.SearchStrategy[list[int]]:
    return st.tuples(*(st.sampled_from([-1, *range(k * PER_KIND, (k + 1) * PER_KIND)]) for k in range(KINDS))).map(list)


def _stored() -> st.SearchStrategy[dict[int, int]]:
    return st.dictionaries(st.integers(0, KINDS * PER_KIND - 1), st.integers(0, 3), max_size=6)


def _compact(owner: dict[int, int]) -> dict[int, int]:
    slots = {slot: i for i, slot in enumerate(sorted(set(owner.values())))}
    return {code: slots[slot] for code, slot in owner.items()}


def _resolve(rows: list[list[int]], owner: dict[int, int], *, create: bool):  # type: ignore[no-untyped-def]  # noqa: ANN202 -- a test's helper
    known = len(set(owner.values()))
    has = np.zeros((known, KINDS), bool)
    places = np.full(KINDS * PER_KIND, -1, np.int64)
    for code, slot in owner.items():
        places[code] = slot
        has[slot, code // PER_KIND] = True
    return resolve(np.array(rows, np.int64), places, known, lambda slots: has[slots], create=create)


@settings(max_examples=300)
@given(st.lists(_row(), min_size=1, max_size=8), _stored().map(_compact), st.booleans())
def test_columns_resolve_as_the_rules_read(rows: list[list[int]], owner: dict[int, int], create: bool) -> None:  # noqa: FBT001 -- drawn
    has: dict[int, set[int]] = {}
    for code, slot in owner.items():
        has.setdefault(slot, set()).add(code // PER_KIND)
    naive = Naive(owner, has)
    expected = naive.run(rows, create=create)
    found = _resolve(rows, owner, create=create)
    assert found.person.tolist() == expected
    assert found.conflicts == naive.conflicts
    assert {c: int(s) for c, s in enumerate(found.owner) if s >= 0} == naive.owner


@settings(max_examples=200)
@given(st.lists(_row(), min_size=1, max_size=8), _stored().map(_compact), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(rows: list[list[int]], owner: dict[int, int], random) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 -- drawn
    order = list(range(len(rows)))
    random.shuffle(order)
    straight = _resolve(rows, owner, create=True)
    shuffled = _resolve([rows[i] for i in order], owner, create=True)
    assert straight.person[order].tolist() == shuffled.person.tolist()
    assert straight.conflicts == shuffled.conflicts


def test_a_stronger_identifier_of_their_own_keeps_people_apart() -> None:
    """Two customers with one telephone are two people; the telephone stays with the first."""
    found = _resolve([[0, -1, 8], [1, -1, 8]], {}, create=True)
    assert found.person.tolist() == [0, 1]
    assert (found.owner[8], found.conflicts) == (0, 1)


def test_a_newsletter_reader_becomes_a_customer() -> None:
    """Known by e-mail only, then a customer number comes with that e-mail: one person."""
    assert _resolve([[0, 4, -1]], {4: 0}, create=True).person.tolist() == [0]
    assert _resolve([[0, 4, -1], [1, 4, -1]], {4: 0}, create=True).person.tolist() == [0, 1]
