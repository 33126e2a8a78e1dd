"""The DuckDB connection: its settings, and who may use it when."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from gateway.foundation.errors import Unavailable
from gateway.store.errors import StoreInUse

PATIENCE = 60.0  # seconds that a writer waits for another one


@dataclass(frozen=True, slots=True)
class Limits:
    """What DuckDB may use. ``memory_mib`` bounds its buffers; more than that spills beside the file."""

    memory_mib: int = 256
    threads: int = 2


def connect(path: Path, limits: Limits, *, reachable: tuple[Path, ...] = ()) -> Any:
    """Open ``path`` (``:memory:`` is one) with no way out to files or networks, no extensions, settings locked.

    ``reachable`` are the only other files that may be attached.

    :raises StoreInUse: when another process has the file open.
    """
    config: dict[str, Any] = {
        "autoload_known_extensions": "false",
        "autoinstall_known_extensions": "false",
        "allow_community_extensions": "false",
        "memory_limit": f"{limits.memory_mib}MiB",
        "threads": limits.threads,
        "temp_directory": str(spill_of(reachable[0] if reachable else path)),
    }
    try:
        connection = duckdb.connect(str(path), config=config)
    except duckdb.Error as error:
        raise _cannot_open(error) from None
    connection.execute("SET GLOBAL allowed_paths = ?::VARCHAR[]", [[str(file) for file in reachable]])
    connection.execute("SET GLOBAL enable_external_access = false")
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET GLOBAL python_enable_replacements = false")
    connection.execute("SET GLOBAL lock_configuration = true")
    return connection


def spill_of(path: Path) -> Path:
    """Return the folder into which DuckDB spills what does not fit in memory."""
    return path.with_name(f"{path.name}.tmp")


def clear_leftovers(path: Path) -> None:
    """Remove what a crash left beside the file: a half-written new one, and spilled rows."""
    shutil.rmtree(spill_of(path), ignore_errors=True)
    for leftover in family_of(beside(path)):
        leftover.unlink(missing_ok=True)
    shutil.rmtree(spill_of(beside(path)), ignore_errors=True)


def beside(path: Path) -> Path:
    """Return where the rewritten file grows before it takes the old one's place."""
    return path.with_name(f".{path.name}.new")


def family_of(path: Path) -> tuple[Path, ...]:
    """Return a DuckDB file and the logs that DuckDB keeps beside it while it works."""
    return tuple(path.with_name(path.name + suffix) for suffix in ("", ".wal", ".wal.checkpoint", ".wal.recovery"))


def _cannot_open(error: Exception) -> Exception:
    if "lock" in str(error):
        return StoreInUse("the store is open in another process: send the request to it over HTTP, or stop it first")
    return Unavailable("the store cannot be opened: check that the file is whole, readable and of this DuckDB version")


class Gate:
    """Who is inside: any number of readers and one writer, or one alone.

    DuckDB shows each reader the last committed state, so readers and the writer do not disturb one another; only a
    rewrite of the file needs everybody out.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._readers = 0
        self._writer: int | None = None
        self._alone = False

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Be one of the readers."""
        with self._condition:
            self._wait(lambda: not self._alone)
            self._readers += 1
        try:
            yield
        finally:
            with self._condition:
                self._readers -= 1
                self._condition.notify_all()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Be the one writer."""
        self.enter_writer()
        try:
            yield
        finally:
            self.leave_writer()

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only one inside."""
        with self.writing():
            with self._condition:
                self._wait(lambda: self._readers == 0)
                self._alone = True
            try:
                yield
            finally:
                with self._condition:
                    self._alone = False
                    self._condition.notify_all()

    def enter_writer(self) -> None:
        """Become the writer; for a session that is left elsewhere."""
        me = threading.get_ident()
        with self._condition:
            if self._writer == me:
                msg = "this thread's write session is still open: commit it or roll it back first"
                raise StoreInUse(msg)
            self._wait(lambda: self._writer is None)
            self._writer = me

    def leave_writer(self) -> None:
        """Let the next writer in."""
        with self._condition:
            self._writer = None
            self._condition.notify_all()

    def _wait(self, free: Any) -> None:
        if not self._condition.wait_for(free, timeout=PATIENCE):
            msg = "the store is busy: try again in a moment"
            raise StoreInUse(msg)
