"""What a policy pack catalogues, without its rules: the part that other rooms may read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.vocabulary.contracts import RecipientContract, SourceContract
from gateway.vocabulary.fields import Field
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, SourceId
from gateway.vocabulary.purposes import Purpose


@dataclass(frozen=True, slots=True)
class Controller:
    """Who answers for the processing (Art. 4(7), 30(1)(a))."""

    name: str
    contact: str
    country: str
    data_protection_officer: str
    supervisory_authority: str


@dataclass(frozen=True, slots=True)
class Retention:
    """How long a field may be kept for a purpose (Art. 5(1)(e))."""

    field: FieldId
    purpose: PurposeId
    period: dt.timedelta


@dataclass(frozen=True, slots=True)
class Signals:
    """What a browser's or a tracking call's signals mean; what is not named here means nothing."""

    gpc: tuple[PurposeId, ...] = ()  # `Sec-GPC: 1` objects to these
    categories: Mapping[str, PurposeId] = field(default_factory=dict)  # of `categoryPreferences`
    tcf: Mapping[PurposeId, tuple[int, ...]] = field(default_factory=dict)  # yes when all these TCF purposes are
    tcf_vendor: int | None = None  # who must be disclosed and consented to as well


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Purposes, fields, sources, recipients and retention of one version of a pack."""

    pack: str
    version: str
    digest: str  # sha256 hex over all files of the pack, and over the decisions that amend its sources
    controller: Controller
    purposes: Mapping[PurposeId, Purpose]
    fields: Mapping[FieldId, Field]
    sources: Mapping[SourceId, SourceContract]
    recipients: Mapping[RecipientId, RecipientContract]
    retention: tuple[Retention, ...]
    signals: Signals = field(default_factory=Signals)

    @property
    def label(self) -> str:
        """``pack@version:sha256…``, as it stands in every audit entry."""
        return f"{self.pack}@{self.version}:{self.digest}"
