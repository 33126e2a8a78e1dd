"""``python -m audit relock``: enter a log again whose lock store is lost."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audit import home
from audit.commands.asked import Commands, say
from audit.errors import AuditError
from audit.lockstore import LockStore
from audit.published import PublishedLog
from audit.shards import SHARD_NAME, shard_names
from audit.verifier import verify_directory


def register(commands: Commands[Any]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "relock",
        help="enter a log again whose lock store is lost",
        description="Only after its checkpoint was compared with one kept elsewhere: from here on it is believed.",
    )
    parser.add_argument("directory", type=Path, help="a log, or a trail of shards")
    parser.add_argument("--lock", type=Path, help="the lock store; beside the directory when not named")
    parser.add_argument("--dry-run", action="store_true", help="say what would be entered; change nothing")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    directory: Path = arguments.directory
    if arguments.lock is None and SHARD_NAME.fullmatch(directory.resolve().name):
        raise AuditError("this is a shard: name the folder of all shards, or the lock store by --lock")
    path: Path = arguments.lock or home.default_lock(directory)
    logs = [PublishedLog(place) for place in _logs(directory)]
    unknown = _unknown(logs, path) if path.exists() else logs
    for log in unknown:
        verify_directory(log.directory)
    if not arguments.dry_run:
        _enter(unknown, path)
    entered = [f"{log.origin} {log.size}" for log in unknown]
    say(arguments, {"entered": entered, "dry_run": arguments.dry_run})


def _logs(directory: Path) -> list[Path]:
    return [directory / name for name in shard_names(directory)] or [directory]


def _unknown(logs: Sequence[PublishedLog], path: Path) -> list[PublishedLog]:
    """Return the logs that the store does not know."""
    with contextlib.closing(LockStore(path)) as store:
        known = {log.origin: store.read(log.origin) for log in logs}
    for log in logs:
        head = known[log.origin]
        if head is not None and head.checkpoint != log.checkpoint:
            raise AuditError(f"the lock store knows {log.origin} with another checkpoint: nothing was changed")
    return [log for log in logs if known[log.origin] is None]


def _enter(logs: Sequence[PublishedLog], path: Path) -> None:
    with contextlib.closing(LockStore(path)) as store:
        for log in logs:
            store.begin(log.checkpoint, log.note)
