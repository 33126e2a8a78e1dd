"""Both ends of a sequencer in a process of its own: start one as a child and end it, and be that child."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from audit.errors import AuditError, LogFailed, LogRefused
from audit.sequencer import Sequencer, Writer

MAX_LINE: Final = 65_536  # bytes of the line with the keys
_SWITCH: Final = 0.0005  # seconds; publishing must not hold the interpreter while a group is to be acknowledged


Opened = Callable[[bytes], AbstractContextManager[Writer]]  # the line with the keys -> the open log


class SequencerProcess:
    """A sequencer that serves. As a context manager it is ended at exit."""

    def __init__(self, process: subprocess.Popen[bytes], socket: Path, ready: Mapping[str, Any]) -> None:
        self.process = process
        self.socket = socket
        self.origin: str = ready["origin"]
        self.vkeys: list[str] = ready["vkeys"]

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    def poll(self) -> int | None:
        """Return None while it runs, else its exit status (0 only after a clean end)."""
        return self.process.poll()

    def stop(self, patience: float = 30.0) -> int:
        """Have it write what it took, publish and end; return its exit status (negative: the signal it died of).

        After ``patience`` seconds it is killed; what it acknowledged is on disk all the same.
        """
        _close(self.process)
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.stop()


def start_sequencer(
    directory: Path, socket: Path, keys: Mapping[str, Any], *, interval: float = 0.8, patience: float = 120.0
) -> SequencerProcess:
    """Start ``python -m audit sequence`` for the log in ``directory``; return when it serves at ``socket``.

    ``keys``: origin, seed and ml_dsa_seed in hex, retiring. Raises ``LogRefused`` as ``start_child``.
    """
    command = ["-P", "-m", "audit", "sequence", str(directory), "--socket", str(socket), "--interval", str(interval)]
    return start_child(command, socket, json.dumps(dict(keys)).encode(), patience=patience)


def start_child(command: Sequence[str], socket: Path, line: bytes, *, patience: float = 120.0) -> SequencerProcess:
    """Start our own interpreter with the arguments ``command``, which comes to call ``serve_as_child``.

    ``line`` (the keys) goes through a pipe, never through arguments or the environment. The child has a process group
    of its own, so that an interrupt at the terminal does not end it before us; it ends when we do, however that
    happens. Raises ``LogRefused`` with its reason when it does not serve within ``patience`` seconds.
    """
    home = str(Path(__file__).resolve().parent.parent)
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        process_group=0,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))},
    )
    try:
        return SequencerProcess(process, socket, _ready(process, line, time.monotonic() + patience))
    except BaseException:
        process.kill()
        process.wait()
        _close(process)
        raise


def _ready(process: subprocess.Popen[bytes], line: bytes, until: float) -> dict[str, Any]:
    if process.stdin is None or process.stdout is None:
        raise LogRefused("the sequencer was started without its pipes")
    with contextlib.suppress(BrokenPipeError):  # it said why before it had its keys, or its silence says enough
        process.stdin.write(line + b"\n")
        process.stdin.flush()
    said = _read_answer(process.stdout.fileno(), until)
    process.stdout.close()
    try:
        ready: dict[str, Any] = json.loads(said)
    except ValueError:
        raise LogRefused("the sequencer did not come to serve") from None
    if not ready["ready"]:
        raise LogRefused(ready["why"])
    return ready


def _read_answer(descriptor: int, until: float) -> bytes:
    """Read up to the end of the line, of the pipe, or of our patience."""
    line = b""
    while not line.endswith(b"\n"):
        if not select.select([descriptor], [], [], max(0.0, until - time.monotonic()))[0]:
            break
        if not (data := os.read(descriptor, 4096)):
            break
        line += data
    return line


def _close(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):  # closing writes what was not taken
                pipe.close()


# -- the child ----------------------------------------------------------------------------------------------------


def serve_as_child(
    opened: Callable[[bytes], AbstractContextManager[Writer]], socket: Path, *, interval: float = 0.8
) -> int:
    """Serve the writer that ``opened`` makes of the first line of standard input; return the exit status.

    Says on standard output, in a line of JSON, that it serves or why not. Ends at SIGTERM, at SIGINT, when standard
    input is closed, and when the log fails (status 1).
    """
    try:
        with opened(_read_line()) as writer:
            return _serve(writer, socket, interval)
    except AuditError as error:
        return _failed(str(error))


def _serve(writer: Writer, socket: Path, interval: float) -> int:
    sequencer = Sequencer(writer, socket, interval=interval)
    sys.setswitchinterval(_SWITCH)
    heard, told = os.pipe()
    os.set_blocking(told, False)
    # A signal just before the wait for clients begins would be handled after it only: its byte ends the wait.
    signal.set_wakeup_fd(told)
    sequencer.watch(heard)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: sequencer.stop())
    if not stat.S_ISREG(os.fstat(0).st_mode):  # a file ends where the keys do, and means nothing by it
        sequencer.watch(0)
    _say({"ready": True, "origin": writer.origin, "size": writer.size, "vkeys": writer.vkeys})
    failure = sequencer.run()
    if failure is not None:
        raise LogFailed(failure)
    return 0


def _failed(why: str) -> int:
    _say({"ready": False, "why": why})
    print(f"the sequencer ends: {why}", file=sys.stderr)  # noqa: T201 - why a command failed
    return 1


def _read_line() -> bytes:
    """Read the line byte by byte, so that nothing behind it is taken."""
    line = bytearray()
    while len(line) < MAX_LINE and (byte := os.read(0, 1)) not in {b"", b"\n"}:
        line += byte
    return bytes(line)


def _say(found: dict[str, object]) -> None:
    with contextlib.suppress(OSError):  # nobody reads: closed standard input says so, too
        os.write(1, json.dumps(found).encode() + b"\n")  # unbuffered: nothing is left to fail at exit
