"""The log from the command line: beside a running service, for the person whom it concerns, and over the years."""

# ruff: noqa: S603 - the processes are our own program, bash and mount

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import audit
from gateway.foundation.clock import FrozenClock
from gateway.foundation.settings import Settings
from gateway.vocabulary.events import Actor
from gateway.wiring import initialise, open_gateway
from tests.cli.support import ROOT, SOMEBODY, Said, done, gateway, refused
from tests.cli.test_serving import serving

SUBJECT = ["--subject", SOMEBODY]


def outsider(*arguments: str | Path) -> Said:
    """Run the audit library's own command, which knows nothing of the gateway."""
    command = [sys.executable, "-m", "audit", *map(str, arguments)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)
    return Said(ran.returncode, ran.stdout, ran.stderr)


def entries(home: Path) -> list[dict[str, Any]]:
    """What the log holds, without asking the gateway, which would put it on record."""
    shards = audit.PublishedTrail(home / "audit").shards().values()
    return [json.loads(leaf) for shard in shards for leaf in shard.entries()]


def keys_of(home: Path) -> Path:
    path = home.parent / "log.policy"
    path.write_text(done(gateway("audit", "keys", "--home", home)).out)
    return path


# -- for the person -------------------------------------------------------------------------------------------------


def test_a_person_takes_the_entries_home_and_checks_them_there(home: Path, tmp_path: Path) -> None:
    policy, folder = keys_of(home), tmp_path / "who-saw"
    told = done(gateway("audit", "who-saw", *SUBJECT, "--home", home, "--out", folder, "--with-key", "--json")).json
    assert told["entries"]
    for entry in told["entries"]:
        name = f"{entry['shard']}-{entry['index']}"
        proof = ["check", folder / f"{name}.tlog-proof", "--entry", folder / f"{name}.entry"]
        if entry is told["entries"][0]:
            done(outsider(*proof, "--policy", policy))
        parsed = audit.Proof.parse((folder / f"{name}.tlog-proof").read_bytes())
        parsed.verify((folder / f"{name}.entry").read_bytes(), audit.Policy.parse(policy.read_bytes()))
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())
    scanned = done(
        outsider("scan", home / "audit", "--key-file", folder / "audit-key", "--policy", policy, "--json")
    ).json
    assert scanned["logs"][0]["indexes"] == [entry["index"] for entry in told["entries"]]


def test_in_words_it_is_a_line_an_entry(home: Path) -> None:
    lines = done(gateway("audit", "who-saw", *SUBJECT, "--home", home)).out.splitlines()
    assert any("batch.accepted" in line and "operator" in line for line in lines)
    assert "subject.accessed" in lines[-1]
    nobody = done(gateway("audit", "who-saw", "--subject", "email:-", "--home", home, stdin="no.one@example.org\n"))
    assert nobody.out.startswith("nobody")


def test_the_decision_names_who_looked(home: Path) -> None:
    decide = ["audit", "decide-identities", *SUBJECT, "--home", home, "--reason"]
    no = done(gateway(*decide, "protects_employee", "--deny", "--json")).json
    yes = done(gateway(*decide, "needed_for_rights", "--permit")).out.strip()
    assert no["permit"] is False
    told = done(gateway("audit", "who-saw", *SUBJECT, "--decision", yes, "--home", home, "--json")).json
    assert {entry["actor"]["reference"] for entry in told["entries"]} == {"cli"}
    for decision in (no["decision"], "dec_nobody"):
        said = gateway("audit", "who-saw", *SUBJECT, "--decision", decision, "--home", home)
        refused(said, "not-found", "officer")
    other = gateway("audit", "who-saw", "--subject", "email:person.2@example.org", "--decision", yes, "--home", home)
    refused(other, "not-found", "officer")


# -- keys and retention -----------------------------------------------------------------------------------------------


def vkeys(home: Path) -> list[str]:
    (found,) = done(gateway("audit", "keys", "--home", home, "--json")).json["vkeys"].values()
    return list(found)


def test_keys_are_rotated_in_two_steps(home: Path, tmp_path: Path) -> None:
    rotate = ["audit", "rotate-keys", "--home", home]
    old, entry = vkeys(home), tmp_path / "entry"
    (tmp_path / "proof").write_text(done(gateway("audit", "prove", "1", "--home", home)).out)
    entry.write_bytes(audit.PublishedLog(next((home / "audit").glob("*q*/"))).entry(1))
    refused(gateway(*rotate, "--finish"), "conflict", "no rotation")
    assert done(gateway(*rotate, "--dry-run", "--json")).json["vkeys"] == old
    both = done(gateway(*rotate, "--json")).json["vkeys"]
    refused(gateway(*rotate), "conflict", "begun already")
    assert set(both) > set(old)
    for vkey in both:
        done(gateway("audit", "verify", "--vkey", vkey, "--home", home))
    assert "would be finished" in done(gateway(*rotate, "--finish", "--dry-run")).out
    assert vkeys(home) == both
    new = done(gateway(*rotate, "--finish", "--json")).json["vkeys"]
    assert set(new) == set(both) - set(old)
    done(gateway("audit", "verify", "--vkey", new[0], "--home", home))
    refused(gateway("audit", "verify", "--vkey", old[0], "--home", home), "log-damaged")
    done(outsider("check", tmp_path / "proof", "--entry", entry, "--vkey", old[0]))
    steps = [each["reasons"] for each in entries(home) if each["action"] == "log.key_rotated"]
    assert steps == [["begun"], ["finished"]]


def test_nothing_is_pruned_before_its_time(home: Path) -> None:
    before = len(entries(home))
    for more in ([], ["--dry-run"]):
        said = done(gateway("audit", "prune", "--home", home, *more, "--json"))
        assert said.json["pruned"] == []
    assert "nothing to prune" in done(gateway("audit", "prune", "--home", home)).out
    assert len(entries(home)) == before
    said = gateway("audit", "prune", "--home", home, env={"GATEWAY_AUDIT_RETENTION_DAYS": "0"})
    refused(said, "invalid-input", "GATEWAY_AUDIT_RETENTION_DAYS")


def test_a_quarter_whose_period_is_over_is_pruned(tmp_path: Path) -> None:
    home = tmp_path / "home"
    years_ago = FrozenClock(dt.datetime(2023, 5, 1, 9, 0, tzinfo=dt.UTC))
    initialise(Settings(home=home), years_ago)
    with open_gateway(Settings(home=home), years_ago) as opened:
        opened.log.show(Actor("operator", "test"))
        old = opened.log.proof(1)
    leaf = entries(home)[1]
    (would,) = done(gateway("audit", "prune", "--dry-run", "--home", home, "--json")).json["pruned"]
    assert (would["shard"], would["entries"]) == ("2023q2", 2)
    assert [entry["action"] for entry in entries(home)][:2] == ["gateway.initialised", "log.read"]
    assert done(gateway("audit", "prune", "--home", home)).out == "pruned 2023q2: 2 entries\n"
    assert ", of which 2 are pruned and were not seen" in done(gateway("audit", "verify", "--home", home)).out
    shards = done(gateway("audit", "verify", "--policy", keys_of(home), "--home", home, "--json")).json["shards"]
    assert next((shard["origin"][-6:], shard["minimum"]) for shard in shards) == ("2023q2", 2)
    shown = done(gateway("audit", "show", "--home", home, "--json")).json["entries"]
    assert [entry["action"] for entry in shown] == ["log.continued", "log.pruned", "log.read"]
    audit.Proof.parse(old).verify(_as_written(leaf), audit.Policy.parse((home.parent / "log.policy").read_bytes()))
    refused(gateway("audit", "prove", "1", "--shard", "2023q2", "--home", home), "not-found", "pruned")
    told = done(gateway("audit", "who-saw", *SUBJECT, "--home", home, "--json")).json
    assert next((part["shard"], part["from"]) for part in told["searched"]) == ("2023q2", 2)


def _as_written(entry: dict[str, Any]) -> bytes:
    """The bytes of an entry: JSON in its own order without blanks."""
    return json.dumps(entry, separators=(",", ":")).encode()


# -- beside a running service ---------------------------------------------------------------------------------------


def called(address: str, path: str, key: str, body: dict[str, Any] | None = None) -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address + path, data, headers)  # noqa: S310 - loopback
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            return int(answer.status), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def sequencer_of(child: subprocess.Popen[str]) -> int:
    """The process that writes the log: the child of ``serve``."""
    children = Path(f"/proc/{child.pid}/task/{child.pid}/children").read_text().split()
    (found,) = [pid for pid in map(int, children) if b"audit" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return found


def gone(pid: int) -> bool:
    """Whether a process has ended within some seconds."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False


ASKED = {"subject": {"type": "email", "value": "person.1@example.org"}}


def test_beside_a_service_the_log_and_the_clients_go_on(home: Path, tmp_path: Path) -> None:
    with serving(home) as (child, address):
        _clients(home, address)
        _the_log(home, tmp_path)
        _in_use(home)
        _monitored(home, address, tmp_path)
        sequencer = sequencer_of(child)
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=30)
        assert child.returncode == 0
        assert gone(sequencer)
    assert not (home / "log.sock").exists()
    (shard,) = done(outsider("verify", home / "audit", "--policy", tmp_path / "log.policy", "--json")).json["shards"]
    assert shard["entries_beyond_checkpoint"] == 0
    times = [entry["ts"] for entry in entries(home)]
    assert len(times) == shard["size"]
    assert times == sorted(times)
    done(gateway("clients", "list", "--home", home))


def _clients(home: Path, address: str) -> None:
    """A client that is added beside the service is known at once, and unknown at once when it is revoked."""
    client = ["desk-1", "--scope", "subject-desk", "--home", home]
    key = done(gateway("clients", "add", *client)).out.strip()
    status, body = called(address, "/v1/consultations/query", key, ASKED)
    assert (status, json.loads(body)["identities"]) == (200, False)
    assert [each["live"] for each in done(gateway("clients", "list", "--home", home, "--json")).json["clients"]] == [
        True
    ]
    done(gateway("clients", "revoke", *client))
    assert called(address, "/v1/consultations/query", key, ASKED)[0] == 401


def _the_log(home: Path, folder: Path) -> None:
    (last,) = done(gateway("audit", "show", "--home", home, "--last", "1", "--json")).json["entries"]
    assert last["action"] == "log.read"
    done(gateway("audit", "export", "--format", "ocsf", "--out", folder / "log.ndjson", "--home", home))
    assert done(gateway("audit", "prove", "0", "--home", home)).out.startswith("c2sp.org/tlog-proof@v1\n")
    done(gateway("audit", "verify", "--policy", keys_of(home), "--home", home))
    found = entries(home)
    assert len((folder / "log.ndjson").read_text().splitlines()) == len(found)
    expected = ["client.added", "subject.accessed", "client.revoked", "request.refused", "log.read", "log.exported"]
    assert [entry["action"] for entry in found][-len(expected) :] == expected


def _in_use(home: Path) -> None:
    before = len(entries(home))
    for command in (
        ["audit", "who-saw", *SUBJECT], ["audit", "prune"], ["audit", "rotate-keys"], ["segments", "list"],
        ["audit", "decide-identities", *SUBJECT, "--permit", "--reason", "needed_for_rights"],
    ):  # fmt: skip
        refused(gateway(*command, "--home", home), "conflict", "in use by process", "over HTTP")
    assert len(entries(home)) == before


def _monitored(home: Path, address: str, folder: Path) -> None:
    """A monitor with an auditor's key reads the tiles over HTTP and keeps what it saw."""
    key = done(gateway("clients", "add", "auditor-1", "--scope", "auditor", "--home", home)).out.strip()
    (folder / "key").write_text(key + "\n")
    (shard,) = json.loads(called(address, "/v1/audit/shards", key)[1])["shards"]
    prefix = f"{address}/v1/audit/shards/{shard['name']}"
    watch = ["monitor", prefix, "--key-file", folder / "key", "--policy", keys_of(home), "--state", folder / "state"]
    (first,) = done(outsider(*watch, "--json")).json["logs"]
    assert (first["origin"], first["entries_checked"]) == (shard["origin"], first["size"])
    (second,) = done(outsider(*watch, "--json")).json["logs"]  # the first run's reading is on record
    assert second["size"] > first["size"]
    assert second["kept_size"] == first["size"]


def test_without_its_sequencer_nothing_leaves(home: Path) -> None:
    with serving(home) as (child, address):
        key = done(gateway("clients", "add", "desk-1", "--scope", "subject-desk", "--home", home)).out.strip()
        asked = ASKED | {"kind": "access"}
        assert called(address, "/v1/requests", key, asked)[0] == 200
        os.kill(sequencer_of(child), signal.SIGKILL)
        for _ in range(2):
            status, body = called(address, "/v1/requests", key, asked)
            assert (status, json.loads(body)["type"]) == (503, "/problems/unavailable")
            assert b"person.1" not in body
            assert b"Aino" not in body
            assert called(address, "/readyz", key)[0] == 503
            assert called(address, "/livez", key)[0] == 200
        refused(gateway("audit", "show", "--home", home), "conflict", "in use by process")
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=30)
    assert [entry["action"] for entry in entries(home)][-2:] == ["client.added", "subject.accessed"]
    done(gateway("audit", "show", "--home", home))  # a new start finds all that was acknowledged
    done(gateway("audit", "verify", "--home", home))
