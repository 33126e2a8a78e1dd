"""``python -m audit``: check logs, make and check proofs, prune and repair. See ``--help`` of each command."""

from __future__ import annotations

import argparse
import importlib
import io
import json
import os
import pkgutil
import sys
from collections.abc import Sequence

from audit import commands
from audit.errors import AuditError, VerificationFailed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m audit", description=__doc__)
    registered = parser.add_subparsers(required=True, metavar="COMMAND")
    for found in sorted(module.name for module in pkgutil.iter_modules(commands.__path__)):
        module = importlib.import_module(f"audit.commands.{found}")
        if hasattr(module, "register"):
            module.register(registered)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return 0 when all holds, 1 when not (2, from argparse, when asked wrongly)."""
    for stream in (sys.stdout, sys.stderr):  # a name in a log that the terminal cannot show is no reason to fail
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments) or 0)
    except BrokenPipeError:  # whoever read the answer has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (AuditError, OSError) as failure:
        if getattr(arguments, "json", False):
            place = failure.place if isinstance(failure, VerificationFailed) else None
            print(json.dumps({"verified": False, "place": place, "why": str(failure)}))  # noqa: T201 - the answer
        print(f"not verified: {failure}", file=sys.stderr)  # noqa: T201 - the answer of a command
        return 1


if __name__ == "__main__":
    sys.exit(main())
