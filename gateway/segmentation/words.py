"""A definition as one sentence, for the person whom it concerns."""

from __future__ import annotations

import datetime as dt

from gateway.segmentation.definition import SegmentDefinition
from gateway.segmentation.evaluation import Explanation, explain

_JOINTS = {"all": " and ", "any": " or "}
_EPOCH = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)


def plain_rule(definition: SegmentDefinition) -> str:
    """Return the conditions in the definition's own words, joined by *and*, *or* and *not*."""
    return _said(explain(definition, {}, (), _EPOCH))  # only the conditions are read, not whether they hold


def _said(node: Explanation) -> str:
    if not node.parts:
        return node.condition
    if node.condition == "not":
        return f"not ({_said(node.parts[0])})"
    return "(" + _JOINTS[node.condition].join(_said(part) for part in node.parts) + ")"
