"""The schema that editors get for segments and traits says what the loader says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from gateway.segmentation.errors import InvalidSegment
from gateway.segmentation.loading import load_segments
from gateway.segmentation.schema import schema

POLICIES = Path(__file__).parents[2] / "policies"
FILES = [(path, "SegmentDefinition") for path in sorted(POLICIES.glob("*/segments/*.yaml"))] + [
    (path, "Trait") for path in sorted(POLICIES.glob("*/traits/*.yaml"))
]
HEAD = {"id": "one", "purpose": "direct_marketing", "title": {"en": "One"}}


def checked(kind: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**schema(), "$ref": f"#/$defs/{kind}"})


def test_the_published_schema_is_the_generated_one() -> None:
    published = (POLICIES / "segment.schema.json").read_text(encoding="utf-8")
    expected = json.dumps(schema(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    assert published == expected, "run python -m gateway.segmentation.schema > policies/segment.schema.json"
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize(("path", "kind"), FILES, ids=lambda part: getattr(part, "stem", part))
def test_each_file_fits_the_schema_and_points_editors_to_it(path: Path, kind: str) -> None:
    text = path.read_text(encoding="utf-8")
    line = f"# yaml-language-server: $schema=../../segment.schema.json#/$defs/{kind}"
    assert text.split("\n", 1)[0] == line
    checked(kind).validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "where",
    [
        {"field": "city", "eq": "Oulu"},
        {"all": [{"field": "age_band", "in": ["25-29"]}, {"not": {"field": "city", "exists": True}}]},
        {"event": "purchase", "count": {"gte": 3}, "within": "P30D", "where": {"field": "amount", "gt": 5}},
        {"any": [{"segment": "two"}, {"trait": "spent", "gte": 100}, {"not": {"trait": "last", "before": "P6W"}}]},
    ],
)
def test_what_the_loader_reads_fits(where: dict[str, Any]) -> None:
    definition = {**HEAD, "where": where}
    checked("SegmentDefinition").validate(definition)
    assert load_segments(texts(definition))


@pytest.mark.parametrize(
    "where",
    [
        {"field": "city"},
        {"field": "city", "eq": "Oulu", "neq": "Espoo"},
        {"field": "City", "eq": "Oulu"},
        {"all": []},
        {"trait": "spent"},
        {"trait": "spent", "gte": "3"},
        {"trait": "last", "before": "6 weeks"},
        {"segment": "two", "eq": 1},
        {"event": "purchase", "where": {"segment": "two"}, "count": {"gte": 1}},
    ],
)
def test_what_the_loader_refuses_does_not_fit(where: dict[str, Any]) -> None:
    definition = {**HEAD, "where": where}
    assert not checked("SegmentDefinition").is_valid(definition)
    with pytest.raises(InvalidSegment):
        load_segments(texts(definition))


def texts(definition: dict[str, Any]) -> dict[str, str]:
    two = {**HEAD, "id": "two", "where": {"field": "city", "eq": "Oulu"}}
    spent = {"id": "spent", "title": {"en": "Spent"}, "event": "purchase", "sum": "amount"}
    last = {"id": "last", "title": {"en": "Last"}, "event": "purchase", "last": True}
    files = {"segments/one": definition, "segments/two": two, "traits/spent": spent, "traits/last": last}
    return {f"{name}.yaml": json.dumps(content) for name, content in files.items()}
