"""What one sync makes durable: the entries of all who wait, each entry once, with the receipts that they get."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from audit import format as layout
from audit import merkle
from audit.errors import EntryRefused

REMEMBERED: Final = 65_536  # entries whose id is known: sent again, they are not written again


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry is durable at this place of this log. Only a log makes one."""

    index: int
    leaf_hash: bytes
    origin: str


class Known:
    """The last entries that have an id, with their receipts; of this shard and, where it has few, the one before.

    It is bounded: an entry that is sent again after ``limit`` others is taken for a new one.
    """

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        self._receipts: OrderedDict[str, Receipt] = OrderedDict()

    def get(self, name: str | None) -> Receipt | None:
        """Return the receipt of the entry with this id, if it is known."""
        return None if name is None else self._receipts.get(name)

    def add(self, name: str, receipt: Receipt) -> None:
        """Remember a durable entry, and forget the oldest where there are too many."""
        self._receipts[name] = receipt
        self._receipts.move_to_end(name)
        if len(self._receipts) > self._limit:
            self._receipts.popitem(last=False)

    def follow(self, before: Known) -> None:
        """Remember what another one does, as if all of it had come before."""
        later, self._receipts = self._receipts, before._receipts.copy()
        for name, receipt in later.items():
            self.add(name, receipt)


class Pending:
    """Entries in the queue. Only ``wait`` and ``durable`` say that they are on disk."""

    def __init__(self, entries: Sequence[bytes], wait: Callable[[Pending], list[Receipt]]) -> None:
        """Raise ``EntryRefused`` for entries that no log takes."""
        if any(len(entry) > layout.MAX_ENTRY for entry in entries):
            raise EntryRefused(f"an entry has at most {layout.MAX_ENTRY} bytes")
        self._wait = wait
        self.entries = tuple(entries)
        self.leaves = merkle.leaf_hashes(entries)
        self.ids = [layout.entry_id(entry) for entry in entries]
        self.bulks = [_bulk(entry) for entry in entries]
        self.found: list[Receipt | None] = [None] * len(entries)
        names = [name for name in self.ids if name is not None]
        if len(set(names)) != len(names):
            raise EntryRefused("two entries of one submission have the same id")
        self.done = False
        self.refused: str | None = None
        self.receipts: list[Receipt] | None = None

    def recall(self, known: Known) -> list[tuple[str, int]]:
        """Note which of the entries are durable already; return the tag files (root, count) that the others name."""
        self.found = [known.get(name) for name in self.ids]
        pairs = zip(self.bulks, self.found, strict=True)
        return [bulk for bulk, found in pairs if bulk is not None and found is None]

    def wait(self) -> list[Receipt]:
        """Return the receipts once the entries are on disk; raises ``LogFailed``, ``EntryRefused``."""
        return self._wait(self)

    async def durable(self) -> list[Receipt]:
        """Do what ``wait`` does in a thread, so that the event loop goes on meanwhile."""
        import asyncio  # noqa: PLC0415 - commands wait in their thread and load no asyncio

        return await asyncio.to_thread(self.wait)


def _bulk(entry: bytes) -> tuple[str, int] | None:
    try:
        return layout.bulk_reference(entry)
    except ValueError as error:
        raise EntryRefused(str(error)) from None


class Group:
    """What one sync makes durable: each entry once, whoever sent it."""

    def __init__(self, first: int, origin: str, known: Known) -> None:
        self.first = first
        self._origin = origin
        self._known = known
        self.entries: list[bytes] = []
        self.leaves: list[bytes] = []
        self.named: dict[str, Receipt] = {}
        self.roots: list[str] = []  # of the tag files that they name
        self.receipts: list[tuple[Pending, list[Receipt]]] = []

    def add(self, pending: Pending) -> None:
        """Place the entries of ``pending``, or refuse all of them."""
        earlier = [found or self._find(name) for found, name in zip(pending.found, pending.ids, strict=True)]
        pairs = zip(earlier, pending.leaves, strict=True)
        if any(found is not None and found.leaf_hash != leaf for found, leaf in pairs):
            pending.refused = "another entry has the same id"
            return
        self.receipts.append((pending, [found or self._place(pending, at) for at, found in enumerate(earlier)]))

    def _find(self, name: str | None) -> Receipt | None:
        return None if name is None else self.named.get(name) or self._known.get(name)

    def _place(self, pending: Pending, at: int) -> Receipt:
        leaf, name, bulk = pending.leaves[at], pending.ids[at], pending.bulks[at]
        receipt = Receipt(self.first + len(self.entries), leaf, self._origin)
        self.entries.append(pending.entries[at])
        self.leaves.append(leaf)
        if name is not None:
            self.named[name] = receipt
        if bulk is not None:
            self.roots.append(bulk[0])
        return receipt


def parts(entries: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Walk the entries in parts that fit into a group of the journal."""
    start = room = 0
    for index, entry in enumerate(entries):
        room += 2 + len(entry)
        if room > layout.MAX_GROUP:
            yield entries[start:index]
            start, room = index, 2 + len(entry)
    if start < len(entries):
        yield entries[start:]
