"""The JSON Schema of segments and traits, for editors. ``python -m gateway.segmentation.schema`` prints it."""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic.json_schema import models_json_schema

from gateway.segmentation.definition import Event, SegmentDefinition
from gateway.segmentation.written import LatestTrait, MeasuredTrait, SegmentReference, Trait

_REFERENCES = (SegmentReference, MeasuredTrait, LatestTrait)


def schema() -> dict[str, Any]:
    """Return one JSON Schema (2020-12); ``$defs`` has ``SegmentDefinition`` for segments and ``Trait`` for traits.

    It says what a file may hold, references included. Whether a name leads anywhere, and how deep and large a tree may
    be, is said when the pack is read.
    """
    models = (SegmentDefinition, Trait, *_REFERENCES)
    _, made = models_json_schema([(model, "validation") for model in models])
    _let_refer(made)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Segments and computed traits of a policy pack of the Segmentation Gateway",
        "$defs": made["$defs"],
    }


def _let_refer(part: Any) -> None:
    """Let a reference stand wherever a condition about events may."""
    if isinstance(part, list):
        for item in part:
            _let_refer(item)
    elif isinstance(part, dict):
        if _ref(Event) in part.get("oneOf", ()):
            part["oneOf"] += [_ref(model) for model in _REFERENCES]
        for item in part.values():
            _let_refer(item)


def _ref(model: type[Any]) -> dict[str, str]:
    return {"$ref": f"#/$defs/{model.__name__}"}


def main() -> None:
    """Print the schema."""
    json.dump(schema(), sys.stdout, indent=2, sort_keys=True, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
