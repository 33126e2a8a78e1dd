"""A file as it flows by: hashed as it is read, and the store at work beside the reader."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, Self

from gateway.vocabulary.contracts import SourceContract, SourceKind


class Digesting:
    """A stream that is hashed as it is read, and whose head can be looked at first."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._head = b""
        self._hash = hashlib.sha256()

    def peek(self, size: int) -> bytes:
        """Return the first bytes, which stay to be read."""
        while len(self._head) < size and (more := self._stream.read(size - len(self._head))):
            self._head += more
        return self._head

    def read(self, size: int = -1) -> bytes:
        """Read and hash."""
        if self._head:
            cut = len(self._head) if size < 0 else min(size, len(self._head))
            data, self._head = self._head[:cut], self._head[cut:]
            if size < 0:
                data += self._stream.read()
        else:
            data = self._stream.read(size)
        self._hash.update(data)
        return data

    def digest(self) -> str:
        """Read to the end and return the SHA-256 of everything, in hex."""
        while self.read(1 << 20):
            pass
        return self._hash.hexdigest()


class Beside:
    """Lets the store take a chunk in while the next one is read and sealed; one chunk waits at most."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._job: Future[None] | None = None

    def __call__(self, work: Callable[[], None]) -> None:
        """Begin ``work`` when the work before it is done."""
        self.wait()
        self._job = self._worker.submit(work)

    def wait(self) -> None:
        """Return when nothing is under way; raises what went wrong with it."""
        job, self._job = self._job, None
        if job is not None:
            job.result()

    def __enter__(self) -> Self:
        """Be itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the last work end."""
        with contextlib.suppress(Exception):  # a job that failed is what is being rolled back
            self.wait()
        self._worker.shutdown()


def digest_of(content: str, contract: SourceContract) -> str:
    """Return what makes a file the same file.

    A corrected contract may read more of the same people; events it would double.
    """
    if contract.kind is SourceKind.EVENTS:
        return content
    return hashlib.sha256(f"{content}|{contract!r}".encode()).hexdigest()
