"""A doubt about a pack, and where in its files it stands."""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.policy.documents import Document, Key, read_document
from gateway.policy.rule_models import FieldsMatcher

_LISTS = ("purposes", "fields", "sources", "recipients")


class Severity(enum.StrEnum):
    """How much a finding matters."""

    ERROR = "error"  # the pack does not do what it says
    WARNING = "warning"  # it may be meant so


@dataclass(frozen=True, slots=True)
class Finding:
    """One doubt: what, where, and what to do. ``key`` names the entry, never a value; ``rule`` where a rule is it."""

    code: str
    severity: Severity
    file: str
    key: str
    message: str
    remedy: str
    line: int | None = None
    rule: str | None = None

    def __str__(self) -> str:
        """One line, for a person."""
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{self.severity}: {place}, {self.key}: {self.message} [{self.code}]; remedy: {self.remedy}"


def error(code: str, file: str, key: str, message: str, remedy: str, *, line: int | None = None) -> Finding:
    """Return a finding that means: the pack does not do what it says."""
    return Finding(code, Severity.ERROR, file, key, message, remedy, line)


def warning(code: str, file: str, key: str, message: str, remedy: str, *, line: int | None = None) -> Finding:
    """Return a finding that means: look whether this is meant."""
    return Finding(code, Severity.WARNING, file, key, message, remedy, line)


def ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return the findings, errors first, then by place."""
    order = tuple(Severity)
    return tuple(
        sorted(findings, key=lambda f: (order.index(f.severity), f.file, f.line or 0, f.key, f.code, f.message))
    )


@dataclass(frozen=True, slots=True)
class Page:
    """Where an entry of a pack stands: file, line, and what the file says of it."""

    file: str
    line: int | None
    entry: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Pages:
    """Where each entry of a pack stands."""

    documents: Mapping[str, Document]
    entries: Mapping[tuple[str, str], Page]  # by list (purposes, fields, sources, recipients, rules) and id

    @classmethod
    def of(cls, files: Mapping[str, str]) -> Pages:
        """Read the files of a pack that loads."""
        wanted = {f"{name}.yaml" for name in (*_LISTS, "pack", "retention")}
        documents = {path: read_document(path, text) for path, text in sorted(files.items())
                     if path in wanted or path.startswith("rules/")}  # fmt: skip
        entries: dict[tuple[str, str], Page] = {}
        for path, document in documents.items():
            name = "rules" if path.startswith("rules/") else path.removesuffix(".yaml")
            if name in (*_LISTS, "rules"):
                for index, entry in enumerate(document.data[name]):
                    entries[name, entry["id"]] = Page(path, document.lines.get((name, index)), entry)
        return cls(documents, entries)

    def page(self, name: str, entry: str) -> Page:
        """Return where an entry stands; an entry that officers' decisions added stands in no file."""
        return self.entries.get((name, entry), Page(f"{name}.yaml", None, {}))

    def line(self, file: str, *where: Key) -> int | None:
        """Return the line of a key."""
        document = self.documents.get(file)
        return document.lines.get(where) if document else None

    def matchers(self, rule: str) -> tuple[FieldsMatcher, ...]:
        """Return what a rule's ``fields`` say, one by one."""
        found = self.page("rules", rule).entry.get("fields")
        return (
            tuple(FieldsMatcher.model_validate_json(json.dumps(one)) for one in found)
            if isinstance(found, list)
            else ()
        )
