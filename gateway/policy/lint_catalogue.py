"""Doubts about purposes, fields, sources and contracts: what is collected for nothing, kept too long, too fine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from gateway.policy.compiling import compiled
from gateway.policy.engine import contract_end
from gateway.policy.findings import Finding, Pages, error, warning
from gateway.policy.lint_rules import kinds_of
from gateway.policy.pack import Pack
from gateway.policy.proxies import hinted
from gateway.vocabulary.contracts import FieldColumn
from gateway.vocabulary.decisions import Action
from gateway.vocabulary.fields import AgeBand, Field, FieldKind, Keep, Month, Prefix, ValueType
from gateway.vocabulary.names import FieldId, PurposeId

LONGEST_CONTRACT = dt.timedelta(days=5 * 366)  # beyond it nobody remembers to end one
NARROWEST_AGES = 5  # years of an age band
LONGEST_PREFIX = 3  # characters of an indirect identifier: a sorting area, not a street
_SEALED = frozenset({FieldKind.DIRECT_IDENTIFIER, FieldKind.FREE_TEXT})
_BIRTH = "user.demographic.date_of_birth"


def catalogue_findings(pack: Pack, pages: Pages, at: dt.datetime) -> Iterator[Finding]:
    """Yield the doubts about what a pack catalogues."""
    opened = _opened(pack)
    yield from _purposes(pack, pages)
    yield from _retention(pack, pages, opened)
    for field in pack.catalogue.fields.values():
        yield from _field(field, pack, pages)
    yield from _collected(pack, pages, opened)
    yield from _recipients(pack, pages, at)


_Opened = dict[tuple[Action, PurposeId], set[FieldId]]


def _opened(pack: Pack) -> _Opened:
    """Return which fields a permission opens, whether or not a source has a column for them yet."""
    found: _Opened = {}
    for kind in kinds_of(pack.catalogue):
        rules = compiled(kind, pack)
        fields = found.setdefault((kind.action, kind.purpose), set())
        if not rules.whole:
            fields.update(field for field, named in rules.permissions.items() if named and _open(rules.refused[field]))
    return found


def _open(reasons: tuple[object, ...]) -> bool:
    return all(getattr(reason, "code", "") == "field_not_in_source" for reason in reasons)


def _purposes(pack: Pack, pages: Pages) -> Iterator[Finding]:
    kept = {entry.purpose for entry in pack.catalogue.retention}
    used = {kind.purpose for kind in kinds_of(pack.catalogue) if not compiled(kind, pack).whole}
    for purpose in pack.catalogue.purposes.values():
        page = pages.page("purposes", purpose.id)
        if purpose.id not in kept:
            yield error("purpose_without_retention", "purposes.yaml", purpose.id, "no field has a period for it",
                        "add one to retention.yaml (Art. 5(1)(e)), or remove the purpose", line=page.line)  # fmt: skip
        if purpose.id not in used:
            yield warning("purpose_without_permission", "purposes.yaml", purpose.id, "no rule permits anything for it",
                          "write a permission, or remove the purpose", line=page.line)  # fmt: skip
        if purpose.needs_consent and not purpose.notices:
            yield warning("consent_under_any_notice", "purposes.yaml", purpose.id, "a yes counts under any notice",
                          "name the notices under which people were informed (Art. 7)", line=page.line)  # fmt: skip
        explicit = set(purpose.explicit_consent)
        named = {c for field in pack.catalogue.fields.values() for c in (field.special, *field.reveals) if c}
        if explicit - named:
            yield warning("explicit_consent_without_field", "purposes.yaml", purpose.id,
                          f"no field is or reveals {', '.join(sorted(explicit - named))}",
                          "remove it from `explicit_consent`", line=page.line)  # fmt: skip


def _retention(pack: Pack, pages: Pages, opened: _Opened) -> Iterator[Finding]:
    purposes = pack.catalogue.purposes
    # What no consent is needed for may keep a field longer than any yes lasts.
    otherwise: dict[FieldId, dt.timedelta] = {}
    for entry in pack.catalogue.retention:
        if not purposes[entry.purpose].needs_consent:
            otherwise[entry.field] = max(entry.period, otherwise.get(entry.field, entry.period))
    line = pages.line("retention.yaml", "retention")
    for entry in pack.catalogue.retention:
        key, lasting = f"{entry.purpose}, {entry.field}", purposes[entry.purpose].consent_valid_for
        if lasting is not None and entry.period > max(lasting, otherwise.get(entry.field, lasting)):
            yield warning("retention_outlives_consent", "retention.yaml", key, "kept longer than a consent is valid",
                          f"{lasting.days} days at most, or a purpose on another basis", line=line)  # fmt: skip
        if not any(entry.field in opened.get((action, entry.purpose), ()) for action in Action):
            yield warning("retention_without_permission", "retention.yaml", key, "kept for a purpose that opens it not",
                          "remove the period, or write the permission", line=line)  # fmt: skip


def _field(field: Field, pack: Pack, pages: Pages) -> Iterator[Finding]:
    line = pages.page("fields", field.id).line
    if not any(rule.fields is not None and field.id in rule.fields for rule in pack.rules):
        yield warning("field_without_rule", "fields.yaml", field.id, f"no rule names it or its category "
                      f"`{field.category}`", "decide on it in rules/, or remove the field", line=line)  # fmt: skip
    hints = hinted(field, _source_names(field, pack))
    if hints and not {field.special, *field.reveals}.intersection(hints):
        yield warning("special_by_proxy", "fields.yaml", field.id, f"its name hints at {', '.join(hints)}",
                      "say what it `reveals` (Art. 9(1)), or give it a name that says why not", line=line)  # fmt: skip
    if fine := _too_fine(field):
        yield warning("transform_fine", "fields.yaml", field.id, *fine, line=line)


def _source_names(field: Field, pack: Pack) -> list[str]:
    columns = (item for source in pack.catalogue.sources.values() for item in source.columns.items())
    return [name for name, column in columns if isinstance(column, FieldColumn) and column.field == field.id]


def _too_fine(field: Field) -> tuple[str, str] | None:
    match field.transform:
        case AgeBand(years=years) if years < NARROWEST_AGES:
            return "age bands this narrow single people out", f"bands of {NARROWEST_AGES} years or more"
        case Prefix(length=length) if length > LONGEST_PREFIX and field.kind is FieldKind.INDIRECT_IDENTIFIER:
            return "a prefix this long is nearly the value", f"{LONGEST_PREFIX} characters or fewer"
        case Month() if field.category == _BIRTH:
            return "the month of birth singles people out", "give it `{kind: age_band}` or `{kind: year}`"
        case Keep() if field.type is ValueType.DATE and field.column is not None:
            return "a day is kept where a month may do", "give it `{kind: month}` or `{kind: year}`"
        case _:
            return None


def _collected(pack: Pack, pages: Pages, opened: _Opened) -> Iterator[Finding]:
    """Minimisation (Art. 5(1)(c)): what a source brings must be permitted, and serve something."""
    used = {f for (action, _), fields in opened.items() if action is not Action.STORE for f in fields}
    for source in pack.catalogue.sources.values():
        line = pages.page("sources", source.id).line
        stored = {field for purpose in source.purposes for field in opened.get((Action.STORE, purpose), ())}
        for name in (column.field for column in source.columns.values() if isinstance(column, FieldColumn)):
            field = pack.catalogue.fields[name]
            if name not in stored:
                yield warning("collected_without_permission", "sources.yaml", f"{source.id}, {name}",
                              "it is collected and may be stored for no purpose of the source",
                              "declare the column ignored, or permit it", line=line)  # fmt: skip
            elif name not in used and field.kind not in _SEALED and name not in source.subject:
                yield warning("stored_without_use", "sources.yaml", f"{source.id}, {name}",
                              "it is stored, and no segment or release may use it",
                              "declare the column ignored, or permit a use (Art. 5(1)(c))", line=line)  # fmt: skip


def _recipients(pack: Pack, pages: Pages, at: dt.datetime) -> Iterator[Finding]:
    kinds = list(kinds_of(pack.catalogue))
    for recipient in pack.catalogue.recipients.values():
        line = pages.page("recipients", recipient.id).line
        if at >= contract_end(recipient):
            yield warning("contract_expired", "recipients.yaml", recipient.id, "its contract has ended",
                          "renew it in `expires`; where it holds nothing any more, remove it", line=line)  # fmt: skip
        elif contract_end(recipient) - at > LONGEST_CONTRACT:
            yield warning("contract_without_end", "recipients.yaml", recipient.id, "it ends in more than five years",
                          "an earlier day in `expires`: a contract is looked at again", line=line)  # fmt: skip
        if recipient.outside_eea and recipient.safeguard is None:
            yield warning("transfer_without_safeguard", "recipients.yaml", recipient.id,
                          "it is outside the EEA, and nothing says what lets data go there",
                          "say it in `safeguard` (Art. 45 to 49)", line=line)  # fmt: skip
        mine = [compiled(kind, pack) for kind in kinds if kind.recipient == recipient.id]
        for purpose in sorted(rules.kind.purpose for rules in mine if rules.whole):
            yield warning("contract_without_permission", "recipients.yaml", f"{recipient.id}, {purpose}",
                          "no rule lets this recipient have anything for the purpose",
                          "remove the purpose from the contract, or permit it", line=line)  # fmt: skip
        for field in sorted(recipient.fields):
            if all(rules.refused[field] for rules in mine):
                yield warning("contract_field_closed", "recipients.yaml", f"{recipient.id}, {field}",
                              "it is never opened for this recipient",
                              "remove it from the contract, or permit it", line=line)  # fmt: skip
