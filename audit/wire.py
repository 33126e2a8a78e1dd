"""What a web worker and the sequencer say to each other over a Unix stream socket, and how each finds the other.

A message is ``length of the body (4) | kind (1) | number (4) | body``, integers big-endian. An answer carries the
number of its request; answers may come in another order than their requests. The bodies::

    APPEND      entries in bundle encoding (uint16 length and bytes each)   -> APPENDED, REFUSED, BUSY or FAILED
    CHECKPOINT  nothing                                                     -> PUBLISHED or FAILED
    STATUS      nothing                                                     -> STATE
    APPENDED    runs of one origin: ``length of the origin (2) | origin | count (4)``, then count times
                ``index (8) | leaf hash (32)``
    PUBLISHED   the signed note
    STATE       JSON: origin, size, vkeys
    REFUSED, BUSY, FAILED   why, as text without bytes of an entry

Everything is bounded, the size first: a peer that breaks a bound or the form is cut off and nobody else is touched.
"""

from __future__ import annotations

import contextlib
import enum
import itertools
import os
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import msgspec

from audit.errors import AuditError, LogRefused

MAX_MESSAGE: Final = 4 * 1024 * 1024  # bytes of one body; what the journal takes as one group
MAX_ENTRIES: Final = 4_096  # of one message, and of everything that waits in the sequencer
_MAX_ADDRESS: Final = 107  # bytes; sun_path has 108 with its end

_HEAD: Final = struct.Struct(">IBI")
_LENGTH: Final = struct.Struct(">H")
_COUNT: Final = struct.Struct(">I")
_PLACE: Final = struct.Struct(">Q32s")
_CREDENTIALS: Final = struct.Struct("3i")  # struct ucred: pid, uid, gid


class WireError(AuditError):
    """The other side does not speak this protocol."""


class Kind(enum.IntEnum):
    """What a message is."""

    APPEND = 1
    CHECKPOINT = 2
    STATUS = 3
    APPENDED = 65
    PUBLISHED = 66
    STATE = 67
    REFUSED = 80
    BUSY = 81
    FAILED = 82


class Message(NamedTuple):
    """One message as it was received; ``kind`` may be one that is not known."""

    kind: int
    number: int
    body: bytes


class State(msgspec.Struct, frozen=True):
    """The answer to STATUS: the log's name, how many entries are durable, and its active keys."""

    origin: str
    size: int
    vkeys: list[str]


class Placed(Protocol):
    """Where an entry is durable: a receipt, whatever class the writer has for it."""

    @property
    def index(self) -> int:
        """The entry's index."""
        ...

    @property
    def leaf_hash(self) -> bytes:
        """The hash of the entry that the log holds."""
        ...

    @property
    def origin(self) -> str:
        """The name of the log."""
        ...


def message(kind: Kind, number: int, body: bytes = b"") -> bytes:
    """Return the bytes of one message."""
    return _HEAD.pack(len(body), kind, number) + body


class Frames:
    """Cuts a stream into messages; holds at most one message of the largest size and what came with it."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._need = _HEAD.size  # held bytes from which on there is something to cut

    def feed(self, data: bytes) -> list[Message]:
        """Add what was received and return the messages that are whole. Raises ``WireError`` on one too large."""
        if self._held or len(data) < _HEAD.size:
            self._held += data
            if len(self._held) < self._need:
                return []
            data = bytes(self._held)
            self._held.clear()
        found: list[Message] = []
        at, limit = 0, len(data)
        self._need = _HEAD.size
        while at + _HEAD.size <= limit:
            length, kind, number = _HEAD.unpack_from(data, at)
            if length > MAX_MESSAGE:
                raise WireError(f"a message has at most {MAX_MESSAGE} bytes")
            stop = at + _HEAD.size + length
            if stop > limit:
                self._need = _HEAD.size + length
                break
            found.append(Message(kind, number, data[at + _HEAD.size : stop]))
            at = stop
        self._held += data[at:]
        return found


# -- bodies -----------------------------------------------------------------------------------------------------


def pack_entries(entries: Iterable[bytes]) -> bytes:
    """Return entries of at most 65,535 bytes each in bundle encoding."""
    return b"".join([_LENGTH.pack(len(entry)) + entry for entry in entries])


def unpack_entries(body: bytes) -> list[bytes]:
    """Return the entries of an APPEND. Raises ``WireError`` unless they fill the body exactly and are few enough."""
    entries: list[bytes] = []
    at, limit = 0, len(body)
    while at < limit:
        if at + 2 > limit or len(entries) == MAX_ENTRIES:
            raise WireError("an append holds whole entries, and not too many")
        stop = at + 2 + (body[at] << 8 | body[at + 1])
        entries.append(body[at + 2 : stop])
        at = stop
    if at != limit or not entries:
        raise WireError("an append holds whole entries, and at least one")
    return entries


def pack_places(places: Sequence[Placed]) -> bytes:
    """Return the body of APPENDED, in the order of the entries."""
    parts: list[bytes] = []
    for origin, run in itertools.groupby(places, key=lambda place: place.origin):
        packed = [_PLACE.pack(place.index, place.leaf_hash) for place in run]
        name = origin.encode()
        parts += (_LENGTH.pack(len(name)), name, _COUNT.pack(len(packed)), *packed)
    return b"".join(parts)


def unpack_places(body: bytes) -> list[tuple[int, bytes, str]]:
    """Return (index, leaf hash, origin) as APPENDED says. Raises ``WireError`` when it is not whole."""
    places: list[tuple[int, bytes, str]] = []
    at = 0
    try:
        while at < len(body):
            (length,) = _LENGTH.unpack_from(body, at)
            origin = body[at + 2 : at + 2 + length].decode()
            at += 2 + length
            (count,) = _COUNT.unpack_from(body, at)
            at += 4
            stop = at + count * _PLACE.size
            places += [(index, leaf, origin) for index, leaf in _PLACE.iter_unpack(body[at:stop])]
            at = stop
    except (struct.error, UnicodeDecodeError):
        raise WireError("an answer that cannot be read") from None
    if at != len(body):
        raise WireError("an answer that is cut short")
    return places


# -- the socket -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    """Give an address for ``path`` that the kernel takes, however deep its folder lies."""
    if len(os.fsencode(path)) <= _MAX_ADDRESS:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        short = f"/proc/self/fd/{folder}/{path.name}"
        if len(os.fsencode(short)) > _MAX_ADDRESS:
            raise LogRefused("the name of the socket is too long")
        yield short
    finally:
        os.close(folder)


def is_own(connection: socket.socket) -> bool:
    """Tell whether the other side runs under our own user id, as the kernel saw it when the connection was made."""
    _, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return bool(uid == os.geteuid())


def connect(path: Path) -> socket.socket:
    """Connect to the sequencer at ``path``. Raises ``OSError``, and ``LogRefused`` when another user runs it."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _address(path) as address:
            connection.connect(address)
        own = is_own(connection)
    except BaseException:
        connection.close()
        raise
    if not own:
        connection.close()
        raise LogRefused("the socket of the sequencer belongs to another user")
    return connection


def listen(path: Path) -> socket.socket:
    """Listen at ``path``, for our own user only (mode 0600); the file of a dead process is replaced.

    Raises ``LogRefused`` when a living process listens there or something else than a socket lies there.
    """
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        os.fchmod(listener.fileno(), 0o600)  # before bind: the file is never open to others
        with _address(path) as address:
            listener.bind(address)
        listener.listen(128)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise LogRefused(f"no socket can be made at {path} ({error.strerror or type(error).__name__})") from None
    except BaseException:
        listener.close()
        raise
    return listener


def _remove_stale(path: Path) -> None:
    if not path.is_symlink() and not path.exists():
        return
    if path.is_symlink() or not path.is_socket():
        raise LogRefused(f"{path} is there and is not a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            with _address(path) as address:
                probe.connect(address)
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except OSError:
            pass  # a full backlog, for one: somebody lives there
    raise LogRefused(f"another process listens at {path}")
