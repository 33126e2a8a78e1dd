"""Value evidence: which forms the distinct values of a sample have, as counts that can be told without a value."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from gateway.detection import abroad, gazetteer, national_ids
from gateway.detection.composite import composites
from gateway.detection.evident import names_among, spoken_of
from gateway.detection.folding import fold
from gateway.detection.forms import HINTS, SHAPES, STRICT
from gateway.detection.phones import phones_among
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


_WORDS_ASKED = 150  # values whose words are looked up in lists
NEARLY_ALL = 0.9
_CENTURY = 30  # short years from here on are of the twentieth
_SLOW_ASKED = 100  # values whose identifiers are tested one by one
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
    hits += [*_abroad(values), *_phones(sample, regions), *_spoken(folded), *_composite(values)]
    return {hit.category: hit for hit in hits if hit.hits}


def _hit(sample: Sample, category: str, found: tuple[int, float], strength: Strength, noun: str) -> ValueHit:
    words = f"{found[0]} of {len(sample)} distinct sampled values are {noun}"
    return ValueHit(category, found[1], found[0], strength, words)


def _patterns(sample: Sample) -> list[ValueHit]:
    groups = ((STRICT, Strength.STRICT), (SHAPES, Strength.SHAPE), (HINTS, Strength.HINT))
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


def _abroad(values: list[str]) -> list[ValueHit]:
    return [
        ValueHit(
            one.series.category,
            one.hits / one.asked,
            one.hits,
            Strength.STRICT if one.series.strict else Strength.CHECKED,
            f"{one.hits} of {one.asked} distinct sampled values are well-formed {one.series.noun}"
            + ("" if one.series.strict else f" where luck passes {100 * one.series.chance:.0f} %")
            + (", of a company; a sole trader's is a person's" if one.series.category == abroad.BUSINESS else ""),
        )
        for one in abroad.passes(values)
    ]


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
        _hit(sample, "sentences", sample.share(pc.greater_equal(words, 8)), Strength.HINT, "of eight words or more"),
        _hit(sample, "address", sample.share(numbered), Strength.SHAPE, "a street word with a number"),
    ]


def _births(sample: Sample) -> list[ValueHit]:
    """Years that look like births: spread over decades, most of them before 2008; short ones are of either century."""
    years = _years(
        sample.values, r"(?:^|\D)(?P<year>(?:19|20)\d\d)(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))?(?:\D|$)"
    )
    if len(years) < NEARLY_ALL * len(sample):
        ends = [
            _years(sample.values, form)
            for form in (r"^\d+[-./]\d+[-./](?P<year>\d\d)$", r"^(?P<year>\d\d)[-./]\d+[-./]\d+\.?$")
        ]
        years = max(ends, key=lambda one: (len(one), pc.max(one).as_py() or 0))
        years = pc.add(years, pc.if_else(pc.greater_equal(years, _CENTURY), 1900, 2000))
    if len(years) < NEARLY_ALL * len(sample):
        return []
    low, middle, high = pc.quantile(years, q=[0.1, 0.5, 0.9]).to_pylist()
    if not (high - low >= 15 and middle <= 2007):  # noqa: PLR2004 -- years, as the docstring says
        return []
    return [_hit(sample, "birth_years", (len(years), 1.0), Strength.HINT, "dated over decades, as births are")]


def _years(values: pa.Array, form: str) -> pa.Array:
    return pc.cast(pc.struct_field(pc.extract_regex(values, form), "year").drop_null(), pa.int32())


def _phones(sample: Sample, regions: tuple[str, ...]) -> list[ValueHit]:
    found = phones_among(sample, regions)
    nouns = {
        "phone_any": ("could be phone numbers", Strength.HINT),
        "phone": ("are written as phone numbers", Strength.SHAPE),
        "phone_abroad": ("are phone numbers with a country code", Strength.STRICT),
    }
    guess = f", most of region {found.region}" if found.region else ""
    return [
        ValueHit(
            form,
            count / found.asked,
            count,
            strength,
            f"{count} of {found.asked} distinct sampled values {noun}{guess}",
        )
        for form, (noun, strength) in nouns.items()
        if (count := found.counts[form])
    ]
