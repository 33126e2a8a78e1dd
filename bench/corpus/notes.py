"""Customer-service notes from templates, with every place where a person is identified."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from random import Random

from bench.corpus import national, noise, numbers
from bench.corpus.names import Name
from bench.corpus.people import Person, make_person, national_id
from bench.corpus.resources import lines
from bench.corpus.shapes import LabelledNote, Span, Split

SEED = 20_26
_SLOT = re.compile(r"\{(?:(?P<who>[mxy])\.(?P<part>\w+)(?:/(?P<case>\w+))?|\"(?P<called>[^\"]+)\"|(?P<thing>\w+))\}")
_GENDERS = re.compile(r"^(?P<m>[mf-])(?P<x>[mf-])\|")
_CHAT = "~"  # begins a template that is written without capitals
_FAMILY_FIRST = "hu"
_COUNTED = ("gb_nhs", "gb_nino", "fi_hetu", "hu_taj", "hu_tax_id", "hu_personal_number", "ua_rntrc", "ua_unzr")


def templates(split: Split, language: str) -> tuple[str, ...]:
    """Return a split's templates in a language."""
    return tuple(line.replace("\\n", "\n") for line in lines(f"notes_{language}", split))


def notes(split: Split, language: str, seed: int = SEED, copies: int = 8) -> Iterator[LabelledNote]:
    """Yield ``copies`` notes of each of a split's templates, the same for the same seed."""
    random = Random(f"{seed} {split} {language}")
    for _ in range(copies):
        for template in templates(split, language):
            yield render(random, template, language, split)


def render(random: Random, template: str, language: str, split: Split, customer: Person | None = None) -> LabelledNote:
    """Fill one template, for ``customer`` if one is given and the template's grammar allows their gender."""
    said = template.removeprefix(_CHAT)
    genders = _GENDERS.match(said)
    wanted = {who: genders[who].strip("-") or None for who in "mx"} if genders else {}
    if customer is None or (wanted.get("m") or customer.gender) != customer.gender:
        customer = make_person(random, language, split, wanted.get("m"))
    others: dict[str, Person] = {}
    for who in "xy":
        others[who] = _another(random, language, split, wanted.get(who), [customer, *others.values()])
    writer = _Writer(random, language, {"m": customer, **others}, identifiers(random, customer, split), split)
    body = said[genders.end() :] if genders else said
    at = 0
    for slot in _SLOT.finditer(body):
        writer.plain(body[at : slot.start()])
        writer.slot(slot)
        at = slot.end()
    writer.plain(body[at:])
    kinds = noise.draw(random)
    if said != template and noise.LOWER not in kinds:
        kinds = (noise.LOWER, *kinds)
    text = noise.applied(writer.text, kinds, [(span.start, span.end) for span in writer.spans], random)
    return LabelledNote(text, language, writer.own, tuple(writer.spans), _key(template), kinds)


def _another(random: Random, language: str, split: Split, gender: str | None, met: list[Person]) -> Person:
    """A person who shares no name with those already met: else nobody could tell whose name it is."""
    while True:
        person = make_person(random, language, split, gender)
        if all(person.given.nom != one.given.nom and person.family.nom != one.family.nom for one in met):
            return person


def _key(template: str) -> str:
    return f"{zlib.crc32(template.encode()):08x}"


@cache
def _kinds(language: str) -> tuple[str, ...]:
    return tuple(kind for kind in national.BY_LANGUAGE[language] if kind in _COUNTED)


def identifiers(random: Random, person: Person, split: Split = "build") -> dict[str, str]:
    """Return a person's identifiers by category, as a register holds them."""
    patronymic = {"patronymic": person.patronymic.nom} if person.patronymic else {}
    return {
        "given_name": person.given.nom,
        "family_name": person.family.nom,
        **patronymic,
        "email": person.email,
        "phone": numbers.spell_phone(random, person.language, person.phone, split=split),
        "customer_number": f"{random.choice('ACK')}{random.randrange(100_000, 999_999)}",
        "national_id": national_id(random, person, random.choice(_kinds(person.language))),
        "address": person.address,
        "iban": numbers.iban(random, person.language),
        "card": numbers.card(random),
        "ip": numbers.ip(random),
    }


_VALUES = {"nid": "national_id", "number": "customer_number"}


@dataclass(slots=True)
class _Writer:
    random: Random
    language: str
    people: dict[str, Person]
    own: dict[str, str]
    split: Split
    text: str = ""
    spans: list[Span] = field(default_factory=list)

    def plain(self, text: str) -> None:
        self.text += text

    def slot(self, slot: re.Match[str]) -> None:
        if slot["called"]:
            self._mark(slot["called"], "given_name", own=False, form="nickname")
        elif slot["thing"]:
            self.plain(_thing(self.random, slot["thing"], self.language))
        elif slot["part"] in {"given", "family", "nick", "full", "gp", "pib", "fullt"}:
            self._names(slot["who"], slot["part"], slot["case"] or "nom")
        else:
            self._value(slot["who"], slot["part"])

    def _mark(self, text: str, category: str, own: bool, form: str = "plain") -> None:  # noqa: FBT001 -- a label
        self.spans.append(Span(len(self.text), len(self.text) + len(text), category, own, form))
        self.plain(text)

    def _value(self, who: str, part: str) -> None:
        category = _VALUES.get(part, part)
        person = self.people[who]
        value = self.own[category] if who == "m" else identifiers(self.random, person, self.split)[category]
        if category == "phone":
            value = numbers.spell_phone(self.random, person.language, person.phone, split=self.split)
        elif category == "customer_number" and self.random.random() < 0.2:
            value = f"{value[0]} {value[1:]}"
        self._mark(value, category, who == "m")

    def _names(self, who: str, part: str, case: str) -> None:
        person, own = self.people[who], who == "m"
        pieces = _pieces(person, part, case)
        at = len(self.text)
        for place, (name, sort, form) in enumerate(pieces):
            self.plain(" " if place else "")
            written = name.nickname if form == "nickname" else name.forms[form]
            self._name(written, sort, own and form != "nickname", "plain" if written == name.nom else form)
        if not own and len(pieces) > 1:  # another person's whole name is one find
            forms = "+".join(dict.fromkeys("+".join(span.form for span in self.spans[-len(pieces) :]).split("+")))
            del self.spans[-len(pieces) :]
            self.spans.append(Span(at, len(self.text), "full_name", own=False, form=forms))
        if self.language == "en" and case == "poss":
            self.plain(self.random.choice(("'s", "'s", "’s", "s")))  # noqa: RUF001 -- as typed

    def _name(self, written: str, sort: str, own: bool, form: str) -> None:  # noqa: FBT001 -- a label
        if self.random.random() < noise.OWN_TYPO:
            slipped = noise.swapped(written, self.random)
            form = form if slipped == written else f"{form}+typo"
            written = slipped
        if self.language == "uk" and "'" in written:
            written = written.replace("'", self.random.choice("'’ʼ"))  # noqa: RUF001 -- as typed
        self._mark(written, sort, own, form)


def _pieces(person: Person, part: str, case: str) -> list[tuple[Name, str, str]]:
    """The words of a name with the form of each; only the last declines, in Ukrainian all do."""
    given, family = (person.given, "given_name"), (person.family, "family_name")
    if part == "nick":
        return [(*given, "nickname")]
    order = {"given": [given], "family": [family], "gp": [given], "pib": [family, given]}.get(part, [given, family])
    if part in {"full", "fullt"} and person.language == _FAMILY_FIRST:
        order = [family, given]
    if part in {"gp", "pib"} and person.patronymic is not None:
        order = [*order, (person.patronymic, "patronymic")]
    if part == "fullt":
        return [(*word, "roman") for word in order]
    leading = case if person.language == "uk" else "nom"
    return [(*word, leading if place < len(order) - 1 else case) for place, word in enumerate(order)]


def _thing(random: Random, thing: str, language: str) -> str:
    if thing == "order":
        return str(random.randrange(10**6, 10**7))
    if thing == "tracking":
        return f"JJ{numbers.digits(random, 9)}X"
    amount = random.randrange(500, 90_000)
    comma = f"{amount / 100:.2f}".replace(".", ",")
    return {"fi": f"{comma} €", "hu": f"{amount} Ft", "uk": f"{comma} грн"}.get(language, f"£{amount / 100:.2f}")
