"""The law that all rests on, asked of a real server: while the log's disk does not answer, not one byte leaves.

The system call that makes entries durable is frozen, then made to fail, by strace from outside; nothing of ours is
replaced. Only the log's own files are touched, so that it is the log, and no database, that holds the answer back.
"""

# ruff: noqa: S603 - the processes are our own program and strace

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.flows.register_clients import Scope
from gateway.foundation.settings import Settings
from gateway.wiring import initialise, open_gateway
from tests.builders import TESTER, filled

ROOT = Path(__file__).parents[2]
MEMBERS = "/v1/segments/loyal_buyers/members"
CHOICES = "/v1/consents/query"
SOMEBODY = json.dumps({"subject": {"type": "email", "value": "person.1@example.org"}})
PATIENCE = 30.0  # seconds, for what must come
FROZEN = 0.7  # seconds, for what must not


@dataclass(frozen=True)
class Server:
    """A gateway in a process of its own, and keys for it."""

    process: int
    port: int
    home: Path
    mailer: str
    desk: str

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def get(self, path: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        return self._asked("GET", path, self.mailer, None)

    def choices(self) -> tuple[int, http.client.HTTPMessage, bytes]:
        return self._asked("POST", CHOICES, self.desk, SOMEBODY)

    def _asked(self, method: str, path: str, key: str, body: str | None) -> tuple[int, http.client.HTTPMessage, bytes]:
        with contextlib.closing(self.connection()) as connection:
            connection.request(method, path, body, _headers(key))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def next_page(self) -> str:
        """Pull the first page, and return the address of the next: to read that one nothing is written but the log."""
        status, _, body = self.get(f"{MEMBERS}?limit=10")
        assert status == 200, body
        return f"{MEMBERS}?limit=10&cursor={urllib.parse.quote(json.loads(body)['next'])}"


def _headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}


@pytest.fixture(scope="module")
def strace() -> str:
    """Skip where strace is missing, or may not look at a process of ours."""
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not installed: `apt-get install strace`")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        try:
            attached = _attached(found, [child.pid], ["-e", "trace=fdatasync"])
            attached.kill()
            attached.communicate()
        except RuntimeError as refusal:
            pytest.skip(f"strace may not trace processes here (ptrace is not permitted): {refusal}")
        finally:
            child.kill()
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """150 people, a recipient's key and the desk's."""
    settings = Settings(home=tmp_path_factory.mktemp("order") / "home")
    initialise(settings)
    with open_gateway(settings) as gateway:
        filled(gateway)
        mailer = gateway.clients.add("mailer", Scope.RECIPIENT, TESTER)
        return settings.home, mailer, gateway.clients.add("desk-1", Scope.SUBJECT_DESK, TESTER)


@pytest.fixture
def server(strace: str, home: tuple[Path, str, str], tmp_path: Path) -> Iterator[Server]:  # noqa: ARG001 - skips first
    copy = Path(shutil.copytree(home[0], tmp_path / "home"))
    command = [sys.executable, "-m", "gateway.cli.main", "serve", "--port", "0", "--json", "--home", str(copy)]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    ) as child:
        assert child.stdout is not None
        try:
            port = urllib.parse.urlsplit(json.loads(child.stdout.readline())["serving"]).port
            assert port is not None
            yield Server(child.pid, port, copy, *home[1:])
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)  # the server's own session: it and what it started


def _family(process: int) -> list[int]:
    """A process and all that it started: the log may have a writer of its own."""
    found, at = [process], 0
    while at < len(found):
        for task in Path(f"/proc/{found[at]}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
        at += 1
    return found


def _journals(server: Server, family: list[int]) -> list[str]:
    """The files of the log's journal that the server holds open."""
    found = set()
    for process in family:
        for link in Path(f"/proc/{process}/fd").iterdir():
            with contextlib.suppress(OSError):
                target = link.readlink()
                if target.is_relative_to(server.home) and "journal" in target.relative_to(server.home).as_posix():
                    found.add(str(target))
    assert found, "the server holds no journal open"
    return sorted(found)


def _attached(strace: str, processes: list[int], options: list[str]) -> subprocess.Popen[str]:
    """Start strace on processes that run; returns when it holds all of them. Raises ``RuntimeError``."""
    named = [part for process in processes for part in ("-p", str(process))]
    child = subprocess.Popen(
        [strace, "-f", *options, *named], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert child.stderr is not None
    held: set[int] = set()
    said = ""
    while len(held) < len(processes):
        line = child.stderr.readline()
        said += line
        held |= {process for process in processes if f"Process {process} attached" in line}
        if not line or "Operation not permitted" in line:
            child.kill()
            child.communicate()
            raise RuntimeError(said.strip() or "it ended at once")
    return child


@contextlib.contextmanager
def _disturbed(strace: str, server: Server, injection: str) -> Iterator[None]:
    """Whatever the server's journal is told to make durable meets ``injection``."""
    family = _family(server.process)
    paths = [part for path in _journals(server, family) for part in ("-P", path)]
    options = ["-e", "trace=fdatasync,fsync", "-e", f"inject=fdatasync,fsync:{injection}", *paths]
    child = _attached(strace, family, options)
    try:
        yield
    finally:
        child.terminate()
        child.communicate(timeout=PATIENCE)


def _nothing_comes(asking: socket.socket) -> None:
    """Hold a connection to silence for as long as is looked."""
    asking.settimeout(FROZEN)
    with pytest.raises(TimeoutError):
        asking.recv(1)


def test_while_the_disk_does_not_answer_not_one_byte_leaves(strace: str, server: Server) -> None:
    following = server.next_page()
    with contextlib.closing(server.connection()) as page, contextlib.closing(server.connection()) as choices:
        with _disturbed(strace, server, "delay_enter=60000000"):
            page.request("GET", following, headers=_headers(server.mailer))
            choices.request("POST", CHOICES, SOMEBODY, _headers(server.desk))
            _nothing_comes(page.sock)
            _nothing_comes(choices.sock)
            with contextlib.closing(server.connection()) as alive:  # the server itself is well
                alive.request("GET", "/livez")
                assert alive.getresponse().status == 200
        # The disk answers again: both entries are durable, and only now both answers come.
        for asking in (page, choices):
            asking.sock.settimeout(PATIENCE)
            answer = asking.getresponse()
            assert answer.status == 200
            assert b"p_" in answer.read() or asking is choices


def test_where_the_disk_fails_the_answer_is_503_without_data_and_so_is_every_later_one(
    strace: str, server: Server
) -> None:
    following = server.next_page()
    with _disturbed(strace, server, "error=EIO"):
        answers = [server.get(following)]
    # The disk is in order again; nobody knows what of the log is on it, so it is not tried again.
    began = time.monotonic()
    answers += [server.get(following), server.get(MEMBERS), server.choices(), server.get(f"{MEMBERS}?limit=1")]
    assert time.monotonic() - began < PATIENCE
    for status, headers, body in answers:
        assert status == 503, body
        assert headers["Content-Type"] == "application/problem+json"
        assert int(headers["Retry-After"]) > 0
        assert b"p_" not in body
        assert set(json.loads(body)) == {"type", "title", "status", "detail", "reasons"}
