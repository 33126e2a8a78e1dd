"""A small real witness for tests (c2sp.org/tlog-witness): an HTTP server whose state survives ``kill -9``.

``python -m audit.testing.witness --state FILE --name NAME --log VKEY`` prints one JSON line with its ``url`` and its
``vkeys`` (an Ed25519 and an ML-DSA-44 cosigner of one name) and serves until it is stopped. The state file holds the
keys too. It is no witness for production: nobody but its own host may reach it, and it refuses extension lines.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import http.server
import json
import re
import secrets
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from audit import merkle
from audit.checkpoint import Checkpoint
from audit.encoding import decode_base64, read_number
from audit.errors import VerificationFailed
from audit.keys import KeyKind, SigningKey, VerifierKey
from audit.note import parse_note, verified_keys
from audit.witness import MAX_PROOF, SIZE_TYPE

MAX_BODY: Final = 131_072  # bytes
_TEXT: Final = "text/plain; charset=utf-8"
_MONITORED: Final = re.compile(r"/([0-9a-f]{64})/checkpoint", re.ASCII)
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS seed (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), seed BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS seen (
    origin_hash TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """The witness's answer to a request."""

    status: int
    body: str = ""
    content_type: str = _TEXT


class _Refusal(Exception):
    def __init__(self, status: int, body: str = "", content_type: str = _TEXT) -> None:
        super().__init__(status)
        self.answer = Answer(status, body, content_type)


@dataclass(frozen=True, slots=True)
class _Request:
    old: int
    proof: list[bytes]
    note: str


class Witness:
    """The protocol without HTTP: what it has seen, checked and changed in one transaction each."""

    def __init__(self, state: Path, name: str, logs: Sequence[str], clock: Callable[[], int]) -> None:
        """Open ``state``, made when absent; ``logs`` are the verifier keys it trusts, ``clock`` tells POSIX seconds."""
        self._clock = clock
        self._logs: dict[str, list[VerifierKey]] = {}
        for key in map(VerifierKey.parse, logs):
            self._logs.setdefault(key.name, []).append(key)
        self._lock = threading.Lock()  # one connection for all threads of the server
        self._database = sqlite3.connect(state, timeout=10, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.executescript(_SCHEMA)
        self._database.execute("INSERT OR IGNORE INTO seed VALUES (1, ?)", (secrets.token_bytes(32),))
        (seed,) = self._database.execute("SELECT seed FROM seed").fetchone()
        self._keys = [
            SigningKey(name, kind, sha256(f"{kind.name}\n".encode() + seed).digest())
            for kind in (KeyKind.ED25519_COSIGNATURE, KeyKind.ML_DSA_44)
        ]

    @property
    def vkeys(self) -> list[str]:
        """Its verifier keys."""
        return [key.vkey for key in self._keys]

    def close(self) -> None:
        """Let go of the state file."""
        self._database.close()

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer an add-checkpoint request; what it cosigned is on disk before it returns."""
        try:
            request = _parse_request(body)
            checkpoint = _parse_checkpoint(parse_note(request.note)[0])
        except VerificationFailed as failure:
            return Answer(400, f"{failure}\n")
        try:
            known = self._verify(checkpoint, request.note)
            if request.old > checkpoint.size:
                return Answer(400, "the old size is larger than the checkpoint's\n")
            return Answer(200, self._record(request, checkpoint, known))
        except _Refusal as refusal:
            return refusal.answer

    def checkpoint(self, origin_hash: str) -> Answer:
        """Answer a monitor: the last checkpoint that it cosigned."""
        with self._lock:
            row = self._database.execute("SELECT note FROM seen WHERE origin_hash = ?", (origin_hash,)).fetchone()
        return Answer(200, row[0]) if row else Answer(404)

    def _verify(self, checkpoint: Checkpoint, note: str) -> str:
        """Return the log's own lines."""
        keys = self._logs.get(checkpoint.origin)
        if keys is None:
            raise _Refusal(404)
        try:
            text, times = verified_keys(note, keys)
        except VerificationFailed:
            raise _Refusal(403) from None
        if not times:
            raise _Refusal(403)
        ids = {key.key_id for key in times}
        rows = zip(parse_note(note)[1], note[len(text) + 1 : -1].split("\n"), strict=True)
        return "".join(f"{row}\n" for line, row in rows if line.name == checkpoint.origin and line.key_id in ids)

    def _record(self, request: _Request, checkpoint: Checkpoint, known: str) -> str:
        """Compare with what was seen, cosign and remember, in one transaction; return the cosignatures."""
        origin_hash = sha256(checkpoint.origin.encode()).hexdigest()
        with self._lock, self._transaction():
            row = self._database.execute("SELECT size, root FROM seen WHERE origin_hash = ?", (origin_hash,)).fetchone()
            size, root = row or (0, merkle.EMPTY_ROOT)
            if request.old != size:
                raise _Refusal(409, f"{size}\n", SIZE_TYPE)
            try:
                merkle.verify_consistency(size, root, checkpoint.size, checkpoint.root, request.proof)
            except VerificationFailed as failure:
                raise _Refusal(422, f"{failure}\n") from None
            lines = "".join(key.sign(checkpoint.text, self._clock()) for key in self._keys)
            self._database.execute(
                "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)",
                (origin_hash, checkpoint.size, checkpoint.root, f"{checkpoint.text}\n{known}{lines}"),
            )
        return lines

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")


def _parse_request(body: bytes) -> _Request:
    place = "add-checkpoint"
    try:
        head, _, note = body.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise VerificationFailed(place, "it is not UTF-8") from None
    old, *proof = head.split("\n")
    if not old.startswith("old "):
        raise VerificationFailed(place, "it does not begin with the old size")
    if len(proof) > MAX_PROOF:
        raise VerificationFailed(place, f"its proof has more than {MAX_PROOF} hashes")
    hashes = [decode_base64(line, place) for line in proof]
    if any(len(value) != merkle.HASH_BYTES for value in hashes):
        raise VerificationFailed(place, "a hash has 32 bytes")
    return _Request(read_number(old.removeprefix("old "), place), hashes, note)


def _parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint whose root may be wrong for an empty tree: that is answered with 422, not with 400."""
    lines = text.split("\n")
    if len(lines) != 4 or not lines[0] or len(root := decode_base64(lines[2], "checkpoint")) != merkle.HASH_BYTES:  # noqa: PLR2004 - three lines and their last newline
        raise VerificationFailed("checkpoint", "it is not the three lines origin, size and root")
    return Checkpoint(lines[0], read_number(lines[1], "checkpoint"), root)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10  # seconds
    wbufsize = -1  # one packet an answer

    @property
    def _witness(self) -> Witness:
        if not isinstance(self.server, _Server):
            raise TypeError("this answers for a witness")
        return self.server.witness

    def do_POST(self) -> None:
        """Answer add-checkpoint."""
        length = self.headers.get("Content-Length", "")
        if self.path != "/add-checkpoint":
            self._answer(Answer(404), keep=False)
        elif not re.fullmatch(r"[0-9]{1,9}", length, re.ASCII):
            self._answer(Answer(411), keep=False)
        elif int(length) > MAX_BODY:
            self.rfile.read(min(int(length), 4 * MAX_BODY))  # most who send too much get to read the answer so
            self._answer(Answer(413), keep=False)
        else:
            self._answer(self._witness.add_checkpoint(self.rfile.read(int(length))))

    def do_GET(self) -> None:
        """Answer monitors."""
        match = _MONITORED.fullmatch(self.path)
        self._answer(self._witness.checkpoint(match[1]) if match else Answer(404))

    def _answer(self, answer: Answer, *, keep: bool = True) -> None:
        body = answer.body.encode()
        self.close_connection = self.close_connection or not keep
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        if not keep:  # a body that was not read would be taken for the next request
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Keep quiet."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # else a burst of connections waits a second each

    def __init__(self, witness: Witness, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.witness = witness


@dataclass(frozen=True, slots=True)
class Running:
    """A witness process: ``policy`` lines to put into a log's policy are ``witness <name> <vkey> <url>``."""

    url: str
    vkeys: list[str]
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def witness_process(state: Path, name: str, logs: Sequence[str], *, port: int = 0) -> Iterator[Running]:
    """Run a witness as a process of its own until the end of the block; on ``port`` 0 the system chooses one."""
    command = [sys.executable, "-m", "audit.testing.witness", "--state", str(state), "--name", name]
    for log in logs:
        command += ["--log", log]
    with subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.PIPE) as process:  # noqa: S603 - this program
        try:
            assert process.stdout is not None  # noqa: S101 - for the type checker: it was asked for
            said = json.loads(process.stdout.readline())
            yield Running(said["url"], said["vkeys"], process)
        finally:
            process.kill()


def _now() -> int:
    return int(dt.datetime.now(dt.UTC).timestamp())  # noqa: TID251 - a program of its own, so this is its clock


def main(argv: Sequence[str] | None = None) -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m audit.testing.witness", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the SQLite file of its keys and of what it has seen")
    parser.add_argument("--name", required=True, help="its name, for example witness.example/w1")
    parser.add_argument("--log", action="append", required=True, help="a verifier key that it trusts; several")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args(argv)
    witness = Witness(arguments.state, arguments.name, arguments.log, _now)
    with _Server(witness, arguments.port) as server:
        print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}", "vkeys": witness.vkeys}), flush=True)  # noqa: T201 - what its starter reads
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()
    witness.close()


if __name__ == "__main__":
    main()
