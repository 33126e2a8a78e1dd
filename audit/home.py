"""The directory of a log, before its journal is read: held by one process, made when absent, of the right key."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from audit import durable, merkle, note
from audit import format as layout
from audit.checkpoint import Checkpoint
from audit.errors import LogRefused, VerificationFailed
from audit.journal import Journal


def hold(directory: Path) -> int:
    """Make the directory when absent and hold it; return the handle that holds it."""
    if not directory.exists():
        directory.mkdir(parents=True, mode=0o700)
        durable.sync_directory(directory.parent)
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise LogRefused("the log is open in another process, or twice in this one") from None
    return handle


def establish(directory: Path, signer: note.Signer) -> tuple[Checkpoint, str]:
    """Return the last checkpoint and its note, after making an empty log where none is."""
    for path in (layout.VKEY_FILE, layout.CHECKPOINT_FILE, layout.JOURNAL_FILE):
        durable.beside(directory / path).unlink(missing_ok=True)
    if not (directory / layout.JOURNAL_FILE).exists():
        _create(directory, signer)
    (directory / layout.TAGS_FOLDER).mkdir(mode=0o700, exist_ok=True)
    _check_key(directory, signer)
    return _read_checkpoint(directory, signer)


def _create(directory: Path, signer: note.Signer) -> None:
    """Make the files of an empty log; the journal comes last, so that where it is all others are."""
    if (directory / layout.VKEY_FILE).exists():
        _check_key(directory, signer)
    else:
        durable.write_file(directory / layout.VKEY_FILE, f"{signer.vkey}\n".encode())
    if (directory / layout.CHECKPOINT_FILE).exists():
        published, _ = _read_checkpoint(directory, signer)
        if published.size:
            raise LogRefused(
                f"journal: it is gone, and {published.size} entries were published: restore it from a copy"
            )
    else:
        empty = Checkpoint(signer.name, 0, merkle.EMPTY_ROOT)
        durable.write_file(directory / layout.CHECKPOINT_FILE, note.sign_note(empty.text, signer).encode())
    Journal.create(directory / layout.JOURNAL_FILE, signer.name)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        raise LogRefused(f"{path.name}: it is gone or not readable: restore it from a copy") from None


def _check_key(directory: Path, signer: note.Signer) -> None:
    if _read(directory / layout.VKEY_FILE) != f"{signer.vkey}\n":
        raise LogRefused(f"{layout.VKEY_FILE}: the log has another key")


def _read_checkpoint(directory: Path, signer: note.Signer) -> tuple[Checkpoint, str]:
    text = _read(directory / layout.CHECKPOINT_FILE)
    try:
        return Checkpoint.verify(text, signer.vkey), text
    except VerificationFailed as failure:
        raise LogRefused(f"{layout.CHECKPOINT_FILE}: {failure}") from None
