"""Free-text notes as customers write them: they mention themselves, their numbers, and other people."""

# ruff: noqa: RUF001 - these letters are Ukrainian

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from gateway.demo.inflection import finnish_stem, hungarian_with, ukrainian_accusative, ukrainian_dative

TEMPLATES: Mapping[str, tuple[str, ...]] = {
    "fi": (
        "Soittakaa {given_to} numeroon {phone}, {family_of} osoite on muuttunut.",
        "Voisitteko lähettää kuitin osoitteeseen {email}? Terveisin {given} {family}",
        "Henkilötunnukseni on {national_id}, tarkistakaa laskutus.",
        "Paketin saa jättää naapuriin, {other} on kotona iltaisin.",
        "{given_of} tilaus myöhästyi taas, soittakaa {phone}.",
        "Puolisoni {other} käyttää samaa tiliä, älkää poistako sitä.",
        "Laskussa oli väärä nimi, pitäisi olla {family} {given}.",
        "Hyvä palvelu, kiitos! t. {given}",
        "Puhelin {phone}, sähköposti {email}. Vastatkaa {given_to}.",
        "Tunnus {national_id} ja nimi {given} {family} eivät täsmää.",
    ),
    "hu": (
        "Kérem, {given_to} küldjék a számlát erre a címre: {email}",
        "A csomagot {other} veszi át, én délután nem vagyok otthon.",
        "Az adóazonosító jelem {national_id}, kérem, javítsák a számlán.",
        "Hívjanak a {phone} számon, {family} {given}.",
        "{family} {given} vagyok, megváltozott a telefonszámom: {phone}.",
        "{given_of} kérdezzék meg, mikor van otthon.",
        "A házastársam, {other} is ezt a fiókot használja.",
        "Köszönöm a gyors szállítást! {given}",
        "Nem jött visszaigazolás ide: {email}, {family_to} sem szóltak.",
        "Adóazonosító: {national_id}, név: {family} {given}, kérem, ellenőrizzék.",
    ),
    "uk": (
        "Зателефонуйте {given_to} за номером {phone}.",
        "Рахунок надішліть на {email}, дякую, {given} {family}.",
        "Мій РНОКПП {national_id}, перевірте, будь ласка, рахунок.",
        "Посилку забере {other}, я буду на роботі.",
        "Не можу додзвонитися, мій номер {phone}. {given}",
        "Попросіть {given_of} підійти до каси.",
        "Цим самим кабінетом користується {other}, не закривайте його.",
        "Дякую за швидку доставку! {given}",
        "У накладній помилка: треба {family} {given}, {phone}.",
        "Код {national_id} не приймає форма, напишіть {given_to} на {email}.",
    ),
    "en": (
        "Please ring {given} on {phone}, the {family} family has moved.",
        "Could you send the receipt to {email}? Thanks, {given} {family}",
        "My National Insurance number is {national_id}, please correct the invoice.",
        "You can leave the parcel next door with {other}.",
        "{given_of} order is late again, call {phone}.",
        "My partner {other} shares this account, please do not close it.",
        "The invoice has the wrong name, it should read {given} {family}.",
        "Lovely service, thank you! {given}",
        "Phone {phone}, e-mail {email}. {family_of} address is unchanged.",
        "NINO {national_id} and the name {given} {family} do not match in your system.",
    ),
}

_FORMS: Mapping[str, tuple[Callable[[str], str], Callable[[str], str]]] = {  # (…_to, …_of)
    "fi": (lambda name: f"{finnish_stem(name)}lle", lambda name: f"{finnish_stem(name)}n"),
    "hu": (lambda name: hungarian_with(name, "nak", "nek"), lambda name: hungarian_with(name, "tól", "től")),
    "uk": (ukrainian_dative, ukrainian_accusative),
    "en": (lambda name: name, lambda name: f"{name}'s"),
}
_NEEDS: Mapping[str, tuple[frozenset[str], ...]] = {
    language: tuple(
        frozenset(re.findall(r"{(\w+)}", template)) & {"phone", "email", "national_id"} for template in templates
    )
    for language, templates in TEMPLATES.items()
}


def write_note(language: str, choice: int, person: Mapping[str, str], other: str) -> str:
    """Return the note ``choice``, or the next one that needs nothing which the person has not given."""
    templates, needs = TEMPLATES[language], _NEEDS[language]
    have = {key for key in ("phone", "email", "national_id") if person[key]}
    while not needs[choice % len(templates)] <= have:
        choice += 1
    to, of = _FORMS[language]
    given, family = person["given_name"], person["family_name"]
    return templates[choice % len(templates)].format(
        given=given,
        family=family,
        given_to=to(given),
        given_of=of(given),
        family_to=to(family),
        family_of=of(family),
        phone=person["phone"],
        email=person["email"],
        national_id=person["national_id"],
        other=other,
    )
