"""A definition as one sentence, for the person whom it concerns; and what it is made of, for an officer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from gateway.segmentation.definition import SegmentDefinition
from gateway.segmentation.evaluation import Explanation, explain

_JOINTS = {"all": " and ", "any": " or "}
_MADE_OF: Mapping[str, tuple[str, str]] = {
    "en": ("segments that it names", "computed traits"),
    "fi": ("sen nimeämät segmentit", "lasketut piirteet"),
    "hu": ("a benne megnevezett szegmensek", "számított jellemzők"),
    "uk": ("названі в ньому сегменти", "обчислювані ознаки"),
}
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


def made_of(definition: SegmentDefinition, language: str = "en") -> list[str]:
    """Return a line for the segments that a definition names and one for the traits, in en, fi, hu or uk."""
    names = zip(_MADE_OF[language], definition.used.values(), strict=True)
    return [f"{what}: {', '.join(ids)}" for what, ids in names if ids]
