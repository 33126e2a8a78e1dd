"""All files of a pack in their shapes, and the names that stand in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway.policy import models as m
from gateway.policy import source_models as s
from gateway.policy.documents import Document, KeyPath
from gateway.policy.rule_models import CasesFile, RulesFile

Found = tuple[str, KeyPath, str]  # file, where, message


@dataclass(frozen=True, slots=True)
class Parsed:
    """All files of a pack, each in its shape and with its document."""

    documents: Mapping[str, Document]
    pack: m.PackFile
    purposes: m.PurposesFile
    fields: m.FieldsFile
    recipients: m.RecipientsFile
    retention: m.RetentionFile
    sources: s.SourcesFile
    rules: Mapping[str, RulesFile]
    cases: Mapping[str, CasesFile]


@dataclass(frozen=True, slots=True)
class Names:
    """What a name may stand for."""

    purposes: frozenset[str]
    fields: Mapping[str, m.FieldModel]
    sources: frozenset[str]
    recipients: frozenset[str]


def unknown(file: str, where: KeyPath, given: Iterable[str] | None, known: Iterable[str], home: str) -> Iterator[Found]:
    """Yield each of ``given`` that is not ``known``; ``home`` is where it would be."""
    names = frozenset(known)
    for index, name in enumerate(given or ()):
        if name not in names:
            yield file, (*where, index), f"no such name: add it to {home} or remove it here"
