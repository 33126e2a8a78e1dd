"""The writer of a trail: entries go to the shard of the quarter in which they are written."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from audit import format as layout
from audit import home, merkle
from audit.checkpoint import Checkpoint
from audit.errors import AuditError, LogFailed, LogRefused, VerificationFailed
from audit.grouping import REMEMBERED, Known, Pending, Receipt
from audit.keys import Signer
from audit.log import Log
from audit.note import parse_note
from audit.published import PublishedLog
from audit.shards import shard_end_of, shard_names, shard_of
from audit.surroundings import Surroundings
from audit.tags import TagFile, seems_littered

Keys = Callable[[str], Signer]  # the origin of a shard -> the keys that sign it
Link = Callable[[Checkpoint | None], bytes]  # the last checkpoint of a shard, if any -> the first entry of the next


def link_from(template: bytes, clock: Callable[[], dt.datetime]) -> Link:
    """Return what fills a JSON object, an entry of the log's owner, with ``id``, ``ts`` and ``previous``.

    ``previous`` is absent where there is no shard before.
    """
    fixed: dict[str, Any] = msgspec.json.decode(template)
    fixed.pop("previous", None)

    def link(previous: Checkpoint | None) -> bytes:
        name = base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()
        ts = clock().astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        filled = fixed | {"id": name, "ts": ts}
        if previous is not None:
            filled["previous"] = {"origin": previous.origin, "size": previous.size, "root": previous.root.hex()}
        return msgspec.json.encode(filled)

    return link


class Trail:
    """A log of shards that is open for writing; its face is that of ``Log``."""

    def __init__(self, directory: Path, base: str, keys: Keys, link: Link, around: Surroundings) -> None:
        self._directory = directory
        self._base = base
        self._keys = keys
        self._link = link
        self._around = replace(around, lock=around.lock or home.default_lock(directory))
        self._changing = threading.Lock()
        around.disk.make_folder(directory)
        around.disk.sync_folder(directory.parent)  # whoever made it may have been killed before
        self._failure: str | None = None
        now = around.clock()
        names = shard_names(directory)
        name = max([shard_of(now), *names[-1:]])  # a clock that went back opens no earlier shard
        self._enter(name, [other for other in names if other < name], None)

    @classmethod
    def open(cls, directory: Path, base: str, keys: Keys, link: Link, around: Surroundings | None = None) -> Trail:
        """Open the trail in ``directory``, made when absent. A shard's origin is ``<base>/<quarter>``.

        ``link`` makes the first entry of a shard from the last checkpoint of the one before: a JSON object in which
        ``previous`` is ``{origin, size, root}``, the root in hex. From None it makes one without ``previous``, for a
        first shard in which nothing was written. Raises ``LogRefused`` as ``Log.open``.
        """
        try:
            return cls(directory, base, keys, link, around or Surroundings())
        except OSError as error:
            raise LogRefused(f"the log cannot be opened ({error.strerror or type(error).__name__})") from error

    def _enter(self, name: str, earlier: Sequence[str], before: Log | None) -> None:
        """Open the shard ``name``; its first entry names the end of the one before.

        ``before`` is the log of that one where it was open until now.
        """
        if before is None and earlier and not (self._directory / name).exists():
            self._finish(earlier)  # now: an empty shard may only be the last one
        log = self._open_shard(name)
        try:
            if before is not None:
                log.follow(before)
            elif earlier:
                self._settle(earlier, log)
            if earlier and log.size == 0:
                log.append([self._link(self._last_checkpoint(earlier[-1]))])
        except BaseException:
            log.close()
            raise
        self._current = log
        self._until = shard_end_of(name)

    def _open_shard(self, name: str) -> Log:
        return Log.open(self._directory / name, self._keys(f"{self._base}/{name}"), self._around)

    def _settle(self, earlier: Sequence[str], log: Log) -> None:
        """Do what a process that ended left undone in the shard before that of ``log``, and learn its entries' ids."""
        directory = self._directory / earlier[-1]
        if (directory / layout.MINIMUM_FILE).exists():
            return
        if log.size == 0:
            self._finish(earlier)
        elif seems_littered(directory):
            with contextlib.suppress(AuditError):  # in use or damaged: no reason not to write here; ``verify`` says so
                self._open_shard(earlier[-1]).close()
        log.remember(_last_known(directory))

    def _finish(self, earlier: Sequence[str]) -> None:
        """Publish what a crash left unpublished in the last of these shards, which no other names yet.

        If it is empty, it gets the first entry that it lacks: a shard that names no other hides what came before it.
        """
        *others, name = earlier
        if (self._directory / name / layout.MINIMUM_FILE).exists():
            return
        with self._open_shard(name) as log:
            if log.size == 0 and others:
                self._finish(others)
            if log.size == 0:
                log.append([self._link(self._last_checkpoint(others[-1]) if others else None)])

    def _last_checkpoint(self, name: str) -> Checkpoint:
        directory = self._directory / name
        return Checkpoint.parse(parse_note((directory / layout.CHECKPOINT_FILE).read_bytes().decode())[0])

    def _shard(self) -> Log:
        """Return the shard of this moment. The lock is held. Raises ``LogFailed`` for good where none can be opened."""
        if self._failure is not None:
            raise LogFailed(self._failure)
        now = self._around.clock()
        if now >= self._until:
            try:
                self._change(shard_of(now))
            except (AuditError, OSError) as error:
                why = error.strerror if isinstance(error, OSError) else str(error)
                self._failure = f"the log cannot be written: the next shard could not be opened ({why})"
                raise LogFailed(self._failure) from error
        return self._current

    def _change(self, name: str) -> None:
        current = self._current
        current.append([])  # what waits is written where it was queued; a log that has failed is the trail's last
        if current.size == 0:
            current.append([self._link(None)])  # as in ``_finish``
        current.close(keep_tags=True)
        self._enter(name, [other for other in shard_names(self._directory) if other < name], current)

    def submit(self, entries: Sequence[bytes]) -> Pending:
        """Put entries in the queue of the present shard; see ``Log.submit``."""
        with self._changing:
            return self._shard().submit(entries)

    def append(self, entries: Sequence[bytes]) -> list[Receipt]:
        """Append entries next to each other and return when they are on disk; see ``Log.append``."""
        return self.submit(entries).wait()

    def checkpoint(self) -> str:
        """Publish the present shard; see ``Log.checkpoint``."""
        current = self._current
        try:
            return current.checkpoint()
        except LogFailed:
            with self._changing:  # the quarter may just be changing: then another shard is the present one
                if self._current is current:
                    raise
            return self.checkpoint()

    def tag_file(self) -> TagFile:
        """Begin a side file; see ``Log.tag_file``."""
        with self._changing:
            return self._shard().tag_file()

    def close(self) -> None:
        """Close the present shard."""
        with self._changing:
            self._current.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    @property
    def directory(self) -> Path:
        """The folder of the shards."""
        return self._directory

    @property
    def origin(self) -> str:
        """The name of the present shard."""
        return self._current.origin

    @property
    def vkeys(self) -> list[str]:
        """The verifier keys of the present shard."""
        return self._current.vkeys

    @property
    def size(self) -> int:
        """The number of durable entries in the present shard."""
        return self._current.size


def _last_known(directory: Path) -> Known:
    """Return what is known of a closed shard's last entries; nothing of one that does not verify."""
    known = Known()
    with contextlib.suppress(VerificationFailed):
        shard = PublishedLog(directory)
        first = max(shard.minimum, shard.size - REMEMBERED)
        for index, entry in enumerate(shard.entries(first), first):
            if name := layout.entry_id(entry):
                known.add(name, Receipt(index, merkle.leaf_hash(entry), shard.origin))
    return known
