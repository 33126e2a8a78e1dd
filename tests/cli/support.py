"""A home with people in it, made once by the command line itself, and what tells that nothing changed."""

# ruff: noqa: S603 - the processes are our own program, bash and mount

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.cli.terminal import OPERATOR
from gateway.flows.policy_versions import Officer
from gateway.foundation.settings import Settings
from gateway.wiring import open_gateway
from tests.builders import as_csv, customers, purchases

ROOT = Path(__file__).parents[2]
CANARY = "zqcanary7731"  # planted in every bad input; never to be seen again
PEOPLE = range(1, 151)
SOMEBODY = "email:person.1@example.org"


@dataclass(frozen=True)
class Said:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout; anything beside it fails."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        assert self.out.count("\n") == 1
        return found


def gateway(*arguments: str | Path, stdin: str | None = None, env: Mapping[str, str] | None = None) -> Said:
    """Run a command in this process, as the installed script does."""
    result = CliRunner().invoke(app, [str(each) for each in arguments], input=stdin, env=env, prog_name="gateway")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return Said(result.exit_code, result.stdout, result.stderr)


def process(*arguments: str | Path, **options: Any) -> Said:
    """Run a command as a process of its own."""
    command = [sys.executable, "-m", "gateway.cli.main", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT, **options)
    return Said(done.returncode, done.stdout, done.stderr)


def done(said: Said) -> Said:
    """Assert that a command did what was asked."""
    assert said.status == 0, said.err
    return said


def refused(said: Said, slug: str, *words: str) -> Said:
    """Assert one clear sentence on stderr, exit 1, and no submitted value anywhere."""
    assert said.status == 1, (said.out, said.err)
    assert CANARY not in said.out + said.err
    assert "Traceback" not in said.err
    assert said.err.startswith(f"{slug}: "), said.err
    assert said.err.count("\n") == 1, said.err
    for word in words:
        assert word in said.err, said.err
    return said


def fill(home: Path, folder: Path) -> None:
    """Make a home of 150 people who are all loyal buyers."""
    (folder / "customers.csv").write_bytes(as_csv(customers(PEOPLE)))
    (folder / "purchases.csv").write_bytes(as_csv(purchases(PEOPLE)))
    done(gateway("init", "--home", home))
    done(gateway("ingest", folder / "customers.csv", "--source", "webshop_customers", "--home", home))
    done(gateway("ingest", folder / "purchases.csv", "--source", "webshop_purchases", "--home", home))


def in_force(home: Path, pack: Path, *, env: Mapping[str, str] | None = None) -> str:
    """Put the pack of a folder in force as its next version: drafted by one, approved by another; return the number.

    Its simulation is said to have been seen: what a simulation says is another test's.
    """
    pack_file = pack / "pack.yaml"
    text = re.sub(r"^(version|supersedes): .*\n", "", pack_file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    pack_file.write_text(f"{text}version: 2.0.0\nsupersedes: 1.0.0\n", encoding="utf-8")
    done(gateway("policy", "draft", "--home", home, "--policies", pack, "--by", "liisa", env=env))
    with open_gateway(Settings(home=home)) as opened:
        opened.policies.record_simulation("2.0.0", "ab" * 32, Officer(OPERATOR, "liisa"))
    done(gateway("policy", "approve", "2.0.0", "--home", home, "--by", "olli", env=env))
    done(gateway("policy", "activate", "2.0.0", "--home", home, "--by", "olli", env=env))
    return "2.0.0"


def contents(home: Path) -> dict[str, Any]:
    """Everything that the stores hold but the log: people, keys, choices, rows, quarantine."""
    found: dict[str, Any] = {"quarantine": sorted(path.name for path in (home / "quarantine").rglob("*"))}
    for name in ("vault.sqlite", "keys.sqlite", "operational.sqlite"):
        with contextlib.closing(sqlite3.connect(f"file:{home / name}?mode=ro", uri=True)) as connection:
            for table, rows in _tables(connection, "SELECT name FROM sqlite_master WHERE type = 'table'"):
                found[f"{name}:{table}"] = rows
    with contextlib.closing(duckdb.connect(str(home / "store.duckdb"), read_only=True)) as connection:
        for table, rows in _tables(connection, "SELECT table_name FROM duckdb_tables()"):
            found[f"store:{table}"] = rows
    return found


def _tables(connection: Any, listing: str) -> Iterator[tuple[str, list[str]]]:
    columns = "*" if isinstance(connection, sqlite3.Connection) else "t::VARCHAR"  # instants need another package
    for (table,) in connection.execute(listing).fetchall():
        yield table, sorted(map(repr, connection.execute(f'SELECT {columns} FROM "{table}" t').fetchall()))


@contextlib.contextmanager
def untouched(home: Path, *, reopened: bool = False) -> Iterator[None]:
    """Assert that what happens inside leaves no trace but in the log, and that a good file goes in afterwards.

    ``reopened``: what could not be undone for want of room is undone when the home is opened next.
    """
    before = contents(home)
    yield
    if reopened:
        done(gateway("segments", "list", "--home", home))
    after = contents(home)
    differing = [(name, len(before[name]), len(after[name])) for name in before if after[name] != before[name]]
    assert not differing, differing
    assert not (home / "pending-batch").exists()
    good = home.parent / "good.csv"
    good.write_bytes(as_csv(customers(range(501, 504))))
    report = done(gateway("ingest", good, "--source", "webshop_customers", "--home", home, "--json")).json
    assert (report["rows"], report["new_subjects"]) == (3, 3)
    done(gateway("audit", "verify", "--home", home))


def is_root() -> bool:
    """Whether modes of files bind this process."""
    return os.geteuid() == 0
