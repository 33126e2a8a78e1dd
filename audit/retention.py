"""Pruning (c2sp.org/tlog-tiles): the entries of a closed shard go when its retention period is over.

The tree stays: the checkpoint with its cosignatures, the tiles above level 0 and the partial tiles. Old proofs stay
valid, and whoever kept a checkpoint can still compare it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit import format as layout
from audit import merkle, tiles
from audit.disk import Disk
from audit.errors import AuditError, VerificationFailed
from audit.inventory import unwritten, walk
from audit.published import Minimum
from audit.shards import SHARD_NAME, shard_end, shard_names
from audit.verifier import Verified, verify_directory

_MONTHS: Final = 3  # of a quarter


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, or with ``dry_run`` would be: files and their bytes."""

    origin: str
    minimum: int
    files: int
    data: int


def prune(
    directory: Path,
    retention: str,
    before: dt.datetime | None = None,
    *,
    dry_run: bool = False,
    disk: Disk | None = None,
) -> Pruned:
    """Remove the entries of a closed log or shard: bundles, tiles of level 0, tag files, journal.

    ``retention`` is the stated policy that permits it; it is kept in the log. With ``before``, a shard whose quarter
    ends later is refused. What a crash interrupted, a second call finishes. Raises ``AuditError`` for a log that is
    open, a trail's newest shard, entries that are not published, or a ``retention`` of over 4,096 characters or with
    lone surrogates, and ``VerificationFailed`` for a log that does not hold.
    """
    disk = disk or Disk()
    _check_period(directory, retention, before)
    with unwritten(directory):
        held = verify_directory(directory)
        minimum = Minimum.read(directory) or _first_minimum(held, retention)
        doomed = list(_doomed(directory, minimum.minimum))
        found = Pruned(held.origin, minimum.minimum, len(doomed), _bytes(directory, doomed))
        if not dry_run:
            disk.put_durably(directory / layout.MINIMUM_FILE, minimum.data)
            _remove(directory, doomed, disk)
        return found


def _check_period(directory: Path, retention: str, before: dt.datetime | None) -> None:
    if not retention.strip():
        raise AuditError("without a stated retention policy no log may be pruned")
    name = directory.resolve().name
    if before is not None:
        _check_end(name, before)
    if SHARD_NAME.fullmatch(name) and shard_names(directory.resolve().parent)[-1:] == [name]:
        raise AuditError("it is the newest shard of its trail")


def _first_minimum(held: Verified, retention: str) -> Minimum:
    if held.entries_beyond_checkpoint:
        raise AuditError("it has entries that are not published: open and close the log first")
    if not held.size:
        raise AuditError("it has no entries")
    try:
        return Minimum.parse(Minimum(held.size, retention.strip()).data)  # as everybody will read it
    except (VerificationFailed, UnicodeEncodeError):
        raise AuditError("the retention policy cannot be stated so: at most 4,096 characters of Unicode") from None


def _check_end(name: str, before: dt.datetime) -> None:
    if not SHARD_NAME.fullmatch(name):
        raise AuditError("the name of the directory is not that of a shard, so nobody can say when it ended")
    end = shard_end(dt.datetime(int(name[:4]), _MONTHS * int(name[5:]), 1, tzinfo=dt.UTC))
    if end > before:
        raise AuditError(f"the shard ends at {end.isoformat()}, which is not before the instant that was given")


def _doomed(directory: Path, minimum: int) -> Iterator[str]:
    """Walk the files to remove so that what is left verifies after each: journal, tags, bundles, tiles of level 0."""
    found: dict[str, list[str]] = {part: [] for part in ("journal", "tags", "partial", "entries", "tiles")}
    for path, is_folder in walk(directory):
        if not is_folder and (part := _part(path, minimum)):
            found[part].append(path)
    for paths in found.values():
        yield from paths


def _part(path: str, minimum: int) -> str | None:
    top = path.partition("/")[0]
    if top in {layout.JOURNAL_FOLDER, layout.TAGS_FOLDER}:
        return top
    if top != "tile":
        return None
    level, index, width = tiles.parse_tile_path(path)
    if level is None:
        return "partial" if width < merkle.TILE_WIDTH else "entries"
    if level or (index + 1) * merkle.TILE_WIDTH > minimum:
        return None
    return "partial" if width < merkle.TILE_WIDTH else "tiles"


def _bytes(directory: Path, paths: list[str]) -> int:
    return sum((directory / path).stat().st_size for path in paths)


def _remove(directory: Path, paths: list[str], disk: Disk) -> None:
    folders: dict[Path, None] = {}
    for path in paths:
        disk.remove(directory / path)
        folders[(directory / path).parent] = None
    for folder in folders:
        disk.sync_folder(folder)
    _remove_empty(directory)


def _remove_empty(directory: Path) -> None:
    for path, is_folder in sorted(walk(directory), reverse=True):
        if is_folder and not any((directory / path).iterdir()):
            (directory / path).rmdir()
