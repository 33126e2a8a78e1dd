"""A loaded pack: rules with their fields resolved, cases, and the catalogue that the other rooms may read."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.decisions import Action, ProcessingRequest, Reason
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, RuleId, SourceId


class RuleKind(enum.StrEnum):
    """DPV's kinds of rule."""

    PERMISSION = "permission"
    PROHIBITION = "prohibition"
    OBLIGATION = "obligation"


@dataclass(frozen=True, slots=True)
class Condition:
    """When a rule concerns a request; ``None`` sets no limit, a set limits to its members."""

    actions: frozenset[Action] | None = None
    purposes: frozenset[PurposeId] | None = None
    sources: frozenset[SourceId] | None = None
    recipients: frozenset[RecipientId] | None = None
    jurisdictions: frozenset[str] | None = None  # ISO 3166, of the recipient
    outside_jurisdictions: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class People:
    """Which people a rule is about: every given part must hold. ``None`` sets no limit."""

    minimum_age: int | None = None  # of a permission
    younger_than: int | None = None  # of a prohibition
    regions: frozenset[str] | None = None  # ISO 3166, where the person lives
    consents: frozenset[PurposeId] | None = None  # of a permission: all of them
    without_consents: frozenset[PurposeId] | None = None  # of a prohibition: any of them is lacking


@dataclass(frozen=True, slots=True)
class Rule:
    """One decision of the officer.

    ``fields`` are the catalogue fields it names, resolved when the pack was loaded: for a permission what it opens
    (the empty set opens membership only), for a prohibition what it closes, with ``None`` for the whole request. A
    prohibition with ``together`` closes its fields only when a request, with what its recipient has received, has all
    of them. With ``people`` a permission is for those people only, and a prohibition leaves those people out.
    """

    id: RuleId
    kind: RuleKind
    article: str
    rationale: Mapping[str, str] = field(hash=False)  # by language
    when: Condition
    fields: frozenset[FieldId] | None = None
    together: bool = False
    minimum_size: int | None = None
    remedy: Mapping[str, str] | None = field(default=None, hash=False)
    people: People | None = None
    look_back: dt.timedelta | None = None  # of an obligation: over its fields, ``None`` for all
    matchers: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)  # how the pack names ``fields``


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a case says the answer is; ``None`` leaves a part open, a set is the exact set."""

    permit: bool
    columns: frozenset[str] | None = None
    identifiers: frozenset[FieldId] | None = None
    withheld: frozenset[FieldId] | None = None
    minimum_size: int | None = None
    rules: frozenset[RuleId] | None = None
    days: Mapping[str, int] | None = None  # of these columns
    reasons: tuple[Reason, ...] | None = None  # code, rule and field count; the words do not


@dataclass(frozen=True, slots=True)
class Case:
    """A request with the answer that the officer expects, and the rules that it is there to show."""

    id: str
    file: str
    rules: frozenset[RuleId]
    request: ProcessingRequest
    expect: Expectation


@dataclass(frozen=True, slots=True)
class Pack:
    """One version of a policy pack. ``segments`` holds raw YAML by path, of traits too; another room reads it."""

    catalogue: Catalogue
    title: Mapping[str, str]
    languages: tuple[str, ...]
    effective_from: dt.datetime
    supersedes: str | None
    rules: tuple[Rule, ...]  # by id
    cases: tuple[Case, ...]
    segments: Mapping[str, str]
    changelog: str
    # What the engine has worked out of the rules for a kind of request: an answer then costs microseconds.
    compiled: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def written_in(self, folder: str) -> dict[str, str]:
        """Return those of ``segments`` that stand in a folder, ``segments`` or ``traits``."""
        return {path: text for path, text in self.segments.items() if path.startswith(f"{folder}/")}

    @property
    def digest(self) -> str:
        """sha256 hex over all files of the pack, by path."""
        return self.catalogue.digest

    @property
    def label(self) -> str:
        """``pack@version:digest``."""
        return self.catalogue.label
