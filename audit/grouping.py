"""What one sync makes durable: the entries of all who wait, each entry once, with the receipts that they get."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from audit import format as layout
from audit import merkle
from audit.errors import EntryRefused


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry is durable at this place of this log. Only a log makes one."""

    index: int
    leaf_hash: bytes
    origin: str


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
        self.bulks = [bulk for entry in entries if (bulk := _bulk(entry))]
        names = [name for name in self.ids if name is not None]
        if len(set(names)) != len(names):
            raise EntryRefused("two entries of one submission have the same id")
        self.done = False
        self.refused: str | None = None
        self.receipts: list[Receipt] | None = None

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

    def __init__(self, first: int, origin: str, known: Mapping[str, Receipt]) -> None:
        self.first = first
        self._origin = origin
        self._known = known
        self.entries: list[bytes] = []
        self.leaves: list[bytes] = []
        self.named: dict[str, Receipt] = {}
        self.receipts: list[tuple[Pending, list[Receipt]]] = []

    def add(self, pending: Pending) -> None:
        """Place the entries of ``pending``, or refuse all of them."""
        earlier = [self._find(name) for name in pending.ids]
        pairs = zip(earlier, pending.leaves, strict=True)
        if any(found is not None and found.leaf_hash != leaf for found, leaf in pairs):
            pending.refused = "another entry has the same id"
            return
        receipts: list[Receipt] = []
        for entry, leaf, name, found in zip(pending.entries, pending.leaves, pending.ids, earlier, strict=True):
            receipts.append(found or self._place(entry, leaf, name))
        self.receipts.append((pending, receipts))

    def _find(self, name: str | None) -> Receipt | None:
        return None if name is None else self.named.get(name) or self._known.get(name)

    def _place(self, entry: bytes, leaf: bytes, name: str | None) -> Receipt:
        receipt = Receipt(self.first + len(self.entries), leaf, self._origin)
        self.entries.append(entry)
        self.leaves.append(leaf)
        if name is not None:
            self.named[name] = receipt
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
