"""Fictional people: every value is drawn from one seeded generator, so that a seed gives the same people for ever."""

# ruff: noqa: RUF001 - some of these letters are Ukrainian

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gateway.demo.locales import LOCALES, Locale, Pool, make_pool, phone, postcode
from gateway.demo.national_ids import unique
from gateway.demo.notes import write_note

COLUMNS = (
    "customer_no", "email", "phone", "given_name", "family_name", "street_address", "postcode", "city", "country",
    "language", "birth_date", "national_id", "registered_on", "loyalty_tier", "marketing_consent", "analytics_choice",
    "note", "x_score_v2",
)  # fmt: skip
Person = dict[str, str]  # by column name
Numbers = npt.NDArray[np.int64]

_DOMAINS = ("example.org", "example.com", "example.net", "posti.test", "mail.test", "post.test")  # RFC 2606
_TODAY = dt.date(2026, 7, 1)
_FIRST_CHOICE = dt.date(2025, 7, 1)  # of the twelve months in which people made their choices
_CHOICE_DAYS = 365
_YES, _NO = 0.62, 0.82  # up to here yes, up to here no, then nothing
_OBJECTED = 0.02
_NOTE = 0.08
_LARGE_PLACE = 0.55
_MALE = 0.5
_GIVES_EMAIL, _GIVES_PHONE, _GIVES_ID = 0.97, 0.88, 0.70
_UNDER_AGE_EACH = 1000  # one child in so many, at least three
_UKRAINIAN = dict(zip("абвгґдезиіїйклмнопрстуф", "abvhgdezyiiiklmnoprstuf", strict=True)) | {
    "х": "kh", "є": "ie", "ж": "zh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "iu", "я": "ia", "ь": "",
}  # fmt: skip


@dataclass(slots=True)
class Draws:
    """Random numbers for all people at once, and what has been given away already."""

    random: np.random.Generator
    count: int
    locale: Numbers = field(init=False)
    children: frozenset[int] = field(init=False)
    columns: dict[str, Sequence[int]] = field(default_factory=dict)
    shares: dict[str, Sequence[float]] = field(default_factory=dict)
    phones: dict[str, list[int]] = field(init=False)
    emails: set[str] = field(default_factory=set)
    national_ids: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Draw everything."""
        random, count = self.random, self.count
        self.locale = random.choice(len(LOCALES), count, p=[locale.share for locale in LOCALES])
        few = min(count, max(3, round(count / _UNDER_AGE_EACH)))
        self.children = frozenset(random.choice(count, few, replace=False).tolist())
        for name in ("given", "family", "street", "place", "postcode", "number", "style", "domain", "serial", "note",
                     "other", "day", "objection", "score", "early", "local"):  # fmt: skip
            self.columns[name] = random.integers(0, 1_000_000, count).tolist()
        for name in ("sex", "large", "age", "consent", "analytics", "writes", "gives_phone", "gives_email", "gives_id"):
            self.shares[name] = random.random(count).tolist()
        self.phones = {locale.code: random.permutation(14_000).tolist() for locale in LOCALES}


def make_people(first_purchases: Sequence[dt.date], spent: Sequence[float], seed: int) -> list[Person]:
    """Return one person for each customer, in the customers' order; about half a second for 10,000."""
    draws = Draws(np.random.default_rng(seed), len(first_purchases))
    pools = [make_pool(locale, seed + index) for index, locale in enumerate(LOCALES)]
    tiers = _tiers(spent)
    people = []
    for i, first in enumerate(first_purchases):
        which = draws.locale[i]
        people.append(_person(i, LOCALES[which], pools[which], draws, (first, tiers[i])))
    _write_notes(people, draws)
    return people


def _person(i: int, locale: Locale, pool: Pool, draws: Draws, history: tuple[dt.date, str]) -> Person:
    first, tier = history
    number, share, child = draws.columns, draws.shares, i in draws.children
    male = share["sex"][i] < _MALE
    given = _one_of(pool.given[male], number["given"][i])
    family = _one_of(pool.family[male], number["family"][i])
    city, start = _place(locale, pool, number["place"][i], large=share["large"][i] < _LARGE_PLACE)
    born = _birth_date(share["age"][i], child=child)
    number_of_phone = phone(locale, draws.phones[locale.code].pop(), number["style"][i])
    national_id = unique(locale.national_id, born, male, number["serial"][i], draws.national_ids)
    values = (
        f"C{i + 1:05d}",
        _email(given, family, i, draws) if share["gives_email"][i] < _GIVES_EMAIL else "",
        number_of_phone if share["gives_phone"][i] < _GIVES_PHONE else "",
        given,
        family,
        locale.street.format(street=_one_of(pool.streets, number["street"][i]), n=number["number"][i] % 120 + 1),
        postcode(locale, start, number["postcode"][i]),
        city,
        locale.country,
        locale.language,
        born.isoformat(),
        national_id if share["gives_id"][i] < _GIVES_ID else "",
        (first - dt.timedelta(days=max(0, number["early"][i] % 60 - 30))).isoformat(),
        tier,
        _consent(locale, share["consent"][i], number["day"][i], child=child),
        _objection(share["analytics"][i], number["objection"][i]),
        "",  # the note is written last, when all people are known
        str(number["score"][i] % 100),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _one_of(pool: Sequence[str], draw: int) -> str:
    return pool[draw % len(pool)]


def _write_notes(people: list[Person], draws: Draws) -> None:
    """Give some people a note; the other person it names is the one before who speaks the same language."""
    last = {person["language"]: _full_name(person) for person in people}
    for i, person in enumerate(people):
        if draws.shares["writes"][i] < _NOTE:
            choice = draws.columns["note"][i]
            person["note"] = write_note(person["language"], choice, person, last[person["language"]])
        last[person["language"]] = _full_name(person)


def _full_name(person: Person) -> str:
    given, family = person["given_name"], person["family_name"]
    return f"{family} {given}" if person["language"] == "hu" else f"{given} {family}"


def _place(locale: Locale, pool: Pool, draw: int, *, large: bool) -> tuple[str, str]:
    """Return a place and the start of its postcodes; the first of the large places are the likeliest."""
    many = len(locale.places)
    if large:
        return pool.places[(draw % many) * (draw // many % many) // many]
    return pool.places[many + draw % (len(pool.places) - many)]


def _birth_date(share: float, *, child: bool) -> dt.date:
    if child:
        return dt.date(2011, 1, 1) + dt.timedelta(days=int(share * 1400))
    years = 18 + 68 * (share**1.3)
    return _TODAY - dt.timedelta(days=int(years * 365.25))


def _latin(name: str) -> str:
    """Return a name as it stands in an e-mail address."""
    lower = "".join(_UKRAINIAN.get(letter, letter) for letter in name.lower())
    plain = unicodedata.normalize("NFKD", lower)
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())


def _email(given: str, family: str, i: int, draws: Draws) -> str:
    first, last = _latin(given), _latin(family)
    kind = draws.columns["local"][i]
    local = (f"{first}.{last}", f"{first[0]}.{last}", f"{last}.{first}", f"{first}{last}", f"{first}_{last}")[kind % 5]
    domain = _DOMAINS[draws.columns["domain"][i] % len(_DOMAINS)]
    tail = ""
    while f"{local}{tail}" in draws.emails:  # the part before the @ is nobody else's, whatever the domain
        tail = str(int(tail or kind // 5 % 97) + 1)
    draws.emails.add(f"{local}{tail}")
    address = f"{local}{tail}@{domain}"
    return address.title() if kind % 37 == 0 else address  # some keyboards begin with a capital


def _consent(locale: Locale, share: float, day: int, *, child: bool) -> str:
    if share < _YES or child:  # children tick the box too: policy must not count it (Art. 8)
        chosen = _FIRST_CHOICE + dt.timedelta(days=day % _CHOICE_DAYS)
        return f"{locale.yes} {chosen.strftime(locale.day)}"
    return locale.no if share < _NO else ""


def _objection(share: float, day: int) -> str:
    chosen = _FIRST_CHOICE + dt.timedelta(days=day % _CHOICE_DAYS)
    return f"objected {chosen.isoformat()}" if share < _OBJECTED else ""


def _tiers(spent: Sequence[float]) -> list[str]:
    """Gold for the top 8 % by money spent, silver for the next 22 %, bronze down to 70 %, then nothing."""
    ranks = np.argsort(np.argsort(-np.asarray(spent), kind="stable"), kind="stable") / max(1, len(spent))
    names = np.asarray(["gold", "silver", "bronze", ""])
    return [str(name) for name in names[np.searchsorted([0.08, 0.30, 0.70], ranks, side="right")]]
