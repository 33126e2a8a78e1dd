"""A data sheet for the impact assessment of one purpose (Art. 35(7)): what is known, and blanks for what is not.

The sheet assesses nothing: likelihood, severity and every judgement are left to a person, as ``None``.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Final

from gateway.accountability.activities import basis_of, controller_of, fields_of, recipients_of
from gateway.accountability.assessment import Assessed, criteria, risks
from gateway.accountability.assessment_words import QUESTIONS
from gateway.accountability.facts import Configuration, Facts, SegmentInForce
from gateway.foundation.errors import NotFound
from gateway.vocabulary.languages import in_language
from gateway.vocabulary.names import FieldId, PurposeId
from gateway.vocabulary.purposes import LegalBasis

_CLASSES: Final = (100, 1_000, 10_000, 100_000, 1_000_000)


def dpia_sheet(configuration: Configuration, facts: Facts, purpose: PurposeId, language: str = "en") -> dict[str, Any]:
    """Return the sheet of a purpose; raises ``NotFound`` for one that the policy does not know."""
    known = configuration.catalogue.purposes.get(purpose)
    if known is None:
        raise NotFound("the policy has no purpose of that id: `gateway policy show` lists them")
    sheet = _Sheet(configuration, facts, purpose, language)
    assessed = sheet.assessed()
    return {
        "sheet": "Art. 35(7) GDPR",
        "language": language,
        "pack": configuration.catalogue.label,
        "made_at": facts.at.isoformat(),
        "controller": controller_of(configuration),
        "description": sheet.description(assessed),
        "necessity": sheet.necessity(assessed),
        "segments": [sheet.segment(each) for each in sheet.segments],
        "criteria": criteria(assessed),
        "risks": risks(assessed),
        "blanks": [
            {"id": name, "question": in_language(words, language), "answer": None}
            for name, words in QUESTIONS.items()
            if name != "balancing" or known.legal_basis is LegalBasis.LEGITIMATE_INTERESTS
        ],
    }


@dataclass(frozen=True, slots=True)
class _Sheet:
    configuration: Configuration
    facts: Facts
    purpose: PurposeId
    language: str

    @property
    def segments(self) -> list[SegmentInForce]:
        return sorted((s for s in self.facts.segments if s.purpose == self.purpose), key=lambda s: s.id)

    def assessed(self) -> Assessed:
        known = self.configuration.catalogue.purposes[self.purpose]
        return Assessed(
            configuration=self.configuration,
            purpose=known,
            language=self.language,
            fields=fields_of(self.configuration, self.purpose, self.language),
            recipients=recipients_of(self.configuration, self.facts, self.purpose, self.language),
            people=self.facts.people_for.get(self.purpose),
            segments=len(self.segments),
        )

    def description(self, assessed: Assessed) -> dict[str, Any]:
        sources = self.configuration.people_of(self.purpose)
        return {
            **basis_of(assessed.purpose, self.language),
            "people": assessed.people,
            "data_subjects": [in_language(source.title, self.language) for source in sources],
            "sources": list(assessed.sources),
            "special_categories": list(assessed.special),
            "recipients": assessed.recipients,
        }

    def necessity(self, assessed: Assessed) -> dict[str, Any]:
        """Return each field: whether it is stored, permitted, used; and what could be given up (Art. 5(1)(c))."""
        catalogue = self.configuration.catalogue
        stored = {name for purpose in catalogue.purposes for name in self.configuration.stored(purpose)}
        sealed = {name for name in stored if catalogue.fields[name].column is None}
        permitted = self.configuration.segmented(self.purpose)
        used: dict[FieldId, list[str]] = {}
        for segment in self.segments:
            for name in segment.fields:
                used.setdefault(name, []).append(segment.id)
        fields = [
            each | {"stored": each["field"] in stored, "used_by": used.get(each["field"], [])}
            for each in assessed.fields
        ]
        return {
            "fields": fields,
            "permitted_and_unused": sorted(permitted - used.keys()),
            "stored_and_closed": sorted(stored - permitted - sealed - {each["field"] for each in assessed.fields}),
        }

    def segment(self, segment: SegmentInForce) -> dict[str, Any]:
        return {
            "segment": segment.id,
            "title": in_language(segment.title, self.language),
            "fields": list(segment.fields),
            "permitted": not segment.refusals,
            "refused_because": list(segment.refusals),
            "size_class": size_class(segment),
            "taken_at": segment.taken_at.isoformat() if segment.taken_at else None,
        }


def size_class(segment: SegmentInForce) -> str:
    """Return how large a segment is: ``not_built``, ``under_minimum``, ``<100``, ``100-999`` … ``1000000+``."""
    if segment.taken_at is None:
        return "not_built"
    if segment.size is None:
        return "under_minimum"
    if segment.size < _CLASSES[0]:
        return f"<{_CLASSES[0]}"
    for low, high in itertools.pairwise(_CLASSES):
        if segment.size < high:
            return f"{low}-{high - 1}"
    return f"{_CLASSES[-1]}+"
