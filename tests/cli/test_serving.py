"""`serve` as a process: it answers, others are told what to do, the log can be verified, and it stops cleanly."""

# ruff: noqa: S603 - the processes are our own program, bash and mount

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.support import ROOT, done, gateway, refused


@contextmanager
def serving(home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "gateway.cli.main", "serve", "--port", "0", "--json", "--home", str(home)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        try:
            line = child.stdout.readline()
            yield child, json.loads(line)["serving"]
        finally:
            child.kill()


def asked(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_head_of_a_request_is_bounded(home: Path) -> None:
    with serving(home) as (_, address):
        where = urllib.parse.urlsplit(address)
        with socket.create_connection((where.hostname or "", where.port or 0), timeout=10) as stranger:
            stranger.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n")
            with contextlib.suppress(ConnectionError):  # it may have been cut off while we still send
                for number in range(400):
                    stranger.sendall(b"X-%d: " % number + b"x" * 1000 + b"\r\n")
                assert stranger.recv(1000).startswith(b"HTTP/1.1 4")
        assert asked(f"{address}/livez") == 200


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_while_others_wait_and_ends_whole(stop: signal.Signals, home: Path) -> None:
    with serving(home) as (child, address):
        assert asked(f"{address}/livez") == 200
        assert asked(f"{address}/readyz") == 200
        assert asked(f"{address}/v1/segments") == 401
        said = gateway("segments", "build", "loyal_buyers", "--home", home)
        refused(said, "conflict", f"process {child.pid}", "over HTTP")
        done(gateway("audit", "verify", "--home", home))
        taken = gateway("serve", "--port", address.rpartition(":")[2], "--home", home)
        refused(taken, "conflict", "port")
        child.send_signal(stop)
        out, err = child.communicate(timeout=30)
        assert (child.returncode, out) == (0, "")
        assert all(json.loads(line)["event"] == "request.refused" for line in err.splitlines())
    done(gateway("audit", "verify", "--home", home))
    assert not (home / "store.duckdb.wal").exists()
    assert done(gateway("segments", "build", "loyal_buyers", "--home", home, "--json")).json["size"] == 150
    (refusal,) = [
        entry
        for entry in done(gateway("audit", "show", "--home", home, "--json")).json["entries"]
        if entry["action"] == "request.refused"
    ]
    assert refusal["decision"] == "deny"
