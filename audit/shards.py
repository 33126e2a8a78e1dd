"""A log that goes on for years is a folder of shards, one for each quarter, each a log of its own.

The first entry of each shard but the first names the last checkpoint of the one before, so that none can be left out.
A shard that is closed can be pruned when its retention period is over; the others do not notice.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from audit.checkpoint import Checkpoint
from audit.errors import VerificationFailed
from audit.published import PublishedLog

SHARD_NAME: Final = re.compile(r"(?!0000)[0-9]{4}q[1-4]", re.ASCII)  # the calendar has no year 0
# It names none before it, and the next one names the empty tree: all that came before could be taken away.
EMPTY_BETWEEN: Final = "the shard is empty and not the newest, so nothing shows what came before it"
_LAST: Final = dt.datetime.max.replace(tzinfo=dt.UTC)


def shard_of(at: dt.datetime) -> str:
    """Return the name of the shard of an instant: its year and quarter in UTC."""
    at = at.astimezone(dt.UTC)
    return f"{at.year:04d}q{(at.month + 2) // 3}"


def shard_end(at: dt.datetime) -> dt.datetime:
    """Return the instant at which the shard of ``at`` ends; the last one of the calendar ends with it."""
    at = at.astimezone(dt.UTC)
    month = (at.month + 2) // 3 * 3
    if (at.year, month) == (_LAST.year, _LAST.month):
        return _LAST
    return dt.datetime(at.year + month // 12, month % 12 + 1, 1, tzinfo=dt.UTC)


def shard_end_of(name: str) -> dt.datetime:
    """Return the instant at which the shard ``name`` ends."""
    return shard_end(dt.datetime(int(name[:4]), 3 * int(name[5:]), 1, tzinfo=dt.UTC))


def shard_names(directory: Path) -> list[str]:
    """Return the names of a trail's shards, oldest first; empty where there is none."""
    if not directory.is_dir():
        return []
    return sorted(path.name for path in directory.iterdir() if SHARD_NAME.fullmatch(path.name))


class _Previous(msgspec.Struct):
    origin: str
    size: int
    root: str


class _First(msgspec.Struct):
    previous: _Previous


def previous_of(entry: bytes) -> Checkpoint:
    """Return the checkpoint that the first entry of a shard names. Raises ``VerificationFailed``."""
    try:
        named = msgspec.json.decode(entry, type=_First).previous
        return Checkpoint(named.origin, named.size, bytes.fromhex(named.root))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise VerificationFailed("entry 0", "it does not name the last checkpoint of the shard before") from None


def names_a_shard(entry: bytes) -> bool:
    """Say whether the first entry of a shard names one before it."""
    try:
        return previous_of(entry) is not None
    except VerificationFailed:
        return False


def check_links(shards: Mapping[str, PublishedLog]) -> None:
    """Check that each shard begins where the one before ended, so that none is missing before the newest.

    A shard whose first entry is pruned no longer shows what came before it. Only the newest may be empty. Raises
    ``VerificationFailed``.
    """
    before: Checkpoint | None = None
    for name, shard in shards.items():
        if before is not None and not before.size:
            raise VerificationFailed(before.origin, EMPTY_BETWEEN)
        if shard.size and not shard.minimum:
            first = shard.entry(0)
            linked = previous_of(first) == before if before else not names_a_shard(first)
            if not linked:
                raise VerificationFailed(f"{name}/entry 0", "the shard before it is another one, or not there")
        before = shard.checkpoint


class PublishedTrail:
    """What the shards of a trail have published; the reading side, without lock or key."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._open: dict[str, PublishedLog] = {}

    def shards(self) -> dict[str, PublishedLog]:
        """Return each shard as it is published now, oldest first. Raises ``VerificationFailed``."""
        for name in shard_names(self.directory):
            found = self._open.get(name)
            if found is None:
                self._open[name] = PublishedLog(self.directory / name)
            else:
                found.refresh()
        return dict(sorted(self._open.items()))
