"""Where a monitor reads a tiled log from: a directory, a trail (a folder of shards), or an http(s) prefix."""

from __future__ import annotations

import zlib
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from audit.beneath import read_beneath
from audit.encoding import read_utf8
from audit.errors import AuditError, VerificationFailed
from audit.fetch import FetchFailed, Server
from audit.merkle import TILE_BYTES
from audit.note import MAX_NOTE
from audit.published import Minimum
from audit.tiles import MAX_BUNDLE

CHECKPOINT: Final = "checkpoint"
_BUNDLES: Final = "tile/entries/"
_OK: Final = 200
_GONE: Final = (404, 410)
_GZIP: Final = 31  # zlib's way to ask for a gzip wrapper
_MAX_KEY: Final = 4096


class Source(Protocol):
    """One log as somebody publishes it. Nothing that it returns was verified."""

    @abstractmethod
    def note(self) -> str:
        """Return the signed checkpoint as it is now. Raises ``AuditError``."""

    @abstractmethod
    def minimum(self) -> int:
        """Return from which entry on the log publishes its entries; 0 where the source does not say."""

    @abstractmethod
    def fetch(self, path: str) -> bytes:
        """Return a tile or bundle. Raises ``FileNotFoundError`` where there is none, ``AuditError`` otherwise."""

    @abstractmethod
    def close(self) -> None:
        """Give back what it holds."""


class DirectorySource:
    """A log directory: the writer's own, a copy, or an auditor's kit."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def note(self) -> str:
        """Return the signed checkpoint as it is now. Raises ``VerificationFailed``."""
        try:
            return read_utf8(read_beneath(self._directory, CHECKPOINT, MAX_NOTE), MAX_NOTE, CHECKPOINT)
        except FileNotFoundError:
            raise VerificationFailed(CHECKPOINT, f"there is none in {self._directory.name}") from None

    def minimum(self) -> int:
        """Return what its ``minimum`` file states. Raises ``VerificationFailed``."""
        pruned = Minimum.read(self._directory)
        return pruned.minimum if pruned else 0

    def fetch(self, path: str) -> bytes:
        """Return a tile or bundle. Raises ``FileNotFoundError``, ``VerificationFailed``."""
        return read_beneath(self._directory, path, _limit(path))

    def close(self) -> None:
        """Nothing is held."""


class HttpSource:
    """An http(s) prefix of a tiled log (c2sp.org/tlog-tiles), with a bearer key where one is given."""

    def __init__(self, server: Server, key: str | None = None) -> None:
        """Read from ``server``; ``key`` goes into the Authorization header. Raises ``AuditError``."""
        if key is not None and not (0 < len(key) <= _MAX_KEY and key.isascii() and key.isprintable()):
            raise AuditError("a bearer key is one line of ASCII")
        self._server = server
        self._headers = {"Accept-Encoding": "gzip, identity"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"

    def note(self) -> str:
        """Return the signed checkpoint as it is now. Raises ``AuditError``."""
        try:
            return read_utf8(self._get(CHECKPOINT, MAX_NOTE), MAX_NOTE, CHECKPOINT)
        except FileNotFoundError:
            raise VerificationFailed(CHECKPOINT, "the server has none") from None

    def minimum(self) -> int:
        """The specification has no way to ask for it."""
        return 0

    def fetch(self, path: str) -> bytes:
        """Return a tile or bundle. Raises ``FileNotFoundError``, ``AuditError``."""
        return self._get(path, _limit(path))

    def close(self) -> None:
        """Give the connection back."""
        self._server.close()

    def _get(self, path: str, limit: int) -> bytes:
        try:
            reply = self._server.get(path, limit=limit, headers=self._headers)
        except FetchFailed as failure:
            raise FetchFailed(f"{path}: {failure}") from failure
        if reply.status in _GONE:
            raise FileNotFoundError(path)
        if reply.status != _OK:
            raise FetchFailed(f"{path}: the server answered with status {reply.status}")
        if reply.encoding == "gzip":
            return _unzip(reply.body, limit, path)
        if reply.encoding != "identity":
            raise VerificationFailed(path, "it is in an encoding that was not asked for")
        return reply.body


def _limit(path: str) -> int:
    return MAX_BUNDLE if path.startswith(_BUNDLES) else TILE_BYTES


def _unzip(data: bytes, limit: int, path: str) -> bytes:
    """Unpack at most ``limit`` bytes: a small answer may unpack to any size."""
    unpacking = zlib.decompressobj(_GZIP)
    try:
        found = unpacking.decompress(data, limit + 1)
    except zlib.error:
        raise VerificationFailed(path, "it is not gzip") from None
    if len(found) > limit or not unpacking.eof or unpacking.unused_data:
        raise VerificationFailed(path, f"it is not one gzip stream of at most {limit} bytes")
    return found


@dataclass(frozen=True, slots=True)
class Place:
    """A log, or the logs of a trail, under the name of the place where they are: a path or a URL."""

    name: str
    sources: tuple[Source, ...]

    def close(self) -> None:
        """Give back what the sources hold."""
        for source in self.sources:
            source.close()


def open_place(where: str, *, key: str | None = None, timeout: float = 30.0) -> Place:
    """Find what is at ``where``; ``timeout`` in seconds bounds each request of an http(s) prefix.

    Raises ``AuditError``.
    """
    if where.startswith(("http://", "https://")):
        server = Server(where, timeout=timeout)
        return Place(server.prefix, (HttpSource(server, key),))
    directory = Path(where).absolute()
    if (directory / CHECKPOINT).exists():
        return Place(str(directory), (DirectorySource(directory),))
    try:
        shards = sorted(folder for folder in directory.iterdir() if (folder / CHECKPOINT).exists())
    except OSError:
        raise VerificationFailed(where, "it cannot be read") from None
    if not shards:
        raise VerificationFailed(where, "it is neither a log nor a folder of logs")
    return Place(str(directory), tuple(map(DirectorySource, shards)))
