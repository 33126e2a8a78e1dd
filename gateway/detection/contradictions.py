"""A declared column whose values say otherwise. Only values speak here: a header alone contradicts nothing.

The question is whether a column has changed its character, so a column that was confirmed as what its values show must
never be stopped for it: every form here is believed from so many distinct values on that luck hardly ever makes them,
and none is held against a field that fits it.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.detection import abroad, national_ids
from gateway.detection.categories import Fields, same
from gateway.detection.classification import DECISIVE, FITTING, HALF, NEARLY_ALL, Hits
from gateway.detection.special import SPECIAL
from gateway.detection.values import ValueHit
from gateway.vocabulary.contracts import FieldColumn, SourceContract
from gateway.vocabulary.fields import Field, FieldKind
from gateway.vocabulary.findings import Contradiction

# Form, what it shows, and from how many matching distinct values on it is believed: luck hardly ever makes the first
# ones; a version number may look like an IP address, and a pair of measures like a place.
_FORMS = (
    ("json_profile", "json_profile", 1),
    ("email_name", "email_name", 1),
    ("email_url", "email_url", 1),
    ("email", "email", 1),
    ("contact_line", "contact_line", 3),
    ("iban", "iban", 1),
    ("fi_hetu", "fi_hetu", 1),
    ("phone_abroad", "phone", 2),
    ("cookie_id", "cookie_id", 2),
    ("ua_passport", "ua_passport", 3),
    ("us_ssn", "us_ssn", 3),
    ("mac", "mac", 3),
    ("hashed_identifier", "hashed_identifier", 5),
    ("coordinates", "coordinates", 5),
    ("ip", "ip", 5),
)
# Forms of a few pieces in one cell, which a note may be as well, and forms that things have.
_TOLD_IN_TEXTS = frozenset({"contact_line", "json_profile", "coordinates", "email_url", "email_name"})
# A column that is dated, or numbered one by one, passes a check digit that its form alone does not explain this often.
_CHECK_DIGIT = 0.1
_CHANCES = {series.category: series.chance for series in sorted(abroad.PEOPLE)} | {
    kind: rule.chance for kind, rule in national_ids.KINDS.items()
}
_HOLDS_EMAIL = frozenset({"email_url", "email_name", "contact_line", "json_profile"})
_SURE = frozenset({"iban", "fi_hetu"})  # letters and a strong check: one value is enough
_DIGESTED = frozenset({FieldKind.DIRECT_IDENTIFIER, FieldKind.EVENT_PROPERTY})
_LUCK = 1e-6
_FEWEST = 5  # distinct values from which a column that should parse and does not is believed to be something else
_FEW_WORDS = 3  # distinct values that speak of a special category: there are not many parties or faiths
# What a field of one word or a few never holds; names count as whole names, for a city may be called like a person.
_WORDY = frozenset(
    {"city", "country", "language", "gender", "given_name", "family_name", "nationality", "marital_status"}
)
_NEVER_WORDY = (
    ("phone", "phone", 0.7), ("address", "address", 0.7), ("birth_years", "birth_date", NEARLY_ALL),
    ("full_listed", "full_name", 0.7), ("free_text", "free_text", HALF),
)  # fmt: skip


def contradict(
    column: str, contract: SourceContract, fields: Fields, hits: Hits, distinct: int
) -> Contradiction | None:
    """Return the contradiction between a column's declaration and its ``distinct`` sampled values, if there is one."""
    declared = contract.columns.get(column)
    if not isinstance(declared, FieldColumn):
        return None
    expected = fields.expected(declared.field)
    known = fields.catalogue.fields.get(declared.field)
    tests = (_identifiers, _checked, _special, _words, _texts)
    for found, hit in (each for test in tests for each in test(expected, known, hits, distinct)):
        if not _fits(expected, found, hit):
            said = (hit.words, f"the contract declares {declared.field}")
            return Contradiction(column, declared.field, found, said)
    evidence = _unparsed(expected, known, hits, distinct)
    return Contradiction(column, declared.field, "unknown", (evidence,)) if evidence else None


Found = Iterator[tuple[str, ValueHit]]


def _fits(expected: str, found: str, hit: ValueHit) -> bool:
    if found == "email" and expected in _HOLDS_EMAIL:
        return True
    return same(expected, found) or hit.category in FITTING.get(expected, ()) or found in FITTING.get(expected, ())


def _identifiers(_expected: str, known: Field | None, hits: Hits, _distinct: int) -> Found:
    """Forms that hardly anything else has."""
    text = known is not None and known.kind is FieldKind.FREE_TEXT
    for form, found, fewest in _FORMS:
        hit = hits.get(form)
        if hit is None or hit.hits < fewest:
            continue
        if hit.share >= (NEARLY_ALL if text and form in _TOLD_IN_TEXTS else HALF) and _speaks(form, known, hits):
            yield found, hit


def _speaks(form: str, known: Field | None, hits: Hits) -> bool:
    """Version numbers look like addresses of machines; identifiers, commits and files may be digests."""
    if form == "ip":
        large = hits.get("public_ip")
        return large is not None and large.share > 0
    if form == "hashed_identifier":
        return "sha1" not in hits and (known is None or known.kind not in _DIGESTED)
    return True


def _checked(_expected: str, _known: Field | None, hits: Hits, distinct: int) -> Found:
    """Identifiers with check digits, of whatever country: luck is measured on the column."""
    for form, chance in _CHANCES.items():
        hit = hits.get(form)
        if form not in _SURE and hit is not None and hit.share >= HALF and _beyond_luck(hit, chance, distinct):
            yield ("device_id" if form == "imei" else form), hit


def _beyond_luck(hit: ValueHit, chance: float, distinct: int) -> bool:
    """Chernoff's bound on so many passes by luck."""
    if chance >= national_ids.ONE_PER_CENT and distinct < DECISIVE:
        return False
    share, chance = min(hit.share, 0.999), max(chance, _CHECK_DIGIT)
    bound = ((chance / share) ** share * ((1 - chance) / (1 - share)) ** (1 - share)) ** distinct
    return bool(bound < _LUCK)


def _special(_expected: str, known: Field | None, hits: Hits, _distinct: int) -> Found:
    """What Art. 9 or 10 speaks of, in a field that is not declared to be or to reveal it.

    What reveals it only indirectly is told of people, not of what they bought: baskets of medicine are what they are.
    """
    if known is None or known.special or known.reveals or known.kind is FieldKind.FREE_TEXT:
        return
    for kind, about in SPECIAL.items():
        hit = hits.get(kind)
        bought = about.indirectly or kind == "children"
        if hit is None or hit.hits < _FEW_WORDS or (bought and known.kind is FieldKind.EVENT_PROPERTY):
            continue
        if hit.share >= HALF:
            yield kind, hit


def _words(expected: str, _known: Field | None, hits: Hits, _distinct: int) -> Found:
    """A field of a word or two that holds phones, addresses, dates of birth, whole names or sentences."""
    if expected not in _WORDY:
        return
    for form, found, share in _NEVER_WORDY:
        hit = hits.get(form)
        if hit is not None and hit.hits >= _FEWEST and hit.share >= share:
            yield found, hit


def _texts(_expected: str, known: Field | None, hits: Hits, _distinct: int) -> Found:
    """An attribute that has become free text: sentences, for a product's name may have five words."""
    if known is None or known.kind is FieldKind.FREE_TEXT or known.kind is FieldKind.DIRECT_IDENTIFIER:
        return
    hit = hits.get("sentences")
    if hit is not None and hit.hits >= _FEWEST and hit.share >= HALF:
        yield "free_text", hit


def _unparsed(expected: str, known: Field | None, hits: Hits, distinct: int) -> str | None:
    """An e-mail or IBAN column whose values mostly are neither: the wrong column, most likely."""
    strict = known is not None and known.kind is FieldKind.DIRECT_IDENTIFIER
    if not strict or expected not in {"email", "iban"} or distinct < _FEWEST:
        return None
    hit = hits.get(expected)
    good = hit.hits if hit is not None else 0
    return None if good >= HALF * distinct else f"{good} of {distinct} distinct sampled values read as {expected}"
