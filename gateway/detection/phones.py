"""Which values of a column are phone numbers, by the numbering plans of a few regions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import phonenumbers
import pyarrow.compute as pc

from gateway.detection.sampling import Sample

_ASKED = 30  # a numbering plan takes 50 microseconds a number to ask
_GUESSED = 12  # numbers that every plan is asked about, for the usual region
_COUNTRIES, _WITH_COUNTRY = ("358", "36", "380", "44", "46", "49"), 11
_WRITTEN = r"(?:\+|00|\(|0|[1-9][0-9]?[ (])[\d\s().\-/\x{a0}]{5,20}(?: ?(?:x|ext\.?) ?\d{1,5})?"


@dataclass(frozen=True, slots=True)
class Phones:
    """How many of how many values could be phone numbers, are written so, have a country code; the usual region."""

    counts: Mapping[str, int]
    asked: int
    region: str | None


def phones_among(sample: Sample, regions: tuple[str, ...]) -> Phones:
    """Ask the plans of ``regions`` about a few values with the form of a phone number, in order of preference.

    What the plans say of the few holds for all that are written so; ``asked`` is the number that the few stand for.
    """
    formed = sample.values.filter(
        pc.match_substring_regex(sample.values, f"^(?:{_WRITTEN}|\\d{{5,13}})$", ignore_case=True)
    )
    asked = formed.slice(0, _ASKED).to_pylist()
    possible = [value for value in asked if _is_possible(value, regions)]
    marked = [value for value in possible if not value.isdigit() or value.startswith("0") or _has_country(value)]
    usual = _usual(marked[:_GUESSED], regions)
    counts = {
        "phone_any": len(possible),
        "phone": len(marked),
        "phone_abroad": sum(value.startswith(("+", "00")) for value in marked),
    }
    return Phones(counts, round(len(asked) * len(sample) / max(1, len(formed))), usual)


def _usual(values: list[str], regions: tuple[str, ...]) -> str | None:
    """Return the region that the most numbers fit; as a mobile number counts double, since many plans take anything."""
    counts: Counter[str] = Counter()
    for value in values:
        for region, number in _plans(value, regions):
            counts[region] += 2 if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE else 1
    return max(counts, key=lambda region: counts[region], default=None)


def _has_country(value: str) -> bool:
    """Tell whether bare digits are a valid number with a country code in front, the plus sign left out."""
    if not value.startswith(_COUNTRIES) or len(value) < _WITH_COUNTRY:
        return False
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(f"+{value}", None))
    except phonenumbers.NumberParseException:
        return False


def _is_possible(value: str, regions: tuple[str, ...]) -> bool:
    return next(_plans(value, regions), None) is not None


def _plans(value: str, regions: tuple[str, ...]) -> Iterator[tuple[str, phonenumbers.PhoneNumber]]:
    """Yield the regions whose plans allow the number, and it: its own where it has a country code."""
    written = "+" + value[2:] if value.startswith("00") else f"+{value}" if _has_country(value) else value
    tried: tuple[str | None, ...] = (None,) if written.startswith("+") else regions
    for region in tried:
        try:
            number = phonenumbers.parse(written, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_possible_number(number) if region is None else phonenumbers.is_valid_number(number):
            yield region or phonenumbers.region_code_for_country_code(number.country_code or 0), number
