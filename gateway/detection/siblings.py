"""What the columns beside a column say of it: names stand again in the e-mail addresses of their own rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from gateway.detection.classification import Verdict
from gateway.detection.folding import fold
from gateway.detection.headers import read_header

_ROWS = 200
_SHARE = 0.3
_FEWEST = 5
_SHORTEST = 3
_PERSONAL = frozenset(
    {"email", "phone", "given_name", "family_name", "birth_date", "customer_number", "national_id", "fi_hetu", "hu_taj"}
    | {"hu_tax_id", "ua_rntrc", "gb_nino", "gender"}
)


def about_people(headers: list[str], context: str | None) -> bool:
    """Tell from the headers (or words about the table) whether its rows are people: three personal headers in ten."""
    hits = [read_header(header) for header in headers]
    personal = sum(hit is not None and not hit.ambiguous and hit.category in _PERSONAL for hit in hits)
    told = read_header(context) if context else None
    return personal >= max(1, _SHARE * len(headers)) or (
        told is not None and told.category in _PERSONAL | {"full_name"}
    )


def names_in_emails(table: pa.Table, verdicts: Mapping[str, Verdict], seed: int) -> dict[str, Verdict]:
    """Return new verdicts for undecided columns whose values stand in the e-mail address of their row."""
    emails = [name for name, verdict in verdicts.items() if verdict.category == "email"]
    undecided = [name for name, verdict in verdicts.items() if verdict.category == "unknown"]
    if not emails or not undecided or table.num_rows < _FEWEST:
        return {}
    size = min(_ROWS, table.num_rows)
    rows = pa.array(np.random.default_rng(seed).choice(table.num_rows, size, replace=False))
    drawn = table.select([emails[0], *undecided]).take(rows).to_pydict()
    locals_ = [fold(value or "").partition("@")[0] for value in drawn[emails[0]]]
    found: dict[str, Verdict] = {}
    for name in undecided:
        pairs = [(fold(value or ""), local) for value, local in zip(drawn[name], locals_, strict=True)]
        new = _judge(pairs)
        if new is not None:
            found[name] = replace(new, evidence=(*new.evidence, *verdicts[name].evidence))
    return found


def _judge(pairs: list[tuple[str, str]]) -> Verdict | None:
    parts = [([part for part in value.split() if len(part) >= _SHORTEST], local) for value, local in pairs]
    usable = [(words, local) for words, local in parts if words and local and all(word.isalpha() for word in words)]
    inside = [(words, local) for words, local in usable if any(word in local for word in words)]
    if len(inside) < _FEWEST or len(inside) < _SHARE * len(usable):
        return None
    several = sum(len(words) > 1 for words, _ in inside) > len(inside) / 2
    first = sum(local.startswith(words[0]) for words, local in inside) > len(inside) / 2
    category = "full_name" if several else "given_name" if first else "family_name"
    words = f"{len(inside)} of {len(usable)} sampled values stand in the e-mail address of their row"
    return Verdict(category, 0.75, (words,))
