"""Witnesses: one never cosigns two histories, and none that is down or lies can stop, slow or deceive a log."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import http.server
import ipaddress
import json
import os
import re
import signal
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.checkpoint import Checkpoint
from audit.encoding import encode_base64
from audit.errors import VerificationFailed
from audit.fetch import FetchFailed, Server
from audit.keys import KeyKind, Signer, SigningKey, VerifierKey
from audit.merkle import EMPTY_ROOT, Tree, leaf_hashes
from audit.note import parse_note, sign_note, verified_keys
from audit.policy import Policy
from audit.testing.witness import MAX_BODY, Running, Witness, witness_process
from audit.witness import Witnesses

NAME = "witness.example/w1"
SIGNERS = [Signer(f"log.example/{number}", bytes([number]) * 32) for number in range(1, 60)]
_fresh = iter(SIGNERS)


class Log:
    """All that a witness sees of a log."""

    def __init__(self, signer: Signer, entries: Sequence[bytes]) -> None:
        self.signer = signer
        self.tree = Tree()
        self.tree.extend(leaf_hashes(entries))

    def note(self, size: int) -> str:
        return sign_note(Checkpoint(self.signer.name, size, self.tree.root(size)).text, self.signer)

    def body(self, old: int, new: int) -> str:
        return request(old, self.tree.consistency(old, new) if old <= new else [], self.note(new))


def request(old: int, proof: Sequence[bytes], note: str) -> str:
    return f"old {old}\n{''.join(f'{encode_base64(value)}{chr(10)}' for value in proof)}\n{note}"


def fresh_log(word: str = "entry") -> Log:
    return Log(next(_fresh), [f"{word} {number}".encode() for number in range(40)])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    logs = [signer.vkey for signer in SIGNERS]
    with witness_process(tmp_path_factory.mktemp("witness") / "state", NAME, logs) as process:
        yield process


def call(
    running: Running, body: str | bytes | None, *, method: str = "POST", path: str = "/add-checkpoint"
) -> tuple[int, str, str]:
    connection = http.client.HTTPConnection(running.url.removeprefix("http://"), timeout=10)
    with contextlib.closing(connection):
        connection.request(method, path, body=body.encode() if isinstance(body, str) else body)
        with connection.getresponse() as response:
            return response.status, response.read().decode(), response.headers["Content-Type"]


def policy_of(running: Running, *signers: Signer, quorum: str = "w") -> Policy:
    logs = "".join(f"log {vkey}\n" for signer in signers for vkey in signer.vkeys)
    first, second = running.vkeys
    witnesses = f"witness w {first} {running.url}\nwitness v {second} {running.url}\n"
    return Policy.parse(f"{logs}{witnesses}quorum {quorum}\n")


# The test witness, as the specification has it.


def test_it_cosigns_what_grows_and_what_stands_still(running: Running) -> None:
    log = fresh_log()
    for old, new in [(0, 0), (0, 3), (3, 3), (3, 8), (8, 33)]:
        status, lines, _ = call(running, log.body(old, new))
        assert status == 200
        _, times = verified_keys(log.note(new) + lines, map(VerifierKey.parse, running.vkeys))
        assert len(times) == 2
        assert all(times.values())


def test_an_unknown_log_is_404(running: Running) -> None:
    stranger = Log(Signer("log.example/stranger", bytes(32)), [b"entry"])
    assert call(running, stranger.body(0, 1))[0] == 404


def test_a_checkpoint_without_a_good_signature_of_the_log_is_403(running: Running) -> None:
    log = fresh_log()
    impostor = Log(Signer(log.signer.name, bytes(32)), [b"entry"])
    assert call(running, impostor.body(0, 1))[0] == 403
    # A line of the trusted key that does not verify makes the note malformed, whoever else signed.
    forged = log.note(1) + parse_and_keep_line(log.note(2))
    assert call(running, request(0, [], forged))[0] == 403
    wrong_line = log.note(2).split("\n\n")[0] + "\n\n" + log.note(3).split("\n\n")[1]
    assert call(running, request(0, [], wrong_line))[0] == 403


def parse_and_keep_line(note: str) -> str:
    return note.split("\n\n")[1]


def test_lines_of_unknown_keys_are_ignored(running: Running) -> None:
    log = fresh_log()
    grease = Signer(log.signer.name, bytes(32)).sign("whatever\n")
    assert call(running, request(0, [], log.note(2) + grease))[0] == 200
    assert grease not in monitored(running, log)[1]


def monitored(running: Running, log: Log) -> tuple[int, str, str]:
    path = f"/{sha256(log.signer.name.encode()).hexdigest()}/checkpoint"
    return call(running, None, method="GET", path=path)


def test_an_old_size_above_the_checkpoint_is_400(running: Running) -> None:
    log = fresh_log()
    assert call(running, log.body(5, 4))[0] == 400


MALFORMED: list[Callable[[str], str | bytes]] = [
    lambda _: b"",
    lambda _: b"\xff\xfe",
    lambda _: "old 0\n",
    lambda note: f"old\n\n{note}",
    lambda note: f"0\n\n{note}",
    lambda note: f"old 00\n\n{note}",
    lambda note: f"old -1\n\n{note}",
    lambda note: f"old 1 \n\n{note}",
    lambda note: f"old 0\n{note}",
    lambda note: f"old 0\nnot base 64\n\n{note}",
    lambda note: f"old 0\nAAAA\n\n{note}",
    lambda note: request(0, [bytes(32)] * 64, note),
    lambda note: f"old 0\n\n{note}\n",
    lambda note: f"old 0\n\n{note[:-1]}",
    lambda note: f"old 0\n\n{note.replace(chr(10), chr(10) * 2, 1)}",
    lambda note: f"old 0\r\n\r\n{note}",
]


@pytest.mark.parametrize("make", MALFORMED)
def test_a_malformed_request_is_400(running: Running, make: Callable[[str], str | bytes]) -> None:
    log = Log(SIGNERS[-1], [b"entry"])
    assert call(running, make(log.note(1)))[0] == 400


def test_another_old_size_is_409_with_the_size(running: Running) -> None:
    log = fresh_log()
    assert call(running, log.body(2, 5)) == (409, "0\n", "text/x.tlog.size")
    assert call(running, log.body(0, 20))[0] == 200
    for old in (0, 19):
        assert call(running, log.body(old, 33)) == (409, "20\n", "text/x.tlog.size")
    assert call(running, log.body(10, 15)) == (409, "20\n", "text/x.tlog.size")


def test_a_proof_that_does_not_hold_is_422(running: Running) -> None:
    log = fresh_log()
    assert call(running, request(0, [bytes(32)], log.note(7)))[0] == 422
    assert call(running, log.body(0, 7))[0] == 200
    proof = log.tree.consistency(7, 20)
    for wrong in ([], proof[:-1], [*proof, bytes(32)], proof[::-1]):
        assert call(running, request(7, wrong, log.note(20)))[0] == 422
    assert call(running, request(7, [bytes(32)], log.note(7)))[0] == 422
    assert call(running, request(7, proof, log.note(20)))[0] == 200


def test_a_fork_is_422(running: Running) -> None:
    log = fresh_log()
    twin = Log(log.signer, [f"another {number}".encode() for number in range(40)])
    assert call(running, log.body(0, 9))[0] == 200
    assert call(running, twin.body(9, 9))[0] == 422
    assert call(running, twin.body(9, 30))[0] == 422
    assert call(running, log.body(9, 30))[0] == 200


def test_an_empty_tree_with_another_root_is_422(running: Running) -> None:
    log = fresh_log()
    text = f"{log.signer.name}\n0\n{encode_base64(bytes(32))}\n"
    assert call(running, request(0, [], sign_note(text, log.signer)))[0] == 422
    assert log.tree.root(0) == EMPTY_ROOT


def test_a_body_without_bound_is_not_read(running: Running) -> None:
    assert call(running, b"old 0\n" * (MAX_BODY // 6 + 1))[0] == 413
    with contextlib.closing(http.client.HTTPConnection(running.url.removeprefix("http://"))) as connection:
        connection.putrequest("POST", "/add-checkpoint")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        with connection.getresponse() as response:
            assert response.status == 411
    assert call(running, "old 0\n\n", path="/add-nothing")[0] == 404


def test_monitors_get_what_it_cosigned_last(running: Running) -> None:
    log = fresh_log()
    assert monitored(running, log)[0] == 404
    assert call(running, None, method="GET", path="/checkpoint")[0] == 404
    for old, new in [(0, 3), (3, 12)]:
        _, lines, _ = call(running, log.body(old, new))
        assert monitored(running, log)[:2] == (200, log.note(new) + lines)


def test_of_two_at_once_one_is_cosigned(running: Running) -> None:
    log = fresh_log()
    logs = [log, Log(log.signer, [f"another {number}".encode() for number in range(40)])]
    size = 0
    with ThreadPoolExecutor(8) as pool:
        for new in (5, 11, 17, 23, 40):
            bodies = [one.body(size, at) for one in logs for at in (new, new - 1)] * 2
            answers = list(pool.map(lambda body: call(running, body)[0], bodies))
            won = [body for body, status in zip(bodies, answers, strict=True) if status == 200]
            assert len(won) == 1, answers
            assert set(answers) <= {200, 409, 422}
            kept = parse_note(monitored(running, log)[1])[0]
            assert kept == parse_note(won[0].split("\n\n", 1)[1])[0]
            size = Checkpoint.parse(kept).size


def test_what_it_answered_survives_kill_9(tmp_path: Path) -> None:
    log = Log(SIGNERS[0], [str(number).encode() for number in range(40)])
    vkeys: list[str] = []
    for old, new in [(0, 4), (4, 20)]:
        with witness_process(tmp_path / "state", NAME, [log.signer.vkey]) as running:
            assert vkeys in ([], running.vkeys)
            vkeys = running.vkeys
            status, lines, _ = call(running, log.body(old, new))
            os.kill(running.process.pid, signal.SIGKILL)
            assert status == 200
    with witness_process(tmp_path / "state", NAME, [log.signer.vkey]) as running:
        assert monitored(running, log)[:2] == (200, log.note(20) + lines)
        assert call(running, log.body(0, 5)) == (409, "20\n", "text/x.tlog.size")
        assert call(running, log.body(4, 20))[0] == 409
        assert call(running, log.body(20, 21))[0] == 200


BODY = Log(SIGNERS[0], [b"a", b"b", b"c"]).body(0, 3).encode()


@settings(max_examples=60, deadline=None)
@given(at=st.integers(0, len(BODY) - 1), bit=st.integers(0, 7))
def test_no_flipped_bit_is_cosigned(at: int, bit: int) -> None:
    body = bytearray(BODY)
    body[at] ^= 1 << bit
    with contextlib.closing(Witness(Path(":memory:"), NAME, [SIGNERS[0].vkey], lambda: 1)) as witness:
        assert witness.add_checkpoint(bytes(body)).status in {400, 403, 404, 409}


# The client.


def cosign(witnesses: Witnesses, log: Log, size: int) -> list[str]:
    return witnesses.cosign(log.note(size), lambda old: log.tree.consistency(old, size))


def test_a_quorum_holds_with_cosignatures_and_not_without(running: Running) -> None:
    log = fresh_log()
    for quorum in ("w", "v"):
        policy = policy_of(running, log.signer, quorum=quorum)
        with Witnesses(policy) as witnesses:
            lines = cosign(witnesses, log, 13)
        assert len(lines) == 2
        note = log.note(13) + "".join(lines)
        assert policy.check(note).size == 13
        with pytest.raises(VerificationFailed, match=r"quorum|witness"):
            policy.check(log.note(13))
        with pytest.raises(VerificationFailed):
            policy.check(log.note(14) + "".join(lines))  # cosignatures of another checkpoint


def test_it_remembers_sizes_and_learns_them(running: Running) -> None:
    log = fresh_log()
    asked: list[int] = []

    def proof_from(old: int) -> list[bytes]:
        asked.append(old)
        return log.tree.consistency(old, size)

    for sizes in ((3, 9, 9), (17, 25)):
        with Witnesses(policy_of(running, log.signer)) as witnesses:  # knows nothing of what the witness saw
            for size in sizes:
                assert len(witnesses.cosign(log.note(size), proof_from)) == 2
    assert asked == [3, 9, 17]


def test_the_witness_refuses_a_fork_and_the_client_says_so(running: Running) -> None:
    log = fresh_log()
    twin = Log(log.signer, [f"another {number}".encode() for number in range(40)])
    with Witnesses(policy_of(running, log.signer)) as witnesses:
        assert len(cosign(witnesses, log, 10)) == 2
        assert cosign(witnesses, twin, 10) == []
        assert cosign(witnesses, twin, 30) == []
        assert [answer.why for answer in witnesses.answers] == ["it answered with status 422"] * 2
        assert cosign(witnesses, log, 6) == []
        assert [answer.seen for answer in witnesses.answers] == [10, 10]
        assert len(cosign(witnesses, log, 30)) == 2


Reply = tuple[int, str, bytes]


class Liar(http.server.ThreadingHTTPServer):
    """A server that answers as a test has it, on a kept connection, and counts; None drips for too long."""

    daemon_threads = True

    def __init__(self, answer: Callable[[bytes], Reply | None], context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), LiarHandler)
        self.answer = answer
        self.requests = 0
        self.drops = False
        self.begin = b""
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"{'http' if context is None else 'https'}://127.0.0.1:{self.server_port}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients may go away at any time."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()


class LiarHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Liar

    def do_POST(self) -> None:
        self.server.requests += 1
        reply = self.server.answer(self.rfile.read(int(self.headers["Content-Length"])))
        with contextlib.suppress(OSError):
            self.close_connection = self.close_connection or self.server.drops
            if reply is None:
                self.wfile.write(self.server.begin)
                for _ in range(40):
                    self.wfile.write(b"H")
                    time.sleep(0.05)
                return
            self.send_response(reply[0])
            self.send_header("Content-Type", reply[1])
            self.send_header("Content-Length", str(len(reply[2])))
            self.send_header("Location", "/add-checkpoint")
            self.end_headers()
            self.wfile.write(reply[2])

    def log_message(self, *_: object) -> None:
        pass


LIAR_KEY = SigningKey("witness.example/liar", KeyKind.ML_DSA_44, bytes([7]) * 32)
OTHER_KEY = SigningKey("witness.example/other", KeyKind.ED25519_COSIGNATURE, bytes([8]) * 32)


def honest(body: bytes) -> Reply:
    text = parse_note(body.decode().split("\n\n", 1)[1])[0]
    return 200, "text/plain", LIAR_KEY.sign(text, 1).encode()


def says(status: int, body: str | bytes, kind: str = "text/plain") -> Callable[[bytes], Reply]:
    return lambda _: (status, kind, body.encode() if isinstance(body, str) else body)


def signed_at_zero(body: bytes) -> Reply:
    return 200, "text/plain", LIAR_KEY.sign(parse_note(body.decode().split("\n\n", 1)[1])[0]).encode()


def signed_by_another(body: bytes) -> Reply:
    return 200, "text/plain", OTHER_KEY.sign(parse_note(body.decode().split("\n\n", 1)[1])[0], 1).encode()


LIES: list[tuple[Callable[[bytes], Reply | None], str, int]] = [
    (lambda _: None, "did not answer within 0.4 s", 1),
    (says(404, ""), "status 404", 1),
    (says(500, "x"), "status 500", 1),
    (says(307, ""), "status 307", 1),
    (says(204, ""), "status 204", 1),
    (says(200, ""), "signed note", 1),
    (says(200, "ok\n"), "not an em dash", 1),
    (says(200, b"\xff\n"), "not UTF-8", 1),
    (says(200, b"x" * 70_000), "more than 65536 bytes", 1),
    (says(200, LIAR_KEY.sign(Checkpoint("log.example/x", 0, EMPTY_ROOT).text, 1)), "is not valid", 1),
    (says(200, f"text\n\n{OTHER_KEY.sign('x', 1)}"), "not signature lines", 1),
    (signed_at_zero, "has no time", 1),
    (signed_by_another, "no line of its key", 1),
    (lambda body: (200, "text/plain", honest(body)[2] * 2), "twice|second", 1),
    (lambda body: (200, "text/plain", honest(body)[2][:-1]), "signed note", 1),
    (says(409, "3\n"), "no size", 1),
    (says(409, "3", "text/x.tlog.size"), "no size", 1),
    (says(409, "03\n", "text/x.tlog.size"), "decimal", 1),
    (says(409, f"{2**62}\n", "text/x.tlog.size"), "has cosigned size", 1),
    (says(409, "3\n", "text/x.tlog.size"), "status 409", 2),
]


@pytest.mark.parametrize(("lie", "why", "requests"), LIES)
def test_a_lie_costs_the_liar_its_cosignature_only(
    running: Running, lie: Callable[[bytes], Reply | None], why: str, requests: int
) -> None:
    log = Log(SIGNERS[-2], [str(number).encode() for number in range(8)])
    with Liar(lie) as liar:
        text = policy_of(running, log.signer).text.replace("quorum", f"witness liar {LIAR_KEY.vkey} {liar.url}\nquorum")
        with Witnesses(Policy.parse(text), timeout=0.4) as witnesses:
            began = time.monotonic()
            lines = cosign(witnesses, log, 8)
            assert time.monotonic() - began < 1
            answers = {answer.name: answer for answer in witnesses.answers}
        assert len(lines) == 2
        assert answers["liar"].line is None
        assert re.search(why, answers["liar"].why), answers["liar"].why
        assert liar.requests == requests
        assert Policy.parse(text).check(log.note(8) + "".join(lines)).size == 8


def test_who_is_down_or_nowhere_costs_its_cosignature_only(running: Running) -> None:
    log = fresh_log()
    with Liar(honest) as gone:
        pass
    for url in (gone.url, "ftp://127.0.0.1/", "http://127.0.0.1:99999/", "http://user@127.0.0.1/", "no-url", ""):
        text = policy_of(running, log.signer).text.replace("quorum", f"witness gone {LIAR_KEY.vkey} {url}\nquorum")
        with Witnesses(Policy.parse(text)) as witnesses:
            assert len(cosign(witnesses, log, 8)) == 2
            assert [answer.name for answer in witnesses.answers if answer.why] == ["gone"]


def test_a_proof_that_cannot_be_made_costs_the_cosignatures_only(running: Running) -> None:
    log = fresh_log()

    def broken(old: int) -> list[bytes]:
        raise RuntimeError(str(old))

    with Witnesses(policy_of(running, log.signer)) as witnesses:
        assert len(witnesses.cosign(log.note(5), broken)) == 2  # from nothing no proof is needed
        assert witnesses.cosign(log.note(6), broken) == []
        assert {answer.why for answer in witnesses.answers} == {"asking failed (RuntimeError)"}
        assert witnesses.cosign("no note", broken) == []
        assert len(cosign(witnesses, log, 6)) == 2


def test_an_answer_that_comes_late_is_none_to_the_next_question() -> None:
    log = Log(SIGNERS[0], [str(number).encode() for number in range(8)])

    def slow(old: int) -> list[bytes]:
        time.sleep(0.5)
        return log.tree.consistency(old, 5)

    with Liar(honest) as liar:
        policy = Policy.parse(f"log {log.signer.vkey}\nwitness liar {LIAR_KEY.vkey} {liar.url}\nquorum liar\n")
        with Witnesses(policy, timeout=0.3) as witnesses:
            assert len(cosign(witnesses, log, 4)) == 1
            assert witnesses.cosign(log.note(5), slow) == []
            deadline = time.monotonic() + 5
            while not (lines := cosign(witnesses, log, 6)):
                assert time.monotonic() < deadline
            assert policy.check(log.note(6) + "".join(lines)).size == 6


def test_a_server_that_dropped_the_kept_connection_is_asked_again() -> None:
    log = Log(SIGNERS[0], [str(number).encode() for number in range(8)])
    with Liar(honest) as liar:
        liar.drops = True
        policy = Policy.parse(f"log {log.signer.vkey}\nwitness liar {LIAR_KEY.vkey} {liar.url}\nquorum liar\n")
        with Witnesses(policy) as witnesses:
            assert [len(cosign(witnesses, log, size)) for size in (3, 4, 5)] == [1, 1, 1]
        assert liar.requests == 3


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"])
def test_a_server_that_drips_is_cut(begin: bytes) -> None:
    with Liar(lambda _: None) as liar:
        liar.begin = begin
        with contextlib.closing(Server(liar.url, timeout=0.3)) as server:
            began = time.monotonic()
            with pytest.raises(FetchFailed, match=r"did not answer within 0\.3 s"):
                server.post("", b"", "text/plain", limit=1000)
            assert time.monotonic() - began < 1


def test_a_connection_is_kept_and_opened_again(tmp_path: Path) -> None:
    log = Log(SIGNERS[0], [str(number).encode() for number in range(8)])
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(witness_process(tmp_path / "state", NAME, [log.signer.vkey]))
        port = int(running.url.rpartition(":")[2])
        witnesses = stack.enter_context(Witnesses(policy_of(running, log.signer)))
        assert len(cosign(witnesses, log, 4)) == 2
        running.process.kill()
        running.process.wait()
        assert cosign(witnesses, log, 5) == []
        stack.enter_context(witness_process(tmp_path / "state", NAME, [log.signer.vkey], port=port))
        assert len(cosign(witnesses, log, 6)) == 2


def test_https_needs_a_certificate_that_is_trusted(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate)
    log = Log(SIGNERS[0], [b"entry"])
    with Liar(honest, serving) as liar:
        policy = Policy.parse(f"log {log.signer.vkey}\nwitness w {LIAR_KEY.vkey} {liar.url}\nquorum w\n")
        with Witnesses(policy) as witnesses:
            assert cosign(witnesses, log, 1) == []
            assert witnesses.answers[0].why == "it cannot be asked (SSLCertVerificationError)"
        with Witnesses(policy, context=ssl.create_default_context(cafile=str(certificate))) as witnesses:
            assert policy.check(log.note(1) + "".join(cosign(witnesses, log, 1))).size == 1


def make_certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "witness.example")])
    begin = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    local = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin.replace(year=2100))
        .add_extension(local, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "certificate.pem"
    path.write_bytes(pem + certificate.public_bytes(serialization.Encoding.PEM))
    return path


@settings(max_examples=40, deadline=None)
@given(body=st.binary(max_size=300), status=st.sampled_from([200, 409]))
def test_no_answer_whatever_makes_a_line(body: bytes, status: int) -> None:
    log = Log(SIGNERS[0], [b"entry"])
    with Liar(says(status, body, "text/x.tlog.size")) as liar:
        policy = Policy.parse(f"log {log.signer.vkey}\nwitness w {LIAR_KEY.vkey} {liar.url}\nquorum w\n")
        with Witnesses(policy) as witnesses:
            assert cosign(witnesses, log, 1) == []
            assert witnesses.answers[0].why


def test_what_its_starter_reads_is_one_line_of_json(running: Running) -> None:
    assert running.url.startswith("http://127.0.0.1:")
    assert json.dumps(running.vkeys)
    assert [VerifierKey.parse(vkey).kind for vkey in running.vkeys] == [4, 6]
