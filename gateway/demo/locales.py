"""What people in four countries are called, where they live, and how they write their numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from faker import Faker

from gateway.demo import national_ids

_DRAWS = 1500  # names and streets per pool: as Faker weighs them
_SMALL_PLACES = 200


@dataclass(frozen=True, slots=True)
class Locale:
    """One locale: its share of the people, its words, its places and its ways to write numbers."""

    code: str
    country: str  # ISO 3166
    language: str  # ISO 639
    share: float
    yes: str
    no: str
    day: str  # strftime, for the date after a yes
    places: tuple[tuple[str, str], ...]  # large cities, largest first, with the start of their postcodes
    small_place: str  # the Faker method that names the others
    starts: tuple[str, ...]  # of postcodes elsewhere
    operators: tuple[str, ...]  # national prefixes of telephone numbers, without the leading zero
    phone_styles: tuple[str, ...]
    street: str  # how a street and a number make an address
    national_id: national_ids.Maker


@dataclass(frozen=True, slots=True)
class Pool:
    """What Faker made for a locale; the first places are the large cities."""

    given: tuple[Sequence[str], Sequence[str]]  # women, men
    family: tuple[Sequence[str], Sequence[str]]
    streets: Sequence[str]
    places: Sequence[tuple[str, str]]


def _starts(first: int, end: int) -> tuple[str, ...]:
    return tuple(f"{number:02d}" for number in range(first, end))


LOCALES = (
    Locale(
        code="fi_FI", country="FI", language="fi", share=0.40, yes="kyllä", no="ei", day="%Y-%m-%d",
        places=(
            ("Helsinki", "00"), ("Espoo", "02"), ("Tampere", "33"), ("Vantaa", "01"), ("Oulu", "90"), ("Turku", "20"),
            ("Jyväskylä", "40"), ("Lahti", "15"), ("Kuopio", "70"), ("Pori", "28"),
        ),
        small_place="city_name", starts=_starts(3, 99),
        operators=("40", "41", "44", "45", "46", "50"),
        phone_styles=(
            "0{p} 555 {n}", "0{p}555{n}", "+358 {p} 555 {n}", "+358{p}555{n}", "0{p}-555 {n}", "(0{p}) 555 {n}",
        ),
        street="{street} {n}", national_id=national_ids.finnish,
    ),
    Locale(
        code="hu_HU", country="HU", language="hu", share=0.25, yes="igen", no="nem", day="%Y.%m.%d.",
        places=(
            ("Budapest", "11"), ("Debrecen", "40"), ("Szeged", "67"), ("Miskolc", "35"), ("Pécs", "76"), ("Győr", "90"),
            ("Nyíregyháza", "44"), ("Kecskemét", "60"),
        ),
        small_place="city", starts=_starts(20, 100),
        operators=("20", "30", "31", "50", "70"),
        phone_styles=(
            "06 {p} 555 {n}", "06{p}555{n}", "+36 {p} 555 {n}", "06-{p}/555-{n}", "+36{p}555{n}", "06 {p}/555 {n}",
        ),
        street="{street} {n}.", national_id=national_ids.hungarian,
    ),
    Locale(
        code="uk_UA", country="UA", language="uk", share=0.20, yes="так", no="ні", day="%d.%m.%Y",
        places=(
            ("Київ", "02"), ("Харків", "61"), ("Одеса", "65"), ("Дніпро", "49"), ("Львів", "79"), ("Запоріжжя", "69"),
            ("Вінниця", "21"), ("Полтава", "36"),
        ),
        small_place="city_name", starts=_starts(7, 100),
        operators=("50", "63", "66", "67", "68", "93", "95", "96", "97", "98"),
        phone_styles=(
            "0{p} 555 {d}", "0{p}555{n}", "+380 {p} 555 {n}", "+380{p}555{n}", "(0{p}) 555-{d}", "0{p}-555-{d}",
        ),
        street="{street}, {n}", national_id=national_ids.ukrainian,
    ),
    Locale(
        code="en_GB", country="GB", language="en", share=0.15, yes="yes", no="no", day="%Y-%m-%d",
        places=(
            ("London", "SE"), ("Birmingham", "B"), ("Manchester", "M"), ("Leeds", "LS"), ("Glasgow", "G"),
            ("Liverpool", "L"), ("Bristol", "BS"), ("Edinburgh", "EH"), ("Cardiff", "CF"),
        ),
        small_place="city", starts=(
            "AB", "BA", "BD", "BN", "CB", "CT", "DE", "DH", "DN", "EX", "GU", "HG", "IP", "KT", "LN", "ME", "NR", "OX",
            "PE", "PL", "PR", "RG", "SA", "SK", "SO", "SR", "ST", "TN", "TR", "WR", "YO",
        ),
        # The ranges that Ofcom keeps for drama.
        operators=(
            "113 496 0", "114 496 0", "116 496 0", "117 496 0", "118 496 0", "121 496 0", "131 496 0",
            "141 496 0", "151 496 0", "161 496 0", "20 7946 0", "191 498 0", "28 9018 0", "29 2018 0",
        ),
        phone_styles=("0{p}{n}", "+44 {p}{n}", "+44 (0){p}{n}"),
        street="{n} {street}", national_id=national_ids.british,
    ),
)  # fmt: skip


def make_pool(locale: Locale, seed: int) -> Pool:
    """Ask Faker once per locale for names, streets and small places."""
    faker = Faker(locale.code)
    faker.seed_instance(seed)

    def draw(method: Callable[[], str], count: int = _DRAWS) -> list[str]:
        return [method() for _ in range(count)]

    small = dict.fromkeys(draw(getattr(faker, locale.small_place), 2 * _SMALL_PLACES))
    large = {name for name, _ in locale.places}
    names = [name for name in small if name not in large][:_SMALL_PLACES]
    return Pool(
        given=(draw(faker.first_name_female), draw(faker.first_name_male)),
        family=(draw(faker.last_name_female), draw(faker.last_name_male)),
        streets=draw(faker.street_name),
        places=[*locale.places, *((name, locale.starts[i % len(locale.starts)]) for i, name in enumerate(names))],
    )


def postcode(locale: Locale, start: str, draw: int) -> str:
    """Return a postcode of the country that begins with ``start``; ``draw`` is any non-negative number."""
    match locale.country:
        case "FI":
            return f"{start}{draw % 100:02d}0"
        case "HU":
            return f"{start}{draw % 90 + 10:02d}"
        case "UA":
            return f"{start}{draw % 1000:03d}"
        case _:
            letters = "ABDEFGHJLNPQRSTUWXYZ"
            return f"{start}{draw % 24 + 1} {draw // 24 % 9 + 1}{letters[draw // 216 % 20]}{letters[draw // 4320 % 20]}"


def phone(locale: Locale, serial: int, style: int) -> str:
    """Return a telephone number as a person types it; two serials below 14,000 never make the same number."""
    prefix = locale.operators[serial % len(locale.operators)]
    number = serial // len(locale.operators)
    digits = f"{number:03d}" if locale.country == "GB" else f"{number:04d}"
    pairs = f"{digits[:2]}-{digits[2:]}"
    return locale.phone_styles[style % len(locale.phone_styles)].format(p=prefix, n=digits, d=pairs)
