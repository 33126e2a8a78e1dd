"""A process that writes a log until it is killed: ``python -m tests.crash.writer FOLDER KIND SEED``.

It says in lines on standard output what it promises: ``+ INDEX ENTRY`` for an entry that was acknowledged, ``= SIZE
ROOT`` for a checkpoint that was published. It ends with status 3 when the log says that it cannot be written.
"""

from __future__ import annotations

import json
import os
import random
import sys
import threading
from pathlib import Path

import audit
from audit import journal, merkle
from audit.checkpoint import Checkpoint
from audit.note import parse_note
from tests.crash.held import SIGNER

FAILED = 3  # the exit status of a process whose log has failed


def say(line: str) -> None:
    os.write(1, line.encode() + b"\n")


def promise(receipt: audit.Receipt, entry: bytes) -> None:
    assert receipt.leaf_hash == merkle.leaf_hash(entry)
    say(f"+ {receipt.index} {entry.decode()}")


def publish(log: audit.Log) -> None:
    checkpoint = Checkpoint.parse(parse_note(log.checkpoint())[0])
    say(f"= {checkpoint.size} {checkpoint.root.hex()}")


def append_for_ever(log: audit.Log, seed: int, thread: int) -> None:
    random_ = random.Random(f"{seed} {thread}")  # noqa: S311 - to be repeated
    number = 0
    while True:
        entries: list[bytes] = []
        for _ in range(random_.choice([1, 1, 1, 3, 20])):
            number += 1
            padding = "x" * random_.randint(0, 200)
            entries.append(json.dumps({"id": f"{seed}-{thread}-{number}", "padding": padding}).encode())
        for receipt, entry in zip(log.append(entries), entries, strict=True):
            promise(receipt, entry)


def write_for_ever(folder: Path, seed: int) -> None:
    """Three threads append, the main one publishes, until the process is killed."""
    log = audit.Log.open(folder, SIGNER)
    for thread in range(3):
        threading.Thread(target=append_for_ever, args=(log, seed, thread), daemon=True).start()
    while True:
        publish(log)


def write_a_little(folder: Path) -> None:
    """Do once, in one thread, all that a writer does to the disk."""
    journal.FIRST_SEGMENT = 1024  # type: ignore[misc] - so that a second one begins
    with audit.Log.open(folder, SIGNER) as log:
        for number in range(2):
            entry = f"entry {number} of {log.size} {'x' * 300}".encode()
            promise(log.append([entry])[0], entry)
        with log.tag_file() as file:
            file.add(bytes(range(160)))
            root, members = file.seal()
        entry = json.dumps({"tags_root": root, "members": members, "padding": "x" * 400}).encode()
        promise(log.append([entry])[0], entry)
        publish(log)
        many = [f"many {number} of {log.size}".encode() for number in range(256)]
        for receipt, entry in zip(log.append(many), many, strict=True):
            promise(receipt, entry)


def main() -> int:
    folder, kind, seed = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    try:
        if kind == "little":
            write_a_little(folder)
        else:
            write_for_ever(folder, seed)
    except (audit.LogFailed, audit.LogRefused) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - why it ended
        return FAILED
    except OSError as error:  # only of a tag file, which the log does not need
        print(f"OSError: {error}", file=sys.stderr)  # noqa: T201
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
