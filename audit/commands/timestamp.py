"""``timestamp`` and ``timestamp-verify``: RFC 3161 time stamps over a log's checkpoint."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Final

from audit.beneath import read_beneath
from audit.commands.asked import Commands, add_policy, policy_of, say, seconds
from audit.disk import Disk
from audit.errors import AuditError, VerificationFailed
from audit.fetch import Server
from audit.note import MAX_NOTE
from audit.published import read_policy
from audit.timestamp import MAX_REPLY, read_roots, stamp, verify_stamp

_MAX_FILE: Final = 1_048_576  # bytes
_CHECKPOINT: Final = "checkpoint"


def register(commands: Commands[Any]) -> None:
    """Add the commands."""
    ask = commands.add_parser("timestamp", help="let a time stamping authority (RFC 3161) stamp the checkpoint")
    ask.add_argument("directory", type=Path)
    ask.add_argument("--tsa", required=True, help="the http(s) URL of the authority")
    ask.add_argument("--out", type=Path, required=True, help="write the stamp here and the stamped note to <out>.note")
    add_policy(ask)
    ask.add_argument("--root", type=Path, help="also check the stamp by these root certificates (PEM)")
    ask.add_argument("--timeout", type=seconds, default=30.0, help="in seconds")
    ask.add_argument("--json", action="store_true")
    ask.set_defaults(run=_stamp)

    check = commands.add_parser("timestamp-verify", help="check a time stamp and the checkpoint that it is over")
    check.add_argument("stamp", type=Path)
    check.add_argument("--note", type=Path, help="the stamped note; <stamp>.note when not given")
    check.add_argument("--root", type=Path, required=True, help="root certificates (PEM)")
    add_policy(check)
    check.add_argument("--json", action="store_true")
    check.set_defaults(run=_verify)


def _stamp(arguments: argparse.Namespace) -> None:
    policy = policy_of(arguments) or read_policy(arguments.directory)
    try:
        note = read_beneath(arguments.directory, _CHECKPOINT, MAX_NOTE)
    except FileNotFoundError:
        raise VerificationFailed(_CHECKPOINT, "it is not there") from None
    checkpoint = policy.check(note)
    roots = None if arguments.root is None else read_roots(_read(arguments.root, _MAX_FILE))
    server = Server(arguments.tsa, timeout=arguments.timeout)
    try:
        reply = stamp(note, server)
    finally:
        server.close()
    stamped = None if roots is None else verify_stamp(reply, note, roots)
    try:
        Disk().put_durably(_note_of(arguments.out), note)
        Disk().put_durably(arguments.out, reply)
    except OSError as failure:
        raise AuditError(f"{arguments.out.name} cannot be written") from failure
    at = None if stamped is None else stamped.at.isoformat()
    say(arguments, {"verified": True, "origin": checkpoint.origin, "size": checkpoint.size, "time": at})
    if roots is None:
        print("give --root to check the authority's signature", file=sys.stderr)  # noqa: T201 - a hint


def _verify(arguments: argparse.Namespace) -> None:
    policy = policy_of(arguments)
    reply = _read(arguments.stamp, MAX_REPLY)
    note = _read(_note_of(arguments.stamp) if arguments.note is None else arguments.note, MAX_NOTE)
    stamped = verify_stamp(reply, note, read_roots(_read(arguments.root, _MAX_FILE)))
    found: dict[str, object] = {"verified": True, "time": stamped.at.isoformat(), "serial": str(stamped.serial)}
    if policy is not None:
        checkpoint = policy.check(note)
        found |= {"origin": checkpoint.origin, "size": checkpoint.size, "root": checkpoint.root.hex()}
    say(arguments, found)


def _note_of(stamp_file: Path) -> Path:
    return stamp_file.with_name(f"{stamp_file.name}.note")


def _read(path: Path, limit: int) -> bytes:
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise VerificationFailed(path.name, f"it has more than {limit} bytes")
    return data
