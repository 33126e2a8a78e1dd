"""What is asked of policy, and its two answers. Neither answer has a truth value: they are read by ``match``."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from gateway.vocabulary.fields import Transform, ValueType
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, RuleId, SourceId


class Action(enum.StrEnum):
    """What is to be done with data."""

    STORE = "store"
    SEGMENT = "segment"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class ProcessingRequest:
    """May ``fields`` be processed so, for ``purpose``? ``fields=None`` asks for all that the purpose permits."""

    action: Action
    purpose: PurposeId
    at: dt.datetime
    fields: frozenset[FieldId] | None = None
    source: SourceId | None = None
    recipient: RecipientId | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: the rule, its article, a stable code, the field it concerns, and a remedy in words (never a value)."""

    code: str  # permitted | prohibited | no_rule_permits | unknown_purpose | unknown_field | contract_expired | …
    rule: RuleId | None = None
    article: str | None = None
    field: FieldId | None = None
    remedy: str | None = None

    def __str__(self) -> str:
        """One line, for a person."""
        words = [self.code]
        if self.field:
            words.append(f"field `{self.field}`")
        if self.rule:
            words.append(f"rule `{self.rule}`" + (f" (Art. {self.article})" if self.article else ""))
        if self.remedy:
            words.append(f"remedy: {self.remedy}")
        return "; ".join(words)


@dataclass(frozen=True, slots=True)
class PermittedColumn:
    """A stored column that a Permit opens."""

    name: str
    field: FieldId
    type: ValueType
    transform: Transform
    retention: dt.timedelta  # values collected longer ago are not opened (Art. 5(1)(e))


@dataclass(frozen=True, slots=True)
class RowRule:
    """Whose rows a Permit opens: those with ``mask`` in their permissions, and inside retention."""

    mask: int
    profiles_for: dt.timedelta  # profiles collected longer ago than this are not opened
    events_for: dt.timedelta


def _no_truth(name: str) -> NoReturn:
    msg = f"a {name} has no truth value: read the decision with match"
    raise TypeError(msg)


@dataclass(frozen=True, slots=True)
class Permit:
    """Yes, for this request only. INVARIANT: only ``gateway.policy`` makes one (tests/architecture)."""

    request: ProcessingRequest
    pack: str  # id@version
    pack_digest: str  # sha256 hex
    rules: tuple[RuleId, ...]
    legal_basis: str  # for example 6(1)(a)
    columns: Mapping[str, PermittedColumn]  # by stored column name; never a direct identifier
    identifiers: frozenset[FieldId]  # store only: what the vault may seal
    rows: RowRule
    valid_until: dt.datetime
    minimum_size: int
    withheld: tuple[Reason, ...] = field(default=())  # store and fields=None: what is left out, each with why

    def __bool__(self) -> NoReturn:  # noqa: PLE0304 - refusing is the point
        """Refuse."""
        _no_truth("Permit")


@dataclass(frozen=True, slots=True)
class Deny:
    """No, and why."""

    request: ProcessingRequest
    pack: str
    pack_digest: str
    reasons: tuple[Reason, ...]

    def __bool__(self) -> NoReturn:  # noqa: PLE0304 - refusing is the point
        """Refuse."""
        _no_truth("Deny")


Decision = Permit | Deny
