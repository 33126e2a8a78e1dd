"""Reading a policy pack: from its texts, its cases, and itself in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gateway.detection.categories import stored_identifiers
from gateway.foundation.errors import InvalidInput
from gateway.policy import Pack, check, describe, load_pack
from gateway.policy.cases import CaseResult
from gateway.segmentation.loading import load_segments


def load_draft(files: Mapping[str, str]) -> Pack:
    """Load the texts of a pack with its segments; raises ``InvalidInput`` naming file, line and remedy."""
    pack = load_pack(files)
    if identifying := stored_identifiers(pack.catalogue):
        named = ", ".join(f"`{field}`" for field in identifying)
        raise InvalidInput(
            f"fields.yaml: {named} would be stored and show a direct identifier: correct `finding` or the kind",
            reasons=("identifier_stored",),
        )
    load_segments(pack.segments)  # one that cannot be read is refused here, not in the middle of somebody's request
    return pack


def check_pack(pack: Pack) -> tuple[CaseResult, ...]:
    """Run the pack's cases; raises ``InvalidInput`` where a segment or a trait cannot be read."""
    load_segments(pack.segments)
    return check(pack)


def describe_pack(pack: Pack) -> tuple[dict[str, Any], str]:
    """Return the pack as plain data, and in words."""
    described = describe(pack)
    return described, json.dumps(described, ensure_ascii=False, indent=2, default=str)
