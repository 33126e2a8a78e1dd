"""What column headers say, in English, Finnish, Hungarian, Ukrainian, German and Swedish, from ``headers.txt``.

``technical`` holds headers of things, among them those that look like a person's data and are not: they keep a shorter
entry from speaking. Ukrainian entries are there in Latin letters too, as old exports write them.
"""

# ruff: noqa: RUF001 -- Ukrainian words

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files

from gateway.detection.folding import compact, fold

_UNSURE = (
    "name", "nimi", "nev", "namn", "first", "last", "клієнт", "maa", "land", "born", "card", "line1", "party",
    "contact", "orientation", "location", "job", "union", "church", "position", "from", "profile", "attributes",
    "author", "manager", "teacher", "employee", "doctor", "agent", "owner", "tenant", "player", "winner", "driver",
    "hash", "md5", "sha1", "sha256", "sha512", "digest", "idhash", "parti", "партія",
)  # fmt: skip
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщьюяєії"
# The spelling of the Cabinet's resolution 55 of 2010, and the one of older systems.
_LATIN = (
    "a b v h d e zh z y i k l m n o p r s t u f kh ts ch sh shch _ iu ia ie i i",
    "a b v g d e zh z y y k l m n o p r s t u f h c ch sh sch _ yu ya ye i yi",
)
_NUMBER = re.compile(r"(?:numero|nummer|number|nro|nr|no|num|szama|szam|номер)$")
THINGS = (
    "store", "shop", "branch", "warehouse", "outlet", "depot", "compan", "supplier", "vendor", "product", "item",
    "brand", "office", "event", "myymala", "kaupan", "varasto", "toimipist", "yrity", "toimittaj", "tuot", "uzlet",
    "bolt", "raktar", "fiok", "ceg", "beszallit", "termek", "aruhaz", "магазин", "склад", "філі", "фiлi", "відділен",
    "компан", "постачальник", "товар", "filial", "lager", "butik", "firm", "foretag", "lieferant", "leverantor",
    "produkt",
)  # fmt: skip
PERSONS = (
    "cust", "customer", "client", "member", "user", "patient", "guest", "person", "subscriber", "contact", "owner",
    "student", "pupil", "teacher", "employee", "staff", "host", "driver", "passenger", "citizen", "resident",
    "tenant", "donor", "visitor", "opiskelija", "tyontekija", "tanulo", "dolgozo", "працівник", "студент", "учен",
    "asiakas", "asiakka", "jasen", "kayttaja", "henkilo", "ugyfel", "vevo", "vasarlo", "szemely", "клієнт", "покуп",
    "користувач", "особ", "kund", "mitglied", "medlem", "nutzer",
)  # fmt: skip


def sections(name: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the lines of a word file of this package under the ``= key`` that they stand below."""
    key, lines = "", list[str]()
    for line in files("gateway.detection").joinpath(name).read_text("utf-8").splitlines():
        if line.startswith("= "):
            if key:
                yield key, lines
            key, lines = line[2:].strip(), []
        elif line and not line.startswith("#"):
            lines.append(line)
    yield key, lines


def numbered(word: str) -> str:
    """Return a compact header with the word for a number at its end, in any language, as ``#``."""
    return _NUMBER.sub("#", word)


def _entries() -> dict[str, str]:
    found: dict[str, str] = {}
    for category, lines in sections("headers.txt"):
        for word in " ".join(lines).split():
            found[word] = category
    return found


def _latin_tables() -> list[dict[int, str]]:
    return [
        {ord(letter): "" if latin == "_" else latin for letter, latin in zip(_CYRILLIC, scheme.split(), strict=True)}
        for scheme in _LATIN
    ]


_WORDS = _entries()
# Entry -> category. A later, more specific category wins over an earlier one with the same entry.
ENTRIES: dict[str, str] = {compact(word): category for word, category in _WORDS.items()}
# The words of each entry, for headers made of their beginnings (SZULDAT).
PARTS: dict[tuple[str, ...], str] = {tuple(fold(word).split("_")): category for word, category in _WORDS.items()}
for _table in _latin_tables():
    for _word, _category in list(_WORDS.items()):
        _latin = _word.lower().replace("'", "").translate(_table)
        if _latin.isascii() and _latin != _word:
            ENTRIES.setdefault(compact(_latin), _category)
            PARTS.setdefault(tuple(fold(_latin).split("_")), _category)
ENTRIES_NUMBERED: dict[str, str] = {numbered(word): category for word, category in ENTRIES.items()}

# Headers that speak of a person only in a table about people.
AMBIGUOUS = frozenset(compact(word) for word in _UNSURE)
