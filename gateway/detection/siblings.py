"""What the columns beside a column say of it: names stand again in the e-mail addresses of their own rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from gateway.detection.categories import DIRECT
from gateway.detection.classification import DECISIVE, HALF, NEARLY_ALL, Hits, Verdict
from gateway.detection.folding import compact, fold
from gateway.detection.headers import read_header

_ROWS = 200
_SHARE = 0.3
_FEWEST = 5
_SHORTEST = 3
_PERSONAL = frozenset(
    {"email", "phone", "given_name", "family_name", "birth_date", "customer_number", "national_id", "fi_hetu", "hu_taj"}
    | {"hu_tax_id", "ua_rntrc", "gb_nino", "gb_nhs", "se_personnummer", "de_tax_id", "ua_unzr", "ua_passport"}
    | {"hu_personal_number", "gender", "age", "username", "email_name", "full_name"}
)

_BARE_WORDS = """id ids no nr nro num number code key pk ref reference acct account tunnus tunniste numero koodi avain
    azonosító szám sorszám kód kulcs номер код ключ ідентифікатор ід kennung nummer kod schlüssel nyckel №"""
_BARE = frozenset(compact(word) for word in _BARE_WORDS.split())


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


def numbered_people(
    verdicts: Mapping[str, Verdict], evidence: Mapping[str, tuple[Hits, int]], *, people: bool
) -> dict[str, Verdict]:
    """Return new verdicts for a bare number or key in a table about people, where nothing else numbers them.

    The rows are people, so what tells the rows apart tells the people apart (Art. 4(1): an identification number).
    """
    if not people or any(verdict.category == "customer_number" for verdict in verdicts.values()):
        return {}
    found: dict[str, Verdict] = {}
    for name, verdict in verdicts.items():
        hits, distinct = evidence[name]
        shown = max((hits[form].share for form in ("code", "digits", "uuid") if form in hits), default=0.0)
        if verdict.category == "unknown" and compact(name) in _BARE and distinct >= DECISIVE and shown >= NEARLY_ALL:
            said = "a bare number or key in a table about people"
            found[name] = Verdict("customer_number", 0.6, (said, *verdict.evidence))
    return found


def constant_beside(
    verdicts: Mapping[str, Verdict], distinct: Mapping[str, int], constant: set[str]
) -> dict[str, Verdict]:
    """Return new verdicts for identifiers that are the same in every row while the people in the rows differ.

    An account that stands in each row of a table of many people is the shop's. Where nothing else in the rows tells
    people apart, the rows may all be of one person, and the value is that person's.
    """
    direct = {name for name, verdict in verdicts.items() if verdict.category in DIRECT}
    if all(distinct[name] < _FEWEST for name in direct):
        return {}
    said = "one value in all rows, while the people in them differ"
    return {name: Verdict("constant", 0.6, (said, *verdicts[name].evidence)) for name in direct & constant}


def hashed_beside(table: pa.Table, verdicts: Mapping[str, Verdict], hits: Mapping[str, Hits]) -> dict[str, Verdict]:
    """Return new verdicts for digests that are unsalted hashes of the e-mail addresses or phones of their rows."""
    digests = [name for name in verdicts if (hit := hits[name].get("hashed_identifier")) and hit.share >= HALF]
    sources = [name for name, verdict in verdicts.items() if verdict.category in {"email", "phone"}]
    if not digests or not sources:
        return {}
    drawn = table.select([*digests, *sources]).slice(0, _ROWS).to_pydict()
    found: dict[str, Verdict] = {}
    for source in sources:
        for algorithm in ("md5", "sha1", "sha256"):
            made = {_digest(algorithm, value) for value in drawn[source] if value}
            for name in digests:
                shown = {value.strip().lower() for value in drawn[name] if value}
                if len(shown & made) >= max(1, HALF * len(shown)):
                    words = f"unsalted {algorithm} of the {verdicts[source].category} beside it: still identifies"
                    found[name] = Verdict("hashed_identifier", 0.99, (words,))
    return found


def _digest(algorithm: str, value: str) -> str:
    return hashlib.new(algorithm, value.strip().lower().encode(), usedforsecurity=False).hexdigest()


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
