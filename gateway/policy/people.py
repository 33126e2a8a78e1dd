"""Person conditions of rules, as conditions that the store can put to a row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

from gateway.policy.countries import COUNTRIES
from gateway.policy.pack import People, Rule
from gateway.vocabulary.catalogue import Catalogue
from gateway.vocabulary.decisions import PermitsAlso, PersonCondition, StoredAmong
from gateway.vocabulary.fields import AgeBand, Field, FieldKind, Keep
from gateway.vocabulary.names import FieldId, PurposeId

REGION = "user.contact.address.country"  # the category whose values are countries by ISO 3166

Periods = Mapping[FieldId, dt.timedelta]
Alternatives = tuple[tuple[PersonCondition, ...], ...]


def age_field(fields: Iterable[Field]) -> Field | None:
    """Return the one field that is stored as an age band; none where several are, for nobody knows which counts."""
    return _only(filter(tells_age, fields))


def region_field(fields: Iterable[Field]) -> Field | None:
    """Return the one field that is stored as the person's country; none where several are."""
    return _only(filter(tells_region, fields))


def tells_age(field: Field) -> bool:
    """Whether a field is stored as the person's age band."""
    return isinstance(field.transform, AgeBand) and _of_person(field)


def tells_region(field: Field) -> bool:
    """Whether a field is stored as the person's country."""
    return field.category == REGION and isinstance(field.transform, Keep) and _of_person(field)


def _only(fields: Iterable[Field]) -> Field | None:
    found = list(fields)
    return found[0] if len(found) == 1 else None


def _of_person(field: Field) -> bool:
    return bool(field.column) and field.kind in (FieldKind.ATTRIBUTE, FieldKind.INDIRECT_IDENTIFIER)


def measurable(people: People | None, catalogue: Catalogue, periods: Periods) -> bool:
    """Tell whether the store holds, for the purpose that ``periods`` are of, what these conditions ask about."""
    if people is None:
        return True
    asked = []
    if people.minimum_age is not None or people.younger_than is not None:
        asked.append(age_field(catalogue.fields.values()))
    if people.regions is not None:
        asked.append(region_field(catalogue.fields.values()))
    return all(field is not None and field.id in periods for field in asked)


def admitted(rule: Rule, catalogue: Catalogue, periods: Periods) -> tuple[PersonCondition, ...]:
    """Return the conditions, all of which a person must meet for a permission to be for them."""
    people = rule.people or People()
    found: list[PersonCondition] = []
    if people.minimum_age is not None:
        found.append(_old_enough(people.minimum_age, catalogue, periods))
    if people.regions is not None:
        found.append(_living_in(people.regions, catalogue, periods))
    if people.consents is not None:
        found.append(PermitsAlso(_mask(people.consents, catalogue)))
    return tuple(found)


def spared(rule: Rule, catalogue: Catalogue, periods: Periods) -> Alternatives:
    """Return the alternatives, one of which a person must meet for a prohibition not to leave them out."""
    return tuple((condition,) for condition in _sparing(rule.people or People(), catalogue, periods))


def _sparing(people: People, catalogue: Catalogue, periods: Periods) -> Iterator[PersonCondition]:
    if people.younger_than is not None:
        yield _old_enough(people.younger_than, catalogue, periods)
    if people.regions is not None:
        # Of what is no country at all nobody knows whether it is one of these: only known others are spared.
        yield _living_in(COUNTRIES - people.regions, catalogue, periods)
    if people.without_consents is not None:
        yield PermitsAlso(_mask(people.without_consents, catalogue))


def _old_enough(age: int, catalogue: Catalogue, periods: Periods) -> PersonCondition:
    field = age_field(catalogue.fields.values())
    assert field is not None  # noqa: S101 - asked for only where ``measurable``
    assert isinstance(field.transform, AgeBand)  # noqa: S101 - as above
    # People grow older: a band of the past that was old enough still is. The other way round would not hold.
    return _among(field, field.transform.from_age(age), periods)


def _living_in(regions: Iterable[str], catalogue: Catalogue, periods: Periods) -> PersonCondition:
    field = region_field(catalogue.fields.values())
    assert field is not None  # noqa: S101 - asked for only where ``measurable``
    return _among(field, tuple(sorted(regions)), periods)


def _among(field: Field, values: tuple[str, ...], periods: Periods) -> StoredAmong:
    return StoredAmong(field.column or "", values, periods[field.id])


def _mask(purposes: Iterable[PurposeId], catalogue: Catalogue) -> int:
    mask = 0
    for purpose in purposes:
        mask |= 1 << catalogue.purposes[purpose].bit
    return mask
