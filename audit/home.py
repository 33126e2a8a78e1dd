"""The directory of a log before its journal is read: held by one process, made when absent, of the right keys."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from audit import format as layout
from audit import merkle, note
from audit.checkpoint import Checkpoint
from audit.disk import Disk, beside
from audit.errors import LogRefused, VerificationFailed
from audit.journal import Journal
from audit.keys import Signer, VerifierKey
from audit.lockstore import Head, LockStore
from audit.policy import Policy

_Read = Callable[[str], Checkpoint | None]  # a signed note -> its checkpoint, unless it does not verify

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

    The note verifies. It is not put there yet: whether the journal is that of this log must be known before. Raises
    ``LogRefused``, also where the directory has a signed checkpoint of another history.
    """
    for name in (layout.POLICY_FILE, layout.CHECKPOINT_FILE):
        disk.remove(beside(directory / name))
    for name in (layout.JOURNAL_FOLDER, layout.TAGS_FOLDER):
        disk.make_folder(directory / name)
    disk.remove(beside(directory / layout.JOURNAL_FOLDER / layout.AHEAD_FILE))
    head = lock.read(signer.name)
    if head is None:
        head = _begin(directory, signer, lock, at)
    keys = _check_keys(directory, signer, head, disk)
    known = {*keys, *(key.verifier for key in signer.keys)}
    return head, _last_note(directory, head, lambda signed: _signed(signed, keys, known), disk)


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
    if at < 0:
        raise LogRefused("the clock stands before 1970: set it right")
    empty = Checkpoint(signer.name, 0, merkle.EMPTY_ROOT)
    return lock.begin(empty, note.sign_note(empty.text, signer, at))


def _has_segments(directory: Path) -> bool:
    return any(layout.SEGMENT_NAME.fullmatch(path.name) for path in (directory / layout.JOURNAL_FOLDER).iterdir())


def _size(signed: str) -> int | None:
    try:
        return Checkpoint.parse(note.parse_note(signed)[0]).size
    except VerificationFailed:
        return None


def _check_keys(directory: Path, signer: Signer, head: Head, disk: Disk) -> list[VerifierKey]:
    """Compare the log's keys with the signer's, and return them; the file is written where the log is new."""
    path = directory / layout.POLICY_FILE
    text = _read(path)
    if text is None:
        if head.checkpoint.size:
            raise LogRefused(f"{layout.POLICY_FILE}: it is gone or not readable: restore it from a copy")
        disk.put_durably(path, Policy.of(signer.vkeys).text.encode())
        return [key.verifier for key in signer.keys]
    try:
        known = Policy.parse(text)
    except VerificationFailed as failure:
        raise LogRefused(f"{layout.POLICY_FILE}: {failure}") from None
    if not set(known.vkeys) & set(signer.vkeys):
        raise LogRefused(f"{layout.POLICY_FILE}: the log has another key")
    return [line.key for line in known.logs]


def _last_note(directory: Path, head: Head, read: _Read, disk: Disk) -> str:
    """Return the note in the directory, with what witnesses added, or else the one that the lock store has."""
    found = _read(directory / layout.CHECKPOINT_FILE)
    if found is None and head.checkpoint.size:
        raise LogRefused(f"{layout.CHECKPOINT_FILE}: it is gone or not readable: restore it from a copy")
    stated = None if found is None else _stated(directory, found, head.checkpoint, read, disk)
    is_good = read(head.note) == head.checkpoint
    if found is not None and stated == head.checkpoint and (found.startswith(head.note) or not is_good):
        return found
    if not is_good:
        raise LogRefused("lock store: its note does not verify: restore it from a copy")
    return head.note


def _stated(directory: Path, found: str, last: Checkpoint, read: _Read, disk: Disk) -> Checkpoint:
    """Return the checkpoint of the directory; raises ``LogRefused`` unless it is the ``last`` one or one before it.

    A crash leaves one before it. A signed one of another history is never overwritten: it proves a fork.
    """
    stated = read(found)
    if stated is None or stated.origin != last.origin:
        raise LogRefused(f"{layout.CHECKPOINT_FILE}: it does not verify: restore it from a copy")
    if stated.size > last.size:
        raise LogRefused("lock store: it is older than the checkpoint: restore it from a copy")
    root = last.root if stated.size == last.size else _journal_root(directory, stated, disk)
    if stated.root != root:
        raise LogRefused(f"{layout.CHECKPOINT_FILE}: it is signed, and of another history than lock store and journal")
    return stated


def _signed(signed: str, keys: Sequence[VerifierKey], known: Iterable[VerifierKey]) -> Checkpoint | None:
    """Return the checkpoint of a note that all of ``keys`` signed, and no ``known`` one wrongly; None for any other.

    At each moment of a change of keys, every key in the policy file has signed the notes of directory and lock store.
    """
    try:
        text, signers = note.verified_keys(signed, known)
        return Checkpoint.parse(text) if signers.keys() >= set(keys) else None
    except VerificationFailed:
        return None


def _journal_root(directory: Path, stated: Checkpoint, disk: Disk) -> bytes:
    """Return the root over as many of the journal's entries as a checkpoint before the last one covers.

    Only after a crash between lock store and checkpoint is the journal read for it: once more.
    """
    tree = merkle.Accumulator()
    journal = Journal(directory / layout.JOURNAL_FOLDER, stated.origin, disk)
    try:
        for entries in journal.load(stated.size, tree.root):
            tree.extend(merkle.leaf_hashes(entries[: stated.size - tree.size]))
            if tree.size == stated.size:
                break
    finally:
        journal.close()
    if tree.size < stated.size:
        why = f"{tree.size} whole entries, and {stated.size} were published"
        raise LogRefused(f"journal: {why}: restore it from a copy")
    return tree.root()


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None
