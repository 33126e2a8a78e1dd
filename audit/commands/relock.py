"""``python -m audit relock``: enter a log again whose lock store is lost."""

from __future__ import annotations

import argparse
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
    store = LockStore(arguments.lock or home.default_lock(directory))
    try:
        entered = [_enter(place, store, dry_run=arguments.dry_run) for place in _logs(directory)]
    finally:
        store.close()
    say(arguments, {"entered": [found for found in entered if found], "dry_run": arguments.dry_run})


def _logs(directory: Path) -> list[Path]:
    return [directory / name for name in shard_names(directory)] or [directory]


def _enter(directory: Path, store: LockStore, *, dry_run: bool) -> str | None:
    """Enter one log unless the store knows it; it must verify whole."""
    log = PublishedLog(directory)
    known = store.read(log.origin)
    if known is not None:
        if known.checkpoint != log.checkpoint:
            raise AuditError(f"the lock store knows {log.origin} with another checkpoint: nothing was changed")
        return None
    verify_directory(directory)
    if not dry_run:
        store.begin(log.checkpoint, log.note)
    return f"{log.origin} {log.size}"
