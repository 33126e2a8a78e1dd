"""A real log for tests: on disk, with real syncs, gone afterwards."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from audit.log import Log
from audit.note import Signer


@contextlib.contextmanager
def ephemeral_log(name: str = "log.example/test") -> Iterator[Log]:
    """Open an empty log under a fresh key in a temporary directory."""
    with (
        tempfile.TemporaryDirectory(prefix="audit-") as folder,
        Log.open(Path(folder) / "log", Signer(name, secrets.token_bytes(32))) as log,
    ):
        yield log
