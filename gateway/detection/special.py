"""Special categories of data and what reveals them: which articles of the GDPR speak of them."""

from __future__ import annotations

from dataclasses import dataclass

_ART_9 = "Art. 9(1) GDPR"


@dataclass(frozen=True, slots=True)
class Special:
    """The article, what the data is or reveals, and whether it does so only indirectly."""

    article: str
    reveals: tuple[str, ...]
    indirectly: bool = False

    @property
    def words(self) -> str:
        """Say it, as evidence."""
        verb = "may reveal" if self.indirectly else "tells of"
        return f"{self.article}: {verb} {' or '.join(self.reveals).replace('_', ' ')}"


# Art. 9(1) names the first block; what reveals them indirectly falls under it too (Court of Justice, C-184/20).
SPECIAL: dict[str, Special] = {
    "health": Special(_ART_9, ("health",)),
    "religion": Special(_ART_9, ("religion",)),
    "politics": Special(_ART_9, ("political_opinion",)),
    "trade_union": Special(_ART_9, ("trade_union_membership",)),
    "ethnicity": Special(_ART_9, ("ethnic_origin",)),
    "orientation": Special(_ART_9, ("sexual_orientation",)),
    "biometric": Special(_ART_9, ("biometric_data",)),
    "genetic": Special(_ART_9, ("genetic_data",)),
    "diet": Special(_ART_9, ("health", "religion"), indirectly=True),
    "pharmacy": Special(_ART_9, ("health",), indirectly=True),
    "donation": Special(_ART_9, ("political_opinion", "religion"), indirectly=True),
    "criminal": Special("Art. 10 GDPR", ("criminal_convictions",)),
    "children": Special("Art. 8 and recital 38 GDPR", ("children",)),
}
