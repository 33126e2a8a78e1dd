"""A small HTTP client for answers that are not trusted: bounded in time and in bytes, one kept connection."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from audit.errors import AuditError

MAX_TIMEOUT: Final = 86_400.0  # seconds; the system counts the time of a socket in milliseconds of 31 bits
_AGENT: Final = "audit"
_READ: Final = 65_536


class FetchFailed(AuditError):
    """A server could not be asked, or did not answer within its bounds. The message says which and why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered: any status, and a body within the bound that was asked for."""

    status: int
    content_type: str
    encoding: str
    body: bytes


class Server:
    """One server under an http or https prefix, asked by one thread at a time. Follows no redirect."""

    def __init__(self, prefix: str, *, timeout: float, context: ssl.SSLContext | None = None) -> None:
        """Speak to ``prefix``; ``timeout`` in seconds, a day at most, bounds each whole request.

        That is all of it but asking the system for the addresses of a name. Raises ``FetchFailed``.
        """
        if not 0 < timeout <= MAX_TIMEOUT:
            raise FetchFailed(f"a timeout lies above 0 and is at most {MAX_TIMEOUT:g} s")
        self.prefix = prefix.rstrip("/")
        self._timeout = timeout
        self._context = context
        self._connection: http.client.HTTPConnection | None = None
        try:
            parts = urlsplit(self.prefix)
            port = parts.port
        except ValueError:
            raise FetchFailed("this is not a URL") from None
        plain = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
        if not plain or parts.query or parts.fragment:
            raise FetchFailed("this is not an http or https URL of a host and a path")
        self._https = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = port or (http.client.HTTPS_PORT if self._https else http.client.HTTP_PORT)
        self._path = parts.path

    def get(self, path: str, *, limit: int, headers: Mapping[str, str] | None = None) -> Reply:
        """Ask for ``<prefix>/<path>``, of at most ``limit`` bytes. Raises ``FetchFailed``."""
        return self._ask("GET", path, None, headers or {}, limit)

    def post(self, path: str, body: bytes, content_type: str, *, limit: int) -> Reply:
        """Send ``body`` to ``<prefix>/<path>``, or to the prefix itself without a path. Raises ``FetchFailed``."""
        return self._ask("POST", path, body, {"Content-Type": content_type}, limit)

    def close(self) -> None:
        """Give the connection back. The server may be asked again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], limit: int) -> Reply:
        target = f"{self._path}/{path}" if path else self._path or "/"
        send = {"User-Agent": _AGENT, **headers}
        kept = self._connection is not None
        try:
            with _Deadline(self._timeout) as deadline:
                try:
                    return self._once(deadline, method, target, body, send, limit)
                except (http.client.RemoteDisconnected, ConnectionError):
                    if not kept:
                        raise
                    # The server had closed the kept connection meanwhile: this says nothing about the server.
                    self.close()
                    return self._once(deadline, method, target, body, send, limit)
        except TimeoutError:
            self.close()
            raise FetchFailed(f"it did not answer within {self._timeout:g} s") from None
        except (OSError, http.client.HTTPException, ValueError) as failure:
            self.close()
            raise FetchFailed(f"it cannot be asked ({type(failure).__name__})") from failure
        except FetchFailed:
            self.close()
            raise

    def _once(
        self, deadline: _Deadline, method: str, target: str, body: bytes | None, headers: Mapping[str, str], limit: int
    ) -> Reply:
        connection = self._connection = self._connection or self._new_connection()
        if connection.sock is None:
            connection.sock = self._connect(deadline)
        deadline.watch(connection.sock)  # kept there: the connection drops it once an answer ends it
        connection.request(method, target, body=body, headers=dict(headers))
        with connection.getresponse() as response:
            data = response.read(limit + 1)
            if len(data) > limit:
                raise FetchFailed(f"its answer has more than {limit} bytes")
            kind = response.headers.get_content_type()
            encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
            return Reply(response.status, kind, encoding, data)

    def _new_connection(self) -> http.client.HTTPConnection:
        if self._https:
            return http.client.HTTPSConnection(self._host, self._port, context=self._tls())
        return http.client.HTTPConnection(self._host, self._port)

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context()
        return self._context

    def _connect(self, deadline: _Deadline) -> socket.socket:
        """Connect in the time that is left; ``http.client`` would give it whole to each address, and again to TLS."""
        connected = _reach(self._host, self._port, deadline)
        if self._https:
            with contextlib.closing(connected):  # it is taken out of it, unless that fails
                connected.settimeout(deadline.left())  # of the whole handshake
                connected = self._tls().wrap_socket(connected, server_hostname=self._host)
        connected.settimeout(self._timeout)
        return connected


def _reach(host: str, port: int, deadline: _Deadline) -> socket.socket:
    """Return a connection to the first address of ``host`` that takes one. Raises ``OSError``."""
    failure = OSError("it has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        reached = socket.socket(family, kind, protocol)
        try:
            reached.settimeout(deadline.left())
            reached.connect(address)
            reached.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            reached.close()
            failure = error
        else:
            return reached
    raise failure


class _Deadline:
    """Cut a socket after so many seconds: its own timeout never ends a peer that sends a byte at a time."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._lock = threading.Lock()  # the socket comes before the cut, or learns that it comes too late
        self._socket: socket.socket | None = None
        self._late = False
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._socket, late = None, self._late
        # What was read before the cut may be the beginning of an answer only, and errors come from the cut.
        if late and (error is None or isinstance(error, (OSError, http.client.HTTPException, ValueError))):
            raise TimeoutError from error

    def left(self) -> float:
        """Return the seconds that are left. Raises ``TimeoutError`` where none are."""
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def watch(self, watched: socket.socket) -> None:
        """Cut this socket in time. Raises ``TimeoutError`` where it is too late already."""
        with self._lock:
            self._socket = watched
            if self._late:
                raise TimeoutError

    def _cut(self) -> None:
        with self._lock:
            self._late = True
            if self._socket is not None:
                with contextlib.suppress(OSError):  # it is closed already
                    # The plain socket's: an SSL socket's own would drop its state under the thread that reads.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
