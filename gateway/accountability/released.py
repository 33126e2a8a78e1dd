"""What may leave: personal data together with the receipt of the entry that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from audit import Receipt
from gateway.accountability.pending import PendingReceipt

__all__ = ["Receipt", "Released", "released_chunks"]

T_co = TypeVar("T_co", covariant=True)
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Released(Generic[T_co]):
    """A value that may be given out with the receipt of its audit entry, and only with that.

    INVARIANT: made only by flows that give personal data out, with the receipt of the entry that they have just
    recorded or begun to record (tests/architecture). A receipt exists only for a durable entry; while it is on its
    way, ``value`` waits for it. The faces send nothing about people but what stands in one; anything else in its place
    raises ``TypeError`` here, at once.
    """

    entry: Receipt | PendingReceipt
    _value: T_co = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse whatever is no receipt; the message holds nothing of the value."""
        if type(self.entry) is not Receipt and type(self.entry) is not PendingReceipt:
            raise TypeError("personal data are released with the receipt of a durable audit entry, and nothing else")
        if isinstance(self._value, Released):
            raise TypeError("a released value is not released again: use `map`")

    @property
    def receipt(self) -> Receipt:
        """The receipt, waited for. Raises ``EventRefused``, ``LogUnwritable`` (``LogCrowded``)."""
        return self.entry if isinstance(self.entry, Receipt) else self.entry.wait()

    @property
    def value(self) -> T_co:
        """The value, once the receipt is there; raises what ``receipt`` raises."""
        _ = self.receipt
        return self._value

    async def durable(self) -> Released[T_co]:
        """Return the same with its receipt, waited for without holding up a thread; raises what ``receipt`` raises."""
        return self if isinstance(self.entry, Receipt) else Released(await self.entry.durable(), self._value)

    def map(self, change: Callable[[T_co], S]) -> Released[S]:
        """Return the value in another form under the same receipt: fewer fields or another encoding, never more.

        It is changed at once: what takes time is done while the entry is written. What ``change`` raises is raised
        when the entry is on disk, since an error may tell something too.
        """
        try:
            changed = change(self._value)
        except Exception:
            _ = self.receipt
            raise
        return Released(self.entry, changed)

    def then(self, further: Callable[[T_co], Released[S]]) -> Released[S]:
        """Return what a further journey releases for this value, under a receipt of its own."""
        return further(self.value)


def released_chunks(chunks: Iterable[S], record: Callable[[S], Receipt]) -> Iterator[Released[S]]:
    """Walk a stream: each chunk is handed on only once ``record`` has made its own entry durable.

    What ``record`` raises ends the stream before the chunk: of a log that cannot be written nothing more leaves.
    """
    for chunk in chunks:
        yield Released(record(chunk), chunk)
