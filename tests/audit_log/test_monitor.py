"""A monitor: it follows a log that grows, and nothing makes it forget what it saw."""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.__main__ import main
from audit.checkpoint import Checkpoint
from audit.encoding import decode_base64
from audit.errors import AuditError, VerificationFailed
from audit.fetch import FetchFailed
from audit.keys import KeyKind, Signer, SigningKey
from audit.merkle import verify_consistency
from audit.monitor import Freshness, Misbehaviour, Seen, Watch, monitor
from audit.note import parse_note
from audit.policy import Policy
from audit.published import Minimum
from audit.sources import open_place
from audit.tiles import tile_path
from tests.audit_log.handmade import checkpoint_note, publish

SIGNER = Signer("log.example/2026q3", bytes(range(32)), ml_dsa_seed=bytes(range(1, 33)))
LATER = Signer("log.example/2026q4", bytes(range(2, 34)), ml_dsa_seed=bytes(range(3, 35)))
POLICY = Policy.of([*SIGNER.vkeys, *LATER.vkeys])
WATCH = Watch(POLICY)
ENTRIES = [f"entry {number}".encode() for number in range(1200)]
FORKED = [*ENTRIES[:300], b"another entry", *ENTRIES[301:]]


def look(where: Path | str, state: Path, watch: Watch = WATCH, key: str | None = None) -> list[Seen]:
    place = open_place(str(where), key=key, timeout=5)
    with contextlib.closing(place):
        return monitor(place, watch, state)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    publish(tmp_path / "log", SIGNER, ENTRIES[:700])
    return tmp_path / "log"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "kept").mkdir()
    return tmp_path / "kept" / "state"


def kept_size(state: Path) -> int:
    note = json.loads(state.read_text())["logs"][SIGNER.name]["note"]
    return Checkpoint.parse(parse_note(note)[0]).size


def test_it_follows_a_log_that_grows(log: Path, state: Path) -> None:
    first = look(log, state)[0]
    assert (first.kept_size, first.size, first.entries, first.unchecked) == (None, 700, 700, 0)
    publish(log, SIGNER, ENTRIES[:1100])
    second = look(log, state)[0]
    assert (second.kept_size, second.size, second.entries) == (700, 1100, 400)
    third = look(log, state)[0]
    assert (third.kept_size, third.size, third.entries) == (1100, 1100, 0)


def test_it_never_accepts_less_than_it_saw(log: Path, state: Path) -> None:
    look(log, state)
    before = state.read_bytes()
    for size in (699, 256, 1, 0):
        shutil.rmtree(log)
        publish(log, SIGNER, ENTRIES[:size])
        with pytest.raises(Misbehaviour, match="rollback"):
            look(log, state)
        assert state.read_bytes() == before


def test_a_fork_at_the_same_size_leaves_evidence(log: Path, state: Path) -> None:
    look(log, state)
    before, note = state.read_bytes(), (log / "checkpoint").read_text()
    forked = publish(log, SIGNER, FORKED[:700])
    for _ in range(2):
        with pytest.raises(Misbehaviour, match="a fork: two roots of size 700"):
            look(log, state)
    assert state.read_bytes() == before
    evidence = {path.suffix: path.read_text() for path in state.parent.glob("state.*.*")}
    assert evidence == {".kept": note, ".seen": forked}
    assert all(POLICY.check(text).size == 700 for text in evidence.values())


def test_a_fork_at_a_larger_size_leaves_a_proof_too(log: Path, state: Path) -> None:
    look(log, state)
    before = state.read_bytes()
    publish(log, SIGNER, FORKED)
    with pytest.raises(Misbehaviour, match="a fork: the kept tree of 700 is no beginning of it"):
        look(log, state)
    assert state.read_bytes() == before
    kept, seen, proof = (next(state.parent.glob(f"state.*.{what}")).read_text() for what in ("kept", "seen", "proof"))
    shown, old, new = json.loads(proof), POLICY.check(kept), POLICY.check(seen)
    prefix, *hashes = (decode_base64(value, "evidence") for value in (shown["root"], *shown["proof"]))
    verify_consistency(old.size, prefix, new.size, new.root, hashes)
    assert prefix != old.root


def test_a_fork_behind_the_kept_size_is_growth(log: Path, state: Path) -> None:
    publish(log, SIGNER, ENTRIES[:300])
    look(log, state)
    publish(log, SIGNER, FORKED)
    assert look(log, state)[0].size == len(FORKED)


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 600), st.booleans()), min_size=1, max_size=6))
def test_it_keeps_the_largest_of_one_history(steps: list[tuple[int, bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        log, state = Path(folder) / "log", Path(folder) / "state"
        seen: list[bytes] | None = None
        for size, honest in steps:
            shutil.rmtree(log, ignore_errors=True)
            shown = (ENTRIES if honest else FORKED)[:size]
            publish(log, SIGNER, shown)
            if seen is None or shown[: len(seen)] == seen:
                assert look(log, state)[0].size == size
                seen = shown
            else:
                with pytest.raises(Misbehaviour):
                    look(log, state)
            assert kept_size(state) == len(seen)


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 4
    path.write_bytes(data)


HARMS: list[Callable[[Path], object]] = [
    damage,
    lambda path: path.write_bytes(path.read_bytes()[:-1]),
    lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    lambda path: path.write_bytes(b""),
    Path.unlink,
]


@pytest.mark.parametrize(("level", "index", "width"), [(0, 2, 256), (0, 3, 256), (0, 4, 176), (1, 0, 4)])
@pytest.mark.parametrize("entries", [False, True])
def test_damage_is_refused_and_is_no_fork(
    log: Path, state: Path, level: int, index: int, width: int, *, entries: bool
) -> None:
    look(log, state)
    publish(log, SIGNER, ENTRIES)
    before = state.read_bytes()
    path = log / tile_path(None if entries and level == 0 else level, index, width)
    whole = path.read_bytes()
    for harm in HARMS:
        harm(path)
        with pytest.raises(VerificationFailed) as caught:
            look(log, state)
        assert not isinstance(caught.value, Misbehaviour)
        assert state.read_bytes() == before
        path.write_bytes(whole)
    assert look(log, state)[0].size == len(ENTRIES)


def test_a_checkpoint_of_nobody_is_refused(log: Path, state: Path) -> None:
    stranger = Signer(SIGNER.name, bytes(32))
    for note in (checkpoint_note(stranger, ENTRIES[:700]), "", "log.example\n", "\xff" * 100):
        (log / "checkpoint").write_text(note)
        with pytest.raises(VerificationFailed):
            look(log, state)
    assert not state.exists()


def test_a_log_in_the_place_of_another_is_noticed(log: Path, state: Path) -> None:
    look(log, state)
    shutil.rmtree(log)
    publish(log, LATER, ENTRIES[:5])
    with pytest.raises(VerificationFailed, match=r"was at .* before and is not any more"):
        look(log, state)


def test_a_state_that_is_damaged_is_not_taken_for_none(log: Path, state: Path) -> None:
    look(log, state)
    whole = state.read_text()
    for text in ("", "{}", whole[:-20], whole.replace('"version": 1', '"version": 2'), whole.replace("note", "notes")):
        state.write_text(text)
        with pytest.raises(VerificationFailed):
            look(log, state)
        assert state.read_text() == text
    with pytest.raises(AuditError, match="cannot be kept"):
        look(log, state.parent / "nowhere" / "state")


def test_a_quorum_is_asked_for(log: Path, state: Path) -> None:
    witness = SigningKey("witness.example/w1", KeyKind.ED25519_COSIGNATURE, bytes(32))
    text = POLICY.text.replace("quorum none", f"witness w {witness.vkey}\nquorum w")
    watch = Watch(Policy.parse(text))
    with pytest.raises(VerificationFailed):
        look(log, state, watch)
    line = witness.sign(parse_note((log / "checkpoint").read_text())[0], 1_000_000)
    publish(log, SIGNER, ENTRIES[:700], at=5, lines=line)
    seen = look(log, state, watch)[0]
    assert (seen.witnesses, seen.at) == (("w",), 1_000_000)


def test_a_log_that_stands_still_is_noticed(log: Path, state: Path) -> None:
    def at(now: int) -> Watch:
        return Watch(POLICY, freshness=Freshness(now, 60))

    with pytest.raises(VerificationFailed, match="nobody states a time"):
        look(log, state, at(1_000_000))
    publish(log, SIGNER, ENTRIES[:700], at=1_000_000)
    assert look(log, state, at(1_000_060))[0].at == 1_000_000
    with pytest.raises(VerificationFailed, match="61 s old"):
        look(log, state, at(1_000_061))
    with pytest.raises(VerificationFailed, match="in the future"):
        look(log, state, at(999_000))


def test_entries_that_were_pruned_are_told(log: Path, state: Path) -> None:
    publish(log, SIGNER, ENTRIES)
    (log / "minimum").write_bytes(Minimum(600, "a year").data)
    for number in (0, 1):
        for level in (None, 0):
            (log / tile_path(level, number)).unlink()
    seen = look(log, state)[0]
    assert (seen.entries, seen.unchecked) == (600, 600)


# A trail.


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    publish(tmp_path / "trail" / "2026q3", SIGNER, ENTRIES[:300])
    publish(tmp_path / "trail" / "2026q4", LATER, ENTRIES[:20])
    return tmp_path / "trail"


def test_the_shards_of_a_trail_are_followed_each(trail: Path, state: Path) -> None:
    assert [seen.size for seen in look(trail, state)] == [300, 20]
    publish(trail / "2026q3", SIGNER, FORKED[299:310])
    publish(trail / "2026q4", LATER, ENTRIES[:40])
    with pytest.raises(Misbehaviour, match=SIGNER.name):
        look(trail, state)
    shutil.rmtree(trail / "2026q3")
    publish(trail / "2026q3", SIGNER, ENTRIES[:300])
    assert [seen.kept_size for seen in look(trail, state)] == [300, 40]  # the other shard was kept meanwhile


def test_a_shard_that_vanishes_is_noticed(trail: Path, state: Path) -> None:
    look(trail, state)
    shutil.rmtree(trail / "2026q3")
    with pytest.raises(VerificationFailed, match=f"{SIGNER.name}: it was at .* before"):
        look(trail, state)
    shutil.rmtree(trail / "2026q4")
    with pytest.raises(VerificationFailed, match="neither a log nor a folder"):
        look(trail, state)


def test_an_empty_shard_is_the_newest(trail: Path, state: Path) -> None:
    shutil.rmtree(trail / "2026q4")
    publish(trail / "2026q4", LATER, [])
    assert [seen.size for seen in look(trail, state)] == [300, 0]
    shutil.rmtree(trail / "2026q3")
    publish(trail / "2026q3", SIGNER, [])
    publish(trail / "2026q4", LATER, ENTRIES[:20])
    with pytest.raises(VerificationFailed, match=f"{SIGNER.name}: the shard is empty and not the newest"):
        look(trail, state.with_name("other"))


def test_logs_that_are_no_trail_may_be_empty(tmp_path: Path, state: Path) -> None:
    names = ["log.example/2026q3", "other.example/2026q4", "log.example/archive"]
    signers = [Signer(name, bytes([number]) * 32) for number, name in enumerate(names)]
    for number, signer in enumerate(signers):
        publish(tmp_path / "logs" / f"log{number}", signer, [])
    watch = Watch(Policy.of([signer.vkey for signer in signers]))
    assert [seen.size for seen in look(tmp_path / "logs", state, watch)] == [0, 0, 0]


# Over HTTP.


class TileHandler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bomb = False

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path.removeprefix("/prefix")))
        if self.headers["Authorization"] != "Bearer secret":
            self._answer(401, b"")
        elif not path.is_file():
            self._answer(404, b"")
        elif "entries" in self.path:
            data = bytes(300 * 65_537) if TileHandler.bomb else path.read_bytes()
            self._answer(200, gzip.compress(data), encoding="gzip")
        else:
            self._answer(200, path.read_bytes())

    def _answer(self, status: int, body: bytes, encoding: str | None = None) -> None:
        self.send_response(status)
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served(directory: Path) -> Iterator[str]:
    handler = functools.partial(TileHandler, directory=str(directory))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/prefix/"
        finally:
            server.shutdown()
            thread.join()


def test_it_follows_a_log_over_http(log: Path, state: Path) -> None:
    with served(log) as url:
        assert look(url, state, key="secret")[0].entries == 700
        publish(log, SIGNER, ENTRIES)
        for path in log.glob("tile/**/*.p/188"):  # gone once the full tile is there
            path.unlink()
        assert look(url, state, key="secret")[0].entries == 500
        publish(log, SIGNER, FORKED)
        with pytest.raises(Misbehaviour):
            look(url, state, key="secret")


def test_what_a_server_may_not_do(log: Path, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(log) as url:
        for key in (None, "wrong"):
            with pytest.raises(FetchFailed, match="status 401"):
                look(url, state, key=key)
        with pytest.raises(AuditError, match="one line of ASCII"):
            look(url, state, key="a\r\nb")
        monkeypatch.setattr(TileHandler, "bomb", True)
        with pytest.raises(VerificationFailed, match="gzip stream of at most"):
            look(url, state, key="secret")
    with pytest.raises(FetchFailed):
        look(url, state, key="secret")
    assert not state.exists()


# The command.

BAD_TIMES = ("inf", "1e20", "nan", "-1", "0", "x")


def run(*words: str | Path) -> int:
    return main(["monitor", *map(str, words)])


def test_the_command_tells_what_it_saw(log: Path, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy, key = state.with_name("policy"), state.with_name("key")
    policy.write_text(POLICY.text)
    key.write_text("secret\n")
    assert run(log, "--policy", policy, "--state", state) == 0
    assert f"origin: {SIGNER.name}, size: 700" in capsys.readouterr().out
    with served(log) as url:
        assert run(url, "--policy", policy, "--state", state, "--key-file", key, "--json", "--start", 5) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verified"] is True
    assert {"origin": SIGNER.name, "size": 700, "kept_size": 700, "witnesses": []}.items() <= told["logs"][0].items()
    publish(log, SIGNER, FORKED)
    assert run(log, "--policy", policy, "--state", state, "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["verified"], told["place"]) == (False, SIGNER.name)
    assert "a fork" in told["why"]
    for wrong in (("--max-age", "-1"), ("--start", "x"), *(("--timeout", text) for text in BAD_TIMES)):
        with pytest.raises(SystemExit) as left:
            run(log, "--policy", policy, "--state", state, *wrong)
        assert left.value.code == 2
    with pytest.raises(SystemExit):
        run(log, "--state", state)
