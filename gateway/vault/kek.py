"""The key-encryption key, behind a protocol: a 0400 file by default, a key service by configuration."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path
from typing import Protocol

from gateway.foundation.files import sync_directory
from gateway.vault.errors import KekUnavailable

SIZE = 32  # bytes; AES-256
_ONLY_OWNER = stat.S_IRWXG | stat.S_IRWXO


class KekProvider(Protocol):
    """Holds the key-encryption keys, one per epoch."""

    @property
    def current_epoch(self) -> int:
        """The epoch under which new keys are wrapped."""
        ...

    def key(self, epoch: int) -> bytes:
        """Return the 32 bytes of an epoch, or raise ``KekUnavailable`` when it was destroyed or cannot be read."""
        ...


class FileKek:
    """One epoch, 32 random bytes in a file that only its owner can read. Read anew at each use, never kept."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @classmethod
    def create(cls, path: Path) -> FileKek:
        """Make the file (mode 0400), durably. Refuses to touch one that exists."""
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
        except FileExistsError:
            msg = f"{path} exists already: a key that is overwritten takes every record with it"
            raise KekUnavailable(msg) from None
        except OSError as error:
            msg = f"cannot create the key file {path}: {error.strerror}"
            raise KekUnavailable(msg) from None
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(SIZE))
            file.flush()
            os.fsync(file.fileno())
        sync_directory(path.parent)
        return cls(path)

    @property
    def current_epoch(self) -> int:
        """Always 1: a file holds one epoch."""
        return 1

    def key(self, epoch: int) -> bytes:
        """Read the file; refuse one that is missing, of the wrong size, or open to others."""
        if epoch != 1:
            msg = f"{self._path} holds no key of epoch {epoch}"
            raise KekUnavailable(msg)
        try:
            with self._path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                data = file.read(SIZE + 1)
        except OSError as error:
            msg = f"cannot read the key file {self._path}: {error.strerror}; restore it from its backup"
            raise KekUnavailable(msg) from None
        if mode & _ONLY_OWNER:
            msg = f"the key file {self._path} is open to group or others: chmod 0400 it, and consider its key known"
            raise KekUnavailable(msg)
        if len(data) != SIZE:
            msg = f"the key file {self._path} does not hold {SIZE} bytes; restore it from its backup"
            raise KekUnavailable(msg)
        return data
