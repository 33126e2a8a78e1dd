"""The directory of a log before its journal is read: held by one process, made when absent, of the right keys."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from pathlib import Path
from typing import Final

from audit import format as layout
from audit import merkle, note
from audit.checkpoint import Checkpoint
from audit.disk import Disk, beside
from audit.errors import LogRefused, VerificationFailed
from audit.keys import Signer
from audit.lockstore import Head, LockStore
from audit.policy import Policy

_TRIES: Final = 5
_PAUSE: Final = 0.02  # seconds


def hold(directory: Path, disk: Disk) -> int:
    """Make the directory when absent and hold it; return the handle that holds it."""
    disk.make_folder(directory)
    disk.sync_folder(directory.parent)  # whoever made it may have been killed before
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for _ in range(_TRIES):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return handle
        time.sleep(_PAUSE)  # a verifier that asks whether the log is being written holds it for an instant
    os.close(handle)
    raise LogRefused("the log is open in another process, or twice in this one")


def default_lock(directory: Path) -> Path:
    """Return where the lock store of a log lies unless it is named: beside the directory, not in it."""
    return directory.parent / f"{directory.name}.lock.sqlite"


def establish(directory: Path, signer: Signer, lock: LockStore, disk: Disk, at: int) -> tuple[Head, str]:
    """Return what was published last and the note that belongs in the directory, after making what a new log needs.

    The note is not put there yet: whether the journal is that of this log must be known before.
    """
    for name in (layout.POLICY_FILE, layout.CHECKPOINT_FILE):
        disk.remove(beside(directory / name))
    for name in (layout.JOURNAL_FOLDER, layout.TAGS_FOLDER):
        disk.make_folder(directory / name)
    disk.remove(beside(directory / layout.JOURNAL_FOLDER / layout.AHEAD_FILE))
    head = lock.read(signer.name)
    if head is None:
        head = _begin(directory, signer, lock, at)
    _check_keys(directory, signer, head, disk)
    return head, _last_note(directory, head)


def _begin(directory: Path, signer: Signer, lock: LockStore, at: int) -> Head:
    """Enter a log that the lock store does not know. One with a checkpoint over entries is not new."""
    found = _read(directory / layout.CHECKPOINT_FILE)
    if found is not None and (size := _size(found)) != 0:
        raise LogRefused(
            f"lock store: it does not know this log, of which {size} entries were published: restore the store, or "
            "enter the log again by `python -m audit relock` once its checkpoint agrees with one kept elsewhere"
        )
    if found is None and _has_segments(directory):
        raise LogRefused(f"{layout.CHECKPOINT_FILE}: it is gone, and the lock store too: restore them from a copy")
    empty = Checkpoint(signer.name, 0, merkle.EMPTY_ROOT)
    return lock.begin(empty, note.sign_note(empty.text, signer, at))


def _has_segments(directory: Path) -> bool:
    return any(layout.SEGMENT_NAME.fullmatch(path.name) for path in (directory / layout.JOURNAL_FOLDER).iterdir())


def _size(signed: str) -> int | None:
    try:
        return Checkpoint.parse(note.parse_note(signed)[0]).size
    except VerificationFailed:
        return None


def _check_keys(directory: Path, signer: Signer, head: Head, disk: Disk) -> None:
    """Compare the log's keys with the signer's; the file is written where the log is new."""
    path = directory / layout.POLICY_FILE
    text = _read(path)
    if text is None:
        if head.checkpoint.size:
            raise LogRefused(f"{layout.POLICY_FILE}: it is gone or not readable: restore it from a copy")
        disk.put_durably(path, Policy.of(signer.vkeys).text.encode())
        return
    try:
        known = Policy.parse(text).vkeys
    except VerificationFailed as failure:
        raise LogRefused(f"{layout.POLICY_FILE}: {failure}") from None
    if not set(known) & set(signer.vkeys):
        raise LogRefused(f"{layout.POLICY_FILE}: the log has another key")


def _last_note(directory: Path, head: Head) -> str:
    """Return the note in the directory, with what witnesses added, or else the one that the lock store has."""
    path = directory / layout.CHECKPOINT_FILE
    found = _read(path)
    if found is not None and found.startswith(head.note):
        return found
    if found is not None and (_size(found) or 0) > head.checkpoint.size:
        raise LogRefused("lock store: it is older than the checkpoint: restore it from a copy")
    if found is None and head.checkpoint.size:
        raise LogRefused(f"{layout.CHECKPOINT_FILE}: it is gone or not readable: restore it from a copy")
    return head.note


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None
