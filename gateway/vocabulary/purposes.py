"""Why data are processed (Art. 5(1)(b)) and on which legal basis (Art. 6)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.vocabulary.names import PurposeId


class LegalBasis(enum.StrEnum):
    """The six of Art. 6(1), by their letters."""

    CONSENT = "6(1)(a)"
    CONTRACT = "6(1)(b)"
    LEGAL_OBLIGATION = "6(1)(c)"
    VITAL_INTERESTS = "6(1)(d)"
    PUBLIC_TASK = "6(1)(e)"
    LEGITIMATE_INTERESTS = "6(1)(f)"

    @property
    def dpv(self) -> str:
        """The DPV term, for example ``eu-gdpr:A6-1-a``."""
        return f"eu-gdpr:A6-1-{self.value[-2]}"


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose; ``bit`` is its place in the permission mask and never changes between versions of a pack."""

    id: PurposeId
    title: Mapping[str, str]
    legal_basis: LegalBasis
    bit: int
    dpv: str
    profiling: bool
    consent_valid_for: dt.timedelta | None = None
    notices: tuple[str, ...] = ()  # notice versions under which a consent counts; empty: any
    minimum_age: int | None = None  # Art. 8

    @property
    def needs_consent(self) -> bool:
        """Whether only a given consent permits it."""
        return self.legal_basis is LegalBasis.CONSENT
