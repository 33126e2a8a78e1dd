"""``kit``: write a static folder of a log that anyone can check offline."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from audit.commands.asked import Commands, progress, say
from audit.commands.verify import answer_of
from audit.kit import Kit, write_kit


def register(commands: Commands[Any]) -> None:
    """Add the command."""
    parser = commands.add_parser("kit", help="write a folder of a log or trail that anyone can check offline")
    parser.add_argument("directory", type=Path)
    parser.add_argument("out", type=Path, help="the folder to make")
    parser.add_argument("--without-tags", action="store_true", help="leave the tag files of bulk entries out")
    parser.add_argument("--tool", type=Path, action="append", default=[], help="source of another verifier to put in")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> None:
    kit = Kit(with_tags=not arguments.without_tags, tools=tuple(arguments.tool))
    found = write_kit(arguments.directory, arguments.out, kit, progress=progress())
    say(arguments, {"written": str(arguments.out), "logs": [answer_of(one) for one in found]})
