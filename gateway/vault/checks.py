"""Is the vault whole? Counts and checks of the files only; nobody is looked up."""

from __future__ import annotations

import sqlite3

from gateway.vault import known_names
from gateway.vault.files import VaultFiles
from gateway.vault.lifecycle import unsettled
from gateway.vault.warrants import DoctorFinding


def doctor(files: VaultFiles) -> list[DoctorFinding]:
    """Run every check; an empty list means that all is well."""
    findings = [
        DoctorFinding(f"damaged:{name}", "restore vault.sqlite and keys.sqlite from one backup")
        for name, connection in (("vault.sqlite", files.reader), ("keys.sqlite", files.keys.reader))
        if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok"
    ]
    if files.writing is None and unsettled(files) is not None:
        findings.append(DoctorFinding("batch-open", "restart the gateway: it settles or undoes the batch"))
    if files.writing is None and _count(files.reader, "records") != _count(files.keys.reader, "person_keys"):
        findings.append(DoctorFinding("keys-and-records-differ", "restore both files from one backup"))
    if _count(files.reader, "records") != _count(files.reader, "subjects"):
        findings.append(DoctorFinding("records-and-subjects-differ", "restore both files from one backup"))
    if files.writing is None and not findings and not known_names.agree(files):
        findings.append(DoctorFinding("names-and-records-differ", "restore both files from one backup"))
    return findings


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
