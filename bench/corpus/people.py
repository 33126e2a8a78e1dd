"""Made-up people: a name from the split's list and everything that identifies its bearer."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from random import Random

from bench.corpus import national, numbers
from bench.corpus.folding import handle
from bench.corpus.names import Name, names
from bench.corpus.resources import sections
from bench.corpus.shapes import Split

_DOMAINS = {
    "fi": ("posti.example", "kotiposti.example", "mail.example.com", "example.org"),
    "hu": ("levelem.example", "posta.example", "mail.example.com", "example.net"),
    "uk": ("poshta.example", "skrynka.example", "mail.example.com", "example.org"),
    "en": ("mailbox.example", "post.example", "mail.example.com", "example.net"),
    "sv": ("brev.example", "example.org"),
    "de": ("briefkasten.example", "example.com"),
}
_ORDER = {"hu": "{family} {given}"}


@dataclass(frozen=True, slots=True)
class Person:
    """One made-up person."""

    language: str
    gender: str  # m or f
    given: Name
    family: Name
    patronymic: Name | None
    born: dt.date
    email: str
    phone: tuple[str, str]
    address: str
    postcode: str
    city: str

    @property
    def full(self) -> str:
        """The whole name in the order of the language."""
        return _ORDER.get(self.language, "{given} {family}").format(given=self.given.nom, family=self.family.nom)

    @property
    def reversed(self) -> str:
        """The whole name in the other order."""
        return " ".join(reversed(self.full.split(" ")))


def make_person(random: Random, language: str, split: Split, gender: str | None = None) -> Person:
    """Return a person of a language; ``gender`` is ``m``, ``f`` or either."""
    wanted = gender or random.choice("mf")
    given, family, patronymic = (_name(random, language, split, part, wanted) for part in _PARTS)
    assert given is not None and family is not None  # noqa: PT018 -- every list has both
    city, postcode = _city(random, language, split)
    return Person(
        language, wanted, given, family, patronymic, birth_date(random),
        email(random, language, given.nom, family.nom), numbers.phone(random, language),
        street(random, language, split), postcode, city,
    )  # fmt: skip


_PARTS = ("given", "family", "patronymic")


def _name(random: Random, language: str, split: Split, part: str, gender: str) -> Name | None:
    listed = _listed(language, split, part, gender)
    return random.choice(listed) if listed else None


@cache
def _listed(language: str, split: Split, part: str, gender: str) -> tuple[Name, ...]:
    return tuple(name for name in names(language, split, part) if name.gender in {gender, "-"})


def birth_date(random: Random) -> dt.date:
    """Return a day between 1935 and 2008."""
    return dt.date(1935, 1, 1) + dt.timedelta(days=random.randrange(27_000))


def email(random: Random, language: str, given: str, family: str) -> str:
    """Return an address in one of the ways that people make them of their names."""
    first, last = handle(given), handle(family)
    number = random.randrange(1950, 2005)
    local = random.choice(
        (
            *(f"{first}.{last}", f"{first}.{last}", f"{first[0]}.{last}", f"{last}.{first}", f"{first}_{last}"),
            *(f"{first}{number % 100}", f"{last}{number}", f"{first}.{last}{number % 10}"),
        )
    )
    return f"{local}@{random.choice(_DOMAINS[language])}"


@cache
def _places(language: str, split: Split, sort: str) -> tuple[str, ...]:
    return tuple(
        line.removeprefix(f"{sort} ") for line in sections("places", split)[language] if line.startswith(f"{sort} ")
    )


def street(random: Random, language: str, split: Split) -> str:
    """Return a street with a house number, and often a flat, as the country writes them."""
    name, house, flat = (
        random.choice(_places(language, split, "street")),
        random.randrange(1, 120),
        random.randrange(1, 60),
    )
    stair = random.choice("ABC")
    written = {
        "fi": (f"{name} {house}", f"{name} {house} {stair} {flat}", f"{name} {house} as. {flat}"),
        "hu": (f"{name} {house}.", f"{name} {house}. {flat % 6 + 1}. em. {flat}.", f"{name} {house}/{stair}"),
        "uk": (f"{name}, {house}", f"{name}, буд. {house}, кв. {flat}", f"{name}, {house}, кв. {flat}"),
        "en": (f"{house} {name}", f"Flat {flat}, {house} {name}", f"{house}{stair.lower()} {name}"),
        "sv": (f"{name} {house}", f"{name} {house} {stair}"),
        "de": (f"{name} {house}", f"{name} {house}{stair.lower()}"),
    }
    return random.choice(written[language])


def _city(random: Random, language: str, split: Split) -> tuple[str, str]:
    city, _, prefix = random.choice(_places(language, split, "city")).rpartition(" ")
    if language == "en":
        letters = random.choice("ABDEFGHJLNPQRSTUWXYZ") + random.choice("ABDEFGHJLNPQRSTUWXYZ")
        return city, f"{prefix}{random.randrange(1, 20)} {random.randrange(1, 10)}{letters}"
    size = 4 if language == "hu" else 5
    code = prefix + numbers.digits(random, size - len(prefix))
    return city, f"{code[:3]} {code[3:]}" if language == "sv" else code


def national_id(random: Random, person: Person, kind: str) -> str:
    """Return the person's identifier of a kind."""
    return national.MAKERS[kind](random, person.born, person.gender)
