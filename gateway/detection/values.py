"""Value evidence: which forms the distinct values of a sample have, as counts that can be told without a value."""

# ruff: noqa: RUF001 -- apostrophes and Ukrainian words

from __future__ import annotations

import enum
from dataclasses import dataclass

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc

from gateway.detection import gazetteer, national_ids
from gateway.detection.composite import composites
from gateway.detection.evident import names_among, spoken_of
from gateway.detection.folding import fold
from gateway.detection.sampling import Sample


class Strength(enum.IntEnum):
    """How far a form goes by itself."""

    HINT = 0  # needs a header, or the absence of anything better
    SHAPE = 1  # a likely form
    CHECKED = 2  # a check digit that luck passes now and then: counts as a column only
    STRICT = 3  # hardly ever by chance, even in one cell


@dataclass(frozen=True, slots=True)
class ValueHit:
    """A form, the share of distinct values that have it, and the words to say so."""

    category: str
    share: float
    hits: int
    strength: Strength
    words: str


# A letter, told by what it is not: RE2 builds the full Unicode class a hundred times more slowly.
_L = r"[^\x00-@\[-`{-\x{bf}]"
EMAIL = r"[^\s@,;<>\"]+@(?:[^\s@.,;<>\"]+\.)+[^\s@.,;<>\"\d]{2,}"
_STRICT = {
    "email": (EMAIL, "e-mail addresses"),
    "url": (r"(?:https?://|www\.)\S{3,}", "web addresses"),
    "ip": (
        r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)|[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}|[0-9a-f:]{2,35}::[0-9a-f:]{0,35}",
        "IP addresses",
    ),
    "hashed_identifier": (r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128})", "hex digests (md5, sha)"),
    "mac": (r"[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}", "MAC addresses"),
    "cookie_id": (r"GA1\.\d\.\d{6,11}\.\d{9,11}|fb\.\d\.\d{10,14}\.\d{6,20}", "client ids of web analytics"),
    "coordinates": (r"[-+]?\d{1,2}\.\d{3,9}[,; ] ?[-+]?\d{1,3}\.\d{3,9}|POINT ?\([-\d. ]+\)", "geographic coordinates"),
    "ua_passport": (r"[а-щьюяєіїґ]{2} ?№? ?\d{6}", "series and numbers of Ukrainian passports"),
}
_DATE = r"(?:(?:18|19|20)\d\d[-./](?:0?[1-9]|1[0-2])[-./](?:0?[1-9]|[12]\d|3[01])\.?|(?:0?[1-9]|[12]\d|3[01])[-./](?:0?[1-9]|1[0-2])[-./](?:18|19|20)\d\d|(?:0?[1-9]|1[0-2])/(?:0?[1-9]|[12]\d|3[01])/(?:19|20)\d\d|(?:19|20)\d\d\. ?(?:0?[1-9]|1[0-2])\. ?(?:0?[1-9]|[12]\d|3[01])\.?)"  # noqa: E501 -- one form per alternative, split nowhere better
DATE = _DATE
_TIME = r"(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?)?"
_SHAPES = {
    "date": (_DATE + _TIME, "dates"),
    "amount": (
        r"[-+]?(?:[€£$₴] ?)?\d{1,3}(?:[ .,'\x{a0}]?\d{3})*[.,]\d{1,4} ?(?:€|eur|ft|huf|грн|uah|gbp|£|\$)?",
        "decimal numbers",
    ),
    "gb_postcode": (r"[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}", "British postcodes"),
}
_HINTS = {
    "sha1": (r"[0-9a-f]{40}", "hex digests of forty digits, as sha-1 and commits have"),
    "uuid": (r"\{?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", "UUIDs"),
    "public_ip": (r"\d*\D?(?:\d+\.)*(?:6[4-9]|[7-9]\d|[12]\d\d)(?:\.\d+)*|[0-9a-f:]*:[0-9a-f:]+", "with large parts"),
    "hu_id_card": (r"\d{6} ?[a-z]{2}", "six digits and two letters"),
    "quantity": (r"-?(?:0|[1-9]\d{0,3})", "small whole numbers"),
    "digits": (r"\d+", "digits only"),
    "money": (r"[€£$₴]? ?[\d .,'\x{a0}]{1,20} ?(?:€|eur|ft|huf|грн|uah|gbp|kr|sek|£|\$)?", "sums"),
    "plate": (
        r"[^\W\d_]{1,3}[- ]?(?:[^\W\d_]{0,2}[- ]?\d{1,4}|\d{2} [^\W\d_]{3})[^\W\d_]{0,2}|[а-яіїє]{2}\d{4}[а-яіїє]{2}",
        "like number plates",
    ),
    "code": (r"\w{0,6}[-_/ .]?\d{3,}[\w/-]{0,6}", "numbers or codes"),
    "postcode_form": (r"(?:[a-z]{2}-)?\d{3} ?\d{2}|\d{4}", "four or five digits"),
    "name_form": (rf"{_L}(?:{_L}|['’ʼ-])*\.?(?: {_L}(?:{_L}|['’ʼ-])*\.?){{0,3}}", "one to four words of letters"),
    "two_names": (rf"{_L}(?:{_L}|['’ʼ-])*,?(?: {_L}(?:{_L}|['’ʼ-])*\.?){{1,3}}", "two to four words of letters"),
    "compact_date": (r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", "dates without separators"),
    "address_form": (
        rf"(?:[^\d]*{_L}{{3}}[^\d]*[ ,]+\d.*|\d{{1,4}}[a-z]?,? {_L}{{3}}.*)",
        "words with a house number",
    ),
}
_COUNTRIES, _WITH_COUNTRY = ("358", "36", "380", "44", "46", "49"), 11
_WORDS_ASKED = 150  # values whose words are looked up in lists
_SLOW_ASKED = 100  # values whose identifiers are tested one by one
_PHONES_ASKED = 30  # a numbering plan takes 50 microseconds a number to ask
_CHANCE_PHRASE = {
    kind: f"where luck passes {100 * rule.chance:.0f} %" for kind, rule in national_ids.KINDS.items() if rule.lucky
}


def read_values(sample: Sample, regions: tuple[str, ...]) -> dict[str, ValueHit]:
    """Return every form that at least one distinct value has, by category."""
    if not len(sample):
        return {}
    values = sample.values.to_pylist()
    folded = [fold(value) for value in values]
    hits = [*_patterns(sample), *_checked(sample), *_listed(sample, folded), *_texts(sample, folded), *_births(sample)]
    hits += [*_phones(sample, regions), *_spoken(folded), *_composite(values)]
    return {hit.category: hit for hit in hits if hit.hits}


def _hit(sample: Sample, category: str, found: tuple[int, float], strength: Strength, noun: str) -> ValueHit:
    words = f"{found[0]} of {len(sample)} distinct sampled values are {noun}"
    return ValueHit(category, found[1], found[0], strength, words)


def _patterns(sample: Sample) -> list[ValueHit]:
    groups = ((_STRICT, Strength.STRICT), (_SHAPES, Strength.SHAPE), (_HINTS, Strength.HINT))
    return [
        _hit(sample, category, sample.matches(pattern), strength, noun)
        for group, strength in groups
        for category, (pattern, noun) in group.items()
    ]


def _checked(sample: Sample) -> list[ValueHit]:
    hits = []
    few = Sample(sample.values.slice(0, _SLOW_ASKED), sample.drawn)
    for kind, rule in national_ids.KINDS.items():
        asked = few if rule.slow else sample
        found = asked.share(national_ids.valid(kind, asked.values))
        strength = Strength.CHECKED if rule.lucky else Strength.STRICT
        noun = f"well-formed {kind.replace('_', ' ')} " + _CHANCE_PHRASE.get(kind, "by form and check digits")
        hits.append(_hit(asked, kind, found, strength, noun))
    return hits


def _spoken(folded: list[str]) -> list[ValueHit]:
    """What the words of the values speak of; those that say "none" count for no kind and against none."""
    folded = folded[:_WORDS_ASKED]
    counts = spoken_of(folded)
    told = max(1, len(folded) - counts.pop("filler", 0))
    hits = [
        ValueHit(kind, count / told, count, Strength.HINT, f"{count} of {told} distinct sampled values speak of {kind}")
        for kind, count in counts.items()
    ]
    for form, count in names_among(folded).items():
        noun = f"in the list of {form.removesuffix('_listed')} names"
        words = f"{count} of {len(folded)} distinct sampled values are {noun}"
        hits.append(ValueHit(form, count / len(folded), count, Strength.HINT, words))
    return hits


def _composite(values: list[str]) -> list[ValueHit]:
    nouns = {"email_name": "a name with its e-mail address", "email_url": "links with an e-mail address in them",
             "contact_line": "lines of contacts", "json": "JSON", "json_profile": "JSON about a person"}  # fmt: skip
    return [
        ValueHit(
            form, count / asked, count, Strength.STRICT,
            f"{count} of {asked} distinct sampled values are {nouns[form]}",
        )
        for form, (count, asked) in composites(values).items()
    ]  # fmt: skip


def _listed(sample: Sample, folded: list[str]) -> list[ValueHit]:
    lists = {
        "country": gazetteer.COUNTRY_CODES | gazetteer.COUNTRIES,
        "language": gazetteer.LANGUAGES,
        "gender": gazetteer.GENDERS,
        "city": gazetteer.CITIES,
    }
    hits = []
    for category, listed in lists.items():
        count = sum(value in listed for value in folded)
        hits.append(_hit(sample, category, (count, count / len(sample)), Strength.HINT, f"in the list of {category}"))
    chosen = sum(value.partition(" ")[0].rstrip(",;:") in gazetteer.CHOICES for value in folded)
    hits.append(_hit(sample, "consent", (chosen, chosen / len(sample)), Strength.HINT, "a yes, a no or a status"))
    upper = int(pc.sum(pc.match_substring_regex(sample.values, "^[A-Z]{2,3}$")).as_py() or 0)
    return [*hits, _hit(sample, "upper_code", (upper, upper / len(sample)), Strength.HINT, "codes in capitals")]


def _texts(sample: Sample, folded: list[str]) -> list[ValueHit]:
    words = pc.count_substring_regex(sample.values, r"\S+")
    long = sample.share(pc.greater_equal(words, 5))
    street = pc.match_substring_regex(
        pa.array(folded, pa.string()),
        rf"(?:^|[\s,.\d])(?:{gazetteer.STREET_WORDS})(?:[\s,.]|$)",
    )
    numbered = pc.and_(street, pc.match_substring_regex(sample.values, r"\d"))
    numbered = pc.and_(numbered, pc.less(words, 12))
    return [
        _hit(sample, "free_text", long, Strength.HINT, "of five words or more"),
        _hit(sample, "address", sample.share(numbered), Strength.SHAPE, "a street word with a number"),
    ]


def _births(sample: Sample) -> list[ValueHit]:
    """Years that look like births: spread over decades, most of them before 2008."""
    years = pc.struct_field(
        pc.extract_regex(
            sample.values, r"(?:^|\D)(?P<year>(?:19|20)\d\d)(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))?(?:\D|$)"
        ),
        "year",
    )
    numbers = pc.cast(years.drop_null(), pa.int32())
    if len(numbers) < 0.9 * len(sample) or len(numbers) == 0:
        return []
    low, middle, high = pc.quantile(numbers, q=[0.1, 0.5, 0.9]).to_pylist()
    if not (high - low >= 15 and middle <= 2007):  # noqa: PLR2004 -- years, as the docstring says
        return []
    return [_hit(sample, "birth_years", (len(numbers), 1.0), Strength.HINT, "dated over decades, as births are")]


def _phones(sample: Sample, regions: tuple[str, ...]) -> list[ValueHit]:
    """Numbers written as phones are (``+``, leading zero, brackets) that a numbering plan allows, of a few."""
    written = r"(?:\+|00|\(|0|[1-9][0-9]?[ (])[\d\s().\-/\x{a0}]{5,20}(?: ?(?:x|ext\.?) ?\d{1,5})?"
    asked = sample.values.slice(0, _PHONES_ASKED)
    formed = asked.filter(pc.match_substring_regex(asked, f"^(?:{written}|\\d{{5,13}})$", ignore_case=True)).to_pylist()
    possible = [value for value in formed if _possible_phone(value, regions)]
    marked = [value for value in possible if not value.isdigit() or value.startswith("0") or _has_country(value)]
    abroad = [value for value in marked if value.startswith(("+", "00"))]
    size = len(asked)
    return [
        ValueHit(
            "phone_any",
            len(possible) / size,
            len(possible),
            Strength.HINT,
            f"{len(possible)} of {size} distinct sampled values could be phone numbers",
        ),
        ValueHit(
            "phone",
            len(marked) / size,
            len(marked),
            Strength.SHAPE,
            f"{len(marked)} of {size} distinct sampled values are written as phone numbers",
        ),
        ValueHit(
            "phone_abroad",
            len(abroad) / size,
            len(abroad),
            Strength.STRICT,
            f"{len(abroad)} of {size} distinct sampled values are phone numbers with a country code",
        ),
    ]


def _has_country(value: str) -> bool:
    """Tell whether bare digits are a valid number with a country code in front, the plus sign left out."""
    if not value.startswith(_COUNTRIES) or len(value) < _WITH_COUNTRY:
        return False
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(f"+{value}", None))
    except phonenumbers.NumberParseException:
        return False


def _possible_phone(value: str, regions: tuple[str, ...]) -> bool:
    if value.startswith("00"):
        value = "+" + value[2:]
    if _has_country(value):
        return True
    tried: tuple[str | None, ...] = (None,) if value.startswith("+") else regions
    for region in tried:
        try:
            number = phonenumbers.parse(value, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number) if region is None else phonenumbers.is_valid_number(number):
            return True
    return False
