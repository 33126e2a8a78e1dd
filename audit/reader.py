"""Strict reading of a log directory, for those who check: any byte out of place raises ``VerificationFailed``.

Written apart from the journal's own recovery, which is lenient behind the last checkpoint; both share the layout only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from audit import format as layout
from audit import note
from audit.checkpoint import Checkpoint
from audit.errors import VerificationFailed

_CHUNK: Final = 4 * 1024 * 1024
_FILES: Final = {layout.VKEY_FILE, layout.CHECKPOINT_FILE, layout.JOURNAL_FILE}


def check_names(directory: Path) -> set[str]:
    """Check that the files of a log are there and no others; return the names of the tag files."""
    found = _names(directory, files=_FILES)
    if missing := _FILES - found:
        raise VerificationFailed(min(missing), "it is not there")
    tags = directory / layout.TAGS_FOLDER
    return _names(tags, files=None) if layout.TAGS_FOLDER in found else set()


def _names(directory: Path, *, files: set[str] | None) -> set[str]:
    """List a directory of regular files (``files``, or tag files) and, beside ``files``, the tag folder."""
    names: set[str] = set()
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                expected = entry.name in files if files else layout.ROOT_NAME.fullmatch(entry.name)
                folder = bool(files) and entry.name == layout.TAGS_FOLDER and entry.is_dir(follow_symlinks=False)
                if not folder and not (expected and entry.is_file(follow_symlinks=False)):
                    raise VerificationFailed(f"{directory.name}/{entry.name}", "it does not belong here")
                names.add(entry.name)
    except OSError:
        raise VerificationFailed(str(directory), "it cannot be read") from None
    return names


def read_text(directory: Path, name: str) -> str:
    """Read a small text file."""
    try:
        with (directory / name).open("rb") as file:
            return file.read(note.MAX_NOTE + 1).decode()
    except OSError:
        raise VerificationFailed(name, "it cannot be read") from None
    except UnicodeDecodeError:
        raise VerificationFailed(name, "it is not UTF-8") from None


def read_key(directory: Path, expected: str | None) -> str:
    """Read the log's own verifier key, which must be ``expected`` where that is given."""
    text = read_text(directory, layout.VKEY_FILE)
    vkey = text.removesuffix("\n")
    if text != f"{note.VerifierKey.parse(vkey)}\n":
        raise VerificationFailed(layout.VKEY_FILE, "it is not one verifier key on one line")
    if expected is not None and vkey != expected:
        raise VerificationFailed(layout.VKEY_FILE, "it is not the key that was asked for")
    return vkey


def read_checkpoint(directory: Path, vkey: str) -> tuple[Checkpoint, str]:
    """Read the published checkpoint and its note; a line that ``vkey`` did not make cannot be checked, so it fails."""
    signed = read_text(directory, layout.CHECKPOINT_FILE)
    found = Checkpoint.verify(signed, vkey)
    if len(note.parse_note(signed)[1]) != 1:
        raise VerificationFailed(layout.CHECKPOINT_FILE, "it has signature lines that cannot be checked here")
    return found, signed


def read_entries(directory: Path, origin: str) -> Iterator[list[bytes]]:
    """Walk the entries of the journal in chunks; every byte of the file must belong to a whole frame."""
    header = layout.header(origin)
    try:
        with (directory / layout.JOURNAL_FILE).open("rb") as file:
            if file.read(len(header)) != header:
                raise VerificationFailed(layout.JOURNAL_FILE, "its header is not that of this log")
            walk = _Walk(len(header))
            rest = b""
            while chunk := file.read(_CHUNK):
                entries, rest = walk.take(rest + chunk)
                yield entries
            if rest:
                raise walk.failure("it is not whole")
    except OSError:
        raise VerificationFailed(layout.JOURNAL_FILE, "it cannot be read") from None


class _Walk:
    """Where the reader stands in the journal."""

    def __init__(self, byte: int) -> None:
        self._byte = byte
        self._index = 0
        self._group = 0

    def failure(self, why: str) -> VerificationFailed:
        return VerificationFailed(f"{layout.JOURNAL_FILE}, entry {self._index} (byte {self._byte})", why)

    def take(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Return the entries whose frames are whole in ``data``, and the bytes behind them."""
        entries: list[bytes] = []
        head_size = layout.FRAME_HEAD.size
        at = 0
        while len(data) - at >= head_size:
            mark, length, committed, checksum = layout.FRAME_HEAD.unpack_from(data, at)
            if mark != layout.FRAME_MARK:
                raise self.failure("no frame begins here")
            entry = data[at + head_size : at + head_size + length]
            if len(entry) < length:
                break
            if layout.checksum(length, committed, entry) != checksum:
                raise self.failure("its checksum is wrong")
            if committed not in {self._group, self._index}:
                raise self.failure("its group is wrong")
            entries.append(entry)
            at += head_size + length
            self._byte += head_size + length
            self._index += 1
            self._group = committed
        return entries, data[at:]
