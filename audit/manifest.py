"""The list of files of an auditor's kit with their SHA-256, as ``sha256sum -c`` reads it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from audit.errors import VerificationFailed
from audit.inventory import MANIFEST_FILE, open_file, shown, walk

_LINE: Final = re.compile(rb"([0-9a-f]{64})  ([A-Za-z0-9_./-]{1,255})\n")
_MAX_LINE: Final = 512  # bytes
_CHUNK: Final = 1_048_576


def digest(directory: Path, path: str) -> str:
    """Return the SHA-256 of a file in hex. Raises ``VerificationFailed``."""
    try:
        with open_file(directory, path) as file:
            found = hashlib.sha256()
            while part := file.read(_CHUNK):
                found.update(part)
            return found.hexdigest()
    except OSError:
        raise VerificationFailed(shown(path), "it cannot be read") from None


def manifest_lines(directory: Path) -> Iterator[bytes]:
    """Walk the lines of the manifest of a folder as it is; the manifest itself is left out."""
    for path, is_folder in walk(directory):
        if not is_folder and path != MANIFEST_FILE:
            yield f"{digest(directory, path)}  {path}\n".encode("utf-8", "surrogateescape")


def check_manifest(directory: Path) -> None:
    """Check that the manifest names exactly the files that there are, in their order, with their SHA-256.

    Raises ``VerificationFailed``.
    """
    try:
        with open_file(directory, MANIFEST_FILE) as file:
            for line in manifest_lines(directory):
                path = shown(line[66:-1].decode("utf-8", "replace"))
                stated = _LINE.fullmatch(file.readline(_MAX_LINE))
                if stated is None or stated[2] != line[66:-1]:
                    raise VerificationFailed(MANIFEST_FILE, f"it does not name {path} in its place")
                if stated[0] != line:
                    raise VerificationFailed(path, f"it is not as {MANIFEST_FILE} has it")
            if file.read(1):
                raise VerificationFailed(MANIFEST_FILE, "it names files that are not there")
    except OSError:
        raise VerificationFailed(MANIFEST_FILE, "it cannot be read") from None
