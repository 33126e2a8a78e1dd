"""``fsck``: derive tiles and bundles again from the journal, compare, and repair what is derived."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from audit.commands.asked import Commands, progress, say
from audit.fsck import fsck


def register(commands: Commands[Any]) -> None:
    """Add the command."""
    parser = commands.add_parser("fsck", help="derive tiles and bundles again from the journal and compare")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--repair", action="store_true", help="write again what differs and can be derived")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    found = fsck(arguments.directory, repair=arguments.repair, progress=progress())
    answer = {"well": found.is_well, **asdict(found)}
    say(arguments, {**answer, "differences": [asdict(one) for one in found.differences]})
    return 0 if found.is_well else 1
