"""What writes the log: in this process, or beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn

import audit
from gateway.accountability.keys import LogKeys
from gateway.accountability.pending import NAMED_ERRORS
from gateway.accountability.recorder import Writer
from gateway.foundation.clock import Clock
from gateway.foundation.errors import Conflict, IntegrityFailure, InvalidInput
from gateway.foundation.settings import Settings

LOG_ORIGIN = "segmentation-gateway/log"
LOG_SOCKET = "log.sock"
_LOOK_ONLY = "the home is open for a look only: nothing can be recorded, and so nothing can be done"


@contextlib.contextmanager
def log_writer(
    settings: Settings, keys: LogKeys, template: bytes, clock: Clock, *, sequencer: bool
) -> Iterator[Writer]:
    """Open what writes the log: the trail in this process, or a process of its own behind a socket."""
    if sequencer:
        with _sequenced(settings, keys, template) as client:
            yield client
        return
    with contextlib.ExitStack() as stack:
        witnesses = _witnesses(settings)
        asked = stack.enter_context(audit.Witnesses(witnesses)) if witnesses else None
        around = audit.Surroundings(clock=clock.now, witnesses=asked)
        stack.enter_context(NAMED_ERRORS)  # also of what closing has to publish
        yield stack.enter_context(_open_trail(settings.home / "audit", keys, template, around))


class NoWriter:
    """The log of a home that is only looked at: what cannot be recorded cannot be done."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def submit(self, entries: Sequence[bytes]) -> NoReturn:  # noqa: ARG002 - whatever they are
        """Refuse."""
        raise Conflict(_LOOK_ONLY)

    def checkpoint(self) -> str:
        """Publish nothing beyond what is published."""
        return ""

    def tag_file(self) -> NoReturn:
        """Refuse."""
        raise Conflict(_LOOK_ONLY)


def _witnesses(settings: Settings) -> audit.Policy | None:
    """Read whom to ask for cosignatures, where anybody is configured."""
    path = settings.audit_witnesses
    if path is None:
        return None
    try:
        return audit.Policy.parse(path.read_bytes())
    except audit.VerificationFailed as failure:
        raise InvalidInput(f"{path} names no witnesses: {failure}") from None


def _open_trail(directory: Path, keys: LogKeys, template: bytes, around: audit.Surroundings) -> audit.Trail:
    """Open the log; one that is not what was published is refused, and so is everything that it would record."""
    try:
        return audit.Trail.open(directory, LOG_ORIGIN, keys.signer, audit.link_from(template, around.clock), around)
    except audit.AuditError as error:
        raise IntegrityFailure(f"the audit log does not open: {error}") from None


@contextlib.contextmanager
def _sequenced(settings: Settings, keys: LogKeys, template: bytes) -> Iterator[audit.LogClient]:
    """Start the process that writes the log and ends with this one, and connect to it."""
    home, witnesses = settings.home, _witnesses(settings)
    secrets = {
        **keys.secrets(),
        "origin": LOG_ORIGIN,
        "link": template.decode(),
        "witnesses": witnesses.text if witnesses else None,
    }
    try:
        process = audit.start_sequencer(home / "audit", home / LOG_SOCKET, secrets)
    except audit.LogRefused as error:
        raise IntegrityFailure(f"the audit log does not open: {error}") from None
    with process, audit.LogClient(home / LOG_SOCKET, home / "audit") as client:
        yield client
