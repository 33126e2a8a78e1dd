"""What the demo measures rather than claims: traces in files, a changed certificate, a log verified from outside."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.flows.erase_subject import written_as_hashed
from gateway.foundation.errors import GatewayError
from gateway.foundation.settings import Settings
from gateway.vocabulary.names import SubjectReference
from gateway.wiring import Gateway, verify_certificate

IDENTIFIERS = {"customer_no": "customer_number", "email": "email", "phone": "phone", "national_id": "national_id"}
_PART = 24  # a third of a wrapped key: a remnant of it counts too


@dataclass(frozen=True)
class Person:
    """Somebody of the demo: the row as it was sent, and which of its columns find the person. Never printed."""

    row: Mapping[str, str]

    def __repr__(self) -> str:
        """Say nothing of the person."""
        return "Person(…)"

    @property
    def identifier(self) -> tuple[str, str]:
        """The one that the person asks with."""
        return "email", self.row["email"]

    @property
    def identifiers(self) -> dict[str, str]:
        """Every identifier that the person gave, by type."""
        return {kind: self.row[column] for column, kind in IDENTIFIERS.items() if self.row[column]}

    @property
    def forms(self) -> tuple[bytes, ...]:
        """Each identifier as it was sent and as it is hashed."""
        given = self.identifiers.items()
        plain = {form for kind, value in given for form in (value, written_as_hashed(kind, value, self.row["country"]))}
        return tuple(sorted(form.encode() for form in plain | {value.lower() for value in plain}))


@dataclass(frozen=True)
class Search:
    """How often something stands in the files of a folder."""

    files: int
    size: int  # bytes
    hits: int  # files in which it was found


def search(folder: Path, needles: Iterable[bytes]) -> Search:
    """Read every file of a folder and count those that hold one of ``needles``."""
    sought = tuple(needles)
    files = size = hits = 0
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            files, size, hits = files + 1, size + len(data), hits + any(needle in data for needle in sought)
    return Search(files, size, hits)


def key_parts(gateway: Gateway, person: SubjectReference) -> tuple[bytes, ...]:
    """The person's wrapped key in parts: useless without the key-encryption key, and what to look for afterwards."""
    wrapped = gateway.house.vault.wrapped_keys(person)
    return tuple(wrapped[start : start + _PART] for start in range(0, len(wrapped), _PART))


def found_by(gateway: Gateway, person: Person) -> list[str]:
    """The types of identifier by which the person is found now."""
    find = gateway.house.vault.find
    return [kind for kind, value in person.identifiers.items() if find(kind, value, person.row["country"]) is not None]


def certificate_holds(settings: Settings, certificate: str) -> dict[str, Any] | None:
    """Return what a certificate says, where it verifies and does not with one byte changed."""
    try:
        body: dict[str, Any] = json.loads(verify_certificate(settings, certificate))
    except GatewayError:
        return None
    middle = len(certificate) // 3
    changed = certificate[:middle] + chr(ord(certificate[middle]) ^ 1) + certificate[middle + 1 :]
    try:
        verify_certificate(settings, changed)
    except GatewayError:
        return body
    return None


def verified_from_outside(log: Path) -> dict[str, Any] | None:
    """Return what ``python -m audit verify`` says of a log, in a process of its own; ``None`` where it refuses."""
    vkeys = [vkey for policy in log.glob("*/policy") for vkey in _keys(policy)]
    command = [sys.executable, "-m", "audit", "verify", str(log), "--json"]
    command += [part for vkey in vkeys for part in ("--vkey", vkey)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)  # noqa: S603 - our own program
    return json.loads(done.stdout) if done.returncode == 0 else None


def _keys(policy: Path) -> list[str]:
    """The log's keys in its policy file (c2sp.org/tlog-policy)."""
    lines = [line.split() for line in policy.read_text(encoding="utf-8").splitlines()]
    return [words[1] for words in lines if words[:1] == ["log"]]


def refused_when_changed(log: Path, work: Path) -> bool:
    """Tell whether a copy of the log with one bit of an entry turned over is refused; the log is not touched."""
    copy = work / "changed-log"
    shutil.copytree(log, copy)
    change_an_entry(copy)
    refused = verified_from_outside(copy) is None
    shutil.rmtree(copy)
    return refused


def change_an_entry(log: Path) -> None:
    """Turn over one bit of a published entry, in the middle of its bundle."""
    bundle = max(log.glob("*/tile/entries/**/*"), key=lambda path: path.is_file() and path.stat().st_size)
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    bundle.write_bytes(data)
