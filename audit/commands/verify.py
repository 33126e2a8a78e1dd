"""``verify``: check every byte of a log, a trail or a kit."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from audit import format as layout
from audit.commands.asked import Commands, add_policy, policy_of, progress, say, whose
from audit.verifier import Verified, verify_directory, verify_trail


def register(commands: Commands[Any]) -> None:
    """Add the command."""
    parser = commands.add_parser("verify", help="check every byte of a log, a trail (a folder of logs) or a kit")
    parser.add_argument("directory", type=Path)
    add_policy(parser)
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    policy, directory = policy_of(arguments), arguments.directory
    if (directory / layout.CHECKPOINT_FILE).exists() or (directory / layout.POLICY_FILE).exists():
        answer = answer_of(verify_directory(directory, policy, progress=progress()))
    else:
        shards = verify_trail(directory, policy, progress=progress())
        answer = {"size": sum(shard.size for shard in shards), "shards": [answer_of(shard) for shard in shards]}
    say(arguments, {"verified": True, **answer, "key": whose(arguments)})
    if policy is None:
        print("give --policy or --vkey to check whose log this is", file=sys.stderr)  # noqa: T201 - a hint


def answer_of(found: Verified) -> dict[str, Any]:
    """Return what held, for people and programs."""
    return {
        "origin": found.origin,
        "size": found.size,
        "root": found.root.hex(),
        "entries_beyond_checkpoint": found.entries_beyond_checkpoint,
        "tag_files": found.tag_files,
        "tag_files_absent": found.tag_files_absent,
        "tiles_beyond_checkpoint": found.tiles_beyond_checkpoint,
        "witnesses": list(found.witnesses),
        "minimum": found.minimum,
    }
