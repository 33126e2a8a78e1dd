"""Header evidence: a header cut into words and looked up, whole first, then by its parts, then by their beginnings."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from gateway.detection.compounds import meaning, of_a_thing
from gateway.detection.folding import compact, fold
from gateway.detection.lexicon import AMBIGUOUS, ENTRIES, ENTRIES_NUMBERED, PARTS, PERSONS, THINGS, numbered
from gateway.detection.special import SPECIAL

_SPLIT = re.compile(r"[\W_]+")
_HYPHENED = re.compile(r"(?<![^\W_])([es])[-_ ](mail|post|meili|cim)")  # e-mail, s-posti
_INSIDE = 7  # entries this long are looked for inside compounds (asiakkaanpuhelinnumero)
_PREFIXES = frozenset({"t", "x", "f", "tbl", "fld", "col", "cust", "customer", "client", "user", "member", "kund",
                       "kunde", "kunden", "person", "contact", "account", "acct", "usr", "cli", "asiakas", "asiakkaan",
                       "ugyfel", "клієнт", "клієнта"})  # fmt: skip
_AROUND = re.compile(r"[a-z]|q\d+|tbl|fld|usr|txt|text|val|value|str|vc|field|col|feld|kentta|mezo|поле|falt|\d+")
_LONGEST = 60  # characters of a header; a longer one is looked up whole only
_ABBREVIATED = range(3, 13)
# What a shop or a product has as well as a person.
_SHARED = frozenset({"address", "city", "postcode", "country", "full_name", "given_name", "family_name", "coordinates",
                     "customer_number", "free_text", "language", "birth_year", "age", "health"})  # fmt: skip
_THEIRS = frozenset({"email", "phone", "iban", "card", "contact_line", "username", "url", "hashed_identifier", "ip",
                     "device_id", "family_name", "nationality", "gender"})  # fmt: skip
_NUMBERS = ("id", "no", "nr", "nro", "num", "number", "code", "ref", "key", "tunnus", "numero", "szam", "szama",
            "azonosito", "kod", "номер", "код", "ід", "ідентифікатор", "nummer", "kennung")  # fmt: skip


@dataclass(frozen=True, slots=True)
class HeaderHit:
    """What a header says, and how surely: 1 for the whole header, less for a part of it."""

    category: str
    score: float
    ambiguous: bool = False
    of_thing: bool = False


# What a program or a person writes where a column has no name: a word for a column, or with a number for its content.
_NAMELESS = re.compile(
    r"(?:no)?(?:column|columns|col|unnamed|untitled|nameless|blank|dummy|field|fld|sarake|kentta|nimeton|oszlop|mezo|nevtelen|"
    r"стовпець|стовпчик|колонка|графа|поле|kolumn|falt|namnlos|spalte|feld|unbenannt|null)(?:name)?[0-9]*"
    r"|(?:data|text|txt|value|val|str|string|item|extra|attr|attribute|property|param|info|arvo|ertek|значення|varde|wert)"
    r"[0-9]+"
)


def words(header: str) -> list[str]:
    """Cut a header at case changes and separators, folded."""
    cut = "".join(
        f"_{letter}" if letter.isupper() and before.islower() else letter
        for before, letter in zip(f"_{header}", header, strict=False)
    )
    return [word for word in _SPLIT.split(_HYPHENED.sub(r"\1\2", fold(cut).replace("'", ""))) if word]


@lru_cache(maxsize=4096)
def read_header(header: str) -> HeaderHit | None:
    """Return what the header says in any of the languages, or None."""
    if _NAMELESS.fullmatch(compact(header)):
        return None
    found = _whole(compact(header))
    parts = words(header[:_LONGEST])
    if found is not None and found.category == "technical" and (_of_a_thing(parts) or of_a_thing(parts)):
        return HeaderHit("technical", 1.0, of_thing=True)
    if found is not None or len(header) > _LONGEST:
        return found
    found = _stripped(parts)
    if found is None and _customer_number(parts):
        return HeaderHit("customer_number", 0.9)
    if found is None:
        found = _composed(parts) or _by_words(parts) or _inside(compact(header)) or _abbreviated(header)
    if _of_a_thing(parts) and (found is None or found.category in _SHARED):
        return HeaderHit("technical", 0.9, of_thing=True)
    return found


def _whole(entry: str) -> HeaderHit | None:
    category = ENTRIES.get(entry) or ENTRIES_NUMBERED.get(numbered(entry))
    return HeaderHit(category, 1.0, entry in AMBIGUOUS) if category else None


def _stripped(parts: Sequence[str]) -> HeaderHit | None:
    """Look the header up without a table's prefix and a counter at its end (``t_address_2``)."""
    rest = list(parts)
    while len(rest) > 1 and _AROUND.fullmatch(rest[-1]):
        rest.pop()
    found = _whole("".join(rest)) if len(rest) < len(parts) else None
    while found is None and len(rest) > 1 and (rest[0] in _PREFIXES or _AROUND.fullmatch(rest[0])):
        rest = rest[1:]
        found = _whole("".join(rest))
    return found


def _customer_number(parts: Sequence[str]) -> bool:
    """A word for a person, then one for a number, and nothing else."""
    return len(parts) == len(("person", "number")) and parts[0].startswith(PERSONS) and parts[1] in _NUMBERS


def _of_a_thing(parts: Sequence[str]) -> bool:
    return any(part.startswith(THINGS) for part in parts) and not any(part.startswith(PERSONS) for part in parts)


def _composed(parts: Sequence[str]) -> HeaderHit | None:
    """Put the meanings of the header's words together."""
    found = meaning(parts)
    if found is None:
        return None
    if found.of_thing and not found.of_person and found.category in _SHARED | _THEIRS:
        return HeaderHit("technical", 0.9, of_thing=True)
    if found.category == "someone":
        return HeaderHit("full_name", 0.75, ambiguous=True) if found.whole else None
    return HeaderHit(found.category, 0.9 if found.whole else 0.75)


def _by_words(parts: Sequence[str]) -> HeaderHit | None:
    """Return the longest run of words that is an entry; the last of equals, for heads stand last in compounds."""
    best = ""
    for start in range(len(parts)):
        for end in range(start + 1, len(parts) + 1):
            entry = "".join(parts[start:end])
            if entry in ENTRIES and len(entry) >= max(len(best), 2):
                best = entry
    return HeaderHit(ENTRIES[best], 0.8, best in AMBIGUOUS) if best else None


def _inside(whole: str) -> HeaderHit | None:
    best = max((entry for entry in _LONG if entry in whole), key=len, default=None)
    return HeaderHit(ENTRIES[best], 0.6, best in AMBIGUOUS) if best else None


def _abbreviated(header: str) -> HeaderHit | None:
    """Find an entry whose words begin with the header's pieces in turn (SZULDAT); all such must say the same.

    Old exports write in capitals and cut short; in small letters more must be left. No abbreviation is enough to call
    a column one of the special categories.
    """
    whole = compact(header)
    if len(whole) not in _ABBREVIATED:
        return None
    least = 2 if header.isupper() else 3
    said = {category for parts, category in _BY_START[whole[:2]] if _begins(whole, parts, least)}
    return HeaderHit(said.pop(), 0.6) if len(said) == 1 and not said & SPECIAL.keys() else None


def _begins(short: str, parts: Sequence[str], least: int) -> bool:
    if len(parts) == 1:
        return 2 * len(short) >= max(len(parts[0]), 4 * least) and parts[0].startswith(short)
    return _pieces(short, parts, least)


def _pieces(short: str, parts: Sequence[str], least: int) -> bool:
    """Tell whether ``short`` is beginnings, of ``least`` letters, of all the words in their order."""
    if not parts:
        return not short
    word = parts[0]
    sizes = range(least, min(len(word), len(short)) + 1)
    return any(word.startswith(short[:size]) and _pieces(short[size:], parts[1:], least) for size in sizes)


_LONG = tuple(entry for entry in ENTRIES if len(entry) >= _INSIDE)
_BY_START: defaultdict[str, list[tuple[tuple[str, ...], str]]] = defaultdict(list)
for _parts, _category in PARTS.items():
    _BY_START["".join(_parts)[:2]].append((tuple(part for part in _parts if part), _category))
