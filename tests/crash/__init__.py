"""Crash suites of the audit log. `make test` runs them short, `make crash` (CRASH_SUITE=full) at their full length.

So do the laws of mask and ledger under interleavings, which stand elsewhere and ask ``FULL`` as well.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Final

import audit

FULL: Final = os.environ.get("CRASH_SUITE") == "full"

_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - where a file system in memory is; else the usual place


def scratch() -> tempfile.TemporaryDirectory[str]:
    """Return a temporary folder, in memory where the system has that: states are made by the thousand."""
    return tempfile.TemporaryDirectory(prefix="audit-crash-", dir=_MEMORY if _MEMORY.is_dir() else None)


ROOT: Final = Path(__file__).resolve().parents[2]
FIGURES: Final[list[str]] = []  # what the suites counted; told at the end of a full run


def child(module: str) -> tuple[list[str], dict[str, str]]:
    """Return (command, environment) of our interpreter with a module of the tests and the very ``audit`` of ours."""
    path = os.pathsep.join([str(Path(audit.__file__).parents[1]), str(ROOT)])
    return [sys.executable, "-P", "-m", module], {**os.environ, "PYTHONPATH": path}
