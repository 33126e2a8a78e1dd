"""The command line as a user meets it: every command, its options on either side, one JSON object, three exit codes."""

# ruff: noqa: S603 - the processes are our own program, bash and mount

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

import audit
from gateway.cli.main import app
from tests.cli.support import CANARY, ROOT, SOMEBODY, contents, done, gateway, in_force, process, refused, untouched

COMMANDS = [
    "init", "ingest", "sources propose", "policy check", "policy show", "policy draft", "policy versions",
    "policy approve", "policy activate", "policy rollback", "policy withdraw", "policy simulate", "policy lint",
    "policy diff", "policy why", "policy record", "policy dpia", "consent record", "consent show", "consent import",
    "consent receipt", "consent verify", "consent why",
    "inbox list", "inbox accept", "inbox override", "detect columns", "detect text",
    "segments list", "segments check", "segments build", "segments explain", "segments why", "segments pending-leaves",
    "segments deleted", "release", "requests access",
    "requests erase", "requests restrict", "requests object", "audit verify", "audit show", "audit export",
    "audit prove", "audit keys", "audit who-saw", "audit decide-identities", "audit rotate-keys", "audit prune",
    "serve", "doctor", "sweep", "demo", "clients add", "clients revoke", "clients list",
]  # fmt: skip
SUBJECT = ["--subject", SOMEBODY]


def all_commands() -> set[str]:
    found = set()
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined] # a group
        parts = getattr(command, "commands", None)
        found |= {f"{name} {part}" for part in parts} if parts else {name}
    return found


def test_every_command_is_there_and_is_listed_here() -> None:
    assert all_commands() == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_the_common_options(command: str) -> None:
    said = done(gateway(*command.split(), "--help", env={"COLUMNS": "120"}))
    for option in ("--home", "--policies", "--json"):
        assert option in said.out
    if command in {"requests erase", "requests restrict", "requests object", "clients revoke", "consent record",
                   "audit rotate-keys", "audit prune", "inbox accept", "inbox override"}:  # fmt: skip
        assert "--dry-run" in said.out


def test_help_imports_nothing_heavy() -> None:
    """Help in under half a second: 0.2 s where this was written."""
    heavy = ["duckdb", "pyarrow", "pandas", "numpy", "fastapi", "uvicorn", "spacy", "sqlalchemy", "pydantic"]
    code = f"import sys, gateway.cli.main; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"


def test_the_installed_script_and_the_module_answer() -> None:
    script = Path(sys.executable).with_name("gateway")
    said = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.count(".") == 2
    assert process("--help").out.count("requests")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--home", "HOME", "segments", "list", "--json"], ["segments", "--home", "HOME", "list", "--json"],
        ["segments", "list", "--home", "HOME", "--json"], ["--json", "segments", "list", "--home", "HOME"],
        ["segments", "--json", "list", "--home", "HOME"],
        ["--home", "NONE", "segments", "list", "--home", "HOME", "--json"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_common_options_stand_before_or_after(arguments: list[str], filled_home: Path, tmp_path: Path) -> None:
    places = {"HOME": str(filled_home), "NONE": str(tmp_path / "none")}
    said = done(gateway(*(places.get(each, each) for each in arguments)))
    made = {each["id"]: each["uses"] for each in said.json["segments"]}
    assert made["loyal_buyers"] == {"segments": [], "traits": []}
    assert made["lapsed_buyers"] == {"segments": [], "traits": ["last_purchase"]}


def test_the_environment_names_home_and_pack_and_what_is_typed_wins(home: Path, pack: Path, tmp_path: Path) -> None:
    (pack / "segments" / "lapsed_buyers.yaml").unlink()
    env = {"GATEWAY_HOME": str(home), "GATEWAY_POLICIES": str(pack)}
    in_force(home, pack, env=env)
    named = {each["id"] for each in done(gateway("segments", "list", "--json", env=env)).json["segments"]}
    assert "loyal_buyers" in named
    assert "lapsed_buyers" not in named
    wrong = {"GATEWAY_HOME": str(tmp_path / "none"), "GATEWAY_POLICIES": str(tmp_path)}
    said = done(gateway("segments", "list", "--home", home, env=wrong))
    assert "lapsed_buyers" not in said.out
    shown = done(gateway("policy", "show", "--policies", pack, "--json", env=wrong))
    assert "lapsed_buyers" not in shown.out
    bad = gateway("doctor", "--home", home, env={"GATEWAY_MAX_UPLOAD_BYTES": CANARY})
    assert bad.status == 1
    assert "GATEWAY_MAX_UPLOAD_BYTES" in bad.err
    assert CANARY not in bad.err


def test_with_json_every_command_says_one_object_and_nothing_else(home: Path, tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_bytes(
        (ROOT / "tests" / "cli" / "__init__.py").read_bytes() + b"customer_no,x\nC1,2\n"
    )
    customers = home.parent / "customers.csv"
    from tests.builders import a_customer, as_csv  # noqa: PLC0415 - the only use

    customers.write_bytes(as_csv([a_customer(400)]))
    runs = [
        ["init", "--home", str(tmp_path / "other")],
        ["ingest", str(customers), "--source", "webshop_customers"],
        ["sources", "propose", str(tmp_path / "more.csv"), "--id", "shop"],
        ["policy", "check"], ["policy", "show"], ["policy", "record"],
        ["policy", "record", "--format", "csv", "--language", "uk"],
        ["policy", "dpia", "--purpose", "direct_marketing"],
        ["consent", "record", *SUBJECT, "--purpose", "direct_marketing", "--status", "given"],
        ["consent", "show", *SUBJECT],
        ["segments", "list"], ["segments", "check"], ["segments", "build", "loyal_buyers"],
        ["segments", "explain", "loyal_buyers", *SUBJECT],
        ["release", "loyal_buyers", "--recipient", "mailer", "--out", str(tmp_path / "m.csv")],
        ["requests", "access", *SUBJECT], ["requests", "access", *SUBJECT, "--out", str(tmp_path / "o")],
        ["requests", "restrict", *SUBJECT], ["requests", "restrict", *SUBJECT, "--lift"],
        ["requests", "object", *SUBJECT, "--purpose", "product_analytics"],
        ["requests", "erase", *SUBJECT, "--dry-run"], ["requests", "erase", *SUBJECT],
        ["audit", "verify"], ["audit", "show"], ["audit", "export"], ["audit", "export", "--format", "csv"],
        ["audit", "export", "--out", str(tmp_path / "log.ndjson")], ["audit", "prove", "1"],
        ["audit", "export", "--format", "ocsf"], ["audit", "export", "--format", "cloudevents"],
        ["audit", "keys"], ["audit", "who-saw", *SUBJECT], ["audit", "who-saw", *SUBJECT, "--out", str(tmp_path / "w")],
        ["audit", "decide-identities", *SUBJECT, "--permit", "--reason", "needed_for_rights"],
        ["audit", "rotate-keys", "--dry-run"], ["audit", "rotate-keys"], ["audit", "rotate-keys", "--finish"],
        ["audit", "prune", "--dry-run"], ["audit", "prune"],
        ["clients", "add", "mailer", "--scope", "recipient"], ["clients", "list"],
        ["clients", "revoke", "mailer", "--scope", "recipient", "--dry-run"],
        ["clients", "revoke", "mailer", "--scope", "recipient"], ["doctor"],
    ]  # fmt: skip
    for run in runs:
        said = gateway("--home", home, *run, "--json")
        assert said.json, run
        assert said.err == "", run
        if run != ["doctor"]:  # a small disk is a finding
            assert said.status == 0, (run, said.out)


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["nothing"], ["requests"], ["requests", "access"], ["requests", "access", SOMEBODY],
        ["requests", "access", "--subject", CANARY], ["requests", "access", "--subject", f"{CANARY}:x"],
        ["requests", "access", "--subject", "email:"], ["requests", "access", "--subject"],
        ["requests", "access", f"--subjct=email:{CANARY}"], ["requests", "erase", f"email:{CANARY}", "--subject"],
        ["requests", "access", *SUBJECT, "--language", CANARY],
        ["consent", "record", *SUBJECT, "--purpose", "direct_marketing", "--status", CANARY],
        ["consent", "record", *SUBJECT, "--purpose", "direct_marketing", "--status", "given", "--at", CANARY],
        ["release", "loyal_buyers", "--recipient", "mailer", "--out", "m.csv", "--format", CANARY],
        ["release", "loyal_buyers", "--recipient", "mailer", "--out", f"/no-such/{CANARY}/m.csv"],
        ["audit", "export", "--format", CANARY], ["audit", "show", "--last", CANARY], ["audit", "show", "--last", "0"],
        ["audit", "who-saw", "--subject", CANARY], ["audit", "decide-identities", *SUBJECT, "--permit"],
        ["audit", "decide-identities", *SUBJECT, "--reason", "needed_for_rights"],
        ["audit", "decide-identities", *SUBJECT, "--deny", "--reason", CANARY], ["audit", "prove", "-1"],
        ["audit", "verify", "--policy", CANARY, "--vkey", CANARY],
        ["clients", "add", "x", "--scope", CANARY], ["serve", "--port", CANARY], ["ingest"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_wrong_usage_ends_with_2_and_repeats_nothing(arguments: list[str], filled_home: Path) -> None:
    said = gateway("--home", filled_home, *arguments)
    assert said.status == 2, said
    assert CANARY not in said.out + said.err
    assert "gateway" in said.err
    told = gateway("--json", "--home", filled_home, *arguments)
    assert told.status == 2
    assert told.json["error"]["slug"] == "wrong-usage"
    assert CANARY not in told.out + told.err


def test_nothing_is_shown_as_progress_where_nobody_watches(home: Path) -> None:
    from tests.builders import a_customer, as_csv  # noqa: PLC0415 - the only use

    file = home.parent / "one.csv"
    file.write_bytes(as_csv([a_customer(401)]))
    said = process("ingest", file, "--source", "webshop_customers", "--home", home)
    assert (said.status, said.err) == (0, "")


@pytest.mark.parametrize(
    "command",
    [
        ["requests", "erase", *SUBJECT, "--dry-run"], ["requests", "restrict", *SUBJECT, "--dry-run"],
        ["requests", "restrict", *SUBJECT, "--lift", "--dry-run"], ["requests", "object", *SUBJECT, "--dry-run"],
        ["consent", "record", *SUBJECT, "--purpose", "direct_marketing", "--status", "withdrawn", "--dry-run"],
        ["clients", "revoke", "mailer", "--scope", "recipient", "--dry-run"], ["audit", "rotate-keys", "--dry-run"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_dry_run_changes_nothing(command: list[str], home: Path) -> None:
    done(gateway("clients", "add", "mailer", "--scope", "recipient", "--home", home))
    with untouched(home):
        assert done(gateway(*command, "--home", home, "--json")).json
        assert "would" in done(gateway(*command, "--home", home)).out


@pytest.mark.parametrize(
    ("command", "back"),
    [
        (["consent", "record", *SUBJECT, "--purpose", "direct_marketing", "--status", "withdrawn"],
         ["consent", "record", *SUBJECT, "--purpose", "direct_marketing", "--status", "given",
          "--notice", "webshop-2026-05"]),
        (["requests", "restrict", *SUBJECT], ["requests", "restrict", *SUBJECT, "--lift"]),
        (["requests", "object", *SUBJECT], None),
    ],
    ids=["withdrawn", "restricted", "objected"],
)  # fmt: skip
def test_a_choice_bites_at_the_next_query(command: list[str], back: list[str] | None, home: Path) -> None:
    def size() -> int:
        return done(gateway("segments", "build", "loyal_buyers", "--home", home, "--json")).json["size"]

    assert size() == 150
    done(gateway(*command, "--home", home))
    assert size() == 149
    if back:
        done(gateway(*back, "--home", home))
        assert size() == 150


def test_a_release_and_its_delta(home: Path, tmp_path: Path) -> None:
    release = ["release", "loyal_buyers", "--recipient", "mailer", "--home", home]
    first = done(gateway(*release, "--out", tmp_path / "all.csv", "--json")).json
    done(gateway("requests", "object", *SUBJECT, "--home", home))
    second = done(gateway(*release, "--out", tmp_path / "delta.csv", "--delta", "--json")).json
    assert (first["size"], second["entered"], second["left"]) == (150, 0, 1)
    everybody = {row["pseudonym"] for row in csv.DictReader((tmp_path / "all.csv").read_text().splitlines())}
    (change,) = csv.DictReader((tmp_path / "delta.csv").read_text().splitlines())
    assert change["change"] == "left"
    assert change["pseudonym"] in everybody
    for form in ("ndjson", "parquet"):
        done(gateway(*release, "--out", tmp_path / f"all.{form}", "--format", form))
        assert (tmp_path / f"all.{form}").stat().st_size > 1000


def test_an_access_package_goes_to_a_folder_and_the_value_may_come_from_stdin(home: Path, tmp_path: Path) -> None:
    ask = ["requests", "access", "--subject", "email:-", "--home", home, "--out", tmp_path / "a" / "b", "--json"]
    said = done(gateway(*ask, stdin="person.1@example.org\n")).json
    package = json.loads(Path(said["package"]).read_text(encoding="utf-8"))
    assert said["found"] is True
    assert len(package["data"]["events"]) == 4
    assert Path(said["package"]).stat().st_mode & 0o077 == 0
    words = done(gateway("requests", "access", *SUBJECT, "--home", home, "--language", "fi")).out
    assert json.loads(words)["language"] == "fi"


def test_an_erasure_leaves_a_certificate_and_nobody(home: Path, tmp_path: Path) -> None:
    before = contents(home)
    said = done(gateway("requests", "erase", *SUBJECT, "--home", home, "--out", tmp_path / "out", "--json")).json
    assert said["rows"] >= 6
    assert "erasure-certificate" in Path(said["certificate"]).read_text(encoding="utf-8")
    assert len(Path(said["nonce"]).read_text().strip()) >= 32
    after = contents(home)
    assert len(after["keys.sqlite:person_keys"]) == len(before["keys.sqlite:person_keys"]) - 1
    again = done(gateway("requests", "erase", *SUBJECT, "--home", home, "--json")).json
    assert (again["found"], again["rows"]) == (False, 0)
    for path in home.rglob("*"):
        assert not path.is_file() or b"person.1@" not in path.read_bytes(), path.name


def test_the_log_is_shown_exported_and_proved(home: Path, tmp_path: Path) -> None:
    size = done(gateway("audit", "verify", "--home", home, "--json")).json["entries"]
    lines = done(gateway("audit", "export", "--home", home)).out.splitlines()
    assert len(lines) == size + 1  # reading the log is logged
    assert {"batch.accepted", "log.exported"} <= {json.loads(line)["action"] for line in lines}
    done(gateway("audit", "export", "--format", "csv", "--out", tmp_path / "log.csv", "--home", home))
    assert len((tmp_path / "log.csv").read_text().splitlines()) == size + 3
    assert len(done(gateway("audit", "show", "--last", "2", "--home", home)).out.splitlines()) == 2
    proof = tmp_path / "proof"
    proof.write_text(done(gateway("audit", "prove", "1", "--home", home)).out)
    assert "c2sp" in proof.read_text()
    (tmp_path / "policy").write_text(done(gateway("audit", "keys", "--home", home)).out)
    done(gateway("audit", "verify", "--policy", tmp_path / "policy", "--home", home))
    (vkeys,) = done(gateway("audit", "keys", "--home", home, "--json")).json["vkeys"].values()
    done(gateway("audit", "verify", "--vkey", vkeys[0], "--home", home))


@pytest.mark.parametrize("data", [b"", b"log nobody\nquorum none\n", b"\xff" * 100, b"\n" * 200_000])
def test_keys_that_are_none_are_not_the_logs_fault(data: bytes, filled_home: Path, tmp_path: Path) -> None:
    (tmp_path / "policy").write_bytes(data)
    for whom in (["--policy", tmp_path / "policy"], ["--vkey", CANARY]):
        refused(gateway("audit", "verify", *whom, "--home", filled_home), "invalid-input", "keys that were given")


def test_a_log_of_other_keys_is_refused(filled_home: Path) -> None:
    (vkeys,) = done(gateway("audit", "keys", "--home", filled_home, "--json")).json["vkeys"].values()
    name = vkeys[0].partition("+")[0]
    for stranger in (audit.Signer(name, bytes(32)), audit.Signer("log.example/other", bytes(32))):
        said = gateway("audit", "verify", "--vkey", stranger.vkey, "--home", filled_home)
        refused(said, "log-damaged", "does not verify")


def test_a_changed_log_is_refused_with_1(home: Path) -> None:
    (shard,) = (home / "audit").glob("*q*/")
    for path in [*shard.glob("journal/0*"), *shard.glob("tile/**/*.p/*")]:
        data = bytearray(path.read_bytes())
        data[len(data.rstrip(b"\0")) // 2] ^= 1
        path.write_bytes(data)
    for command in (["audit", "verify"], ["segments", "list"]):
        said = gateway(*command, "--home", home, "--json")
        assert said.status == 1
        assert said.json["error"]["slug"] not in {"internal-error", "gateway-error"}


def test_a_proposal_is_yaml_with_evidence(filled_home: Path) -> None:
    import yaml  # noqa: PLC0415 - the only use

    file = filled_home.parent / "customers.csv"
    said = done(gateway("sources", "propose", file, "--id", "shop"))
    (contract,) = yaml.safe_load(said.out)
    assert contract["id"] == "shop"
    assert "# email: email (0.9" in said.out
    assert "person.1@" not in said.out
    told = done(gateway("sources", "propose", file, "--id", "shop", "--json")).json
    assert told["columns"]["email"]["confidence"] > 0.9
