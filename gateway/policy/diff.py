"""Two packs side by side: what their files say differently, and which decisions differ because of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from gateway.policy.comparing import EntryChange, entry_changes
from gateway.policy.deciding_again import Answers, DecisionChange, Difference, decision_changes
from gateway.policy.pack import Pack
from gateway.vocabulary.decisions import ProcessingRequest

_CHANGES = {
    "permit_to_deny": "is denied from now on",
    "deny_to_permit": "is permitted from now on",
    "permit_changed": "is permitted otherwise",
}


@dataclass(frozen=True, slots=True)
class PackDiff:
    """How one version of a pack differs from another, and what its answers do at the instant ``at``."""

    old: str  # pack@version:digest
    new: str
    at: dt.datetime
    entries: tuple[EntryChange, ...]
    answers: Answers

    @property
    def widens(self) -> bool:
        """Whether anything may be done after it that was not before; what was not compared counts as such."""
        decisions = any(change.widens for change in self.answers.changes)
        return decisions or not self.answers.complete or any(change.widens for change in self.entries)


def diff(old: Pack, new: Pack, at: dt.datetime) -> PackDiff:
    """Compare two packs; decisions are taken at ``at``, or when the later of the two begins where that is later still.

    Decisions are those on each action, purpose, source and recipient that a contract allows: on all fields, on each
    field alone, and on each combination that must not come together, given or chosen by, for a recipient who has
    received nothing before.
    """
    instant = max(at, old.effective_from, new.effective_from)
    answers = decision_changes(old, new, instant)
    return PackDiff(old.label, new.label, instant, entry_changes(old, new), answers)


def diff_data(found: PackDiff) -> dict[str, Any]:
    """Return a comparison as plain data."""
    return {
        "old": found.old,
        "new": found.new,
        "at": found.at.isoformat(),
        "widens": found.widens,
        "entries": [_entry(change) for change in found.entries],
        "decisions": [decision_data(change) for change in found.answers.changes],
        "requests_compared": found.answers.asked,
        "complete": found.answers.complete,
    }


def diff_words(found: PackDiff) -> list[str]:
    """Return a comparison in words, one line a change; ``!`` stands before what widens."""
    lines = [line for change in found.entries for line in _entry_words(change)]
    lines += [line for change in found.answers.changes for line in decision_words(change)]
    if not found.answers.complete:
        lines.append(f"! not complete: {found.answers.asked} requests were compared; compare smaller packs")
    if not lines and found.old != found.new:
        lines.append("  only words that decide nothing differ")
    return lines or ["  the two are the same"]


def decision_data(change: DecisionChange) -> dict[str, Any]:
    """Return a changed decision as plain data."""
    return {
        **request_data(change.request),
        "change": change.change,
        "widens": change.widens,
        "columns_gained": [each.name for each in change.differences if each.what == "column gained"],
        "columns_lost": [each.name for each in change.differences if each.what == "column lost"],
        "differences": [_difference(each) for each in change.differences],
        "reasons": list(change.reasons),
    }


def request_data(request: ProcessingRequest) -> dict[str, Any]:
    """Return what a request asks as plain data; ``fields`` is None for all that the purpose permits."""
    return {
        "action": request.action.value,
        "purpose": request.purpose,
        "source": request.source,
        "recipient": request.recipient,
        "fields": None if request.fields is None else sorted(request.fields),
        "chosen_by": sorted(request.chosen_by),
    }


def request_words(request: ProcessingRequest) -> str:
    """Return what a request asks in a few words."""
    words = [request.action.value]
    if request.fields is None:
        words.append("all that may be opened")
    else:
        words.append(", ".join(f"`{field}`" for field in sorted(request.fields)) or "membership alone")
    words.append(f"for {request.purpose}")
    words += [f"from {request.source}"] if request.source else []
    words += [f"to {request.recipient}"] if request.recipient else []
    words += (
        [f"chosen by {', '.join(f'`{field}`' for field in sorted(request.chosen_by))}"] if request.chosen_by else []
    )
    return " ".join(words)


def decision_words(change: DecisionChange) -> list[str]:
    """Return a changed decision in words."""
    why = f" ({'; '.join(change.reasons)})" if change.change == "permit_to_deny" else ""
    head = f"{_mark(change.widens)} {request_words(change.request)}: {_CHANGES[change.change]}{why}"
    return [head, *(f"{_mark(each.widens)}   {_difference_words(each)}" for each in change.differences)]


def _mark(widens: bool) -> str:  # noqa: FBT001 - a mark is one of two
    return "!" if widens else " "


def _entry(change: EntryChange) -> dict[str, Any]:
    keys = [{"key": key.key, "old": key.old, "new": key.new, "widens": key.widens} for key in change.keys]
    return {"section": change.section, "id": change.id, "change": change.change, "widens": change.widens, "keys": keys}


def _entry_words(change: EntryChange) -> list[str]:
    head = f"{_mark(change.widens)} {change.section}: {change.id} {change.change}"
    told = [key for key in change.keys if key.old is not None or key.new is not None]
    return [head, *(f"{_mark(key.widens)}   {key.key}: {key.old} → {key.new}" for key in told)]


def _difference(each: Difference) -> dict[str, Any]:
    return {"what": each.what, "name": each.name or None, "old": each.old, "new": each.new, "widens": each.widens}


def _difference_words(each: Difference) -> str:
    if each.what.startswith("column"):
        return f"{each.what}: {each.name}"
    name = f" of {each.name}" if each.name else ""
    return f"{each.what}{name}: {each.old} → {each.new}"
