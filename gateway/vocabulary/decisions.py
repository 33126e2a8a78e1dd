"""What is asked of policy, and its two answers. Neither answer has a truth value: they are read by ``match``."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from gateway.vocabulary.fields import Transform, ValueType
from gateway.vocabulary.languages import in_language
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, RuleId, SourceId

# No instant from here on is asked about: what is reckoned from it would leave the calendar.
END_OF_TIME = dt.datetime(9000, 1, 1, tzinfo=dt.UTC)


class Action(enum.StrEnum):
    """What is to be done with data."""

    STORE = "store"
    SEGMENT = "segment"
    RELEASE = "release"


@dataclass(frozen=True, slots=True)
class ProcessingRequest:
    """May ``fields`` be processed so, for ``purpose``? ``fields=None`` asks for all that the purpose permits.

    ``chosen_by`` are the fields that choose who is in what is to be released: the recipient learns something of them,
    so prohibitions are measured on them as on ``fields``. ``received`` are those that the recipient knows something of
    by earlier releases. Sets of fields that must not come together are measured on all three.
    """

    action: Action
    purpose: PurposeId
    at: dt.datetime
    fields: frozenset[FieldId] | None = None
    source: SourceId | None = None
    recipient: RecipientId | None = None
    chosen_by: frozenset[FieldId] = frozenset()
    received: frozenset[FieldId] = frozenset()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: the rule, its article, a stable code, the field it concerns; the rule's rationale and a remedy in words.

    Words stand by language and never tell a value. ``combination`` is the whole set of fields where the reason is that
    they must not come together.
    """

    code: str  # permitted | prohibited | no_rule_permits | unknown_purpose | unknown_field | contract_expired | …
    rule: RuleId | None = None
    article: str | None = None
    rationale: Mapping[str, str] | None = field(default=None, hash=False)
    remedy: Mapping[str, str] | None = field(default=None, hash=False)
    field: FieldId | None = None
    combination: tuple[FieldId, ...] = ()

    def __str__(self) -> str:
        """One line in English, for a person."""
        words = [self.code]
        if self.field:
            words.append(f"field `{self.field}`")
        if self.combination:
            words.append(f"combination of {', '.join(f'`{name}`' for name in self.combination)}")
        if self.rule:
            words.append(f"rule `{self.rule}`" + (f" (Art. {self.article})" if self.article else ""))
        if self.remedy:
            words.append(f"remedy: {in_language(self.remedy, 'en')}")
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
class StoredAmong:
    """The person's stored value in ``column`` is one of ``values`` and was collected within ``period``.

    A value that is missing, older or unknown fails it.
    """

    column: str
    values: tuple[str, ...]
    period: dt.timedelta


@dataclass(frozen=True, slots=True)
class PermitsAlso:
    """The person permits every purpose of ``mask`` (bits as in the permission mask) at the instant of reading."""

    mask: int


PersonCondition = StoredAmong | PermitsAlso


@dataclass(frozen=True, slots=True)
class RowRule:
    """Whose rows a Permit opens: those with ``mask`` in their permissions, inside retention, and whom ``people`` admit.

    ``people`` says: every group holds; a group holds when one of its alternatives does; an alternative holds when all
    its conditions do. A condition that cannot be measured on a person does not hold.
    """

    mask: int
    profiles_for: dt.timedelta  # profiles collected longer ago than this are not opened
    events_for: dt.timedelta
    people: tuple[tuple[tuple[PersonCondition, ...], ...], ...] = ()


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
