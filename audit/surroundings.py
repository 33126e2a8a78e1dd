"""What a log stands on: its lock store, a clock, witnesses, the disk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from audit.disk import Disk
from audit.witness import Witnesses


def system_clock() -> dt.datetime:
    """Return the present instant."""
    return dt.datetime.now(dt.UTC)  # noqa: TID251 - the library's one clock, for whoever brings none


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a log stands on, apart from its directory and keys; the defaults are those of a log alone on a disk."""

    lock: Path | None = None  # where the lock store lies; beside the directory when not named
    clock: Callable[[], dt.datetime] = system_clock
    witnesses: Witnesses | None = None
    disk: Disk = field(default_factory=Disk)
