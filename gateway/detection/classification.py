"""Header and value evidence weighed into one finding for a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.detection.categories import NATIONAL_CATEGORIES
from gateway.detection.headers import HeaderHit
from gateway.detection.national_ids import NATIONAL
from gateway.detection.values import Strength, ValueHit

Hits = Mapping[str, ValueHit]
DECISIVE = 20  # distinct values from which a check digit speaks for a column by itself
HALF = 0.5
NEARLY_ALL = 0.9
_STRICT = ("email", "url", "fi_hetu", "iban", "ip", "hashed_identifier", "hu_personal_number")
_CHECKED = ("hu_tax_id", "ua_rntrc", "hu_taj", "card", "gb_nino")

# What the values of a column should look like for its header to be believed: any of these forms, on half of them.
_FITTING: dict[str, tuple[str, ...]] = {
    "given_name": ("name_form",),
    "family_name": ("name_form",),
    "full_name": ("name_form", "two_names"),
    "city": ("name_form", "city"),
    "country": ("country", "upper_code", "name_form"),
    "language": ("language", "name_form"),
    "gender": ("gender",),
    "address": ("address", "address_form"),
    "postcode": ("postcode_form", "gb_postcode"),
    "birth_date": ("date", "compact_date", "birth_years"),
    "date": ("date", "compact_date"),
    "phone": ("phone_any", "phone", "phone_abroad"),
    "amount": ("amount", "digits", "quantity"),
    "quantity": ("quantity", "digits", "amount"),
    "consent": ("consent", "quantity"),
    "customer_number": ("code", "digits", "hashed_identifier"),
    "national_id": (*sorted(NATIONAL), "code"),
    **{category: (category,) for category in (*_STRICT, *_CHECKED)},
}
# Forms that decide where no header helps: category, form, share needed, confidence.
_BY_VALUES = (
    ("birth_date", "birth_years", NEARLY_ALL, 0.7),
    ("date", "date", 0.8, 0.8),
    ("postcode", "gb_postcode", 0.8, 0.85),
    ("phone", "phone", 0.7, 0.75),
    ("address", "address", 0.4, 0.7),
    ("amount", "amount", 0.8, 0.6),
    ("language", "language", NEARLY_ALL, 0.6),
    ("country", "country", NEARLY_ALL, 0.6),
    ("gender", "gender", NEARLY_ALL, 0.6),
    ("consent", "consent", NEARLY_ALL, 0.6),
    ("city", "city", HALF, 0.6),
    ("free_text", "free_text", HALF, 0.7),
    ("quantity", "quantity", NEARLY_ALL, 0.5),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A category, how sure, and the evidence in words."""

    category: str
    confidence: float
    evidence: tuple[str, ...]


def weigh(header: HeaderHit | None, hits: Hits, distinct: int, *, about_people: bool) -> Verdict:
    """Weigh a header against the forms of ``distinct`` sampled values."""
    said = _said(header)
    if not distinct:
        category = header.category if header else "unknown"
        return Verdict(category, 0.3 if header else 0.0, (*said, "no value to look at"))
    strong = strong_form(header, hits, distinct)
    if strong is not None:
        return _from_strong(strong, header, said)
    if header is not None and header.category != "unknown":
        return _from_header(header, hits, said, about_people=about_people)
    return _from_values(hits, said, blocked=header is not None)


def strong_form(header: HeaderHit | None, hits: Hits, distinct: int) -> ValueHit | None:
    """Return the form that decides by itself: hard to meet by chance, or check digits over many values."""
    strict = [hits[name] for name in _STRICT if name in hits and hits[name].share >= HALF]
    if strict:
        return max(strict, key=lambda hit: hit.share)
    checked = [hits[name] for name in _CHECKED if name in hits and hits[name].share >= NEARLY_ALL]
    agreed = [hit for hit in checked if distinct >= DECISIVE or _agrees(header, hit.category)]
    if agreed:
        return max(agreed, key=lambda hit: (_agrees(header, hit.category), hit.share))
    abroad = hits.get("phone_abroad")
    return abroad if abroad is not None and abroad.share >= HALF else None


def _agrees(header: HeaderHit | None, category: str) -> bool:
    if header is None:
        return False
    return header.category == category or (header.category == "national_id" and category in NATIONAL_CATEGORIES)


def _said(header: HeaderHit | None) -> tuple[str, ...]:
    if header is None:
        return ("the header is in no lexicon",)
    part = "the header says" if header.score == 1 else "a part of the header says"
    return (f"{part} {header.category}",)


def _from_strong(hit: ValueHit, header: HeaderHit | None, said: tuple[str, ...]) -> Verdict:
    category = "phone" if hit.category == "phone_abroad" else hit.category
    if header is not None and header.category == "free_text" and hit.share < NEARLY_ALL:
        return Verdict("free_text", 0.8, (*said, hit.words))
    base = 0.9 if hit.strength is Strength.CHECKED else 0.93
    bonus = 0.05 if _agrees(header, category) else 0.0
    return Verdict(category, round(min(1.0, base * hit.share + bonus), 2), (hit.words, *said))


def _from_header(header: HeaderHit, hits: Hits, said: tuple[str, ...], *, about_people: bool) -> Verdict:
    category = header.category
    fitting = [hits[form] for form in _FITTING.get(category, ()) if form in hits]
    best = max(fitting, key=lambda hit: hit.share, default=None)
    certain = 0.9 if header.score == 1 else 0.75
    if header.ambiguous and not about_people:
        certain, said = 0.5, (*said, "which need not mean a person here")
    if category not in _FITTING:  # a free text or a web address looks like anything
        return Verdict(category, certain, said)
    if best is not None and best.share >= HALF:
        return Verdict(category, round(certain + 0.08 * best.share, 2), (*said, best.words))
    other = _from_values(hits, said, blocked=False)
    if other.confidence >= 0.7 and other.category != "free_text":  # noqa: PLR2004 -- a form that is seldom mistaken
        return other
    return Verdict(category, 0.35, (*said, "the values do not show it"))


def _from_values(hits: Hits, said: tuple[str, ...], *, blocked: bool) -> Verdict:
    for category, form, share, confidence in _BY_VALUES:
        hit = hits.get(form)
        if hit is not None and hit.share >= share and not (blocked and hit.strength is Strength.HINT):
            return Verdict(category, confidence, (hit.words, *said))
    return Verdict("unknown", 0.0, (*said, "no form of the values decides"))
