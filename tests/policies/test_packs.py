"""Every pack in policies/ is sound, is what its schema says, and shows each of its rules at work."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from gateway.policy import check, decide, load_pack
from gateway.policy.explaining import explain, reason_data
from gateway.policy.pack import Rule
from gateway.policy.schema import schema
from gateway.vocabulary.decisions import Deny
from gateway.vocabulary.languages import LANGUAGES
from tests.rooms.policy.packs import POLICIES, texts, with_rules

PACKS = sorted(path.parent for path in POLICIES.glob("*/pack.yaml"))
RULES = [(folder, rule) for folder in PACKS for rule in load_pack(texts(folder)).rules]


def test_there_is_a_baseline() -> None:
    assert "baseline" in {folder.name for folder in PACKS}


@pytest.mark.parametrize("folder", PACKS, ids=lambda folder: folder.name)
def test_every_case_of_a_pack_holds_and_every_rule_has_its_cases(folder: Path) -> None:
    assert [result for result in check(load_pack(texts(folder))) if not result.passed] == []


@pytest.mark.parametrize(("folder", "rule"), RULES, ids=[f"{folder.name}-{rule.id}" for folder, rule in RULES])
def test_without_the_rule_a_case_would_fail(folder: Path, rule: Rule) -> None:
    pack = load_pack(texts(folder))
    without = with_rules(pack, [other for other in pack.rules if other.id != rule.id])
    assert any(not result.passed for result in check(without))


@pytest.mark.parametrize("folder", PACKS, ids=lambda folder: folder.name)
def test_every_answer_of_a_case_is_told_in_every_language_and_never_falls_back(folder: Path) -> None:
    pack = load_pack(texts(folder))
    rules = {rule.id: rule for rule in pack.rules}
    for case in pack.cases:
        answer = decide(case.request, pack)
        told = {language: explain(answer, pack, language) for language in LANGUAGES}
        assert len({len(lines) for lines in told.values()}) == 1
        assert all(len(set(lines)) == len(LANGUAGES) for lines in zip(*told.values(), strict=True)), case.id
        used = [] if isinstance(answer, Deny) else [rules[name].rationale for name in answer.rules]
        for reason in answer.reasons if isinstance(answer, Deny) else answer.withheld:
            assert reason_data(reason)["remedy"] == dict(reason.remedy or {})
            assert (reason.rationale is None) == (reason.rule is None)
            used += [words for words in (reason.rationale, reason.remedy) if words is not None]
        for words in used:
            assert set(words) == set(LANGUAGES)
            assert len(set(words.values())) == len(LANGUAGES), case.id
            for language in LANGUAGES:
                assert any(words[language].rstrip(".") in line for line in told[language]), case.id


def test_the_published_schema_is_the_generated_one() -> None:
    published = (POLICIES / "pack.schema.json").read_text(encoding="utf-8")
    expected = json.dumps(schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert published == expected, "run python -m gateway.policy.schema > policies/pack.schema.json"
    jsonschema.Draft202012Validator.check_schema(schema())


def parsed(folder: Path) -> dict[str, object]:
    """Return a pack's files as an editor reads them: dates stay text."""
    return {
        path: text if path.endswith(".md") else yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes texts only
        for path, text in texts(folder).items()
    }


def typed(value: object) -> object:
    """Give BaseLoader's texts back the types that JSON has."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    return int(value) if isinstance(value, str) and value.isdecimal() and value not in {"44", "87"} else value


@pytest.mark.parametrize("folder", PACKS, ids=lambda folder: folder.name)
def test_a_pack_is_valid_by_the_schema(folder: Path) -> None:
    files = {path: item if path.endswith(".md") else typed(item) for path, item in parsed(folder).items()}
    jsonschema.Draft202012Validator(schema()).validate(files)


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("pack.yaml", {"unknown": 1}),
        ("purposes.yaml", {"purposes": []}),
        ("rules/x.yaml", {"rules": [{"id": "x", "kind": "wish"}]}),
        ("notes.txt", "x"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(path: str, change: object) -> None:
    files = {
        name: item if name.endswith(".md") else typed(item) for name, item in parsed(POLICIES / "baseline").items()
    }
    old = files.get(path)
    files[path] = {**old, **change} if isinstance(old, dict) and isinstance(change, dict) else change
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema()).validate(files)


@pytest.mark.parametrize("folder", PACKS, ids=lambda folder: folder.name)
def test_each_file_points_editors_to_its_schema(folder: Path) -> None:
    for path, text in texts(folder).items():
        if path.endswith(".md") or path.startswith(("segments/", "traits/")):
            continue
        first = text.split("\n", 1)[0]
        target, pointer = first.removeprefix("# yaml-language-server: $schema=").split("#/$defs/")
        assert ((folder / path).parent / target).resolve() == POLICIES / "pack.schema.json"
        assert pointer in schema()["$defs"]
