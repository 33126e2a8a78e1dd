"""The lists in ``data``: lines under ``[section]`` headings, ``#`` for remarks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

DATA = Path(__file__).parent / "data"


@cache
def sections(name: str) -> Mapping[str, tuple[str, ...]]:
    """Return the lines of ``data/name.txt`` by section; before the first heading nothing may stand."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (DATA / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            current = found.setdefault(line[1:-1], [])
        else:
            current.append(line)
    return {section: tuple(lines) for section, lines in found.items()}


@cache
def keyed(name: str) -> Mapping[tuple[str, str], str]:
    """Return ``data/name.txt`` of ``= key`` headings with a line for each language, by key and language."""
    found: dict[tuple[str, str], str] = {}
    key = ""
    for line in (DATA / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("= "):
            key = line[2:].strip()
        elif line and not line.startswith("#"):
            language, _, rest = line.partition(" ")
            found[key, language] = rest.strip()
    return found


def choices(key: str, language: str) -> tuple[str, ...]:
    """Return the closed list of values of ``key`` in a language, else in English."""
    words = keyed("words")
    return tuple(words.get((key, language), words.get((key, "en"), "")).split("|"))
