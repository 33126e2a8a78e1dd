"""What the commands share: whose keys are believed, how an answer is told, and how far long work is."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audit.fetch import MAX_TIMEOUT
from audit.inventory import read_file
from audit.policy import MAX_POLICY, Policy
from audit.treecheck import Progress
from audit.verifier import silent

Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it


def seconds(text: str) -> float:
    """Read how long a request may take. Raises ``ValueError``."""
    number = float(text)
    if not 0 < number <= MAX_TIMEOUT:
        raise ValueError
    return number


def add_policy(parser: argparse.ArgumentParser, *, required: bool = False) -> None:
    """Let a command be told whom to believe."""
    whom = parser.add_mutually_exclusive_group(required=required)
    whom.add_argument("--policy", type=Path, help="a file with the keys to believe (c2sp.org/tlog-policy)")
    whom.add_argument("--vkey", action="append", help="a key of the log to believe; may be given several times")


def policy_of(arguments: argparse.Namespace) -> Policy | None:
    """Return the policy that was given, None when none was. Raises ``VerificationFailed``."""
    if arguments.policy is not None:
        return Policy.parse(read_file(arguments.policy.parent, arguments.policy.name, MAX_POLICY))
    return Policy.of(arguments.vkey) if arguments.vkey else None


def whose(arguments: argparse.Namespace) -> str:
    """Say where the keys came from."""
    return "given" if arguments.policy or arguments.vkey else "the log's own"


def say(arguments: argparse.Namespace, answer: Mapping[str, Any]) -> None:
    """Print an answer, as JSON when that was asked for."""
    if arguments.json:
        print(json.dumps(answer))  # noqa: T201 - the answer of a command
        return
    for name, value in answer.items():
        for one in value if isinstance(value, list) and value else [value]:
            text = ", ".join(f"{_words(key)}: {told(one[key])}" for key in one) if isinstance(one, dict) else told(one)
            print(f"{_words(name)}: {text}")  # noqa: T201 - the answer of a command


def _words(name: str) -> str:
    return name.replace("_", " ")


def told(value: object) -> str:
    """Return a value as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def progress() -> Progress:
    """Return what tells on a terminal how far the work is."""
    return _tell if sys.stderr.isatty() else silent


def _tell(done: int, everything: int) -> None:
    if done == everything or done % 65_536 == 0:
        end = "\n" if done == everything else ""
        print(f"\r{done:,} of {everything:,} entries", end=end, file=sys.stderr, flush=True)  # noqa: T201 - progress
