"""The values of each kind of column, as people and systems write them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from urllib.parse import quote

from bench.corpus import national, numbers
from bench.corpus.folding import handle
from bench.corpus.layouts import LAYOUTS, NOUNS, PROFILES
from bench.corpus.notes import render, templates
from bench.corpus.people import Person, make_person, street
from bench.corpus.resources import choices
from bench.corpus.shapes import NOTE_LANGUAGES, Split

_TODAY = dt.date(2026, 11, 1)
_DATES = {
    "fi": ("{d.day}.{d.month}.{d.year}", "{d:%d.%m.%Y}", "{d:%Y-%m-%d}"),
    "hu": ("{d:%Y.%m.%d.}", "{d:%Y. %m. %d.}", "{d:%Y-%m-%d}"),
    "uk": ("{d:%d.%m.%Y}", "{d:%d.%m.%Y}", "{d:%Y-%m-%d}"),
    "en": ("{d:%d/%m/%Y}", "{d.day}/{d.month}/{d.year}", "{d:%Y-%m-%d}"),
    "sv": ("{d:%Y-%m-%d}", "{d:%Y%m%d}"),
    "de": ("{d:%d.%m.%Y}", "{d.day}.{d.month}.{d.year}"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """What a value is made from: ``style`` is fixed for a column, ``row`` counts."""

    random: Random
    person: Person
    split: Split
    style: int
    row: int

    @property
    def language(self) -> str:
        """The table's language."""
        return self.person.language

    def day(self, date: dt.date) -> str:
        """Write a date in the column's way; one in twenty in another."""
        ways = _DATES[self.language]
        way = self.random.randrange(9) if self.random.random() < 0.05 else self.style
        return ways[way % len(ways)].format(d=date)

    def recent(self) -> dt.date:
        """A day of the last six years."""
        return _TODAY - dt.timedelta(days=self.random.randrange(2200))

    def number(self, low: int, high: int) -> int:
        """A whole number in a range."""
        return self.random.randrange(low, high)


Maker = Callable[[Cell], str]


def _listed(key: str) -> Maker:
    return lambda cell: cell.random.choice(choices(key, cell.language, cell.split))


def _laid_out(key: str) -> Maker:
    def make(cell: Cell) -> str:
        layouts = LAYOUTS[key][cell.split]
        return layouts[cell.style % len(layouts)].format_map(_Fields(cell))

    return make


class _Fields(dict[str, object]):
    """What a layout may name, made when it is named."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        person = cell.person
        super().__init__(
            full=person.full, given=person.given.nom, family=person.family.nom, email=person.email,
            first=handle(person.given.nom), last=handle(person.family.nom), born=str(person.born),
            postcode=person.postcode, address=person.address, row=cell.row + 1000, year=cell.number(2015, 2027),
            country=cell.language.upper(), quoted=quote(person.email),
        )  # fmt: skip

    def __missing__(self, name: str) -> object:
        random, size = self.cell.random, name[1:]
        if size.isdigit() and name[0] == "n":
            return random.choice("123456789") + numbers.digits(random, int(size) - 1)
        if size.isdigit():
            return f"{random.getrandbits(4 * int(size)):0{size}x}"
        return _DRAWN[name](self.cell)


_DRAWN: Mapping[str, Callable[[Cell], object]] = {
    "phone": lambda cell: numbers.spell_phone(cell.random, cell.language, cell.person.phone, split=cell.split),
    "uuid": lambda cell: numbers.unique(cell.random),
    "imei": lambda cell: numbers.imei(cell.random), "ip": lambda cell: numbers.ip(cell.random),
    "letter": lambda cell: cell.random.choice("ABCDEFHJKLMNPRSTUVWXY"),
    "base": lambda cell: cell.random.choice("ACGT"), "kid": lambda cell: cell.number(0, 18),
    "noun": lambda cell: cell.random.choice(NOUNS), "day": lambda cell: cell.recent(),
    "clock": lambda cell: str(dt.timedelta(seconds=cell.number(36_000, 86_400))),
    "latitude": lambda cell: 50 + cell.random.random() * 15, "longitude": lambda cell: 18 + cell.random.random() * 14,
}  # fmt: skip


def _profile(cell: Cell) -> str:
    profiles = PROFILES[cell.split]
    held = _told(profiles[cell.style % len(profiles)], _Fields(cell))
    return json.dumps(held, ensure_ascii=bool(cell.style % 2))


def _told(held: object, fields: _Fields) -> object:
    if isinstance(held, dict):
        return {key: _told(value, fields) for key, value in held.items()}
    if isinstance(held, list):
        return [_told(value, fields) for value in held]
    return held.format_map(fields) if isinstance(held, str) else held


def _hashed(cell: Cell) -> str:
    email = cell.person.email.lower().encode()
    if cell.style % 2:
        return hashlib.sha256(email).hexdigest()
    return hashlib.md5(email, usedforsecurity=False).hexdigest()


def _note(cell: Cell) -> str:
    language = cell.language if cell.language in NOTE_LANGUAGES else "en"
    template = cell.random.choice(templates(cell.split, language))
    customer = cell.person if cell.language == language else make_person(cell.random, language, cell.split)
    return render(cell.random, template, language, cell.split, customer).text


def _name(part: str) -> Maker:
    def make(cell: Cell) -> str:
        person = cell.person
        if part == "full":
            return (person.full, person.full, person.reversed, person.full.upper())[cell.style % 4]
        name = person.given if part == "given" else person.family
        return name.nom.upper() if cell.style == 0 else name.nom

    return make


def _advertising(cell: Cell) -> str:
    return numbers.unique(cell.random).upper() if cell.style % 2 else numbers.unique(cell.random)


def _money(low: int, high: int) -> Maker:
    def make(cell: Cell) -> str:
        value = cell.number(low, high)
        if cell.language == "hu":
            return (f"{value * 4} Ft", str(value * 4), f"{value * 4:,} Ft".replace(",", " "))[cell.style % 3]
        point = "." if cell.language == "en" else ","
        unit = {"uk": " грн", "en": "", "sv": " kr"}.get(cell.language, " €")
        text = f"{value / 100:.2f}".replace(".", point)
        return text + unit if cell.style % 2 else text

    return make


def _born(cell: Cell) -> str:
    return cell.day(cell.person.born)


def _version(cell: Cell) -> str:
    parts = [str(cell.number(0, 20)) for _ in range(3 + cell.style % 2)]
    return ".".join(parts)


def _package(cell: Cell) -> str:
    word = cell.random.choice(("left-pad", "@acme/widget", "@tools/parser", "date-utils", "@ui/button"))
    return f"{word}@{_version(cell)}"


def _national(kind: str) -> Maker:
    return lambda cell: national.MAKERS[kind](cell.random, cell.person.born, cell.person.gender)


MAKERS: Mapping[str, Maker] = {
    **{kind: _national(kind) for kind in national.MAKERS},
    **{
        key: _listed(key)
        for key in (
            "health", "religion", "politics", "ethnicity", "orientation", "diet", "pharmacy", "donation", "criminal",
            "gender", "nationality", "marital_status", "job_title", "loyalty_tier", "consent", "product_name",
            "description", "weekday", "company_name", "status", "colour", "constant", "trade_union", "brand",
            "store_name", "vehicle_model",
        )
    },
    **{key: _laid_out(key) for key in LAYOUTS},
    "given_name": _name("given"), "family_name": _name("family"),
    "full_name": _name("full"), "email": lambda cell: cell.person.email,
    "phone": lambda cell: numbers.spell_phone(
        cell.random, cell.language, cell.person.phone, None if cell.style % 2 else cell.style, cell.split
    ),
    "address": lambda cell: (
        cell.person.address if cell.style % 3 else f"{cell.person.address}, {cell.person.postcode} {cell.person.city}"
    ),
    "iban": lambda cell: numbers.iban(cell.random, cell.language), "card": lambda cell: numbers.card(cell.random),
    "ip": lambda cell: numbers.ip(cell.random), "mac": lambda cell: numbers.mac(cell.random),
    "advertising_id": _advertising,
    "plate": lambda cell: numbers.plate(cell.random, cell.language), "hashed_email": _hashed,
    "json_profile": _profile,
    "birth_date": _born, "birth_year": lambda cell: str(cell.person.born.year),
    "age": lambda cell: str(2026 - cell.person.born.year), "postcode": lambda cell: cell.person.postcode,
    "city": lambda cell: cell.person.city, "income": _money(1_500_000, 9_000_000),
    "free_text": _note,
    "registered_on": lambda cell: cell.day(cell.recent()), "order_date": lambda cell: cell.day(cell.recent()),
    "total_spend": _money(0, 500_000), "price": _money(200, 60_000),
    "quantity": lambda cell: str(cell.number(1, 40)), "stock": lambda cell: str(cell.number(0, 3000)),
    "ean": lambda cell: numbers.ean(cell.random), "version": _version,
    "thing_uuid": lambda cell: numbers.unique(cell.random),
    "event_uuid": lambda cell: numbers.unique(cell.random),
    "year": lambda cell: str(cell.number(1995, 2027)),
    "company_id": lambda cell: numbers.company_id(cell.random, cell.language),
    "store_city": lambda cell: cell.person.city,
    "store_address": lambda cell: street(cell.random, cell.language, cell.split),
    "package": _package, "weight": lambda cell: f"{cell.number(1, 400) / 10} kg".replace(".", ","),
    "company_iban": lambda cell: numbers.iban(cell.random, cell.language),
    "git_commit": lambda cell: f"{cell.random.getrandbits(160):040x}", "all_null": lambda _: "",
    "percent": lambda cell: f"{cell.number(0, 60)} %" if cell.style % 2 else str(cell.number(0, 60)),
}  # fmt: skip
