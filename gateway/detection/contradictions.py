"""A declared column whose values say otherwise. Only values speak here: a header alone contradicts nothing."""

from __future__ import annotations

from gateway.detection import national_ids
from gateway.detection.categories import Fields, same
from gateway.detection.classification import DECISIVE, HALF, Hits
from gateway.detection.values import ValueHit
from gateway.vocabulary.contracts import FieldColumn, SourceContract
from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.findings import Contradiction
from gateway.vocabulary.names import FieldId

# Form, what it shows, and from how many matching distinct values on it is believed: luck hardly ever makes the first
# three; a version number may look like an IP address and a product code like a card or a check-digit identifier.
_DECIDING = (
    ("email", "email", 1),
    ("iban", "iban", 1),
    ("fi_hetu", "fi_hetu", 1),
    ("phone_abroad", "phone", 2),
    ("hu_personal_number", "hu_personal_number", 3),
    ("ip", "ip", 5),
    *((kind, kind, DECISIVE // 2) for kind in ("hu_tax_id", "hu_taj", "ua_rntrc", "card", "gb_nino")),
)
_LUCK = 1e-6
_FEWEST = 5  # distinct values from which a column that should parse and does not is believed to be something else


def contradict(
    column: str, contract: SourceContract, fields: Fields, hits: Hits, distinct: int
) -> Contradiction | None:
    """Return the contradiction between a column's declaration and its ``distinct`` sampled values, if there is one."""
    declared = contract.columns.get(column)
    if not isinstance(declared, FieldColumn):
        return None
    expected = fields.expected(declared.field)
    other = _identifier(expected, hits, distinct)
    if other is not None:
        found, hit = other
        return Contradiction(column, declared.field, found, (hit.words, f"the contract declares {declared.field}"))
    return _unparsed(column, declared.field, expected, hits, distinct) if _is_strict(declared.field, fields) else None


def _identifier(expected: str, hits: Hits, distinct: int) -> tuple[str, ValueHit] | None:
    for form, found, fewest in _DECIDING:
        hit = hits.get(form)
        if hit is None or same(expected, found) or hit.share < HALF:
            continue
        if hit.hits >= fewest and _beyond_luck(form, hit, distinct):
            return found, hit
    return None


def _beyond_luck(form: str, hit: ValueHit, distinct: int) -> bool:
    """Chernoff's bound on so many passes by luck, for the forms with a check digit that luck passes now and then."""
    rule = national_ids.KINDS.get(form)
    if rule is None or not rule.lucky:
        return True
    if distinct < DECISIVE:
        return False
    share, chance = min(hit.share, 0.999), rule.chance
    bound = ((chance / share) ** share * ((1 - chance) / (1 - share)) ** (1 - share)) ** distinct
    return bool(bound < _LUCK)


def _is_strict(field: FieldId, fields: Fields) -> bool:
    known = fields.catalogue.fields.get(field)
    return known is not None and known.kind is FieldKind.DIRECT_IDENTIFIER


def _unparsed(column: str, field: FieldId, expected: str, hits: Hits, distinct: int) -> Contradiction | None:
    """An e-mail or IBAN column whose values mostly are neither: the wrong column, most likely."""
    if expected not in {"email", "iban"} or distinct < _FEWEST:
        return None
    hit = hits.get(expected)
    good = hit.hits if hit is not None else 0
    if good >= HALF * distinct:
        return None
    return Contradiction(
        column, field, "unknown", (f"{good} of {distinct} distinct sampled values read as {expected}",)
    )
