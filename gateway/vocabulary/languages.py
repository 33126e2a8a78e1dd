"""The languages of the house, and which text is told where one in the asked language is missing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

LANGUAGES: Final[tuple[str, ...]] = ("en", "fi", "hu", "uk")


def by_language(words: Mapping[str, tuple[str, ...]]) -> Mapping[str, Mapping[str, str]]:
    """Return texts by key and language from tuples in the order of ``LANGUAGES``."""
    told: dict[str, Mapping[str, str]] = {
        key: MappingProxyType(dict(zip(LANGUAGES, texts, strict=True))) for key, texts in words.items()
    }
    return MappingProxyType(told)


def in_language(texts: Mapping[str, str], language: str) -> str:
    """Return the text in a language, in English, or in whatever language there is; empty where there is none."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")
