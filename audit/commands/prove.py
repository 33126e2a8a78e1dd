"""``prove``, ``check`` and ``note``: offline proofs of entries, and signed notes of any kind."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from audit import format as layout
from audit.commands.asked import Commands, add_policy, policy_of, say
from audit.errors import AuditError, VerificationFailed
from audit.inventory import read_file
from audit.note import MAX_NOTE, verify_note
from audit.policy import Policy
from audit.proof import MAX_PROOF, Proof
from audit.published import PublishedLog


def register(commands: Commands[Any]) -> None:
    """Add the commands."""
    prove = commands.add_parser("prove", help="print the offline proof of an entry (c2sp.org/tlog-proof)")
    prove.add_argument("directory", type=Path)
    prove.add_argument("index", type=int)
    prove.add_argument("--entry", type=Path, help="also write the entry's bytes to this file")
    add_policy(prove)
    prove.add_argument("--json", action="store_true")
    prove.set_defaults(run=_prove)

    check = commands.add_parser("check", help="check an offline proof")
    check.add_argument("file", type=Path)
    check.add_argument("--entry", type=Path, required=True, help="the file with the entry's bytes")
    add_policy(check, required=True)
    check.add_argument("--json", action="store_true")
    check.set_defaults(run=_check)

    signed = commands.add_parser("note", help="check a signed note, for example a certificate; prints its text")
    signed.add_argument("file", type=Path)
    signed.add_argument("--vkey", action="append", required=True, help="may be given several times")
    signed.add_argument("--json", action="store_true")
    signed.set_defaults(run=_note)


def _prove(arguments: argparse.Namespace) -> None:
    log = PublishedLog(arguments.directory, policy_of(arguments))
    try:
        entry, proof = log.entry(arguments.index), log.prove(arguments.index)
    except IndexError:
        why = f"the checkpoint covers {log.size} entries"
        raise VerificationFailed(f"entry {arguments.index}", why) from None
    if arguments.entry:
        arguments.entry.write_bytes(entry)
    if arguments.json:
        say(arguments, {"verified": True, "index": arguments.index, "origin": log.origin, "proof": proof.text})
        return
    sys.stdout.write(proof.text)


def _check(arguments: argparse.Namespace) -> None:
    policy = policy_of(arguments)
    proof = Proof.parse(_read(arguments.file, MAX_PROOF))
    found = proof.verify(_read(arguments.entry, layout.MAX_ENTRY), _given(policy))
    if arguments.json:
        answer = {"index": proof.index, "origin": found.origin, "size": found.size, "root": found.root.hex()}
        say(arguments, {"verified": True, **answer})
        return
    print(f"entry {proof.index} is in the log {found.origin}")  # noqa: T201 - the answer of a command


def _given(policy: Policy | None) -> Policy:
    if policy is None:
        raise AuditError("no key was given")
    return policy


def _note(arguments: argparse.Namespace) -> None:
    text = verify_note(_read(arguments.file, MAX_NOTE), arguments.vkey)
    if arguments.json:
        say(arguments, {"verified": True, "text": text})
        return
    sys.stdout.write(text)


def _read(path: Path, limit: int) -> bytes:
    return read_file(path.parent, path.name, limit)
