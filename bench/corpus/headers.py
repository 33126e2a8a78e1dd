"""What columns are called: from the lists, in the styles of spreadsheets, databases and old exports."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from bench.corpus.folding import bare
from bench.corpus.resources import choices, keyed
from bench.corpus.shapes import Split

NO_HEADER, WRONG_HEADER = 0.06, 0.03
# What stands around a name in one part and in the other; "{}" is the name.
_AFFIXES: Mapping[Split, tuple[str, ...]] = {
    "build": ("cust_{}", "t_{}", "x_{}", "kund_{}", "person.{}"),
    "frozen": ("usr_{}", "fld_{}", "tblKunden.{}", "c.{}", "{}_txt", "{}_1", "{}:", "{} *", "f_{}", "q7_{}"),
}
_STYLES: Mapping[Split, tuple[str, ...]] = {
    "build": ("snake", "snake", "camel", "title", "spaced", "upper", "bare", "kebab", "affix", "snake"),
    "frozen": ("snake", "camel", "pascal", "title", "spaced", "upper", "bare", "kebab", "affix", "affix"),
}
_MISSING: Mapping[Split, tuple[str, ...]] = {  # "{}" is the column's place, from 0
    "build": ("column_{}", "Unnamed: {}", "F{}", "col{}", ""),
    "frozen": ("Column{}", "V{}", "_c{}", "field.{}", "{}", "X.{}", "(No column name)"),
}


def listed(kind: str, language: str, split: Split) -> tuple[str, ...]:
    """Return the headers of a kind in a language, with English ones where the language has none."""
    lists = keyed("headers", split)
    line = lists.get((kind, language)) or lists[kind, "en"]
    return tuple(line.split(" | "))


def honest(random: Random, kind: str, language: str, split: Split) -> str:
    """Return a header that says what the column holds; a fifth of local columns have an English one."""
    english = (kind, "en") in keyed("headers", split) and random.random() < 0.2
    header = random.choice(listed(kind, "en" if english else language, split))
    return _styled(random, header, split) if header.islower() and " " not in header else header


def _styled(random: Random, header: str, split: Split) -> str:
    words = header.split("_")
    capital = [word.capitalize() for word in words]
    affixed = random.choice(_AFFIXES[split]).format(header)
    return {
        "snake": header,
        "camel": words[0] + "".join(capital[1:]),
        "pascal": "".join(capital),
        "title": " ".join(words).capitalize(),
        "spaced": " ".join(words),
        "upper": header.upper(),
        "bare": bare(header),
        "kebab": "-".join(words),
        "affix": affixed,
    }[random.choice(_STYLES[split])]


def missing(random: Random, place: int, split: Split) -> str:
    """Return what stands where a header should: a number, or nothing."""
    return random.choice(_MISSING[split]).format(place)


def wrong(random: Random, language: str, split: Split) -> str:
    """Return a header that says something else."""
    return random.choice(choices("wrong_header", language, split))
