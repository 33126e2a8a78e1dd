"""``scan``: find all entries that concern a person, with the person's audit key."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from audit import format as layout
from audit.commands.asked import Commands, add_policy, policy_of, progress, say
from audit.errors import AuditError, VerificationFailed
from audit.inventory import read_file
from audit.published import PublishedLog
from audit.rescan import scan
from audit.shards import check_links, shard_names

_MAX_KEY: Final = 256  # bytes


def register(commands: Commands[Any]) -> None:
    """Add the command."""
    parser = commands.add_parser("scan", help="list all entries that concern the person of an audit key")
    parser.add_argument("directory", type=Path, help="a log, or a trail (a folder of logs)")
    parser.add_argument("--key-file", type=Path, required=True, help="a file with the person's key, 64 hex digits")
    add_policy(parser)
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    key, policy, directory = _key(arguments.key_file), policy_of(arguments), arguments.directory
    names = [""] if (directory / layout.CHECKPOINT_FILE).exists() else shard_names(directory)
    if not names:
        raise VerificationFailed("directory", "it holds neither a log nor shards")
    logs: list[dict[str, Any]] = []
    shards = {name: PublishedLog(directory / name, policy) for name in names}
    if "" not in shards:  # one log alone may be a shard that was handed over
        check_links(shards)
    for log in shards.values():
        found = list(scan(log, key, progress=progress()))
        logs.append(
            {"origin": log.origin, "size": log.size, "minimum": log.minimum, "indexes": [one.index for one in found]}
        )
    pruned = any(log["minimum"] for log in logs)  # what is gone was not searched
    say(arguments, {"complete": not pruned, "logs": logs})


def _key(path: Path) -> bytes:
    text = read_file(path.parent, path.name, _MAX_KEY).strip()
    try:
        return bytes.fromhex(text.decode("ascii"))
    except ValueError:
        raise AuditError("the key file does not hold 64 hex digits") from None
