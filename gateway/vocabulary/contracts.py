"""What is agreed with a source (which column is which field) and with a recipient (what it may get, for what)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.vocabulary.consents import ExpressedBy
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, SourceId


class SourceKind(enum.StrEnum):
    """What one row of a source is."""

    PROFILES = "profiles"  # a person
    EVENTS = "events"  # something that a person did


@dataclass(frozen=True, slots=True)
class FieldColumn:
    """A column that holds a field; ``region`` (ISO 3166) or ``region_column`` guides phones without a country code."""

    field: FieldId
    region: str | None = None
    region_column: str | None = None
    format: str | None = None  # strptime format of dates; ISO 8601 when not given
    language: str | None = None  # of a free text
    language_column: str | None = None


class ConsentForm(enum.StrEnum):
    """How a column says yes or no."""

    YES_DATE = (
        "yes_date"  # 'yes 2026-05-02', 'kyllä 2.5.2026', 'no'; a yes without a date counts from the batch's instant
    )
    # requested | given | refused | withdrawn | invalidated | objected | restricted, optionally with an instant after it
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class ConsentColumn:
    """A column that holds a choice for one purpose, made under one notice version.

    What shows the choice (Art. 7(1)) is the same for the whole column, or stands in other columns of the source.
    """

    purpose: PurposeId
    form: ConsentForm
    notice: str | None = None
    language: str | None = None  # of the notice (ISO 639-1)
    by: ExpressedBy = ExpressedBy.SELF  # where `by_column` says nothing
    evidence_column: str | None = None  # a reference, never a name or an address
    by_column: str | None = None  # self | guardian | controller
    valid_until_column: str | None = None  # a day or an instant in ISO 8601, of a dated yes

    @property
    def further(self) -> Mapping[str, str]:
        """The other columns that are read with this one, by what they say."""
        named = {"evidence": self.evidence_column, "by": self.by_column, "valid_until": self.valid_until_column}
        return {said: column for said, column in named.items() if column}


@dataclass(frozen=True, slots=True)
class IgnoredColumn:
    """A column that the officer decided not to take in at all, and why where a pack says it."""

    reason: str = ""


Column = FieldColumn | ConsentColumn | IgnoredColumn


@dataclass(frozen=True, slots=True)
class SourceContract:
    """Which column of a source is which field, and what the source may be stored for."""

    id: SourceId
    title: Mapping[str, str]
    kind: SourceKind
    purposes: tuple[PurposeId, ...]
    subject: tuple[FieldId, ...]  # identifiers, strongest first
    columns: Mapping[str, Column]
    event: str | None = None  # the event's name, for a source of events
    time: str | None = None  # the column with the event's instant
    time_format: str | None = None
    encoding: str | None = None  # detected when not given
    delimiter: str | None = None  # detected when not given
    quarantine_days: int = 30


class ScopeMode(enum.StrEnum):
    """How long one pseudonym of a person lives at a recipient (EDPB 01/2025 paragraphs 115 to 121)."""

    RELATIONSHIP = "relationship"  # one key per recipient, purpose and epoch: deltas are possible
    TRANSACTION = "transaction"  # one key per snapshot: nothing joins, not even two lists of one recipient


# The Union, Iceland, Liechtenstein and Norway.
_EEA = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI",
        "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip


class TransferSafeguard(enum.StrEnum):
    """What lets data go to a recipient outside the EEA (chapter V of the Regulation)."""

    ADEQUACY_DECISION = "adequacy_decision"  # Art. 45
    BINDING_CORPORATE_RULES = "binding_corporate_rules"  # Art. 46(2)(b)
    STANDARD_CLAUSES = "standard_clauses"  # Art. 46(2)(c), (d)
    CODE_OF_CONDUCT = "code_of_conduct"  # Art. 46(2)(e)
    CERTIFICATION = "certification"  # Art. 46(2)(f)
    DEROGATION = "derogation"  # Art. 49(1)


@dataclass(frozen=True, slots=True)
class RecipientContract:
    """What one recipient may receive."""

    id: RecipientId
    title: Mapping[str, str]
    purposes: tuple[PurposeId, ...]
    fields: tuple[FieldId, ...]  # attributes beside the pseudonym; usually none
    mode: ScopeMode
    epoch_days: int  # a relationship scope ends after so many days
    minimum_size: int
    expires: dt.date
    approver: str
    country: str  # ISO 3166, for transfers (Art. 30(1)(e))
    formats: tuple[str, ...] = ("csv", "ndjson", "parquet")
    legal_entity: str | None = None  # who the recipient is in law, where it has several contracts; else itself
    leave_within_days: int = 3  # from a withdrawal to the delta that tells of it
    safeguard: TransferSafeguard | None = None  # of a recipient outside the EEA

    @property
    def holder(self) -> str:
        """Who in law holds what is released under this contract: combinations are measured on all that it holds."""
        return self.legal_entity or str(self.id)

    @property
    def outside_eea(self) -> bool:
        """Whether what this recipient gets is a transfer to a third country (Art. 30(1)(e), 44)."""
        return self.country not in _EEA
