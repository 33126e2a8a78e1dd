"""The lists in ``data``: each file is of one part, ``#`` for remarks.

The part stands in the file's name, so that what the frozen one is made of cannot leak into the other, and whoever
works on the detector knows what to leave unread.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from bench.corpus.shapes import Split

DATA = Path(__file__).parent / "data"


@cache
def lines(name: str, split: Split) -> tuple[str, ...]:
    """Return the lines of ``data/name_split.txt``."""
    written = (DATA / f"{name}_{split}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in written if line.strip() and not line.startswith("#"))


@cache
def sections(name: str, split: Split) -> Mapping[str, tuple[str, ...]]:
    """Return the lines of a file by ``[section]``; before the first heading nothing may stand."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines(name, split):
        if line.startswith("[") and line.endswith("]"):
            current = found.setdefault(line[1:-1], [])
        else:
            current.append(line)
    return {section: tuple(listed) for section, listed in found.items()}


@cache
def keyed(name: str, split: Split) -> Mapping[tuple[str, str], str]:
    """Return a file of ``= key`` headings with a line for each language, by key and language."""
    found: dict[tuple[str, str], str] = {}
    key = ""
    for line in lines(name, split):
        if line.startswith("= "):
            key = line[2:].strip()
        else:
            language, _, rest = line.partition(" ")
            found[key, language] = rest.strip()
    return found


def choices(key: str, language: str, split: Split) -> tuple[str, ...]:
    """Return the closed list of values of ``key`` in a language, else in English."""
    words = keyed("words", split)
    return tuple(words.get((key, language), words.get((key, "en"), "")).split("|"))
