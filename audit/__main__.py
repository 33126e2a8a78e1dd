"""``python -m audit``: check a log, make and check proof files, check signed notes. Offline; writes nothing."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from audit.checkpoint import verify_proof
from audit.errors import AuditError, VerificationFailed
from audit.note import verify_note
from audit.reader import read_text
from audit.verifier import prove, verify_directory


def _verify(arguments: argparse.Namespace) -> None:
    result = verify_directory(arguments.directory, arguments.vkey)
    found = {
        "verified": True,
        "size": result.size,
        "root": result.root.hex(),
        "entries_beyond_checkpoint": result.entries_beyond_checkpoint,
        "tag_files": result.tag_files,
        "key": "given" if arguments.vkey else "the log's own",
    }
    if arguments.json:
        print(json.dumps(found))  # noqa: T201 - the answer of a command
        return
    for name, value in found.items():
        print(f"{name.replace('_', ' ')}: {value}")  # noqa: T201 - the answer of a command
    if not arguments.vkey:
        print("give --vkey to check whose log this is", file=sys.stderr)  # noqa: T201 - a hint of a command


def _prove(arguments: argparse.Namespace) -> None:
    entry, proof = prove(arguments.directory, arguments.index, arguments.vkey)
    if arguments.entry:
        arguments.entry.write_bytes(entry)
    sys.stdout.write(proof)


def _check(arguments: argparse.Namespace) -> None:
    index = verify_proof(_text(arguments.file), arguments.entry.read_bytes(), arguments.vkey)
    print(f"entry {index} is in the log")  # noqa: T201 - the answer of a command


def _note(arguments: argparse.Namespace) -> None:
    sys.stdout.write(verify_note(_text(arguments.file), arguments.vkey))


def _text(path: Path) -> str:
    return read_text(path.parent, path.name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m audit", description=__doc__)
    commands = parser.add_subparsers(required=True)

    verify = commands.add_parser("verify", help="check every byte of a log directory")
    verify.add_argument("directory", type=Path)
    verify.add_argument("--vkey", help="the key that the log must have")
    verify.add_argument("--json", action="store_true")
    verify.set_defaults(run=_verify)

    proof = commands.add_parser("prove", help="print the offline proof of an entry (c2sp.org/tlog-proof)")
    proof.add_argument("directory", type=Path)
    proof.add_argument("index", type=int)
    proof.add_argument("--vkey")
    proof.add_argument("--entry", type=Path, help="also write the entry's bytes to this file")
    proof.set_defaults(run=_prove)

    check = commands.add_parser("check", help="check an offline proof")
    check.add_argument("file", type=Path)
    check.add_argument("--entry", type=Path, required=True, help="the file with the entry's bytes")
    check.add_argument("--vkey", required=True)
    check.set_defaults(run=_check)

    signed = commands.add_parser("note", help="check a signed note, for example a certificate; prints its text")
    signed.add_argument("file", type=Path)
    signed.add_argument("--vkey", action="append", required=True, help="may be given several times")
    signed.set_defaults(run=_note)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return 0 when all holds, 1 when not (2, from argparse, when asked wrongly)."""
    arguments = _parser().parse_args(argv)
    try:
        arguments.run(arguments)
    except (AuditError, OSError) as failure:
        if getattr(arguments, "json", False):
            place = failure.place if isinstance(failure, VerificationFailed) else None
            print(json.dumps({"verified": False, "place": place, "why": str(failure)}))  # noqa: T201 - the answer
        print(f"not verified: {failure}", file=sys.stderr)  # noqa: T201 - the answer of a command
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
