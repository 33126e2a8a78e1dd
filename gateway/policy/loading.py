"""From the texts of a pack to a ``Pack``, or one error that lists what is wrong."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.policy import models, resolving, source_models
from gateway.policy.documents import Document, KeyPath, read_document
from gateway.policy.errors import PackError
from gateway.policy.linking import problems_of
from gateway.policy.pack import Pack
from gateway.policy.parsed import Parsed
from gateway.policy.rule_models import CasesFile, RulesFile
from gateway.vocabulary.catalogue import Catalogue, Controller

MAX_FILES = 500
REQUIRED: Mapping[str, type[models.Model]] = MappingProxyType(
    {
        "pack.yaml": models.PackFile,
        "purposes.yaml": models.PurposesFile,
        "fields.yaml": models.FieldsFile,
        "recipients.yaml": models.RecipientsFile,
        "retention.yaml": models.RetentionFile,
        "sources.yaml": source_models.SourcesFile,
    }
)
FOLDERS: Mapping[str, type[models.Model]] = MappingProxyType({"rules": RulesFile, "cases": CasesFile})
CHANGELOG = "CHANGELOG.md"
DEFINITIONS = ("segments/", "traits/")  # what another room reads
_PLAIN_PATH = re.compile(r"([a-z]{1,20}/)?[A-Za-z0-9_-]{1,63}\.[a-z]{1,8}")
_IN_FOLDER = re.compile(r"(rules|cases|segments|traits)/[A-Za-z0-9_-]+\.yaml")

M = TypeVar("M", bound=models.Model)

# Our words for pydantic's kinds of error: its own may quote the value.
_WORDS = {
    "missing": "this key is missing: add it",
    "extra_forbidden": "unknown key: remove it or correct its spelling",
    "string_type": "a text is expected: put it in quotes",
    "string_pattern_mismatch": "this text has not the form that the schema asks for",
    "int_type": "a whole number is expected",
    "bool_type": "true or false is expected",
    "list_type": "a list is expected",
    "dict_type": "a mapping is expected",
    "model_type": "a mapping is expected",
    "too_short": "at least one entry more is needed",
    "union_tag_invalid": "no such kind: see policies/pack.schema.json for those that exist",
    "union_tag_not_found": "this key is missing: kind",
    "timezone_aware": "an instant needs its offset, for example 2026-01-01T00:00:00Z",
}


def load_pack(files: Mapping[str, str]) -> Pack:
    """Load a pack from its texts by path relative to the pack's folder.

    Raises ``PackError`` with every problem found, each with file, line, key path and remedy: unknown files and keys,
    duplicate keys and ids, names that resolve to nothing, shapes that the schema does not know. The same texts again
    give the same ``Pack``, which nothing changes.
    """
    return _load(tuple(sorted(files.items())))


@lru_cache(maxsize=4)  # a start asks several times for the version in force, and parsing is most of what it does
def _load(texts: tuple[tuple[str, str], ...]) -> Pack:
    files = dict(texts)
    _check_paths(files)
    parsed = _parse({path: read_document(path, text) for path, text in sorted(files.items()) if _is_read(path)})
    problems = tuple(problems_of(parsed))
    if problems:
        raise PackError.of(problems)
    return _assemble(parsed, files)


def digest_of(files: Mapping[str, str]) -> str:
    """Return the sha256 hex over all files: by path, each with its own digest, so that no two packs share one."""
    total = hashlib.sha256(b"segmentation-gateway policy pack v1\n")
    for path, text in sorted(files.items()):
        total.update(f"{hashlib.sha256(text.encode()).hexdigest()} {path}\n".encode())
    return total.hexdigest()


def _is_read(path: str) -> bool:
    return path != CHANGELOG and not path.startswith(DEFINITIONS)


def _check_paths(files: Mapping[str, str]) -> None:
    problems = [f"{name}: this file is missing: add it" for name in (*REQUIRED, CHANGELOG) if name not in files]
    problems += [
        f"{_named(path)}: a pack has no such file: remove it or correct its name"
        for path in files
        if path not in REQUIRED and path != CHANGELOG and not _IN_FOLDER.fullmatch(path)
    ]
    problems += [
        f"{_named(path)}: not UTF-8: save the file as UTF-8" for path, text in files.items() if not _encodable(text)
    ]
    if len(files) > MAX_FILES:
        problems.append(f"a pack has at most {MAX_FILES} files")
    if problems:
        raise PackError.of(problems)


def _named(path: str) -> str:
    """Return a path as it may be shown: a name of any other form is not repeated."""
    return path if _PLAIN_PATH.fullmatch(path) else "a file whose name is not that of a pack's file"


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parse(documents: Mapping[str, Document]) -> Parsed:
    shapes = {path: REQUIRED.get(path) or FOLDERS[path.split("/", 1)[0]] for path in documents}
    problems = [line for path, document in documents.items() for line in _shape_problems(document, shapes[path])]
    if problems:
        raise PackError.of(problems)
    return Parsed(
        documents,
        pack=_shaped(documents["pack.yaml"], models.PackFile),
        purposes=_shaped(documents["purposes.yaml"], models.PurposesFile),
        fields=_shaped(documents["fields.yaml"], models.FieldsFile),
        recipients=_shaped(documents["recipients.yaml"], models.RecipientsFile),
        retention=_shaped(documents["retention.yaml"], models.RetentionFile),
        sources=_shaped(documents["sources.yaml"], source_models.SourcesFile),
        rules={path: _shaped(item, RulesFile) for path, item in documents.items() if path.startswith("rules/")},
        cases={path: _shaped(item, CasesFile) for path, item in documents.items() if path.startswith("cases/")},
    )


def _shaped(document: Document, shape: type[M]) -> M:
    # Through JSON, because strict validation takes dates and enums from JSON texts only.
    return shape.model_validate_json(json.dumps(document.data))


def _shape_problems(document: Document, shape: type[models.Model]) -> list[str]:
    try:
        _shaped(document, shape)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        return [document.problem(_place(document, detail), _words(detail)) for detail in details]
    return []


def _place(document: Document, detail: ErrorDetails) -> KeyPath:
    """Return where the error is, without the tags that pydantic puts between the keys."""
    place: KeyPath = ()
    for key in detail["loc"]:
        if (*place, key) in document.lines:
            place = (*place, key)
    return (*place, detail["loc"][-1]) if detail["type"] == "missing" else place


def _words(detail: ErrorDetails) -> str:
    kind = detail["type"]
    if kind in {"enum", "literal_error", "greater_than_equal", "less_than_equal"}:
        return detail["msg"].replace("Input", "this value")  # lists what is allowed, never what was given
    return _WORDS.get(kind, "this value has not the form that the schema asks for")


def _assemble(parsed: Parsed, files: Mapping[str, str]) -> Pack:
    catalogue = _catalogue(parsed, digest_of(files))
    fields = tuple(catalogue.fields.values())
    rules = [resolving.rule_of(rule, fields) for file in parsed.rules.values() for rule in file.rules]
    return Pack(
        catalogue=catalogue,
        title=MappingProxyType(dict(parsed.pack.title)),
        languages=tuple(parsed.pack.languages),
        effective_from=parsed.pack.effective_from,
        supersedes=parsed.pack.supersedes,
        rules=tuple(sorted(rules, key=lambda rule: rule.id)),
        cases=tuple(
            resolving.case_of(case, path, file.at) for path, file in parsed.cases.items() for case in file.cases
        ),
        segments=MappingProxyType({path: text for path, text in files.items() if path.startswith(DEFINITIONS)}),
        changelog=files[CHANGELOG],
    )


def _catalogue(parsed: Parsed, digest: str) -> Catalogue:
    return Catalogue(
        pack=parsed.pack.id,
        version=parsed.pack.version,
        digest=digest,
        controller=Controller(**parsed.pack.controller.model_dump()),
        purposes=MappingProxyType({item.id: item for item in map(resolving.purpose_of, parsed.purposes.purposes)}),
        fields=MappingProxyType({item.id: item for item in map(resolving.field_of, parsed.fields.fields)}),
        sources=MappingProxyType({item.id: item for item in map(resolving.source_of, parsed.sources.sources)}),
        recipients=MappingProxyType(
            {item.id: item for item in map(resolving.recipient_of, parsed.recipients.recipients)}
        ),
        retention=resolving.retention_of(parsed.retention.retention),
        signals=resolving.signals_of(parsed.pack.signals),
    )
