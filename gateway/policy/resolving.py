"""From what the files say to the words that all rooms share; nothing is checked here, ``linking`` has done it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from gateway.policy import models as m
from gateway.policy import source_models as s
from gateway.policy.ages import minimum_age
from gateway.policy.pack import Case, Condition, Expectation, People, Rule, RuleKind
from gateway.policy.rule_models import (
    AnyRule,
    CaseModel,
    DenyModel,
    FieldsMatcher,
    LimitedWhenModel,
    ObligationModel,
    PermitModel,
    PermittedPeopleModel,
    ProhibitedPeopleModel,
    ProhibitionModel,
    WhenModel,
)
from gateway.vocabulary.catalogue import Retention, Signals
from gateway.vocabulary.contracts import (
    Column,
    ConsentColumn,
    FieldColumn,
    IgnoredColumn,
    RecipientContract,
    SourceContract,
)
from gateway.vocabulary.decisions import ProcessingRequest, Reason
from gateway.vocabulary.fields import (
    AgeBand,
    Band,
    Bucket,
    Drop,
    Field,
    FieldKind,
    Keep,
    Month,
    Prefix,
    Redacted,
    Rounded,
    TopCode,
    Transform,
    Year,
)
from gateway.vocabulary.names import FieldId, PurposeId, RecipientId, RuleId, SourceId
from gateway.vocabulary.purposes import Purpose

_PLAIN: Mapping[str, Transform] = MappingProxyType(
    {"keep": Keep(), "drop": Drop(), "month": Month(), "year": Year(), "redacted": Redacted()}
)


def purpose_of(model: m.PurposeModel) -> Purpose:
    """Return the purpose."""
    consent = model.consent
    return Purpose(
        id=PurposeId(model.id),
        title=MappingProxyType(dict(model.title)),
        legal_basis=model.legal_basis,
        bit=model.bit,
        dpv=model.dpv,
        profiling=model.profiling,
        consent_valid_for=dt.timedelta(days=consent.valid_days) if consent else None,
        notices=tuple(consent.notices) if consent else (),
        minimum_age=minimum_age(consent.minimum_age) if consent else None,
        explicit_consent=tuple(model.explicit_consent),
    )


def transform_of(model: m.FieldModel) -> Transform:
    """Return the transform; a value is kept as it is where the file says nothing."""
    match model.transform:
        case m.AgeBandModel(years=years):
            return AgeBand(years)
        case m.PrefixModel(length=length):
            return Prefix(length)
        case m.BucketModel(buckets=buckets):
            return Bucket(buckets)
        case m.PlainTransformModel(kind=kind):
            return _PLAIN[kind]
        case None:
            return Keep()
        case number:
            return _of_number(number)


def _of_number(model: m.BandModel | m.RoundModel | m.TopCodeModel) -> Transform:
    match model:
        case m.BandModel(edges=edges):
            return Band(tuple(edges))
        case m.RoundModel(step=step):
            return Rounded(step)
        case m.TopCodeModel(limit=limit):
            return TopCode(limit)


def field_of(model: m.FieldModel) -> Field:
    """Return the catalogue entry; a direct identifier has no stored column, nor has what is dropped."""
    transform = transform_of(model)
    unstored = model.kind is FieldKind.DIRECT_IDENTIFIER or isinstance(transform, Drop)
    return Field(
        id=FieldId(model.id),
        title=MappingProxyType(dict(model.title)),
        category=model.category,
        dpv=model.dpv,
        kind=model.kind,
        type=model.type,
        column=None if unstored else model.column or model.id,
        transform=transform,
        identifier=model.identifier,
        special=model.special,
        reveals=tuple(model.reveals),
        finding=model.finding,
    )


def column_of(model: str | s.FieldColumnModel | s.ConsentColumnModel | s.IgnoredColumnModel) -> Column:
    """Return what a source's column holds."""
    match model:
        case str():
            return FieldColumn(FieldId(model))
        case s.ConsentColumnModel():
            return ConsentColumn(**{**model.model_dump(exclude={"consent"}), "purpose": PurposeId(model.consent)})
        case s.IgnoredColumnModel(ignored=reason):
            return IgnoredColumn(reason)
        case s.FieldColumnModel():
            return FieldColumn(**{**model.model_dump(), "field": FieldId(model.field)})


def source_of(model: s.SourceModel) -> SourceContract:
    """Return the source's contract."""
    return SourceContract(
        id=SourceId(model.id),
        title=MappingProxyType(dict(model.title)),
        kind=model.kind,
        purposes=tuple(map(PurposeId, model.purposes)),
        subject=tuple(map(FieldId, model.subject)),
        columns=MappingProxyType({name: column_of(column) for name, column in model.columns.items()}),
        event=model.event,
        time=model.time,
        time_format=model.time_format,
        encoding=model.encoding,
        delimiter=model.delimiter,
        quarantine_days=model.quarantine_days,
    )


def recipient_of(model: m.RecipientModel) -> RecipientContract:
    """Return the recipient's contract; a transaction scope lives for one snapshot, at most a day."""
    return RecipientContract(
        id=RecipientId(model.id),
        title=MappingProxyType(dict(model.title)),
        purposes=tuple(map(PurposeId, model.purposes)),
        fields=tuple(map(FieldId, model.fields)),
        mode=model.scope.mode,
        epoch_days=model.scope.epoch_days or 1,
        minimum_size=model.minimum_size,
        expires=model.expires,
        approver=model.approver,
        country=model.country,
        formats=tuple(model.formats),
        legal_entity=model.legal_entity,
        leave_within_days=model.leave_within_days,
        safeguard=model.safeguard,
    )


def signals_of(model: m.SignalsModel) -> Signals:
    """Return what signals mean."""
    tcf = model.tcf
    return Signals(
        gpc=tuple(map(PurposeId, model.gpc)),
        categories=MappingProxyType({name: PurposeId(purpose) for name, purpose in model.categories.items()}),
        tcf=MappingProxyType(
            {PurposeId(name): tuple(numbers) for name, numbers in tcf.purposes.items()} if tcf else {}
        ),
        tcf_vendor=tcf.vendor if tcf else None,
    )


def retention_of(models: Iterable[m.RetentionModel]) -> tuple[Retention, ...]:
    """Return one entry per field and purpose, in order."""
    entries = [
        Retention(FieldId(field), PurposeId(purpose), dt.timedelta(days=model.days))
        for model in models
        for field in model.fields
        for purpose in model.purposes
    ]
    return tuple(sorted(entries, key=lambda entry: (entry.purpose, entry.field)))


def matched(matcher: FieldsMatcher, field: Field) -> bool:
    """Tell whether every given key of the matcher holds for the field; an empty matcher holds for none."""
    tests = [
        matcher.ids and field.id in matcher.ids,
        matcher.categories and any(f"{field.category}.".startswith(f"{key}.") for key in matcher.categories),
        matcher.kinds and field.kind in matcher.kinds,
        matcher.special and _any_of((field.special,) if field.special else (), matcher.special),
        matcher.reveals and _any_of(field.reveals, matcher.reveals),
    ]
    given = [test for test in tests if test is not None]
    return bool(given) and all(given)


def _any_of(found: tuple[str, ...], wanted: object) -> bool:
    return bool(found) if wanted == "any" else isinstance(wanted, list) and not set(wanted).isdisjoint(found)


def rule_of(model: AnyRule, fields: Iterable[Field]) -> Rule:
    """Return the rule with its matchers resolved to catalogue fields."""
    matchers = model.fields
    named: frozenset[FieldId] | None = None
    together = False
    if matchers is not None:
        named = frozenset(field.id for field in fields if any(matched(matcher, field) for matcher in matchers))
    if isinstance(model, ProhibitionModel) and model.never_together is not None:
        named, together = frozenset(map(FieldId, model.never_together)), True
    obligation = model if isinstance(model, ObligationModel) else None
    days = obligation.look_back_days if obligation else None
    return Rule(
        id=RuleId(model.id),
        kind=RuleKind(model.kind),
        article=model.article,
        rationale=MappingProxyType(dict(model.rationale)),
        when=_condition(model.when),
        fields=named,
        matchers=tuple(matcher.model_dump(exclude_none=True) for matcher in matchers or ()),
        together=together,
        minimum_size=obligation.minimum_size if obligation else None,
        remedy=None if model.remedy is None else MappingProxyType(dict(model.remedy)),
        people=None if isinstance(model, ObligationModel) else _people(model.people),
        look_back=None if days is None else dt.timedelta(days=days),
    )


def _condition(when: WhenModel | LimitedWhenModel) -> Condition:
    return Condition(
        actions=None if when.actions is None else frozenset(when.actions),
        purposes=None if when.purposes is None else frozenset(map(PurposeId, when.purposes)),
        sources=None if when.sources is None else frozenset(map(SourceId, when.sources)),
        recipients=None if when.recipients is None else frozenset(map(RecipientId, when.recipients)),
        jurisdictions=None if when.jurisdictions is None else frozenset(when.jurisdictions),
        outside_jurisdictions=None if when.outside_jurisdictions is None else frozenset(when.outside_jurisdictions),
    )


def _people(model: PermittedPeopleModel | ProhibitedPeopleModel | None) -> People | None:
    if model is None:
        return None
    regions = None if model.regions is None else frozenset(model.regions)
    if isinstance(model, PermittedPeopleModel):
        consents = None if model.consents is None else frozenset(map(PurposeId, model.consents))
        return People(minimum_age=model.minimum_age, regions=regions, consents=consents)
    without = None if model.without_consents is None else frozenset(map(PurposeId, model.without_consents))
    return People(younger_than=model.younger_than, regions=regions, without_consents=without)


def case_of(model: CaseModel, file: str, at: dt.datetime) -> Case:
    """Return the case; ``at`` is the file's instant."""
    asked = model.request
    request = ProcessingRequest(
        action=asked.action,
        purpose=PurposeId(asked.purpose),
        at=asked.at or at,
        fields=None if asked.fields is None else frozenset(map(FieldId, asked.fields)),
        source=SourceId(asked.source) if asked.source else None,
        recipient=RecipientId(asked.recipient) if asked.recipient else None,
        chosen_by=frozenset(map(FieldId, asked.chosen_by)),
        received=frozenset(map(FieldId, asked.received)),
    )
    return Case(model.id, file, frozenset(map(RuleId, model.rules)), request, _expectation(model.expect))


def _expectation(model: PermitModel | DenyModel) -> Expectation:
    if isinstance(model, DenyModel):
        reasons = tuple(
            Reason(
                reason.code,
                rule=RuleId(reason.rule) if reason.rule else None,
                field=FieldId(reason.field) if reason.field else None,
            )
            for reason in model.reasons
        )
        return Expectation(permit=False, reasons=reasons)
    return Expectation(
        permit=True,
        columns=None if model.columns is None else frozenset(model.columns),
        identifiers=None if model.identifiers is None else frozenset(map(FieldId, model.identifiers)),
        withheld=None if model.withheld is None else frozenset(map(FieldId, model.withheld)),
        minimum_size=model.minimum_size,
        rules=None if model.rules is None else frozenset(map(RuleId, model.rules)),
        days=model.days,
    )
