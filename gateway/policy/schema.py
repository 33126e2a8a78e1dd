"""The JSON Schema of a pack, for editors and for whoever writes one. ``python -m gateway.policy.schema`` prints it."""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic.json_schema import models_json_schema

from gateway.policy.loading import CHANGELOG, DEFINITIONS, FOLDERS, REQUIRED


def schema() -> dict[str, Any]:
    """Return one JSON Schema (2020-12) of a whole pack: an object from path to the parsed file.

    ``$defs`` has one schema per kind of file (``PackFile``, ``PurposesFile``, …), to which a YAML file may point its
    editor. Markdown is prose; segments and traits have a schema of their own (``policies/segment.schema.json``).
    """
    shapes = [*REQUIRED.values(), *FOLDERS.values()]
    _, definitions = models_json_schema([(shape, "validation") for shape in shapes])
    files = {path: {"$ref": f"#/$defs/{shape.__name__}"} for path, shape in REQUIRED.items()}
    folders = {rf"^{name}/[A-Za-z0-9_-]+\.yaml$": {"$ref": f"#/$defs/{s.__name__}"} for name, s in FOLDERS.items()}
    elsewhere = {rf"^{folder}[A-Za-z0-9_-]+\.yaml$": True for folder in DEFINITIONS}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A policy pack of the Segmentation Gateway",
        "type": "object",
        "properties": {**files, CHANGELOG: {"type": "string"}},
        "patternProperties": {**folders, **elsewhere},
        "required": [*REQUIRED, CHANGELOG],
        "additionalProperties": False,
        "$defs": definitions["$defs"],
    }


def main() -> None:
    """Print the schema."""
    json.dump(schema(), sys.stdout, indent=2, sort_keys=True, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
