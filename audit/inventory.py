"""What lies in the folder of a log: the names that may be there, and reading that trusts neither size nor kind.

For those who check. Nothing here follows a symbolic link.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from audit import format as layout
from audit import merkle, tiles
from audit.beneath import read_beneath
from audit.errors import LogRefused, VerificationFailed

_BUFFER: Final = 262_144
MAX_TEXT: Final = 1_048_576  # bytes of a policy, a checkpoint, a statement of retention
MANIFEST_FILE: Final = "MANIFEST"
README_FILE: Final = "README.txt"
TOOLS_FOLDER: Final = "tools"

_MAX_DEPTH: Final = 12  # folders; the longest path of a tile has 11
_TEXTS: Final = {layout.POLICY_FILE, layout.CHECKPOINT_FILE, layout.MINIMUM_FILE}
_KIT: Final = re.compile(
    rf"{MANIFEST_FILE}|{README_FILE}|{TOOLS_FOLDER}(/[A-Za-z0-9_][A-Za-z0-9_.-]{{0,63}})?", re.ASCII
)
_TAGS: Final = re.compile(rf"{layout.TAGS_FOLDER}/([0-9a-f]{{64}})", re.ASCII)
_SEGMENT: Final = re.compile(rf"{layout.JOURNAL_FOLDER}/([0-9]{{20}})", re.ASCII)
_AHEAD: Final = f"{layout.JOURNAL_FOLDER}/{layout.AHEAD_FILE}"
_FOLDER: Final = re.compile(
    rf"{layout.TAGS_FOLDER}|{layout.JOURNAL_FOLDER}|tile(/(entries|[0-9]|[1-5][0-9]|6[0-3])"
    r"((/x[0-9]{3}){0,6}|(/x[0-9]{3}){0,6}/[0-9]{3}\.p))?",
    re.ASCII,
)
_UNFINISHED: Final = re.compile(r"(.*/)?\.[^/]+\.new", re.ASCII)

Tile = tuple[int | None, int, int]  # level (None: an entry bundle), index, width


def shown(path: str) -> str:
    """Return a path as it can be printed anywhere."""
    return path if path.isascii() and path.isprintable() else ascii(path)


def read_file(directory: Path, path: str, limit: int = MAX_TEXT) -> bytes:
    """Return the bytes of a regular file. Raises ``VerificationFailed`` when absent, longer than ``limit``, a link."""
    data = read_if_there(directory, path, limit)
    if data is None:
        raise VerificationFailed(shown(path), "it is not there")
    return data


def read_if_there(directory: Path, path: str, limit: int = MAX_TEXT) -> bytes | None:
    """Return the bytes of a regular file, None when there is none. Raises ``VerificationFailed`` as ``read_file``."""
    try:
        return read_beneath(directory, path, limit)
    except FileNotFoundError:
        return None


def open_file(directory: Path, path: str) -> BinaryIO:
    """Open a regular file that is read in parts. Raises ``OSError``, or ``VerificationFailed`` for anything else."""
    handle = os.open(directory / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    file = open(handle, "rb", buffering=_BUFFER)  # noqa: PTH123, SIM115 - a handle that followed no link; handed out
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        file.close()
        raise VerificationFailed(shown(path), "it is not a file")
    return file


def read_text(directory: Path, path: str) -> str:
    """Return a small text file. Raises ``VerificationFailed``."""
    try:
        return read_file(directory, path).decode()
    except UnicodeDecodeError:
        raise VerificationFailed(shown(path), "it is not UTF-8") from None


def is_written(directory: Path) -> bool:
    """Say whether a process has the log open for writing."""
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    else:
        return False
    finally:
        os.close(handle)


@contextlib.contextmanager
def unwritten(directory: Path) -> Iterator[None]:
    """Keep writers from opening the log meanwhile. Raises ``LogRefused`` where one has it open."""
    try:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        raise VerificationFailed(shown(directory.name), "it is not the directory of a log") from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            raise LogRefused("the log is open for writing") from None
        yield
    finally:
        os.close(handle)


def walk(directory: Path, folder: str = "") -> Iterator[tuple[str, bool]]:
    """Walk (path, whether it is a folder) of all that is below a directory, in the order of a manifest.

    Raises ``VerificationFailed`` for a symbolic link, a device, or folders in folders without end.
    """
    if folder.count("/") >= _MAX_DEPTH:
        raise VerificationFailed(shown(folder), "it does not belong here")
    for name, is_folder in _listed(directory, folder):
        path = f"{folder}/{name}" if folder else name
        yield path, is_folder
        if is_folder:
            yield from walk(directory, path)


def _listed(directory: Path, folder: str) -> list[tuple[str, bool]]:
    found: list[tuple[str, bool]] = []
    try:
        with os.scandir(directory / folder) as entries:
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                if not is_folder and not entry.is_file(follow_symlinks=False):
                    place = f"{folder}/{entry.name}" if folder else entry.name
                    raise VerificationFailed(shown(place), "it is neither a file nor a folder")
                found.append((entry.name, is_folder))
    except (OSError, ValueError) as error:
        if folder and isinstance(error, FileNotFoundError):
            return []  # a writer has just removed it, as it does with partial tiles
        raise VerificationFailed(shown(folder) or directory.name or "directory", "it cannot be read") from None
    return sorted(found)


@dataclass(slots=True)
class Inventory:
    """The names found in the folder of a log."""

    tags: set[str] = field(default_factory=set)
    segments: list[int] = field(default_factory=list)
    has_journal: bool = False
    has_ahead: bool = False
    extra_tiles: list[Tile] = field(default_factory=list)  # all but the full ones of the published tree
    unfinished: list[str] = field(default_factory=list)  # what a writer writes at this moment, or left at a crash
    kit: list[str] = field(default_factory=list)


def _refuse(path: str) -> None:
    raise VerificationFailed(shown(path), "it does not belong here")


def take_inventory(directory: Path, size: int, on_stray: Callable[[str], None] = _refuse) -> Inventory:
    """List what is in the folder of a log of which ``size`` entries are published.

    ``on_stray`` is told of each name that no part of a log has. Raises ``VerificationFailed`` unless it is given.
    """
    found = Inventory()
    for path, is_folder in walk(directory):
        if not (_note_folder(found, path) if is_folder else _note_file(found, path, size)):
            on_stray(path)
    if found.kit and MANIFEST_FILE not in found.kit:
        on_stray(found.kit[0])
    return found


def _note_folder(found: Inventory, path: str) -> bool:
    if path == TOOLS_FOLDER:
        found.kit.append(path)
        return True
    found.has_journal |= path == layout.JOURNAL_FOLDER
    return bool(_FOLDER.fullmatch(path))


def _note_file(found: Inventory, path: str, size: int) -> bool:
    if path in _TEXTS:
        return True
    if match := _TAGS.fullmatch(path):
        found.tags.add(match[1])
    elif match := _SEGMENT.fullmatch(path):
        found.segments.append(int(match[1]))
    elif path == _AHEAD:
        found.has_ahead = True
    elif _UNFINISHED.fullmatch(path):
        found.unfinished.append(path)
    elif _KIT.fullmatch(path):
        found.kit.append(path)
    else:
        return _note_tile(found, path, size)
    return True


def _note_tile(found: Inventory, path: str, size: int) -> bool:
    try:
        level, index, width = tiles.parse_tile_path(path)
    except VerificationFailed:
        return False
    full = size >> merkle.TILE_HEIGHT * ((level or 0) + 1)
    if width < merkle.TILE_WIDTH or index >= full:
        found.extra_tiles.append((level, index, width))
    return True
