"""What each category is to a person, and the catalogue field that fits it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.detection import abroad
from gateway.detection.folding import compact
from gateway.detection.national_ids import NATIONAL
from gateway.detection.special import SPECIAL
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.fields import FieldKind
from gateway.vocabulary.findings import ColumnKind
from gateway.vocabulary.names import FieldId

# National identifiers known by their form or header alone.
_SHAPED = {"ua_passport", "ua_id_card", "hu_id_card", "us_ssn"}
NATIONAL_CATEGORIES = NATIONAL | abroad.NATIONAL | _SHAPED | {"national_id"}
DIRECT = NATIONAL_CATEGORIES | {
    "email", "phone", "iban", "card", "ip", "given_name", "family_name", "full_name", "address", "customer_number",
    "hashed_identifier", "mac", "device_id", "advertising_id", "cookie_id", "plate", "username", "email_url",
    "email_name", "json_profile", "contact_line",
}  # fmt: skip
# Quasi-identifiers: they single people out in combination.
INDIRECT = frozenset(
    {"birth_date", "birth_year", "age", "postcode", "coordinates", "nationality", "marital_status", "job_title"}
    | {"education"}
)
ATTRIBUTES = frozenset({"city", "country", "language", "gender", "income", "amount", "quantity", "date", "url"}) | {
    abroad.BUSINESS
}
_OTHERS = {"consent", "constant", "free_text", "technical", "unknown"}
CATEGORIES = DIRECT | INDIRECT | ATTRIBUTES | SPECIAL.keys() | _OTHERS

# Where a field of the catalogue names no category: what fields are usually called.
_USUAL = {
    "address": "street_address", "card": "card_number", "ip": "ip_address", "amount": "amount", "free_text": "feedback",
}  # fmt: skip
_FINDINGS = {field: category for category, field in _USUAL.items()} | {"feedback": "free_text"}


def kind_of(category: str) -> FieldKind | ColumnKind | None:
    """Return what a category is to a person; None where only a person can say."""
    return _KINDS.get(category)


_KINDS: dict[str, FieldKind | ColumnKind] = {
    **dict.fromkeys(DIRECT, FieldKind.DIRECT_IDENTIFIER),
    **dict.fromkeys(INDIRECT, FieldKind.INDIRECT_IDENTIFIER),
    **dict.fromkeys(ATTRIBUTES, FieldKind.ATTRIBUTE),
    **dict.fromkeys(SPECIAL, ColumnKind.SPECIAL_CATEGORY),
    "free_text": FieldKind.FREE_TEXT,
    "technical": ColumnKind.TECHNICAL,
    "constant": ColumnKind.TECHNICAL,
}


@dataclass(frozen=True, slots=True)
class Fields:
    """The catalogue, looked up from detection's side."""

    catalogue: Catalogue
    by_name: Mapping[str, FieldId]
    by_category: Mapping[str, FieldId]

    @classmethod
    def of(cls, catalogue: Catalogue) -> Fields:
        """Read a catalogue's ids, titles and findings."""
        names: dict[str, FieldId] = {}
        categories: dict[str, FieldId] = {}
        for field in catalogue.fields.values():
            for name in (*field.title.values(), field.id):
                names[compact(name)] = field.id
            categories.setdefault(field.finding or _FINDINGS.get(field.id, field.id), field.id)
        return cls(catalogue, names, categories)

    def expected(self, field: FieldId) -> str:
        """Return the category that a field's values should show."""
        known = self.catalogue.fields.get(field)
        finding = known.finding if known else None
        return _canonical(finding or _FINDINGS.get(field, str(field)))

    def best(self, header: str, category: str) -> FieldId | None:
        """Return the field of that very name if its values fit, else the one that expects the category."""
        named = self.by_name.get(compact(header))
        if named is not None and (category in {"unknown", "technical"} or same(self.expected(named), category)):
            return named
        wanted = "national_id" if category in NATIONAL_CATEGORIES else category
        return self.by_category.get(category) or self.by_category.get(wanted) or self._usual(wanted)

    def _usual(self, category: str) -> FieldId | None:
        usual = FieldId(_USUAL.get(category, category))
        return usual if usual in self.catalogue.fields else None


def _canonical(finding: str) -> str:
    return {"street_address": "address", "card_number": "card", "ip_address": "ip"}.get(finding, finding)


def same(expected: str, found: str) -> bool:
    """Tell whether two categories are one kind of data; all national identifiers are."""
    if expected in NATIONAL_CATEGORIES and found in NATIONAL_CATEGORIES:
        return True
    return _canonical(expected) == _canonical(found)


def stored_identifiers(catalogue: Catalogue) -> tuple[FieldId, ...]:
    """Return the fields that are stored, by a column of their own, though they are expected to show an identifier."""
    fields = Fields.of(catalogue)
    stored = (field for field in catalogue.fields.values() if field.kind is not FieldKind.DIRECT_IDENTIFIER)
    return tuple(field.id for field in stored if field.column is not None and fields.expected(field.id) in DIRECT)
