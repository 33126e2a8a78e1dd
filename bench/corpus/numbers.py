"""Phones, accounts, cards, addresses of machines and codes of things."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from random import Random

from bench.corpus.national import luhn_digit, ua_edrpou
from bench.corpus.shapes import Split

_MOBILE = {
    "fi": ("358", ("40", "41", "44", "45", "50"), 7), "hu": ("36", ("20", "30", "70"), 7),
    "uk": ("380", ("50", "63", "67", "68", "93", "95", "97"), 7), "en": ("44", ("7700", "7411", "7864", "7903"), 6),
    "sv": ("46", ("70", "72", "73", "76"), 7), "de": ("49", ("151", "160", "170", "176"), 8),
}  # fmt: skip
# a: the code without its trunk prefix, then the digits cut as written; c: the country's code.
_SPELLINGS: Mapping[Split, Mapping[str, str]] = {
    "build": {
        "fi": "0{a} {3}{4}|0{a} {3} {4}|0{a}{3}{4}|0{a}-{3}{4}|+{c} {a} {3} {4}|+{c}{a}{3}{4}|00{c} {a} {3}{4}",
        "hu": "06 {a} {3} {4}|06-{a}-{3}-{4}|06{a}{3}{4}|+{c} {a} {3} {4}|+{c}{a}{3}{4}|06 ({a}) {3}-{4}|"
        "06/{a} {3} {4}",
        "uk": "0{a} {3} {2} {2}|0{a}{3}{4}|+{c}{a}{3}{4}|+38 (0{a}) {3}-{2}-{2}|(0{a}) {3}-{2}-{2}|0{a}-{3}-{2}-{2}|"
        "380{a}{3}{4}",
        "en": "0{a} {6}|0{a}{6}|+{c} {a} {6}|+{c}{a}{6}|(0{a}) {6}|0{a} {3} {3}|0044 {a} {6}",
        "sv": "0{a}-{3} {2} {2}|0{a}{3}{4}|+{c} {a} {3} {2} {2}|+{c}{a}{3}{4}|0{a}-{3}{4}",
        "de": "0{a} {8}|0{a}/{8}|0{a}{8}|+{c} {a} {8}|+{c}{a}{8}|0{a}-{8}",
    },
    "frozen": {
        "fi": "0{a}.{3}.{4}|+{c}-{a}-{3}{4}|0{a} {3} {2} {2}|+{c} (0){a} {3} {4}|(0{a}) {3}{4}|0{a}{7}",
        "hu": "06-{a}/{3}-{4}|+{c}-{a}-{3}-{4}|06 {a} {3} {2} {2}|00{c} {a} {3} {4}|({a}) {3}-{4}|+{c} ({a}) {3}{4}",
        "uk": "0{a}.{3}.{2}.{2}|+{c} {a} {3} {2} {2}|8 0{a} {3} {2} {2}|0{a} {3}-{4}|+{c}-{a}-{3}-{2}-{2}|0{a}{7}",
        "en": "0{a}-{6}|+{c} (0){a} {6}|0{a}.{3}.{3}|+{c}-{a}-{3}-{3}|0{a} {2} {2} {2}|{c}{a}{6}",
        "sv": "0{a} {3} {2} {2}|0{a}/{3} {2} {2}|+{c}-{a}-{3} {2} {2}|+{c} (0){a} {3} {4}|00{c}{a}{7}",
        "de": "0{a} {4} {4}|0{a} / {3} {5}|+{c} (0){a} {8}|0{a} {2} {2} {2} {2}|00{c} {a} {8}|+{c}-{a}-{8}",
    },
}
_IBANS = {"fi": ("FI", 14), "hu": ("HU", 24), "uk": ("UA", 25), "en": ("GB", 14), "sv": ("SE", 20), "de": ("DE", 18)}
_PLATES = {"fi": "LLL-DDD", "hu": "LLL-DDD", "uk": "LLDDDDLL", "en": "LLDD LLL", "sv": "LLLDDD", "de": "LL-LL DDD"}
_NETS = ("192.0.2.", "198.51.100.", "203.0.113.", "10.20.3.", "192.168.1.")


def digits(random: Random, count: int) -> str:
    """Return ``count`` random digits."""
    return "".join(random.choices("0123456789", k=count))


def phone(random: Random, language: str) -> tuple[str, str]:
    """Return a mobile number's area code and the rest."""
    _, areas, size = _MOBILE[language]
    return random.choice(areas), random.choice("123456789") + digits(random, size - 1)


def spell_phone(
    random: Random, language: str, number: tuple[str, str], style: int | None = None, split: Split = "build"
) -> str:
    """Write a number in one of the part's ways for its country; ``style`` fixes which."""
    spellings = _SPELLINGS[split][language].split("|")
    pattern = random.choice(spellings) if style is None else spellings[style % len(spellings)]
    area, rest = number
    text = pattern.replace("{a}", area).replace("{c}", _MOBILE[language][0])
    while "{" in text:
        at = text.index("{")
        size = int(text[at + 1])
        text = text[:at] + rest[:size] + text[at + 3 :]
        rest = rest[size:]
    return text


def iban(random: Random, language: str) -> str:
    """Return an IBAN of the language's country with right check digits, half of them in fours."""
    country, size = _IBANS[language]
    account = ("NWBK" if country == "GB" else "") + digits(random, size)
    number = "".join(str(int(letter, 36)) for letter in account + country + "00")
    whole = f"{country}{98 - int(number) % 97:02d}{account}"
    fours = " ".join(whole[place : place + 4] for place in range(0, len(whole), 4))
    return random.choice((whole, fours))


def card(random: Random) -> str:
    """Return a card number, half of them in fours."""
    start = random.choice(("4", "51", "52", "53", "54", "55")) + digits(random, 15)
    whole = start[:15] + luhn_digit(start[:15])
    return random.choice((whole, f"{whole[:4]} {whole[4:8]} {whole[8:12]} {whole[12:]}"))


def ip(random: Random) -> str:
    """Return an address from the ranges kept for documents and private networks."""
    if random.random() < 0.15:
        return f"2001:db8:{random.randrange(65536):x}::{random.randrange(1, 65536):x}"
    return random.choice(_NETS) + str(random.randrange(1, 255))


def mac(random: Random) -> str:
    """Return a MAC address with the bit of local ones."""
    pairs = [f"{random.randrange(256):02x}" for _ in range(6)]
    pairs[0] = f"{random.randrange(64) * 4 + 2:02x}"
    return random.choice((":", "-")).join(pairs)


def unique(random: Random) -> str:
    """Return a version 4 UUID."""
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def imei(random: Random) -> str:
    """Return fifteen digits that pass the Luhn sum, as device identifiers do."""
    start = "35" + digits(random, 12)
    return start + luhn_digit(start)


def plate(random: Random, language: str) -> str:
    """Return a number plate of the language's country."""
    letters = "АВЕІКМНОРСТХ" if language == "uk" else "ABCEGHJKLMNPRSTVXYZ"  # noqa: RUF001 -- Ukrainian letters
    made = {"L": lambda: random.choice(letters), "D": lambda: random.choice("0123456789")}
    return "".join(made[sign]() if sign in made else sign for sign in _PLATES[language])


def ean(random: Random) -> str:
    """Return an EAN-13."""
    start = random.choice(("640", "599", "482", "501")) + digits(random, 9)
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(start))
    return start + str(-total % 10)


def company_id(random: Random, language: str) -> str:
    """Return an organisation's number: Y-tunnus, Hungarian tax number, EDRPOU, or the British eight digits."""
    if language == "uk":
        return ua_edrpou(random)
    if language == "hu":
        start = str(random.randrange(1_000_000, 3_000_000))
        check = -sum(int(digit) * weight for digit, weight in zip(start, (9, 7, 3, 1, 9, 7, 3), strict=True)) % 10
        return f"{start}{check}-2-{random.randrange(2, 44):02d}"
    if language == "fi":
        while True:
            start = digits(random, 7)
            check = -sum(int(digit) * weight for digit, weight in zip(start, (7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
            if check != 10:
                return f"{start}-{check}"
    return "0" + digits(random, 7)
