"""A process that reads a log while others write it: ``python -m tests.crash.reader FOLDER``, until its input ends.

It prints how often the log had grown. Whatever does not verify ends it with a traceback.
"""

from __future__ import annotations

import random
import select
import sys
from pathlib import Path

import audit
from tests.crash.held import SIGNER


def main() -> None:
    folder, random_ = Path(sys.argv[1]), random.Random(0)  # noqa: S311 - to be repeated
    policy = audit.Policy.of(SIGNER.vkeys)
    log = audit.PublishedLog(folder, policy)
    grown = 0
    while not select.select([sys.stdin], [], [], 0.001)[0]:
        size, root = log.size, log.root
        now = log.refresh()
        if now.size == size:
            continue
        grown += 1
        audit.verify_consistency(size, root, now.size, now.root, log.consistency(size, now.size))
        for index in {0, now.size - 1, random_.randrange(now.size), max(0, now.size - 300)}:
            proof = log.inclusion(index, now.size)
            audit.verify_inclusion(audit.leaf_hash(log.entry(index)), index, now.size, proof, now.root)
            log.prove(index).verify(log.entry(index), policy)
        if grown % 8 == 0:
            assert audit.verify_directory(folder, policy).size >= now.size
    print(grown)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
