"""What one file says about another: every name resolves, nothing stands twice, nothing contradicts its kind."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping

from gateway.policy import models as m
from gateway.policy import source_models as s
from gateway.policy.ages import faults_of
from gateway.policy.documents import KeyPath
from gateway.policy.linking_rules import rule_problems, telling_problems
from gateway.policy.linking_signals import signal_problems
from gateway.policy.parsed import Found, Names, Parsed, unknown
from gateway.vocabulary.contracts import ScopeMode, SourceKind
from gateway.vocabulary.fields import FieldKind, ValueType
from gateway.vocabulary.purposes import LegalBasis

# Names that the store and the relations use for themselves.
RESERVED = frozenset(
    {
        "person", "subject", "event", "at", "permits", "permits_until", "of_age_from", "age_reached", "collected_at",
        "source", "batch", "row", "pseudonym",
    }
)  # fmt: skip
_NUMBERS = {ValueType.NUMBER, ValueType.INTEGER}
_TYPES = {
    "age_band": {ValueType.DATE},
    "prefix": {ValueType.TEXT},
    "month": {ValueType.DATE, ValueType.INSTANT},
    "year": {ValueType.DATE, ValueType.INSTANT},
    "band": _NUMBERS,
    "round": _NUMBERS,
    "top_code": _NUMBERS,
    "bucket": {ValueType.TEXT},
    "redacted": {ValueType.TEXT},
    "keep": set(ValueType),
    "drop": set(ValueType),
}
_GENERALISED = frozenset({"age_band", "prefix", "month", "year", "band", "bucket", "drop"})
_KEPT = (
    _GENERALISED | {"keep", "round", "top_code"},
    "only a free text is redacted: make its kind free_text",
)
_TRANSFORMS: Mapping[FieldKind, tuple[frozenset[str], str]] = {
    FieldKind.DIRECT_IDENTIFIER: (frozenset({"keep"}), "a direct identifier is never stored: remove this key"),
    FieldKind.INDIRECT_IDENTIFIER: (
        _GENERALISED,
        "an indirect identifier is stored generalised only: give age_band, prefix, month, year, band, bucket or drop",
    ),
    FieldKind.FREE_TEXT: (
        frozenset({"redacted", "drop"}),
        "a free text is stored redacted only: give `{kind: redacted}`, or `{kind: drop}`",
    ),
    FieldKind.ATTRIBUTE: _KEPT,
    FieldKind.EVENT_PROPERTY: _KEPT,
}
_RELEASABLE = {FieldKind.ATTRIBUTE, FieldKind.INDIRECT_IDENTIFIER}


def problems_of(parsed: Parsed) -> Iterator[str]:
    """Yield each problem as one line; nothing at all when the pack is sound."""
    names = Names(
        frozenset(purpose.id for purpose in parsed.purposes.purposes),
        {field.id: field for field in parsed.fields.fields},
        frozenset(source.id for source in parsed.sources.sources),
        frozenset(recipient.id for recipient in parsed.recipients.recipients),
    )
    checks = (_pack, _titles, _doubles, _purposes, _fields)
    linked = (_recipients, _retention, _sources, telling_problems, rule_problems, signal_problems, _cases)
    for check in checks:
        yield from (parsed.documents[file].problem(where, text) for file, where, text in check(parsed))
    for link in linked:
        yield from (parsed.documents[file].problem(where, text) for file, where, text in link(parsed, names))


def _pack(parsed: Parsed) -> Iterator[Found]:
    older = parsed.pack.supersedes
    if older is not None and _number(older) >= _number(parsed.pack.version):
        yield "pack.yaml", ("supersedes",), "a version supersedes an earlier one only, never itself: give its number"


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _titles(parsed: Parsed) -> Iterator[Found]:
    languages = set(parsed.pack.languages)
    titled: list[tuple[str, KeyPath, Mapping[str, str]]] = [("pack.yaml", ("title",), parsed.pack.title)]
    for file, key, items in _titled(parsed):
        titled += [(file, (key, index, "title"), item.title) for index, item in enumerate(items)]
    for file, where, title in titled:
        if set(title) != languages:
            yield file, where, "a title in each language of pack.yaml and in no other is needed"


def _titled(
    parsed: Parsed,
) -> Iterator[tuple[str, str, Iterable[m.PurposeModel | m.FieldModel | s.SourceModel | m.RecipientModel]]]:
    yield "purposes.yaml", "purposes", parsed.purposes.purposes
    yield "fields.yaml", "fields", parsed.fields.fields
    yield "sources.yaml", "sources", parsed.sources.sources
    yield "recipients.yaml", "recipients", parsed.recipients.recipients


def _doubles(parsed: Parsed) -> Iterator[Found]:
    for file, key, items in _titled(parsed):
        seen: set[str] = set()
        yield from _twice([(file, (key, index), item.id) for index, item in enumerate(items)], seen)
    rules: set[str] = set()
    for file, rules_file in parsed.rules.items():
        yield from _twice([(file, ("rules", i), rule.id) for i, rule in enumerate(rules_file.rules)], rules)
    cases: set[str] = set()
    for file, cases_file in parsed.cases.items():
        yield from _twice([(file, ("cases", i), case.id) for i, case in enumerate(cases_file.cases)], cases)


def _twice(items: Iterable[tuple[str, KeyPath, str]], seen: set[str]) -> Iterator[Found]:
    for file, where, name in items:
        if name in seen:
            yield file, (*where, "id"), "this id stands twice in the pack: rename or remove one"
        seen.add(name)


def _purposes(parsed: Parsed) -> Iterator[Found]:
    bits: set[int] = set()
    for index, purpose in enumerate(parsed.purposes.purposes):
        where: KeyPath = ("purposes", index)
        if purpose.bit in bits:
            yield "purposes.yaml", (*where, "bit"), "another purpose has this bit: take a free one from 0 to 62"
        bits.add(purpose.bit)
        needed = purpose.legal_basis is LegalBasis.CONSENT
        if needed and purpose.consent is None:
            yield "purposes.yaml", where, "6(1)(a) needs `consent` with valid_days, notices and minimum_age"
        ages = faults_of(purpose.consent.minimum_age) if purpose.consent else None
        if ages:
            yield "purposes.yaml", (*where, "consent", "minimum_age"), ages
        if not needed and purpose.consent is not None:
            yield "purposes.yaml", (*where, "consent"), "only a purpose on 6(1)(a) has `consent`: remove it"
        if not needed and purpose.explicit_consent:
            yield "purposes.yaml", (*where, "explicit_consent"), "only a purpose on 6(1)(a) has it: remove it"


def _fields(parsed: Parsed) -> Iterator[Found]:
    columns: set[str] = set()
    for index, field in enumerate(parsed.fields.fields):
        where: KeyPath = ("fields", index)
        yield from (("fields.yaml", (*where, key), text) for key, text in _field_shape(field))
        column = field.column or field.id
        if field.kind is FieldKind.DIRECT_IDENTIFIER or _transform(field) == "drop":
            continue
        if column in columns or column in RESERVED:
            yield "fields.yaml", (*where, "column"), "this column name is taken: choose another"
        columns.add(column)


def _transform(field: m.FieldModel) -> str:
    return field.transform.kind if field.transform else "keep"


def _field_shape(field: m.FieldModel) -> Iterator[tuple[str, str]]:
    transform = _transform(field)
    if field.type not in _TYPES[transform]:
        yield "transform", "this transform does not fit the field's type"
    allowed, remedy = _TRANSFORMS[field.kind]
    if transform not in allowed:
        yield "transform", remedy
    direct = field.kind is FieldKind.DIRECT_IDENTIFIER
    if isinstance(field.transform, m.BandModel) and any(b <= a for a, b in itertools.pairwise(field.transform.edges)):
        yield "transform", "the edges of bands rise, each once"
    if transform == "drop" and field.column:
        yield "column", "nothing is stored of what is dropped: remove this key"
    if direct and field.column:
        yield "column", "a direct identifier is never stored: remove this key"
    if field.identifier and not direct:
        yield "identifier", "only a direct identifier finds a person: remove it or change the kind"


def _recipients(parsed: Parsed, names: Names) -> Iterator[Found]:
    file = "recipients.yaml"
    for index, recipient in enumerate(parsed.recipients.recipients):
        where: KeyPath = ("recipients", index)
        yield from unknown(file, (*where, "purposes"), recipient.purposes, names.purposes, "purposes.yaml")
        yield from unknown(file, (*where, "fields"), recipient.fields, names.fields, "fields.yaml")
        for place, name in enumerate(recipient.fields):
            if name in names.fields and names.fields[name].kind not in _RELEASABLE:
                yield file, (*where, "fields", place), "only attributes and generalised fields are ever released"
        if (recipient.scope.mode is ScopeMode.RELATIONSHIP) != (recipient.scope.epoch_days is not None):
            yield file, (*where, "scope"), "epoch_days goes with a relationship scope, and only with it"


def _retention(parsed: Parsed, names: Names) -> Iterator[Found]:
    file = "retention.yaml"
    seen: set[tuple[str, str]] = set()
    for index, entry in enumerate(parsed.retention.retention):
        where: KeyPath = ("retention", index)
        yield from unknown(file, (*where, "purposes"), entry.purposes, names.purposes, "purposes.yaml")
        yield from unknown(file, (*where, "fields"), entry.fields, names.fields, "fields.yaml")
        for pair in ((field, purpose) for field in entry.fields for purpose in entry.purposes):
            if pair in seen:
                yield file, where, "a field of this entry has a period for this purpose already: keep one"
            seen.add(pair)


def _sources(parsed: Parsed, names: Names) -> Iterator[Found]:
    file = "sources.yaml"
    for index, source in enumerate(parsed.sources.sources):
        where: KeyPath = ("sources", index)
        yield from unknown(file, (*where, "purposes"), source.purposes, names.purposes, "purposes.yaml")
        yield from ((file, (*where, *key), text) for key, text in _source_columns(source, names))
        events = source.kind is SourceKind.EVENTS
        if events != (source.event is not None) or events != (source.time is not None):
            yield file, where, "a source of events has `event` and `time`, a source of profiles neither"
        if source.time in source.columns:
            yield file, (*where, "time"), "the column of the instant is no field: remove it from `columns`"


def _source_columns(source: s.SourceModel, names: Names) -> Iterator[tuple[KeyPath, str]]:
    held: set[str] = set()
    for name, column in source.columns.items():
        where: KeyPath = ("columns", name)
        if isinstance(column, s.ConsentColumnModel):
            yield from ((where, text) for text in _consent(column, set(source.columns) - {name}, names))
        elif isinstance(column, s.FieldColumnModel | str):
            field = column if isinstance(column, str) else column.field
            yield from ((where, text) for text in _held_field(field, held, names))
            if not _guides(column) <= set(source.columns):
                yield where, "region_column and language_column name columns of this source"
    for place, name in enumerate(source.subject):
        if name not in held or name not in names.fields or not names.fields[name].identifier:
            yield ("subject", place), "a subject field is an identifier that a column of this source holds"


def _held_field(field: str, held: set[str], names: Names) -> Iterator[str]:
    if field not in names.fields:
        yield "no such field: add it to fields.yaml"
    elif field in held:
        yield "another column holds this field already"
    held.add(field)


def _consent(column: s.ConsentColumnModel, others: set[str], names: Names) -> Iterator[str]:
    if column.consent not in names.purposes:
        yield "no such purpose: add it to purposes.yaml"
    beside = {column.evidence_column, column.by_column, column.valid_until_column} - {None}
    if not beside <= others:
        yield "evidence_column, by_column and valid_until_column name other columns of this source"


def _guides(column: str | s.FieldColumnModel) -> set[str]:
    if isinstance(column, str):
        return set()
    return {name for name in (column.region_column, column.language_column) if name}


def _cases(parsed: Parsed, _names: Names) -> Iterator[Found]:
    known = [rule.id for rules in parsed.rules.values() for rule in rules.rules]
    for file, cases in parsed.cases.items():
        for index, case in enumerate(cases.cases):
            yield from unknown(file, ("cases", index, "rules"), case.rules, known, "rules/")
