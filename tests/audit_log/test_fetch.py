"""Whatever a server does, and however long it takes to reach it, a request ends when its time is over."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from audit.fetch import MAX_TIMEOUT, FetchFailed, Server

TIMEOUT = 0.3  # seconds
BODY = 100
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % BODY

Address = tuple[str, int]


class Served:
    """Answers each connection by the next of the ways; ``done`` says of how many the other side heard the end."""

    def __init__(self, ways: list[Callable[[socket.socket], None]]) -> None:
        self.done = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: Address = self._listener.getsockname()
        self._thread = threading.Thread(target=self._serve, args=(ways,), daemon=True)
        self._thread.start()

    def _serve(self, ways: list[Callable[[socket.socket], None]]) -> None:
        for way in ways:
            with contextlib.suppress(OSError):
                connection, _ = self._listener.accept()
                with connection:
                    way(connection)
                    self.done += 1

    def ended(self) -> int:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # so that nobody waits for one who never comes
        self._thread.join()
        self._listener.close()
        return self.done


def drips(connection: socket.socket) -> None:
    """Send the answer for ten times as long as anybody waits, and fail where the other side has hung up."""
    assert connection.recv(65_536)
    connection.sendall(HEAD)
    for _ in range(BODY):
        connection.sendall(b"x")
        time.sleep(10 * TIMEOUT / BODY)


def answers(connection: socket.socket) -> None:
    assert connection.recv(65_536)
    connection.sendall(HEAD + b"x" * BODY)


def answers_and_hangs_up_later(connection: socket.socket) -> None:
    answers(connection)
    assert connection.recv(65_536)
    time.sleep(0.7 * TIMEOUT)


def answers_later(connection: socket.socket) -> None:
    assert connection.recv(65_536)
    time.sleep(0.7 * TIMEOUT)
    connection.sendall(HEAD + b"x" * BODY)


@contextlib.contextmanager
def full() -> Iterator[Address]:
    """An address where a connection is neither taken nor refused."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(listener.getsockname())
        yield listener.getsockname()


def resolve(monkeypatch: pytest.MonkeyPatch, addresses: list[Address], wait: float = 0) -> None:
    """Let a name have these addresses, and take its time."""

    def getaddrinfo(*_: object, **__: object) -> list[tuple[int, int, int, str, Address]]:
        time.sleep(wait)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def late(server: Server) -> None:
    with pytest.raises(FetchFailed, match=r"did not answer within 0\.3 s"):
        server.get("checkpoint", limit=1000)


@pytest.mark.parametrize("name_takes", [0, 1.5 * TIMEOUT])
@pytest.mark.parametrize("first_is_silent", [False, True])
def test_a_server_that_drips_is_cut_however_it_was_reached(
    monkeypatch: pytest.MonkeyPatch, name_takes: float, *, first_is_silent: bool
) -> None:
    served = Served([drips])
    with full() as silent, contextlib.closing(Server("http://log.example", timeout=TIMEOUT)) as server:
        resolve(monkeypatch, [silent, served.address] if first_is_silent else [served.address], name_takes)
        late(server)
    assert served.ended() == 0


def test_the_next_address_serves_where_the_first_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = closed.getsockname()
    served = Served([answers])
    with contextlib.closing(Server("http://log.example", timeout=30)) as server:
        resolve(monkeypatch, [nobody, served.address])
        assert server.get("checkpoint", limit=1000).body == b"x" * BODY
        resolve(monkeypatch, [nobody])
        server.close()
        with pytest.raises(FetchFailed, match="ConnectionRefusedError"):
            server.get("checkpoint", limit=1000)
        resolve(monkeypatch, [])
        with pytest.raises(FetchFailed, match="OSError"):
            server.get("checkpoint", limit=1000)
    assert served.ended() == 1


def test_a_second_try_has_the_time_that_the_first_left() -> None:
    served = Served([answers_and_hangs_up_later, answers_later])
    with contextlib.closing(Server(f"http://127.0.0.1:{served.address[1]}", timeout=TIMEOUT)) as server:
        assert server.get("checkpoint", limit=1000).status == 200
        late(server)
    served.ended()


@pytest.mark.parametrize("timeout", [0, -1, MAX_TIMEOUT + 1, 1e20, float("inf"), float("nan")])
def test_a_time_that_no_request_can_have_is_refused(timeout: float) -> None:
    with pytest.raises(FetchFailed, match="timeout"):
        Server("http://log.example", timeout=timeout)
