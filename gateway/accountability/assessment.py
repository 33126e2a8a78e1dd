"""What of WP 248's criteria and of usual risks the configuration shows; what it cannot show stays open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from gateway.accountability.assessment_words import CRITERIA, RISKS
from gateway.accountability.facts import Configuration, RuleInForce, withheld
from gateway.accountability.measure_words import MEASURES
from gateway.vocabulary.decisions import Action
from gateway.vocabulary.languages import in_language
from gateway.vocabulary.names import RuleId, SourceId
from gateway.vocabulary.purposes import Purpose

_ADULT: Final = 18
_OLDEST: Final = 90  # no policy asks for more
_TWO: Final = 2
INDICATED, NOT_INDICATED, OPEN = "indicated", "not_indicated", "open"


@dataclass(frozen=True, slots=True)
class Assessed:
    """One purpose, with what the record says of it."""

    configuration: Configuration
    purpose: Purpose
    language: str
    fields: list[dict[str, Any]]
    recipients: list[dict[str, Any]]
    people: int | None
    segments: int

    @property
    def special(self) -> tuple[str, ...]:
        """The special categories that an opened field is or reveals."""
        used = [each for each in self.fields if each["stored"] or each["segmented"] or each["released_to"]]
        return tuple(sorted({name for each in used for name in each["special_categories"]}))

    @property
    def youngest(self) -> int | None:
        """The lowest age at which a person's own yes counts anywhere; ``None`` where the purpose sets none."""
        age = self.purpose.minimum_age
        return None if age is None else min(age.otherwise, *age.countries.values(), _OLDEST)

    @property
    def sources(self) -> tuple[SourceId, ...]:
        """The sources whose fields it uses."""
        return tuple(self.configuration.brought_by(self.purpose.id))

    @property
    def rules(self) -> list[RuleInForce]:
        """The rules about the purpose."""
        return [rule for rule in self.configuration.rules if rule.concerns(self.purpose.id)]

    def kinds(self, kind: str) -> list[str]:
        """Return the opened fields of a kind."""
        return [each["field"] for each in self.fields if each["kind"] == kind and (each["segmented"] or each["stored"])]

    def minimum_sizes(self) -> list[int]:
        """Return the sizes that segments and releases need at least."""
        found = {getattr(each, "minimum_size", None) for each in self.configuration.of(self.purpose.id, Action.SEGMENT)}
        found |= {each["minimum_size"] for each in self.recipients}
        return sorted(size for size in found if size is not None)

    def refusing(self, articles: tuple[str, ...]) -> list[RuleInForce]:
        """Return the rules of these articles that close something for the purpose."""
        closing: set[RuleId] = set()
        for action in Action:
            for decision in self.configuration.of(self.purpose.id, action):
                closing |= {reason.rule for reason in withheld(decision) if reason.rule is not None}
        return [rule for rule in self.configuration.rules if rule.id in closing and rule.article.startswith(articles)]


def criteria(assessed: Assessed) -> list[dict[str, Any]]:
    """Return the nine criteria of WP 248 rev.01: indicated, not indicated, or open; and what that rests on."""
    purpose, events, special = assessed.purpose, assessed.kinds("event_property"), assessed.special
    joined, age = len(assessed.sources) >= _TWO, assessed.youngest
    found: dict[str, tuple[str, list[str]]] = {
        "evaluation_or_scoring": (INDICATED if purpose.profiling else OPEN, [f"segments: {assessed.segments}"]),
        "systematic_monitoring": (OPEN, events),
        "sensitive_data": (INDICATED if special else NOT_INDICATED, list(special)),
        "large_scale": (OPEN, [] if assessed.people is None else [f"people: {assessed.people}"]),
        "matching": (INDICATED if joined else NOT_INDICATED, list(assessed.sources)),
        "vulnerable_subjects": (
            INDICATED if age is not None and age < _ADULT else OPEN,
            [] if age is None else [f"minimum_age: {age}"],
        ),
    }
    return [
        {
            "criterion": name,
            "title": in_language(words, assessed.language),
            "finding": found.get(name, (OPEN, []))[0],
            "because": found.get(name, (OPEN, []))[1],
        }
        for name, words in CRITERIA.items()
    ]


def risks(assessed: Assessed) -> list[dict[str, Any]]:
    """Return the risks that the facts name, each with the measures in force; no risk is weighed here."""
    shown = {**_about_data(assessed), **_about_people(assessed)}
    return [
        {
            "risk": name,
            "title": in_language(RISKS[name], assessed.language),
            "because": because,
            "rules": [
                {"rule": r.id, "article": r.article, "rationale": in_language(r.rationale, assessed.language)}
                for r in rules
            ],
            "measures": [in_language(MEASURES[measure], assessed.language) for measure in measures],
            "likelihood": None,
            "severity": None,
        }
        for name, (because, rules, measures) in shown.items()
        if because
    ]


_Shown = dict[str, tuple[list[str], list[RuleInForce], tuple[str, ...]]]


def _about_data(assessed: Assessed) -> _Shown:
    used = {each["field"] for each in assessed.fields if each["segmented"] or each["released_to"]}
    apart = [rule for rule in assessed.rules if rule.together]
    periods = [each["retention_days"] for each in assessed.fields if each["retention_days"] is not None]
    outside = [f"{each['recipient']}: {each['country']}" for each in assessed.recipients if each["outside_eea"]]
    return {
        "special_categories": (list(assessed.special), assessed.refusing(("9", "10")), ("default_deny",)),
        "combination": (sorted(used) if len(used) >= _TWO else [], apart, ("generalising",)),
        "free_text": (assessed.kinds("free_text"), [], ("redaction",)),
        "kept_too_long": ([f"retention: {max(periods)}"] if periods else [], [], ("retention", "shredding")),
        "transfer": (outside, [rule for rule in assessed.rules if rule.article.startswith(("44", "45", "46", "49"))],
                     ("pseudonyms", "audit")),
    }  # fmt: skip


def _about_people(assessed: Assessed) -> _Shown:
    sizes = [rule for rule in assessed.rules if rule.minimum_size is not None]
    age = assessed.youngest
    aged = () if age is None else ("minimum_age",)
    many = [] if assessed.people is None else [f"people: {assessed.people}"]
    several = list(map(str, assessed.sources)) if len(assessed.sources) >= _TWO else []
    several += [each["recipient"] for each in assessed.recipients] if len(assessed.recipients) >= _TWO else []
    return {
        "small_segments": (
            [f"minimum_size: {size}" for size in assessed.minimum_sizes()], sizes, ("minimum_size",),
        ),
        "children": ([] if age is not None and age >= _ADULT else [f"minimum_age: {age}"], [], aged),
        "profiling": (
            [f"segments: {assessed.segments}"] if assessed.purpose.profiling else [], [], ("objection", "audit"),
        ),
        "matching": (several, [], ("pseudonyms", "sealing")),
        "large_scale": (many, [], ("sealing", "shredding")),
    }  # fmt: skip
