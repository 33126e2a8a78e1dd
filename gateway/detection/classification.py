"""Header and value evidence weighed into one finding for a column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.detection import abroad
from gateway.detection.categories import DIRECT, NATIONAL_CATEGORIES
from gateway.detection.headers import HeaderHit
from gateway.detection.national_ids import NATIONAL
from gateway.detection.special import SPECIAL
from gateway.detection.values import Strength, ValueHit

Hits = Mapping[str, ValueHit]
DECISIVE = 20  # distinct values from which a check digit speaks for a column by itself
HALF = 0.5
_SEEN, _MOSTLY = 0.2, 0.7
_FEWEST_NAMES = 8  # distinct values from which lists of names speak: a few products may bear names
_LETTERS = 0.8
_NAMES = (
    ("full_name", "full_listed", HALF),
    ("given_name", "given_listed", HALF),
    ("family_name", "family_listed", 0.4),
)
NEARLY_ALL = 0.9
_STRICT = (
    "json_profile", "contact_line", "email_name", "email_url", "email", "url", "fi_hetu", "iban", "ip", "mac",
    "cookie_id", "hashed_identifier", "hu_personal_number", "se_personnummer", "de_tax_id", "ua_unzr", "ua_passport",
    "coordinates", "genetic", "us_ssn", *abroad.STRICT,
)  # fmt: skip
_CHECKED = ("hu_tax_id", "ua_rntrc", "hu_taj", "card", "gb_nino", "gb_nhs", "imei", "de_id_card", *abroad.CHECKED,
            abroad.BUSINESS)  # fmt: skip
# Strict forms that things have as well: a header that speaks of a thing keeps them from speaking.
_OF_THINGS = frozenset({"url", "ip", "hashed_identifier", "mac", "coordinates", "contact_line", "json_profile"})
_COMPOSITE = frozenset({"json_profile", "contact_line", "email_name", "email_url", "email"})
_COMPANIES = frozenset({"iban", "phone", "card"})
_NAMED = frozenset(category for category, _, _ in _NAMES)
_TOWNS = 0.1  # of places are large cities
_LARGE = 0.3  # of IP addresses have a part that version numbers hardly reach
_MEANT = {"phone_abroad": "phone", "imei": "device_id"}

# Headers that say more than their values could: links, contacts, JSON, what tells of genes.
_ANY = frozenset(
    {"url", "email_url", "email_name", "contact_line", "json_profile", "cookie_id", "genetic", "coordinates"}
)
# Headers whose values are never otherwise: without the form, the header is wrong.
_NEEDS_FORM = frozenset({"email", "iban", "ip", "mac", "card", "hashed_identifier", "email_name", "email_url",
                         "contact_line", "json_profile", "coordinates", "plate", "gender"})  # fmt: skip

# Headers that mean something else as well (parti, партія and erä are batches too): serial numbers do not tell of these.
_WORDED = frozenset({"politics"})

# What the values of a column should look like for its header to be believed: any of these forms, on half of them.
FITTING: dict[str, tuple[str, ...]] = {
    "given_name": ("name_form",),
    "family_name": ("name_form",),
    "full_name": ("name_form", "two_names"),
    "city": ("name_form", "city"),
    "country": ("country", "upper_code", "name_form"),
    "language": ("language", "name_form"),
    "gender": ("gender", "gender_code"),
    "address": ("address", "address_form"),
    "postcode": ("postcode_form", "gb_postcode"),
    "birth_date": ("date", "short_date", "compact_date", "birth_years"),
    "birth_year": ("birth_years", "quantity"),
    "age": ("quantity", "code"),
    "plate": ("plate", "code"),
    "coordinates": ("coordinates", "degrees", "located"),
    "contact_line": ("contact_line", "email_name", "email", "phone_any"),
    "email_name": ("email_name", "contact_line", "email"),
    "json_profile": ("json_profile", "json"),
    "income": ("amount", "digits", "quantity", "code", "money"),
    "date": ("date", "short_date", "compact_date"),
    "phone": ("phone_any", "phone", "phone_abroad"),
    "amount": ("amount", "digits", "quantity"),
    "quantity": ("quantity", "digits", "amount"),
    "consent": ("consent", "quantity"),
    "customer_number": ("code", "digits", "hashed_identifier"),
    "national_id": (*sorted(NATIONAL | abroad.NATIONAL), "us_ssn", "code", "digits", "hu_id_card"),
    "hu_id_card": ("hu_id_card",),
    "ua_id_card": ("digits", "code"),
    "device_id": ("uuid", "digits", "code", "mac", "hashed_identifier"),
    **{category: (category,) for category in (*_STRICT, *_CHECKED) if category not in _ANY},
    abroad.BUSINESS: (abroad.BUSINESS, "code", "digits"),
}
# Forms that decide where no header helps: category, form, share needed, confidence.
_BY_VALUES = (
    *((kind, kind, HALF, 0.7) for kind in SPECIAL),
    ("marital_status", "marital_status", 0.6, 0.65),
    ("birth_date", "birth_years", NEARLY_ALL, 0.7),
    ("date", "date", 0.8, 0.8),
    ("plate", "sure_plate", NEARLY_ALL, 0.7),
    ("coordinates", "degrees", NEARLY_ALL, 0.6),
    ("postcode", "gb_postcode", 0.8, 0.85),
    ("phone", "phone", 0.7, 0.75),
    ("address", "address", 0.4, 0.7),
    ("amount", "amount", 0.8, 0.6),
    ("language", "language", NEARLY_ALL, 0.6),
    ("country", "country", NEARLY_ALL, 0.6),
    ("gender", "gender", NEARLY_ALL, 0.6),
    ("consent", "consent", NEARLY_ALL, 0.6),
    ("city", "city", HALF, 0.6),
    ("job_title", "job_title", HALF, 0.6),
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
        category = header.category if header and header.category != "technical" else "unknown"
        return Verdict(category, 0.3 if header else 0.0, (*said, "no value to look at"))
    strong = strong_form(header, hits, distinct, about_people=about_people)
    if strong is not None:
        return _from_strong(strong, header, said)
    if header is not None and header.category == "technical":
        return _in_spite(header, hits, said) or Verdict("technical", 0.7 * header.score, said)
    if header is not None and not _denied(header, hits, about_people=about_people):
        return _from_header(header, hits, said, distinct, about_people=about_people)
    if _numbered(header, hits):
        return Verdict("customer_number", 0.6, (*said, "and the values are numbers or codes"))
    values = _from_values(hits, said, distinct)
    worded = "name_form" in hits and hits["name_form"].share >= HALF
    if values.category == "unknown" and header is not None and header.ambiguous and about_people and worded:
        return Verdict(header.category, 0.4, (*said, "in a table about people"))
    return values


def strong_form(header: HeaderHit | None, hits: Hits, distinct: int, *, about_people: bool = True) -> ValueHit | None:
    """Return the form that decides by itself: hard to meet by chance, or check digits over many values."""
    strict = [hits[name] for name in _STRICT if name in hits and hits[name].share >= HALF]
    strict = [hit for hit in strict if _speaks(hit, header, hits) and not _vague(hit.category, header, about_people)]
    composite = [hit for hit in strict if hit.category in _COMPOSITE]
    if strict:
        return max(composite or strict, key=lambda hit: hit.share)
    checked = [hits[name] for name in _CHECKED if name in hits and hits[name].share >= NEARLY_ALL]
    agreed = [hit for hit in checked if distinct >= DECISIVE or _agrees(header, hit.category)]
    if agreed:
        return max(agreed, key=lambda hit: (_agrees(header, hit.category), hit.share))
    abroad = None if _of_company("phone", header, hits) else hits.get("phone_abroad")
    return abroad if abroad is not None and abroad.share >= HALF else None


def _speaks(hit: ValueHit, header: HeaderHit | None, hits: Hits) -> bool:
    """Tell whether a strict form may decide here: version numbers look like IP addresses, commits like digests."""
    if _of_company(hit.category, header, hits):
        return False
    technical = header is not None and header.category == "technical"
    if technical and hit.category in _OF_THINGS:
        return False
    if hit.category == "ip":
        large = hits.get("public_ip")
        return _agrees(header, "ip") or (large is not None and large.share >= _LARGE)
    if hit.category == "hashed_identifier":
        return "sha1" not in hits if header is None else header.category in DIRECT
    return True


def _in_spite(header: HeaderHit, hits: Hits, said: tuple[str, ...]) -> Verdict | None:
    """Return what the values show in spite of a technical header: people's names and addresses are no order's state.

    Where the header speaks of a shop or a product it is believed: those have names and addresses too.
    """
    shares = {form: hit.share for form, hit in hits.items()}
    if header.of_thing or max(shares.get("two_names", 0.0), shares.get("address", 0.0)) < NEARLY_ALL:
        return None
    for category, form in (("address", "address"), ("full_name", "full_listed")):
        if shares.get(form, 0.0) >= _MOSTLY:
            return Verdict(category, 0.6, (hits[form].words, *said))
    return None


def _numbered(header: HeaderHit | None, hits: Hits) -> bool:
    """Tell whether a bare word for a person heads numbers or codes: the person's, then."""
    if header is None or not header.ambiguous or header.category != "full_name" or header.score == 1:
        return False
    return any(hits[form].share >= NEARLY_ALL for form in ("code", "digits", "uuid") if form in hits)


def _of_company(category: str, header: HeaderHit | None, hits: Hits) -> bool:
    """Tell whether a shop's or a company's header makes an account or a telephone no person's.

    An e-mail address there must be an office's besides: those of a supplier often name whom to ask.
    """
    if header is None or not header.of_thing:
        return False
    office = hits.get("role_mail")
    return category in _COMPANIES or (category == "email" and office is not None and office.share >= HALF)


def _vague(category: str, header: HeaderHit | None, about_people: bool) -> bool:  # noqa: FBT001 -- a fact
    """Tell whether a bare word for a digest stands in a table of other things than people."""
    return category == "hashed_identifier" and header is not None and header.ambiguous and not about_people


def _denied(header: HeaderHit, hits: Hits, *, about_people: bool) -> bool:
    """Tell whether the values cannot be what the header says: a note is no bare amount, an e-mail has its form."""
    if (header.ambiguous and header.score < 1) or _vague(header.category, header, about_people):  # the name of what?
        return True
    if header.category == "free_text":
        bare = [hits[form].share for form in ("amount", "digits", "date", "name_form", "money") if form in hits]
        told = [hits[form].share for form in ("phone", "address") if form in hits]
        return max(bare, default=0.0) >= NEARLY_ALL or max(told, default=0.0) >= _MOSTLY
    if header.category in _WORDED and header.ambiguous:
        return "code" in hits and hits["code"].share >= NEARLY_ALL
    if header.category not in _NEEDS_FORM:
        return False
    forms = FITTING.get(header.category, (header.category,))
    return max((hits[form].share for form in forms if form in hits), default=0.0) < _SEEN


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
    category = _MEANT.get(hit.category, hit.category)
    if header is not None and header.category == "free_text" and hit.share < NEARLY_ALL:
        return Verdict("free_text", 0.8, (*said, hit.words))
    base = 0.9 if hit.strength is Strength.CHECKED else 0.93
    bonus = 0.05 if _agrees(header, category) else 0.0
    return Verdict(category, round(min(1.0, base * hit.share + bonus), 2), (hit.words, *said))


def _from_header(header: HeaderHit, hits: Hits, said: tuple[str, ...], distinct: int, *, about_people: bool) -> Verdict:
    category = header.category
    fitting = [hits[form] for form in FITTING.get(category, ()) if form in hits]
    best = max(fitting, key=lambda hit: hit.share, default=None)
    certain = 0.9 if header.score == 1 else 0.75
    if header.ambiguous and not about_people:
        certain, said = 0.5, (*said, "which need not mean a person here")
    if category not in FITTING:  # a free text or a web address looks like anything
        return Verdict(category, certain, said)
    if best is not None and best.share >= HALF:
        return Verdict(category, round(certain + 0.08 * best.share, 2), (*said, best.words))
    other = _from_values(hits, said, distinct)
    named = best is None and other.category in _NAMED
    if named or (other.confidence >= 0.7 and other.category != "free_text"):  # noqa: PLR2004 -- seldom mistaken
        return other
    if header.ambiguous:
        return other
    if category == "address" and "city" in hits and hits["city"].share >= _TOWNS:  # no house number anywhere
        return Verdict("city", 0.6, (*said, hits["city"].words))
    return Verdict(category, 0.35, (*said, "the values do not show it"))


def _from_values(hits: Hits, said: tuple[str, ...], distinct: int) -> Verdict:
    if "json" in hits and hits["json"].share >= HALF:
        return Verdict("unknown", 0.0, (*said, hits["json"].words, "without a known personal key"))
    for category, form, share, confidence in _BY_VALUES:
        hit = hits.get(form)
        if hit is not None and hit.share >= share:
            return Verdict(category, confidence, (hit.words, *said))
    return _names(hits, said, distinct) or Verdict("unknown", 0.0, (*said, "no form of the values decides"))


def _names(hits: Hits, said: tuple[str, ...], distinct: int) -> Verdict | None:
    """Names by the lists of names, where enough different values are words of letters."""
    formed = hits.get("name_form")
    if distinct < _FEWEST_NAMES or formed is None or formed.share < _LETTERS:
        return None
    for category, form, share in _NAMES:
        hit = hits.get(form)
        rivals = [hits[other].share for _, other, _ in _NAMES if other in hits]
        if hit is not None and hit.share >= share and hit.share >= max(rivals):
            return Verdict(category, 0.65, (hit.words, *said))
    return None
