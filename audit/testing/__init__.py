"""For tests: a real log that is gone afterwards, and a real witness (``python -m audit.testing.witness``)."""

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
