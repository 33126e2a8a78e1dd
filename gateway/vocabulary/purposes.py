"""Why data are processed (Art. 5(1)(b)) and on which legal basis (Art. 6)."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

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
class MinimumAge:
    """From which age, in whole years, a person's own yes counts, by the country they live in (Art. 8(1))."""

    otherwise: int  # in a country that is not named
    countries: Mapping[str, int] = field(default_factory=dict)  # ISO 3166

    @property
    def highest(self) -> int:
        """The age of whoever lives nobody knows where."""
        return max((self.otherwise, *self.countries.values()))

    def of(self, country: str) -> int:
        """Return the age in a country."""
        return self.countries.get(country, self.otherwise)

    def asks_more_than(self, other: MinimumAge) -> bool:
        """Whether anybody must be older for this than for ``other``, wherever they live."""
        known = {*self.countries, *other.countries}
        more = any(self.of(country) > other.of(country) for country in known)
        return more or self.otherwise > other.otherwise or self.highest > other.highest


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
    minimum_age: MinimumAge | None = None
    explicit_consent: tuple[str, ...] = ()  # special categories that the consent names, Art. 9(2)(a)

    @property
    def needs_consent(self) -> bool:
        """Whether only a given consent permits it."""
        return self.legal_basis is LegalBasis.CONSENT
