"""What columns are called: from the lists, in the styles of spreadsheets, databases and old exports."""

from __future__ import annotations

from random import Random

from bench.corpus.folding import bare
from bench.corpus.resources import keyed
from bench.corpus.shapes import SPLITS, Split

NO_HEADER, WRONG_HEADER = 0.06, 0.03
_PREFIXES = ("cust_", "t_", "x_", "kund_", "person.")


def listed(kind: str, language: str, split: Split) -> tuple[str, ...]:
    """Return the headers of a kind in a language, with English ones where the language has none."""
    lists = keyed("headers")
    line = lists.get((kind, language)) or lists[kind, "en"]
    return tuple(line.split(" | ")[SPLITS.index(split)].split())


def honest(random: Random, kind: str, language: str, split: Split) -> str:
    """Return a header that says what the column holds; a fifth of local columns have an English one."""
    english = (kind, "en") in keyed("headers") and random.random() < 0.2
    header = random.choice(listed(kind, "en" if english else language, split))
    return header if header.isupper() else _styled(random, header)


def _styled(random: Random, header: str) -> str:
    words = header.split("_")
    style = random.choice(("snake", "snake", "camel", "title", "spaced", "upper", "bare", "kebab", "prefixed"))
    if style == "camel":
        return words[0] + "".join(word.capitalize() for word in words[1:])
    if style == "title":
        return " ".join(words).capitalize()
    if style == "spaced":
        return " ".join(words)
    if style == "upper":
        return header.upper()
    if style == "bare":
        return bare(header)
    if style == "kebab":
        return "-".join(words)
    return random.choice(_PREFIXES) + header if style == "prefixed" and random.random() < 0.5 else header


def missing(random: Random, place: int) -> str:
    """Return what stands where a header should: a number, or nothing."""
    return random.choice((f"column_{place + 1}", f"Unnamed: {place}", f"F{place + 1}", f"col{place}", ""))


def wrong(random: Random, language: str, split: Split) -> str:
    """Return a header that says something else."""
    lists = keyed("words")
    line = lists.get(("wrong_header", language), lists["wrong_header", "en"])
    return random.choice(line.split(" | ")[SPLITS.index(split)].split())
