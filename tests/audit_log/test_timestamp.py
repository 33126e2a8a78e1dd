"""RFC 3161 time stamps, by an authority made with ``openssl ts`` on this machine."""

from __future__ import annotations

import contextlib
import datetime as dt
import http.server
import importlib.util
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.__main__ import main
from audit.errors import VerificationFailed
from audit.fetch import FetchFailed, Server
from audit.keys import Signer
from audit.timestamp import read_roots, sort_certificates, stamp, verify_stamp
from tests.audit_log.handmade import publish

OPENSSL = shutil.which("openssl")
MISSING = [
    name
    for name, there in {
        "the openssl command": OPENSSL,
        "the package rfc3161-client (extra timestamps)": importlib.util.find_spec("rfc3161_client"),
    }.items()
    if not there
]
needs_an_authority = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
SIGNER = Signer("log.example/2026q4", bytes(range(32)))
NOTE = b"log.example/2026q4\n1\nAAAA\n"

CONFIG = """
[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
certs = {folder}/{certificates}
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
"""
EXTENSIONS = {
    "middle": "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n",
    "tsa": "extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n",
}


def openssl(*words: str | Path, folder: Path) -> None:
    assert OPENSSL
    subprocess.run([OPENSSL, *map(str, words)], cwd=folder, check=True, capture_output=True)  # noqa: S603 - our own words


def make_authority(folder: Path) -> None:
    """Make a root, an authority under it through one certificate between, and files with the chain in two orders."""
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    root = ("-keyout", "root.key", "-out", "root.pem", "-days", "3650", "-subj", "/CN=Example Root")
    openssl("req", "-x509", *key, *root, folder=folder)
    for name, issuer in (("middle", "root"), ("tsa", "middle")):
        (folder / f"{name}.ext").write_text(EXTENSIONS[name])
        request = ("-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN=Example {name}")
        openssl("req", *key, *request, folder=folder)
        issued = ("-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-CAcreateserial", "-extfile", f"{name}.ext")
        words = ("-req", "-in", f"{name}.csr", *issued, "-days", "3650", "-out", f"{name}.pem")
        openssl("x509", *words, folder=folder)
    middle, end = (folder / "middle.pem").read_text(), (folder / "root.pem").read_text()
    (folder / "chain1").write_text(middle + end)
    (folder / "chain2").write_text(end + middle)
    (folder / "serial").write_text("01\n")
    for chain in ("chain1", "chain2"):
        (folder / f"{chain}.cnf").write_text(CONFIG.format(folder=folder, certificates=chain))


class Authority:
    """The authority over HTTP; ``alter`` may spoil what it answers."""

    def __init__(self, folder: Path, chain: str) -> None:
        self.folder = folder
        self.chain = chain
        self.alter: Callable[[bytes], bytes] = lambda reply: reply
        self.query: bytes | None = None
        self.status = 200
        self.url = ""

    def reply(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query if self.query is None else self.query)
        words = ("-reply", "-config", f"{self.chain}.cnf", "-section", "authority", "-queryfile", "query")
        openssl("ts", *words, "-out", "reply", folder=self.folder)
        return self.alter((self.folder / "reply").read_bytes())


@contextlib.contextmanager
def serving(authority: Authority) -> Iterator[Authority]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/timestamp-query"
            reply = authority.reply(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(authority.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        authority.url = f"http://127.0.0.1:{server.server_port}/tsr"
        try:
            yield authority
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("authority")
    make_authority(folder)
    return folder


@pytest.fixture(params=["chain1", "chain2"])
def authority(folder: Path, request: pytest.FixtureRequest) -> Iterator[Authority]:
    with serving(Authority(folder, request.param)) as authority:
        yield authority


def ask(authority: Authority, note: bytes = NOTE) -> bytes:
    server = Server(authority.url, timeout=10)
    with contextlib.closing(server):
        return stamp(note, server)


@needs_an_authority
def test_a_stamp_tells_when_whatever_the_order_of_its_certificates(authority: Authority) -> None:
    roots = read_roots((authority.folder / "root.pem").read_bytes())
    reply = ask(authority)
    stamped = verify_stamp(reply, NOTE, roots)
    assert stamped.at.tzinfo is not None
    assert dt.datetime(2020, 1, 1, tzinfo=dt.UTC) < stamped.at
    (authority.folder / "note").write_bytes(NOTE)
    (authority.folder / "stamp").write_bytes(reply)
    openssl("ts", "-verify", "-in", "stamp", "-data", "note", "-CAfile", "root.pem", folder=authority.folder)


@needs_an_authority
def test_a_stamp_is_of_one_note_and_under_one_root(authority: Authority) -> None:
    reply = ask(authority)
    roots = read_roots((authority.folder / "root.pem").read_bytes())
    with pytest.raises(VerificationFailed, match="not over the SHA-256 of this note"):
        verify_stamp(reply, NOTE + b"x", roots)
    words = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "other.key")
    openssl("req", "-x509", *words, "-out", "other.pem", "-subj", "/CN=Example Root", folder=authority.folder)
    with pytest.raises(VerificationFailed, match="does not verify"):
        verify_stamp(reply, NOTE, read_roots((authority.folder / "other.pem").read_bytes()))
    with pytest.raises(VerificationFailed, match="no root"):
        verify_stamp(reply, NOTE, [])


@needs_an_authority
def test_no_flipped_bit_passes(folder: Path) -> None:
    with serving(Authority(folder, "chain1")) as authority:
        reply = ask(authority)
    roots = read_roots((folder / "root.pem").read_bytes())
    at = verify_stamp(reply, NOTE, roots).at

    @settings(max_examples=150, deadline=None)
    @given(index=st.integers(0, len(reply) - 1), bit=st.integers(0, 7), cut=st.booleans())
    def flip(index: int, bit: int, *, cut: bool) -> None:
        data = bytearray(reply)
        data[index] ^= 1 << bit
        with contextlib.suppress(VerificationFailed):
            # Bits outside of what the authority signed, as in a certificate that is not needed, may change nothing.
            assert verify_stamp(bytes(data[:index] if cut else data), NOTE, roots).at == at
            assert not cut

    flip()


@needs_an_authority
def test_an_answer_to_another_question_is_refused(folder: Path) -> None:
    with serving(Authority(folder, "chain1")) as authority:
        (folder / "other").write_bytes(NOTE)
        openssl("ts", "-query", "-data", "other", "-sha256", "-cert", "-out", "query2", folder=folder)
        authority.query = (folder / "query2").read_bytes()
        with pytest.raises(VerificationFailed, match="another request"):
            ask(authority)
        (folder / "other").write_bytes(NOTE + b"x")
        openssl("ts", "-query", "-data", "other", "-sha256", "-cert", "-out", "query2", folder=folder)
        authority.query = (folder / "query2").read_bytes()
        with pytest.raises(VerificationFailed, match="not over the SHA-256"):
            ask(authority)
        openssl("ts", "-query", "-data", "other", "-sha512", "-cert", "-out", "query2", folder=folder)
        authority.query = (folder / "query2").read_bytes()
        with pytest.raises(VerificationFailed, match="did not grant it"):
            ask(authority)


@needs_an_authority
def test_what_an_authority_may_not_do(folder: Path) -> None:
    with serving(Authority(folder, "chain1")) as authority:
        for alter in (
            lambda _: b"",
            lambda reply: reply[:-1],
            lambda reply: reply + b"\0",
            lambda _: b"<html>",
        ):
            authority.alter = alter
            with pytest.raises(VerificationFailed, match="not a reply of RFC 3161"):
                ask(authority)
        authority.alter = lambda reply: reply * 400
        with pytest.raises(FetchFailed, match="more than"):
            ask(authority)
        authority.status, authority.alter = 503, lambda reply: reply
        with pytest.raises(FetchFailed, match="status 503"):
            ask(authority)
    with pytest.raises(FetchFailed):
        ask(authority)


def run(*words: str | Path) -> int:
    return main([*map(str, words)])


@needs_an_authority
def test_the_commands(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, out, root = tmp_path / "log", tmp_path / "stamp", folder / "root.pem"
    note = publish(log, SIGNER, [b"entry"])
    with serving(Authority(folder, "chain2")) as authority:
        assert run("timestamp", log, "--tsa", authority.url, "--out", out, "--root", root) == 0
        assert run("timestamp", log, "--tsa", authority.url, "--out", out, "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {
        "verified": True, "origin": SIGNER.name, "size": 1, "time": None,
    }  # fmt: skip
    assert (tmp_path / "stamp.note").read_text() == note
    publish(log, SIGNER, [b"entry", b"another"])  # the log goes on, the stamp stays
    assert run("timestamp-verify", out, "--root", root, "--policy", log / "policy", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verified"], told["origin"], told["size"]) == (True, SIGNER.name, 1)
    assert dt.datetime.fromisoformat(told["time"]).tzinfo is not None
    assert run("timestamp-verify", out, "--root", root, "--note", log / "checkpoint", "--json") == 1
    assert "not over" in json.loads(capsys.readouterr().out)["why"]


def test_without_the_package_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    publish(tmp_path / "log", SIGNER, [b"entry"])
    assert run("timestamp", tmp_path / "log", "--tsa", "http://127.0.0.1:9/", "--out", tmp_path / "stamp") == 1
    assert "install the extra named timestamps" in capsys.readouterr().err
    assert not (tmp_path / "stamp").exists()


@given(data=st.binary(max_size=200))
def test_sorting_certificates_takes_any_bytes(data: bytes) -> None:
    found = sort_certificates(data)
    assert sorted(found) == sorted(data)
    assert sort_certificates(found) == found


def value(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    assert len(content) < 128
    return bytes([tag, len(content)]) + content


@given(certificates=st.lists(st.binary(max_size=8), max_size=5))
def test_certificates_come_out_sorted(certificates: list[bytes]) -> None:
    def reply(inside: list[bytes]) -> bytes:
        signed = value(0x30, value(2, b"\3"), value(0x31), value(0x30), value(0xA0, *inside), value(0x31))
        return value(0x30, value(0x30, value(2, b"\0")), value(0x30, value(6, b"x"), value(0xA0, signed)))

    inside = [value(0x30, certificate) for certificate in certificates]
    assert sort_certificates(reply(inside)) == reply(sorted(inside))
