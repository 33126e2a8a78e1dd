"""Every key that a pack may have: whoever changes it sees so in ``policy diff``, and in ``policy show``."""

from __future__ import annotations

import copy
import dataclasses
import functools
import typing
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from gateway.policy import Pack, describe, loading, rule_models, source_models
from gateway.policy import models as m
from gateway.policy.comparing import entry_changes
from gateway.policy.documents import Document, KeyPath, read_document
from gateway.policy.linking import problems_of
from gateway.policy.parsed import Parsed
from gateway.policy.schema import schema

from .packs import baseline_texts

WORDS = {"en": "x", "fi": "x", "hu": "x", "uk": "x"}
ABOUT: dict[str, Any] = {"article": "5(1)(c)", "rationale": WORDS}
READING: dict[str, Any] = {"actions": ["segment"], "purposes": ["direct_marketing"]}
CASES = ("cases/further_abroad.yaml", "cases/people_and_times.yaml")
TRIED_EACH = 2  # places of one key; a key means the same wherever it stands

# Values that the baseline has nowhere; what it has somewhere is tried in every place of the same name.
MORE: dict[str, list[Any]] = {
    "id": ["renamed", "re-named"], "supersedes": ["0.9.0"], "languages": [["fi", "en", "hu", "uk"]], "bit": [41],
    "effective_from": ["2026-02-01T00:00:00Z"], "at": ["2026-05-01T00:00:00Z"], "expires": ["2027-06-30"],
    "column": ["another_column"], "legal_entity": ["acme"], "time_format": ["%d.%m.%Y"], "format": ["%d.%m.%Y"],
    "encoding": ["utf-8"], "delimiter": [";"], "quarantine_days": [7], "leave_within_days": [9], "vendor": [755],
    "formats": [["csv"]], "safeguard": ["adequacy_decision"], "country": ["SE"], "region": ["SE"], "source": ["other"],
    "language_column": ["language"], "evidence_column": ["city"], "by_column": ["city"], "valid_until_column": ["city"],
    "by": ["guardian"], "notice": ["webshop-2027-01"], "language": ["fi"], "event": ["visit"], "time": ["paid_at"],
    "form": ["status", "yes_date"], "legal_basis": ["6(1)(b)"], "minimum_age": [15], "explicit_consent": [["health"]],
    "controller": [dict.fromkeys(("name", "contact", "data_protection_officer", "supervisory_authority"), "x")
    | {"country": "SE"}], "notices": [["webshop-2027-01"]],
    "consent": [{"valid_days": 9, "notices": ["x"], "minimum_age": 16}],
    "remedy": [{"en": "x"}], "people": [{"younger_than": 21}], "younger_than": [21], "regions": [["SE"]],
    "without_consents": [["direct_marketing"]], "consents": [["direct_marketing"], ["unused"]],
    "jurisdictions": [["SE"]], "outside_jurisdictions": [["SE"]], "sources": [["webshop_purchases"]],
    "recipients": [["ads"]], "kinds": [["attribute"]], "special": ["any", "health", ["health"]], "ids": [["city"]],
    "reveals": ["any", ["health"]], "when": [READING], "look_back_days": [9], "minimum_size": [300],
    "received": [["gender"]], "chosen_by": [["gender"]], "identifiers": [["email"]],
    "recipient": ["ads"], "rule": ["segment-marketing"],
    "field": ["gender"], "days": [{"city": 9}, 9], "identifier": ["phone"], "finding": ["city"], "never_together":
    [["city", "gender"]], "fields": [[{"ids": ["city"]}], ["city"], ["birth_date"]], "edges": [[1, 2]],
    "rules": [["segment-marketing"], []], "transform": [{"kind": "drop"}, {"kind": "year"}], "type": ["integer"],
    "ignored": ["another reason"], "tcf": [{"purposes": {"direct_marketing": [3]}}], "gpc": [["product_analytics"]],
    "categories": [{"stats": "product_analytics"}, ["user.behavior"]], "actions": [["release"]], "region_column":
    ["city"], "purposes": [["direct_marketing"], {"direct_marketing": [3]}],
    "reasons": [[{"code": "prohibited"}]], "code": ["prohibited"],
    "expect": [{"decision": "permit"}], "kind": ["year"], "withheld": [["city"]],
    "columns": [["city"]], "decision": ["permit"],
}  # fmt: skip
# Cannot be changed alone: told with the key that must change with it, or in the head of every comparison.
WITH_ANOTHER = {("ScopeModel", "mode"), ("SourceModel", "kind"), ("PackFile", "version")}


@functools.cache
def documents() -> dict[str, Document]:
    """Return the baseline's files, with one entry more of each sort that it has nowhere, or that others name."""
    texts = {path: text for path, text in baseline_texts().items() if not path.startswith("cases/") or path in CASES}
    wanted = (*loading.REQUIRED, *(f"{folder}/" for folder in loading.FOLDERS))
    read = {path: read_document(path, text) for path, text in texts.items() if path.startswith(wanted)}
    consent: dict[str, Any] = {"valid_days": 30, "notices": [], "minimum_age": 16}
    read["purposes.yaml"].data["purposes"].append(
        {"id": "unused", "bit": 40, "title": WORDS, "legal_basis": "6(1)(a)", "dpv": "dpv:Marketing", "profiling": True,
         "consent": consent, "explicit_consent": ["health"]}
    )  # fmt: skip
    transforms = [{"kind": "band", "edges": [1, 9]}, {"kind": "round", "step": 9}, {"kind": "top_code", "limit": 9}]
    field = {"title": WORDS, "category": "user.content", "dpv": "pd:Opinion", "kind": "attribute"}
    read["fields.yaml"].data["fields"] += [
        *({"id": f"n{n}", "type": "number", "transform": how, **field} for n, how in enumerate(transforms)),
        {"id": "hashed", "type": "text", "transform": {"kind": "bucket", "buckets": 9}, **field},
    ]
    sources, recipients = read["sources.yaml"].data["sources"], read["recipients.yaml"].data["recipients"]
    sources[0]["columns"]["internal"] = {"ignored": "not needed"}
    sources.append({**copy.deepcopy(sources[0]), "id": "other"})
    recipients.append({**copy.deepcopy(recipients[0]), "id": "other"})
    limits = {
        "sources": ["webshop_customers"],
        "recipients": ["mailer"],
        "jurisdictions": ["FI"],
        "outside_jurisdictions": ["DE"],
    }
    read["rules/permissions.yaml"].data["rules"].append(
        {"id": "more", "kind": "permission", **ABOUT, "when": {**READING, **limits}, "people": {"minimum_age": 18},
         "fields": [{"special": "any", "reveals": "any"}]}
    )  # fmt: skip
    read["rules/prohibitions.yaml"].data["rules"].append(
        {"id": "closing", "kind": "prohibition", **ABOUT, "when": {**READING, **limits},
         "people": {"regions": ["FI"]}, "fields": [{"special": "any"}]}
    )  # fmt: skip
    read["rules/obligations.yaml"].data["rules"].append(
        {"id": "smaller", "kind": "obligation", **ABOUT, "when": {**READING, **limits}, "minimum_size": 9}
    )
    return read


@functools.cache
def old() -> Parsed:
    return loading._parse(documents())


def assembled(parsed: Parsed) -> Pack:
    return loading._assemble(parsed, {loading.CHANGELOG: ""})


def shaped(path: str) -> m.Model:
    return loading._shaped(documents()[path], _shape(path))


def _shape(path: str) -> type[m.Model]:
    return loading.REQUIRED.get(path) or loading.FOLDERS[path.split("/", 1)[0]]


def entries(value: object, where: KeyPath = ()) -> Iterator[tuple[KeyPath, m.Model]]:
    """Yield every model of a file with its place."""
    if isinstance(value, m.Model):
        yield where, value
        for name in type(value).model_fields:
            yield from entries(getattr(value, name), (*where, name))
    elif isinstance(value, dict | list | tuple):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from entries(item, (*where, key))


@functools.cache
def said(name: str) -> list[Any]:
    """Return what the pack says somewhere under a key."""
    found: list[Any] = []

    def look(data: Any) -> None:
        if isinstance(data, dict):
            found.extend([data[name]] if name in data and data[name] not in found else [])
        for item in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
            look(item)

    for document in documents().values():
        look(document.data)
    return found


def others(name: str, value: Any) -> Iterator[Any]:
    """Yield values that might stand in the place of one; ``...`` takes the key away."""
    yield from MORE.get(name, [])
    match value:
        case bool():
            yield not value
        case int():
            yield from (value + 1, value - 1)
        case str():
            yield f"{value}x"
        case dict() if value and all(isinstance(text, str) for text in value.values()):
            yield {key: f"{text}x" for key, text in value.items()}
        case list() if len(value) > 1:
            yield value[:-1]
    yield from said(name)
    yield ...


def put(data: Any, where: KeyPath, name: str, value: Any) -> Any:
    changed = copy.deepcopy(data)
    place = functools.reduce(lambda inner, key: inner[key], where, changed)
    if value is ...:
        place.pop(name, None)
    else:
        place[name] = value
    return changed


def same(before: Any, after: Any) -> bool:
    """Tell whether two values say the same: lists are sets here."""
    if isinstance(before, list) and isinstance(after, list) and all(isinstance(each, str) for each in before + after):
        return set(before) == set(after) and before[:1] == after[:1]
    return bool(before == after)


def loaded(path: str, data: Any) -> Parsed | None:
    """Return the pack with one file changed, where it still loads and the change is one."""
    document = dataclasses.replace(documents()[path], data=data)
    try:
        model = loading._shaped(document, _shape(path))
    except ValidationError:
        return None
    if model == shaped(path):
        return None
    key, folder, changed = path.removesuffix(".yaml"), path.partition("/")[0], {**documents(), path: document}
    part: Any = {folder: {**getattr(old(), folder), path: model}} if "/" in path else {key: model}
    parsed = dataclasses.replace(old(), documents=changed, **part)
    return parsed if not any(problems_of(parsed)) else None


def changes(path: str, where: KeyPath, name: str) -> Iterator[Pack]:
    """Yield the pack with this one key changed, in the first way in which it still loads."""
    data = documents()[path].data
    value = functools.reduce(lambda inner, key: inner[key], where, data).get(name)
    for other in others(name, value):
        parsed = None if same(value, other) else loaded(path, put(data, where, name, other))
        if parsed is not None:
            yield assembled(parsed)
            return


def discriminates(model: type[m.Model], name: str) -> bool:
    """Tell whether a key says only which sort of entry this is: one value is all that it may have."""
    annotation = model.model_fields[name].annotation
    return typing.get_origin(annotation) is typing.Literal and len(typing.get_args(annotation)) == 1


def places() -> Iterator[tuple[str, KeyPath, m.Model, str]]:
    for path in documents():
        for where, model in reversed(list(entries(shaped(path)))):
            for name in type(model).model_fields:
                if not discriminates(type(model), name):
                    yield path, where, model, name


def test_every_key_of_a_pack_shows_where_it_is_changed() -> None:
    before = assembled(old())
    shown, silent = Counter[tuple[str, str]](), set()
    for path, where, model, name in places():
        key = (type(model).__name__, name)
        if shown[key] >= TRIED_EACH or key in WITH_ANOTHER:
            continue
        for after in changes(path, where, name):
            shown[key] += 1
            if not entry_changes(before, after):
                silent.add(("diff", *key))
            if not path.startswith("cases/") and describe(before) == describe(after):
                silent.add(("show", *key))
    assert silent == set()
    known = {**vars(m), **vars(source_models), **vars(rule_models)}
    models = [known[name] for name in schema()["$defs"] if issubclass(known[name], m.Model)]
    wanted = {(each.__name__, key) for each in models for key in each.model_fields if not discriminates(each, key)}
    assert wanted - WITH_ANOTHER - shown.keys() == set(), "no change of these loads: give a value in MORE"
