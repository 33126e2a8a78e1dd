"""Reading packs critically: what is doubtful in one, what differs between two, and why an answer is what it is.

Nothing is read of people here. A segment counts as what it asks for: its purpose, and the fields that
choose its people.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gateway.flows.house import House
from gateway.flows.policy_in_force import load_version
from gateway.flows.policy_pack import load_draft
from gateway.foundation.errors import InvalidInput
from gateway.policy import Pack, decide
from gateway.policy.deciding_again import DecisionChange, compare
from gateway.policy.diff import PackDiff, decision_data, decision_words, diff, diff_data, diff_words
from gateway.policy.explaining import explain
from gateway.policy.findings import Finding, Severity, error, ordered, warning
from gateway.policy.lint import as_data as finding_data
from gateway.policy.lint import lint, overlaps
from gateway.policy.why import Because, Question, because_data, because_words, why
from gateway.segmentation import SegmentDefinition, definition_digest, fields_of
from gateway.segmentation.errors import InvalidSegment
from gateway.segmentation.loading import load_segments, load_traits
from gateway.segmentation.words import made_of
from gateway.versions import VersionState
from gateway.versions.steps import state_of
from gateway.vocabulary.decisions import Action, Deny, Permit, ProcessingRequest
from gateway.vocabulary.names import SegmentId

__all__ = ["Linted", "Pack", "Question", "ReadVersions", "diff_packs", "lint_pack", "why_policy", "why_segment"]


@dataclass(frozen=True, slots=True)
class Linted:
    """What is doubtful about a pack, errors first; as plain data and one line each in words."""

    errors: int
    warnings: int
    findings: list[dict[str, Any]]
    words: list[str]


def lint_pack(files: Mapping[str, str], at: dt.datetime, beside: Iterable[Pack] = ()) -> Linted:
    """Return what is doubtful about a pack: its rules and catalogue, its segments, its period beside other versions.

    Raises ``InvalidInput`` where the pack or a segment cannot be read.
    """
    pack = load_draft(files)
    segments = load_segments(pack.segments)
    doubts = [finding for segment in segments.values() for finding in _segment_doubts(segment, pack, at)]
    doubts += _trait_doubts(pack, segments.values())
    found = ordered([*lint(files, at), *doubts, *overlaps([*beside, pack])])
    errors = sum(finding.severity is Severity.ERROR for finding in found)
    return Linted(errors, len(found) - errors, [finding_data(each) for each in found], [str(each) for each in found])


def _segment_doubts(segment: SegmentDefinition, pack: Pack, at: dt.datetime) -> list[Finding]:
    found = _title_doubts("segments/", segment.id, segment.title, pack)
    try:
        request = _segment_request(segment, pack, max(at, pack.effective_from))
    except InvalidSegment as unfit:
        message = f"the catalogue lacks what it names at {unfit.place}"
        return [*found, error("segment_unreadable", "segments/", segment.id, message,
                              "correct its fields, events and values")]  # fmt: skip
    match decide(request, pack):
        case Deny() as denial:
            reasons = "; ".join(explain(denial, pack, "en"))
            found.append(error("segment_denied", "segments/", segment.id, f"it may not be built: {reasons}",
                               "change the segment, or permit what it asks for"))  # fmt: skip
        case Permit():
            found += _goes_nowhere(segment, request, pack)
    return found


def _goes_nowhere(segment: SegmentDefinition, request: ProcessingRequest, pack: Pack) -> Iterator[Finding]:
    """Doubt a segment that recipients of its purpose could get, were it not for the fields that choose its members."""
    chosen_by = request.fields or frozenset()
    asked = [
        replace(request, action=Action.RELEASE, recipient=contract.id, fields=frozenset(contract.fields))
        for contract in pack.catalogue.recipients.values()
    ]
    might = [each for each in asked if isinstance(decide(each, pack), Permit)]
    if might and not any(isinstance(decide(replace(each, chosen_by=chosen_by), pack), Permit) for each in might):
        yield warning("segment_goes_nowhere", "segments/", segment.id,
                      "no recipient may learn something of the fields that choose its members",
                      "choose by other fields, or ask why: `gateway policy why --segment`")  # fmt: skip


def _trait_doubts(pack: Pack, segments: Iterable[SegmentDefinition]) -> list[Finding]:
    used = {trait for segment in segments for trait in segment.used["traits"]}
    found: list[Finding] = []
    for name, trait in load_traits(pack.segments).items():
        found += _title_doubts("traits/", name, trait.title, pack)
        if name not in used:
            found.append(warning("trait_unused", "traits/", name, "no segment uses it",
                                 "use it in a segment, or remove it"))  # fmt: skip
    return found


def _title_doubts(folder: str, name: str, title: Mapping[str, str], pack: Pack) -> list[Finding]:
    missing = sorted(set(pack.languages) - set(title))
    if not missing:
        return []
    remedy = "add one in each language of the pack"
    return [warning("title_missing", folder, name, f"no title in {', '.join(missing)}", remedy)]


def _segment_request(segment: SegmentDefinition, pack: Pack, at: dt.datetime) -> ProcessingRequest:
    return ProcessingRequest(Action.SEGMENT, segment.purpose, at, fields=fields_of(segment, pack.catalogue))


def diff_packs(old: Pack, new: Pack, at: dt.datetime) -> tuple[dict[str, Any], list[str]]:
    """Return how two packs differ, segments included, as plain data and in words."""
    found = diff(old, new, at)
    segments = _segments_again(old, new, found)
    told = [{"segment": name, **decision_data(change)} for name, change in segments]
    redefined = _redefined(old, new)
    words = [f"  segment {name}: other conditions, made of {', '.join(uses)}" for name, uses in redefined]
    words += [f"segment {name}: {line.strip()}" for name, change in segments for line in decision_words(change)]
    widens = found.widens or any(change.widens for _, change in segments)
    same = not found.entries and not found.answers.changes
    lines = [*([] if same and words else diff_words(found)), *words]
    named = [{"segment": name, "uses": list(uses)} for name, uses in redefined]
    return {**diff_data(found), "widens": widens, "segments": told, "redefined": named}, lines


def _redefined(old: Pack, new: Pack) -> list[tuple[SegmentId, tuple[str, ...]]]:
    """Return the segments that now have other conditions by what they name in other files, and those names."""
    before, after = load_segments(old.segments), load_segments(new.segments)
    found = []
    for name in sorted(before.keys() & after.keys()):
        was, will = before[name], after[name].model_copy(update={"title": before[name].title})
        named = dict.fromkeys(map(str, (*was.uses, *will.uses)))
        if named and definition_digest(was) != definition_digest(will):
            found.append((name, tuple(named)))
    return found


def _segments_again(old: Pack, new: Pack, found: PackDiff) -> list[tuple[str, DecisionChange]]:
    """Ask both packs what each segment asks for; one whose fields a pack does not know is denied by it."""
    before, after = load_segments(old.segments), load_segments(new.segments)
    changes: list[tuple[str, DecisionChange]] = []
    for name in sorted(before.keys() | after.keys()):
        request = _understood(name, (after, new), (before, old), at=found.at)
        change = compare(request, old, new) if request else None
        if change:
            changes.append((str(name), change))
    return changes


def _understood(
    name: SegmentId, *versions: tuple[Mapping[SegmentId, SegmentDefinition], Pack], at: dt.datetime
) -> ProcessingRequest | None:
    """Return what a segment asks for by the first version that has it and knows its fields."""
    for definitions, pack in versions:
        if name in definitions:
            try:
                return _segment_request(definitions[name], pack, at)
            except InvalidSegment:
                continue
    return None


def why_policy(
    question: Question, pack: Pack, at: dt.datetime, language: str
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return each decision that a question may mean as plain data, and in words of the language."""
    return _told(why(question, pack, at), pack, language)


def why_segment(
    segment: SegmentId, pack: Pack, at: dt.datetime, language: str
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return whether a segment may be built and may go to each recipient of its purpose, as data and in words.

    What a recipient has received before is not counted here: a release asks policy again with it. Raises
    ``InvalidInput`` for a segment that the pack does not have, or whose fields it does not know.
    """
    definition = load_segments(pack.segments).get(segment)
    if definition is None:
        raise InvalidInput("the pack has no segment of that id: `gateway segments list` shows them")
    request = _segment_request(definition, pack, at)
    releases = [
        ProcessingRequest(
            Action.RELEASE,
            definition.purpose,
            at,
            fields=frozenset(recipient.fields),
            recipient=recipient.id,
            chosen_by=request.fields or frozenset(),
        )
        for _, recipient in sorted(pack.catalogue.recipients.items())
        if definition.purpose in recipient.purposes
    ]
    told, words = _told([Because(one, decide(one, pack)) for one in (request, *releases)], pack, language)
    told[0]["uses"] = definition.used
    return told, [*words, *made_of(definition, language)]


def _told(answers: Iterable[Because], pack: Pack, language: str) -> tuple[list[dict[str, Any]], list[str]]:
    told = list(answers)
    words = [line for each in told for line in because_words(each, pack, language)]
    return [because_data(each, pack, language) for each in told], words


@dataclass(frozen=True)
class ReadVersions:
    """Read the registry's versions as packs, and the pack in force."""

    house: House

    def pack(self, version: str | None = None) -> Pack:
        """Return a version as it was drafted; without a number the pack in force, with what officers decided since.

        Raises ``NotFound``, ``IntegrityFailure`` for other texts than were drafted.
        """
        return self.house.pack if version is None else load_version(self.house.versions, version)

    def lint(self, version: str) -> Linted:
        """Return what is doubtful about a version now, also beside those before it that are or may come in force.

        Raises as ``pack`` does.
        """
        self.pack(version)
        return lint_pack(self.house.versions.files(version), self.house.clock.now(), self._beside(version))

    def _beside(self, version: str) -> list[Pack]:
        versions, now = self.house.versions, self.house.versions.not_before(self.house.clock.now())
        steps, over = versions.steps(), {VersionState.SUPERSEDED, VersionState.WITHDRAWN}
        earlier = itertools.takewhile(lambda number: number != version, (each.version for each in versions.all()))
        return [self.pack(number) for number in earlier if state_of(number, steps, now) not in over]

    def diff(self, version: str, against: str | None = None) -> tuple[dict[str, Any], list[str]]:
        """Return how a version differs from another, both as drafted; from the one in force where none is named.

        Raises as ``pack`` does.
        """
        old = self.house.policy.base if against is None else self.pack(against)
        return diff_packs(old, self.pack(version), self.house.clock.now())

    def why(self, question: Question | SegmentId, language: str) -> tuple[list[dict[str, Any]], list[str]]:
        """Return what the pack in force says of a question or of a segment; raises as ``why_segment`` does."""
        pack, at = self.pack(), self.house.clock.now()
        match question:
            case Question():
                return why_policy(question, pack, at, language)
            case _:
                return why_segment(question, pack, at, language)
