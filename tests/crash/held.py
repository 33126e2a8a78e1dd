"""What must hold of a log after any crash, and the entries with which the suites fill one."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import audit
from audit import merkle
from audit.checkpoint import Checkpoint
from audit.policy import Policy

SIGNER = audit.Signer("log.example.org/crash", bytes(32))


class Lost(AssertionError):
    """An acknowledged entry or a published checkpoint is not there any more."""


@dataclass
class Promises:
    """What a writer said up to a moment: nothing of it may be untrue afterwards."""

    offered: list[bytes] = field(default_factory=list)  # in their order; only a beginning of them may be in the log
    acknowledged: int = 0
    published: list[Checkpoint] = field(default_factory=list)


def root_of(entries: Sequence[bytes]) -> bytes:
    tree = merkle.Accumulator()
    tree.extend(merkle.leaf_hashes(entries))
    return tree.root()


def some_entry(random_: random.Random, number: int) -> bytes:
    """Make an entry: bytes, or a JSON object with an id; a few are long."""
    padding = "x" * random_.choice([0, 5, 30, 30, 60, 700])
    if number % 3:
        return f"entry {number} {padding}".encode()
    return f'{{"id":"e{number}","padding":"{padding}"}}'.encode()


def published_entries(directory: Path, signer: audit.Signer = SIGNER) -> list[bytes]:
    """Read all that is published, through both doors; raises ``VerificationFailed``."""
    policy = Policy.of(signer.vkeys)
    verified = audit.verify_directory(directory, policy)
    log = audit.PublishedLog(directory, policy)
    entries = list(log.entries())
    assert (verified.size, verified.root) == (log.size, log.root) == (len(entries), root_of(entries))
    return entries


def recover(directory: Path, promises: Promises, signer: audit.Signer = SIGNER) -> int:
    """Open what a crash left, check every promise, go on writing; return how many entries were kept unasked."""
    with audit.Log.open(directory, signer) as log:
        size = log.size
        log.checkpoint()
        kept = published_entries(directory, signer)
        assert len(kept) == size
        check(kept, promises)
        assert log.append([b"after the crash"])[0].index == size
    assert published_entries(directory, signer) == [*kept, b"after the crash"]
    return size - promises.acknowledged


def check(kept: Sequence[bytes], promises: Promises) -> None:
    """Raise ``Lost`` unless ``kept`` begins with all that was acknowledged and published."""
    if len(kept) < promises.acknowledged:
        raise Lost(f"{promises.acknowledged} entries were acknowledged, {len(kept)} are there")
    if list(kept) != promises.offered[: len(kept)]:
        raise Lost("the entries are not those that were written")
    for checkpoint in promises.published:
        if checkpoint.size > len(kept) or root_of(kept[: checkpoint.size]) != checkpoint.root:
            raise Lost(f"the log does not begin with the {checkpoint.size} entries that were published")


@dataclass
class Heard:
    """What writers said on their pipes, of one log, whoever wrote it."""

    entries: dict[int, bytes] = field(default_factory=dict)
    published: dict[int, bytes] = field(default_factory=dict)

    def listen(self, said: bytes) -> None:
        """Take the lines of a writer; the last one may have been cut off by its death."""
        for line in said[: said.rfind(b"\n") + 1].splitlines():
            kind, number, what = line.split(b" ", 2)
            if kind == b"+":
                assert self.entries.setdefault(int(number), what) == what, "two entries with the same index"
            else:
                root = bytes.fromhex(what.decode())
                assert self.published.setdefault(int(number), root) == root, "two roots of the same size"

    def check(self, kept: Sequence[bytes]) -> None:
        """Raise ``Lost`` unless all that was said is true of the entries that are there."""
        for index, entry in self.entries.items():
            if kept[index : index + 1] != [entry]:
                raise Lost(f"entry {index} was acknowledged")
        tree = merkle.Accumulator()
        for size in sorted(self.published):
            tree.extend(merkle.leaf_hashes(kept[tree.size : size]))
            if tree.root() != self.published[size]:
                raise Lost(f"the log does not begin with the {size} entries that were published")

    def recover(self, directory: Path) -> list[bytes]:
        """Open what a crash left, check all that was said, go on; return the entries."""
        with audit.Log.open(directory, SIGNER) as log:
            entry = f"after the crash {log.size}".encode()
            self.entries[log.append([entry])[0].index] = entry
        kept = published_entries(directory)
        self.check(kept)
        return kept
