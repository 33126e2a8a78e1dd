"""``prune``: remove the entries of a closed shard whose retention period is over; old proofs stay valid."""

from __future__ import annotations

import argparse
import datetime as dt
from dataclasses import asdict
from pathlib import Path
from typing import Any

from audit.commands.asked import Commands, say
from audit.retention import prune


def register(commands: Commands[Any]) -> None:
    """Add the command."""
    parser = commands.add_parser("prune", help="remove the entries of a closed shard; its tree and old proofs stay")
    parser.add_argument("directory", type=Path, help="the directory of one shard or log")
    parser.add_argument("--retention", required=True, help="the stated policy that permits it; it is kept in the log")
    parser.add_argument("--before", type=_instant, help="refuse a shard whose quarter ends after this day (UTC)")
    parser.add_argument("--dry-run", action="store_true", help="check and count only")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=_run)


def _instant(text: str) -> dt.datetime:
    at = dt.datetime.fromisoformat(text)
    return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at


def _run(arguments: argparse.Namespace) -> None:
    found = prune(arguments.directory, arguments.retention, arguments.before, dry_run=arguments.dry_run)
    say(arguments, {"pruned": not arguments.dry_run, **asdict(found)})
