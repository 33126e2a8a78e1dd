"""A real vault in a folder, and fictional rows to enrol."""

import datetime as dt
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from gateway.vault import Enrolment, FileKek, ReidentificationWarrant, Vault, VaultSession
from gateway.vocabulary.names import BatchId, RequestId, SubjectReference

AT = dt.datetime(2026, 11, 21, 10, 0, tzinfo=dt.UTC)
WARRANT = ReidentificationWarrant("test", RequestId("req_test"))
KINDS = ("customer_number", "email", "phone")
Row = Mapping[str, str | None]

AINO = {"customer_number": "10042", "email": "aino@example.org", "phone": "+358405550101", "given_name": "Aino"}
BELA = {"customer_number": "20077", "email": "bela@example.org", "phone": "+36305550102", "given_name": "Béla"}


def make(folder: Path) -> Vault:
    """A new vault with a new key."""
    folder.mkdir(parents=True, exist_ok=True)
    return Vault.create(folder / "home", FileKek.create(folder / "kek"))


def reopen(folder: Path) -> Vault:
    """The vault that ``make`` made, opened again."""
    return Vault.open(folder / "home", FileKek(folder / "kek"))


def enrol(
    session: VaultSession, rows: Sequence[Row], held: Sequence[Row] | None = None, *, create: bool = True
) -> Enrolment:
    """Enrol rows as one chunk; every key of a row is a sealed field."""
    kinds = [kind for kind in KINDS if any(kind in row for row in rows)] or [KINDS[0]]
    identifiers = {kind: pa.array([row.get(kind) for row in rows], pa.string()) for kind in kinds}
    return session.enrol(identifiers, _table(rows), _table(held) if held else None, None, create=create)


def _table(rows: Sequence[Row]) -> pa.Table:
    names = sorted({name for row in rows for name in row})
    return pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in names})


def ingest(vault: Vault, name: str, rows: Sequence[Row], held: Sequence[Row] | None = None) -> Enrolment:
    """One batch of one chunk, committed and settled."""
    session = vault.write(BatchId(name))
    enrolment = enrol(session, rows, held)
    session.commit()
    vault.settle(BatchId(name))
    return enrolment


def references(enrolment: Enrolment) -> list[SubjectReference]:
    """References of the rows."""
    return [SubjectReference(ref) for ref in enrolment.refs.to_pylist()]


def dump(vault: Vault) -> list[tuple[str, list[tuple[object, ...]]]]:
    """Every row of every table of both files."""
    return [*_dump(vault._files.reader), *_dump(vault._files.keys.reader)]


def _dump(connection: sqlite3.Connection) -> Iterable[tuple[str, list[tuple[object, ...]]]]:
    tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()]
    return [(table, sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)) for table in tables]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of the vault, logs included."""
    return {path.name: path.read_bytes() for path in (folder / "home").iterdir()}
