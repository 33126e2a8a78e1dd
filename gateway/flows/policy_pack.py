"""Reading a policy pack: its cases, and itself in words."""

from __future__ import annotations

import json
from typing import Any

from gateway.policy import Pack, check, describe
from gateway.policy.cases import CaseResult
from gateway.segmentation import load_segment


def check_pack(pack: Pack) -> tuple[CaseResult, ...]:
    """Run the pack's cases; raises ``InvalidInput`` where a segment's definition cannot be read."""
    for name, text in pack.segments.items():
        load_segment(text, name=name)
    return check(pack)


def describe_pack(pack: Pack) -> tuple[dict[str, Any], str]:
    """Return the pack as plain data, and in words."""
    described = describe(pack)
    return described, json.dumps(described, ensure_ascii=False, indent=2, default=str)
