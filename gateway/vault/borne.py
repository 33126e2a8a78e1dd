"""Names as people bear them: the words of name fields, who of a batch begins or ceases to bear them, and their seal.

A name is a letter for its part (``g`` given, ``f`` family, ``n`` either: of a full name; ``s`` a street, without the
number of the house) and the name in lower case.
Sealed, it is AES-SIV (RFC 5297): the same name gives the same bytes, so that one value is both index and secret.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from gateway.vault.errors import VaultDamaged

PARTS: Mapping[str, str] = {"given_name": "g", "family_name": "f", "full_name": "n", "street_address": "s"}
_STREET = "s"
_GIVEN, _FAMILY = "gn", "fn"
_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ`\-‑][^\W\d_]+)*")  # noqa: RUF001 -- apostrophes and hyphens that people type
_FEWEST, _MOST = 2, 40  # letters of a name
_SHORT = 3  # letters of what is no street's name
_WORDS = 5  # of one cell; more of them are a company or a remark
_LONGEST = 200  # characters; a longer cell is no name
# Of an address: what is no street's.
_HOUSE = re.compile(r"[^\W\d_]{0,3}\d+[^\W_]{0,3}(?:[/\-]\d+[^\W_]?)?\.?")
_POSTCODE = re.compile(r" *\d{4}")
_ROOMS_TEXT = """flat apartment apt unit floor suite building house room asunto rappu huoneisto
    talo emelet ajtó lépcsőház
    épület квартира будинок буд корпус під'їзд поверх кімната wohnung"""
_ROOMS = frozenset(_ROOMS_TEXT.split())
_BLOCK = 32  # bytes; a name's length is told in steps of so many
# Parts of family names that are other words everywhere else.
_PARTICLES_TEXT = "af al av bin da das de del den der di do dos du el ibn la le ten ter van von zu zum zur"
_PARTICLES = frozenset(_PARTICLES_TEXT.split())
_DOMAIN = [b"gw1|name"]


@dataclass(frozen=True, slots=True, eq=False, repr=False, weakref_slot=True)
class BorneNames:
    """Distinct names of people in lower case; personal data, held in memory only and never in a ``repr``."""

    given: frozenset[str]
    family: frozenset[str]
    streets: frozenset[str] = frozenset()

    @classmethod
    def of(cls, names: Iterable[str]) -> BorneNames:
        """Take the names apart by what they are; a word of a full name may be either."""
        listed = [*names]
        given, family = (frozenset(name[1:] for name in listed if name[0] in parts) for parts in (_GIVEN, _FAMILY))
        return cls(given, family, frozenset(name[1:] for name in listed if name[0] == _STREET))


class NameSeal:
    """Seals and opens names under a key of their own (64 bytes)."""

    __slots__ = ("_siv",)

    def __init__(self, key: bytes) -> None:
        self._siv = AESSIV(key)

    def __repr__(self) -> str:
        """Say nothing of the key."""
        return "NameSeal(…)"

    def seal(self, name: str) -> bytes:
        """Seal one name: always the same bytes."""
        data = name.encode()
        return self._siv.encrypt(data + bytes(-len(data) % _BLOCK), _DOMAIN)

    def open(self, sealed: bytes) -> str:
        """Open one name; ``VaultDamaged`` when it was changed."""
        try:
            return self._siv.decrypt(sealed, _DOMAIN).rstrip(b"\0").decode()
        except (InvalidTag, ValueError):
            msg = "a known name does not open under its key: a damaged vault.sqlite"
            raise VaultDamaged(msg) from None


def names_of(fields: Mapping[str, Any]) -> set[str]:
    """Return the names that a person with these fields bears."""
    return {part + word for name, part in PARTS.items() for word in _parts(part, fields.get(name))}


@dataclass(slots=True, repr=False)
class Bearers:
    """By how much the bearers of each name change while a batch is written."""

    changes: Counter[str] = field(default_factory=Counter)
    latest: set[str] = field(default_factory=set)  # names that the last chunk brought

    def came(self, columns: Mapping[str, list[Any]]) -> None:
        """Count people who are new, by their fields."""
        for name, part in PARTS.items():
            for cell, people in Counter(columns.get(name, ())).items():
                for word in _parts(part, cell):
                    self.changes[part + word] += people
                    self.latest.add(part + word)

    def changed(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        """Count one person whose fields were others before."""
        old, new = names_of(before), names_of(after)
        self.changes.update(new - old)
        self.changes.subtract(old - new)
        self.latest |= new - old

    def take(self) -> Counter[str]:
        """Hand over what has changed, and begin again."""
        taken, self.changes = self.changes, Counter()
        return taken


def _parts(part: str, cell: Any) -> tuple[str, ...]:
    return _street(cell) if part == _STREET else _words(cell)


def _street(cell: Any) -> tuple[str, ...]:
    """The street of an address: the words before the number of the house, or behind it where it comes first."""
    if not isinstance(cell, str) or len(cell) > _LONGEST:
        return ()
    for line in re.split("[,;\n]", unicodedata.normalize("NFC", cell).lower()):
        left, _, right = _HOUSE.sub("\0", line).strip().partition("\0")
        if _POSTCODE.match(line):
            continue
        words = _WORD.findall(left) or _WORD.findall(right.partition("\0")[0])
        street = " ".join(words)
        if len(street) > _SHORT and not _ROOMS.intersection(words):
            return (street,) if len(words) <= _WORDS and len(street) <= _MOST else ()
    return ()


def _words(cell: Any) -> tuple[str, ...]:
    if not isinstance(cell, str) or len(cell) > _LONGEST:
        return ()
    text = unicodedata.normalize("NFC", cell).lower()
    found = [text] if text.isalpha() else _WORD.findall(text)
    kept = dict.fromkeys(word for word in found if _FEWEST <= len(word) <= _MOST and word not in _PARTICLES)
    return tuple(kept) if len(kept) <= _WORDS else ()
