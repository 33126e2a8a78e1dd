"""A simulation as plain data, and in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from gateway.flows.recalls import Recall
from gateway.flows.simulate_policy import Count, SegmentEffect, SegmentImpact, Simulation
from gateway.policy.diff import diff_data, diff_words
from gateway.policy.explaining import reason_data
from gateway.store.forms import Told

_REFUSED = {
    SegmentEffect.REFUSED: "refused from then on",
    SegmentEffect.STILL_REFUSED: "refused now and then",
    SegmentEffect.NEW_REFUSED: "new, and refused",
}
_TOLD = {
    Told.ALL: "what is stored is shown in it at once",
    Told.SOME: "of what is stored some cannot be told in it, and is not shown until it comes again",
    Told.NONE: "what is stored cannot be told in it, and is not shown until it comes again",
}


def simulation_data(found: Simulation) -> Mapping[str, Any]:
    """Return a simulation as plain data."""
    return {
        "difference": diff_data(found.difference),
        "at": found.at.isoformat(),
        "digest": found.digest,
        "people": asdict(found.people),
        "purposes": [asdict(each) for each in found.purposes],
        "columns": [asdict(each) for each in found.columns],
        "segments": [asdict(each) for each in found.segments],
        "recalls": [_recall(each) for each in found.recalls],
        "undersized": [asdict(each) for each in found.undersized],
        "unused": [asdict(each) for each in found.unused],
        "refused": found.refused,
    }


def simulation_words(found: Simulation) -> Iterator[str]:
    """Yield a simulation in words, line by line."""
    yield f"beside the policy in force, at {found.at.isoformat()}, over {_number(found.people)}:"
    if found.refused is not None:
        yield f"! the draft is refused as it is, and none of this happens: {found.refused}"
    yield from diff_words(found.difference)
    for purpose in found.purposes:
        yield f"  {purpose.purpose}: permission begins for {_number(purpose.gained)}, ends for {_number(purpose.lost)}"
    for column in found.columns:
        yield f"  column `{column.column}`: {column.now} now, {column.then} then: {_TOLD[column.told]}"
    for segment in found.segments:
        yield from _segment(segment)
    for recall in found.recalls:
        reasons = "; ".join(map(str, recall.reasons))
        yield f"  recall: {recall.release} of {recall.segment} from {recall.recipient}: {reasons}"
    for release in found.undersized:
        yield f"  undersized: {release.release} at {release.recipient} is under the minimum of {release.minimum}"
    for field in found.unused:
        why = "no rule opens it" if field.why == "no_rule_opens" else "no segment, contract or release uses it"
        yield f"  not needed: `{field.field}` from {', '.join(field.sources)}: {why}"


def _segment(segment: SegmentImpact) -> Iterator[str]:
    name = f"  segment {segment.segment}"
    if segment.effect is SegmentEffect.UNTOUCHED:
        yield f"{name}: nobody enters or leaves"
    elif segment.effect in _REFUSED:
        yield f"{name}: {_REFUSED[segment.effect]}: {' | '.join(segment.reasons)}"
    else:
        moves = f"{_number(segment.entered)} enter, {_number(segment.left)} leave"
        yield f"{name}: {segment.effect}: {_number(segment.now)} now, {_number(segment.then)} then; {moves}"
    if segment.falls_under_minimum:
        yield f"    falls under the minimum of {segment.then.minimum}: it could not be released"


def _number(count: Count) -> str:
    return f"about {count.people:,} people" if count.people is not None else f"fewer than {count.minimum} people"


def _recall(found: Recall) -> dict[str, Any]:
    return {
        "release": found.release,
        "segment": found.segment,
        "recipient": found.recipient,
        "purpose": found.purpose,
        "at": found.at.isoformat(),
        "reasons": [reason_data(reason) for reason in found.reasons],
    }
