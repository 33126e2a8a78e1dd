"""What rules say of the rest of the pack: names that resolve, and conditions that can be measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gateway.policy import models as m
from gateway.policy.countries import COUNTRIES
from gateway.policy.documents import KeyPath
from gateway.policy.parsed import Found, Names, Parsed, unknown
from gateway.policy.people import age_field, region_field, tells_age, tells_region
from gateway.policy.resolving import field_of
from gateway.policy.rule_models import (
    AnyRule,
    FieldsMatcher,
    ObligationModel,
    PermittedPeopleModel,
    ProhibitedPeopleModel,
    ProhibitionModel,
)
from gateway.vocabulary.decisions import Action
from gateway.vocabulary.fields import Field

_Local = Iterator[tuple[KeyPath, str]]  # where in the rule, message


def rule_problems(parsed: Parsed, names: Names) -> Iterator[Found]:
    """Yield what is wrong with each rule."""
    fields = [field_of(model) for model in names.fields.values()]
    consenting = frozenset(purpose.id for purpose in parsed.purposes.purposes if purpose.consent is not None)
    for file, rules in parsed.rules.items():
        for index, rule in enumerate(rules.rules):
            where: KeyPath = ("rules", index)
            when: KeyPath = (*where, "when")
            yield from unknown(file, (*when, "purposes"), rule.when.purposes, names.purposes, "purposes.yaml")
            yield from unknown(file, (*when, "sources"), rule.when.sources, names.sources, "sources.yaml")
            yield from unknown(file, (*when, "recipients"), rule.when.recipients, names.recipients, "recipients.yaml")
            for key in ("jurisdictions", "outside_jurisdictions"):
                yield from unknown(file, (*when, key), getattr(rule.when, key), COUNTRIES, "ISO 3166")
            yield from ((file, (*where, *key), text) for key, text in _texts(rule, parsed.pack.languages))
            yield from ((file, (*where, *key), text) for key, text in _fields(rule, names))
            if isinstance(rule, ObligationModel):
                yield from ((file, (*where, *key), text) for key, text in _duty(rule))
            else:
                yield from ((file, (*where, *key), text) for key, text in _people(rule, fields, consenting))


def telling_problems(parsed: Parsed, _: Names) -> Iterator[Found]:
    """Yield each field that tells a person's age or country beside another one: rules about people ask for one."""
    fields = [field_of(model) for model in parsed.fields.fields]
    for tells, key, what in ((tells_age, "transform", "their age"), (tells_region, "category", "where they live")):
        telling = [index for index, field in enumerate(fields) if tells(field)]
        for index in telling[1:]:
            first = fields[telling[0]].id
            yield "fields.yaml", ("fields", index), f"of people `{first}` tells {what} already: give another `{key}`"


def _texts(rule: AnyRule, languages: Iterable[str]) -> _Local:
    for key, texts in (("rationale", rule.rationale), ("remedy", rule.remedy)):
        if texts is not None and "en" not in texts:
            yield (key,), "English is told where another language is missing: add `en`"
        if texts is not None and not set(texts) <= {"en", *languages}:
            yield (key,), "a language stands here that pack.yaml does not name: remove it, or add it there"


def _fields(rule: AnyRule, names: Names) -> _Local:
    for index, matcher in enumerate(rule.fields or ()):
        yield from _matcher(matcher, ("fields", index), names.fields)
    if isinstance(rule, ProhibitionModel) and rule.never_together is not None:
        for _, where, text in unknown("", ("never_together",), rule.never_together, names.fields, "fields.yaml"):
            yield where, text
        if rule.fields is not None:
            yield ("fields",), "a rule has `fields` or `never_together`: write two rules"
        if len(set(rule.never_together)) != len(rule.never_together):
            yield ("never_together",), "a field stands here twice"


def _matcher(matcher: FieldsMatcher, where: KeyPath, fields: Mapping[str, m.FieldModel]) -> _Local:
    for _, place, text in unknown("", (*where, "ids"), matcher.ids, fields, "fields.yaml"):
        yield place, text
    if not matcher.model_fields_set:
        yield where, "an empty matcher matches nothing: give ids, categories, kinds, special or reveals"


def _duty(rule: ObligationModel) -> _Local:
    if (rule.minimum_size is None) == (rule.look_back_days is None):
        yield (), "an obligation sets `minimum_size` or `look_back_days`: write one of them"
    if rule.fields is not None and rule.look_back_days is None:
        yield ("fields",), "only `look_back_days` is about fields: remove this key"


def _people(rule: AnyRule, fields: list[Field], consenting: frozenset[str]) -> _Local:
    people = None if isinstance(rule, ObligationModel) else rule.people
    if people is None:
        return
    if not people.model_fields_set:
        yield ("people",), "no condition stands here: give one or remove this key"
    if rule.when.actions is None or Action.STORE in rule.when.actions:
        yield ("when", "actions"), "people are told apart when data are read: name segment, release or both"
    yield from _age(people, age_field(fields))
    yield from _region(people, region_field(fields))
    key, purposes = (
        ("consents", people.consents)
        if isinstance(people, PermittedPeopleModel)
        else ("without_consents", people.without_consents)
    )
    for index, purpose in enumerate(purposes or ()):
        if purpose not in consenting:
            yield ("people", key, index), "no such purpose on consent: name one of purposes.yaml that has `consent`"


def _age(people: PermittedPeopleModel | ProhibitedPeopleModel, field: Field | None) -> _Local:
    key = "minimum_age" if isinstance(people, PermittedPeopleModel) else "younger_than"
    if getattr(people, key) is not None:
        yield from _telling(("people", key), field, "no field is stored as an age band: give one `{kind: age_band}`")


def _region(people: PermittedPeopleModel | ProhibitedPeopleModel, field: Field | None) -> _Local:
    if people.regions is None:
        return
    for _, where, text in unknown("", ("people", "regions"), people.regions, COUNTRIES, "ISO 3166"):
        yield where, text
    yield from _telling(
        ("people", "regions"), field, "no field of the category user.contact.address.country is stored as it is"
    )


def _telling(where: KeyPath, field: Field | None, missing: str) -> _Local:
    if field is None:
        yield where, missing
    elif field.special or field.reveals:
        yield where, "people are not told apart by what is or reveals a special category"
