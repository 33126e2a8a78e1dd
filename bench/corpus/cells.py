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
    return lambda cell: cell.random.choice(choices(key, cell.language))


def _email_name(cell: Cell) -> str:
    return f"{cell.person.full} <{cell.person.email}>"


def _contact(cell: Cell) -> str:
    person = cell.person
    phone = numbers.spell_phone(cell.random, person.language, person.phone)
    return (f"{person.full}, {phone}, {person.email}", f"{phone} / {person.email}", f"{person.full}; {phone}")[
        cell.style % 3
    ]


def _profile(cell: Cell) -> str:
    person = cell.person
    held = (
        {"name": person.full, "contact": {"email": person.email}, "tier": "gold"},
        {"user": {"first": person.given.nom, "last": person.family.nom, "dob": str(person.born)}, "v": 2},
        {"items": cell.number(1, 9), "mail": person.email, "ip": numbers.ip(cell.random)},
    )[cell.style % 3]
    return json.dumps(held, ensure_ascii=bool(cell.style % 2))


def _hashed(cell: Cell) -> str:
    email = cell.person.email.lower().encode()
    if cell.style % 2:
        return hashlib.sha256(email).hexdigest()
    return hashlib.md5(email, usedforsecurity=False).hexdigest()


def _email_url(cell: Cell) -> str:
    path = ("u?e={}&c=12", "preferences/{}/edit", "r?id=7&mail={}")[cell.style % 3]
    email = cell.person.email
    return "https://shop.example/" + path.format(quote(email) if cell.style % 2 else email)


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


def _customer(cell: Cell) -> str:
    return (
        f"C{cell.number(10**5, 10**6)}",
        str(cell.number(10**6, 10**7)),
        numbers.unique(cell.random),
        f"{cell.number(10**4, 10**5)}-{cell.row}",
    )[cell.style % 4]


def _username(cell: Cell) -> str:
    given = handle(cell.person.given.nom)
    return cell.random.choice(
        (
            f"{given}{cell.number(1, 99)}",
            f"{given}_{cell.number(1950, 2010)}",
            f"x{given}x",
            f"{given[:3]}ster{cell.row}",
        )
    )


def _device(cell: Cell) -> str:
    return numbers.imei(cell.random) if cell.style % 2 else numbers.unique(cell.random)


def _advertising(cell: Cell) -> str:
    return numbers.unique(cell.random).upper() if cell.style % 2 else numbers.unique(cell.random)


def _cookie(cell: Cell) -> str:
    return (
        f"GA1.2.{cell.number(10**8, 10**9)}.{cell.number(16 * 10**8, 17 * 10**8)}"
        if cell.style % 2
        else numbers.unique(cell.random)
    )


def _order(cell: Cell) -> str:
    size = (7, 9, 10, 11)[cell.style % 4]  # the lengths of TAJ, RNTRC and IdNr: some pass by luck
    return str(cell.number(10 ** (size - 1), 10**size))


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


def _time(cell: Cell) -> str:
    seconds = cell.number(0, 86_400)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return (f"{cell.recent()}T{clock}Z", f"{cell.recent()} {clock}", str(1_600_000_000 + cell.number(0, 10**8)))[
        cell.style % 3
    ]


def _genetic(cell: Cell) -> str:
    return f"rs{cell.number(10**5, 10**8)}({cell.random.choice('ACGT')};{cell.random.choice('ACGT')})"


def _coordinates(cell: Cell) -> str:
    return f"{50 + cell.random.random() * 15:.5f}, {18 + cell.random.random() * 14:.5f}"


def _version(cell: Cell) -> str:
    parts = [str(cell.number(0, 20)) for _ in range(3 + cell.style % 2)]
    return ".".join(parts)


def _children(cell: Cell) -> str:
    ages = [str(cell.number(0, 17)) for _ in range(cell.number(1, 4))]
    return ", ".join(ages)


def _sku(cell: Cell) -> str:
    return f"{cell.random.choice(('AB', 'KX', 'LMP', 'T'))}-{cell.number(100, 99_999)}"


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
            "description", "weekday", "company_name", "status", "colour", "constant", "trade_union",
        )
    },
    "customer_number": _customer, "given_name": _name("given"), "family_name": _name("family"),
    "full_name": _name("full"), "email": lambda cell: cell.person.email,
    "phone": lambda cell: numbers.spell_phone(
        cell.random, cell.language, cell.person.phone, None if cell.style % 2 else cell.style
    ),
    "address": lambda cell: (
        cell.person.address if cell.style % 3 else f"{cell.person.address}, {cell.person.postcode} {cell.person.city}"
    ),
    "iban": lambda cell: numbers.iban(cell.random, cell.language), "card": lambda cell: numbers.card(cell.random),
    "ip": lambda cell: numbers.ip(cell.random), "mac": lambda cell: numbers.mac(cell.random), "device_id": _device,
    "advertising_id": _advertising, "cookie_id": _cookie,
    "plate": lambda cell: numbers.plate(cell.random, cell.language), "username": _username, "hashed_email": _hashed,
    "email_url": _email_url, "json_profile": _profile, "contact_line": _contact, "email_name": _email_name,
    "birth_date": _born, "birth_year": lambda cell: str(cell.person.born.year),
    "age": lambda cell: str(2026 - cell.person.born.year), "postcode": lambda cell: cell.person.postcode,
    "coordinates": _coordinates, "city": lambda cell: cell.person.city, "income": _money(1_500_000, 9_000_000),
    "children": _children, "genetic": _genetic, "free_text": _note,
    "biometric": lambda cell: f"{cell.random.getrandbits(160):040x}"[:32] + "==",
    "registered_on": lambda cell: cell.day(cell.recent()), "order_date": lambda cell: cell.day(cell.recent()),
    "total_spend": _money(0, 500_000), "order_number": _order,
    "invoice_number": lambda cell: f"{cell.number(2020, 2027)}/{cell.row + 1000:06d}",
    "tracking": lambda cell: f"JJ{numbers.digits(cell.random, 9)}{cell.language.upper()}", "price": _money(200, 60_000),
    "quantity": lambda cell: str(cell.number(1, 40)), "stock": lambda cell: str(cell.number(0, 3000)), "sku": _sku,
    "ean": lambda cell: numbers.ean(cell.random), "version": _version,
    "thing_uuid": lambda cell: numbers.unique(cell.random),
    "event_uuid": lambda cell: numbers.unique(cell.random), "timestamp": _time,
    "year": lambda cell: str(cell.number(1995, 2027)),
    "company_id": lambda cell: numbers.company_id(cell.random, cell.language),
    "store_city": lambda cell: cell.person.city, "store_address": lambda cell: street(cell.random, cell.language),
    "package": _package, "weight": lambda cell: f"{cell.number(1, 400) / 10} kg".replace(".", ","),
    "page_url": lambda cell: f"https://shop.example/{cell.random.choice('phk')}/{cell.number(1, 9999)}",
    "git_commit": lambda cell: f"{cell.random.getrandbits(160):040x}", "all_null": lambda _: "",
    "percent": lambda cell: f"{cell.number(0, 60)} %" if cell.style % 2 else str(cell.number(0, 60)),
}  # fmt: skip
