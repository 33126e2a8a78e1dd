"""What may leave: personal data together with the receipt of the entry that says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from audit import Receipt

__all__ = ["Receipt", "Released", "released_chunks"]

T_co = TypeVar("T_co", covariant=True)
S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Released(Generic[T_co]):
    """A value that may be given out, since its audit entry is on disk.

    INVARIANT: made only by flows that give personal data out, with the receipt of the entry that they have just
    recorded (tests/architecture). A receipt exists only for a durable entry. The faces send nothing about people but
    what stands in one; anything else in its place raises ``TypeError`` here, at once.
    """

    receipt: Receipt
    value: T_co

    def __post_init__(self) -> None:
        """Refuse whatever is no receipt; the message holds nothing of the value."""
        if type(self.receipt) is not Receipt:
            raise TypeError("personal data are released with the receipt of a durable audit entry, and nothing else")
        if isinstance(self.value, Released):
            raise TypeError("a released value is not released again: use `map`")

    def map(self, change: Callable[[T_co], S]) -> Released[S]:
        """Return the value in another form under the same receipt: fewer fields or another encoding, never more."""
        return Released(self.receipt, change(self.value))

    def then(self, further: Callable[[T_co], Released[S]]) -> Released[S]:
        """Return what a further journey releases for this value, under a receipt of its own."""
        return further(self.value)


def released_chunks(chunks: Iterable[S], record: Callable[[S], Receipt]) -> Iterator[Released[S]]:
    """Walk a stream: each chunk is handed on only once ``record`` has made its own entry durable.

    What ``record`` raises ends the stream before the chunk: of a log that cannot be written nothing more leaves.
    """
    for chunk in chunks:
        yield Released(record(chunk), chunk)
