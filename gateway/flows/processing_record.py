"""The record of processing activities (Art. 30) and the data sheets of impact assessments (Art. 35), at this moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.accountability.activities import processing_activities
from gateway.accountability.dpia import dpia_sheet
from gateway.accountability.dpia_forms import dpia_csv, dpia_markdown
from gateway.accountability.facts import (
    Configuration,
    Facts,
    LastRelease,
    RuleInForce,
    SegmentInForce,
    VersionInForce,
)
from gateway.accountability.record_forms import record_csv, record_markdown
from gateway.flows.house import House
from gateway.policy import Pack, decide
from gateway.policy.lint_rules import kinds_of
from gateway.policy.pack import Rule
from gateway.release.sizes import FLOOR, rounded
from gateway.segmentation import SegmentDefinition, fields_of
from gateway.segmentation.loading import load_segments
from gateway.store.arrivals import count_permitting, last_batches
from gateway.versions.steps import schedule
from gateway.vocabulary.decisions import Action, Decision, Deny, Permit, ProcessingRequest
from gateway.vocabulary.languages import LANGUAGES
from gateway.vocabulary.names import PurposeId, SegmentId

__all__ = ["LANGUAGES", "ProcessingRecord", "configuration_of", "dpia_text", "record_text"]

Text = Callable[[Mapping[str, Any]], str]
_RECORD: Mapping[str, Text] = {"markdown": record_markdown, "csv": record_csv}
_SHEET: Mapping[str, Text] = {"markdown": dpia_markdown, "csv": dpia_csv}


def record_text(record: Mapping[str, Any], form: str) -> str:
    """Return a record as ``markdown`` or ``csv``."""
    return _RECORD[form](record)


def dpia_text(sheet: Mapping[str, Any], form: str) -> str:
    """Return a data sheet as ``markdown`` or ``csv``."""
    return _SHEET[form](sheet)


@dataclass(frozen=True)
class ProcessingRecord:
    """Put together what the policy in force answers and what the stores say; counts are protected, nothing changes."""

    house: House
    audit_retention_days: int

    def record(self, language: str = "en") -> dict[str, Any]:
        """Return the record of processing activities in a language of the house."""
        at = self.house.clock.now()
        configuration = configuration_of(self.house.pack, at)
        return processing_activities(configuration, self._facts(configuration, at), language)

    def dpia(self, purpose: PurposeId, language: str = "en") -> dict[str, Any]:
        """Return the data sheet of a purpose; raises ``NotFound`` for an unknown one."""
        at = self.house.clock.now()
        configuration = configuration_of(self.house.pack, at)
        return dpia_sheet(configuration, self._facts(configuration, at), purpose, language)

    def _facts(self, configuration: Configuration, at: dt.datetime) -> Facts:
        purposes = self.house.catalogue.purposes.values()
        people, permitting = count_permitting(self.house.store, [purpose.bit for purpose in purposes], at)
        minimum = _minimum_sizes(configuration.decisions)
        return Facts(
            at=at,
            audit_retention_days=self.audit_retention_days,
            people=rounded(people, max(minimum.values(), default=FLOOR)),
            people_for={p.id: rounded(permitting[p.bit], minimum.get(p.id, FLOOR)) for p in purposes},
            versions=self._versions(),
            batches=last_batches(self.house.store),
            releases={
                key: LastRelease(last.at, last.segment, rounded(last.size, minimum.get(key[1], FLOOR)))
                for key, last in self.house.disclosures.newest().items()
            },
            segments=tuple(self._segments(minimum, at)),
        )

    def _versions(self) -> tuple[VersionInForce, ...]:
        """Return the versions that were, are or will be in force, oldest first."""
        labels = {version.version: version.label for version in self.house.versions.all()}
        return tuple(VersionInForce(labels[s.version], s.starts) for s in schedule(self.house.versions.steps()))

    def _segments(self, minimum: Mapping[PurposeId, int], at: dt.datetime) -> Iterator[SegmentInForce]:
        for name, definition in load_segments(self.house.pack.segments).items():
            snapshot = self.house.store.latest_snapshot(name)
            floor = minimum.get(definition.purpose, FLOOR)
            yield SegmentInForce(
                id=SegmentId(name),
                title=definition.title,
                purpose=definition.purpose,
                fields=tuple(sorted(fields_of(definition, self.house.catalogue))),
                refusals=self._refusals(definition, at),
                size=rounded(snapshot.size, floor) if snapshot else None,
                taken_at=snapshot.taken_at if snapshot else None,
            )

    def _refusals(self, definition: SegmentDefinition, at: dt.datetime) -> tuple[str, ...]:
        fields = fields_of(definition, self.house.catalogue)
        match decide(ProcessingRequest(Action.SEGMENT, definition.purpose, at, fields=fields), self.house.pack):
            case Deny(reasons=reasons):
                return tuple(sorted({str(reason.rule or reason.code) for reason in reasons}))
            case Permit():
                return ()


def configuration_of(pack: Pack, at: dt.datetime) -> Configuration:
    """Return a pack's answer at an instant to each kind of request that its contracts allow."""
    requests = (
        ProcessingRequest(kind.action, kind.purpose, at, source=kind.source, recipient=kind.recipient)
        for kind in kinds_of(pack.catalogue)
    )
    rules = tuple(map(_rule, pack.rules))
    return Configuration(pack.catalogue, tuple(decide(request, pack) for request in requests), rules)


def _rule(rule: Rule) -> RuleInForce:
    together = tuple(sorted(rule.fields)) if rule.together and rule.fields else ()
    return RuleInForce(
        rule.id, rule.kind.value, rule.article, rule.rationale, rule.when.purposes, together, rule.minimum_size
    )


def _minimum_sizes(decisions: tuple[Decision, ...]) -> dict[PurposeId, int]:
    """Return the size that a segment of each purpose needs; a count under it is not told."""
    found: dict[PurposeId, int] = {}
    for decision in decisions:
        if isinstance(decision, Permit) and decision.request.action is Action.SEGMENT:
            found[decision.request.purpose] = decision.minimum_size
    return found
