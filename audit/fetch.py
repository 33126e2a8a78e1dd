"""A small HTTP client for answers that are not trusted: bounded in time and in bytes, one kept connection."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from audit.errors import AuditError

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
        """Speak to ``prefix``; ``timeout`` in seconds bounds each whole request. Raises ``FetchFailed``."""
        self.prefix = prefix.rstrip("/")
        self._timeout = timeout
        self._context = context
        self._connection: http.client.HTTPConnection | None = None
        try:
            parts = urlsplit(self.prefix)
            self._port = parts.port
        except ValueError:
            raise FetchFailed("this is not a URL") from None
        plain = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
        if not plain or parts.query or parts.fragment:
            raise FetchFailed("this is not an http or https URL of a host and a path")
        self._https = parts.scheme == "https"
        self._host = parts.hostname or ""
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
            try:
                return self._once(method, target, body, send, limit)
            except (http.client.RemoteDisconnected, ConnectionError):
                if not kept:
                    raise
                # The server had closed the kept connection meanwhile: this says nothing about the server.
                self.close()
                return self._once(method, target, body, send, limit)
        except TimeoutError:
            self.close()
            raise FetchFailed(f"it did not answer within {self._timeout:g} s") from None
        except (OSError, http.client.HTTPException, ValueError) as failure:
            self.close()
            raise FetchFailed(f"it cannot be asked ({type(failure).__name__})") from failure
        except FetchFailed:
            self.close()
            raise

    def _once(self, method: str, target: str, body: bytes | None, headers: Mapping[str, str], limit: int) -> Reply:
        connection = self._connection = self._connection or self._connect()
        with _Deadline(self._timeout) as deadline:
            if connection.sock is None:
                connection.connect()
            deadline.socket = connection.sock  # kept here: the connection drops it once an answer ends it
            connection.request(method, target, body=body, headers=dict(headers))
            with connection.getresponse() as response:
                data = response.read(limit + 1)
                if len(data) > limit:
                    raise FetchFailed(f"its answer has more than {limit} bytes")
                kind = response.headers.get_content_type()
                encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
                return Reply(response.status, kind, encoding, data)

    def _connect(self) -> http.client.HTTPConnection:
        if self._https:
            context = self._context or ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=context)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)


class _Deadline:
    """Cut a socket after so many seconds: its own timeout never ends a peer that sends a byte at a time."""

    def __init__(self, seconds: float) -> None:
        self.socket: socket.socket | None = None
        self._late = threading.Event()
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        # What was read before the cut may be the beginning of an answer only, and errors come from the cut.
        if self._late.is_set() and (
            error is None or isinstance(error, (OSError, http.client.HTTPException, ValueError))
        ):
            raise TimeoutError from error

    def _cut(self) -> None:
        self._late.set()
        if self.socket is not None:
            with contextlib.suppress(OSError):  # it is closed already
                # The plain socket's: an SSL socket's own would drop its state under the thread that reads.
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)
