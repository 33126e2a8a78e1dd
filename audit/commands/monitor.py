"""``monitor``: watch a log or a trail from outside, over the network or in a directory."""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import Any, Final

from audit.commands.asked import Commands, add_policy, policy_of, say, seconds
from audit.errors import AuditError
from audit.monitor import Freshness, Seen, Watch, monitor
from audit.sources import open_place

_MAX_KEY: Final = 8192  # bytes


def register(commands: Commands[Any]) -> None:
    """Add the command."""
    parser = commands.add_parser("monitor", help="check that a log only grew since the last run; detects a fork")
    parser.add_argument("source", help="a log directory, a trail (a folder of them) or an http(s) prefix")
    add_policy(parser, required=True)
    parser.add_argument("--state", type=Path, required=True, help="the file that keeps the last checkpoint of each log")
    parser.add_argument("--key-file", type=Path, help="a file with the key for the Authorization: Bearer header")
    parser.add_argument("--start", type=_natural, default=0, help="do not fetch entries before this one")
    parser.add_argument("--max-age", type=_natural, help="refuse a checkpoint that is older, in seconds")
    parser.add_argument("--timeout", type=seconds, default=30.0, help="for each request, in seconds")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=_run)


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError
    return number


def _run(arguments: argparse.Namespace) -> None:
    policy = policy_of(arguments)
    if policy is None:
        raise AuditError("no key is given to believe")
    key = None if arguments.key_file is None else _read_key(arguments.key_file)
    freshness = None if arguments.max_age is None else Freshness(_now(), arguments.max_age)
    watch = Watch(policy, arguments.start, freshness)
    place = open_place(arguments.source, key=key, timeout=arguments.timeout)
    try:
        seen = monitor(place, watch, arguments.state)
    finally:
        place.close()
    say(arguments, {"verified": True, "logs": [_told(found) for found in seen]})


def _told(found: Seen) -> dict[str, object]:
    stated = dt.datetime.fromtimestamp(found.at, dt.UTC).isoformat() if 0 < found.at < 2**37 else None
    return {
        "origin": found.origin,
        "size": found.size,
        "root": found.root.hex(),
        "kept_size": found.kept_size,
        "entries_checked": found.entries,
        "entries_unchecked": found.unchecked,
        "witnesses": list(found.witnesses),
        "stated_time": stated,
    }


def _now() -> int:
    return int(dt.datetime.now(dt.UTC).timestamp())  # noqa: TID251 - a command is where the clock is asked


def _read_key(path: Path) -> str:
    with path.open("rb") as file:  # through links, too: that is how secrets are mounted
        return file.read(_MAX_KEY).decode("ascii", "replace").strip()
